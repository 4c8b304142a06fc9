"""A product put together from its code and its names: what each fills in, and what is noted where they disagree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import IMMEDIATE, Ingredient, Per
from rules.reading.product.name_reading import NameReading
from rules.reading.product.product import Product
from rules.reading.product.weight import LOAD, OPIOID, on_axis, weighs_as_much
from rules.reading.product.words.spelling import MISSPELT

DISAGREE = "code-and-name-disagree"
CODES_DISAGREE = "codes-disagree"
NAMES_DISAGREE = "names-disagree"
FROM_NAME = "strength-from-name"
FROM_LIST = "strength-from-ingredients"
INGREDIENT_CODE = "ingredient-level-code"
CODE_NOT_KNOWN = "code-not-known"


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


def product_of_readings(readings: Sequence[NameReading], name: str, knowledge: Knowledge) -> Product:
    """The first reading, with what later ones add or say otherwise; ``name`` is what to print."""
    product = product_of_reading(readings[0], name)
    for reading in readings:
        if agents_of(reading.ingredients) & agents_of(product.ingredients):
            product = filled_from_name(product, reading)
        else:
            product = with_other_agents(product, reading, NAMES_DISAGREE, knowledge)
    return product


def with_other_agents(product: Product, reading: NameReading, note: str, knowledge: Knowledge) -> Product:
    """A product with a name that names other agents (see :func:`by_axis`); a misspelt one is never the larger."""
    named = product_of_reading(reading, product.name)
    return by_axis(product, named, note, knowledge, guess=bool(reading.misspelt))


def filled_from_name(coded: Product, reading: NameReading | Product, note: str = FROM_NAME) -> Product:
    """A product with what only a name says, ``note`` where that is a strength; of two strengths the larger, noted."""
    named = {ingredient.agent: ingredient.strength for ingredient in reading.ingredients}
    ingredients = []
    notes: list[str] = []
    for ingredient in coded.ingredients:
        strength, other = ingredient.strength, named.get(ingredient.agent)
        if strength is None and other is not None:
            strength = other
            notes.append(note)
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


def by_axis(one: Product, other: Product, note: str, knowledge: Knowledge, *, guess: bool = False) -> Product:
    """Two readings of one medication that name different agents, as one product; noted that they disagree.

    On the axis of the load and on that of the opioids the larger is kept of two that can be compared: unit by unit, and
    milligram for milligram where a strength is not known. What cannot be compared, and what is on neither axis, is kept
    of both.

    Args:
        one: the first reading, whose form and route are kept but for an injection beside a tablet. A strength of
            ``other`` is its as well where its agent is made in it.
        other: the second reading; it has no agent of ``one``.
        note: the assumption to note.
        knowledge: the agents with their figures.
        guess: ``other`` is a guess at a spelling, or says less: it is never the larger.
    """
    one = _with_strength_of(filled_from_name(one, other), other, knowledge)
    kept, added = one.ingredients, other.ingredients
    for axis in (LOAD, OPIOID):
        ours, theirs = (on_axis(axis, product.ingredients, knowledge) for product in (one, other))
        larger = guess or weighs_as_much(axis, one, other, knowledge)
        if ours and theirs and larger is not None:
            kept = tuple(entry for entry in kept if larger or entry not in ours)
            added = tuple(entry for entry in added if not larger or entry not in theirs)
    if not kept:
        return noted(replace(other, name=one.name), note)
    notes = other.assumptions if added else ()
    if added and _has_the_larger_route(other, one, knowledge):
        one = replace(one, form=other.form, route=other.route, release=other.release)
        kept, added = added, kept
    base = next((entry.strength.per for entry in kept if entry.strength), None)
    return noted(replace(one, ingredients=(*kept, *(_for_base(base, entry) for entry in added))), *notes, note)


def _with_strength_of(coded: Product, other: Product, knowledge: Knowledge) -> Product:
    """A product of which an open strength is that of another reading, where its agent is made in just one of them."""
    stated = {ingredient.strength for ingredient in other.ingredients if ingredient.strength}
    ingredients = []
    for entry in coded.ingredients:
        made = () if entry.strength else tuple(stated & knowledge.products.strengths_of(entry.agent))
        ingredients.append(Ingredient(entry.agent, made[0] if len(made) == 1 else entry.strength))
    return replace(coded, ingredients=tuple(ingredients))


def _has_the_larger_route(one: Product, other: Product, knowledge: Knowledge) -> bool:
    """Whether the route of ``one`` has a place in the load and that of ``other`` has none: a tablet, an injection."""
    return knowledge.vocabulary.has_equivalence(one.route) and not knowledge.vocabulary.has_equivalence(other.route)


def _for_base(base: Per | None, entry: Ingredient) -> Ingredient:
    """An ingredient of a product whose strengths are stated for a base; one that is stated for another is open."""
    of_another = base is not None and entry.strength is not None and entry.strength.per is not base
    return Ingredient(entry.agent, None) if of_another else entry
