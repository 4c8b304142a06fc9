"""The answers to cards as rows: reasons as our codes, and nothing of what a clinician wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson

from cds_service.hooks.feedback import Feedback
from cds_service.records.call_rows import stored_identifier
from cds_service.records.database import Row
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.timestamps import format_timestamp
from cds_service.trust.tenant import Tenant
from rules.knowledge import Knowledge, OverrideEffect

OTHER = "other"
NO_REASON = ""
_MAX_SUGGESTIONS = 10


def rows_of_feedback(tenant: Tenant, items: Sequence[Feedback], at: datetime, pseudonyms: Pseudonyms) -> list[Row]:
    """One row for each reason of each answer; for an answer without a reason, one row. ``at``: when it was received."""
    return [
        {
            "tenant": tenant.id,
            "card": stored_identifier(item.card, pseudonyms),
            "outcome": item.outcome,
            "answered_at": format_timestamp(item.at),
            "received_at": format_timestamp(at),
            "reason": reason,
            "suggestions": _suggestions(item, pseudonyms),
        }
        for item in items
        for reason in _reasons(tenant, item)
    ]


def reason_codes_leading_to(effect: OverrideEffect, knowledge: Knowledge) -> list[str]:
    """Our codes of the override reasons that have an effect, such as a snooze."""
    return [reason.code for reason in knowledge.suggestions.override_reasons if reason.effect is effect]


def _reasons(tenant: Tenant, item: Feedback) -> Iterable[str]:
    return dict.fromkeys(_our_code(code, tenant) for code in item.codes) or [NO_REASON]


def _our_code(code: str, tenant: Tenant) -> str:
    """Our code for a client's reason.

    An HL7 code that is wider than ours becomes the one of ours that it covers, and stays as it is where it covers
    several. Any other text becomes ``other``: it may be what a clinician wrote.
    """
    reasons = tenant.knowledge.suggestions.override_reasons
    mapped = tenant.override_reasons.get(code, code)
    if any(mapped == reason.code for reason in reasons):
        return mapped
    covered = [reason.code for reason in reasons if reason.standard.code == mapped]
    return covered[0] if len(covered) == 1 else mapped if covered else OTHER


def _suggestions(item: Feedback, pseudonyms: Pseudonyms) -> str:
    accepted = (item.accepted_suggestions or [])[:_MAX_SUGGESTIONS]
    return orjson.dumps([stored_identifier(suggestion.id, pseudonyms) for suggestion in accepted]).decode()
