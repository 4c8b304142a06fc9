"""The daily dose of a product as it was read, or why there is none; and how the product is given.

The sentence that explains a reading is put together when it is first asked for:
``half to one 0.5 mg tablet, up to twice a day as needed, not over 2 tablets: 0 to 1 mg a day``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rules.assessment_lines import Doubt, NotCountedReason
from rules.model import Dosage
from rules.numbers.memo import LazyValues, lazy
from rules.numbers.quantity import MicrogramsPerHour, MilligramsPerDay, UnitsPerDay
from rules.numbers.text import figure_range
from rules.reading.dosage.line import AT_LEAST, AT_MOST, PART_NOT_READ, UnratedLine
from rules.reading.dosage.steps import ReadStep
from rules.reading.wording.prose import BETWEEN_TEXTS, listed
from rules.reading.wording.refusals import Reason, Refusal

# Assumptions that change the sentence, or that a later room asks for.
AVERAGED = "averaged-over-period"
FROM_SUPPLY = "from-quantity-and-supply"

NOT_READ_BESIDE = "and a part that is not read"
NOT_DAILY_BESIDE = "without a part that is not daily"
ONE_DOSE_ONLY = "but the {} tells of one dose only"
BETWEEN_CLAUSES = "; "


@dataclass(frozen=True, slots=True)
class DailyDose(LazyValues):
    """What is taken in a day, and how that was read.

    Attributes:
        by_agent: milligrams a day of each agent, averaged over the period; empty for patches.
        by_agent_hourly: micrograms an hour of each agent of the patches that are worn.
        units: countable units (millilitres of a liquid) a day, None where not known.
        as_needed: whether it is taken as needed.
        days_per_week: days of use in a week, None where not known.
        occasions: the moments and times of day that are named.
        assumptions: codes of what was assumed.
        step: the lines that it was read from; None where the quantity dispensed alone gives the dose.
        step_label: which of several steps that is, in words.
        part_not_read: whether a line or a step beside them was not read, so that more may be taken.
        supplied: the quantity dispensed, in words, where it changes the dose.
        unread: why the texts give no dose, where the quantity dispensed gives it.
        one_dose_only: which of text and structured dose orders a single dose, in words; empty where neither does.
        contradiction: the smaller dose that is given instead, by ``contradicted_by``: the text, the structured dose or
            another instruction.
        doubts: in what respect it is implausible.
        above_label: in words, where a plausible dose is above a labelled maximum.
    """

    by_agent: Mapping[str, MilligramsPerDay]
    by_agent_hourly: Mapping[str, MicrogramsPerHour]
    units: UnitsPerDay | None
    as_needed: bool
    days_per_week: Fraction | None
    occasions: frozenset[str]
    assumptions: tuple[str, ...]
    step: ReadStep | None
    step_label: str = ""
    part_not_read: bool = False
    supplied: str = ""
    unread: tuple[Refusal, ...] = ()
    one_dose_only: str = ""
    contradiction: DailyDose | None = None
    contradicted_by: str = ""
    doubts: tuple[Doubt, ...] = ()
    above_label: tuple[str, ...] = ()

    @lazy
    def read_as(self) -> str:
        """One plain sentence: what is taken and how often, the amount a day, and whether that is high."""
        at_least = "at least " if self._at_least else ""
        amounts = [
            f"{figure_range(amount.low, amount.high)} {unit}{f' of {agent}' if self._has_several_agents else ''}"
            for by_agent, unit in ((self.by_agent, "mg a day"), (self.by_agent_hourly, "micrograms an hour"))
            for agent, amount in by_agent.items()
        ]
        averaged = self.by_agent and (AVERAGED in self.assumptions or FROM_SUPPLY in self.assumptions)
        taken = f"{self._taken_as}: {at_least}{listed(amounts)}{' on average' if averaged else ''}"
        return BETWEEN_CLAUSES.join((taken, *(doubt.text for doubt in self.doubts), *self.above_label))

    @property
    def words(self) -> str:
        """What is taken, shown as the sig of an order that was sent without a text."""
        return self.step.words if self.step else self.supplied

    @property
    def partly_read(self) -> bool:
        """Whether more may be taken than was read: a line, a step or an agent's strength is missing."""
        return PART_NOT_READ in self.assumptions

    @property
    def permits(self) -> bool:
        """Whether it is the most that an as-needed order or a range permits, so that less may be taken."""
        return not AT_MOST.isdisjoint(self.assumptions)

    @property
    def _taken_as(self) -> str:
        """What is taken and how often, with its qualifications, without the amount a day."""
        clauses = [f"{self.step_label}, {self.words}" if self.step_label else self.words]
        if self.step is None:
            clauses = [BETWEEN_CLAUSES.join((*(refusal.words for refusal in self.unread), self.supplied))]
        if self.part_not_read:
            clauses.append(NOT_READ_BESIDE)
        if self.step is not None and self.step.part_not_daily:
            clauses.append(NOT_DAILY_BESIDE)
        if self.step is not None and self.supplied:
            # The quantity dispensed raises the low end of an as-needed dose, and lowers that of any other.
            clauses.append(f"{'with' if self.as_needed else 'but with only'} {self.supplied} supplied")
        if self.one_dose_only:
            clauses.append(ONE_DOSE_ONLY.format(self.one_dose_only))
        if self.contradiction is not None:
            clauses.append(f"but the {self.contradicted_by} says {self.contradiction._taken_as}")
        return ", ".join(clauses)

    @property
    def _at_least(self) -> bool:
        more = self.part_not_read or not AT_LEAST.isdisjoint(self.assumptions)
        return more or (self.contradiction is not None and self.contradiction._at_least)

    @property
    def _has_several_agents(self) -> bool:
        return len(self.by_agent) + len(self.by_agent_hourly) > 1


