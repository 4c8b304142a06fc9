"""The words of a name that stand in no list, as cut and misspelt ones: read as one drug of ours, or refused.

A word that may be ours is never passed over: where it is not read, it is an :class:`UnclearWord`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from rules.knowledge.agent import AgentClass
from rules.knowledge.lexicon.name_words import NameWords
from rules.numbers.memo import memoised
from rules.reading.product.product import UnknownReason
from rules.reading.product.words.combinations import Combinations
from rules.reading.product.words.mention import Meaning, Mention, NameTable, is_absent
from rules.reading.product.words.spelling import MISSPELT, SHORTENED, Correction, Spelling, UnclearWord
from rules.reading.product.words.tokens import NameToken, words_of


class UnlistedWords:
    """Reads the words of names that are no names of ours as they stand."""

    def __init__(
        self,
        ours: Mapping[str, tuple[Meaning, ...]],
        spelling: Spelling,
        combinations: Combinations,
        words: NameWords,
        classes: Mapping[str, AgentClass],
        beside: frozenset[str],
    ) -> None:
        """A reader of unlisted words.

        Args:
            ours: our names of one word, with what they mean.
            spelling: reads misspelt words.
            combinations: reads cut words beside a partner.
            words: the bounds, stems and short names.
            classes: the classes of agents, by id.
            beside: the words that stand beside a drug's name.
        """
        self._ours = ours
        self._spelling = spelling
        self._combinations = combinations
        self._words = words
        self._beside = beside
        self._partners = frozenset(combinations.partner_names)
        self._unclear = NameTable(
            (written, Meaning(meaning, generic=True))
            for written, meanings in words.abbreviations.unclear.items()
            for meaning in meanings
        )
        self._stems = {stem: classes[class_id].plural for class_id, stems in words.stems.items() for stem in stems}
        generic = [name for name, meanings in ours.items() if all(is_generic for _, is_generic in meanings)]
        self._within = {name for name in generic if len(name) >= words.name_within_at_least}
        self._lengths = sorted({len(name) for name in self._within}, reverse=True)
        self._alone = memoised(self._read_alone)

    def mentions(self, tokens: Sequence[NameToken], exact: Sequence[Mention]) -> Iterator[Mention | UnclearWord]:
        """What the words of a name mean that are in no whole name; as many are compared as the bounds allow."""
        taken = {position for mention in exact for position in range(mention.start, mention.end)}
        partners = partial(self._combinations.partners_in, tokens)
        first: int | None = None
        texts: set[str] = set()
        compared = 0
        for position, token in enumerate(tokens):
            if not token.is_word or not token.text.isascii() or position in taken or is_absent(tokens, position + 1):
                continue
            beside_partner = self._combinations.meant(token.text, partners)
            if beside_partner:
                yield _as_mention(self._cut(token.text, beside_partner), position)
                continue
            short = self._unclear.longest(tokens, position)
            if short is not None:
                may_be = tuple(meaning for meaning, _ in short.meanings)
                texts = texts or {each.text for each in tokens if each.is_word}
                if not any(texts.intersection(words_of(meaning)) - set(short.words) for meaning in may_be):
                    agents = frozenset(meaning for meaning in may_be if meaning in self._ours)
                    yield UnclearWord(agents, " ".join(short.words), may_be)
                continue
            if self._spelling.knows(token.text):
                continue
            compared += 1
            first = self._first(tokens) if compared == 1 else first
            if compared > self._words.compared_at_most:
                yield UnclearWord(frozenset(), token.text, (), UnknownReason.TOO_MANY_WORDS)
                return
            meant = self._alone(token.text, position == first)
            if meant is None and (misspelt := self._combinations.misspelt(token.text, partners)):
                meant = self._cut(token.text, misspelt)
            if meant is not None:
                yield _as_mention(meant, position)

    def _first(self, tokens: Sequence[NameToken]) -> int | None:
        """Where the word stands that may be the beginning of a name of ours: the first, but beside another drug's name.

        "DEPO MEDROL" is written out; beside the partner of a combination a word may be cut all the same.
        """
        words = [
            (at, token.text) for at, token in enumerate(tokens) if token.is_word and token.text not in self._beside
        ]
        written_out = any(word in self._words.others and word not in self._partners for _, word in words)
        return words[0][0] if words and not written_out else None

    def _cut(self, word: str, names: Iterable[str]) -> Correction | UnclearWord:
        """A cut word beside its partner: one drug of ours, or refused."""
        meanings = {name: self._ours.get(name, ()) for name in names}
        if len(set(meanings.values())) == 1:
            name = min(meanings)
            return Correction(name, meanings[name], SHORTENED)
        agents = frozenset(agent for meant in meanings.values() for agent, _ in meant)
        return UnclearWord(agents, word, tuple(sorted(meanings, key=lambda name: (not meanings[name], name))))

    def _read_alone(self, word: str, is_first: bool) -> Correction | UnclearWord | None:
        """What a word that is no known one may mean; None where it is near no name of ours, or nearer to another's."""
        return (
            self._spelling.in_another_language(word)
            or self._spelling.read(word)
            or self._plural(word)
            or (self._spelling.first_word(word) if is_first else None)
            or self._spelling.without_vowels(word)
            or self._with_stem(word)
            or self._with_name_within(word)
        )

    def _plural(self, word: str) -> Correction | None:
        """Several of a name of ours: "Norcos"."""
        name = word.removesuffix("s")
        if name not in self._ours or len(name) < self._words.written_together_at_least:
            return None
        return Correction(name, self._ours[name], MISSPELT)

    def _with_stem(self, word: str) -> UnclearWord | None:
        """A word that ends like the names of a class."""
        for stem, class_name in self._stems.items():
            if word.endswith(stem):
                return UnclearWord(frozenset(), word, (class_name,), UnknownReason.STEM)
        return None

    def _with_name_within(self, word: str) -> UnclearWord | None:
        """A word that holds a whole generic name of ours."""
        for start in range(len(word)):
            for length in self._lengths:
                name = word[start : start + length]
                if name in self._within:
                    return UnclearWord(frozenset(agent for agent, _ in self._ours[name]), word, (name,))
        return None


def _as_mention(meant: Correction | UnclearWord, position: int) -> Mention | UnclearWord:
    if isinstance(meant, UnclearWord):
        return meant
    agents = tuple(sorted({agent for agent, _ in meant.meanings}))
    generic = all(is_generic for _, is_generic in meant.meanings)
    return Mention(position, position + 1, agents, generic, (meant.name,), meant.assumption)
