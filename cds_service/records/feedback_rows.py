"""The answers to cards as rows: reasons as our codes, and nothing of what a clinician wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import Connection, bindparam, distinct, func, select

from cds_service.config.limits import ANSWER_LEEWAY_SECONDS
from cds_service.hooks.evaluation import Verdict
from cds_service.hooks.feedback import Feedback
from cds_service.records.call_rows import stored_identifier
from cds_service.records.call_store import Misfit
from cds_service.records.database import Row
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import cards
from cds_service.records.timestamps import format_timestamp
from cds_service.trust.tenant import Tenant
from rules.knowledge import Knowledge, OverrideEffect

OTHER = "other"
NO_REASON = ""
_MAX_SUGGESTIONS = 10
# Cards are looked up so many at a time.
_CARDS_PER_QUERY = 500
_LEEWAY = timedelta(seconds=ANSWER_LEEWAY_SECONDS)
_ANSWERED_CARDS = (
    select(cards.c.uuid, func.min(cards.c.at), func.count(distinct(cards.c.patient)))
    .where(
        cards.c.tenant == bindparam("tenant"),
        cards.c.uuid.in_(bindparam("uuids", expanding=True)),
        cards.c.verdict == Verdict.SHOWN.value,
    )
    .group_by(cards.c.uuid)
)


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
        for item, reasons in zip(items, reasons_of(tenant, items), strict=True)
        for reason in reasons
    ]


def last_answered(answered_at: str, received_at: str) -> str:
    """The time of the latest card that an answer can be to, by when it was given and received (stored timestamps)."""
    given = datetime.fromisoformat(min(answered_at, received_at))
    return format_timestamp(min(given, datetime.max.replace(tzinfo=UTC) - _LEEWAY) + _LEEWAY)


def misfits_of(
    connection: Connection, tenant: Tenant, items: Sequence[Feedback], at: datetime, pseudonyms: Pseudonyms
) -> Mapping[Misfit, int]:
    """How many answers, received ``at``, are to no card that was shown before them to one patient."""
    named = [stored_identifier(item.card, pseudonyms) for item in items]
    uuids = list(dict.fromkeys(named))
    shown: dict[str, tuple[str, int]] = {}
    for start in range(0, len(uuids), _CARDS_PER_QUERY):
        parameters = {"tenant": tenant.id, "uuids": uuids[start : start + _CARDS_PER_QUERY]}
        rows = connection.execute(_ANSWERED_CARDS, parameters)
        shown.update({uuid: (first, patients) for uuid, first, patients in rows})
    misfits: Counter[Misfit] = Counter()
    for item, card in zip(items, named, strict=True):
        first, patients = shown.get(card, ("", 0))
        if not patients:
            misfits[Misfit.UNKNOWN] += 1
        elif patients > 1:
            misfits[Misfit.SEVERAL_PATIENTS] += 1
        elif first > last_answered(format_timestamp(item.at), format_timestamp(at)):
            misfits[Misfit.OLDER] += 1
    return misfits


def reason_codes_leading_to(effect: OverrideEffect, knowledge: Knowledge) -> list[str]:
    """Our codes of the override reasons that have an effect, such as a snooze."""
    return [reason.code for reason in knowledge.suggestions.override_reasons if reason.effect is effect]


def reasons_of(tenant: Tenant, items: Sequence[Feedback]) -> list[list[str]]:
    """The reasons of each answer as they are stored, each once; ``NO_REASON`` where none was given.

    A reason becomes our code by the first of its names that is known: to the tenant, else to us, else to HL7. An HL7
    code that is wider than ours becomes the one of ours that it covers, and stays as it is where it covers several. Any
    other text becomes ``other``: it may be what a clinician wrote.
    """
    known = _known_names(tenant)

    def code_of(names: Sequence[str]) -> str:
        folded = [name.strip().casefold() for name in names]
        found = (codes[name] for codes in known for name in folded if name in codes)
        return next(found, OTHER)

    return [list(dict.fromkeys(map(code_of, item.reasons))) or [NO_REASON] for item in items]


def _known_names(tenant: Tenant) -> tuple[Mapping[str, str], ...]:
    """Our codes by the names of reasons without regard to case: the tenant's names, ours, and HL7's."""
    reasons = tenant.knowledge.suggestions.override_reasons
    own = {name.strip().casefold(): code for name, code in tenant.override_reasons.items()}
    ours = {name.casefold(): reason.code for reason in reasons for name in (reason.code, reason.display)}
    standard: dict[str, str] = {}
    for reason in reasons:
        if reason.standard is not None:
            name = reason.standard.code
            standard[name] = name if name in standard else reason.code
    return own, ours, standard


def _suggestions(item: Feedback, pseudonyms: Pseudonyms) -> str:
    accepted = (item.accepted_suggestions or [])[:_MAX_SUGGESTIONS]
    return orjson.dumps([stored_identifier(suggestion.id, pseudonyms) for suggestion in accepted]).decode()
