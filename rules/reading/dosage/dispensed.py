"""The average daily intake by the quantity dispensed: quantity over days' supply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.knowledge.listed_product import Per
from rules.model import Quantity, Supply
from rules.numbers.memo import memoised
from rules.numbers.quantity import DAYS_PER, ONE, ZERO, Range
from rules.numbers.text import figure
from rules.reading.dosage.dose_bounds import units_limit
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.portion import EACH, MILLILITRE, PATCH, Readings, counted_unit, measure
from rules.reading.product.product import Product
from rules.reading.wording.numbers import DAY, HOUR, counted
from rules.reading.wording.refusals import Reason, Refusal

PILL = "pill"
# Units of which one is as good as another, and those that are counted where no form is known.
TAKEN_SINGLY = frozenset({"tablet", "capsule", PILL, PATCH})


@dataclass(frozen=True, slots=True)
class DispensedAverage:
    """The dispensed average a day.

    Attributes:
        intake: the average a day; of patches, their delivery times the patches used in a day (see :meth:`worn`).
        words: the quantity dispensed: ``60 tablets of 1 mg for 30 days``.
        assumptions: codes of what was assumed.
    """

    intake: Intake
    words: str
    assumptions: tuple[str, ...]

    def worn(self, interval_days: Fraction | None, vocabulary: DosingVocabulary) -> Intake:
        """The intake; of patches by the number worn at a time: those used in a day, times the days that each is worn.

        Without a change interval from one patch to as many as the shortest usual interval gives.
        """
        if not self.intake.hourly or self.intake.units is None:
            return self.intake
        a_day = self.intake.units[1]
        shortest = interval_days or vocabulary.plausible.patch_change.low * DAYS_PER[HOUR]
        high = max(ONE, a_day * shortest)
        low = high if interval_days else ONE
        by_agent = {
            agent: (amount / a_day * low, amount / a_day * high) for agent, (_, amount) in self.intake.by_agent.items()
        }
        return Intake(by_agent, self.intake.units, hourly=True)


def lasting(supply: Supply | None, interval_days: Fraction | None, length_days: Fraction | None) -> Supply | None:
    """The supply, with the length of its dosage as days' supply where the source gives none.

    Only of a single fill that comes to a whole number of units each time: else it was not dispensed for that length.
    """
    if supply is None or supply.quantity is None or supply.days is not None or supply.repeats:
        return supply
    if not interval_days or not length_days:
        return supply
    each_time = supply.quantity.value * interval_days / length_days
    return replace(supply, days=length_days) if each_time >= ONE and each_time.denominator == 1 else supply


def dispensed_portions(quantity: Quantity, product: Product, vocabulary: DosingVocabulary) -> Readings:
    """What was dispensed, in the unit of the dose, or why that is not known. Never raises.

    A box, a vial or a strip of tablets, a bare number of a liquid, and one "each" hold an unknown number of units.
    """
    unit = vocabulary.unit(quantity.unit) or vocabulary.unit(quantity.code)
    counted = counted_unit(product, vocabulary)
    if _counts_pieces(quantity, vocabulary):
        liquid = _is_liquid(product) or (counted is not None and counted.id == MILLILITRE)
        if quantity.value <= ONE or (liquid and not product.package_millilitres):
            return Refusal(Reason.SUPPLY_WITHOUT_UNIT)
    elif unit is not None and unit.kind is UnitKind.COUNTABLE and not _is_liquid(product):
        alike = TAKEN_SINGLY if counted is None or counted.id in TAKEN_SINGLY else frozenset({counted.id, PILL})
        if unit.id not in alike:
            return Refusal(Reason.SUPPLY_OF_ANOTHER_UNIT, unit.short)
    return measure(quantity, product, vocabulary)


def _is_liquid(product: Product) -> bool:
    """Whether the strength is that of a volume or a weight, or of a unit that holds a volume."""
    strength = product.ingredients[0].strength
    poured = strength is not None and strength.per in (Per.MILLILITRE, Per.GRAM)
    return poured or product.package_millilitres is not None


def is_of_each(quantity: Quantity, vocabulary: DosingVocabulary) -> bool:
    """Whether a quantity is stated in "each", which may be packages; a number alone is not."""
    return bool(quantity.unit or quantity.code) and _counts_pieces(quantity, vocabulary)


def _counts_pieces(quantity: Quantity, vocabulary: DosingVocabulary) -> bool:
    """Whether a quantity is a number alone or of "each", which may be of packages."""
    if not (quantity.unit or quantity.code):
        return True
    known = [vocabulary.unit(spelling) for spelling in (quantity.unit, quantity.code) if spelling]
    return all(unit is not None and unit.id == EACH for unit in known)


@memoised
def dispensed_average(
    supply: Supply | None, product: Product, vocabulary: DosingVocabulary
) -> DispensedAverage | Refusal | None:
    """The dispensed average, or why it gives none; None where nothing was supplied. Never raises."""
    if supply is None or supply.quantity is None:
        return None
    if supply.days is None or supply.days <= 0:
        return Refusal(Reason.NO_DAYS_OF_SUPPLY)
    plausible = vocabulary.plausible
    if supply.days > plausible.days_of_supply_at_most.value:
        return Refusal(Reason.IMPLAUSIBLE_DAYS, figure(supply.days))
    readings = dispensed_portions(supply.quantity, product, vocabulary)
    if isinstance(readings, Refusal):
        return readings
    high = max(readings, key=lambda portion: portion.size)
    low = min(readings, key=lambda portion: portion.size)
    units: Range | None = None
    if low.units and high.units:
        units = (low.units / supply.days, high.units / supply.days)
    least = plausible.pieces_a_day_at_least.value if is_of_each(supply.quantity, vocabulary) else ZERO
    if units and not least <= units[1] <= units_limit(high, product, vocabulary):
        return Refusal(Reason.IMPLAUSIBLE_SUPPLY, figure(units[1]))
    by_agent = {
        agent: (low.by_agent.get(agent, amount) / supply.days, amount / supply.days)
        for agent, amount in high.by_agent.items()
    }
    words = f"{high.words} for {counted(supply.days, vocabulary.period_names[DAY])}"
    return DispensedAverage(Intake(by_agent, units, high.hourly), words, high.assumptions)
