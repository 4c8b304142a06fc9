"""What the status of a medication's record and the flags beside it say: in force, ended, taken, reported, forbidden."""

from __future__ import annotations

from datetime import date, tzinfo

from cds_service.fhir.elements import Element, Notes, NotReadableError, boolean_of, code_of
from cds_service.fhir.timing import day_of

STATUS_NOT_READABLE = "status-not-readable"
DO_NOT_PERFORM_NOT_READABLE = "do-not-perform-not-readable"

_IS_TAKEN: dict[str, bool] = {
    "y": True,
    "n": False,
    "not-taken": False,
    "not-done": False,
}
# The flags by which STU3 and DSTU2 say that nothing was taken, given or dispensed.
_NOT_TAKEN_FLAGS = ("wasNotTaken", "wasNotGiven", "notGiven", "notDone")
_RECORDED = "recorded"
_UNKNOWN = "unknown"
# R4's statuses by the beginnings of R5's adherence codes.
_STATUS_OF_ADHERENCE = {"not-taking": "not-taken", "taking": "active", "on-hold": "on-hold", "stopped": "stopped"}
# The statuses in which a medication is not taken any more.
_ENDED = frozenset({"completed", "stopped", "ended", "on-hold"})


def status_of(resource: Element, notes: Notes) -> str:
    """The status as R4's code. An R5 statement is only ``recorded``; its adherence says whether it is taken."""
    status = code_of(resource.get("status"))
    if resource.get("status") is not None and not status:
        notes.add(STATUS_NOT_READABLE)
    if status != _RECORDED:
        return status
    adherence = resource.get("adherence")
    code = code_of(adherence.get("code") if isinstance(adherence, dict) else adherence)
    return next((read for start, read in _STATUS_OF_ADHERENCE.items() if code.startswith(start)), _UNKNOWN)


def ended_on(resource: Element, status: str, zone: tzinfo, notes: Notes) -> date | None:
    """The day on which it was stopped or put on hold: DSTU2's end, R5's change of status; R4 has none."""
    ended = day_of(resource["dateEnded"], zone, notes, last=True) if "dateEnded" in resource else None
    if ended is None and status in _ENDED:
        ended = day_of(resource.get("statusChanged"), zone, notes, last=True)
    return ended


def forbids(value: object, notes: Notes) -> bool:
    """Whether ``doNotPerform`` says not to give the medication; one that cannot be read is noted, and says nothing."""
    if value is None:
        return False
    try:
        return bool(boolean_of(value))
    except NotReadableError:
        notes.add(DO_NOT_PERFORM_NOT_READABLE)
        return False


def is_reported(resource: Element) -> bool:
    """Whether the record is what somebody reports."""
    for name in ("reportedBoolean", "reported"):
        try:
            if name in resource and boolean_of(resource[name]):
                return True
        except NotReadableError:
            return True  # a reference in the place of the boolean names who reported it
    return resource.get("reportedReference") is not None


def is_taken(resource: Element, status: str) -> bool | None:
    """Whether the medication is taken: R4's and R5's status, STU3's ``taken``, or older flags; None if not stated."""
    if status in _IS_TAKEN:
        return _IS_TAKEN[status]
    stated_as = _IS_TAKEN.get(code_of(resource.get("taken")))
    if stated_as is not None:
        return stated_as
    try:
        flags = [boolean_of(resource.get(name)) for name in _NOT_TAKEN_FLAGS]
    except NotReadableError:
        return None
    stated = [flag for flag in flags if flag is not None]
    return not any(stated) if stated else None
