"""What is dispensed: how long it lasts by its days' supply, and by its units at the dose of the order."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Plausible
from rules.model import Supply
from rules.numbers.memo import LazyValues, lazy, memoised
from rules.numbers.quantity import ONE
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.reading.dosage.dispensed import dispensed_portions, is_of_each
from rules.reading.product.product import Product
from rules.reading.wording.refusals import Refusal


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


@dataclass(frozen=True, slots=True, eq=False)
class SuppliedLength(LazyValues):
    """How long what is dispensed lasts.

    Attributes:
        supply: what is dispensed; None where nothing is stated.
        times: how often it is dispensed in all, at least once.
        product: what it is of; None where that was not identified.
        vocabulary: the units, and the bounds of plausible supplies.
        fill_days: the days' supply of one fill; None where not stated or not believed.
        not_believed: whether days' supply or repeats are more than is believed.
    """

    supply: Supply | None
    times: Fraction
    product: Product | None
    vocabulary: DosingVocabulary
    fill_days: Fraction | None = None
    not_believed: bool = False

    @property
    def days(self) -> Fraction | None:
        """The days' supply, all fills together; None where not stated or not believed."""
        return None if self.fill_days is None else self.fill_days * self.times

    @property
    def refilled(self) -> bool:
        """Whether it is dispensed again."""
        return self.times > ONE

    @lazy
    def fill(self) -> Fill | None:
        """What is dispensed at a time, in the unit of the dose; None where not known."""
        quantity = None if self.supply is None else self.supply.quantity
        if quantity is None or self.product is None or _too_often(self.times - ONE, self.vocabulary):
            return None
        readings = dispensed_portions(quantity, self.product, self.vocabulary)
        if isinstance(readings, Refusal):
            return None
        largest = max(readings, key=lambda portion: portion.size)
        if largest.units is None:
            return None
        pieces = is_of_each(quantity, self.vocabulary)
        return Fill(largest.units, self.times, self.fill_days, pieces, self.vocabulary.plausible)


@memoised
def supplied_length(
    supply: Supply | None, repeats: Fraction, product: Product | None, vocabulary: DosingVocabulary
) -> SuppliedLength:
    """How long what is dispensed lasts, again so many times (``repeats``). Never raises."""
    stated = None if supply is None else supply.days
    too_long = stated is not None and stated > vocabulary.plausible.days_of_supply_at_most.value
    not_believed = too_long or _too_often(repeats, vocabulary)
    days = None if not_believed else stated or None
    return SuppliedLength(supply, ONE + repeats, product, vocabulary, days, not_believed)


def _too_often(repeats: Fraction, vocabulary: DosingVocabulary) -> bool:
    return repeats > vocabulary.plausible.repeats_at_most.value
