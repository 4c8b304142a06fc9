"""The maximum that is written beside a dose: the daily intake that it allows, and its words."""

from __future__ import annotations

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.model import Dosage, MaximumDose, Quantity
from rules.numbers.quantity import ONE, ZERO
from rules.numbers.text import figure
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.line import MaximumWords, Portion, StatedDose, WrittenMaximum
from rules.reading.dosage.portion import counted_unit, measure
from rules.reading.product.product import Product
from rules.reading.wording.numbers import counted, in_days, unit_of
from rules.reading.wording.refusals import Refusal

# Units without a plural.
INVARIABLE = (UnitKind.MASS, UnitKind.VOLUME)


def read_maximum(
    line: Dosage,
    dose: StatedDose | None,
    product: Product,
    vocabulary: DosingVocabulary,
    *,
    scheduled: bool = False,
) -> WrittenMaximum | None:
    """What the maxima of a line allow, None where there is none that can be read and believed.

    Args:
        line: the line with its maxima.
        dose: what is taken at a time, None where not known.
        product: what is taken.
        vocabulary: the units.
        scheduled: whether it is taken at least once every day, and not as needed.
    """
    tightest: Intake | None = None
    written: list[MaximumWords] = []
    believed = 0
    for maximum in line.maximum:
        intake = _a_day(maximum, dose, product, vocabulary)
        if intake is None or (dose is not None and _is_below_one_dose(maximum, intake, dose, scheduled)):
            continue
        believed += 1
        days = maximum.period_days
        amount = _amount_words(maximum.amount, product, vocabulary)
        written.append(MaximumWords(amount, in_days(days, vocabulary), unit_of(days, vocabulary)))
        tightest = intake if tightest is None else tightest.at_most(intake)
    return None if tightest is None else WrittenMaximum(tightest, tuple(dict.fromkeys(written)), believed)


def _a_day(
    maximum: MaximumDose, dose: StatedDose | None, product: Product, vocabulary: DosingVocabulary
) -> Intake | None:
    if maximum.period_days <= 0:
        return None
    portion = _portion(maximum.amount, dose, product, vocabulary)
    if portion is None or portion.hourly:
        return None
    share = ONE / maximum.period_days
    units = None if portion.units is None else (portion.units * share, portion.units * share)
    return Intake({agent: (amount * share, amount * share) for agent, amount in portion.by_agent.items()}, units)


def _is_below_one_dose(maximum: MaximumDose, intake: Intake, dose: StatedDose, scheduled: bool) -> bool:
    """Whether a maximum allows less than one dose, or (``scheduled``) less than one a day: it means something else.

    One that does not say for how long it holds may be of one dose, where it is not above that.
    """
    allowed = {agent: high * maximum.period_days for agent, (_, high) in intake.by_agent.items()}
    for agent, amount in allowed.items():
        least, most = dose.low.by_agent.get(agent, ZERO), dose.high.by_agent.get(agent, ZERO)
        if amount < least or (scheduled and intake.by_agent[agent][1] < least):
            return True
        if not maximum.period_stated and amount <= most:
            return True
    return False


def _portion(
    amount: Quantity, dose: StatedDose | None, product: Product, vocabulary: DosingVocabulary
) -> Portion | None:
    """The amount as a portion; "3 doses" is three times the dose beside it."""
    unit = vocabulary.unit(amount.code) or vocabulary.unit(amount.unit)
    if unit is not None and unit.kind is UnitKind.DOSE:
        return None if dose is None or amount.value <= 0 else dose.high.times(amount.value)
    readings = measure(amount, product, vocabulary)
    return None if isinstance(readings, Refusal) else max(readings, key=lambda portion: portion.size)


def _amount_words(amount: Quantity, product: Product, vocabulary: DosingVocabulary) -> str:
    """``2 tablets``, ``4 mg``, ``3 doses``: as it is written, in the product's units where it is a number alone."""
    unit = vocabulary.unit(amount.code) or vocabulary.unit(amount.unit) or counted_unit(product, vocabulary)
    if unit is None:
        return figure(amount.value)
    if unit.kind in INVARIABLE:
        return f"{figure(amount.value)} {unit.short}"
    return counted(amount.value, (unit.short, unit.plural))
