"""The supply window of a record: the days that what it orders, states or dispenses can last.

A date that contradicts another is not believed: an end before the start gives no end, an order that was written after
what it orders would be used up lasts from the day of writing, and a record that was written after the day judged, with
no other date, has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil

from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import NO_PERIOD, Dosage, Period, RecordKind, Regimen
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.timeline.supply import SuppliedLength

LENGTHS_DIFFER = "stated-lengths-differ"
SUPPLY_NOT_BELIEVED = "length-of-supply-not-believed"


@dataclass(frozen=True, slots=True)
class StatedLength:
    """How long lines and texts say that a record lasts.

    Attributes:
        days: the length; the longer where they differ. None where one of them states none.
        stepped: whether they are steps one after another, all with a length, so that the end of the last is meant.
        of_text: whether only texts state it, so that what is supplied for longer counts.
        differs: whether lines and texts state different lengths.
    """

    days: Fraction | None
    stepped: bool
    of_text: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class Course:
    """How long a record lasts, from its first day: as it is stated, and as it is supplied."""

    stated: StatedLength
    supplied: SuppliedLength

    def days_of_supply(self, dose: DailyDose | NoDailyDose) -> Fraction | None:
        """Days that the dispensed units last at the daily units of the order; None where not known or not believed."""
        fill = self.supplied.fill
        return None if fill is None else fill.days_of_use(dose)

    def assumptions(self, dose: DailyDose | NoDailyDose) -> Iterator[str]:
        """Codes of what was assumed of the length."""
        stated, supplied = self.stated, self.supplied
        if stated.differs or (stated.of_text and self._is_supplied_longer(dose)):
            yield LENGTHS_DIFFER
        if supplied.not_believed or (supplied.fill is not None and supplied.fill.is_doubted(dose)):
            yield SUPPLY_NOT_BELIEVED

    def _is_supplied_longer(self, dose: DailyDose | NoDailyDose) -> bool:
        lasts = (self.supplied.days, self.days_of_supply(dose) if self.supplied.refilled else None)
        return any(days is not None and self.stated.days is not None and days > self.stated.days for days in lasts)


class Coverage(StrEnum):
    """How a window relates to a day."""

    NOT_YET_STARTED = "not-yet-started"
    BEGINS_SOON = "begins-soon"
    CURRENT = "current"
    IN_GRACE = "in-grace"
    MAY_CONTINUE = "may-continue"
    LAPSED = "lapsed"

    @property
    def in_force(self) -> bool:
        """Whether a record counts on the day."""
        return self in (Coverage.CURRENT, Coverage.IN_GRACE)

    @property
    def possible(self) -> bool:
        """Whether what it holds may be taken, though it does not count."""
        return self in (Coverage.BEGINS_SOON, Coverage.MAY_CONTINUE)


class AfterEnd(StrEnum):
    """What the end of a window means: the use is over, goes on for days of grace, or may go on beyond these."""

    OVER = "over"
    GRACE = "grace"
    MAY_CONTINUE = "may-continue"


@dataclass(frozen=True, slots=True)
class Window:
    """First and last covered day; ``start`` is None without any date, ``end`` None without a known length.

    ``evidence`` is the latest day on which the record was written, asserted or dispensed: without a known length it is
    what counts. ``open_ended``: a statement of something taken, without an end. ``contradicts``: a date was not
    believed.
    """

    start: date | None
    end: date | None
    evidence: date | None = None
    open_ended: bool = False
    after_end: AfterEnd = AfterEnd.MAY_CONTINUE
    contradicts: bool = False

    def coverage(self, on: date, policy: ConcurrencyPolicy) -> Coverage:
        """How the window relates to the day."""
        if self.start is not None and self.start > on:
            soon = (self.start - on).days <= policy.begins_within_days.value
            return Coverage.BEGINS_SOON if soon else Coverage.NOT_YET_STARTED
        return self._after_end((on - self.end).days, policy) if self.end is not None else self._by_evidence(on, policy)

    def _after_end(self, past: int, policy: ConcurrencyPolicy) -> Coverage:
        """How the window relates to a day so many days after its end."""
        if past <= 0:
            return Coverage.CURRENT
        if self.after_end is AfterEnd.OVER:
            return Coverage.LAPSED
        if past <= policy.grace_days.value:
            return Coverage.IN_GRACE
        if self.after_end is AfterEnd.GRACE or past > policy.may_continue_days.value:
            return Coverage.LAPSED
        days = (self.end - self.start).days + 1 if self.start is not None and self.end is not None else None
        is_course = days is not None and days < policy.course_days.value
        return Coverage.LAPSED if is_course else Coverage.MAY_CONTINUE

    def _by_evidence(self, on: date, policy: ConcurrencyPolicy) -> Coverage:
        """How a window of unknown length relates to a day: by the age of the latest evidence."""
        age = (on - self.latest).days if self.latest is not None else 0
        if age <= policy.recency_days.value:
            return Coverage.CURRENT
        if self.open_ended or age <= policy.order_may_continue_days.value:
            return Coverage.MAY_CONTINUE
        return Coverage.LAPSED

    @property
    def latest(self) -> date | None:
        """The latest day that speaks for the record, None without any date."""
        return self.evidence or self.start

    def last_covered(self, on: date, policy: ConcurrencyPolicy) -> date:
        """The last covered day up to ``on``."""
        if self.end is not None:
            return min(self.end, on)
        if self.latest is None:
            return on
        return min(on, later(self.latest, int(policy.recency_days.value)))


def window_of(
    regimen: Regimen,
    start: date | None,
    course: Course,
    days_of_supply: Callable[[], Fraction | None],
    on: date,
    *,
    dispensed: date | None = None,
    planned: bool = False,
) -> Window:
    """The window of a record from its first day.

    Args:
        regimen: the record.
        start: its first day, see :func:`first_day`.
        course: how long its lines, its texts and its supply say that it lasts.
        days_of_supply: how long the units last; asked only where it may give the length.
        on: the day judged; what is dated after it is no evidence.
        dispensed: when it was last dispensed.
        planned: it is a step of a plan, whose end is believed.
    """
    end = _bounds_end(regimen.dosages) or regimen.effective.end
    contradicts = any(_contradict(period) for period in _bounds(regimen.dosages))
    if end is not None and start is not None and end < start:
        end, contradicts = None, True
    if end is None and start is not None:
        length = _days(course, days_of_supply)
        end = last_day(start, length)
        written = regimen.authored_on if regimen.kind is RecordKind.REQUEST else None
        if end is not None and written is not None and end < written <= on:
            end, contradicts = last_day(written, length), True
    # A dispense tells that an order lasted longer, and never that one without a date is old.
    known = (start, regimen.authored_on, regimen.asserted_on, dispensed) if start is not None else ()
    evidence = [day for day in known if day is not None and day <= on]
    statement = regimen.kind is RecordKind.STATEMENT
    after_end = AfterEnd.GRACE if statement else AfterEnd.MAY_CONTINUE
    return Window(
        start=start,
        end=_stopped(start, end, regimen.ended),
        evidence=max(evidence, default=None),
        open_ended=statement,
        after_end=AfterEnd.OVER if planned or course.stated.stepped or _is_stepped(regimen.dosages) else after_end,
        contradicts=contradicts or (not regimen.draft and start is None and _is_dated(regimen)),
    )


def _days(course: Course, days_of_supply: Callable[[], Fraction | None]) -> Fraction | None:
    """How many days a record without a stated end lasts, None where that is not known."""
    days = course.stated.days
    if days is None or course.stated.of_text:
        # What a text states is no shorter than what is supplied for it.
        supplied = course.supplied.days
        if supplied is None and (days is None or course.supplied.refilled):
            supplied = days_of_supply()
        days = max((each for each in (days, supplied) if each is not None), default=None)
    return days


def last_day(first: date, days: Fraction | None) -> date | None:
    """The last of so many days, None where their number is not known."""
    return later(first, ceil(days) - 1) if days is not None and days > 0 else None


def _stopped(start: date | None, end: date | None, ended: date | None) -> date | None:
    """The last covered day of what was stopped, where the record has that date; not before its first."""
    if ended is None:
        return end
    last = ended if end is None else min(ended, end)
    return last if start is None else max(start, last)


def later(start: date, days: int) -> date:
    """So many days later, at most the last date there is."""
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return date.max


def first_day(regimen: Regimen, on: date) -> date | None:
    """The first day of use by a record, None where it has no date that is believed.

    What was written or dispensed after the day judged is not believed, save by one day: so far may time zones differ.
    """
    starts = [dosage.timing.bounds.start for dosage in regimen.dosages if dosage.timing and dosage.timing.bounds.start]
    if starts and regimen.kind is RecordKind.REQUEST:
        return min(starts)
    stated = regimen.validity.start or regimen.effective.start
    if stated is not None and regimen.kind is not RecordKind.DISPENSE:
        return stated
    written = regimen.authored_on or regimen.asserted_on
    if written is not None and written > on and not regimen.draft:
        written = on if (written - on).days <= 1 else None
    if regimen.kind is RecordKind.DISPENSE:  # it was handed over: not on a day to come
        starts = [start for start in starts if start <= on]
    return written or min(starts, default=None)


def _is_stepped(dosages: Iterable[Dosage]) -> bool:
    """Whether the lines are steps one after another, all with a length: the end of the last is meant."""
    steps = {dosage.sequence for dosage in dosages}
    timings = [dosage.timing for dosage in dosages]
    bounded = all(timing is not None and (timing.bounds.end or timing.bounds_days) for timing in timings)
    return len(steps) > 1 and bounded


def _is_dated(regimen: Regimen) -> bool:
    return regimen.authored_on is not None or regimen.asserted_on is not None


def _bounds(dosages: Iterable[Dosage]) -> list[Period]:
    """The period of each line; one without any is open at both ends."""
    return [dosage.timing.bounds if dosage.timing else NO_PERIOD for dosage in dosages]


def _contradict(period: Period) -> bool:
    return period.start is not None and period.end is not None and period.end < period.start


def _bounds_end(dosages: Iterable[Dosage]) -> date | None:
    """The last day by the dates of the lines, None unless every line has one that is believed."""
    ends = [None if _contradict(period) else period.end for period in _bounds(dosages)]
    stated = [end for end in ends if end is not None]
    return max(stated) if stated and len(stated) == len(ends) else None
