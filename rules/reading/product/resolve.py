"""What was ordered: codes, names and listed ingredients to our agents with their strengths, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import IMMEDIATE, Ingredient, Strength
from rules.model import Coding, Medication
from rules.numbers.memo import memoised
from rules.reading.product.agreement import (
    CODE_NOT_KNOWN,
    DISAGREE,
    FROM_LIST,
    INGREDIENT_CODE,
    agents_of,
    filled_from_name,
    noted,
    product_of_reading,
    product_of_readings,
    with_coded_agents,
    with_more_agents,
    with_other_agents,
)
from rules.reading.product.code import agents_of_codes, no_code_is_known, product_of_codes
from rules.reading.product.further_agents import with_further_agents
from rules.reading.product.name import PART_NOT_READ, reader_of
from rules.reading.product.name_reading import NameReading, names_sent
from rules.reading.product.product import NotRelevant, Product, Resolved, UnknownProduct, UnknownReason
from rules.reading.product.strength import listed_strength
from rules.reading.product.weight import outweighs
from rules.reading.product.words.characters import visible
from rules.reading.product.words.spelling import MISSPELT, SHORTENED
from rules.reading.wording.prose import listed


def read_name(name: str, knowledge: Knowledge) -> Resolved:
    """What one name alone tells: written out, misspelt or shortened. Never raises."""
    return with_further_agents(_from_names([name], knowledge), Medication(text=name), knowledge)


def prepare(knowledge: Knowledge) -> None:
    """Builds the tables of names now: a service does so at its start, a command as far as its input asks for them."""
    reader_of(knowledge).prepare()


@memoised
def resolve(medication: Medication, knowledge: Knowledge) -> Resolved:
    """The agents of a medication: by its codes, else by its names, else by its own list of ingredients.

    A name that says more than its code fills what the code leaves open; where it contradicts the code, that is noted
    and the larger reading is used. What only counts in older adults is sought last, and changes nothing else. Never
    raises.
    """
    legible = _with_legible_codes(medication)
    return with_further_agents(_resolved(legible, knowledge), legible, knowledge)


def _with_legible_codes(medication: Medication) -> Medication:
    """A medication with the codes that are read."""
    # A code of a system that is not known says nothing, and a client may number every order with one.
    codings = tuple(_legible_code(coding) for coding in medication.codings if coding.system or coding.display)
    return medication if codings == medication.codings else replace(medication, codings=codings)


def _legible_code(coding: Coding) -> Coding:
    """A coding whose code has no characters that are not seen; the letters of a code are capitals."""
    if coding.code is None:
        return coding
    code = visible(coding.code).strip().upper()
    return coding if code == coding.code else replace(coding, code=code)


@memoised
def _resolved(medication: Medication, knowledge: Knowledge) -> Resolved:
    names = names_sent(medication)
    coded_product = product_of_codes(medication, knowledge)
    found: Resolved
    coded = any(coding.system and coding.code for coding in medication.codings)
    if coded_product is not None:
        found = _with_names(coded_product, names, knowledge)
    else:
        found = _from_agent_codes(medication, names, knowledge) or _from_names(names, knowledge, coded=coded)
        if isinstance(found, Product) and no_code_is_known(medication, knowledge):
            found = noted(found, CODE_NOT_KNOWN)
    if medication.ingredients:
        found = _filled_from_list(found, medication, knowledge)
    if isinstance(found, Product) and found.form is None and medication.form:
        form = reader_of(knowledge).read(medication.form)
        if form.form is not None:
            release = found.release if form.release == IMMEDIATE else form.release
            found = replace(found, form=form.form, route=found.route or form.route, release=release)
    return found


def _with_names(coded: Product, names: Sequence[str], knowledge: Knowledge) -> Product:
    """The product of the code list, filled from the names that were sent with its code."""
    readings = _usable_readings(names, knowledge)
    ours = _ours_in_order(readings)
    if coded.form is None:
        # A component says no form; its brand may still tell route and release.
        coded = filled_from_name(coded, reader_of(knowledge).read(coded.name))
    coded = replace(coded, name=_name_to_print(readings) or coded.name)
    for reading in ours:
        if not agents_of(reading.ingredients) & agents_of(coded.ingredients):
            coded = with_other_agents(coded, reading, DISAGREE, knowledge)
        elif _routes_conflict(reading, coded, knowledge):
            named = product_of_reading(reading, coded.name)
            coded = noted(named if outweighs(named, coded, knowledge) else coded, DISAGREE)
        else:
            coded = with_more_agents(filled_from_name(coded, reading), reading, knowledge)
    return _with_unread_names(coded, readings)


def _with_unread_names(product: Product, readings: Sequence[tuple[str, NameReading]]) -> Product:
    """A product of codes; noted where its names are all of other drugs, or have a word that may be another of ours."""
    agents = agents_of(product.ingredients)
    if any(reading.unclear and agents.isdisjoint(reading.unclear.agents) for _, reading in readings):
        return noted(product, PART_NOT_READ)
    return noted(product, DISAGREE) if _names_other_drugs_only(readings) else product


def _routes_conflict(reading: NameReading, coded: Product, knowledge: Knowledge) -> bool:
    """Whether name and code give two routes, and the oral equivalents hold for one of them only: tablet, injection."""
    if reading.route is None or coded.route is None:
        return False
    return knowledge.vocabulary.has_equivalence(reading.route) != knowledge.vocabulary.has_equivalence(coded.route)


def _from_agent_codes(
    medication: Medication, names: Sequence[str], knowledge: Knowledge
) -> Product | UnknownProduct | None:
    """The agents of ingredient codes (RxNorm, SNOMED CT, ATC), weighed against names; None where the names decide."""
    coded = agents_of_codes(medication, knowledge)
    readings = _usable_readings(names, knowledge)
    ours = _ours_in_order(readings)
    if not coded.verified:
        return _from_doubtful_codes(coded.doubtful, names, readings, knowledge)
    code = min(filter(None, coded.verified.values()), default=None)
    agreeing = [reading for reading in ours if agents_of(reading.ingredients) & coded.verified.keys()]
    name = _name_to_print(readings) or ", ".join(knowledge.agents[agent].name for agent in sorted(coded.verified))
    if agreeing:
        product = product_of_readings(agreeing, name, knowledge)
        # That a name was misspelt is no assumption where the code says the same.
        confirmed = tuple(note for note in product.assumptions if note not in (MISSPELT, SHORTENED))
        product = with_coded_agents(replace(product, assumptions=confirmed), coded.verified, knowledge)
    else:
        ingredients = tuple(Ingredient(agent, None) for agent in sorted(coded.verified))
        product = Product(ingredients, name, assumptions=(INGREDIENT_CODE,))
    product = replace(product, code=code)
    for reading in ours:
        if reading not in agreeing:
            product = with_other_agents(product, reading, DISAGREE, knowledge)
    return _with_unread_names(product, readings)


def _from_doubtful_codes(
    doubtful: frozenset[str], names: Sequence[str], readings: Sequence[tuple[str, NameReading]], knowledge: Knowledge
) -> Product | UnknownProduct | None:
    """Codes that were remembered and not read decide nothing alone; only the name of a known drug sets them aside."""
    if not doubtful:
        return None
    found = _from_names(names, knowledge, coded=True)
    if isinstance(found, Product) and not agents_of(found.ingredients) & doubtful:
        return noted(found, DISAGREE)
    if isinstance(found, NotRelevant) and not any(reading.names_other for _, reading in readings):
        return UnknownProduct(found.name, UnknownReason.CODE_NOT_VERIFIED)
    if isinstance(found, UnknownProduct) and found.reason is UnknownReason.NO_NAME:
        return replace(found, reason=UnknownReason.CODE_NOT_VERIFIED)
    return found if isinstance(found, Product | UnknownProduct) else None


def _usable_readings(names: Sequence[str], knowledge: Knowledge) -> list[tuple[str, NameReading]]:
    """The names that name something, each with its reading."""
    reader = reader_of(knowledge)
    return [(name, reading) for name in names if (reading := reader.read(name)).usable]


def _ours_in_order(readings: Sequence[tuple[str, NameReading]]) -> list[NameReading]:
    """The readings that name an agent of ours, the misspelt last; the order in which they were sent says nothing."""
    ours = [(bool(reading.misspelt), name, reading) for name, reading in readings if reading.ingredients]
    return [reading for _, _, reading in sorted(ours, key=lambda found: found[:-1])]


def _name_to_print(readings: Sequence[tuple[str, NameReading]]) -> str | None:
    """The name to print: the first that names an agent of ours, else the first that names anything."""
    return next((name for name, reading in readings if reading.ingredients), readings[0][0] if readings else None)


def _names_other_drugs_only(readings: Sequence[tuple[str, NameReading]]) -> bool:
    """Whether every name is of a drug that is none of ours."""
    return bool(readings) and not any(
        reading.ingredients or reading.class_named or reading.unclear for _, reading in readings
    )


def _from_names(names: Sequence[str], knowledge: Knowledge, *, coded: bool = False) -> Resolved:
    """What names tell; beside a code (``coded``) a container may be that of the drug that the code stands for."""
    reader = reader_of(knowledge)
    readings = [(name, reader.read(name)) for name in names]
    ours = _ours_in_order(readings)
    if ours:
        product = product_of_readings(ours, "", knowledge)
        agents = agents_of(product.ingredients)
        name, first = next(found for found in readings if agents & agents_of(found[1].ingredients))
        return replace(product, name=_with_spelling(name, first, knowledge))
    for name, reading in readings:
        if reading.unclear:
            return UnknownProduct(name, reading.unclear.reason, reading.unclear.word, reading.unclear.may_be)
        if reading.class_named:
            return UnknownProduct(name, UnknownReason.CLASS_ONLY, may_be=(reading.class_named,))
    for name, reading in readings:
        if reading.usable or (reading.container and not coded):
            return NotRelevant(name)
    for name, reading in readings:
        if reading.unread:
            return UnknownProduct(name, UnknownReason.OTHER_LETTERS)
    return UnknownProduct(names[0] if names else "", UnknownReason.NO_NAME)


def _with_spelling(name: str, reading: NameReading, knowledge: Knowledge) -> str:
    """The name to print; before a misspelt one what it was read as, so that everything that shows it says so."""
    agents = [knowledge.agents[entry.agent].name for entry in reading.ingredients if entry.agent in reading.misspelt]
    return f"{listed(agents)}, read from “{name}”" if agents else name


def _filled_from_list(found: Resolved, medication: Medication, knowledge: Knowledge) -> Resolved:
    """What is known, filled from the medication's own list of ingredients."""
    strengths: dict[str, Strength | None] = {}
    others: list[str] = []
    unread: list[UnknownProduct] = []
    for entry in medication.ingredients:
        each = _with_legible_codes(Medication(codings=entry.codings, text=entry.text))
        resolved = _resolved(each, knowledge)
        if isinstance(resolved, Product):
            for ingredient in resolved.ingredients:
                strength = listed_strength(entry.strength, entry.per, knowledge.vocabulary) or ingredient.strength
                strengths[ingredient.agent] = strengths.get(ingredient.agent) or strength
        elif isinstance(resolved, NotRelevant):
            others.append(resolved.name)
        elif resolved.reason is not UnknownReason.NO_NAME:
            unread.append(resolved)
    if not strengths:
        if isinstance(found, UnknownProduct) and len(others) == len(medication.ingredients):
            return NotRelevant(found.name or ", ".join(others))
        return unread[0] if unread and isinstance(found, NotRelevant) else found
    listed_ones = NameReading(tuple(Ingredient(agent, strength) for agent, strength in strengths.items()), usable=True)
    if not isinstance(found, Product):
        name = found.name or ", ".join(knowledge.agents[agent].name for agent in strengths)
        product = Product(listed_ones.ingredients, name)
        return noted(product, FROM_LIST) if any(strengths.values()) else product
    if agents_of(found.ingredients).isdisjoint(strengths):
        return with_other_agents(found, listed_ones, DISAGREE, knowledge)
    return with_more_agents(filled_from_name(found, listed_ones, FROM_LIST), listed_ones, knowledge)
