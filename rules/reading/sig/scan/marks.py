"""A written dosage as a row of marks: every word and number with its meaning, and where it stands in the text.

The longest phrase of the lexicon wins. What the lexicon does not hold stays ``unknown``: nothing is guessed here, and
nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise, zip_longest

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.tokens import Token, tokens
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import exact

# Words that are found inside of others: "tidprnpain", "dailyinstrdo not crush".
CORES = re.compile("prn|instr")
TIMES_CORE = "x"
HOUR = "h"
# Kinds of words that are written into one: "pobid", "bidx"; a word for a period opens none: "mo" and "od" are no mood.
GLUED = frozenset({WordKind.RATE, WordKind.MOMENT, WordKind.ROUTE, WordKind.AS_NEEDED, WordKind.MOMENT_WORD})
BESIDE_TIMES = GLUED | {WordKind.PERIOD, WordKind.HOURLY}


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A word or phrase of a text from ``start`` to ``end`` with its kind, and the id or number that it stands for."""

    kind: WordKind
    text: str
    start: int
    end: int
    code: str = ""
    value: Fraction | None = None
    shape: str = ""


def read_lexemes(text: str, words: SigWords, names: Mapping[str, tuple[str, ...]]) -> list[Lexeme]:
    """The marks of a text; ``names`` are the names of medicines. Never raises."""
    spelled = [_respelled(token, words) for token in tokens(text)]
    pieces: list[Token] = []
    for token, following in zip_longest(spelled, spelled[1:]):
        pieces.extend(_in_hours(token) if _counts_hours(token, following, words) else _pieces(token, words))
    found: list[Lexeme] = []
    position = 0
    while position < len(pieces):
        mark, used = _mark(pieces, position, words, names)
        if mark.kind is WordKind.ADDED and not _is_counted(found):
            # "... and half a tablet" that no number stands before is a dose of its own.
            joint = pieces[position]
            found.append(Lexeme(WordKind.AND, joint.text, joint.start, joint.end))
            mark = replace(mark, kind=WordKind.NUMBER, start=joint.end, text=mark.text.removeprefix(joint.text).strip())
        found.append(mark)
        position += used
    return found


def _is_counted(found: list[Lexeme]) -> bool:
    """Whether a number came last, or a number with its unit: "one and a half", "one tablet and a half"."""
    last = [mark.kind for mark in found[-len((WordKind.NUMBER, WordKind.UNIT)) :]]
    return last[-1:] == [WordKind.NUMBER] or last == [WordKind.NUMBER, WordKind.UNIT]


def _respelled(token: Token, words: SigWords) -> Token:
    return replace(token, text=words.misspelt[token.text]) if token.text in words.misspelt else token


def _counts_hours(token: Token, following: Token | None, words: SigWords) -> bool:
    """Whether "8/24 h" stands here: so many in so many hours. "1/2 h" is half an hour."""
    if token.shape != "pair" or token.text in words.fractions or following is None:
        return False
    word = words.single(following.text)
    return word is not None and (word.kind is WordKind.HOURLY or (word.kind is WordKind.PERIOD and word.code == HOUR))


def _in_hours(token: Token) -> Iterator[Token]:
    """The parts of a pair."""
    above, sign, below = token.text.partition("/")
    start = token.start
    for part in (above, sign, below):
        yield from (replace(each, start=start, end=start + len(part)) for each in tokens(part))
        start += len(part)


