"""What the status, intent and kind of a record say by themselves, whatever its dates."""

from __future__ import annotations

from rules.assessment_lines import NotCountedReason
from rules.model import RecordKind, Regimen

STOPPING = frozenset({"stopped", "cancelled", "ended"})
OVER = STOPPING | {"completed", "draft", "not-taken", "intended", "declined"}
NEVER_BEGUN = frozenset({"cancelled", "draft", "intended"})
NEVER_DISPENSED = frozenset({"cancelled", "declined", "stopped", "preparation", "unfulfilled", "not-done"})
NO_ORDER = frozenset({"proposal", "option"})
ENTERED_IN_ERROR, NOT_TAKEN, ON_HOLD, PLAN = "entered-in-error", "not-taken", "on-hold", "plan"
COMPLETED = "completed"
NEVER_TAKEN = frozenset({ENTERED_IN_ERROR, NOT_TAKEN})


def is_stopping(regimen: Regimen) -> bool:
    """Whether a draft stops an order rather than writing one: a stop, or an instruction not to give it any more."""
    if not regimen.draft or regimen.another_patient or regimen.intent in NO_ORDER:
        return False
    return regimen.status in STOPPING or (regimen.do_not_perform and regimen.status != ENTERED_IN_ERROR)


def is_completed(regimen: Regimen) -> bool:
    """Whether it is an order on record that was carried out in full; its supply may last."""
    is_order = regimen.kind is RecordKind.REQUEST and not regimen.draft
    return is_order and regimen.status == COMPLETED and exclusion(regimen, historic=True) is None


def exclusion(regimen: Regimen, *, historic: bool = False) -> NotCountedReason | None:
    """Why a record cannot count whatever its dates, None if it can.

    A completed order is over by its status; :func:`rules.timeline.view.view` asks whether its supply still lasts.

    Args:
        regimen: the record.
        historic: look at an earlier day, on which an order that is over or on hold now may have counted.
    """
    if regimen.another_patient:
        return NotCountedReason.WRONG_PATIENT
    if regimen.do_not_perform:
        return NotCountedReason.DO_NOT_PERFORM
    if regimen.status in NEVER_TAKEN or regimen.taken is False:
        return NotCountedReason.NOT_ACTIVE
    if regimen.intent in NO_ORDER:
        return NotCountedReason.NOT_ACTIVE
    if regimen.kind is RecordKind.DISPENSE:
        if regimen.status == ON_HOLD:
            return NotCountedReason.ON_HOLD
        return NotCountedReason.NOT_ACTIVE if regimen.status in NEVER_DISPENSED else None
    if regimen.draft:
        return NotCountedReason.NOT_ACTIVE if regimen.status in STOPPING else None
    planned = NotCountedReason.PLAN_NOT_REPORTED if regimen.intent == PLAN and not regimen.reported else None
    if historic:
        return NotCountedReason.NOT_ACTIVE if regimen.status in NEVER_BEGUN else planned
    if regimen.status == ON_HOLD:
        return NotCountedReason.ON_HOLD
    return NotCountedReason.NOT_ACTIVE if regimen.status in OVER else planned
