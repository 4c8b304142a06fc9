"""The medication record as it was read: each agent of each regimen with its product, route, dose and supply window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from rules.assessment_lines import Certainty, NotCountedReason, Standing
from rules.knowledge.agent import Agent
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import Regimen, Setting
from rules.numbers.memo import LazyValues, lazy
from rules.numbers.quantity import MicrogramsPerHour, MilligramsPerDay
from rules.reading.dosage.daily_dose import Administration, DailyDose, NoDailyDose, texts_of
from rules.reading.product.product import Product, UnknownProduct
from rules.timeline.status import exclusion, is_completed
from rules.timeline.window import Course, Coverage, Window, last_day, later, window_of

NOT_COVERED = {
    Coverage.LAPSED: NotCountedReason.LAPSED,
    Coverage.MAY_CONTINUE: NotCountedReason.LAPSED,
    Coverage.BEGINS_SOON: NotCountedReason.NOT_YET_STARTED,
    Coverage.NOT_YET_STARTED: NotCountedReason.NOT_YET_STARTED,
}


@dataclass(frozen=True, slots=True, eq=False)
class RecordEntry(LazyValues):
    """One agent of one regimen. Entries are compared by identity.

    ``companions`` are the other agents of the product. ``start`` is the first day that the regimen covers, None where
    it has no date; a draft without one starts on ``on``, the day judged. ``dose_on`` reads the dose of a day,
    ``course_of`` how long it lasts. They are called late, because most orders of a record are over and their doses are
    never needed; so is ``purposes_of``, what it is for. ``dispensed`` is the latest day on which it was dispensed;
    ``planned``: it is a step of a plan.
    """

    regimen: Regimen
    product: Product
    agent: Agent
    companions: tuple[Agent, ...]
    administered: Callable[[], Administration] = field(repr=False)
    on: date
    start: date | None
    dose_on: Callable[[date], DailyDose | NoDailyDose] = field(repr=False)
    course_of: Callable[[], Course] = field(repr=False)
    purposes_of: Callable[[str], frozenset[str]] = field(repr=False)
    dispensed: date | None = None
    fills: tuple[RecordEntry, ...] = field(default=(), repr=False)
    planned: bool = False

    @property
    def source(self) -> str:
        """The resource that it was read from."""
        return self.regimen.source

    @property
    def standing(self) -> Standing:
        """On record, or among the orders being written."""
        return Standing.ORDERED if self.regimen.draft else Standing.CURRENT

    @lazy
    def administration(self) -> Administration:
        """How it is given. The texts are read for it, so it is asked of what is, or may be, in force."""
        return self.administered()

    @lazy
    def purposes(self) -> frozenset[str]:
        """The ids of the concepts that it is for, by its reasons, its words and its product, as far as that is sure."""
        return self.purposes_of(self.administration.route)

    @lazy
    def order(self) -> tuple[bool, date, str, str]:
        """Record before drafts, older before newer, then by name: the same in whatever order records were sent."""
        return (self.regimen.draft, self.start or date.min, self.regimen.source, self.agent.id)

    @property
    def of_stay(self) -> bool:
        """Whether it is to be given during a stay: in its own words, or where it says nothing, as its encounter goes
        on."""
        setting = self.regimen.setting
        return setting is Setting.INPATIENT or (setting is None and self.regimen.of_open_encounter)

    @lazy
    def exclusion(self) -> NotCountedReason | None:
        """Why it cannot count whatever its dates, None if it can."""
        return exclusion(self.regimen)

    @lazy
    def historic_exclusion(self) -> NotCountedReason | None:
        """Why it cannot have counted on an earlier day either, None if it can."""
        return exclusion(self.regimen, historic=True)

    @lazy
    def dose(self) -> DailyDose | NoDailyDose:
        """What is taken in a day, or why that is not known; for a draft that starts later, on its first day."""
        later = self.regimen.draft and self.start is not None and self.start > self.on
        return self.dose_on(self.start if later and self.start is not None else self.on)

    @lazy
    def window(self) -> Window:
        """The days that it can cover."""
        return window_of(
            self.regimen,
            self.start,
            self.course_of(),
            lambda: self.days_of_supply,
            self.on,
            dispensed=self.dispensed,
            planned=self.planned,
        )

    @property
    def agents(self) -> frozenset[str]:
        """The ids of all agents of the product."""
        return frozenset((self.agent.id, *(companion.id for companion in self.companions)))

    @lazy
    def days_of_supply(self) -> Fraction | None:
        """How many days the dispensed units last, None where not known.

        They may be fewer than the days of the window: some orders supply little for a long time.
        """
        if self.regimen.supply is None or self.regimen.supply.quantity is None:
            return None
        return self.course_of().days_of_supply(self.dose_on(self.on) if self.regimen.draft else self.dose)

    def in_hand_until(self, on: date) -> date | None:
        """The last day that the units of an order last which can be in hand on a day; None where that is not known.

        By the dispenses on record, one after another; without any, by one fill of the order: whether it was filled
        again is not known. A period alone tells no supply.
        """
        if self.fills:
            return self._dispensed_until(on)
        start, days = self.start, self._days_of_fill(self)
        last = last_day(start, days) if start is not None and start <= on else None
        return last if last is None or self.window.end is None else min(last, self.window.end)

    def _dispensed_until(self, on: date) -> date | None:
        last: date | None = None
        for fill in sorted(self.fills, key=lambda item: item.order):
            if fill.start is None or fill.start > on:
                continue
            begun = fill.start if last is None else max(fill.start, later(last, 1))
            last = last_day(begun, self._days_of_fill(fill))
            if last is None:
                return None
        return last

    def _days_of_fill(self, fill: RecordEntry) -> Fraction | None:
        """The days' supply of a fill, else how long its units last at the daily dose of the order."""
        supplied = fill.course_of().supplied
        if supplied.fill_days is not None or supplied.fill is None:
            return supplied.fill_days
        if not isinstance(self.dose, DailyDose) or self.dose.units is None or self.dose.units.used <= 0:
            return None
        return supplied.fill.units / self.dose.units.used

    @lazy
    def sig(self) -> str:
        """The texts of the instructions as sent, else their structure in words."""
        return texts_of(self.regimen.dosages) or self.dose.words

    @lazy
    def milligrams(self) -> MilligramsPerDay | None:
        """The agent's milligrams a day, None where they are not known or it is a patch."""
        return self.dose.by_agent.get(self.agent.id) if isinstance(self.dose, DailyDose) else None

    @lazy
    def amount(self) -> MilligramsPerDay | MicrogramsPerHour | None:
        """The agent's milligrams a day, of a patch micrograms an hour, None where neither is known."""
        if self.milligrams is not None or not isinstance(self.dose, DailyDose):
            return self.milligrams
        return self.dose.by_agent_hourly.get(self.agent.id)

    @property
    def dose_is_stated(self) -> bool:
        """Whether its dose is known, or it is given otherwise than in daily doses: an infusion."""
        return isinstance(self.dose, DailyDose) or self.dose.reason is not NotCountedReason.DOSE_UNKNOWN

    @property
    def completed(self) -> bool:
        """Whether it is an order on record that was carried out in full; its supply may last."""
        return is_completed(self.regimen)

    @lazy
    def single(self) -> bool:
        """Whether it is a single or procedural dose, and so no daily use."""
        return isinstance(self.dose, NoDailyDose) and self.dose.single

    @lazy
    def daily_use(self) -> bool:
        """Whether it is taken day by day, at a known dose or not: neither a single dose nor a rescue product."""
        return not (self.single or self.administration.rescue)

    @lazy
    def permits(self) -> bool:
        """Whether its dose is the most that an as-needed order or a range permits."""
        return isinstance(self.dose, DailyDose) and self.dose.permits

    @lazy
    def dose_is_partial(self) -> bool:
        """Whether more may be taken than was read."""
        return isinstance(self.dose, DailyDose) and self.dose.partly_read