def _pieces(token: Token, words: SigWords) -> Iterator[Token]:
    """A token, cut where known words were written into one."""
    text = token.text
    if token.sign or token.shape or token.value is not None or text in words.phrases or CORES.fullmatch(text):
        yield token
        return
    cuts = [place for core in CORES.finditer(text) for place in core.span()]
    if cuts:
        for begin, end in pairwise((0, *cuts, len(text))):
            if begin < end:
                yield from _pieces(_part(token, begin, end), words)
        return
    if text.startswith(TIMES_CORE) and _is_glued(text.removeprefix(TIMES_CORE), words, BESIDE_TIMES):
        yield _part(token, 0, len(TIMES_CORE))
        yield _part(token, len(TIMES_CORE), len(text))
        return
    if text.endswith(TIMES_CORE) and _is_glued(text.removesuffix(TIMES_CORE), words, BESIDE_TIMES):
        yield _part(token, 0, len(text) - len(TIMES_CORE))
        yield _part(token, len(text) - len(TIMES_CORE), len(text))
        return
    longest = words.longest_word
    for cut in range(min(longest, len(text) - 1), max(len(text) - longest - 1, 1), -1):
        if _is_glued(text[:cut], words) and _is_glued(text[cut:], words):
            yield _part(token, 0, cut)
            yield _part(token, cut, len(text))
            return
    yield token


def _is_glued(text: str, words: SigWords, kinds: frozenset[WordKind] = GLUED) -> bool:
    word = words.single(text) if text[1:] else None
    return word is not None and word.kind in kinds


def _part(token: Token, begin: int, end: int) -> Token:
    return Token(token.text[begin:end], token.start + begin, token.start + end)


def _mark(
    pieces: list[Token], position: int, words: SigWords, names: Mapping[str, tuple[str, ...]]
) -> tuple[Lexeme, int]:
    """The mark that begins at a place, and how many tokens it takes."""
    first = pieces[position]
    for phrase in words.phrases.get(first.text, ()):
        length = len(phrase.tokens)
        if length == 1 or _matches(pieces, position, phrase.tokens):
            last = pieces[position + length - 1]
            word = phrase.word
            text = " ".join(phrase.tokens)
            return Lexeme(word.kind, text, first.start, last.end, word.code, word.value), length
    if first.value is not None:
        return Lexeme(WordKind.NUMBER, first.text, first.start, first.end, value=first.value), 1
    if first.shape:
        return _shaped(first, words), 1
    if first.sign:
        return Lexeme(WordKind.SIGN, first.text, first.start, first.end), 1
    for following in pieces[position + 1 : position + 1 + 1]:
        pair = f"{first.text} {following.text}"
        if pair in names:
            return Lexeme(WordKind.NAME, first.text, first.start, following.end, " ".join(names[pair])), len(
                (first, following)
            )
    kind = WordKind.NAME if first.text in names else WordKind.UNKNOWN
    return Lexeme(kind, first.text, first.start, first.end, " ".join(names.get(first.text, ()))), 1


def _matches(pieces: list[Token], position: int, phrase: tuple[str, ...]) -> bool:
    """Whether a phrase of two tokens or more, of which the first is there, stands at the place."""
    # Most phrases of a first word end at the second: "take by mouth" where "take one" is written.
    if position + len(phrase) > len(pieces) or pieces[position + 1].text != phrase[1]:
        return False
    return [piece.text for piece in pieces[position : position + len(phrase)]] == list(phrase)


def _shaped(token: Token, words: SigWords) -> Lexeme:
    """A pair, a clock time, a date, a row of doses or a number with a comma."""
    unknown = Lexeme(WordKind.UNKNOWN, token.text, token.start, token.end)
    if token.shape == "pattern":
        return replace(unknown, kind=WordKind.PATTERN)
    if token.shape == "date":
        return replace(unknown, kind=WordKind.DATE)
    if token.shape == "clock":
        return replace(unknown, kind=WordKind.CLOCK)
    if token.shape == "pair":
        above, _, below = token.text.partition("/")
        if token.text in words.fractions:
            return replace(unknown, kind=WordKind.NUMBER, value=exact(above) / exact(below), shape=token.shape)
        if below in words.lengths and exact(above) > 0:
            return replace(unknown, kind=WordKind.LENGTH, value=exact(above), code=words.lengths[below])
        return unknown
    whole, _, decimals = token.text.partition(",")
    if decimals in words.comma_decimals or not whole.strip("0"):
        try:
            return replace(unknown, kind=WordKind.NUMBER, value=exact(f"{whole}.{decimals}"))
        except ValueError:
            return unknown
    return unknown
