"""Which records count together on one day, read twice.

The *additive* reading follows the record: every order that is in force counts. The *replacement* reading lets a newer
order of the same agent, route and release take the place of the earlier one. Their difference is what the record cannot
tell; severities rest on the replacement reading, totals on the additive one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from rules.assessment_lines import NotCountedReason
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import RecordKind, Setting
from rules.timeline.early_end import given_way
from rules.timeline.presence import Presence, Presences, renewal_text
from rules.timeline.record import RecordEntry, exclusion
from rules.timeline.renewals import counted_together, same_day_copies
from rules.timeline.replacement import (
    carried_out,
    covered_by_requests,
    home_medicines,
    replace_by_prior,
    requested,
    settings,
    stop_and_replace,
)
from rules.timeline.switch import EquivalentOf, possible_switches
from rules.timeline.window import Coverage


@dataclass(frozen=True, slots=True)
class Situation:
    """Which day is judged and how: with the drafts or without, or going home.

    ``until`` is the day on which the drafts start, if that is later: what is in force on either day is met by them.
    ``seen_on`` is today where an earlier day is looked back at: what is over now may have counted then.
    """

    on: date
    until: date | None = None
    with_drafts: bool = False
    seen_on: date | None = None
    at_discharge: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Every entry's place on one day; ``switches`` are (draft, current) sources of a possible switch of agent."""

    situation: Situation
    places: tuple[Presence, ...]
    switches: tuple[tuple[str, str], ...] = field(default=())
    _present: dict[bool, tuple[RecordEntry, ...]] = field(default_factory=dict, compare=False)
    _counted: list[tuple[Presence, ...]] = field(default_factory=list, compare=False)

    def counted(self) -> tuple[Presence, ...]:
        """The places of what counts in the additive reading."""
        if not self._counted:
            self._counted.append(tuple(place for place in self.places if place.additive))
        return self._counted[0]

    def present(self, *, replacement: bool = False) -> tuple[RecordEntry, ...]:
        """The entries that are present; with ``replacement`` only those of the replacement reading.

        A renewal is part of it together with the order that it is counted once with.
        """
        if replacement not in self._present:
            self._present[replacement] = self._find_present(replacement)
        return self._present[replacement]

    def _find_present(self, replacement: bool) -> tuple[RecordEntry, ...]:
        kept = {place.entry.agent.id for place in self.places if place.present and place.replacement}
        return tuple(
            place.entry
            for place in self.places
            if place.present
            and (
                not replacement
                or place.replacement
                or (place.reason is NotCountedReason.RENEWAL and place.entry.agent.id in kept)
            )
        )


def view(
    entries: Iterable[RecordEntry], situation: Situation, policy: ConcurrencyPolicy, equivalent_of: EquivalentOf
) -> View:
    """Place every entry on the day. ``equivalent_of`` gives an entry's load by the default table, None if none."""
    considered = [entry for entry in entries if situation.with_drafts or not entry.regimen.draft]
    places = {entry: _dated(entry, situation, policy) for entry in considered}
    if situation.seen_on is not None:
        _gave_way(places, situation.on, situation.seen_on)
    _not_taken(places)
    covered = requested(places)
    if situation.with_drafts:
        stop_and_replace(places)
    replace_by_prior(places)
    carried_out(places)
    if not situation.at_discharge:
        settings(places)
    covered_by_requests(places, covered)
    home_medicines(places)
    _count_once(places, policy)
    switches = possible_switches(places, policy, equivalent_of) if situation.with_drafts else ()
    return View(situation, tuple(places[entry] for entry in considered), switches)


