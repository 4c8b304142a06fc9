"""The words of an entry of a problem list: what they name, deny and doubt, and what they say is in remission."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from unicodedata import category

from rules.knowledge.concept import PART_SEPARATOR, Concept, ConditionWording

CLAUSE_END = ";"
_POINTS = re.compile(r"(?<=\b[a-z])\.(?=[a-z]\b)")
# The category of characters that are not seen.
_FORMAT = "Cf"


@cache
def phrases(texts: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of any of the phrases between word boundaries. Their words may be joined by spaces or hyphens."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(_spelt, texts))})(?!\w)")


def _spelt(phrase: str) -> str:
    return "[- ]".join(map(re.escape, re.split("[- ]", phrase)))


def clauses_of(text: str) -> str:
    """A text in lower case with single spaces, its clauses parted by semicolons, without characters that are not seen
    and the points of an abbreviation."""
    clauses = re.split(r"[;.,:()\[\]\n]|\bbut\b", _POINTS.sub("", _seen(text.lower())))
    return CLAUSE_END.join(" ".join(clause.split()) for clause in clauses)


def names(text: str, concept: Concept, wording: ConditionWording) -> bool:
    """Whether a text (as :func:`clauses_of` gives it) has a name of the concept, all its parts in clauses that do not
    deny them."""
    parts = parts_of(concept.names)
    if not parts or phrases(parts).search(text) is None:
        return False
    words = phrases(concept.except_names).sub(CLAUSE_END, text) if concept.except_names else text
    return any(all(_is_named(part, words, wording) for part in name.split(PART_SEPARATOR)) for name in concept.names)


@cache
def parts_of(names_of_concept: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a concept, those of several parts part by part."""
    return tuple(part for name in names_of_concept for part in name.split(PART_SEPARATOR))


def denies(texts: Iterable[str], concept: Concept, wording: ConditionWording) -> bool:
    """Whether the texts name the concept only where they deny it, or tell it of another person."""
    parts = parts_of(concept.names)
    naming = [text for text in texts if parts and phrases(parts).search(text)]
    return bool(naming) and not any(names(text, concept, wording) for text in naming)


def _is_named(name: str, text: str, wording: ConditionWording) -> bool:
    """Whether a text has a name in a clause that does not deny it."""
    for clause in text.split(CLAUSE_END):
        for match in phrases((name,)).finditer(clause):
            before, after = clause[: match.start()], clause[match.end() :]
            if phrases(wording.denials_before).search(before) or phrases(wording.denials_after).search(after):
                continue
            return True
    return False


def remitted(text: str, all_names: tuple[str, ...], wording: ConditionWording) -> Iterator[str]:
    """The names that a text says are in remission, as they stand in it; an empty one where it does not say which.

    It is the nearest name before the words in their clause, else the first after them; where nothing else stands before
    them, as in "depression, severe, in remission", the last of the clauses before.
    """
    earlier = ""
    for clause in text.split(CLAUSE_END):
        named = [(match.start(), match.group()) for match in phrases(all_names).finditer(clause)]
        denials = [match.end() for match in phrases(wording.remission_denials).finditer(clause)]
        end = 0
        for match in phrases(wording.remission).finditer(clause):
            start, since, end = match.start(), end, match.end()
            if _any_between(denials, since, start):
                continue
            before, after = bisect_left(named, (start,)), bisect_left(named, (end,))
            if before and named[before - 1][0] >= since:
                yield named[before - 1][1]
            elif after < len(named):
                yield named[after][1]
            else:
                yield earlier if not since and set(clause[:start].split()) <= set(wording.beside) else ""
        earlier = named[-1][1] if named else earlier


def _any_between(places: list[int], first: int, last: int) -> bool:
    """Whether one of the places, in order, lies within a range."""
    return bisect_left(places, last) > bisect_left(places, first)


def spaced(text: str) -> str:
    """A text in lower case, its words and question marks parted by spaces, without characters that are not seen."""
    seen = _seen(text.lower())
    for sign, words in (("\u2019", "'"), ("n't", " not "), ("?", " ? "), ("_", " ")):
        seen = seen.replace(sign, words)
    return " ".join(seen.split())


def _seen(text: str) -> str:
    return text if text.isascii() else "".join(each for each in text if category(each) != _FORMAT)


def is_beyond_doubt(texts: Iterable[str], concepts: Iterable[Concept], wording: ConditionWording) -> bool:
    """Whether no word negates, doubts or tells of another person, also where it is glued to a name of the concepts."""
    doubts = (*wording.doubts, *wording.uncertain, *wording.others)
    named = (word for concept in concepts for name in concept.names for word in name.split())
    patterns = (
        phrases(doubts),
        _glued(doubts, tuple(dict.fromkeys(word for word in named if word not in wording.beside))),
    )
    return not any(pattern.search(spaced(text)) for text in texts for pattern in patterns)


@cache
def _glued(doubts: tuple[str, ...], words: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of a doubt before or after one of the words, without a space between them."""
    doubt, word = ("|".join(map(re.escape, each)) for each in (doubts, words))
    return re.compile(rf"(?<!\w)(?:{doubt})(?:{word})|(?:{word})(?:{doubt})(?!\w)")


def is_uncertain(texts: Iterable[str], wording: ConditionWording) -> bool:
    """Whether a word doubts what the texts say, or tells of another person."""
    return any(phrases((*wording.uncertain, *wording.others)).search(spaced(text)) for text in texts)


def is_explained(texts: Iterable[str], wording: ConditionWording) -> bool:
    """Whether the texts say what a condition comes from, and not that it is withdrawal."""
    causes, of_withdrawal = phrases(wording.causes), phrases(wording.of_withdrawal)
    spelt = [spaced(text) for text in texts]
    says_cause = any(causes.search(text) for text in spelt)
    return says_cause and not any(of_withdrawal.search(causes.sub(CLAUSE_END, text)) for text in spelt)


def is_doubtful(text: str, wording: ConditionWording) -> bool:
    """Whether a word doubts what a text says. Others are spoken of in an order only as those who give the medicine."""
    return bool(phrases(wording.uncertain).search(spaced(text)))


def is_exact(texts: Iterable[str], concept: Concept, wording: ConditionWording) -> bool:
    """Whether a text is a name of the concept and nothing else."""
    allowed = {*concept.names, *wording.beside}
    for text in texts:
        clauses = {clause.strip(" -!*") for clause in clauses_of(text).split(CLAUSE_END)} - {""}
        if clauses & set(concept.names) and clauses <= allowed:
            return True
    return False
