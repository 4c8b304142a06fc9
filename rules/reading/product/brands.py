"""What the code list's products tell of brands and of the strengths that an agent is made in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rules.knowledge.listed_product import ProductList, Strength
from rules.numbers.memo import lazy
from rules.reading.product.strength import StrengthRow
from rules.reading.product.words.tokens import Words, words_of

# RxNorm's brand; a bracket that opens with a number is part of the name.
BRACKET = re.compile(r"\[(?!\s*[\d.])([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Brand:
    """The strengths that the code list's products of a brand come in, and the routes and releases they have."""

    strengths: frozenset[tuple[tuple[str, Strength], ...]]
    routes: frozenset[str]
    releases: frozenset[str]


class Brands:
    """The brands of the code list's products by their words, and the strengths of each agent."""

    def __init__(self, products: ProductList) -> None:
        self._products = products
        self._brand = cache(self._read_brand)
        self.strengths_of_agent = cache(products.strengths_of)

    def prepare(self) -> None:
        """Reads every brand and every agent's strengths now."""
        for words in self._codes:
            self._brand(words)
        for agent in self._products.codes_by_agent:
            self.strengths_of_agent(agent)

    def of(self, words: Words) -> Brand | None:
        """The brand of a name, or of its first words ("... XR" is written without XR in the code list)."""
        while words and words not in self._codes:
            words = words[:-1]
        return self._brand(words) if words in self._codes else None

    def strengths(self, words: Words, row: StrengthRow) -> dict[str, Strength]:
        """The strengths of the one product of a brand that is made of a row's numbers."""
        brand = None if len(row.strengths) == 1 else self.of(words)
        if brand is None:
            return {}
        stated = set(row.strengths)
        fitting = [product for product in brand.strengths if product and {found for _, found in product} <= stated]
        return dict(fitting[0]) if len(fitting) == 1 else {}

    @lazy
    def _codes(self) -> Mapping[Words, Sequence[str]]:
        """The codes of the products of each brand."""
        by_name: dict[str, list[str]] = {}
        for code, name in self._products.names.items():
            for brand in BRACKET.findall(name):
                by_name.setdefault(brand, []).append(code)
        found: dict[Words, list[str]] = {}
        for brand, codes in by_name.items():
            found.setdefault(words_of(brand), []).extend(codes)
        return found

    def _read_brand(self, words: Words) -> Brand:
        """A brand. Rows of components say no form, so they say nothing of route and release."""
        products = [self._products[code] for code in self._codes[words]]
        formed = [product for product in products if product.route is not None]
        return Brand(
            strengths=frozenset(
                tuple((entry.agent, entry.strength) for entry in product.ingredients if entry.strength)
                for product in products
            ),
            routes=frozenset(product.route for product in formed if product.route),
            releases=frozenset(product.release for product in formed),
        )
