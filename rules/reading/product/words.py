"""Which words of a medication's name may be the name of a drug."""

from __future__ import annotations

from collections.abc import Sequence

from rules.knowledge.lexicon.name_words import NameWords
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.reading.product.tokens import NameToken

# What stands between the ingredients of a name.
SEPARATORS = frozenset({"/", "-", "&", "+", ",", ";", "|", "(", ")", "and", "with", "w"})


class BesideWords:
    """The words that may stand in a name without being an ingredient: salts, dose forms, routes, units and remarks."""

    def __init__(self, words: NameWords, vocabulary: DosingVocabulary) -> None:
        listed = words.beside_drug
        forms = {word for name in vocabulary.dose_forms for word in name.replace(" ", "-").split("-")}
        routes = {word for name in vocabulary.route_words for word in name.split()}
        self.words = frozenset().union(
            listed.salts, listed.extended_release, listed.remarks, forms, routes, vocabulary.units
        )
        self._salts = listed.salts
        self._empty = words.empty

    def may_name_a_drug(self, tokens: Sequence[NameToken]) -> bool:
        """Whether a name could name a drug: it has a word of three letters or more that is none of these words.

        Two parts of salts are a salt ("potassium chloride"), one alone is not.
        """
        return len({token.text for token in tokens if token.text in self._salts}) > 1 or any(
            token.is_word and len(token.text) > 2 and token.text not in self.words and token.text not in self._empty
            for token in tokens
        )
