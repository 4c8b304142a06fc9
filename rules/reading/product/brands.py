"""What the code list's products tell of brands and of the strengths that an agent is made in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rules.knowledge.listed_product import ListedProduct, Strength
from rules.reading.product.form import Brand
from rules.reading.product.mention import Words, words_of
from rules.reading.product.strength import StrengthRow

# RxNorm's brand; a bracket that opens with a number is part of the name.
BRACKET = re.compile(r"\[(?!\s*[\d.])([^\[\]]*)\]")


def strengths_of(products: Iterable[ListedProduct]) -> Mapping[str, frozenset[Strength]]:
    """The strengths that each agent is made in, alone or with others."""
    found: dict[str, set[Strength]] = {}
    for product in products:
        for ingredient in product.ingredients:
            if ingredient.strength is not None:
                found.setdefault(ingredient.agent, set()).add(ingredient.strength)
    return {agent: frozenset(strengths) for agent, strengths in found.items()}


class Brands:
    """The brands of the code list's products by their words."""

    def __init__(self, products: Iterable[ListedProduct]) -> None:
        self._brands = _brands(products)

    def of(self, words: Words) -> Brand | None:
        """The brand of a name, or of its first words ("... XR" is written without XR in the code list)."""
        while words and words not in self._brands:
            words = words[:-1]
        return self._brands.get(words)

    def strengths(self, words: Words, row: StrengthRow) -> dict[str, Strength]:
        """The strengths of the one product of a brand that is made of a row's numbers."""
        brand = None if len(row.strengths) == 1 else self.of(words)
        if brand is None:
            return {}
        stated = set(row.strengths)
        fitting = [product for product in brand.strengths if product and {found for _, found in product} <= stated]
        return dict(fitting[0]) if len(fitting) == 1 else {}


def _brands(products: Iterable[ListedProduct]) -> Mapping[Words, Brand]:
    """The brands of the code list's products. Component rows say no form, so nothing of route and release."""
    strengths: dict[Words, set[tuple[tuple[str, Strength], ...]]] = {}
    routes: dict[Words, set[str]] = {}
    releases: dict[Words, set[str]] = {}
    for product in products:
        made_of = tuple((entry.agent, entry.strength) for entry in product.ingredients if entry.strength)
        for words in {words_of(brand) for brand in BRACKET.findall(product.name)}:
            strengths.setdefault(words, set()).add(made_of)
            if product.route is not None:
                routes.setdefault(words, set()).add(product.route)
                releases.setdefault(words, set()).add(product.release)
    return {
        words: Brand(frozenset(made_of), frozenset(routes.get(words, ())), frozenset(releases.get(words, ())))
        for words, made_of in strengths.items()
    }
