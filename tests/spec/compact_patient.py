"""Build a patient of the model from a row of a spec table; ``findings/README.md`` says how rows are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from rules.model import (
    CodeSystem,
    Coding,
    ConditionEntry,
    Dosage,
    DoseEntry,
    Medication,
    Patient,
    Period,
    Quantity,
    RecordKind,
    Regimen,
    Setting,
    Supply,
    Timing,
    Unread,
)

DAY_JUDGED = date(2026, 11, 22)
BORN = "1980-05-05"
RECORD_BEGINS = "2019-01-01"
NONE = "none"
UNIT_WORDS = {"Capsule": "capsule", "Film": "film", "Transdermal": "patch", "Spray": "spray", "Solution": "mL"}
MEDICATION_KEYS = frozenset(
    (
        "drug",
        "code",
        "units",
        "unit",
        "per_day",
        "every_hours",
        "from",
        "to",
        "days",
        "quantity",
        "repeats",
        "prn",
        "requester",
        "status",
        "draft",
        "setting",
        "kind",
        "id",
        "prior",
        "single",
        "written",
        "intent",
        "reported",
        "taken",
        "another_patient",
        "do_not_perform",
        "under",
        "route",
        "when",
        "weekdays",
        "units_most",
        "also",
        "ended",
    )
)

RESOURCES = {"request": "MedicationRequest", "statement": "MedicationStatement", "dispense": "MedicationDispense"}

Row = Mapping[str, Any]


def day_of(row: Row) -> date:
    """The day judged."""
    return date.fromisoformat(row["on"]) if "on" in row else DAY_JUDGED


def patient_of(row: Row) -> Patient:
    """The patient of a row."""
    on = day_of(row)
    begins = row.get("record_begins", RECORD_BEGINS)
    old = [] if begins == NONE else [{"drug": "amoxicillin 500 MG Oral Capsule", "from": begins, "status": "completed"}]
    return Patient(
        reference="Patient/row",
        born=_born(row.get("born", BORN)),
        regimens=tuple(_regimen(medication, on) for medication in [*old, *row.get("medications", [])]),
        conditions=tuple(_condition(number, told) for number, told in enumerate(row.get("conditions", []))),
        unread=tuple(Unread(source, "not a resource") for source in row.get("unread", [])),
        missing=tuple((what, "not supplied") for what in row.get("missing", [])),
    )


def _born(told: str) -> tuple[date, date] | None:
    if told == NONE:
        return None
    if len(told) == len("1961"):
        return date(int(told), 1, 1), date(int(told), 12, 31)
    day = date.fromisoformat(told)
    return day, day


def _number(told: str | None) -> Fraction | None:
    return None if told in (None, NONE) else Fraction(told)


def _regimen(told: Row, on: date) -> Regimen:
    assert not set(told) - MEDICATION_KEYS, f"unknown keys: {sorted(set(told) - MEDICATION_KEYS)}"
    draft = told.get("draft") == "true"
    start = None if told.get("from") == NONE else date.fromisoformat(told["from"]) if "from" in told else on
    end = date.fromisoformat(told["to"]) if "to" in told else None
    drug = told.get("drug")
    name = told.get("id") or (drug or "unnamed").split(" ")[0]
    prior = told.get("prior")
    return Regimen(
        source=f"{RESOURCES[told.get('kind', 'request')]}/{name}",
        medication=Medication(text=drug) if drug else Medication((Coding(CodeSystem.RXNORM, told["code"]),)),
        kind=RecordKind(told.get("kind", "request")),
        draft=draft,
        status=told.get("status", "draft" if draft else "active"),
        intent=told.get("intent", "order"),
        do_not_perform=told.get("do_not_perform") == "true",
        reported=told.get("reported") == "true",
        taken={"true": True, "false": False}.get(told.get("taken", "")),
        another_patient=told.get("another_patient") == "true",
        requester=None if told.get("requester") == NONE else f"Practitioner/{told.get('requester', 'one')}",
        setting=None if told.get("setting") == NONE else Setting(told.get("setting", "community")),
        dosages=_dosages(told, Period(start, end)),
        authored_on=_written(told, start),
        validity=Period(start, end) if end else Period(),
        ended=date.fromisoformat(told["ended"]) if "ended" in told else None,
        supply=_supply(told),
        prior=f"MedicationRequest/{prior}" if prior else None,
        references=(f"MedicationRequest/{told['under']}",) if "under" in told else (),
    )


def _written(told: Row, start: date | None) -> date | None:
    return date.fromisoformat(told["written"]) if "written" in told else start


def _dosages(told: Row, bounds: Period) -> tuple[Dosage, ...]:
    units = _number(told.get("units"))
    if units is None:
        return ()
    unit = told.get("unit") or next(
        (word for part, word in UNIT_WORDS.items() if part in told.get("drug", "")), "tablet"
    )
    if told.get("single") == "true":
        timing = Timing(count=Fraction(1), frequency=Fraction(1))
    elif "every_hours" in told:
        timing = Timing(frequency=Fraction(1), period=_number(told["every_hours"]), period_unit="h", bounds=bounds)
    else:
        timing = Timing(
            frequency=_number(told["per_day"]),
            period=Fraction(1),
            period_unit="d",
            bounds=bounds,
            when=tuple(told.get("when", ())),
            day_of_week=tuple(told.get("weekdays", ())),
        )
    most = _number(told.get("units_most"))
    doses = (DoseEntry("ordered", Quantity(units, unit), Quantity(most, unit) if most is not None else None),)
    line = Dosage(doses=doses, timing=timing, as_needed=told.get("prn") == "true", route=told.get("route"))
    return (line, Dosage(text=told["also"])) if "also" in told else (line,)


def _supply(told: Row) -> Supply | None:
    days = _number(told.get("days"))
    quantity = _number(told.get("quantity"))
    if quantity is None and days is not None and "quantity" not in told and "units" in told and "per_day" in told:
        quantity = Fraction(told["units"]) * Fraction(told["per_day"]) * days
    if days is None and quantity is None:
        return None
    repeats = Fraction(told.get("repeats", "0"))
    return Supply(Quantity(quantity) if quantity is not None else None, days, repeats)


def _condition(number: int, told: str | Row) -> ConditionEntry:
    entry: Row = {"code": told} if isinstance(told, str) else told
    recorded = entry.get("recorded")
    codings: Sequence[Coding] = ()
    if "code" in entry:
        codings = (Coding(CodeSystem.ICD10CM, entry["code"]),)
    return ConditionEntry(
        source=f"Condition/{number}",
        codings=tuple(codings),
        text=entry.get("name"),
        clinical_status=entry.get("status", "active"),
        verification_status=entry.get("verification", "confirmed"),
        recorded=date.fromisoformat(recorded) if recorded else None,
    )
