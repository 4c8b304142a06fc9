"""The answers to cards as rows: our codes, a site's codes as ours, and of what is no code only that there was one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson

from cds_service.hooks.feedback import Feedback
from cds_service.records.database import Row
from cds_service.records.entries import identifier
from cds_service.records.moments import written
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.trust.tenant import Tenant
from rules.knowledge import Knowledge
from rules.knowledge.guidance import LeadsTo

OTHER = "other"
NO_REASON = ""
_MAX_SUGGESTIONS = 10


def rows_of(tenant: Tenant, items: Sequence[Feedback], at: datetime, names: Pseudonyms) -> list[Row]:
    """One row for each reason of each answer, or for the answer where it gives none."""
    return [
        {
            "tenant": tenant.id,
            "card": identifier(item.card, names),
            "outcome": item.outcome,
            "answered_at": written(item.at),
            "received_at": written(at),
            "reason": reason,
            "suggestions": _suggestions(item, names),
        }
        for item in items
        for reason in _reasons(tenant, item)
    ]


def codes_that_lead_to(what: LeadsTo, knowledge: Knowledge) -> list[str]:
    """Our codes of the reasons that bring something about."""
    return [each.code for each in knowledge.suggestions.override_reasons if each.leads_to is what]


def _reasons(tenant: Tenant, item: Feedback) -> Iterable[str]:
    return dict.fromkeys(_ours(code, tenant) for code in item.codes) or [NO_REASON]


def _ours(code: str, tenant: Tenant) -> str:
    """Our code for a reason. HL7's wider codes stand for one of ours only where they can be no other.

    What is neither may be somebody's words, and is not kept.
    """
    reasons = tenant.knowledge.suggestions.override_reasons
    mapped = tenant.override_reasons.get(code, code)
    if any(mapped == each.code for each in reasons):
        return mapped
    wider = [each.code for each in reasons if each.standard.code == mapped]
    return wider[0] if len(wider) == 1 else mapped if wider else OTHER


def _suggestions(item: Feedback, names: Pseudonyms) -> str:
    accepted = (item.accepted_suggestions or [])[:_MAX_SUGGESTIONS]
    return orjson.dumps([identifier(each.id, names) for each in accepted]).decode()
