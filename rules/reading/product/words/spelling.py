"""Misspelt and shortened names: a word is read as the one drug name that it is clearly nearest to, or it is refused.

A word is compared with every known drug name, ours and others'. It is read as a name of ours only where every name of
another drug is further away by a whole margin, so that no misspelling within the bound crosses to another drug. The
bounds and the names of other drugs stand in ``name_words.yaml`` and ``other_names.csv``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import takewhile
from typing import NamedTuple

from rules.knowledge.lexicon.name_words import NameWords
from rules.limits import MAX_MEMOISED
from rules.numbers.memo import lazy, memoised
from rules.reading.product.product import UnknownReason
from rules.reading.product.words.edits import WithLetters, edits_between, letters_of, may_be_within
from rules.reading.product.words.languages import international
from rules.reading.product.words.mention import Meaning

MISSPELT = "name-read-as-misspelt"
SHORTENED = "name-read-as-shortened"
_VOWELS = str.maketrans("", "", "aeiou")


class Correction(NamedTuple):
    """The name of ours that a word is read as, what it means, and the code of the assumption."""

    name: str
    meanings: tuple[Meaning, ...]
    assumption: str


class UnclearWord(NamedTuple):
    """A word that may be a name of ours and is not read.

    ``agents`` are those of ours that it may mean; ``may_be`` the names that are printed: ours, or one of ours and one
    of another drug; or the class whose stem it has.
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


