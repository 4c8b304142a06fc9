"""Agents that only count among the CNS-active drugs of an older adult: sought in what was sent, as they are written.

They are other drugs to everything else that is read of a medication, so that no depressant is read otherwise for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import Ingredient
from rules.model import Medication
from rules.reading.product.code import counted_agents_of_codes
from rules.reading.product.name import reader_of
from rules.reading.product.name_reading import NameReading, names_sent
from rules.reading.product.product import NotRelevant, Product, Resolved, UnknownProduct, UnknownReason
from rules.reading.product.strength import listed_strength

# Why a product is not known that a code alone may tell.
_WITHOUT_NAME = frozenset({UnknownReason.NO_NAME, UnknownReason.OTHER_LETTERS})


def with_counted(found: Resolved, medication: Medication, knowledge: Knowledge) -> Resolved:
    """What was found, with the agents beside it that only count; where nothing of ours was, they are the product.

    What cannot be told stays so: its name may mean a depressant. Only a code tells what a product without a name is.
    """
    readings = [reader_of(knowledge).read(name) for name in names_sent(medication)]
    coded = [Ingredient(agent, None) for agent in counted_agents_of_codes(medication, knowledge)]
    agents: dict[str, Ingredient] = {}
    for entry in (*_named(readings), *_listed(medication, knowledge), *coded):
        if entry.agent not in agents or agents[entry.agent].strength is None:
            agents[entry.agent] = entry
    if not agents:
        return found
    if isinstance(found, Product):
        return replace(found, also_counted=tuple(sorted(agents)))
    if isinstance(found, NotRelevant) or (found.reason in _WITHOUT_NAME and coded):
        return _product(found, tuple(agents.values()), readings, knowledge)
    return found


def _product(
    found: NotRelevant | UnknownProduct,
    ingredients: tuple[Ingredient, ...],
    readings: list[NameReading],
    knowledge: Knowledge,
) -> Product:
    named = next((reading for reading in readings if reading.counted), NameReading((), usable=False))
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
        yield from reading.counted


def _listed(medication: Medication, knowledge: Knowledge) -> Iterator[Ingredient]:
    """Those of the medication's own list of ingredients."""
    for entry in medication.ingredients:
        each = Medication(codings=entry.codings, text=entry.text)
        strength = listed_strength(entry.strength, entry.per, knowledge.vocabulary)
        named = _named([reader_of(knowledge).read(name) for name in names_sent(each)])
        agents = {*counted_agents_of_codes(each, knowledge), *(found.agent for found in named)}
        yield from (Ingredient(agent, strength) for agent in sorted(agents))