def _dated(entry: RecordEntry, situation: Situation, policy: ConcurrencyPolicy) -> Presence:
    reason = exclusion(entry.regimen, historic=situation.seen_on is not None)
    if reason is not None:
        return Presence(entry, False, False, False, reason, _STATUS_TEXT.get(reason, "it is not in force"))
    place = Presence(entry)
    if situation.at_discharge and entry.regimen.setting is Setting.INPATIENT:
        return place.absent(NotCountedReason.NOT_ACTIVE, "an order of the stay, which ends with it", until_now=True)
    if entry.regimen.draft:
        return place
    coverage = entry.window.coverage(situation.on, policy)
    if coverage is Coverage.NOT_YET_STARTED and situation.until is not None:
        coverage = entry.window.coverage(situation.until, policy)
    if coverage is Coverage.NOT_YET_STARTED:
        return place.absent(NotCountedReason.NOT_YET_STARTED, f"starts on {entry.start}")
    if coverage is Coverage.LAPSED:
        if entry.regimen.kind is not RecordKind.REQUEST:
            return place.absent(NotCountedReason.NOT_ACTIVE, "its supply is over")
        return place.absent(NotCountedReason.LAPSED, _lapsed_text(entry))
    if situation.seen_on is not None and exclusion(entry.regimen) is not None:
        if entry.window.end is None:
            return place.absent(NotCountedReason.NOT_ACTIVE, "it is over, and when it ended is not recorded")
        if entry.regimen.ended is not None and entry.regimen.ended < situation.on:
            return place.absent(NotCountedReason.NOT_ACTIVE, f"it ended on {entry.regimen.ended}")
    if coverage is Coverage.IN_GRACE:
        place = place.assuming("in-grace")
    if entry.start is None:
        place = place.assuming("no-date")
    elif entry.window.end is None:
        place = place.assuming("no-length-known")
    return place.assuming("status-unknown") if entry.regimen.status in {"", "unknown"} else place


_STATUS_TEXT = {
    NotCountedReason.WRONG_PATIENT: "it belongs to another patient",
    NotCountedReason.DO_NOT_PERFORM: "it says not to give this medication",
    NotCountedReason.ON_HOLD: "it is on hold",
    NotCountedReason.NOT_ACTIVE: "it is not in force",
}


def _lapsed_text(entry: RecordEntry) -> str:
    if entry.window.end is not None:
        return f"still marked active, but its supply ended on {entry.window.end}: reconcile"
    return f"still marked active, but written on {entry.start} without a known length: reconcile"


def _gave_way(places: Presences, on: date, seen_on: date) -> None:
    """Looking back: an order that was ended early gives way to the order that followed it."""
    present = [entry for entry, place in places.items() if place.present]
    for entry, gone in given_way(present, places, seen_on).items():
        if gone <= on:
            places[entry] = places[entry].absent(NotCountedReason.NOT_ACTIVE, f"it gave way to an order of {gone}")


def _not_taken(places: Presences) -> None:
    """A "not taking" statement is said beside the active order, never subtracted."""
    denied = {
        entry.agent.id
        for entry in places
        if entry.regimen.kind is RecordKind.STATEMENT
        and not entry.regimen.another_patient
        and (entry.regimen.taken is False or entry.regimen.status == "not-taken")
    }
    for entry, place in places.items():
        if place.present and entry.agent.id in denied and entry.regimen.kind is RecordKind.REQUEST:
            places[entry] = place.assuming("stated-not-taken")


def _count_once(places: Presences, policy: ConcurrencyPolicy) -> None:
    """Duplicates, renewals, two prescribers, dose changes: see :mod:`rules.timeline.renewals`."""
    live = [entry for entry, place in places.items() if place.additive]
    for copy, requesters in same_day_copies(live):
        text = f"the same order was written twice{' on one day' if copy.start else ''}; counted once"
        if len(requesters) > 1:
            text += f" ({', '.join(requesters)})"
        places[copy] = places[copy].once(NotCountedReason.DUPLICATE, text)
    live = [entry for entry in live if places[entry].additive]
    for standing in counted_together(live, policy):
        place = places[standing.entry]
        if standing.renewed_by is not None:
            text = renewal_text(standing.entry, standing.renewed_by)
            places[standing.entry] = place.once(NotCountedReason.RENEWAL, text)
        elif not standing.newest or standing.assumptions:
            kept = place.replacement and standing.newest
            places[standing.entry] = replace(place, replacement=kept).assuming(*standing.assumptions)
