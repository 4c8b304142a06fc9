"""Which of two readings of a product is the larger, where one table can tell."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from rules.knowledge.figure import Verification
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import Ingredient, Per
from rules.numbers.quantity import ZERO

_LOAD = "load"
_OPIOID = "opioid"


class HasIngredients(Protocol):
    """What is compared: ingredients with their strengths, and the route they are given by."""

    @property
    def ingredients(self) -> Sequence[Ingredient]:
        """The agents with their strengths."""

    @property
    def route(self) -> str | None:
        """The route; None is taken as oral."""


def outweighs(one: HasIngredients, other: HasIngredients, knowledge: Knowledge) -> bool:
    """Whether a unit of ``one`` is a larger dose than a unit of ``other``, or the only one whose dose is known.

    Depressants are compared by the default table's equivalents, opioids by their morphine factors; False where each has
    a weight and neither axis shows both.
    """
    ours, theirs = _weights(one, knowledge), _weights(other, knowledge)
    if not theirs:
        return bool(ours)
    return any(ours[axis] > theirs[axis] for axis in ours.keys() & theirs.keys())


def _weights(product: HasIngredients, knowledge: Knowledge) -> dict[tuple[str, Per], Fraction]:
    """What a unit weighs by axis and base: by the default table's figures, or by the morphine factors."""
    table = knowledge.tables[knowledge.default_table]
    weights: dict[tuple[str, Per], Fraction] = {}
    for ingredient in product.ingredients:
        agent, strength = knowledge.agents[ingredient.agent], ingredient.strength
        if strength is None:
            continue
        figures = (agent.equivalents.get(source) for source in (*table.own, *table.fallback))
        figure = next((found for found in figures if found and found.verification is not Verification.UNVERIFIED), None)
        if figure is not None and knowledge.vocabulary.has_equivalence(product.route):
            axis, weight = _LOAD, strength.milligrams / figure.low
        elif agent.morphine_factors:
            axis, weight = _OPIOID, strength.milligrams * agent.morphine_factors[0].factor.value
        else:
            continue
        weights[axis, strength.per] = weights.get((axis, strength.per), ZERO) + weight
    return weights
