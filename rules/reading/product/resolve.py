"""What was ordered: codes, names and listed ingredients to our agents with their strengths, or a named refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import IMMEDIATE, Ingredient, ListedProduct, Strength
from rules.model import CodeSystem, Medication
from rules.numbers.memo import memoised
from rules.reading.product.agreement import (
    CODE_NOT_KNOWN,
    CODES_DISAGREE,
    DISAGREE,
    FROM_LIST,
    INGREDIENT_CODE,
    agents_of,
    filled,
    noted,
    of_reading,
    of_readings,
    with_more_agents,
)
from rules.reading.product.code import entry_of, is_verified, no_code_is_known
from rules.reading.product.name import NameReading, reader_of
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.spelling import MISSPELT, SHORTENED
from rules.reading.product.strength import stated_strength
from rules.reading.product.weight import outweighs
from rules.reading.wording.prose import listed


def read_name(name: str, knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    """What one name alone tells."""
    return _of_names([name], knowledge)


@memoised
def resolve(medication: Medication, knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    """The agents of a medication: by its codes, else by its names, else by its own list of ingredients.

    A name that says more than its code fills what the code leaves open; one that contradicts it is said, and the larger
    reading is used.
    """
    # A code of a system that is not known says nothing, and a client may number every order with one.
    if not all(coding.system or coding.display for coding in medication.codings):
        telling = tuple(coding for coding in medication.codings if coding.system or coding.display)
        medication = replace(medication, codings=telling)
    return _resolved(medication, knowledge)


@memoised
def _resolved(medication: Medication, knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    names = _names(medication)
    entry, differ = entry_of(medication, knowledge)
    found: Product | UnknownProduct | NotRelevant
    if entry is not None:
        found = _of_entry(entry, names, knowledge)
        found = replace(found, assumptions=noted(found, CODES_DISAGREE)) if differ else found
    else:
        found = _of_agent_codes(medication, names, knowledge) or _of_names(names, knowledge)
        if isinstance(found, Product) and no_code_is_known(medication, knowledge):
            found = replace(found, assumptions=noted(found, CODE_NOT_KNOWN))
    if medication.ingredients and (not isinstance(found, Product) or _lacks_strength(found)):
        found = _with_listed(found, medication, knowledge)
    if isinstance(found, Product) and found.form is None and medication.form:
        form = reader_of(knowledge).read(medication.form)
        if form.form is not None:
            extended = found.release if form.release == IMMEDIATE else form.release
            found = replace(found, form=form.form, route=found.route or form.route, release=extended)
    return found


def _names(medication: Medication) -> list[str]:
    """Every name as sent: displays first, then the text."""
    sent = [coding.display for coding in medication.codings] + [medication.text]
    return list(dict.fromkeys(name.strip() for name in sent if name and name.strip()))


def _of_entry(entry: ListedProduct, names: Sequence[str], knowledge: Knowledge) -> Product:
    readings = _usable(names, knowledge)
    ours = _in_order(readings)
    coded = Product(
        ingredients=entry.ingredients,
        name=_printed(readings) or entry.name,
        form=entry.form,
        route=entry.route,
        release=entry.release,
        package_millilitres=entry.package_millilitres,
        code=entry.code,
    )
    if entry.form is None:
        # A component says no form; its brand may still tell route and release.
        coded = filled(coded, reader_of(knowledge).read(entry.name))
    for reading in ours:
        others = not agents_of(reading.ingredients) & agents_of(coded.ingredients)
        if others and reading.misspelt:
            # A guess at a spelling does not outweigh a code.
            coded = replace(coded, assumptions=noted(coded, DISAGREE))
        elif others or _by_another_way(reading, coded, knowledge):
            named = of_reading(reading, coded.name)
            larger = named if outweighs(named, coded, knowledge) else coded
            return replace(larger, assumptions=noted(larger, DISAGREE))
        else:
            coded = with_more_agents(filled(coded, reading), reading, knowledge)
    if _names_another(readings):
        return replace(coded, assumptions=noted(coded, DISAGREE))
    return coded


def _by_another_way(reading: NameReading, coded: Product, knowledge: Knowledge) -> bool:
    """Whether name and code tell of two routes, of which the oral equivalents hold for one only: tablet, injection."""
    if reading.route is None or coded.route is None:
        return False
    return knowledge.vocabulary.has_equivalence(reading.route) != knowledge.vocabulary.has_equivalence(coded.route)


def _of_agent_codes(
    medication: Medication, names: Sequence[str], knowledge: Knowledge
) -> Product | UnknownProduct | None:
    """The agents that ingredient codes (RxNorm, SNOMED CT, ATC) stand for; None where no such code is sure enough."""
    coded: dict[str, str | None] = {}
    unsure: list[str] = []
    for coding in medication.codings:
        if coding.system is None or coding.code is None:
            continue
        agent = knowledge.agent_by_code.get((coding.system, coding.code))
        if agent is None:
            continue
        if is_verified(agent, coding.system, coding.code, knowledge):
            coded[agent] = coded.get(agent) or (coding.code if coding.system is CodeSystem.RXNORM else None)
        else:
            unsure.append(agent)
    readings = _usable(names, knowledge)
    ours = _in_order(readings)
    if not coded:
        if unsure and not readings:
            return UnknownProduct(names[0] if names else "", "the code is not verified and no name was sent with it")
        return None
    agreeing = [reading for reading in ours if agents_of(reading.ingredients) & set(coded)]
    name = _printed(readings) or ", ".join(knowledge.agents[agent].name for agent in sorted(coded))
    if agreeing:
        product = of_readings(agreeing, name)
        # What a name was read as is no assumption where the code says the same.
        sure = tuple(note for note in product.assumptions if note not in (MISSPELT, SHORTENED))
        return replace(product, code=min(filter(None, coded.values()), default=None), assumptions=sure)
    product = Product(
        ingredients=tuple(Ingredient(agent, None) for agent in sorted(coded)),
        name=name,
        code=min(filter(None, coded.values()), default=None),
        assumptions=(INGREDIENT_CODE,),
    )
    return replace(product, assumptions=noted(product, DISAGREE)) if ours or _names_another(readings) else product


def _usable(names: Sequence[str], knowledge: Knowledge) -> list[tuple[str, NameReading]]:
    """The names that name something, each with its reading."""
    reader = reader_of(knowledge)
    return [(name, reading) for name in names if (reading := reader.read(name)).usable]


def _in_order(readings: Sequence[tuple[str, NameReading]]) -> list[NameReading]:
    """The readings that name an agent of ours, the misspelt last; the order in which they were sent says nothing."""
    ours = [(bool(reading.misspelt), name, reading) for name, reading in readings if reading.ingredients]
    return [reading for _, _, reading in sorted(ours, key=lambda found: found[:-1])]


def _printed(readings: Sequence[tuple[str, NameReading]]) -> str | None:
    """The name to print: the first that names an agent of ours, else the first that names anything."""
    return next((name for name, reading in readings if reading.ingredients), readings[0][0] if readings else None)


def _names_another(readings: Sequence[tuple[str, NameReading]]) -> bool:
    """Whether every name is of a drug that is none of ours."""
    return bool(readings) and not any(
        reading.ingredients or reading.class_named or reading.unclear for _, reading in readings
    )


def _of_names(names: Sequence[str], knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    reader = reader_of(knowledge)
    readings = [(name, reader.read(name)) for name in names]
    ours = [(name, reading) for name, reading in readings if reading.ingredients]
    if ours:
        name, first = _largest(ours, knowledge)
        rest = [reading for reading in _in_order(ours) if reading is not first]
        return of_readings([first, *rest], _read_as(name, first, knowledge))
    for name, reading in readings:
        if reading.unclear:
            return UnknownProduct(name, reading.unclear)
        if reading.class_named:
            return UnknownProduct(name, f"names a class of drugs ({reading.class_named}) and no drug")
    for name, reading in readings:
        if reading.usable:
            return NotRelevant(name)
    return UnknownProduct(names[0] if names else "", "no known code and no usable name")


def _largest(named: Sequence[tuple[str, NameReading]], knowledge: Knowledge) -> tuple[str, NameReading]:
    """Of names of different drugs the one that weighs more; a name that is written out goes before a misspelt one."""
    chosen: tuple[str, NameReading] | None = None
    for found in sorted(named, key=lambda found: (bool(found[1].misspelt), found[0])):
        if chosen is None or (not found[1].misspelt and outweighs(found[1], chosen[1], knowledge)):
            chosen = found
    return chosen or named[0]


def _read_as(name: str, reading: NameReading, knowledge: Knowledge) -> str:
    """The name to print; before a misspelt one what it was read as, so that everything that shows it says so."""
    agents = [knowledge.agents[entry.agent].name for entry in reading.ingredients if entry.agent in reading.misspelt]
    return f"{listed(agents)}, read from “{name}”" if agents else name


def _with_listed(
    found: Product | UnknownProduct | NotRelevant, medication: Medication, knowledge: Knowledge
) -> Product | UnknownProduct | NotRelevant:
    """What is known, filled from the medication's own list of ingredients."""
    listed: dict[str, Strength | None] = {}
    others: list[str] = []
    for entry in medication.ingredients:
        resolved = resolve(Medication(codings=entry.codings, text=entry.text), knowledge)
        if isinstance(resolved, Product):
            for ingredient in resolved.ingredients:
                strength = stated_strength(entry.strength, entry.per, knowledge.vocabulary) or ingredient.strength
                listed[ingredient.agent] = listed.get(ingredient.agent) or strength
        elif isinstance(resolved, NotRelevant):
            others.append(resolved.name)
    if not listed:
        known = isinstance(found, UnknownProduct) and len(others) == len(medication.ingredients)
        return NotRelevant(found.name or ", ".join(others)) if known else found
    if not isinstance(found, Product):
        name = found.name or ", ".join(knowledge.agents[agent].name for agent in listed)
        found = Product(tuple(Ingredient(agent, None) for agent in listed), name)
    ingredients = tuple(
        ingredient if ingredient.strength else Ingredient(ingredient.agent, listed.get(ingredient.agent))
        for ingredient in found.ingredients
    )
    if ingredients == found.ingredients:
        return found
    return replace(found, ingredients=ingredients, assumptions=noted(found, FROM_LIST))


def _lacks_strength(product: Product) -> bool:
    return any(ingredient.strength is None for ingredient in product.ingredients)
