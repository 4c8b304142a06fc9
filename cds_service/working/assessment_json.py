"""The assessment as JSON: what ``benzo-cds assess --json`` prints.

The members are those of ``assessment.schema.json``, always all of them, so that a reader need not guess what absence
means. A card carries a part of it: see ``cds_service/cards/extension.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from cds_service.config.limits import MAX_EVIDENCE, MAX_EVIDENCE_LENGTH
from cds_service.working.numbers import exactly
from rules.assessment import Assessment, Considered, Exposure, Load, Met, OpioidLoad
from rules.assessment_facts import ConditionOnRecord, NotSupplied, Prescribed, StoppedDose
from rules.assessment_lines import (
    Certainty,
    Contribution,
    Doubt,
    Evidence,
    NotCounted,
    NotInLoad,
    OpioidContribution,
)
from rules.numbers.quantity import JSON_DECIMALS, Amount, DiazepamEquivalent

# Denominators of numbers that have at most 6 decimals, so that nothing is to be rounded.
_EXACT_DENOMINATORS = frozenset(part for part in range(1, 1_001) if 10**JSON_DECIMALS % part == 0)

_HOLDERS = (dict, list)
_EMPTIED = (str, *_HOLDERS)

SCHEMA_VERSION = "1"
"""The version of the format. It changes only when a member is removed or changes its meaning."""


def assessment_json(assessment: Assessment) -> dict[str, Any]:
    """The whole assessment, in the format that ``assessment.schema.json`` documents."""
    return assessment_members(assessment, assessment.findings, assessment.not_counted, assessment.considered)


def assessment_members(
    assessment: Assessment, findings: Iterable[Met], not_counted: Iterable[NotCounted], considered: Iterable[Considered]
) -> dict[str, Any]:
    """The assessment with these of its findings, of its records that are not counted, and of what was considered."""
    return {
        "schema": SCHEMA_VERSION,
        "knowledge": {"version": assessment.knowledge_version, "table": assessment.table},
        "on": assessment.on.isoformat(),
        "patient": {"reference": assessment.reference, "age": assessment.age},
        "load": {
            "unit": DiazepamEquivalent.unit,
            "current": _load(assessment.load),
            "with_order": None if assessment.with_order is None else _load(assessment.with_order),
        },
        "contributions": [_contribution(item) for item in assessment.contributions],
        "not_in_load": [_not_in_load(item) for item in assessment.not_in_load],
        "not_counted": [_not_counted(item) for item in not_counted],
        "opioid": _opioid(assessment.opioid, assessment.opioid_before),
        "exposure": {name: _exposure(use) for name, use in assessment.exposure.items()},
        "findings": [_finding(item) for item in findings],
        "considered": [_considered(item) for item in considered],
        "not_relevant": assessment.not_relevant,
    }


def without_empty(value: Any) -> Any:
    """The value with every member that is null, ``""``, ``[]`` or ``{}`` left out, at every depth.

    CDS Hooks forbids such members in what a service sends.
    """
    if isinstance(value, dict):
        members = {}
        for key, item in value.items():
            member = without_empty(item) if isinstance(item, _HOLDERS) else item
            if member or not _may_be_empty(member):
                members[key] = member
        return members
    if isinstance(value, list):
        items = (without_empty(item) if isinstance(item, _HOLDERS) else item for item in value)
        return [item for item in items if item or not _may_be_empty(item)]
    return value


def _may_be_empty(value: Any) -> bool:
    """Whether a falsy value is an empty member (null, a text, a list, an object) and not 0 or false."""
    return value is None or isinstance(value, _EMPTIED)


@cache
def assessment_schema() -> dict[str, Any]:
    """The JSON Schema of the format."""
    schema: dict[str, Any] = orjson.loads(files("cds_service.working").joinpath("assessment.schema.json").read_bytes())
    return schema


def number(value: Fraction) -> float:
    """An exact figure as a JSON number, of up to 6 decimals."""
    if value.denominator in _EXACT_DENOMINATORS:
        return value.numerator / value.denominator
    return float(round(value, JSON_DECIMALS))


def _number_or_null(value: Fraction | None) -> float | None:
    return None if value is None else number(value)


def _range(amount: Amount) -> dict[str, Any]:
    return {"used": number(amount.used), "low": number(amount.low), "high": number(amount.high)}


def _load(load: Load) -> dict[str, Any]:
    return {
        "used": _number_or_null(load.used),
        "low": number(load.low),
        "high": _number_or_null(load.high),
        "complete": load.complete,
        "band": load.band,
        "band_is_minimum": load.band_is_minimum,
        "components": {name: number(value) for name, value in load.components.items()},
        "substitution": {"used": number(load.substitution.used), "agents": list(load.substitution.agents)},
        "by_table": {
            name: {
                "used": _number_or_null(total.used),
                "band": total.band,
                "fallback": list(total.fallback),
                "missing": list(total.missing),
            }
            for name, total in load.by_table.items()
        },
    }


def _implausible(doubts: Iterable[Doubt]) -> dict[str, Any]:
    """The member on implausible doses, where there are any."""
    lines = [fact_json(asdict(doubt)) for doubt in doubts]
    return {"implausible": lines} if lines else {}


def _contribution(item: Contribution) -> dict[str, Any]:
    return {
        "source": item.source,
        "requester": item.requester,
        "standing": item.standing,
        "agent": item.agent,
        "class": item.agent_class,
        "product": item.product,
        "sig": item.sig,
        "read_as": item.read_as,
        "daily_dose": {**_range(item.daily_dose), "unit": item.daily_dose.unit},
        "equivalent": {**_range(item.equivalent), "reference": item.reference},
        "assumptions": list(item.assumptions),
        **_implausible(item.doubts),
        "read_from": _read_from(item.read_from),
    }


def _read_from(pieces: tuple[Evidence, ...]) -> list[dict[str, Any]]:
    """Which words of the instructions gave what, with a limit on their number and length."""
    return [
        {"words": piece.words[:MAX_EVIDENCE_LENGTH], "start": piece.start, "gave": piece.gave}
        for piece in pieces[:MAX_EVIDENCE]
    ]


def _not_in_load(item: NotInLoad) -> dict[str, Any]:
    return {
        "source": item.source,
        "agent": item.agent,
        "class": item.agent_class,
        "present": item.present,
        "reason": item.reason,
        **_implausible(item.doubts),
        "standing": item.standing,
        "product": item.product,
        "sig": item.sig,
        "read_as": item.read_as,
        "assumptions": list(item.assumptions),
        "read_from": _read_from(item.read_from),
    }


def _not_counted(item: NotCounted) -> dict[str, Any]:
    return {
        "source": item.source,
        "agent": item.agent or None,
        "class": item.agent_class or None,
        "present": item.present,
        **({"certainty": item.certainty} if item.certainty is Certainty.POSSIBLE else {}),
        "reason": item.reason,
        "text": item.full_text,
        "standing": item.standing,
        "product": item.product,
        "sig": item.sig,
        "read_from": _read_from(item.read_from),
    }


def _opioid(load: OpioidLoad, before: OpioidLoad | None) -> dict[str, Any]:
    return {
        "present": load.present,
        "mme": _mme(load),
        "mme_before": None if before is None else _mme(before),
        "contributions": [_opioid_contribution(item) for item in load.contributions],
        "excluded": [
            {"source": item.source, "agent": item.agent, "reason": item.reason, "text": item.text}
            for item in load.excluded
        ],
    }


def _mme(load: OpioidLoad) -> dict[str, Any]:
    return {
        "used": _number_or_null(load.used),
        "low": number(load.low),
        "high": _number_or_null(load.high),
        "complete": load.complete,
    }


def _opioid_contribution(item: OpioidContribution) -> dict[str, Any]:
    return {
        "source": item.source,
        "agent": item.agent,
        "daily_dose": {"used": number(item.daily_dose.used), "unit": item.daily_dose.unit},
        "factor": exactly(item.factor),
        "mme": number(item.mme.used),
        "reference": item.reference,
    }


def _exposure(use: Exposure | None) -> dict[str, Any] | None:
    if use is None:
        return None
    return {"since": use.since.isoformat(), "days": use.days, "at_least": use.at_least, "pattern": use.pattern}


def _finding(item: Met) -> dict[str, Any]:
    return {
        "id": item.id,
        "severity": item.severity,
        "title": item.title,
        "facts": {key: fact_json(value) for key, value in item.facts.items()},
        "references": list(item.references),
    }


def _considered(item: Considered) -> dict[str, Any]:
    members = {"id": item.id, "result": item.result}
    if item.why is not None:
        members["why"] = item.why
    if item.by is not None:
        members["by"] = item.by
    return members


def fact_json(value: object) -> Any:
    """A fact of a finding as JSON: exact numbers as figures, dates as text, tuples and sets as lists."""
    if isinstance(value, ConditionOnRecord | NotSupplied | Prescribed | StoppedDose):
        return str(value)
    if isinstance(value, Fraction):
        return number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Amount):
        return {**_range(value), "unit": value.unit}
    if isinstance(value, Mapping):
        return {str(key): fact_json(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(fact_json(item) for item in value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [fact_json(item) for item in value]
    return value
