"""Whether an entry of the record is in force on a day by its status and dates.

Nothing else on record makes a difference, save that a completed order gives way to a later one of its agent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date

from rules.assessment_lines import Certainty, NotCountedReason
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import RecordKind, Setting
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry
from rules.timeline.window import Coverage

NO_STATUS = frozenset({"", "unknown"})
EXCLUSION_TEXT = {
    NotCountedReason.WRONG_PATIENT: "it belongs to another patient",
    NotCountedReason.DO_NOT_PERFORM: "it says not to give this medication",
    NotCountedReason.ON_HOLD: "it is on hold",
    NotCountedReason.NOT_ACTIVE: "it is not in force",
    NotCountedReason.PLAN_NOT_REPORTED: "a plan that nobody reports as taken",
}


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """From which day the record is viewed, and how: with the drafts or without, or going home.

    ``until`` is the day on which the drafts start, if that is later: orders in force on either day are beside them.
    ``seen_on`` is today where ``on`` is an earlier day: an order that is over now may have counted then.
    """

    on: date
    until: date | None = None
    with_drafts: bool = False
    seen_on: date | None = None
    at_discharge: bool = False

    @property
    def looks_back(self) -> bool:
        """Whether an earlier day is looked at."""
        return self.seen_on is not None


def by_status_and_dates(
    entry: RecordEntry,
    viewpoint: Viewpoint,
    policy: ConcurrencyPolicy,
    ordered_again: Callable[[RecordEntry], bool],
    going_home: Collection[str] = (),
) -> Presence:
    """How an entry stands by itself: certainly taken, possibly, or not, and why.

    A completed order whose supply lasts is taken, unless its agent was ordered again (``ordered_again``). An order of
    the stay does not count at discharge, nor beside a draft to go home with of its agent (``going_home``).
    """
    reason = entry.historic_exclusion if viewpoint.looks_back else entry.exclusion
    if reason is not None and not (reason is NotCountedReason.NOT_ACTIVE and entry.completed):
        return _planned(entry, viewpoint, policy) or _absent(entry, reason, EXCLUSION_TEXT[reason])
    ends_with_stay = viewpoint.at_discharge or (entry.agent.id in going_home and not entry.regimen.draft)
    if ends_with_stay and entry.regimen.setting is Setting.INPATIENT:
        text = "an order of the stay, which ends with it"
        return _absent(entry, NotCountedReason.NOT_ACTIVE, text, until_now=True)
    if entry.regimen.draft:
        return Presence(entry)
    if reason is not None and ordered_again(entry):
        return _absent(entry, reason, EXCLUSION_TEXT[reason])
    coverage = _coverage(entry, viewpoint, policy)
    if reason is not None:
        if coverage is not Coverage.CURRENT or entry.window.end is None:
            return _absent(entry, reason, EXCLUSION_TEXT[reason])
        return Presence(entry, assumptions=("completed-supply-lasts",))
    if not coverage.in_force:
        return _out_of_force(entry, coverage, viewpoint)
    if viewpoint.looks_back and entry.exclusion is not None:
        if entry.window.end is None:
            return _absent(entry, NotCountedReason.NOT_ACTIVE, "it is over, and when it ended is not recorded")
        if entry.regimen.ended is not None and entry.regimen.ended < viewpoint.on:
            return _absent(entry, NotCountedReason.NOT_ACTIVE, f"it ended on {entry.regimen.ended}")
    return Presence(entry, assumptions=_assumptions(entry, coverage))


def agents_going_home(entries: Iterable[RecordEntry]) -> frozenset[str]:
    """The agents of which a draft is an order to go home with, taken from day to day."""
    return frozenset(
        entry.agent.id
        for entry in entries
        if entry.regimen.draft
        and entry.regimen.setting is Setting.DISCHARGE
        and entry.exclusion is None
        and entry.daily_use
    )


def _absent(entry: RecordEntry, reason: NotCountedReason, text: str, *, until_now: bool = False) -> Presence:
    """The presence of an entry that is neither counted nor present: that of most entries of a long record."""
    return Presence(entry, False, False, Certainty.NONE, reason, text, until_now=until_now)


def _coverage(entry: RecordEntry, viewpoint: Viewpoint, policy: ConcurrencyPolicy) -> Coverage:
    """How the window relates to the day, or to the day on which the drafts start if it begins in between."""
    coverage = entry.window.coverage(viewpoint.on, policy)
    if viewpoint.until is not None and entry.start is not None and entry.start > viewpoint.on:
        return entry.window.coverage(viewpoint.until, policy)
    return coverage


def _planned(entry: RecordEntry, viewpoint: Viewpoint, policy: ConcurrencyPolicy) -> Presence | None:
    """The presence of a plan that nobody reports: it may be followed."""
    if entry.exclusion is not NotCountedReason.PLAN_NOT_REPORTED or viewpoint.looks_back:
        return None
    coverage = _coverage(entry, viewpoint, policy)
    if not (coverage.in_force or coverage.possible):
        return None
    reason = NotCountedReason.PLAN_NOT_REPORTED
    return Presence(entry).may_continue(reason, EXCLUSION_TEXT[reason])


def _out_of_force(entry: RecordEntry, coverage: Coverage, viewpoint: Viewpoint) -> Presence:
    """The presence of an entry that has not begun or has ended: it may be taken all the same, or not."""
    is_order = entry.regimen.kind is RecordKind.REQUEST
    if coverage in (Coverage.NOT_YET_STARTED, Coverage.BEGINS_SOON):
        reason, text = NotCountedReason.NOT_YET_STARTED, f"starts on {entry.start}"
    elif is_order or (coverage.possible and not viewpoint.looks_back):
        reason, text = NotCountedReason.LAPSED, _lapsed_text(entry)
    else:
        reason, text = NotCountedReason.NOT_ACTIVE, "its supply is over"
    possible = coverage.possible and not viewpoint.looks_back
    return Presence(entry).may_continue(reason, text) if possible else _absent(entry, reason, text)


def _lapsed_text(entry: RecordEntry) -> str:
    if entry.window.end is not None:
        return f"still marked active, but its supply ended on {entry.window.end}"
    return f"still marked active, but written on {entry.window.latest} without a known length"


def _assumptions(entry: RecordEntry, coverage: Coverage) -> tuple[str, ...]:
    """What is assumed of the dates and status of an entry that counts."""
    codes = []
    if coverage is Coverage.IN_GRACE:
        codes.append("in-grace")
    if entry.start is None:
        codes.append("no-date")
    elif entry.window.end is None:
        codes.append("no-length-known")
    if entry.window.contradicts:
        codes.append("dates-contradict")
    if entry.regimen.status in NO_STATUS:
        codes.append("status-unknown")
    return tuple(codes)
