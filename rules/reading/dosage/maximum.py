"""The maximum that is written beside a dose: what it comes to in a day, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.model import Dosage, MaximumDose, Quantity
from rules.numbers.quantity import ONE
from rules.numbers.text import figure
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.portion import Portion, Unmeasured, counted_unit, measure
from rules.reading.dosage.stated_dose import StatedDose, total
from rules.reading.product.product import Product
from rules.reading.wording.numbers import counted, in_days
from rules.reading.wording.prose import listed

# Units that are written one way, however many there are.
INVARIABLE = (UnitKind.MASS, UnitKind.VOLUME)


@dataclass(frozen=True, slots=True)
class WrittenMaximum:
    """The tightest intake a day of the maxima that can be read; ``words``: each one's amount and time, as written."""

    intake: Intake
    words: tuple[tuple[str, str], ...]

    def beside(self, phrase: str) -> str:
        """``not over 2 tablets``; the time it holds for is left out where the words before it say it already."""
        told = [amount if time in phrase else f"{amount} {time}" for amount, time in self.words]
        return f"not over {listed(told)}"


def read_maximum(
    line: Dosage, dose: StatedDose | None, product: Product, vocabulary: DosingVocabulary
) -> WrittenMaximum | None:
    """What the maxima of a line allow, None if none is written that can be read."""
    tightest: Intake | None = None
    words: list[tuple[str, str]] = []
    for maximum in line.maximum:
        intake = _a_day(maximum, dose, product, vocabulary)
        if intake is None:
            continue
        words.append((_amount(maximum.amount, product, vocabulary), in_days(maximum.period_days, vocabulary)))
        tightest = intake if tightest is None else tightest.at_most(intake)
    return None if tightest is None else WrittenMaximum(tightest, tuple(dict.fromkeys(words)))


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
    return Intake({agent: (each * share, each * share) for agent, each in portion.by_agent.items()}, units)


def _portion(
    amount: Quantity, dose: StatedDose | None, product: Product, vocabulary: DosingVocabulary
) -> Portion | None:
    unit = vocabulary.unit(amount.code) or vocabulary.unit(amount.unit)
    if unit is not None and unit.kind is UnitKind.DOSE:
        if dose is None or amount.value <= 0:
            return None
        units = None if dose.high.units is None else dose.high.units * amount.value
        return Portion({agent: each * amount.value for agent, each in dose.high.by_agent.items()}, units, "")
    read = measure(amount, product, vocabulary)
    return None if isinstance(read, Unmeasured) else max(read, key=total)


def _amount(amount: Quantity, product: Product, vocabulary: DosingVocabulary) -> str:
    """``2 tablets``, ``4 mg``, ``3 doses``: as it is written, in the product's units where it is a number alone."""
    unit = vocabulary.unit(amount.code) or vocabulary.unit(amount.unit) or counted_unit(product, vocabulary)
    if unit is None:
        return figure(amount.value)
    if unit.kind in INVARIABLE:
        return f"{figure(amount.value)} {unit.short}"
    return counted(amount.value, (unit.short, unit.plural))
