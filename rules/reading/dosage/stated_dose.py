"""The one dose of a dosage line, however often it is stated.

Some records state a dose several times (as ordered, as calculated, as administered): that is one dose in different
units. One statement is used, never their sum; where they contradict each other, the larger and the smaller are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.model import Dosage, DoseEntry, Quantity
from rules.numbers.quantity import ONE, ZERO
from rules.numbers.text import figure
from rules.reading.dosage.other_reading import other_reading
from rules.reading.dosage.portion import Obstacle, Portion, Unmeasured, measure
from rules.reading.dosage.schedule import RANGE_AT_MAXIMUM
from rules.reading.product.product import Product
from rules.reading.wording.numbers import in_digits, number
from rules.reading.wording.prose import listed

DOSES_DIFFER = "doses-differ"

# How far a kind of statement is believed when the kinds agree: what the prescriber ordered comes first.
PREFERRED_KINDS = ("ordered", "calculated", "admin-amount")


@dataclass(frozen=True, slots=True)
class StatedDose:
    """One dose from its smallest reading, taken ``low_factor`` (0 or 1) times, to its largest.

    ``other`` is what else the largest may mean, should it turn out to be implausible.
    """

    low: Portion
    high: Portion
    low_factor: Fraction
    phrase: str
    assumptions: tuple[str, ...]
    other: Portion | None = None


def read_stated_dose(line: Dosage, product: Product, vocabulary: DosingVocabulary) -> StatedDose | Unmeasured:
    """The dose of a line, or why there is none. Never raises."""
    read: list[tuple[int, StatedDose]] = []
    obstacles: list[Unmeasured] = []
    told: dict[tuple[Quantity | None, Quantity | None, bool], StatedDose | Unmeasured] = {}
    for entry in line.doses:
        # Who stated it makes no difference to what it comes to.
        stated = (entry.low, entry.high, entry.is_rate)
        dose = told.get(stated) or told.setdefault(stated, _read_entry(entry, product, vocabulary))
        if isinstance(dose, Unmeasured):
            obstacles.append(dose)
        else:
            read.append((_rank(entry, vocabulary), dose))
    if not read:
        telling = [each for each in obstacles if each.obstacle is not Obstacle.UNKNOWN]
        return next(iter(telling + obstacles), Unmeasured(Obstacle.UNKNOWN, "no dose is given"))
    if not read[1:]:
        return read[0][1]
    read.sort(key=_preference)
    first = read[0][1]
    others = [dose for _, dose in read if dose.high.hourly == first.high.hourly]
    high = max(others, key=_largest)
    low = min(others, key=_smallest)
    if _largest(high) == _largest(first) and _smallest(low) == _smallest(first):
        units = first if first.high.units is not None else next((each for each in others if each.high.units), first)
        return StatedDose(units.low, units.high, first.low_factor, first.phrase, first.assumptions, units.other)
    assumptions = (*first.assumptions, *high.assumptions, DOSES_DIFFER)
    phrase = f"{high.phrase} (also given as {listed(_others(high, others))})"
    return StatedDose(low.low, high.high, low.low_factor, phrase, tuple(dict.fromkeys(assumptions)), high.other)


def _others(chosen: StatedDose, doses: list[StatedDose]) -> list[str]:
    return list(dict.fromkeys(dose.phrase for dose in doses if dose.phrase != chosen.phrase))


def _read_entry(entry: DoseEntry, product: Product, vocabulary: DosingVocabulary) -> StatedDose | Unmeasured:
    largest, smallest = entry.high or entry.low, entry.low
    if largest is None:
        return Unmeasured(Obstacle.UNKNOWN, "no dose is given")
    highs = measure(largest, product, vocabulary)
    if isinstance(highs, Unmeasured):
        return highs
    high = max(highs, key=total)
    if entry.is_rate and not high.hourly:
        return Unmeasured(Obstacle.INFUSION, "a dose per hour is an infusion")
    lows = measure(smallest, product, vocabulary) if smallest is not None else highs
    if isinstance(lows, Unmeasured):
        # A range whose lower end is zero, or is not readable, starts from nothing.
        smallest, lows = None, highs
    low = min(lows, key=total)
    otherwise = _or_else(highs, high)
    if smallest is not None and total(low) > total(high):
        # Ends in different units: which is the larger shows only in milligrams.
        low, high, smallest, largest = high, low, largest, smallest
    phrase = _range_phrase(smallest, largest, low, high, vocabulary)
    phrase += otherwise
    assumptions = [*high.assumptions]
    if smallest is None or smallest.value != largest.value:
        assumptions.append(RANGE_AT_MAXIMUM)
    return StatedDose(
        low,
        high,
        ONE if smallest is not None else ZERO,
        phrase,
        tuple(dict.fromkeys(assumptions)),
        other_reading(largest, high, product, vocabulary),
    )


def _range_phrase(
    smallest: Quantity | None, largest: Quantity, low: Portion, high: Portion, vocabulary: DosingVocabulary
) -> str:
    if smallest is None:
        return f"up to {high.phrase}"
    if smallest.value == largest.value:
        return high.phrase
    if low.unit is None or low.unit != high.unit:
        same = (smallest.unit, smallest.code) == (largest.unit, largest.code)
        return f"{figure(smallest.value)} to {high.phrase}" if same else f"{low.phrase} to {high.phrase}"
    first = number(smallest.value, vocabulary)
    if in_digits(high.phrase) or in_digits(first):
        first = figure(smallest.value)
    return f"{first} to {high.phrase}"


def _or_else(readings: tuple[Portion, ...], chosen: Portion) -> str:
    """The other ways in which one quantity may be meant, in brackets."""
    others = dict.fromkeys(each.phrase for each in readings if each.phrase != chosen.phrase)
    return f" (or {listed(others)})" if others else ""


def _rank(entry: DoseEntry, vocabulary: DosingVocabulary) -> int:
    """The place of a statement of the dose: mass first, then by who stated it."""
    quantity = entry.high or entry.low
    unit = vocabulary.unit(quantity.code) or vocabulary.unit(quantity.unit) if quantity else None
    kind = (entry.kind or "").lower()
    place = PREFERRED_KINDS.index(kind) if kind in PREFERRED_KINDS else len(PREFERRED_KINDS)
    return place if unit is not None and unit.kind is UnitKind.MASS else place + len(PREFERRED_KINDS) + 1


def _preference(pair: tuple[int, StatedDose]) -> tuple[int, Fraction]:
    return pair[0], -_largest(pair[1])


def total(portion: Portion) -> Fraction:
    """The size of a portion, to order readings of one product by."""
    return sum(portion.by_agent.values(), ZERO)


def _largest(dose: StatedDose) -> Fraction:
    return total(dose.high)


def _smallest(dose: StatedDose) -> Fraction:
    return total(dose.low) * dose.low_factor
