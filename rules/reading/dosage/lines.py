"""From the dosage lines of a regimen and its product to what is taken in a day, or a named refusal.

The reading is cautious in one direction: ``used`` and ``high`` are the most that the record permits, ``low`` the least
it allows. Everything that had to be assumed is named by a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING

from rules.assessment_lines import Doubt, Evidence, NotCountedReason
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.model import Dosage, Regimen
from rules.numbers.quantity import DAYS_PER_WEEK, ZERO, MicrogramsPerHour, MilligramsPerDay, UnitsPerDay
from rules.reading.dosage.dispensed import FROM_SUPPLY, DispensedAverage, dispensed_average, lasting
from rules.reading.dosage.dose_bounds import DoseBounds, dose_bounds_of
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.line import LIMITED, DosageLine, UnratedLine, read_line
from rules.reading.dosage.maximum import WrittenMaximum
from rules.reading.dosage.plausibility import IMPLAUSIBLE_QUANTITY, above_label, doubts_of_day, doubts_of_supply, judged
from rules.reading.dosage.portion import PART_NOT_READ
from rules.reading.dosage.steps import Steps, steps_in_force
from rules.reading.product.product import Product
from rules.reading.sig.evidence import BETWEEN_TEXTS, SigReading, evidence
from rules.reading.wording.sentence import (
    NOT_DAILY_BESIDE,
    NOT_READ_BESIDE,
    of_steps,
    refusal_words,
    taken_words,
    whole,
)

AVERAGED = "averaged-over-period"
PRN_AT_MAXIMUM = "prn-counted-at-permitted-maximum"
NOT_DAILY_LEFT_OUT = "not-daily-part-left-out"


class DoseEvidence:
    """What a dose tells of how it was read, worked out when first asked for: one dose is kept for many records."""

    __slots__ = ("_evidence", "_sentence")

    if TYPE_CHECKING:
        _evidence: tuple[Evidence, ...]
        _sentence: str
        readings: tuple[SigReading, ...]

    def evidence(self, vocabulary: DosingVocabulary) -> tuple[Evidence, ...]:
        """Which words of the instructions gave what."""
        try:
            return self._evidence
        except AttributeError:
            object.__setattr__(self, "_evidence", evidence(self.readings, vocabulary))
            return self._evidence


@dataclass(frozen=True, slots=True)
class DailyDose(DoseEvidence):
    """What is taken in a day.

    ``by_agent`` are milligrams a day averaged over the period (empty for patches), ``by_agent_hourly`` micrograms an
    hour of patches worn. ``units`` are countable units (millilitres of a liquid) a day, None where not known.
    ``days_per_week`` are the days of use in a week, None where not known. ``sig`` is the text as sent, else rendered;
    ``phrase`` tells what is taken and how often; ``assumptions`` are the codes of what was assumed; ``at_least``: a
    line or a step beside it was not read. ``doubts``: where it is beyond what anybody takes; ``remarks``: context;
    ``readings``: what was read in each text of ``sig``.
    """

    by_agent: Mapping[str, MilligramsPerDay]
    by_agent_hourly: Mapping[str, MicrogramsPerHour]
    units: UnitsPerDay | None
    as_needed: bool
    days_per_week: Fraction | None
    occasions: frozenset[str]
    sig: str
    phrase: str
    assumptions: tuple[str, ...]
    at_least: bool = False
    doubts: tuple[Doubt, ...] = ()
    remarks: tuple[str, ...] = ()
    readings: tuple[SigReading, ...] = ()

    @property
    def read_as(self) -> str:
        """One plain sentence: what is taken and how often, what that comes to, and whether that is much."""
        try:
            return self._sentence
        except AttributeError:
            object.__setattr__(self, "_sentence", self._read_as())
            return self._sentence

    def _read_as(self) -> str:
        averaged = AVERAGED in self.assumptions or FROM_SUPPLY in self.assumptions
        told = whole(self.phrase, self.by_agent, self.by_agent_hourly, averaged=averaged, at_least=self.at_least)
        return "; ".join((told, *(doubt.text for doubt in self.doubts), *self.remarks))

    @property
    def partly_read(self) -> bool:
        """Whether more may be taken than was read: a line, a step or an agent's strength is missing."""
        return PART_NOT_READ in self.assumptions


