"""Misspelt and shortened names: a word is read as the one drug name that it is clearly nearest to, or it is refused.

A word is compared with every known drug name, ours and others'. It is read as a name of ours only where every name of
another drug is further away by a whole margin, so that no misspelling within the bound crosses to another drug. The
bounds and the names of other drugs stand in ``name_words.yaml`` and ``other_names.csv``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import takewhile
from string import ascii_lowercase
from typing import NamedTuple

from rules.knowledge.lexicon.name_words import NameWords
from rules.limits import MAX_MEMOISED
from rules.numbers.memo import lazy, memoised
from rules.reading.product.mention import Meaning, Mention, is_absent
from rules.reading.product.product import UnknownReason
from rules.reading.product.tokens import NameToken

MISSPELT = "name-read-as-misspelt"
SHORTENED = "name-read-as-shortened"
# A bit for a letter, and one for the same letter once more.
_BITS = {letter: 1 << place for place, letter in enumerate(ascii_lowercase)}
_TWICE = {letter: bit << len(ascii_lowercase) for letter, bit in _BITS.items()}
# Figures that a scanner takes for letters.
_MISREAD = str.maketrans({"0": "o", "1": "l"})


class Correction(NamedTuple):
    """The name of ours that a word is read as, what it means, and the code of the assumption."""

    name: str
    meanings: tuple[Meaning, ...]
    assumption: str


class UnclearWord(NamedTuple):
    """A word that is near a name of ours and is not read.

    ``agents`` are those of ours that it may mean; ``may_be`` the names that are printed: ours, or one of ours and one
    of another drug.
    """

    agents: frozenset[str]
    word: str
    may_be: tuple[str, ...]
    reason: UnknownReason = UnknownReason.UNCLEAR_WORD


class _KnownName(NamedTuple):
    """A known name: how many edits of it may be meant as it, and its agents; none for a drug that is not ours.

    ``in_use``: it is in a list of medicines.
    """

    text: str
    bound: int
    agents: frozenset[str]
    in_use: bool


# A word with its letters as bits (see :func:`_letters`).
_WithLetters = tuple[str, int]


class Spelling:
    """Reads words that are no known names, by one list of names."""

    def __init__(self, ours: Mapping[str, tuple[Meaning, ...]], also_known: Iterable[str], words: NameWords) -> None:
        """A reader of misspelt words.

        Args:
            ours: our names of one word, with what they mean.
            also_known: words that are spelt right and name no agent alone.
            words: the bounds, and the names of other drugs.
        """
        self._words = words
        self._ours = ours
        self._known = {*ours, *also_known, *words.others, *words.substances, *words.plain}
        self.read = memoised(self._read)
        # The names are gone through by length when a word is first compared: most words are known, or near nothing.
        self._of_length = cache(self._known_of_length)
        self._of_length_around = lru_cache(maxsize=MAX_MEMOISED)(self._known_of_length_around)

    def prepare(self) -> None:
        """Builds the tables of names now."""
        for length in {*self._by_length, *self._ours_by_length}:
            self._of_length(length)

    def mentions(self, tokens: Sequence[NameToken], exact: Sequence[Mention]) -> list[Mention | UnclearWord]:
        """What the words of a name mean that are in no whole name; as many are compared as the bounds allow."""
        taken = {position for mention in exact for position in range(mention.start, mention.end)}
        found: list[Mention | UnclearWord] = []
        compared = 0
        for position, token in enumerate(tokens):
            if not token.is_word or position in taken or token.text in self._known or is_absent(tokens, position + 1):
                continue
            compared += 1
            if compared > self._words.compared_at_most:
                break
            meant = self.read(token.text)
            if isinstance(meant, Correction):
                agents = tuple(sorted(_agents(meant.meanings)))
                generic = all(is_generic for _, is_generic in meant.meanings)
                found.append(Mention(position, position + 1, agents, generic, (meant.name,), meant.assumption))
            elif meant is not None:
                found.append(meant)
        return found

    def _read(self, word: str) -> Correction | UnclearWord | None:
        """What a word that is no whole name may mean; None where it is near no name of ours, or nearer to another's."""
        written = word.translate(_MISREAD)
        if written in self._ours:
            return Correction(written, self._ours[written], MISSPELT)
        if word in self._known or written in self._known:
            return None
        most = len(self._words.letters_for_edits)
        within = self._near(word, self._ours_of_length, most)
        near = {name: edits for name, edits in within if edits <= name.bound}
        begun = self._begun(word)
        if not near and not any(name.agents for name in begun):
            return None
        fewest = min(near.values(), default=0)
        nearest = [name for name, edits in near.items() if edits == fewest]
        meant = {name.agents for name in (*nearest, *begun)}
        # Two words within the bound of a third are within twice the bound of each other.
        around = partial(self._of_length_around, nearest[0].text) if nearest else self._of_length
        rivals = {
            name: edits
            for name, edits in self._near(word, around, most)
            if name.agents not in meant and (edits <= name.bound or edits <= fewest)
        }
        if any(edits < fewest for edits in rivals.values()) and not begun:
            return None
        best = (nearest or begun)[0]
        if len(meant) == 1 and not rivals and best.text[0] == word[0]:
            return Correction(best.text, self._ours[best.text], MISSPELT if nearest else SHORTENED)
        near |= dict.fromkeys(begun, 0) | rivals
        close = sorted(near, key=lambda name: (not name.agents, near[name], name.text))
        ours = frozenset(agent for name in close for agent in name.agents)
        return UnclearWord(ours, word, _printed(close))

    def _near(
        self, word: str, of_length: Callable[[int], Sequence[_WithLetters]], at_most: int
    ) -> Iterator[tuple[_KnownName, int]]:
        """The names within so many edits, each with its edits; ``of_length`` gives the names of a length."""
        letters = _letters(word)
        for length in range(len(word) - at_most, len(word) + at_most + 1):
            for text, its_letters in of_length(length):
                if _may_be_within(at_most, letters, its_letters):
                    edits = edits_between(word, text, at_most)
                    if edits <= at_most:
                        yield self._name(text), edits

    def _begun(self, word: str) -> list[_KnownName]:
        """The names of medicines that begin with a word that is long enough to be the beginning of one."""
        if len(word) < self._words.beginning_at_least:
            return []
        following = (self._sorted[place] for place in range(bisect_left(self._sorted, word), len(self._sorted)))
        begun = takewhile(lambda text: text.startswith(word), following)
        return [name for name in map(self._name, begun) if name.in_use]

    def _name(self, text: str) -> _KnownName:
        in_use = text not in self._words.substances and text not in self._words.plain
        bound = sum(len(text) >= length for length in self._words.letters_for_edits)
        return _KnownName(text, bound if in_use else min(bound, 1), _agents(self._ours.get(text, ())), in_use)

    @lazy
    def _sorted(self) -> Sequence[str]:
        """Every known name, in order."""
        return sorted(self._known)

    @lazy
    def _by_length(self) -> Mapping[int, Sequence[str]]:
        """Every known name by its length, in order."""
        found: dict[int, list[str]] = {}
        for text in self._sorted:
            found.setdefault(len(text), []).append(text)
        return found

    @lazy
    def _ours_by_length(self) -> Mapping[int, Sequence[_WithLetters]]:
        """Our names by their length, in order."""
        found: dict[int, list[_WithLetters]] = {}
        for text in sorted(self._ours):
            found.setdefault(len(text), []).append((text, _letters(text)))
        return found

    def _ours_of_length(self, length: int) -> Sequence[_WithLetters]:
        return self._ours_by_length.get(length, ())

    def _known_of_length(self, length: int) -> Sequence[_WithLetters]:
        return [(text, _letters(text)) for text in self._by_length.get(length, ())]

    def _known_of_length_around(self, word: str, length: int) -> Sequence[_WithLetters]:
        """The names of a length that may be within twice the most edits of a name."""
        reach = 2 * len(self._words.letters_for_edits)
        letters = _letters(word)
        return [name for name in self._of_length(length) if _may_be_within(reach, letters, name[1])]


