"""What a product weighs on the axis of the load and on that of the opioids, and which of two readings is the larger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Protocol

from rules.knowledge.figure import Verification
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import Ingredient, Per, Strength
from rules.numbers.quantity import ONE, ZERO

LOAD = "load"
OPIOID = "opioid"
_MILLIGRAM = Strength(ONE, Per.UNIT)


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


def on_axis(axis: str, ingredients: Iterable[Ingredient], knowledge: Knowledge) -> tuple[Ingredient, ...]:
    """The ingredients that are on an axis."""
    classes = ((entry, knowledge.agents[entry.agent].agent_class) for entry in ingredients)
    return tuple(entry for entry, found in classes if (found.in_load if axis == LOAD else found.opioid))


def weighs_as_much(axis: str, one: HasIngredients, other: HasIngredients, knowledge: Knowledge) -> bool | None:
    """Whether ``one`` weighs on an axis as much as ``other`` or more, unit by unit, else milligram for milligram.

    Returns:
        None where either has nothing on the axis, or a figure is missing.
    """
    if axis == LOAD:
        first, second = (knowledge.vocabulary.has_equivalence(product.route) for product in (one, other))
        if first != second:
            return first
    for assumed in (None, _MILLIGRAM):
        ours, theirs = (
            _weight(axis, on_axis(axis, product.ingredients, knowledge), knowledge, assumed) for product in (one, other)
        )
        if ours and theirs and ours[0] is theirs[0]:
            return ours[1] >= theirs[1]
    return None


def _weight(
    axis: str, ingredients: Sequence[Ingredient], knowledge: Knowledge, assumed: Strength | None
) -> tuple[Per, Fraction] | None:
    """What a unit of ingredients weighs on an axis, with its base; None where a figure is missing or bases differ.

    ``assumed`` is the strength that every ingredient is weighed with in place of its own.
    """
    strengths = [assumed or entry.strength for entry in ingredients]
    factors = [_per_milligram(axis, entry.agent, knowledge) for entry in ingredients]
    known = [(strength, factor) for strength, factor in zip(strengths, factors, strict=True) if strength and factor]
    bases = {strength.per for strength, _ in known}
    if len(known) < len(ingredients) or len(bases) != 1:
        return None
    return bases.pop(), sum((strength.milligrams * factor for strength, factor in known), ZERO)


def _weights(product: HasIngredients, knowledge: Knowledge) -> dict[tuple[str, Per], Fraction]:
    """What a unit weighs by axis and base: by the default table's figures, or by the morphine factors."""
    weights: dict[tuple[str, Per], Fraction] = {}
    for ingredient in product.ingredients:
        for axis in (LOAD, OPIOID):
            factor = _per_milligram(axis, ingredient.agent, knowledge)
            has_place = axis == OPIOID or knowledge.vocabulary.has_equivalence(product.route)
            if factor is not None and ingredient.strength is not None and has_place:
                key = axis, ingredient.strength.per
                weights[key] = weights.get(key, ZERO) + ingredient.strength.milligrams * factor
    return weights


def _per_milligram(axis: str, agent_id: str, knowledge: Knowledge) -> Fraction | None:
    """What a milligram of an agent weighs: by the default table, or by its morphine factor; None where it has none."""
    agent = knowledge.agents[agent_id]
    if axis == OPIOID:
        return agent.morphine_factors[0].factor.value if agent.morphine_factors else None
    table = knowledge.tables[knowledge.default_table]
    figures = (agent.equivalents.get(source) for source in (*table.own, *table.fallback))
    figure = next((found for found in figures if found and found.verification is not Verification.UNVERIFIED), None)
    return ONE / figure.low if figure is not None else None
