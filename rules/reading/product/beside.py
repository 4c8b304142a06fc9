"""The words that stand in a medication's name beside the drug, and whether a name names any drug at all."""

from __future__ import annotations

from collections.abc import Sequence

from rules.knowledge.lexicon.name_words import NameWords
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.reading.product.strength import Measure, MeasureKind
from rules.reading.product.words.mention import Meaning, NameTable
from rules.reading.product.words.tokens import NameToken, words_of

# The micro sign before a unit is the one letter of another script that stands in names in Latin letters.
_MICRO = "\u03bc"
_LONGEST_MICRO_UNIT = len("\u03bcmol")


class BesideWords:
    """The words that may stand in a name without being an ingredient: salts, dose forms, routes, units and remarks."""

    def __init__(self, words: NameWords, vocabulary: DosingVocabulary) -> None:
        listed = words.beside_drug
        vocabularies = (vocabulary.dose_forms, vocabulary.route_words, vocabulary.units)
        self.words = frozenset().union(
            listed.salts,
            listed.extended_release,
            listed.remarks,
            (word for names in vocabularies for name in names for word in words_of(name) if word.isalpha()),
        )
        self._salts = listed.salts
        self._empty = words.empty
        others = words.fluids_and_supplies
        self._medicines = _table(*others.fluids, *others.short_names)
        self._containers = _table(*others.containers)

    def may_name_a_drug(self, tokens: Sequence[NameToken]) -> bool:
        """Whether a name could name a drug: it has a word of three letters or more that is none of these words.

        Two parts of salts are a salt ("potassium chloride"), one alone is not. A name with a word in letters that are
        not read names nothing that could be told.
        """
        return not any(map(is_unread, tokens)) and (
            len({token.text for token in tokens if token.text in self._salts}) > 1
            or any(
                token.is_word and len(token.text) > 2 and token.text not in self.words and token.text not in self._empty
                for token in tokens
            )
        )

    def names_fluid(self, tokens: Sequence[NameToken], measures: Sequence[Measure]) -> bool:
        """Whether a name is of a base fluid, or of a medicine by a short name: "D5 1/2NS", "NS 1000 mL bag", "B12".

        Beside a mass the name of a drug may have been lost ("10 mg in NS"), and so beside a word that stands for one.
        """
        if any(measure.kind is MeasureKind.MASS for measure in measures):
            return False
        rest = _without(tokens, self._medicines)
        return len(rest) < len(tokens) and not any(
            token.is_word and (token.text in self._empty or is_unread(token)) for token in rest
        )

    def names_container(self, tokens: Sequence[NameToken], measures: Sequence[Measure]) -> bool:
        """Whether a name is of a container or supply, of its volume and of nothing else: "Bag", "Vial 2 mL", "Soln"."""
        if any(measure.kind is MeasureKind.MASS for measure in measures):
            return False
        units = {id(tokens[position]) for measure in measures for position in range(measure.start, measure.end)}
        rest = _without(tokens, self._containers)
        return len(rest) < len(tokens) and not any(token.is_word and id(token) not in units for token in rest)


def is_unread(token: NameToken) -> bool:
    """Whether a word has letters of a script that is not read; a single Greek letter and the micro sign are read."""
    text = token.text
    if not token.is_word or text.isascii():
        return False
    is_micro_unit = text[0] == _MICRO and text[1:].isascii() and len(text) <= _LONGEST_MICRO_UNIT
    return len(text) > 1 and not is_micro_unit


def _table(*names: str) -> NameTable:
    return NameTable((name, Meaning(name, generic=True)) for name in names)


def _without(tokens: Sequence[NameToken], table: NameTable) -> list[NameToken]:
    """The tokens that stand in no name of a table."""
    rest = []
    position = 0
    while position < len(tokens):
        match = table.longest(tokens, position)
        if match is None:
            rest.append(tokens[position])
        position = position + 1 if match is None else match.end
    return rest