class Spelling:
    """Reads words that are no known names, by one list of names."""

    def __init__(
        self,
        ours: Mapping[str, tuple[Meaning, ...]],
        also_known: Iterable[str],
        words: NameWords,
        unlicensed: Collection[str],
        class_of: Mapping[str, str],
    ) -> None:
        """A reader of misspelt words.

        Args:
            ours: our names of one word, with what they mean.
            also_known: words that are spelt right and name no agent alone.
            words: the bounds, and the names of other drugs.
            unlicensed: the names among ours of agents that are in no list of medicines.
            class_of: the class of each agent.
        """
        self._words = words
        self._ours = ours
        self._class_of = class_of
        self._rare = {*words.substances, *words.plain, *unlicensed}
        self._no_names = frozenset(also_known).difference(ours)
        self._known = {*ours, *self._no_names, *words.others, *words.substances, *words.plain}
        self.read = memoised(self._read)
        # The names are gone through by length when a word is first compared: most words are known, or near nothing.
        self._of_length = cache(self._known_of_length)
        self._of_length_around = lru_cache(maxsize=MAX_MEMOISED)(self._known_of_length_around)

    def prepare(self) -> None:
        """Builds the tables of names now."""
        for length in {*self._by_length, *self._ours_by_length}:
            self._of_length(length)

    def knows(self, word: str) -> bool:
        """Whether a word is spelt right: it is a name, ours or of another drug, or a word that names no drug."""
        return word in self._known

    def first_word(self, word: str) -> Correction | UnclearWord | None:
        """What the first word of a name may be the beginning of, where it is shorter than others need to be."""
        if len(word) < self._words.refused_beginning_at_least:
            return None
        begun = sorted(self._names_begun(word), key=lambda name: not self._is_generic(name.text))
        meant = {name.agents for name in begun}
        if not any(meant):
            return None
        best = begun[0]
        if len(meant) == 1 and self._is_generic(best.text) and len(word) >= self._words.first_word_at_least:
            return Correction(best.text, self._ours[best.text], SHORTENED)
        return _unclear(word, begun)

    def in_another_language(self, word: str) -> Correction | UnclearWord | None:
        """The generic name that a word is in another language: "hidroxizina", "Fentanilo", "klonazepam".

        One that a letter makes another drug is refused.
        """
        name = self._generic_by_sound.get(international(word))
        if name is None:
            return None
        if self.is_near_another(word, (name,)):
            return _unclear(word, [self._name(name)])
        return Correction(name, self._ours[name], MISSPELT)

    def is_near_another(self, word: str, names: Collection[str]) -> bool:
        """Whether one letter makes a word the name of another drug than those of ``names``."""
        agents = _agents(meaning for name in names for meaning in self._ours.get(name, ()))
        return any(found.agents != agents for found, _ in self._near(word, self._of_length, 1))

    def without_vowels(self, word: str) -> Correction | UnclearWord | None:
        """What a word may be that leaves vowels out: "LRZPM", "HYDROCDN"; a brand is refused: words are like it."""
        if len(word) < self._words.refused_beginning_at_least:
            return None
        written = self._by_consonants.get(_consonants(word), ())
        names = [name for text in written if _leaves_out(word, text) and (name := self._name(text)).in_use]
        meant = {name.agents for name in names}
        if not any(meant):
            return None
        if len(meant) == 1 and self._is_generic(names[0].text):
            return Correction(names[0].text, self._ours[names[0].text], SHORTENED)
        return _unclear(word, names)

    def _read(self, word: str) -> Correction | UnclearWord | None:
        """What a word that is no whole name may mean; None where it is near no name of ours, or nearer to another's."""
        if word in self._known:
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
            if name.agents not in meant
            and (edits <= name.bound or edits <= fewest)
            # A word that names no drug is no rival of the name that begins so.
            and not (begun and name.text in self._words.plain)
        }
        if any(edits < fewest for edits in rivals.values()) and not begun:
            return None
        best = (nearest or begun)[0]
        # A word may be near one name and begin another: "VICTA". A substance in no list of medicines is a rival of
        # another class only: "CLONAZ" is clonazepam beside clonazolam, "DESMETHYL" a benzodiazepine or an opioid.
        classes = self._classes(best)
        rivals |= {
            name: 0
            for name in self._names_begun(word)
            if name.agents not in meant and (name.in_use or self._classes(name) != classes)
        }
        if len(meant) == 1 and not rivals and best.text[0] == word[0]:
            return Correction(best.text, self._ours[best.text], MISSPELT if nearest else SHORTENED)
        near |= dict.fromkeys(begun, 0) | rivals
        return _unclear(word, sorted(near, key=lambda name: (not name.agents, near[name], name.text)))

    def _classes(self, name: _KnownName) -> set[str]:
        return {self._class_of[agent] for agent in name.agents}

    def _near(
        self, word: str, of_length: Callable[[int], Sequence[WithLetters]], at_most: int
    ) -> Iterator[tuple[_KnownName, int]]:
        """The names within so many edits, each with its edits; ``of_length`` gives the names of a length."""
        letters = letters_of(word)
        for length in range(len(word) - at_most, len(word) + at_most + 1):
            for text, _ in may_be_within(at_most, letters, of_length(length)):
                edits = edits_between(word, text, at_most)
                if edits <= at_most:
                    yield self._name(text), edits

    def _begun(self, word: str) -> list[_KnownName]:
        """The names of medicines that begin with a word that is long enough to be the beginning of one."""
        if len(word) < self._words.beginning_at_least:
            return []
        return [name for name in self._names_begun(word) if name.in_use]

    def _names_begun(self, word: str) -> list[_KnownName]:
        """The names of medicines, and those of ours, that begin with a word."""
        following = (self._sorted[place] for place in range(bisect_left(self._sorted, word), len(self._sorted)))
        begun = takewhile(lambda text: text.startswith(word), following)
        names = map(self._name, (text for text in begun if text not in self._no_names))
        return [name for name in names if name.in_use or name.agents]

    def _is_generic(self, text: str) -> bool:
        """Whether a name is a generic one of ours."""
        return text in self._ours and all(is_generic for _, is_generic in self._ours[text])

    def _name(self, text: str) -> _KnownName:
        in_use = text not in self._rare
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
    def _ours_by_length(self) -> Mapping[int, Sequence[WithLetters]]:
        """Our names by their length, in order."""
        found: dict[int, list[WithLetters]] = {}
        for text in sorted(self._ours):
            found.setdefault(len(text), []).append((text, letters_of(text)))
        return found

    @lazy
    def _by_consonants(self) -> Mapping[str, Sequence[str]]:
        """The known names that are ours without their vowels, in order."""
        found: dict[str, list[str]] = {_consonants(name): [] for name in self._ours}
        for text in self._sorted:
            if (consonants := _consonants(text)) in found:
                found[consonants].append(text)
        return found

    @lazy
    def _generic_by_sound(self) -> Mapping[str, str]:
        """Our generic names by their international spelling."""
        shortest = self._words.first_word_at_least
        sounds = {international(name): name for name in self._ours if self._is_generic(name)}
        return {sound: name for sound, name in sounds.items() if len(sound) >= shortest}

    def _ours_of_length(self, length: int) -> Sequence[WithLetters]:
        return self._ours_by_length.get(length, ())

    def _known_of_length(self, length: int) -> Sequence[WithLetters]:
        return [(text, letters_of(text)) for text in self._by_length.get(length, ())]

    def _known_of_length_around(self, word: str, length: int) -> Sequence[WithLetters]:
        """The names of a length that may be within twice the most edits of a name."""
        reach = 2 * len(self._words.letters_for_edits)
        letters = letters_of(word)
        return may_be_within(reach, letters, self._of_length(length))


def _unclear(word: str, names: Sequence[_KnownName]) -> UnclearWord:
    return UnclearWord(frozenset(agent for name in names for agent in name.agents), word, _printed(names))


def _consonants(word: str) -> str:
    """A word without the vowels after its first letter."""
    return word[:1] + word[1:].translate(_VOWELS)


def _leaves_out(word: str, name: str) -> bool:
    """Whether a word has letters of a name in their order, and no others."""
    letters = iter(name)
    return all(letter in letters for letter in word)


def _printed(names: Sequence[_KnownName]) -> tuple[str, ...]:
    """The first of ours and the first of others; all of ours where there is no other, medicines before others."""
    named = [name for name in names if name.agents]
    ours = tuple(name.text for name in named if name.in_use) or tuple(name.text for name in named)
    others = tuple(name.text for name in names if not name.agents)
    return (*ours[:1], *others[:1]) if others else ours


def _agents(meanings: Iterable[Meaning]) -> frozenset[str]:
    return frozenset(agent for agent, _ in meanings)
