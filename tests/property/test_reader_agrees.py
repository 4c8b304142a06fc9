"""Does the reader read from a valid R4 request what ``fhir.resources`` reads from it?"""

import json
import os
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B.medicationrequest import MedicationRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.fhir.reader import read_patient
from rules.model import Coding, Period, Quantity, Regimen

ZONE = ZoneInfo("America/New_York")
SHARED = Path(os.environ.get("BENZO_CDS_SHARED", Path(__file__).parents[3] / "shared"))


def read(resource: dict[str, Any]) -> Regimen:
    (regimen,) = read_patient([resource], patient_id=None, zone=ZONE).regimens
    return regimen


def number(value: Decimal | int | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def day(value: date | datetime | None) -> date | None:
    if not isinstance(value, datetime):
        return value
    return value.date() if value.tzinfo is None else value.astimezone(ZONE).date()


def period(value: Any) -> Period:
    return Period() if value is None else Period(day(value.start), day(value.end))


def quantity(value: Any) -> Quantity | None:
    return None if value is None or value.value is None else Quantity(Fraction(value.value), value.unit, value.code)


def named(codings: tuple[Coding, ...]) -> list[tuple[str | None, str | None]]:
    return [(coding.code, coding.display) for coding in codings]


def agrees(resource: dict[str, Any], model: Any, regimen: Regimen) -> None:
    """Compare what both read, through the object model of ``fhir.resources``."""
    assert regimen.status == (model.status or "").lower()
    assert regimen.intent == (model.intent or "").lower()
    assert regimen.do_not_perform is bool(model.doNotPerform)
    assert regimen.reported is bool(model.reportedBoolean or model.reportedReference)
    assert regimen.authored_on == day(model.authoredOn)
    concept = model.medicationCodeableConcept
    if concept is not None:
        listed = [(one.code, one.display) for one in concept.coding or [] if one.code or one.display]
        assert named(regimen.medication.codings) == listed
        assert regimen.medication.text == concept.text
    dispense = model.dispenseRequest
    assert regimen.validity == period(dispense and dispense.validityPeriod)
    if dispense and (dispense.quantity or dispense.numberOfRepeatsAllowed is not None):
        assert regimen.supply is not None
        assert regimen.supply.quantity == quantity(dispense.quantity)
        assert regimen.supply.repeats == Fraction(dispense.numberOfRepeatsAllowed or 0)
    lines = model.dosageInstruction or []
    assert len(regimen.dosages) == len(lines)
    for ours, theirs in zip(regimen.dosages, lines, strict=True):
        assert ours.text == (theirs.text or theirs.patientInstruction)
        assert ours.sequence == theirs.sequence
        assert ours.as_needed is bool(theirs.asNeededBoolean or theirs.asNeededCodeableConcept)
        ends = [(entry.low, entry.high) for entry in ours.doses if not entry.is_rate]
        assert ends == [pair for one in theirs.doseAndRate or [] if (pair := dose(one)) != (None, None)]
        agrees_in_time(ours.timing, theirs.timing)
    assert resource["resourceType"] == model.get_resource_type()


def dose(entry: Any) -> tuple[Quantity | None, Quantity | None]:
    if entry.doseRange is not None:
        return quantity(entry.doseRange.low), quantity(entry.doseRange.high)
    return quantity(entry.doseQuantity), quantity(entry.doseQuantity)


def agrees_in_time(ours: Any, theirs: Any) -> None:
    repeat = theirs and theirs.repeat
    if repeat is None:
        assert ours is None or (ours.frequency, ours.period, ours.bounds) == (None, None, Period())
        return
    assert ours.frequency == number(repeat.frequency)
    assert ours.frequency_max == number(repeat.frequencyMax)
    assert ours.period == number(repeat.period)
    assert ours.period_max == number(repeat.periodMax)
    assert ours.period_unit == repeat.periodUnit
    assert ours.count == number(repeat.count)
    assert ours.duration == number(repeat.duration)
    assert list(ours.when) == (repeat.when or [])
    assert list(ours.day_of_week) == (repeat.dayOfWeek or [])
    assert list(ours.time_of_day) == [time.isoformat() for time in repeat.timeOfDay or []]
    assert ours.bounds == period(repeat.boundsPeriod)


def maybe(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


WORDS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12)
NUMBERS = st.decimals(Decimal("0.001"), 9999, places=3).map(float)
COUNTS = st.integers(1, 60)
DATES = st.dates(date(1990, 1, 1), date(2030, 1, 1)).map(date.isoformat)
ZONES = st.sampled_from([ZONE, ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")])
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=ZONES).map(
    lambda moment: moment.isoformat(timespec="seconds")
)
TIMES = DATES | INSTANTS
PERIODS = st.tuples(DATES, DATES).map(lambda pair: {"start": min(pair), "end": max(pair)}) | maybe(start=TIMES)
QUANTITIES = st.fixed_dictionaries({"value": NUMBERS, "unit": WORDS}, optional={"code": WORDS})
SYSTEM = st.just("http://example.org/codes")
CODINGS = st.fixed_dictionaries({"system": SYSTEM, "code": WORDS}, optional={"display": WORDS})
CONCEPTS = maybe(coding=st.lists(CODINGS, min_size=1, max_size=3), text=WORDS).filter(bool)
REPEATS = st.fixed_dictionaries(
    {"frequency": COUNTS, "period": NUMBERS, "periodUnit": st.sampled_from(["s", "min", "h", "d", "wk", "mo", "a"])},
    optional={
        "boundsPeriod": PERIODS.filter(bool),
        "frequencyMax": COUNTS,
        "periodMax": NUMBERS,
        "count": COUNTS,
        "dayOfWeek": st.lists(st.sampled_from(["mon", "wed", "sun"]), min_size=1, max_size=2),
        "timeOfDay": st.lists(st.sampled_from(["08:00:00", "21:30:00"]), min_size=1, max_size=2),
    },
)
DOSES = st.one_of(
    maybe(doseQuantity=QUANTITIES, type=CONCEPTS),
    st.tuples(NUMBERS, NUMBERS).map(
        lambda pair: {
            "doseRange": {"low": {"value": min(pair), "unit": "mg"}, "high": {"value": max(pair), "unit": "mg"}}
        }
    ),
).filter(bool)
DOSAGES = maybe(
    text=WORDS,
    patientInstruction=WORDS,
    sequence=COUNTS,
    asNeededBoolean=st.booleans(),
    timing=maybe(repeat=REPEATS, code=CONCEPTS).filter(bool),
    doseAndRate=st.lists(DOSES, min_size=1, max_size=3),
).filter(bool)
REQUESTS = st.fixed_dictionaries(
    {
        "resourceType": st.just("MedicationRequest"),
        "status": st.sampled_from(["active", "stopped", "on-hold", "draft"]),
        "intent": st.sampled_from(["order", "plan", "proposal"]),
        "subject": st.just({"reference": "Patient/p"}),
        "medicationCodeableConcept": CONCEPTS,
    },
    optional={
        "authoredOn": TIMES,
        "doNotPerform": st.booleans(),
        "reportedBoolean": st.booleans(),
        "dosageInstruction": st.lists(DOSAGES, min_size=1, max_size=3),
        "dispenseRequest": maybe(
            validityPeriod=PERIODS.filter(bool), quantity=QUANTITIES, numberOfRepeatsAllowed=st.integers(0, 12)
        ).filter(bool),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REQUESTS)
def test_a_generated_request_is_read_alike(resource: dict[str, Any]) -> None:
    sent = json.loads(json.dumps(resource))
    agrees(sent, MedicationRequest.model_validate_json(json.dumps(resource)), read(sent))


def requests_within(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        found = [value] if value.get("resourceType") == "MedicationRequest" else []
        return found + [inner for member in value.values() for inner in requests_within(member)]
    return [inner for member in value for inner in requests_within(member)] if isinstance(value, list) else []


def test_the_requests_of_the_corpus_are_read_alike() -> None:
    files = sorted(SHARED.glob("corpus/patients/*.json")) + sorted(SHARED.glob("corpus/requests/*.json"))
    if not files:
        pytest.skip("the corpus is not at hand")
    accepted = 0
    for file in files:
        for resource in requests_within(json.loads(file.read_bytes())):
            try:
                model = MedicationRequest.model_validate(resource)
            except ValueError:  # not valid R4: what is read of it is the other tests' question
                continue
            accepted += 1
            agrees(resource, model, read(resource))
    print(f"{accepted} requests of the corpus are valid R4 and read alike")
    assert accepted
