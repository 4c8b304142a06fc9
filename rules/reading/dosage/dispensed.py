"""What was dispensed, as an average a day: quantity over days' supply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.model import Supply
from rules.numbers.memo import memoised
from rules.numbers.quantity import DAYS_PER, ONE
from rules.numbers.text import figure
from rules.reading.dosage.dose_bounds import units_limit
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.portion import Portion, Unmeasured, measure
from rules.reading.product.product import Product
from rules.reading.wording.numbers import DAY, counted

FROM_SUPPLY = "from-quantity-and-supply"

HOUR = "h"


@dataclass(frozen=True, slots=True)
class DispensedAverage:
    """The dispensed average a day. For patches ``intake`` is as if one were taken up each day: see :meth:`worn`."""

    intake: Intake
    phrase: str
    assumptions: tuple[str, ...]

    def worn(self, interval_days: Fraction | None, vocabulary: DosingVocabulary) -> Intake:
        """The intake, of patches the number worn at a time: one a day for every day that each is worn.

        Where the change interval is not known, at least one is worn, and as many as the shortest usual interval gives.
        """
        if not self.intake.hourly or self.intake.units is None:
            return self.intake
        a_day = self.intake.units[1]
        shortest = interval_days or vocabulary.plausible.patch_change.low * DAYS_PER[HOUR]
        high = max(ONE, a_day * shortest)
        low = high if interval_days else ONE
        each = {agent: amount[1] / a_day for agent, amount in self.intake.by_agent.items()}
        return Intake(
            {agent: (delivered * low, delivered * high) for agent, delivered in each.items()},
            self.intake.units,
            hourly=True,
        )


def lasting(supply: Supply | None, interval_days: Fraction | None, length_days: Fraction | None) -> Supply | None:
    """The supply with the length of its dosage as its days' supply, where the source gives none.

    Only of a single fill that comes to a whole number each time: otherwise the quantity was not made for the length.
    """
    if supply is None or supply.quantity is None or supply.days is not None or supply.repeats:
        return supply
    if not interval_days or not length_days:
        return supply
    each_time = supply.quantity.value * interval_days / length_days
    return replace(supply, days=length_days) if each_time >= ONE and each_time.denominator == 1 else supply


@memoised
def dispensed_average(
    supply: Supply | None, product: Product, vocabulary: DosingVocabulary
) -> DispensedAverage | str | None:
    """The dispensed average; in words why it gives none; None where nothing was supplied. Never raises."""
    if supply is None or supply.quantity is None:
        return None
    if supply.days is None or supply.days <= 0:
        return "days’ supply is not given"
    read = measure(supply.quantity, product, vocabulary)
    if isinstance(read, Unmeasured):
        return read.why
    portion = max(read, key=_total)
    low = min(read, key=_total)
    units = (low.units / supply.days, portion.units / supply.days) if low.units and portion.units else None
    if units and units[1] > units_limit(portion, product, vocabulary):
        return f"quantity and days’ supply give {figure(units[1])} a day, which is not plausible"
    by_agent = {
        agent: (low.by_agent.get(agent, amount) / supply.days, amount / supply.days)
        for agent, amount in portion.by_agent.items()
    }
    phrase = f"{portion.phrase} for {counted(supply.days, vocabulary.period_names[DAY])}"
    return DispensedAverage(Intake(by_agent, units, portion.hourly), phrase, portion.assumptions)


def _total(portion: Portion) -> Fraction:
    return sum(portion.by_agent.values(), Fraction(0))
