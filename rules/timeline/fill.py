"""One fill of what is dispensed: how long its units last at the dose of the order, and when that is not believed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import Plausible
from rules.numbers.quantity import ONE
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose


@dataclass(frozen=True, slots=True)
class Fill:
    """What is dispensed at a time.

    Attributes:
        units: the units of it, in the unit of the dose.
        times: how often it is dispensed in all, at least once.
        days: the days' supply of one fill; None where not stated or not believed.
        in_pieces: whether the source counts pieces ("2 each"), which may be packages.
        plausible: the bounds of plausible supplies.
    """

    units: Fraction
    times: Fraction
    days: Fraction | None
    in_pieces: bool
    plausible: Plausible

    def days_of_use(self, dose: DailyDose | NoDailyDose) -> Fraction | None:
        """The days that all fills last at the daily units of the order; None where not known or not believed."""
        return None if self.is_doubted(dose) else _days(self.units * self.times, dose)

    def is_doubted(self, dose: DailyDose | NoDailyDose) -> bool:
        """Whether the units are too few to be a count of what is taken: they may be packages, or of another unit.

        They are where one fill lasts a day or less, or a few days though it is dispensed again or said to last longer;
        and where they come to hardly any a day of the days' supply. Few units for many days are no doubt of an order
        as needed, unless they are pieces.
        """
        lasts = _days(self.units, dose)
        if lasts is None or not isinstance(dose, DailyDose) or (self.days is not None and lasts >= self.days):
            return False
        if lasts <= self.plausible.fill_days_above.value:
            return not (dose.as_needed and self.days is not None and not self.in_pieces)
        few = lasts <= self.plausible.refilled_days_above.value
        longer = self.days is not None and not dose.as_needed
        if few and (longer or (self.times > ONE and self.days is None)):
            return True
        least = self.plausible.pieces_a_day_at_least if self.in_pieces else self.plausible.supply_a_day_at_least
        return self.days is not None and self.units < least.value * self.days and (self.in_pieces or longer)


def _days(units: Fraction, dose: DailyDose | NoDailyDose) -> Fraction | None:
    """The days that units last at a daily dose; None where it is not known in units."""
    if not isinstance(dose, DailyDose) or dose.units is None or dose.units.used <= 0:
        return None
    return units / dose.units.used
