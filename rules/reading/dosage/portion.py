"""The contents of one dose: a stated quantity, by the strength of the product, in milligrams of each agent.

A quantity may have several readings (a bare number of a prefilled syringe, a unit that contradicts its code); all are
returned, and the caller keeps the largest and the smallest.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Unit, UnitKind
from rules.knowledge.listed_product import Per, Strength
from rules.model import Quantity
from rules.numbers.memo import memoised
from rules.numbers.quantity import MICROGRAMS_PER_MILLIGRAM, MILLIGRAMS_PER, ONE
from rules.numbers.text import figure
from rules.reading.dosage.line import PART_NOT_READ, Portion
from rules.reading.product.product import Product
from rules.reading.wording.numbers import number_word
from rules.reading.wording.portion import concentration_words, count_words, hourly_words, mass_words, volume_words
from rules.reading.wording.prose import listed
from rules.reading.wording.refusals import Reason, Refusal

BARE_NUMBER = "bare-number-read-as-units"
UNIT_AND_CODE_DIFFER = "unit-and-code-differ"
COMBINATION_BY_ONE = "combination-dose-by-one-ingredient"
PATCH_MASS_AS_HOURLY = "patch-dose-read-as-hourly"
UNIT_NOT_OF_FORM = "unit-does-not-fit-form"

# Ids of units that the reading refers to.
PATCH = "patch"
MILLILITRE = "millilitre"
EACH = "each"
SACHET = "sachet"
GRAM = "g"
MILLIGRAM = "mg"

Readings = tuple[Portion, ...] | Refusal


@memoised
def measure(quantity: Quantity, product: Product, vocabulary: DosingVocabulary) -> Readings:
    """Every reading of a quantity of a product (at least one), or why there is none. Never raises."""
    if quantity.value <= 0:
        return Refusal(Reason.NOT_ABOVE_ZERO)
    coded, spelled = vocabulary.unit(quantity.code), vocabulary.unit(quantity.unit)
    if coded is None and spelled is None:
        stated = quantity.unit or quantity.code
        if stated:
            return Refusal(Reason.UNIT_NOT_KNOWN, stated)
        return _bare(quantity.value, product, vocabulary)
    if coded and spelled and (coded.kind, coded.size) != (spelled.kind, spelled.size):
        both = [_in_unit(quantity.value, unit, product, vocabulary) for unit in (spelled, coded)]
        read = tuple(portion for readings in both if not isinstance(readings, Refusal) for portion in readings)
        return _assuming(read, UNIT_AND_CODE_DIFFER) if read else both[0]
    unit = spelled or coded
    return _in_unit(quantity.value, unit, product, vocabulary) if unit else _bare(quantity.value, product, vocabulary)


def other_reading(
    quantity: Quantity, portion: Portion, product: Product, vocabulary: DosingVocabulary
) -> Portion | None:
    """What else a quantity may mean whose first reading is ``portion``; None where there is nothing.

    A number of tablets, mL or patches may mean milligrams (of a patch: micrograms an hour), milligrams may mean
    micrograms. Whether the first reading is implausible is not asked here. A reading of less than the smallest part
    that is taken of a tablet or patch does not count.
    """
    first, *others = product.ingredients
    unit = vocabulary.unit(quantity.code) or vocabulary.unit(quantity.unit)
    if others or first.strength is None or not portion.units or (unit is not None and unit.kind is UnitKind.RATE):
        return None
    by_mass = unit is not None and unit.kind is UnitKind.MASS
    if by_mass and unit is not None and unit.size != MILLIGRAMS_PER[MILLIGRAM]:
        return None
    amount = portion.by_agent[first.agent]
    read = quantity.value / (MICROGRAMS_PER_MILLIGRAM if by_mass and not portion.hourly else ONE)
    units = read * portion.units / amount
    in_parts = first.strength.per is not Per.MILLILITRE
    if read == amount or (in_parts and units < vocabulary.plausible.smallest_part.value):
        return None
    meant = "micrograms" if by_mass else MILLIGRAM
    if portion.hourly:
        meant = "micrograms an hour"
    return Portion({first.agent: read}, units, f"{figure(quantity.value)} {meant}", portion.hourly)


def counted_unit(product: Product, vocabulary: DosingVocabulary) -> Unit | None:
    """The unit in which a product is counted, by its dose form; None if the form is not known."""
    form = vocabulary.dose_form(product.form)
    return vocabulary.unit(form.unit) if form else None


def _in_unit(value: Fraction, unit: Unit, product: Product, vocabulary: DosingVocabulary) -> Readings:
    match unit.kind:
        case UnitKind.MASS:
            return _mass(value, unit, product, vocabulary)
        case UnitKind.VOLUME:
            in_digits = unit.size == ONE or number_word(value, vocabulary) is None
            return _volume(value * unit.size, volume_words(value, unit, vocabulary), product, in_digits=in_digits)
        case UnitKind.COUNTABLE | UnitKind.ACTUATION:
            return _count(value, unit, product, vocabulary)
        case UnitKind.RATE:
            return _rate(value * unit.size, product)
        case UnitKind.BY_WEIGHT:
            return Refusal(Reason.BY_WEIGHT)
        case UnitKind.FLOW:
            return Refusal(Reason.VOLUME_PER_HOUR)
        case UnitKind.DROP:
            return Refusal(Reason.NO_DROP_VOLUME)
        case UnitKind.DOSE:
            return Refusal(Reason.NO_DOSE_SIZE)


def _mass(value: Fraction, unit: Unit, product: Product, vocabulary: DosingVocabulary) -> Readings:
    milligrams = value * unit.size
    words = mass_words(value, unit)
    per = _per(product)
    if per is Per.GRAM and unit.size == MILLIGRAMS_PER[GRAM]:
        return _times(value, product, f"{words}{_concentration(product)}", None)
    counted = counted_unit(product, vocabulary)
    if per is None and unit.size == MILLIGRAMS_PER[GRAM] and counted is not None and counted.id == SACHET:
        # Grams of a powder are no grams of its agent.
        return Refusal(Reason.NO_STRENGTH)
    if per is Per.HOUR:
        return _rate(milligrams * MICROGRAMS_PER_MILLIGRAM, product, PATCH_MASS_AS_HOURLY)
    first, *others = product.ingredients
    if not others:
        units = milligrams / first.strength.milligrams if first.strength else None
        return (Portion({first.agent: milligrams}, units, words),)
    found: list[Portion] = []
    for ingredient in product.ingredients:
        if ingredient.strength is None:
            continue
        count = milligrams / ingredient.strength.milligrams
        if count.denominator == 1:
            readings = _times(count, product, f"{words} of {ingredient.agent}", None)
            if not isinstance(readings, Refusal):
                found.extend(_assuming(readings, COMBINATION_BY_ONE))
    return tuple(found) if found else Refusal(Reason.WHICH_INGREDIENT, words)


def _volume(millilitres: Fraction, words: str, product: Product, *, in_digits: bool = True) -> Readings:
    per = _per(product)
    words += _concentration(product)
    if per is Per.MILLILITRE:
        return _times(millilitres, product, words, MILLILITRE, in_digits=in_digits)
    if per in (Per.UNIT, Per.ACTUATION) and product.package_millilitres:
        return _times(millilitres / product.package_millilitres, product, words, None)
    return Refusal(Reason.NO_STRENGTH_PER_ML)


def _count(value: Fraction, unit: Unit, product: Product, vocabulary: DosingVocabulary) -> Readings:
    per, millilitres = _per(product), product.package_millilitres
    counted = counted_unit(product, vocabulary)
    misfit = counted is not None and PATCH in (unit.id, counted.id) and unit.id not in (counted.id, EACH)
    if counted is not None and misfit:
        unit = counted
    if per is None:
        return Refusal(Reason.NO_STRENGTH)
    if per is Per.MILLILITRE and not millilitres:
        return Refusal(Reason.NO_UNIT_VOLUME, unit.short)
    if per is Per.GRAM:
        return Refusal(Reason.NO_UNIT_WEIGHT, unit.short)
    words = count_words(value, unit, _only_strength(product), millilitres, vocabulary)
    if per is Per.MILLILITRE and millilitres:
        return _times(value * millilitres, product, words, None)
    readings = _times(value, product, words, unit.id, in_digits=number_word(value, vocabulary) is None)
    return _assuming(readings, UNIT_NOT_OF_FORM) if misfit and not isinstance(readings, Refusal) else readings


def _bare(value: Fraction, product: Product, vocabulary: DosingVocabulary) -> Readings:
    """A number without a unit: tablets, patches, sprays; millilitres of a liquid, of which a bare 1 may be a bottle."""
    counted = counted_unit(product, vocabulary)
    unit = counted if counted and counted.kind in (UnitKind.COUNTABLE, UnitKind.ACTUATION) else vocabulary.unit(EACH)
    liquid = _per(product) is Per.MILLILITRE
    if liquid and value == ONE and not product.package_millilitres:
        return Refusal(Reason.ONE_OF_A_LIQUID)
    attempts: list[Readings] = []
    if liquid:
        attempts.append(_volume(value, volume_words(value, vocabulary.unit(MILLILITRE), vocabulary), product))
    if unit and (not liquid or product.package_millilitres):
        attempts.append(_count(value, unit, product, vocabulary))
    read = [portion for readings in attempts if not isinstance(readings, Refusal) for portion in readings]
    if read:
        return _assuming(tuple(read), BARE_NUMBER)
    return next((readings for readings in attempts if isinstance(readings, Refusal)), Refusal(Reason.NO_UNIT))


def _rate(micrograms: Fraction, product: Product, *assumptions: str) -> Readings:
    """A dose stated per hour: the delivery of a patch; for any other product an infusion."""
    if _per(product) is not Per.HOUR:
        return Refusal(Reason.DOSE_PER_HOUR)
    strength = _only_strength(product)
    if strength is None:
        return Refusal(Reason.WHICH_INGREDIENT_PER_HOUR)
    worn = micrograms / (strength.milligrams * MICROGRAMS_PER_MILLIGRAM)
    by_agent = {product.ingredients[0].agent: micrograms}
    return (Portion(by_agent, worn, hourly_words(micrograms), hourly=True, assumptions=assumptions),)


def _times(count: Fraction, product: Product, words: str, unit: str | None, *, in_digits: bool = True) -> Readings:
    """``count`` times the strength, of every ingredient whose strength is known."""
    hourly = _per(product) is Per.HOUR
    scale = MICROGRAMS_PER_MILLIGRAM if hourly else MILLIGRAMS_PER[MILLIGRAM]
    by_agent = {
        ingredient.agent: count * ingredient.strength.milligrams * scale
        for ingredient in product.ingredients
        if ingredient.strength
    }
    if not by_agent:
        return Refusal(Reason.NO_STRENGTH)
    missing = [ingredient.agent for ingredient in product.ingredients if ingredient.strength is None]
    if missing:
        words += f" (the strength of {listed(missing)} is not known)"
    assumptions = (PART_NOT_READ,) if missing else ()
    return (Portion(by_agent, count, words, hourly, unit, in_digits, assumptions),)


def _per(product: Product) -> Per | None:
    """What the strengths of the product are stated per; None where no strength is known."""
    return next((ingredient.strength.per for ingredient in product.ingredients if ingredient.strength), None)


def _only_strength(product: Product) -> Strength | None:
    """The strength of the only ingredient; None where it is not known, or where there are several."""
    first, *others = product.ingredients
    return None if others else first.strength


def _concentration(product: Product) -> str:
    return concentration_words(_only_strength(product), product.package_millilitres)


def _assuming(portions: tuple[Portion, ...], assumption: str) -> tuple[Portion, ...]:
    return tuple(replace(portion, assumptions=(*portion.assumptions, assumption)) for portion in portions)
