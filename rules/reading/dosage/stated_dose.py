"""The dose of a dosage line, however often it is stated, cut to the maximum for one administration.

Some records state a dose several times (as ordered, as calculated, as administered): that is one dose in different
units. One statement is used, never their sum; where they contradict each other, the larger and the smaller are kept.

A maximum for one administration limits what is taken at a time, and a day only through the rate. Where no dose is
stated, anything up to it is permitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import PARENTERAL, DosingVocabulary, UnitKind, normalised
from rules.model import Dosage, DoseEntry, Quantity, Timing
from rules.numbers.quantity import DAYS_PER, ONE, ZERO
from rules.numbers.text import figure
from rules.reading.dosage.line import PART_NOT_READ, RANGE_AT_MAXIMUM, WITHOUT_UPPER_END, Portion, StatedDose
from rules.reading.dosage.portion import measure, other_reading
from rules.reading.product.product import Product
from rules.reading.wording.numbers import number_word
from rules.reading.wording.prose import UP_TO, listed
from rules.reading.wording.refusals import Reason, Refusal

DOSES_DIFFER = "doses-differ"
LIMITED_AT_A_TIME = "limited-at-a-time"
MAXIMUM_NOT_READ = "maximum-at-a-time-not-read"
AT_LEAST = "at least "

# Kinds of statements by precedence: what the prescriber ordered first.
PREFERRED_KINDS = ("ordered", "calculated", "admin-amount")


def read_stated_dose(line: Dosage, product: Product, vocabulary: DosingVocabulary) -> StatedDose | Refusal:
    """The dose of a line, cut to what may be taken at a time; or why there is none. Never raises."""
    dose = _dose_of(line.doses, product, vocabulary)
    if line.single_maximum is None:
        return dose
    most = _dose_of((DoseEntry(None, None, line.single_maximum),), product, vocabulary)
    if isinstance(dose, Refusal):
        return most if isinstance(most, StatedDose) and dose.is_unknown else dose
    if isinstance(most, Refusal) or most.high.hourly != dose.high.hourly:
        return replace(dose, assumptions=(*dose.assumptions, MAXIMUM_NOT_READ))
    if dose.largest <= most.largest:
        return dose
    return StatedDose(
        low=min(dose.low, most.high, key=_size),
        high=most.high,
        low_factor=dose.low_factor,
        words=f"{dose.words}, at most {most.high.words} at a time",
        assumptions=(*dose.assumptions, LIMITED_AT_A_TIME),
    )


def _dose_of(entries: Sequence[DoseEntry], product: Product, vocabulary: DosingVocabulary) -> StatedDose | Refusal:
    """The dose of several statements of it, or why there is none."""
    read: list[tuple[int, StatedDose]] = []
    refusals: list[Refusal] = []
    by_amount: dict[tuple[Quantity | None, Quantity | None, bool], StatedDose | Refusal] = {}
    for entry in entries:
        # Who stated it makes no difference to the amount.
        amount = (entry.low, entry.high, entry.is_rate)
        dose = by_amount.get(amount) or by_amount.setdefault(amount, _read_entry(entry, product, vocabulary))
        if isinstance(dose, Refusal):
            refusals.append(dose)
        else:
            read.append((_rank(entry, vocabulary), dose))
    if not read:
        certain = [refusal for refusal in refusals if not refusal.is_unknown]
        return next(iter(certain + refusals), Refusal(Reason.NO_DOSE))
    if not read[1:]:
        return read[0][1]
    read.sort(key=_preference)
    first = read[0][1]
    doses = [dose for _, dose in read if dose.high.hourly == first.high.hourly]
    high = max(doses, key=lambda dose: dose.largest)
    low = min(doses, key=lambda dose: dose.smallest)
    if high.largest == first.largest and low.smallest == first.smallest:
        counted = first if first.high.units is not None else next((dose for dose in doses if dose.high.units), first)
        return replace(first, low=counted.low, high=counted.high, other=counted.other)
    others = dict.fromkeys(dose.words for dose in doses if dose.words != high.words)
    return StatedDose(
        low=low.low,
        high=high.high,
        low_factor=low.low_factor,
        words=f"{high.words} (also given as {listed(others)})",
        assumptions=tuple(dict.fromkeys((*first.assumptions, *high.assumptions, DOSES_DIFFER))),
        other=high.other,
    )


def _read_entry(entry: DoseEntry, product: Product, vocabulary: DosingVocabulary) -> StatedDose | Refusal:
    largest, smallest = entry.high or entry.low, entry.low
    if largest is None:
        return Refusal(Reason.NO_DOSE)
    highs = measure(largest, product, vocabulary)
    if isinstance(highs, Refusal):
        return highs
    high = max(highs, key=_size)
    if entry.is_rate and not high.hourly:
        return Refusal(Reason.DOSE_PER_HOUR if high.unit is None else Reason.RATE_OF_UNITS)
    lows = measure(smallest, product, vocabulary) if smallest is not None else highs
    if isinstance(lows, Refusal):
        # A range whose lower end is zero, or is not readable, starts from nothing.
        smallest, lows = None, highs
    low = min(lows, key=_size)
    also = _in_brackets(highs, high)
    if smallest is not None and low.size > high.size:
        # Ends in different units: which is the larger shows only in milligrams.
        low, high, smallest, largest = high, low, largest, smallest
    assumptions = [*high.assumptions]
    at_least = entry.high is None and not entry.is_rate
    if at_least:
        # A low end alone: more may be taken.
        assumptions += [WITHOUT_UPPER_END, PART_NOT_READ]
    if smallest is None or smallest.value != largest.value:
        assumptions.append(RANGE_AT_MAXIMUM)
    return StatedDose(
        low=low,
        high=high,
        low_factor=ONE if smallest is not None else ZERO,
        words=f"{AT_LEAST if at_least else ''}{_range_words(smallest, largest, low, high, vocabulary)}{also}",
        assumptions=tuple(dict.fromkeys(assumptions)),
        other=other_reading(largest, high, product, vocabulary),
    )


def _range_words(
    smallest: Quantity | None, largest: Quantity, low: Portion, high: Portion, vocabulary: DosingVocabulary
) -> str:
    """``up to 2 mg``; ``one to two 1 mg tablets``, ``0.5 to 2 mg``: both ends in words, or both in digits."""
    if smallest is None:
        return f"{UP_TO}{high.words}"
    if smallest.value == largest.value:
        return high.words
    if low.unit is None or low.unit != high.unit:
        one_unit = (smallest.unit, smallest.code) == (largest.unit, largest.code)
        return f"{figure(smallest.value) if one_unit else low.words} to {high.words}"
    first = None if high.in_digits else number_word(smallest.value, vocabulary)
    return f"{first or figure(smallest.value)} to {high.words}"


def _in_brackets(readings: tuple[Portion, ...], chosen: Portion) -> str:
    """The other readings of a quantity."""
    others = dict.fromkeys(portion.words for portion in readings if portion.words != chosen.words)
    return f" (or {listed(others)})" if others else ""


def _rank(entry: DoseEntry, vocabulary: DosingVocabulary) -> int:
    """The precedence of a statement of the dose: a mass first, then by who stated it."""
    quantity = entry.high or entry.low
    unit = vocabulary.unit(quantity.code) or vocabulary.unit(quantity.unit) if quantity else None
    kind = (entry.kind or "").lower()
    rank = PREFERRED_KINDS.index(kind) if kind in PREFERRED_KINDS else len(PREFERRED_KINDS)
    return rank if unit is not None and unit.kind is UnitKind.MASS else rank + len(PREFERRED_KINDS) + 1


def _preference(ranked: tuple[int, StatedDose]) -> tuple[int, Fraction]:
    rank, dose = ranked
    return rank, -dose.largest


def _size(portion: Portion) -> Fraction:
    return portion.size


def with_rate_as_dose(line: Dosage, vocabulary: DosingVocabulary) -> Dosage:
    """A line whose only dose is a rate a day: so much is taken in each; "3 tablets/d" is no infusion.

    So much an hour is one where it is of what is counted; a mass an hour is an infusion.
    """
    if len(line.doses) != 1:
        return line
    (entry,) = line.doses
    stated = entry.high or entry.low
    if stated is None or not entry.is_rate:
        return line
    amount, slash, time = (stated.code or stated.unit or "").rpartition("/")
    unit, period = vocabulary.unit(amount), vocabulary.periods.get(normalised(time))
    counted = unit is not None and unit.kind is UnitKind.COUNTABLE
    if not slash or unit is None or period is None or vocabulary.unit(stated.code or stated.unit) is not None:
        return line
    if not counted and (DAYS_PER[period] < ONE or PARENTERAL in vocabulary.route_ids(line.route, line.route_codes)):
        return line
    low, high = (None if end is None else Quantity(end.value, amount) for end in (entry.low, entry.high))
    dose = replace(entry, low=low, high=high, is_rate=False)
    timing = (line.timing or Timing()).replaced(frequency=ONE, period=ONE, period_unit=period)
    return line.replaced(doses=(dose,), timing=timing)
