"""The bounds of a plausible dose by agent, route and release, with their source.

The bound is a multiple of the labelled maximum of the agent; where no labelled maximum is known, of WHO's defined daily
dose; and, whatever the strength, a number of units that nobody takes. The multiples are house choices, larger for
opioids, which are titrated against tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rules.assessment_lines import Basis
from rules.knowledge.agent import AgentClass
from rules.knowledge.figure import Figure
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import ORAL, TRANSDERMAL, DosingVocabulary
from rules.knowledge.listed_product import Per
from rules.knowledge.maximum_doses import DoseFigure
from rules.model import Dosage
from rules.numbers.memo import memoised
from rules.numbers.quantity import HOURS_PER_DAY, MICROGRAMS_PER_MILLIGRAM
from rules.reading.dosage.line import Portion
from rules.reading.dosage.portion import MILLILITRE, PATCH, counted_unit
from rules.reading.product.product import Product

# Routes that an oral figure holds for where they have none of their own.
AS_ORAL = frozenset({"sublingual", "buccal"})


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that is plausible: ``times`` the ``amount`` that ``figure`` gives, in mg a day or micrograms an hour.

    ``without_maximum``: the label of the agent gives no maximum.
    """

    basis: Basis
    figure: Figure
    amount: Fraction
    times: Fraction
    without_maximum: bool = False

    @property
    def at_most(self) -> Fraction:
        """The largest plausible amount."""
        return self.amount * self.times


@dataclass(frozen=True, slots=True)
class DoseBounds:
    """The bounds of a product by its route, by agent: ``taken`` in mg a day, ``worn`` in micrograms an hour."""

    product: Product
    vocabulary: DosingVocabulary
    taken: Mapping[str, Bound]
    worn: Mapping[str, Bound]

    def bounds(self, hourly: bool) -> Mapping[str, Bound]:
        """The bounds of milligrams a day, or of the delivery of patches."""
        return self.worn if hourly else self.taken


def dose_bounds_of(lines: Iterable[Dosage], product: Product, knowledge: Knowledge) -> DoseBounds:
    """The bounds of a dosage; where no route or release is stated, the largest bound holds."""
    stated = (knowledge.vocabulary.route(line.route, line.route_codes) for line in lines)
    route = next((each.id for each in stated if each is not None), product.route)
    return _by_stated_route(route, product, knowledge)


@memoised
def _by_stated_route(route: str | None, product: Product, knowledge: Knowledge) -> DoseBounds:
    agents = [knowledge.agents[ingredient.agent] for ingredient in product.ingredients]
    found = {
        hourly: {
            agent.id: bound
            for agent in agents
            if (bound := _bound(agent.id, agent.agent_class, route, product, hourly, knowledge)) is not None
        }
        for hourly in (False, True)
    }
    return DoseBounds(product, knowledge.vocabulary, found[False], found[True])


def _bound(
    agent: str, agent_class: AgentClass, route: str | None, product: Product, hourly: bool, knowledge: Knowledge
) -> Bound | None:
    doses, plausible = knowledge.maximum_doses, knowledge.vocabulary.plausible
    labelled = [maximum for maximum in doses.labelled.get(agent, ()) if maximum.hourly is hourly]
    release = product.release if product.form is not None else None
    own = [dose for dose in _by_route(labelled, route) if release is None or dose.release in (None, release)]
    if own:
        top = max(own, key=lambda dose: dose.figure.value)
        return Bound(Basis.LABELLED, top.figure, top.figure.value, plausible.labelled_times(agent_class.id))
    daily = doses.defined_daily_doses.get(agent, ())
    if hourly:
        daily = tuple(dose for dose in daily if TRANSDERMAL in dose.routes)
    by_route = _by_route(daily, route)
    if not by_route:
        return None
    top = max(by_route, key=lambda dose: dose.figure.value)
    amount = top.figure.value * MICROGRAMS_PER_MILLIGRAM / HOURS_PER_DAY if hourly else top.figure.value
    times = plausible.daily_dose_times(agent_class.id)
    return Bound(Basis.DAILY_DOSE, top.figure, amount, times, agent in doses.no_maximum)


def _by_route(doses: Iterable[DoseFigure], route: str | None) -> list[DoseFigure]:
    """The verified figures for a route; where an oromucosal route has none, the oral ones."""
    verified = [dose for dose in doses if dose.is_verified]
    if route is None:
        return verified
    own = [dose for dose in verified if route in dose.routes]
    return own or [dose for dose in verified if route in AS_ORAL and ORAL in dose.routes]


def units_limit(portion: Portion, product: Product, vocabulary: DosingVocabulary) -> Fraction:
    """The largest plausible number of a product's units in a day (of patches: worn at a time)."""
    counted = counted_unit(product, vocabulary)
    if portion.hourly:
        return vocabulary.plausible.units_limit(PATCH)
    strength = product.ingredients[0].strength
    liquid = strength is not None and strength.per is Per.MILLILITRE
    return vocabulary.plausible.units_limit(MILLILITRE if liquid else portion.unit or (counted.id if counted else ""))