@dataclass(frozen=True, slots=True)
class UnidentifiedProduct:
    """A regimen whose product could not be identified."""

    regimen: Regimen
    product: UnknownProduct
    window: Window

    def absence(self, on: date, policy: ConcurrencyPolicy) -> NotCountedReason | None:
        """Why it is not in force on a day, None if it is: what it holds is then unknown."""
        reason = exclusion(self.regimen)
        if self.regimen.draft:
            return reason
        coverage = self.window.coverage(on, policy)
        if reason is not None:
            lasts = is_completed(self.regimen) and coverage is Coverage.CURRENT and self.window.end is not None
            return None if lasts else reason
        return NOT_COVERED.get(coverage)

    def certainty(self, on: date, policy: ConcurrencyPolicy) -> Certainty:
        """Whether what it holds is taken on a day, as far as its status and dates tell."""
        if self.absence(on, policy) is None:
            return Certainty.CERTAIN
        reason, coverage = exclusion(self.regimen), self.window.coverage(on, policy)
        may_be_followed = reason is NotCountedReason.PLAN_NOT_REPORTED and coverage.in_force
        stands = reason in (None, NotCountedReason.PLAN_NOT_REPORTED)
        return Certainty.POSSIBLE if stands and (coverage.possible or may_be_followed) else Certainty.NONE


@dataclass(frozen=True, slots=True)
class MedicationRecord:
    """All that was read: entries of our agents, unidentified products, and how many medications are not relevant."""

    entries: tuple[RecordEntry, ...]
    unidentified: tuple[UnidentifiedProduct, ...]
    not_relevant: int

    def has_unidentified(self, on: date, policy: ConcurrencyPolicy, *, drafts: bool) -> bool:
        """Whether an unidentified product is, or may be, taken on a day, or (with ``drafts``) is being ordered."""
        return any(
            item.certainty(on, policy) is not Certainty.NONE and (drafts or not item.regimen.draft)
            for item in self.unidentified
        )
