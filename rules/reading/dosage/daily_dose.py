"""What is taken of a product in a day: by the dosage lines, by their texts where the lines say too little, and by both
where they say different things.

Where text and structure differ the larger is used and the smaller is the low end. What was dispensed widens only the
low end of a dose that was read from a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TypeVar

from rules.assessment_lines import NotCountedReason
from rules.knowledge.knowledge import Knowledge
from rules.model import Regimen
from rules.numbers.quantity import ZERO, Amount
from rules.reading.dosage.dispensed import FROM_SUPPLY, DispensedAverage, dispensed_average
from rules.reading.dosage.lines import DailyDose, NoDailyDose, read_lines
from rules.reading.dosage.schedule import NOT_GIVEN
from rules.reading.dosage.text import TextReading, worded
from rules.reading.product.product import Product
from rules.reading.wording.sentence import NOTHING_GIVEN

__all__ = ["DailyDose", "NoDailyDose", "read_dose", "read_worded"]

FROM_TEXT = "read-from-text"
TEXT_DIFFERS = "text-and-structure-differ"
SUPPLY_DIFFERS = "quantity-and-supply-differ"
ONE_DOSE_ONLY = "but the text tells of one dose only"

AnyAmount = TypeVar("AnyAmount", bound=Amount)


def read_dose(regimen: Regimen, product: Product, knowledge: Knowledge, on: date) -> DailyDose | NoDailyDose:
    """What is taken of a product in a day by a regimen, or why that cannot be said. Never raises.

    ``on`` decides the step of a stepped dosage: before the first step the first, after the last the last.
    """
    return read_worded(worded(regimen, knowledge), product, knowledge, on)


def read_worded(words: TextReading, product: Product, knowledge: Knowledge, on: date) -> DailyDose | NoDailyDose:
    """As :func:`read_dose`, of a regimen whose texts were read before."""
    return replace(_read(words, product, knowledge, on), readings=words.readings)


def read_instructions(words: TextReading, product: Product, knowledge: Knowledge) -> DailyDose | None:
    """As :func:`read_worded`, whatever was dispensed and on whatever day; None where either may make a difference."""
    lines = words.regimen.dosages if words.written is None else (*words.regimen.dosages, *words.written.dosages)
    if words.from_text or words.changes or any(line.as_needed or line.as_needed_for for line in lines):
        return None
    dose = read_lines(words.regimen, product, knowledge, date.min)
    written = None if words.written is None else read_lines(words.written, product, knowledge, date.min)
    if any(each is not None and (isinstance(each, NoDailyDose) or each.as_needed) for each in (dose, written)):
        return None
    told = _combined(words, dose, written, product, knowledge)
    return replace(told, readings=words.readings) if isinstance(told, DailyDose) else None


def _read(words: TextReading, product: Product, knowledge: Knowledge, on: date) -> DailyDose | NoDailyDose:
    dose = read_lines(words.regimen, product, knowledge, on)
    written = None
    if words.written is not None and isinstance(dose, DailyDose):
        written = read_lines(words.written, product, knowledge, on)
    return _combined(words, dose, written, product, knowledge)


def _combined(
    words: TextReading,
    dose: DailyDose | NoDailyDose,
    written: DailyDose | NoDailyDose | None,
    product: Product,
    knowledge: Knowledge,
) -> DailyDose | NoDailyDose:
    """What the lines say and what the text beside them says, as one."""
    if isinstance(dose, NoDailyDose):
        return _unread(dose, words)
    if FROM_SUPPLY in dose.assumptions and words.unread:
        dose = replace(dose, phrase="; ".join((*words.unread, dose.phrase)))
    if words.from_text:
        dose = _from_text(dose, dispensed_average(words.regimen.supply, product, knowledge.vocabulary))
    if words.single:
        dose = replace(_widened(dose, ZERO, TEXT_DIFFERS), phrase=f"{dose.phrase}, {ONE_DOSE_ONLY}")
    return _reconciled(dose, written) if isinstance(written, DailyDose) else dose


def _unread(dose: NoDailyDose, words: TextReading) -> NoDailyDose:
    """A refusal that names the words in which no dose was found."""
    if not words.unread or dose.reason is not NotCountedReason.DOSE_UNKNOWN:
        return replace(dose, read_as="; ".join((*words.unread, dose.read_as)))
    known = dose.read_as.removesuffix(NOT_GIVEN)
    if known != dose.read_as:
        return replace(dose, read_as=known + "; ".join(words.unread))
    rest = () if dose.read_as == NOTHING_GIVEN else (dose.read_as,)
    return replace(dose, read_as="; ".join((*words.unread, *rest)))


def _from_text(dose: DailyDose, supplied: DispensedAverage | str | None) -> DailyDose:
    """A dose of which the text gave a part; the dispensed average, where it is smaller, is its low end."""
    dose = replace(dose, assumptions=(*dose.assumptions, FROM_TEXT))
    if not isinstance(supplied, DispensedAverage) or supplied.intake.hourly or dose.as_needed:
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
        phrase=f"{dose.phrase}, but with only {supplied.phrase} supplied",
        assumptions=(*dose.assumptions, SUPPLY_DIFFERS),
    )


def _widened(dose: DailyDose, low: Fraction, assumption: str) -> DailyDose:
    """The dose with its low end moved down."""
    return replace(
        dose,
        by_agent={agent: amount.with_low(low) for agent, amount in dose.by_agent.items()},
        by_agent_hourly={agent: amount.with_low(low) for agent, amount in dose.by_agent_hourly.items()},
        units=None if dose.units is None else dose.units.with_low(low),
        assumptions=(*dose.assumptions, assumption),
    )


def _reconciled(structured: DailyDose, written: DailyDose) -> DailyDose:
    """One dose of two statements: the larger, with the smaller as its low end where they differ."""
    same = structured.by_agent == written.by_agent and structured.by_agent_hourly == written.by_agent_hourly
    comparable = bool(structured.by_agent) == bool(written.by_agent)
    if same or not comparable:
        return structured
    text_is_larger = _size(written) > _size(structured)
    larger, smaller = (written, structured) if text_is_larger else (structured, written)
    other = "structured dose" if text_is_larger else "text"
    units = larger.units
    if units is not None and smaller.units is not None:
        units = units.with_low(smaller.units.low)
    return replace(
        larger,
        by_agent=_lowest(larger.by_agent, smaller.by_agent),
        by_agent_hourly=_lowest(larger.by_agent_hourly, smaller.by_agent_hourly),
        units=units,
        sig=structured.sig,
        phrase=f"{larger.phrase}, but the {other} says {smaller.phrase}",
        at_least=larger.at_least or smaller.at_least,
        assumptions=tuple(dict.fromkeys((*larger.assumptions, TEXT_DIFFERS))),
    )


def _lowest(amounts: Mapping[str, AnyAmount], others: Mapping[str, AnyAmount]) -> dict[str, AnyAmount]:
    return {agent: amount.with_low(others[agent].low if agent in others else ZERO) for agent, amount in amounts.items()}


def _size(dose: DailyDose) -> Fraction:
    amounts = (*dose.by_agent.values(), *dose.by_agent_hourly.values())
    return sum((amount.used for amount in amounts), ZERO)