@dataclass(frozen=True, slots=True)
class NoDailyDose(LazyValues):
    """Why there is no daily dose.

    Attributes:
        reason: ``dose-unknown``, or ``not-a-daily-regimen``.
        single: whether it is a single dose, or taken on named dates only.
        as_needed: whether it is taken as needed.
        unrated: the lines, each with the reason why it gives no dose; may be empty.
        no_supply: why the quantity dispensed gives none, None where nothing was dispensed.
        unread: why the texts give none.
    """

    reason: NotCountedReason
    single: bool
    as_needed: bool
    unrated: tuple[UnratedLine, ...]
    no_supply: Refusal | None = None
    unread: tuple[Refusal, ...] = ()
    assumptions: tuple[str, ...] = ()

    @lazy
    def read_as(self) -> str:
        """In one plain sentence why there is no daily dose."""
        unread = [refusal.words for refusal in self.unread]
        clauses = self._clauses
        if unread and self.reason is NotCountedReason.DOSE_UNKNOWN:
            last, last_doses = clauses[-1]
            # The reason that the text gives replaces "not given".
            if last.reason is Reason.NO_FREQUENCY:
                before = [_clause(refusal.words, doses) for refusal, doses in clauses[:-1]]
                return BETWEEN_CLAUSES.join((*before, _clause(BETWEEN_CLAUSES.join(unread), last_doses)))
            if last.reason is Reason.NO_DOSE and not clauses[1:]:
                clauses = []
        return BETWEEN_CLAUSES.join((*unread, *(_clause(refusal.words, doses) for refusal, doses in clauses)))

    @property
    def words(self) -> str:
        """What is taken, shown as the sig of an order that was sent without a text; empty where it is not known."""
        if self.reason is NotCountedReason.DOSE_UNKNOWN:
            return ""
        return BETWEEN_CLAUSES.join(_clause(refusal.words, doses) for refusal, doses in self._clauses)

    @property
    def _clauses(self) -> list[tuple[Refusal, list[str]]]:
        """Each reason once, with the doses of the lines that share it."""
        found: dict[Refusal, list[str]] = {}
        for line in self.unrated:
            doses = found.setdefault(line.refusal, [])
            if line.dose_words and line.dose_words not in doses:
                doses.append(line.dose_words)
        if not found:
            found[Refusal(Reason.NO_DOSE)] = []
        if self.no_supply is not None:
            found.setdefault(self.no_supply, [])
        return list(found.items())


@dataclass(frozen=True, slots=True)
class Administration:
    """How a product is given.

    Attributes:
        route: a route id; ``oral`` where none is stated.
        exposes: whether the agent reaches the brain at all (a skin cream does not).
        equivalent: whether oral equivalence figures apply.
        rescue: whether it is kept for a seizure, and so no part of a daily load.
        by_vein: whether it is given by vein or as an infusion.
        assumptions: codes of what was assumed of the route.
    """

    route: str
    exposes: bool
    equivalent: bool
    rescue: bool
    assumptions: tuple[str, ...] = ()
    by_vein: bool = False


def texts_of(lines: Iterable[Dosage]) -> str:
    """The texts of a dosage as sent; empty where there are none."""
    return BETWEEN_TEXTS.join(line.text.strip() for line in lines if line.text and line.text.strip())


def _clause(why: str, doses: list[str]) -> str:
    """``40 mg and 30 mg: how often it is taken is not given``."""
    return f"{listed(doses)}: {why}" if doses else why
