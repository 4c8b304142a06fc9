"""A product put together from its code and its names: what each fills in, what is noted where they disagree, and which
of two readings is the larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from rules.knowledge.figure import Verification
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import IMMEDIATE, Ingredient, Per
from rules.numbers.quantity import ZERO
from rules.reading.product.name import NameReading
from rules.reading.product.product import Product
from rules.reading.product.spelling import MISSPELT

DISAGREE = "code-and-name-disagree"
CODES_DISAGREE = "codes-disagree"
NAMES_DISAGREE = "names-disagree"
FROM_NAME = "strength-from-name"
FROM_LIST = "strength-from-ingredients"
INGREDIENT_CODE = "ingredient-level-code"
CODE_NOT_KNOWN = "code-not-known"
_LOAD = "load"
_OPIOID = "opioid"


def product_of_reading(reading: NameReading, name: str) -> Product:
    """The product that a name alone tells of; ``name`` is what to print."""
    has_strength = any(ingredient.strength for ingredient in reading.ingredients)
    return Product(
        ingredients=reading.ingredients,
        name=name,
        form=reading.form,
        route=reading.route,
        release=reading.release,
        package_millilitres=reading.package_millilitres,
        assumptions=((FROM_NAME,) if has_strength else ()) + reading.assumptions,
    )


def product_of_readings(readings: Sequence[NameReading], name: str) -> Product:
    """The first reading, filled from later ones of the same agents; ``name`` is what to print."""
    product = product_of_reading(readings[0], name)
    for reading in readings:
        if agents_of(reading.ingredients) & agents_of(product.ingredients):
            product = filled_from_name(product, reading)
        else:
            product = noted(product, NAMES_DISAGREE)
    return product


def filled_from_name(coded: Product, reading: NameReading) -> Product:
    """A coded product with what only the name says; of two strengths the larger, noted."""
    named = {ingredient.agent: ingredient.strength for ingredient in reading.ingredients}
    ingredients = []
    notes: list[str] = []
    for ingredient in coded.ingredients:
        strength, other = ingredient.strength, named.get(ingredient.agent)
        if strength is None and other is not None:
            strength = other
            notes.append(FROM_NAME)
        elif strength is not None and other is not None and strength.per == other.per and strength != other:
            strength = max(strength, other, key=lambda found: found.milligrams)
            notes.append(DISAGREE)
        ingredients.append(Ingredient(ingredient.agent, strength))
    return replace(
        coded,
        ingredients=tuple(ingredients),
        form=coded.form or reading.form,
        route=coded.route or reading.route,
        release=reading.release if coded.form is None and coded.release == IMMEDIATE else coded.release,
        package_millilitres=coded.package_millilitres or reading.package_millilitres,
        assumptions=_each_once(*coded.assumptions, *notes),
    )


def with_more_agents(coded: Product, reading: NameReading, knowledge: Knowledge) -> Product:
    """A coded product with the depressants that only its name holds: leaving them out would be the smaller reading."""
    held = agents_of(coded.ingredients)
    more = tuple(
        ingredient
        for ingredient in reading.ingredients
        if ingredient.agent not in held and knowledge.agents[ingredient.agent].agent_class.depressant
    )
    if not more:
        return coded
    misspelt = any(ingredient.agent in reading.misspelt for ingredient in more)
    notes = (DISAGREE, MISSPELT) if misspelt else (DISAGREE,)
    return noted(replace(coded, ingredients=coded.ingredients + more), *notes)


def agents_of(ingredients: Iterable[Ingredient]) -> set[str]:
    """The agents among ingredients."""
    return {ingredient.agent for ingredient in ingredients}


def noted(product: Product, *assumptions: str) -> Product:
    """A product with further assumptions, each once."""
    return replace(product, assumptions=_each_once(*product.assumptions, *assumptions))


def _each_once(*assumptions: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(assumptions))


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
