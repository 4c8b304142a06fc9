"""What one dose holds: a quantity as written, with the strength of the product, in milligrams of each agent.

A quantity may be read in more than one way (a bare number of a prefilled syringe, a unit that contradicts its code);
then every reading is returned, and the caller keeps the largest and the smallest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Unit, UnitKind
from rules.knowledge.listed_product import Per
from rules.model import Quantity
from rules.numbers.memo import memoised
from rules.numbers.quantity import MICROGRAMS_PER_MILLIGRAM, MILLIGRAMS_PER
from rules.numbers.text import figure
from rules.reading.product.product import Product
from rules.reading.wording.portion import concentration, described, volume_words
from rules.reading.wording.prose import listed

BARE_NUMBER = "bare-number-read-as-units"
UNIT_AND_CODE_DIFFER = "unit-and-code-differ"
COMBINATION_BY_ONE = "combination-dose-by-one-ingredient"
PATCH_MASS_AS_HOURLY = "patch-dose-read-as-hourly"
PART_NOT_READ = "part-of-dosage-not-read"
UNIT_NOT_OF_FORM = "unit-does-not-fit-form"

PATCH = "patch"
MILLILITRE = "millilitre"

GRAM = "g"
EACH = "each"


@dataclass(frozen=True, slots=True)
class Portion:
    """One dose: mg of each agent, or micrograms an hour where ``hourly`` (a patch worn); ``units`` as they are counted
    (millilitres for a liquid), None where not known."""

    by_agent: Mapping[str, Fraction]
    units: Fraction | None
    phrase: str
    hourly: bool = False
    unit: str | None = None
    assumptions: tuple[str, ...] = ()


class Obstacle(StrEnum):
    """Why a quantity gives no dose."""

    UNKNOWN = "unknown"
    BY_WEIGHT = "by-weight"
    INFUSION = "infusion"


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A quantity that gives no dose, and in plain words why."""

    obstacle: Obstacle
    why: str


@memoised
def measure(quantity: Quantity, product: Product, vocabulary: DosingVocabulary) -> tuple[Portion, ...] | Unmeasured:
    """Every reading of a quantity of a product (at least one), or why there is none. Never raises."""
    if quantity.value <= 0:
        return Unmeasured(Obstacle.UNKNOWN, "the stated dose is not above zero")
    coded, spelled = vocabulary.unit(quantity.code), vocabulary.unit(quantity.unit)
    if coded is None and spelled is None:
        stated = quantity.unit or quantity.code
        if stated:
            return Unmeasured(Obstacle.UNKNOWN, f"the unit “{stated}” is not known")
        return _bare(quantity.value, product, vocabulary)
    if coded and spelled and (coded.kind, coded.size) != (spelled.kind, spelled.size):
        both = [_in_unit(quantity.value, unit, product, vocabulary) for unit in (spelled, coded)]
        read = tuple(portion for reading in both if not isinstance(reading, Unmeasured) for portion in reading)
        return _assuming(read, UNIT_AND_CODE_DIFFER) if read else both[0]
    unit = spelled or coded
    return _in_unit(quantity.value, unit, product, vocabulary) if unit else _bare(quantity.value, product, vocabulary)


def counted_unit(product: Product, vocabulary: DosingVocabulary) -> Unit | None:
    """The unit in which a product is counted, by its dose form; None if the form is not known."""
    form = vocabulary.dose_form(product.form)
    return vocabulary.unit(form.unit) if form else None


def _in_unit(
    value: Fraction, unit: Unit, product: Product, vocabulary: DosingVocabulary
) -> tuple[Portion, ...] | Unmeasured:
    match unit.kind:
        case UnitKind.MASS:
            return _mass(value, unit, product)
        case UnitKind.VOLUME:
            return _volume(value * unit.size, volume_words(value, unit, vocabulary), product)
        case UnitKind.COUNTABLE | UnitKind.ACTUATION:
            return _count(value, unit, product, vocabulary)
        case UnitKind.RATE:
            return _rate(value * unit.size, product)
        case UnitKind.BY_WEIGHT:
            return Unmeasured(Obstacle.BY_WEIGHT, "the dose depends on body weight")
        case UnitKind.FLOW:
            return Unmeasured(Obstacle.INFUSION, "a volume per hour is an infusion")
        case UnitKind.DROP:
            return Unmeasured(Obstacle.UNKNOWN, "a dose in drops has no stated volume")
        case UnitKind.DOSE:
            return Unmeasured(Obstacle.UNKNOWN, "what one dose is, is not given")


def _mass(value: Fraction, unit: Unit, product: Product) -> tuple[Portion, ...] | Unmeasured:
    milligrams = value * unit.size
    phrase = f"{figure(value)} {unit.short}"
    per = _per(product)
    if per is Per.GRAM and unit.size == MILLIGRAMS_PER[GRAM]:
        return _times(value, product, f"{phrase}{concentration(product)}", None)
    if per is Per.HOUR:
        return _rate(milligrams * MICROGRAMS_PER_MILLIGRAM, product, PATCH_MASS_AS_HOURLY)
    first, *others = product.ingredients
    if not others:
        units = milligrams / first.strength.milligrams if first.strength else None
        return (Portion({first.agent: milligrams}, units, phrase),)
    found: list[Portion] = []
    for ingredient in product.ingredients:
        if ingredient.strength is None:
            continue
        count = milligrams / ingredient.strength.milligrams
        if count.denominator == 1:
            reading = _times(count, product, f"{phrase} of {ingredient.agent}", None)
            if not isinstance(reading, Unmeasured):
                found.extend(_assuming(reading, COMBINATION_BY_ONE))
    if not found:
        return Unmeasured(Obstacle.UNKNOWN, f"{phrase} does not say which ingredient it means")
    return tuple(found)


