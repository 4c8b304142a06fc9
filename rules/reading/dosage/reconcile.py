"""The daily dose of a product: by the dosage lines, completed from their texts, and by both where they contradict each
other.

Of two contradicting doses the larger is used, and the smaller is the low end. The quantity dispensed can lower only the
low end of a dose that was read from a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from math import ceil
from typing import TypeVar

from rules.assessment_lines import Evidence
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.knowledge.listed_product import Per
from rules.limits import MAX_STEPS
from rules.model import Dosage, Regimen, Supply
from rules.numbers.memo import memoised
from rules.numbers.quantity import ONE, PERCENT, ZERO, Amount
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.reading.dosage.dispensed import DispensedAverage, dispensed_average
from rules.reading.dosage.lines import read_lines
from rules.reading.dosage.text import TextReading, read_texts, undated
from rules.reading.product.product import Product
from rules.reading.sig.evidence import evidence, readings_of, reduction_words
from rules.reading.sig.trace import OF_PERCENT, Reduction

FROM_TEXT = "read-from-text"
TEXT_DIFFERS = "text-and-structure-differ"
STRUCTURE, TEXT, INSTRUCTION = "structured dose", "text", "other instruction"
REDUCED = "reduced-since-start"
SUPPLY_DIFFERS = "quantity-and-supply-differ"

AnyAmount = TypeVar("AnyAmount", bound=Amount)


def read_daily_dose(regimen: Regimen, product: Product, knowledge: Knowledge, on: date) -> DailyDose | NoDailyDose:
    """The daily dose of a product by a regimen, or why there is none. Never raises.

    Args:
        regimen: the record with its dosage lines and the quantity dispensed.
        product: what is taken.
        knowledge: the vocabulary of dosing and the bounds of doses.
        on: the day that selects the step of a stepped dosage: before all steps the first, after all the last.
    """
    texts, start = read_texts(regimen.dosages, knowledge), _first_day(regimen)
    dose = _reconciled(texts, regimen.supply, product, knowledge, start, on)
    return _fallen(dose, texts.reduction, product, knowledge.vocabulary, start, on)


def remembered_daily_dose(
    regimen: Regimen, product: Product, knowledge: Knowledge, on: date
) -> DailyDose | NoDailyDose:
    """As :func:`read_daily_dose`; a dose that does not depend on the day is remembered for other records."""
    lines = undated(regimen.dosages)
    dose = _dose_for_any_supply(lines, product, knowledge)
    if dose is not None:
        return dose
    whole = _dose_for_any_day(lines, regimen.supply, product, knowledge)
    if whole is None:
        return read_daily_dose(regimen, product, knowledge, on)
    reduction = read_texts(lines, knowledge).reduction
    return _fallen(whole, reduction, product, knowledge.vocabulary, _first_day(regimen), on)


def _first_day(regimen: Regimen) -> date | None:
    """The day from which the lengths of steps, and reductions, are counted."""
    return regimen.validity.start or regimen.effective.start or regimen.authored_on


@memoised
def _dose_for_any_supply(lines: tuple[Dosage, ...], product: Product, knowledge: Knowledge) -> DailyDose | None:
    """The dose of lines for which neither the quantity dispensed nor the day matters; None of other lines."""
    texts = read_texts(lines, knowledge)
    read = texts.filled if texts.written is None else (*texts.filled, *texts.written)
    if texts.from_text or texts.also or any(line.as_needed or line.as_needed_for for line in read):
        return None
    if texts.reduction is not None or texts.stepped:
        return None
    dose, written = _read_both(texts, None, product, knowledge, None, date.min)
    if not _is_regular(dose) or (written is not None and not _is_regular(written)):
        return None
    combined = _combined(texts, dose, written, (), None)
    return combined if isinstance(combined, DailyDose) else None


def _is_regular(dose: DailyDose | NoDailyDose) -> bool:
    """Whether it is a daily dose that is not taken as needed, so that the quantity dispensed does not matter."""
    return isinstance(dose, DailyDose) and not dose.as_needed


@memoised
def _dose_for_any_day(
    lines: tuple[Dosage, ...], supply: Supply | None, product: Product, knowledge: Knowledge
) -> DailyDose | NoDailyDose | None:
    """The dose of lines for which the day does not matter, but for a reduction; None of lines with steps or dates."""
    texts = read_texts(lines, knowledge)
    return None if texts.stepped else _reconciled(texts, supply, product, knowledge, None, date.min)


def evidence_of(dosages: tuple[Dosage, ...], knowledge: Knowledge) -> tuple[Evidence, ...]:
    """Which words of the texts gave which value; positions are those in ``texts_of`` the dosage."""
    return _evidence_of(undated(dosages), knowledge)


@memoised
def _evidence_of(lines: tuple[Dosage, ...], knowledge: Knowledge) -> tuple[Evidence, ...]:
    reads = read_texts(lines, knowledge).reads
    return evidence(readings_of([line.text for line in lines], reads), knowledge.vocabulary)


def _reconciled(
    texts: TextReading, supply: Supply | None, product: Product, knowledge: Knowledge, start: date | None, on: date
) -> DailyDose | NoDailyDose:
    """The dose of the lines and of the texts beside them, as one."""
    dose, written = _read_both(texts, supply, product, knowledge, start, on)
    supplied = dispensed_average(supply, product, knowledge.vocabulary) if texts.from_text else None
    also = [read_lines(lines, supply, product, knowledge, start=start, on=on) for lines in texts.also]
    return _combined(texts, dose, written, also, supplied if isinstance(supplied, DispensedAverage) else None)


def _fallen(
    dose: DailyDose | NoDailyDose,
    reduction: Reduction | None,
    product: Product,
    vocabulary: DosingVocabulary,
    start: date | None,
    on: date,
) -> DailyDose | NoDailyDose:
    """The dose on a day, which falls from the first day on as the text states; never to nothing, which is a stop.

    Where the first day is not known, or the amount is of a unit that the dose is not known in, it is the dose to begin
    with.
    """
    if reduction is None or not isinstance(dose, DailyDose):
        return dose
    since = Fraction((on - start).days) if start is not None else ZERO
    times = int((since - reduction.first_days) / reduction.every_days) + 1 if since >= reduction.first_days else 0
    part = _part_of(dose, reduction, product, vocabulary)
    if part is None:
        return dose
    factor = ONE
    if reduction.unit == OF_PERCENT:
        factor = (ONE - part) ** min(times, MAX_STEPS)
    elif part < ONE:
        factor = ONE - part * min(times, ceil(ONE / part) - 1)
    less = reduction_words(reduction, vocabulary)
    steps = "one step" if times == 1 else f"{times} steps"
    label = f"after {steps} of {less} from" if times else f"to begin with, then {less}"
    return replace(
        dose,
        by_agent={agent: amount.times(factor) for agent, amount in dose.by_agent.items()},
        by_agent_hourly={agent: amount.times(factor) for agent, amount in dose.by_agent_hourly.items()},
        units=None if dose.units is None else dose.units.times(factor),
        step_label=label,
        assumptions=(*dose.assumptions, REDUCED) if times else dose.assumptions,
    )


def _part_of(dose: DailyDose, reduction: Reduction, product: Product, vocabulary: DosingVocabulary) -> Fraction | None:
    """Which part of the dose to begin with the first reduction is; None where its unit is not one of the dose."""
    if reduction.unit == OF_PERCENT:
        return reduction.amount * PERCENT
    unit = vocabulary.unit(reduction.unit)
    if unit is not None and unit.kind is UnitKind.MASS:
        amounts = [amount.used for amount in dose.by_agent.values()]
        whole = amounts[0] if len(amounts) == 1 else ZERO
        return reduction.amount * unit.size / whole if whole else None
    whole = dose.units.used if dose.units is not None else ZERO
    liquid = any(part.strength is not None and part.strength.per is Per.MILLILITRE for part in product.ingredients)
    counted = unit is None or unit.kind is (UnitKind.VOLUME if liquid else UnitKind.COUNTABLE)
    return reduction.amount / whole if counted and whole else None


def _read_both(
    texts: TextReading, supply: Supply | None, product: Product, knowledge: Knowledge, start: date | None, on: date
) -> tuple[DailyDose | NoDailyDose, DailyDose | NoDailyDose | None]:
    """The dose of the lines as they are filled in, and of the texts by themselves where that may contradict it."""
    dose = read_lines(texts.filled, supply, product, knowledge, start=start, on=on)
    if texts.written is None or (isinstance(dose, NoDailyDose) and not dose.single):
        return dose, None
    return dose, read_lines(texts.written, supply, product, knowledge, start=start, on=on)


def _combined(
    texts: TextReading,
    dose: DailyDose | NoDailyDose,
    written: DailyDose | NoDailyDose | None,
    also: Iterable[DailyDose | NoDailyDose],
    supplied: DispensedAverage | None,
) -> DailyDose | NoDailyDose:
    if texts.unread and (isinstance(dose, NoDailyDose) or dose.step is None):
        dose = replace(dose, unread=texts.unread)
    if isinstance(dose, NoDailyDose):
        daily = [other for other in (written, *also) if isinstance(other, DailyDose) and other.step is not None]
        if not (dose.single and daily):
            return dose
        # A single dose by the structure, and a regimen in words: the larger counts.
        return replace(_from_nothing(max(daily, key=_size)), one_dose_only=STRUCTURE)
    if texts.from_text:
        dose = _from_text(dose, supplied)
    if texts.single:
        dose = replace(_from_nothing(dose), one_dose_only=TEXT)
    # What rests on the quantity dispensed is no instruction.
    if isinstance(written, DailyDose) and written.step is not None:
        dose = _either(dose, written, STRUCTURE, TEXT)
    for other in also:
        if isinstance(other, DailyDose) and other.step is not None:
            dose = _either(dose, other, TEXT if texts.from_text else STRUCTURE, INSTRUCTION)
    return dose


def _from_text(dose: DailyDose, supplied: DispensedAverage | None) -> DailyDose:
    """A dose of which the text gave a part; the dispensed average, where it is smaller, is its low end."""
    dose = replace(dose, assumptions=(*dose.assumptions, FROM_TEXT))
    if supplied is None or supplied.intake.hourly or dose.as_needed:
        return dose
    average = {agent: low for agent, (low, _) in supplied.intake.by_agent.items()}
    if not any(average.get(agent, amount.low) < amount.low for agent, amount in dose.by_agent.items()):
        return dose
    units = dose.units
    if units is not None and supplied.intake.units is not None:
        units = units.with_low(supplied.intake.units[0])
    return replace(
        dose,
        by_agent={agent: amount.with_low(average.get(agent, amount.low)) for agent, amount in dose.by_agent.items()},
        units=units,
        supplied=supplied.words,
        assumptions=(*dose.assumptions, SUPPLY_DIFFERS),
    )


def _from_nothing(dose: DailyDose) -> DailyDose:
    """The dose with a low end of zero: the text orders a single dose."""
    return replace(
        dose,
        by_agent={agent: amount.with_low(ZERO) for agent, amount in dose.by_agent.items()},
        by_agent_hourly={agent: amount.with_low(ZERO) for agent, amount in dose.by_agent_hourly.items()},
        units=None if dose.units is None else dose.units.with_low(ZERO),
        assumptions=(*dose.assumptions, TEXT_DIFFERS),
    )


def _either(structured: DailyDose, written: DailyDose, one: str, other: str) -> DailyDose:
    """One dose of two statements: the larger, with the smaller as its low end where they differ."""
    equal = structured.by_agent == written.by_agent and structured.by_agent_hourly == written.by_agent_hourly
    comparable = bool(structured.by_agent) == bool(written.by_agent)
    if equal or not comparable:
        return structured
    text_is_larger = _size(written) > _size(structured)
    larger, smaller = (written, structured) if text_is_larger else (structured, written)
    units = larger.units
    if units is not None and smaller.units is not None:
        units = units.with_low(smaller.units.low)
    return replace(
        larger,
        by_agent=_lowest(larger.by_agent, smaller.by_agent),
        by_agent_hourly=_lowest(larger.by_agent_hourly, smaller.by_agent_hourly),
        units=units,
        contradiction=smaller,
        contradicted_by=one if text_is_larger else other,
        assumptions=tuple(dict.fromkeys((*larger.assumptions, TEXT_DIFFERS))),
    )


def _lowest(amounts: Mapping[str, AnyAmount], others: Mapping[str, AnyAmount]) -> dict[str, AnyAmount]:
    return {agent: amount.with_low(others[agent].low if agent in others else ZERO) for agent, amount in amounts.items()}


def _size(dose: DailyDose) -> Fraction:
    amounts = (*dose.by_agent.values(), *dose.by_agent_hourly.values())
    return sum((amount.used for amount in amounts), ZERO)
