"""Agents that a medication holds beside those that its dose is read of, sought as they are written.

They are those that only count among the CNS-active drugs of an older adult, and the lesser ones of a brand. To all else
that is read of a medication they are other drugs, so that no depressant is read otherwise for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import Ingredient
from rules.model import Medication
from rules.reading.product.agreement import agents_of
from rules.reading.product.code import counted_agents_of_codes
from rules.reading.product.name import reader_of
from rules.reading.product.name_reading import NameReading, names_sent
from rules.reading.product.product import NotRelevant, Product, Resolved, UnknownProduct, UnknownReason
from rules.reading.product.strength import listed_strength

# Why a product is not known that a code alone may tell.
_WITHOUT_NAME = frozenset({UnknownReason.NO_NAME, UnknownReason.OTHER_LETTERS})


def with_further_agents(found: Resolved, medication: Medication, knowledge: Knowledge) -> Resolved:
    """What was found, with the further agents; where nothing of ours was, those that only count are the product.

    What cannot be told stays so: its name may mean a depressant. Only a code tells what a product without a name is.
    """
    names = names_sent(medication) or ([found.name] if isinstance(found, Product) else [])
    readings = [reader_of(knowledge).read(name) for name in names]
    coded = [Ingredient(agent, None) for agent in counted_agents_of_codes(medication, knowledge)]
    agents: dict[str, Ingredient] = {}
    for entry in (*_named(readings), *_listed(medication, knowledge), *coded):
        if entry.agent not in agents or agents[entry.agent].strength is None:
            agents[entry.agent] = entry
    if not agents:
        return found
    if isinstance(found, Product):
        return replace(found, also_holds=tuple(sorted(agents.keys() - agents_of(found.ingredients))))
    if isinstance(found, NotRelevant) or (found.reason in _WITHOUT_NAME and coded):
        return _product(found, tuple(agents.values()), readings, knowledge)
    return found


def _product(
    found: NotRelevant | UnknownProduct,
    ingredients: tuple[Ingredient, ...],
    readings: list[NameReading],
    knowledge: Knowledge,
) -> Product:
    named = next((reading for reading in readings if reading.also_holds), NameReading((), usable=False))
    return Product(
        ingredients,
        found.name or ", ".join(knowledge.agents[entry.agent].name for entry in ingredients),
        form=named.form,
        route=named.route,
        release=named.release,
        package_millilitres=named.package_millilitres,
    )


def _named(readings: list[NameReading]) -> Iterator[Ingredient]:
    for reading in readings:
        yield from reading.also_holds


def _listed(medication: Medication, knowledge: Knowledge) -> Iterator[Ingredient]:
    """Those of the medication's own list of ingredients."""
    for entry in medication.ingredients:
        each = Medication(codings=entry.codings, text=entry.text)
        strength = listed_strength(entry.strength, entry.per, knowledge.vocabulary)
        named = _named([reader_of(knowledge).read(name) for name in names_sent(each)])
        agents = {*counted_agents_of_codes(each, knowledge), *(found.agent for found in named)}
        yield from (Ingredient(agent, strength) for agent in sorted(agents))
