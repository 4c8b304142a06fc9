"""What our agents are combined with in one product, so that a cut name beside its partner is known: "HYDROCO/APAP"."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from rules.knowledge.lexicon.name_words import NameWords
from rules.knowledge.listed_product import ProductList
from rules.numbers.memo import lazy, memoised
from rules.reading.product.words.edits import edits_between
from rules.reading.product.words.mention import Meaning
from rules.reading.product.words.tokens import NameToken

# RxNorm's component: a volume or a time before it, its name, its strength.
_COMPONENT = re.compile(r"(?:\d[\d.]* (?:HR|ML|ACTUAT) )?(?P<name>[A-Za-z]\w+)[^\d]* \d")
_BETWEEN_COMPONENTS = " / "


class Combinations:
    """The ingredients of the combination products of the code list, by the first word of their names."""

    def __init__(
        self,
        products: ProductList,
        ours: Mapping[str, tuple[Meaning, ...]],
        words: NameWords,
        beside: frozenset[str],
    ) -> None:
        """The combinations of a code list.

        Args:
            products: the code list.
            ours: our names of one word, with what they mean.
            words: the short names of ingredients, and the letters that a beginning has.
            beside: the words that stand beside a drug's name and are no ingredient.
        """
        self._products = products
        self._ours = ours
        self._words = words
        self._beside = beside
        self._short = {short: name for name, shorts in words.abbreviations.partners.items() for short in shorts}
        self._agent_of_short = {
            short: agent for agent, shorts in words.abbreviations.beside_partner.items() for short in shorts
        }
        self._begun = memoised(self._begun_by)

    @property
    def partner_names(self) -> Iterable[str]:
        """The names and short names of the partners that are none of ours."""
        return (*self._short, *self._short.values())

    def prepare(self) -> None:
        """Reads the names of the whole code list now."""
        _ = self._sorted

    def partners_in(self, name: Sequence[NameToken]) -> frozenset[str]:
        """The ingredients of combination products that the words of a name may stand for."""
        words = {token.text for token in name if token.is_word}
        return frozenset(partner for word in words for partner in self._partners_of(word))

    def meant(self, word: str, partners: Callable[[], frozenset[str]]) -> tuple[str, ...]:
        """The names of ours that a cut word can mean beside the partners in its name; empty where there are none.

        Where another ingredient of these combinations begins so as well, its name is among them.
        """
        if len(word) < self._words.beside_partner_at_least and word not in self._agent_of_short:
            return ()
        begun = self._begun(word)
        if not any(name in self._ours for name in begun):
            return ()
        beside = partners()
        made = [name for name in begun if not beside.isdisjoint(self._partners[name])]
        return tuple(made) if any(name in self._ours for name in made) else ()

    def misspelt(self, word: str, partners: Callable[[], frozenset[str]]) -> tuple[str, ...]:
        """The names that an unknown word may be the misspelt beginning of, as :meth:`meant`: "OYXCOD-ACETAMIN"."""
        if len(word) < self._words.first_word_at_least:
            return ()
        beside = {made for partner in partners() for made in self._partners.get(partner, ())}
        made = sorted(name for name in beside if _begins_nearly(name, word))
        return tuple(made) if any(name in self._ours for name in made) else ()

    def _begun_by(self, word: str) -> tuple[str, ...]:
        """The ingredients that a word is the beginning or the short name of."""
        if word in self._beside or word in self._short:
            return ()
        if word in self._agent_of_short:
            return (self._agent_of_short[word],)
        found = []
        for place in range(bisect_left(self._sorted, word), len(self._sorted)):
            if not self._sorted[place].startswith(word):
                break
            found.append(self._sorted[place])
        return tuple(found)

    def _partners_of(self, word: str) -> Sequence[str]:
        """The ingredients that another word of a name may stand for."""
        if word in self._short:
            return (self._short[word],)
        if word in self._partners:
            return (word,)
        if word in self._ours:
            # A brand stands for what is in it.
            return [agent for agent, _ in self._ours[word] if agent in self._partners]
        return self._begun(word) if len(word) > self._words.beside_partner_at_least else ()

    @lazy
    def _partners(self) -> Mapping[str, frozenset[str]]:
        """Each ingredient with those that a product holds beside it."""
        found: dict[str, set[str]] = {}
        for name in self._products.names.values():
            if _BETWEEN_COMPONENTS not in name:
                continue
            matches = map(_COMPONENT.match, name.split(_BETWEEN_COMPONENTS))
            components = {match["name"].lower() for match in matches if match}
            for component in components:
                found.setdefault(component, set()).update(components - {component})
        return {name: frozenset(partners) for name, partners in found.items()}

    @lazy
    def _sorted(self) -> Sequence[str]:
        return sorted(self._partners)


def _begins_nearly(name: str, word: str) -> bool:
    """Whether a word is the beginning of a name with one letter wrong, added, left out or exchanged."""
    return name[:1] == word[:1] and any(edits_between(word, name[: len(word) + more], 1) <= 1 for more in (-1, 0, 1))