def _volume(millilitres: Fraction, phrase: str, product: Product) -> tuple[Portion, ...] | Unmeasured:
    per = _per(product)
    if per is Per.MILLILITRE:
        return _times(millilitres, product, f"{phrase}{concentration(product)}", MILLILITRE)
    if per in (Per.UNIT, Per.ACTUATION) and product.package_millilitres:
        return _times(millilitres / product.package_millilitres, product, f"{phrase}{concentration(product)}", None)
    return Unmeasured(Obstacle.UNKNOWN, "the strength per mL is not known")


def _count(
    value: Fraction, unit: Unit, product: Product, vocabulary: DosingVocabulary
) -> tuple[Portion, ...] | Unmeasured:
    per = _per(product)
    counted = counted_unit(product, vocabulary)
    misfit = counted is not None and PATCH in (unit.id, counted.id) and unit.id not in (counted.id, EACH)
    if counted is not None and misfit:
        unit = counted
    phrase = described(value, unit, product, vocabulary)
    if per is None:
        return Unmeasured(Obstacle.UNKNOWN, "the strength is not known")
    if per is Per.MILLILITRE:
        if product.package_millilitres:
            return _times(value * product.package_millilitres, product, phrase, None)
        return Unmeasured(Obstacle.UNKNOWN, f"what one {unit.short} of this liquid holds is not known")
    if per is Per.GRAM:
        return Unmeasured(Obstacle.UNKNOWN, f"what one {unit.short} weighs is not known")
    portions = _times(value, product, phrase, unit.id)
    return _assuming(portions, UNIT_NOT_OF_FORM) if misfit and not isinstance(portions, Unmeasured) else portions


def _bare(value: Fraction, product: Product, vocabulary: DosingVocabulary) -> tuple[Portion, ...] | Unmeasured:
    """A number without a unit: tablets, patches, sprays; millilitres of a liquid."""
    counted = counted_unit(product, vocabulary)
    each = counted if counted and counted.kind in (UnitKind.COUNTABLE, UnitKind.ACTUATION) else vocabulary.unit(EACH)
    found: list[Portion] = []
    why: Unmeasured | None = None
    readings: list[tuple[Portion, ...] | Unmeasured] = []
    if _per(product) is Per.MILLILITRE:
        readings.append(_volume(value, volume_words(value, vocabulary.unit(MILLILITRE), vocabulary), product))
    if each and (_per(product) is not Per.MILLILITRE or product.package_millilitres):
        readings.append(_count(value, each, product, vocabulary))
    for reading in readings:
        if isinstance(reading, Unmeasured):
            why = why or reading
        else:
            found.extend(_assuming(reading, BARE_NUMBER))
    return tuple(found) if found else why or Unmeasured(Obstacle.UNKNOWN, "the dose has no unit")


def _rate(micrograms: Fraction, product: Product, *assumptions: str) -> tuple[Portion, ...] | Unmeasured:
    """A dose stated per hour: what a patch delivers; of anything else, an infusion."""
    if _per(product) is not Per.HOUR:
        return Unmeasured(Obstacle.INFUSION, "a dose per hour is an infusion")
    first, *others = product.ingredients
    if others or first.strength is None:
        return Unmeasured(Obstacle.UNKNOWN, "a dose per hour does not say which ingredient it means")
    worn = micrograms / (first.strength.milligrams * MICROGRAMS_PER_MILLIGRAM)
    phrase = f"{figure(micrograms)} micrograms an hour by patch"
    return (Portion({first.agent: micrograms}, worn, phrase, hourly=True, assumptions=assumptions),)


def _times(count: Fraction, product: Product, phrase: str, unit: str | None) -> tuple[Portion, ...] | Unmeasured:
    """``count`` of whatever the strength is stated for, of every ingredient whose strength is known."""
    hourly = _per(product) is Per.HOUR
    scale = MICROGRAMS_PER_MILLIGRAM if hourly else MILLIGRAMS_PER["mg"]
    amounts = {
        ingredient.agent: count * ingredient.strength.milligrams * scale
        for ingredient in product.ingredients
        if ingredient.strength
    }
    if not amounts:
        return Unmeasured(Obstacle.UNKNOWN, "the strength is not known")
    missing = [ingredient.agent for ingredient in product.ingredients if ingredient.strength is None]
    if missing:
        phrase += f" (the strength of {listed(missing)} is not known)"
    partly = (PART_NOT_READ,) if missing else ()
    return (Portion(amounts, count, phrase, hourly=hourly, unit=unit, assumptions=partly),)


def _per(product: Product) -> Per | None:
    """What the product's strengths are stated for; None where no strength is known."""
    return next((ingredient.strength.per for ingredient in product.ingredients if ingredient.strength), None)


def _assuming(portions: tuple[Portion, ...], assumption: str) -> tuple[Portion, ...]:
    return tuple(
        Portion(each.by_agent, each.units, each.phrase, each.hourly, each.unit, (*each.assumptions, assumption))
        for each in portions
    )
