"""Evaluations as FHIR AuditEvents (R4), one for each, for a repository of audit records.

Patients and users appear by their pseudonyms in the store.
"""

from __future__ import annotations

from typing import Any

import orjson
from fhir.resources.R4B.auditevent import AuditEvent

from cds_service.records.database import Row

NAMES = "urn:org.benzo-cds:keyed-hash"
_EVENT_TYPES = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_INTERACTIONS = "http://hl7.org/fhir/restful-interaction"
_ENTITY_TYPES = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLES = "http://terminology.hl7.org/CodeSystem/object-role"
_EXECUTE, _SUCCESS = "E", "0"
_MAX_ID_LENGTH = 64
_PERSON, _SYSTEM_OBJECT = "1", "2"
_PATIENT, _QUERY = "1", "24"


def audit_event(row: Row) -> bytes:
    """The AuditEvent of a row of ``evaluations``, as JSON, validated as R4."""
    cards = orjson.loads(row["cards"])
    findings = ", ".join(name for name, _ in orjson.loads(row["findings"])) or "none"
    shown = ", ".join(f"{topic} ({indicator}, {verdict})" for _, topic, indicator, verdict in cards) or "none"
    # A truncated id would be shared with other rows.
    identity = f"{row['tenant']}-{row['sequence']}"
    agents = [_agent(row["tenant"], None, requestor=not row["user"])]
    if row["user"]:
        agents.append(_agent(None, row["user"], requestor=True))
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": identity if len(identity) <= _MAX_ID_LENGTH else row["link"],
        "type": {"system": _EVENT_TYPES, "code": "rest"},
        "subtype": [{"system": _INTERACTIONS, "code": "operation"}],
        "action": _EXECUTE,
        "recorded": row["at"],
        "outcome": _SUCCESS,
        "agent": agents,
        "source": {"observer": {"display": f"Benzo-CDS {row['program']}"}},
        "entity": [
            {
                "what": {"identifier": {"system": NAMES, "value": row["patient"]}},
                "type": {"system": _ENTITY_TYPES, "code": _PERSON, "display": "Person"},
                "role": {"system": _ROLES, "code": _PATIENT, "display": "Patient"},
            },
            {
                "what": {"identifier": {"system": "urn:org.benzo-cds:hook-instance", "value": row["hook_instance"]}},
                "type": {"system": _ENTITY_TYPES, "code": _SYSTEM_OBJECT, "display": "System Object"},
                "role": {"system": _ROLES, "code": _QUERY, "display": "Query"},
                "name": row["service"],
                "detail": [
                    {"type": "knowledge", "valueString": row["knowledge"]},
                    {"type": "input", "valueString": row["input"]},
                    {"type": "findings", "valueString": findings},
                    {"type": "cards", "valueString": shown},
                    {"type": "microseconds", "valueString": str(row["microseconds"])},
                    {"type": "link", "valueString": row["link"]},
                ],
            },
        ],
    }
    return str(AuditEvent.model_validate(event).model_dump_json(exclude_none=True)).encode()


def _agent(name: str | None, user: str | None, *, requestor: bool) -> dict[str, Any]:
    who = {"display": name} if user is None else {"identifier": {"system": NAMES, "value": user}}
    return {"who": who, "requestor": requestor}
