"""Build a patient of the model from a row of a spec table; ``findings/README.md`` says how rows are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from rules.assessment_facts import NOT_SUPPLIED
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
    Reason,
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
        "requester_name",
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
        "lasting",
        "lasting_most",
        "sequence",
        "more",
        "text",
        "timing_code",
        "ended",
        "asserted",
        "plan",
        "open_encounter",
        "for",
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
        conditions=tuple(_condition(number, row) for number, row in enumerate(row.get("conditions", []))),
        unread=tuple(Unread(source, "not a resource") for source in row.get("unread", [])),
        missing=tuple((what, row.get("why_missing", NOT_SUPPLIED)) for what in row.get("missing", [])),
    )


def _born(born: str) -> tuple[date, date] | None:
    if born == NONE:
        return None
    if len(born) == len("1961"):
        return date(int(born), 1, 1), date(int(born), 12, 31)
    day = date.fromisoformat(born)
    return day, day


def _number(value: str | None) -> Fraction | None:
    return None if value in (None, NONE) else Fraction(value)


def _regimen(row: Row, on: date) -> Regimen:
    assert not set(row) - MEDICATION_KEYS, f"unknown keys: {sorted(set(row) - MEDICATION_KEYS)}"
    draft = row.get("draft") == "true"
    start = None if row.get("from") == NONE else date.fromisoformat(row["from"]) if "from" in row else on
    end = date.fromisoformat(row["to"]) if "to" in row else None
    drug = row.get("drug")
    name = row.get("id") or (drug or "unnamed").split(" ")[0]
    prior = row.get("prior")
    return Regimen(
        source=f"{RESOURCES[row.get('kind', 'request')]}/{name}",
        medication=Medication(text=drug) if drug else Medication((Coding(CodeSystem.RXNORM, row["code"]),)),
        kind=RecordKind(row.get("kind", "request")),
        draft=draft,
        status=row.get("status", "draft" if draft else "active"),
        intent=row.get("intent", "order"),
        do_not_perform=row.get("do_not_perform") == "true",
        reported=row.get("reported") == "true",
        taken={"true": True, "false": False}.get(row.get("taken", "")),
        another_patient=row.get("another_patient") == "true",
        requester=None if row.get("requester") == NONE else f"Practitioner/{row.get('requester', 'one')}",
        setting=None if row.get("setting") == NONE else Setting(row.get("setting", "community")),
        dosages=_dosages(row, Period(start, end)),
        authored_on=_written(row, start),
        asserted_on=date.fromisoformat(row["asserted"]) if "asserted" in row else None,
        plan=row.get("plan"),
        of_open_encounter=row.get("open_encounter") == "true",
        validity=Period(start, end) if end else Period(),
        ended=date.fromisoformat(row["ended"]) if "ended" in row else None,
        supply=_supply(row),
        prior=f"MedicationRequest/{prior}" if prior else None,
        requester_name=row.get("requester_name"),
        references=(f"MedicationRequest/{row['under']}",) if "under" in row else (),
        reasons=tuple(map(_reason, row.get("for", ()))),
    )


def _reason(words: str) -> Reason:
    """A reason by its ICD-10-CM code, or in words."""
    is_code = words[:1].isupper() and words[1:2].isdigit()
    return Reason((Coding(CodeSystem.ICD10CM, words),)) if is_code else Reason(text=words)


def _written(row: Row, start: date | None) -> date | None:
    if row.get("written") == NONE:
        return None
    return date.fromisoformat(row["written"]) if "written" in row else start


def _dosages(row: Row, bounds: Period) -> tuple[Dosage, ...]:
    units = _number(row.get("units"))
    if units is None:
        return (Dosage(text=row.get("text"), route=row.get("route")),) if {"text", "route"} & set(row) else ()
    unit = row.get("unit") or next((word for part, word in UNIT_WORDS.items() if part in row.get("drug", "")), "tablet")
    if row.get("single") == "true":
        timing = Timing(count=Fraction(1), frequency=Fraction(1))
    elif "timing_code" in row:
        timing = Timing(code=row["timing_code"], bounds=bounds)
    elif "every_hours" in row:
        timing = Timing(frequency=Fraction(1), period=_number(row["every_hours"]), period_unit="h", bounds=bounds)
    else:
        timing = Timing(
            frequency=_number(row["per_day"]),
            period=Fraction(1),
            period_unit="d",
            bounds=bounds,
            bounds_days=_number(row.get("lasting")),
            bounds_days_max=_number(row.get("lasting_most")),
            when=tuple(row.get("when", ())),
            day_of_week=tuple(row.get("weekdays", ())),
        )
    most = _number(row.get("units_most"))
    doses = (DoseEntry("ordered", Quantity(units, unit), Quantity(units if most is None else most, unit)),)
    line = Dosage(
        text=row.get("text"),
        sequence=int(row["sequence"]) if "sequence" in row else None,
        doses=doses,
        timing=timing,
        as_needed=row.get("prn") == "true",
        route=row.get("route"),
    )
    more = [other for each in row.get("more", ()) for other in _dosages({"drug": row["drug"], **each}, bounds)]
    return (line, *more, Dosage(text=row["also"])) if "also" in row else (line, *more)


def _supply(row: Row) -> Supply | None:
    days = _number(row.get("days"))
    quantity = _number(row.get("quantity"))
    if quantity is None and days is not None and "quantity" not in row and "units" in row and "per_day" in row:
        quantity = Fraction(row["units"]) * Fraction(row["per_day"]) * days
    if days is None and quantity is None:
        return None
    repeats = Fraction(row.get("repeats", "0"))
    return Supply(Quantity(quantity) if quantity is not None else None, days, repeats)


def _condition(number: int, row: str | Row) -> ConditionEntry:
    entry: Row = {"code": row} if isinstance(row, str) else row
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
