"""What a medication turned out to be: a product of ours, another drug, or one that cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rules.knowledge import Knowledge
from rules.knowledge.entries import Ingredient
from rules.numbers.memo import HashedOnce, hashed_once
from rules.reading.product.form import IMMEDIATE
from rules.reading.product.name import NameReading
from rules.reading.product.spelling import MISSPELT

DISAGREE = "code-and-name-disagree"
CODES_DISAGREE = "codes-disagree"
NAMES_DISAGREE = "names-disagree"
FROM_NAME = "strength-from-name"
FROM_LIST = "strength-from-ingredients"
INGREDIENT_CODE = "ingredient-level-code"
CODE_NOT_KNOWN = "code-not-known"


@hashed_once
@dataclass(frozen=True, slots=True)
class Product(HashedOnce):
    """A product that holds at least one agent of ours.

    ``name`` is what to print: the name as sent, with what a misspelt one was read as, else the code list's. A strength
    is None where only the agent is known. ``release`` is ``immediate`` or ``extended``; ``package_millilitres`` the
    volume of one unit; ``code`` the RxCUI it was resolved by, if any.
    """

    ingredients: tuple[Ingredient, ...]
    name: str
    form: str | None = None
    route: str | None = None
    release: str = IMMEDIATE
    package_millilitres: Fraction | None = None
    code: str | None = None
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownProduct:
    """A record that may hold one of our agents and does not tell which; ``why`` says what was missing."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class NotRelevant:
    """A medication with a usable name that holds no agent of ours."""

    name: str


def of_reading(reading: NameReading, name: str) -> Product:
    """The product that a name alone tells of; ``name`` is what to print."""
    told = any(ingredient.strength for ingredient in reading.ingredients)
    return Product(
        ingredients=reading.ingredients,
        name=name,
        form=reading.form,
        route=reading.route,
        release=reading.release,
        package_millilitres=reading.package_millilitres,
        assumptions=((FROM_NAME,) if told else ()) + reading.assumptions,
    )


def of_readings(readings: Sequence[NameReading], name: str) -> Product:
    """The first reading, filled from later ones of the same agents."""
    product = of_reading(readings[0], name)
    for reading in readings:
        if agents_of(reading.ingredients) & agents_of(product.ingredients):
            product = filled(product, reading)
        else:
            product = replace(product, assumptions=noted(product, NAMES_DISAGREE))
    return product


def filled(coded: Product, reading: NameReading) -> Product:
    """A coded product with what only the name says; of two strengths the larger, said."""
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
        assumptions=noted(coded, *notes),
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
    notes = [DISAGREE, *([MISSPELT] if any(entry.agent in reading.misspelt for entry in more) else [])]
    return replace(coded, ingredients=coded.ingredients + more, assumptions=noted(coded, *notes))


def agents_of(ingredients: Iterable[Ingredient]) -> set[str]:
    """The agents among ingredients."""
    return {ingredient.agent for ingredient in ingredients}


def noted(product: Product, *notes: str) -> tuple[str, ...]:
    """A product's assumptions and further ones, each once."""
    return tuple(dict.fromkeys((*product.assumptions, *notes)))