def _printed(names: Sequence[_KnownName]) -> tuple[str, ...]:
    """The first of ours and the first of others; all of ours where there is no other."""
    ours = tuple(name.text for name in names if name.agents)
    others = tuple(name.text for name in names if not name.agents)
    return (*ours[:1], *others[:1]) if others else ours


def edits_between(one: str, other: str, at_most: int) -> int:
    """The optimal string alignment distance of two words: letters added, left out, replaced, or exchanged with their
    neighbour, no letter twice. One more than ``at_most`` stands for every larger distance.
    """
    over = at_most + 1
    size = len(other)
    before = last = [min(column, over) for column in range(size + 1)]
    for row, letter in enumerate(one):
        line = [over] * (size + 1)
        line[0] = min(row + 1, over)
        fewest = line[0]
        # Further from the diagonal than the bound there is nothing within it.
        for column in range(max(row - at_most, 0), min(row + at_most + 1, size)):
            edits = last[column]
            if letter != other[column]:
                edits = min(edits, line[column], last[column + 1]) + 1
                if row and column and letter == other[column - 1] and one[row - 1] == other[column]:
                    edits = min(edits, before[column - 1] + 1)
            line[column + 1] = min(edits, over)
            fewest = min(fewest, edits)
        if fewest > at_most and min(last) > at_most:
            return over
        before, last = last, line
    return last[-1]


def _may_be_within(edits: int, one: int, other: int) -> bool:
    """Whether two words may be so near: an edit takes at most one letter away and adds at most one."""
    return (one & ~other).bit_count() <= edits and (other & ~one).bit_count() <= edits


def _letters(word: str) -> int:
    """The letters of a word as bits; other characters have none."""
    bits = 0
    for letter in word:
        bit = _BITS.get(letter, 0)
        bits |= _TWICE[letter] if bits & bit else bit
    return bits


def _agents(meanings: Iterable[Meaning]) -> frozenset[str]:
    return frozenset(agent for agent, _ in meanings)
