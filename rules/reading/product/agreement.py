"""A product put together from its code and its names: what each fills in, what is noted where they disagree, and which
of two readings is the larger.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from rules.knowledge.figure import Verification
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import IMMEDIATE, Ingredient, Per, Strength
from rules.numbers.quantity import ONE, ZERO
from rules.reading.product.name import NameReading
from rules.reading.product.product import Product
from rules.reading.product.words.spelling import MISSPELT

DISAGREE = "code-and-name-disagree"
CODES_DISAGREE = "codes-disagree"
NAMES_DISAGREE = "names-disagree"
FROM_NAME = "strength-from-name"
FROM_LIST = "strength-from-ingredients"
INGREDIENT_CODE = "ingredient-level-code"
CODE_NOT_KNOWN = "code-not-known"
_LOAD = "load"
_OPIOID = "opioid"
_MILLIGRAM = Strength(ONE, Per.UNIT)


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


def with_coded_agents(named: Product, coded: Collection[str], knowledge: Knowledge) -> Product:
    """A product of a name with the agents that only its codes hold; noted where a depressant is among them."""
    more = tuple(Ingredient(agent, None) for agent in sorted(set(coded) - agents_of(named.ingredients)))
    if not more:
        return named
    product = replace(named, ingredients=named.ingredients + more)
    depressant = any(knowledge.agents[ingredient.agent].agent_class.depressant for ingredient in more)
    return noted(product, DISAGREE) if depressant else product


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


def larger_reading(coded: Product, reading: NameReading, name: str, knowledge: Knowledge) -> Product:
    """The larger of a product of ingredient codes and of a name that names other agents; noted that they disagree.

    The code says no strength, so a milligram of each is compared; the code's is used where they cannot be compared. A
    strength of the name is the code's as well where its agent is made in it.
    """
    named = product_of_reading(reading, name)
    coded = filled_from_name(coded, reading)
    ours, theirs = (_weights(product, knowledge, _MILLIGRAM) for product in (named, coded))
    if not theirs or any(ours[axis] > theirs[axis] for axis in ours.keys() & theirs.keys()):
        return noted(named, DISAGREE)
    stated = {ingredient.strength for ingredient in reading.ingredients if ingredient.strength}
    ingredients = []
    for entry in coded.ingredients:
        made = stated & knowledge.products.strengths_of(entry.agent)
        # Of several strengths none is known to be the code's.
        ingredients.append(Ingredient(entry.agent, entry.strength or (made.pop() if len(made) == 1 else None)))
    return noted(replace(coded, ingredients=tuple(ingredients)), DISAGREE)


def _weights(
    product: HasIngredients, knowledge: Knowledge, assumed: Strength | None = None
) -> dict[tuple[str, Per], Fraction]:
    """What a unit weighs by axis and base: by the default table's figures, or by the morphine factors.

    ``assumed`` is the strength that every ingredient is weighed with in place of its own.
    """
    table = knowledge.tables[knowledge.default_table]
    weights: dict[tuple[str, Per], Fraction] = {}
    for ingredient in product.ingredients:
        agent, strength = knowledge.agents[ingredient.agent], assumed or ingredient.strength
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
