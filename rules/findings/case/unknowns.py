"""What is not known of a case: products that nobody can name, and what was not read or not supplied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rules.assessment_facts import NOT_READ, REST_NOT_READ
from rules.assessment_lines import Certainty
from rules.findings.case.results import (
    CONDITION_NOT_READ,
    CONDITIONS_NOT_SUPPLIED,
    ORDERS_NOT_SUPPLIED,
    UNIDENTIFIED,
    UNREADABLE,
)
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import Patient, RecordKind
from rules.numbers.memo import LazyValues, lazy
from rules.timeline.record import MedicationRecord

ORDERS = "medicationRequests"
CONDITIONS = "conditions"
DRAFTS = frozenset({"draftOrders", "medications"})
MEDICATIONS = frozenset({ORDERS, "medicationStatements", "medicationDispenses"})


@dataclass(frozen=True, slots=True)
class Unknowns(LazyValues):
    """What is not known on a day. ``viewed_on``: the day on which the record is viewed with the orders written."""

    patient: Patient
    record: MedicationRecord
    policy: ConcurrencyPolicy
    on: date
    viewed_on: date

    @lazy
    def unidentified_in_force(self) -> int:
        """How many products in force or being ordered could not be identified."""
        return sum(item.absence(self.on, self.policy) is None for item in self.record.unidentified)

    @lazy
    def unidentified_drafts(self) -> int:
        """How many products being ordered could not be identified."""
        drafts = [item for item in self.record.unidentified if item.regimen.draft]
        return sum(item.absence(self.on, self.policy) is None for item in drafts)

    @lazy
    def unidentified_maybe_taken(self) -> int:
        """How many products on record could not be identified and are, or may still be, taken."""
        items = [item for item in self.record.unidentified if not item.regimen.draft]
        return sum(item.certainty(self.on, self.policy) is not Certainty.NONE for item in items)

    @lazy
    def medications_not_read(self) -> int:
        """How many lists of medications were asked for and could not be read this time, in full or in part."""
        return sum(what in MEDICATIONS and why in (NOT_READ, REST_NOT_READ) for what, why in self.patient.missing)

    @lazy
    def drafts_not_read(self) -> bool:
        """Whether orders being written could not be told this time, since what they refer to could not be read."""
        return any(what in DRAFTS and why in (NOT_READ, REST_NOT_READ) for what, why in self.patient.missing)

    @lazy
    def why_unidentified(self) -> str | None:
        """Why a further medication may be present; None if everything was sent, read and identified."""
        if self.record.has_unidentified(self.viewed_on, self.policy, drafts=True):
            return UNIDENTIFIED
        if any(item.medication for item in self.patient.unread):
            return UNREADABLE
        return self.why_orders_unknown

    @lazy
    def why_orders_unknown(self) -> str | None:
        """Why a further order may be on record; None if all were supplied."""
        return ORDERS_NOT_SUPPLIED if self._is_missing(ORDERS) else None

    @lazy
    def history_supplied(self) -> bool:
        """Whether orders on record were supplied, at least in part: without them nothing that rests on earlier use can
        be judged."""
        return not self._is_missing(ORDERS) or any(
            not (regimen.draft or regimen.another_patient) and regimen.kind is RecordKind.REQUEST
            for regimen in self.patient.regimens
        )

    @lazy
    def why_conditions_unknown(self) -> str | None:
        """Why a further condition may be there; None if the problem list was there and could be read."""
        if self._is_missing(CONDITIONS):
            return CONDITIONS_NOT_SUPPLIED
        return CONDITION_NOT_READ if any(item.condition for item in self.patient.unread) else None

    def _is_missing(self, what: str) -> bool:
        return any(missing == what for missing, _ in self.patient.missing)