@dataclass(frozen=True, slots=True)
class NoDailyDose(DoseEvidence):
    """Why there is no daily dose: it is unknown, or it is no daily regimen (``single``: a single dose)."""

    reason: NotCountedReason
    single: bool
    sig: str
    read_as: str
    assumptions: tuple[str, ...]
    as_needed: bool
    readings: tuple[SigReading, ...] = ()


@dataclass(frozen=True, slots=True)
class _ReadStep:
    """The lines of one step that were read, and those that were not."""

    taken: tuple[DosageLine, ...]
    refused: tuple[UnratedLine, ...]

    @property
    def intake(self) -> Intake:
        """The lines that were read, added up; there must be one."""
        together = self.uncut
        return together.at_most(self.limit.intake) if self.limit else together

    @property
    def uncut(self) -> Intake:
        """The same before a maximum that holds for several lines."""
        first, *others = (line.intake for line in self.taken)
        return reduce(Intake.plus, others, first)

    @property
    def is_cut(self) -> bool:
        """Whether such a maximum lowers it."""
        return self.limit is not None and self.intake != self.uncut

    @property
    def limit(self) -> WrittenMaximum | None:
        """One maximum that is written for several lines: it holds for all of them together."""
        first, *others = self.taken
        shared = others and first.maximum and all(line.maximum == first.maximum for line in others)
        return first.limit if shared else None


def read_lines(regimen: Regimen, product: Product, knowledge: Knowledge, on: date) -> DailyDose | NoDailyDose:
    """What is taken of a product in a day by the lines of a regimen, whatever their texts. Never raises.

    ``on`` decides the step of a stepped dosage: before the first step the first, after the last the last.
    """
    steps = steps_in_force(regimen, on)
    dose_bounds = dose_bounds_of(regimen, product, knowledge)
    readings = [_read_step(lines, dose_bounds) for lines in steps.candidates]
    supplied = dispensed_average(regimen.supply, product, knowledge.vocabulary)
    readable = [step for step in readings if step.taken]
    if readable:
        return _taken(readable, len(readable) < len(readings), steps, supplied, regimen, dose_bounds)
    refused = [refusal for step in readings for refusal in step.refused]
    unknown = [refusal for refusal in refused if not refusal.not_daily]
    as_needed = any(refusal.as_needed for refusal in refused)
    why = refusal_words(unknown or refused)
    if refused and not unknown:
        single = all(refusal.single for refusal in refused)
        return NoDailyDose(NotCountedReason.NOT_A_DAILY_REGIMEN, single, _sig(regimen, why), why, (), as_needed)
    if len(unknown) == len(refused) == len(regimen.dosages) == 1 and not as_needed:
        lone = unknown[0]
        supply = lasting(regimen.supply, lone.interval_days, lone.length_days)
        supplied = dispensed_average(supply, product, knowledge.vocabulary)
    if isinstance(supplied, DispensedAverage):
        intervals = (refusal.interval_days for refusal in unknown if refusal.interval_days)
        return _from_supply(supplied, regimen, as_needed, next(intervals, None), dose_bounds)
    if supplied and supplied not in why:
        why = f"{why}; {supplied}"
    return NoDailyDose(NotCountedReason.DOSE_UNKNOWN, False, _sig(regimen, ""), why, (), as_needed)


def _read_step(lines: tuple[Dosage, ...], dose_bounds: DoseBounds) -> _ReadStep:
    read = [read_line(line, dose_bounds.product, dose_bounds.vocabulary) for line in lines]
    return _ReadStep(
        taken=tuple(judged(line, dose_bounds) for line in read if isinstance(line, DosageLine)),
        refused=tuple(line for line in read if isinstance(line, UnratedLine)),
    )


