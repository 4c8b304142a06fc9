"""What may still be taken though it does not count, after all that the rest of the record says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from rules.assessment_lines import Certainty, NotCountedReason
from rules.model import RecordKind
from rules.timeline.presence import Presence, Presences
from rules.timeline.record import RecordEntry
from rules.timeline.renewals import has_same_daily_dose
from rules.timeline.status import NOT_TAKEN

_MAY_BE_TAKEN = {
    NotCountedReason.LAPSED: "it may still be taken",
    NotCountedReason.NOT_YET_STARTED: "it may be taken already",
    NotCountedReason.PLAN_NOT_REPORTED: "it may be taken",
}


def settle_possible(presences: Presences) -> None:
    """An entry that may still be taken stays so, unless its agent is taken anyway or a later record followed it.

    Then it is only listed.
    """
    agents = {entry.agent.id for entry, presence in presences.items() if presence.possible}
    by_agent: dict[str, list[Presence]] = defaultdict(list)
    for presence in presences.values() if agents else ():
        if presence.entry.agent.id in agents:
            by_agent[presence.entry.agent.id].append(presence)
    for entry, presence in presences.items():
        others = by_agent.get(entry.agent.id, ())
        if presence.possible and not _is_taken_anyway(entry, others) and not _was_followed(entry, others):
            suffix = _MAY_BE_TAKEN[presence.reason] if presence.reason is not None else ""
            presences[entry] = replace(presence, text=f"{presence.text}; {suffix}")
        elif presence.possible or presence.reason is NotCountedReason.LAPSED:
            presences[entry] = _listed(presence)


def _listed(presence: Presence) -> Presence:
    reconcile = ": reconcile" if presence.reason is NotCountedReason.LAPSED else ""
    return replace(presence, certainty=Certainty.NONE, text=f"{presence.text}{reconcile}")


def _is_taken_anyway(entry: RecordEntry, others: Iterable[Presence]) -> bool:
    """Whether another record of the agent is certain; a single dose or a rescue product is no daily use."""
    return any(other.present and (other.entry.daily_use or not entry.daily_use) for other in others)


def _was_followed(entry: RecordEntry, others: Iterable[Presence]) -> bool:
    """Whether a later record of the agent renewed, replaced or stopped it, or says that it is not taken."""
    return any(_follows(other.entry, entry) for other in others)


def _follows(later: RecordEntry, entry: RecordEntry) -> bool:
    regimen = later.regimen
    if later is entry or regimen.draft or regimen.another_patient or later.start is None or later.start > later.on:
        return False
    if entry.start is not None and later.start <= entry.start:
        return False
    if regimen.kind is RecordKind.STATEMENT and (regimen.taken is False or regimen.status == NOT_TAKEN):
        return True
    if regimen.kind is not RecordKind.REQUEST or later.historic_exclusion is not None:
        return False
    if later.administration.route != entry.administration.route or not later.daily_use:
        return False
    same_requester = regimen.requester == entry.regimen.requester
    return same_requester or regimen.prior == entry.source or has_same_daily_dose(later, entry)
