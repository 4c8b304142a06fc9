"""What was ordered: codes, names and listed ingredients to our agents with their strengths, or a named refusal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rules.knowledge import Knowledge
from rules.knowledge.entries import Ingredient, ProductEntry, Strength, Verification
from rules.model import CodeSystem, Medication
from rules.product_form import IMMEDIATE
from rules.product_name import NameReading, reader_of
from rules.product_strength import stated_strength
from rules.product_weight import outweighs

DISAGREE = "code-and-name-disagree"
NAMES_DISAGREE = "names-disagree"
FROM_NAME = "strength-from-name"
FROM_LIST = "strength-from-ingredients"
INGREDIENT_CODE = "ingredient-level-code"


@dataclass(frozen=True, slots=True)
class Product:
    """A product that holds at least one agent of ours.

    ``name`` is what to print: the name as sent, else the code list's. A strength is None where only the agent is known.
    ``release`` is ``immediate`` or ``extended``; ``package_millilitres`` the volume of one unit; ``code`` the RxCUI it
    was resolved by, if any.
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


def read_name(name: str, knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    """What one name alone tells."""
    return _of_names([name], knowledge)


def resolve(medication: Medication, knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    """The agents of a medication: by its codes, else by its names, else by its own list of ingredients.

    A name that says more than its code fills what the code leaves open; one that contradicts it is said, and the larger
    reading is used.
    """
    names = _names(medication)
    entry = _entry(medication, knowledge)
    found: Product | UnknownProduct | NotRelevant
    if entry is not None:
        found = _of_entry(entry, names, knowledge)
    else:
        found = _of_agent_codes(medication, names, knowledge) or _of_names(names, knowledge)
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


def _entry(medication: Medication, knowledge: Knowledge) -> ProductEntry | None:
    """The product of the RxNorm codes; of several, the first that says every strength."""
    codes = (coding.code for coding in medication.codings if coding.system is CodeSystem.RXNORM and coding.code)
    entries = [knowledge.products[code] for code in codes if code in knowledge.products]
    complete = [entry for entry in entries if all(ingredient.strength for ingredient in entry.ingredients)]
    formed = [entry for entry in complete if entry.form]
    return next(iter(formed or complete or entries), None)


def _of_entry(entry: ProductEntry, names: Sequence[str], knowledge: Knowledge) -> Product:
    readings = _usable(names, knowledge)
    ours = [reading for _, reading in readings if reading.ingredients]
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
        coded = _filled(coded, reader_of(knowledge).read(entry.name))
    for reading in ours:
        if not _agents(reading.ingredients) & _agents(coded.ingredients):
            named = _product(reading, coded.name)
            larger = named if outweighs(named, coded, knowledge) else coded
            return replace(larger, assumptions=_noted(larger, DISAGREE))
        coded = _with_more_agents(_filled(coded, reading), reading, knowledge)
    if _names_another(readings):
        return replace(coded, assumptions=_noted(coded, DISAGREE))
    return coded


def _filled(coded: Product, reading: NameReading) -> Product:
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
        assumptions=_noted(coded, *notes),
    )


def _with_more_agents(coded: Product, reading: NameReading, knowledge: Knowledge) -> Product:
    """A coded product with the depressants that only its name holds: leaving them out would be the smaller reading."""
    held = _agents(coded.ingredients)
    more = tuple(
        ingredient
        for ingredient in reading.ingredients
        if ingredient.agent not in held and knowledge.agents[ingredient.agent].agent_class.depressant
    )
    if not more:
        return coded
    return replace(coded, ingredients=coded.ingredients + more, assumptions=_noted(coded, DISAGREE))


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
        if _is_verified(agent, coding.system, coding.code, knowledge):
            coded.setdefault(agent, coding.code if coding.system is CodeSystem.RXNORM else None)
        else:
            unsure.append(agent)
    readings = _usable(names, knowledge)
    ours = [reading for _, reading in readings if reading.ingredients]
    if not coded:
        if unsure and not readings:
            return UnknownProduct(names[0] if names else "", "the code is not verified and no name was sent with it")
        return None
    agreeing = [reading for reading in ours if _agents(reading.ingredients) & set(coded)]
    name = _printed(readings) or ", ".join(knowledge.agents[agent].name for agent in coded)
    if agreeing:
        return replace(_of_readings(agreeing, name), code=next((code for code in coded.values() if code), None))
    product = Product(
        ingredients=tuple(Ingredient(agent, None) for agent in coded),
        name=name,
        code=next((code for code in coded.values() if code), None),
        assumptions=(INGREDIENT_CODE,),
    )
    return replace(product, assumptions=_noted(product, DISAGREE)) if ours or _names_another(readings) else product


def _usable(names: Sequence[str], knowledge: Knowledge) -> list[tuple[str, NameReading]]:
    """The names that name something, each with its reading."""
    reader = reader_of(knowledge)
    return [(name, reading) for name in names if (reading := reader.read(name)).usable]


def _printed(readings: Sequence[tuple[str, NameReading]]) -> str | None:
    """The name to print: the first that names an agent of ours, else the first that names anything."""
    return next((name for name, reading in readings if reading.ingredients), readings[0][0] if readings else None)


def _names_another(readings: Sequence[tuple[str, NameReading]]) -> bool:
    """Whether every name is of a drug that is none of ours."""
    return bool(readings) and not any(reading.ingredients or reading.class_named for _, reading in readings)


def _is_verified(agent: str, system: CodeSystem, code: str, knowledge: Knowledge) -> bool:
    return any(
        known.system is system and known.code == code and known.verification is not Verification.UNVERIFIED
        for known in knowledge.agents[agent].codes
    )


def _of_names(names: Sequence[str], knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    reader = reader_of(knowledge)
    readings = [(name, reader.read(name)) for name in names]
    ours = [(name, reading) for name, reading in readings if reading.ingredients]
    if ours:
        return _of_readings([reading for _, reading in ours], ours[0][0])
    for name, reading in readings:
        if reading.class_named:
            return UnknownProduct(name, f"names a class of drugs ({reading.class_named}) and no drug")
    for name, reading in readings:
        if reading.usable:
            return NotRelevant(name)
    return UnknownProduct(names[0] if names else "", "no known code and no usable name")


def _of_readings(readings: Sequence[NameReading], name: str) -> Product:
    """The first reading, filled from later ones of the same agents."""
    product = _product(readings[0], name)
    for reading in readings:
        if _agents(reading.ingredients) & _agents(product.ingredients):
            product = _filled(product, reading)
        else:
            product = replace(product, assumptions=_noted(product, NAMES_DISAGREE))
    return product


def _product(reading: NameReading, name: str) -> Product:
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
                strength = stated_strength(entry.strength, entry.per, knowledge.forms) or ingredient.strength
                listed[ingredient.agent] = listed.get(ingredient.agent) or strength
        elif isinstance(resolved, NotRelevant):
            others.append(resolved.name)
    if not listed:
        known = isinstance(found, UnknownProduct) and len(others) == len(medication.ingredients)
        return NotRelevant(found.name or ", ".join(others)) if known else found
    if not isinstance(found, Product):
        name = found.name or ", ".join(knowledge.agents[agent].name for agent in listed)
        found = Product(tuple(Ingredient(agent, None) for agent in listed), name)
    filled = tuple(
        ingredient if ingredient.strength else Ingredient(ingredient.agent, listed.get(ingredient.agent))
        for ingredient in found.ingredients
    )
    if filled == found.ingredients:
        return found
    return replace(found, ingredients=filled, assumptions=_noted(found, FROM_LIST))


def _agents(ingredients: Iterable[Ingredient]) -> set[str]:
    return {ingredient.agent for ingredient in ingredients}


def _lacks_strength(product: Product) -> bool:
    return any(ingredient.strength is None for ingredient in product.ingredients)


def _noted(product: Product, *notes: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*product.assumptions, *notes)))