def _taken(
    readable: list[_ReadStep],
    partly: bool,
    steps: Steps,
    supplied: DispensedAverage | str | None,
    regimen: Regimen,
    dose_bounds: DoseBounds,
) -> DailyDose:
    """The dose of the step in force; of several that may be, the largest, with the smallest as its low end."""
    step = max(readable, key=lambda each: _size(each.intake)) if readable[1:] else readable[0]
    intake = step.intake
    assumptions = [code for line in step.taken for code in line.assumptions]
    if step.is_cut:
        assumptions.append(LIMITED)
    words = taken_words(step.taken, step.limit)
    phrase = of_steps(words, steps, dose_bounds.vocabulary)
    at_least = partly or any(not refusal.not_daily for refusal in step.refused)
    if at_least:
        assumptions.append(PART_NOT_READ)
        phrase += f", {NOT_READ_BESIDE}"
    if any(refusal.not_daily for refusal in step.refused):
        assumptions.append(NOT_DAILY_LEFT_OUT)
        phrase += f", {NOT_DAILY_BESIDE}"
    for each in readable:
        if each is not step:
            intake = intake.with_low_of(each.intake)
    as_needed = any(line.as_needed for line in step.taken)
    if as_needed:
        assumptions.append(PRN_AT_MAXIMUM)
        if isinstance(supplied, DispensedAverage) and (raised := intake.with_average(supplied.intake)) != intake:
            intake = raised
            phrase += f", with {supplied.phrase} supplied"
    if steps.assumption:
        assumptions.append(steps.assumption)
    use = _days_per_week(step.taken)
    if any(line.averaged for line in step.taken):
        assumptions.append(AVERAGED)
    doubts = doubts_of_day(step.taken, step.limit.intake if step.limit else None, dose_bounds)
    if doubts:
        assumptions.append(IMPLAUSIBLE_QUANTITY)
    return DailyDose(
        by_agent=intake.milligrams(),
        by_agent_hourly=intake.micrograms_an_hour(),
        units=intake.units_a_day(),
        as_needed=as_needed,
        days_per_week=use,
        occasions=frozenset[str]().union(*(line.occasions for line in step.taken)),
        sig=_sig(regimen, words),
        phrase=phrase,
        assumptions=tuple(dict.fromkeys(assumptions)),
        at_least=at_least,
        doubts=doubts,
        remarks=above_label(intake, doubts, dose_bounds),
    )


def _from_supply(
    supplied: DispensedAverage, regimen: Regimen, as_needed: bool, interval: Fraction | None, dose_bounds: DoseBounds
) -> DailyDose:
    """The dose that the quantity and days' supply give, where the dosage gives none."""
    intake = supplied.worn(interval, dose_bounds.vocabulary)
    doubts = doubts_of_supply(intake, dose_bounds)
    return DailyDose(
        by_agent=intake.milligrams(),
        by_agent_hourly=intake.micrograms_an_hour(),
        units=intake.units_a_day(),
        as_needed=as_needed,
        days_per_week=None,
        occasions=frozenset(),
        sig=_sig(regimen, supplied.phrase),
        phrase=supplied.phrase,
        assumptions=(FROM_SUPPLY, *supplied.assumptions, *(IMPLAUSIBLE_QUANTITY for _ in doubts[:1])),
        doubts=doubts,
        remarks=above_label(intake, doubts, dose_bounds),
    )


def _days_per_week(lines: tuple[DosageLine, ...]) -> Fraction | None:
    """Days of use in a week of all lines together; the days of separate lines are taken as different days."""
    known = [line.days_per_week for line in lines]
    if DAYS_PER_WEEK in known:
        return DAYS_PER_WEEK
    days = [each for each in known if each is not None]
    return min(DAYS_PER_WEEK, sum(days, ZERO)) if len(days) == len(known) else None


def _size(intake: Intake) -> tuple[Fraction, str]:
    """The order of size of intakes of one product."""
    return sum((high for _, high in intake.by_agent.values()), ZERO), repr(sorted(intake.by_agent.items()))


def _sig(regimen: Regimen, rendered: str) -> str:
    """The texts of the dosage as sent, else what the structure says."""
    return texts_of(regimen.dosages) or rendered


def texts_of(lines: Iterable[Dosage]) -> str:
    """The texts of a dosage as sent; empty where there are none."""
    return BETWEEN_TEXTS.join(line.text.strip() for line in lines if line.text and line.text.strip())
