"""Generated R4 resources of full variety: every element that the reader reads, each of them valid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

Values = st.SearchStrategy[Any]
Objects = st.SearchStrategy[dict[str, Any]]


def maybe(required: Mapping[str, Values] | None = None, **members: Values) -> Objects:
    return st.fixed_dictionaries(dict(required or {}), optional=members)


def one_of_each(*choices: Mapping[str, Values]) -> Objects:
    """One of several members that stand for one choice (``dose[x]``), or none of them."""
    return st.one_of(st.just({}), *(st.fixed_dictionaries(dict(choice)) for choice in choices))


def with_choices(base: Objects, *choices: Objects) -> Objects:
    return st.tuples(base, *choices).map(lambda parts: {k: v for part in parts for k, v in part.items()})


WORDS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
CODES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=6).map(
    lambda text: f"c{text}".rstrip("-")
)
NUMBERS = st.decimals(Decimal("0.001"), 9999, places=3).map(float)
COUNTS = st.integers(1, 60)
DAYS = st.dates(date(1990, 1, 1), date(2030, 1, 1)).map(date.isoformat)
ZONES = st.sampled_from([ZoneInfo("America/New_York"), ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")])
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=ZONES).map(
    lambda moment: moment.isoformat(timespec="seconds")
)
PARTIAL = st.sampled_from(["1999", "2024", "2024-02", "2023-12"])
TIMES = DAYS | INSTANTS | PARTIAL
PERIODS = st.one_of(
    st.tuples(DAYS, DAYS).map(lambda pair: {"start": min(pair), "end": max(pair)}),
    TIMES.map(lambda time: {"start": time}),
    TIMES.map(lambda time: {"end": time}),
)
COMPARATORS = st.sampled_from(["<", "<=", ">", ">="])
SIMPLE = maybe({"value": NUMBERS}, unit=WORDS, code=WORDS)
QUANTITIES = maybe({"value": NUMBERS}, unit=WORDS, code=WORDS, comparator=COMPARATORS)
RANGES = st.one_of(
    st.tuples(NUMBERS, NUMBERS).map(
        lambda pair: {"low": {"value": min(pair), "unit": "mg"}, "high": {"value": max(pair), "unit": "mg"}}
    ),
    SIMPLE.map(lambda end: {"low": end}),
    SIMPLE.map(lambda end: {"high": end}),
)
LENGTHS = st.builds(
    lambda value, unit: {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
    NUMBERS,
    st.sampled_from(["min", "h", "d", "wk", "mo", "a"]),
)
RATIOS = maybe({"numerator": QUANTITIES}, denominator=maybe({"value": NUMBERS}, unit=WORDS, code=WORDS))
SYSTEMS = st.sampled_from(
    [
        "http://www.nlm.nih.gov/research/umls/rxnorm",
        "http://snomed.info/sct",
        "https://dmd.nhs.uk",
        "http://www.whocc.no/atc",
        "http://hl7.org/fhir/sid/ndc",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://example.org/codes",
        "http://terminology.hl7.org/CodeSystem/data-absent-reason",
    ]
)
CODINGS = maybe(system=SYSTEMS, code=CODES, display=WORDS).filter(bool)
CONCEPTS = maybe(coding=st.lists(CODINGS, min_size=1, max_size=3), text=WORDS).filter(bool)
PATIENTS = st.sampled_from(["Patient/p", "https://ehr.example/r4/Patient/p/_history/2", "Patient/q"])
SUBJECTS = PATIENTS.map(lambda text: {"reference": text})
PARTIES = st.one_of(
    st.sampled_from(["Practitioner/d", "https://ehr.example/r4/Practitioner/d", "Practitioner?identifier=a|b"]).map(
        lambda text: {"reference": text, "display": "Dr D"}
    ),
    maybe({"value": WORDS}, system=st.just("urn:oid:1.2")).map(lambda identifier: {"identifier": identifier}),
    WORDS.map(lambda text: {"display": text}),
)


def references(kind: str) -> Objects:
    return st.sampled_from([f"{kind}/1", f"https://ehr.example/{kind}/2", f"{kind}/3/_history/1"]).map(
        lambda text: {"reference": text}
    )


def _longer(parts: tuple[dict[str, Any], int]) -> dict[str, Any]:
    """A range from a length to one that is longer by so much."""
    low, more = parts
    return {"low": low, "high": low | {"value": low["value"] + more}}


REPEATS = with_choices(
    maybe(
        frequency=COUNTS,
        frequencyMax=COUNTS,
        period=NUMBERS,
        periodMax=NUMBERS,
        periodUnit=st.sampled_from(["s", "min", "h", "d", "wk", "mo", "a"]),
        count=COUNTS,
        countMax=COUNTS,
        duration=NUMBERS,
        durationUnit=st.sampled_from(["min", "h", "d"]),
        dayOfWeek=st.lists(st.sampled_from(["mon", "wed", "sun"]), min_size=1, max_size=2),
        timeOfDay=st.lists(st.sampled_from(["08:00:00", "21:30:00"]), min_size=1, max_size=2),
        when=st.lists(st.sampled_from(["HS", "MORN", "PCM"]), min_size=1, max_size=2),
    ),
    one_of_each(
        {"boundsPeriod": PERIODS},
        {"boundsDuration": LENGTHS},
        {"boundsRange": st.tuples(LENGTHS, COUNTS).map(_longer)},
    ),
)
TIMINGS = maybe(repeat=REPEATS.filter(bool), code=CONCEPTS, event=st.lists(TIMES, min_size=1, max_size=2)).filter(bool)
RATES = one_of_each({"rateRatio": RATIOS}, {"rateRange": RANGES}, {"rateQuantity": SIMPLE})
DOSES = with_choices(
    maybe(type=CONCEPTS), one_of_each({"doseQuantity": QUANTITIES}, {"doseRange": RANGES}), RATES
).filter(bool)
DOSAGES = with_choices(
    maybe(
        text=WORDS,
        patientInstruction=WORDS,
        sequence=COUNTS,
        timing=TIMINGS,
        route=CONCEPTS,
        doseAndRate=st.lists(DOSES, min_size=1, max_size=3),
        maxDosePerPeriod=st.builds(lambda amount, time: {"numerator": amount, "denominator": time}, SIMPLE, LENGTHS),
        maxDosePerAdministration=SIMPLE,
    ),
    one_of_each({"asNeededBoolean": st.booleans()}, {"asNeededCodeableConcept": CONCEPTS}),
).filter(bool)
LINES = st.lists(DOSAGES, min_size=1, max_size=3)
SUBSTANCES = st.builds(
    lambda item, more: {**item, **more},
    st.one_of(
        CONCEPTS.map(lambda concept: {"itemCodeableConcept": concept}),
        WORDS.map(lambda text: {"itemReference": {"display": text}}),
    ),
    maybe(isActive=st.booleans(), strength=RATIOS),
)
MEDICATIONS = maybe(
    {"resourceType": st.just("Medication"), "id": st.just("a")},
    code=CONCEPTS,
    form=CONCEPTS,
    ingredient=st.lists(SUBSTANCES, min_size=1, max_size=3),
)
# A concept, a Medication inside the record, one beside it (with its id), or one that was not sent.
NAMED = st.one_of(
    CONCEPTS.map(lambda concept: {"medicationCodeableConcept": concept}),
    st.builds(
        lambda medication, display: {
            "contained": [medication],
            "medicationReference": {"reference": "#a", **display},
        },
        MEDICATIONS,
        maybe(display=WORDS),
    ),
    st.builds(
        lambda reference, display: {"medicationReference": {"reference": reference, **display}},
        st.sampled_from(["Medication/a", "https://ehr.example/r4/Medication/a/_history/1", "Medication/far"]),
        maybe(display=WORDS),
    ),
)
SETTINGS = st.sampled_from(["inpatient", "outpatient", "community", "discharge", "other"]).map(
    lambda code: {"coding": [{"code": code}]}
)


def record(kind: str, statuses: list[str], *choices: Objects, **members: Values) -> Objects:
    base = {
        "resourceType": st.just(kind),
        "id": st.just("m"),
        "status": st.sampled_from(statuses),
        "subject": SUBJECTS,
    }
    return with_choices(maybe(base, **members), NAMED, *choices)


REQUESTS = with_choices(
    record(
        "MedicationRequest",
        ["active", "stopped", "on-hold", "draft", "completed", "entered-in-error", "unknown"],
        one_of_each({"reportedBoolean": st.booleans()}, {"reportedReference": references("Patient")}),
        authoredOn=TIMES,
        doNotPerform=st.booleans(),
        requester=PARTIES,
        recorder=PARTIES,
        category=st.lists(SETTINGS, min_size=1, max_size=2),
        priorPrescription=references("MedicationRequest"),
        basedOn=st.lists(references("MedicationRequest"), min_size=1, max_size=2),
        reasonCode=st.lists(CONCEPTS, min_size=1, max_size=2),
        dosageInstruction=LINES,
        dispenseRequest=maybe(
            validityPeriod=PERIODS,
            quantity=SIMPLE,
            expectedSupplyDuration=LENGTHS,
            numberOfRepeatsAllowed=st.integers(1, 12),
        ).filter(bool),
    ),
    st.sampled_from(["order", "plan", "proposal", "instance-order"]).map(lambda intent: {"intent": intent}),
)
EFFECTIVE = one_of_each({"effectiveDateTime": TIMES}, {"effectivePeriod": PERIODS})
STATEMENTS = record(
    "MedicationStatement",
    ["active", "completed", "intended", "stopped", "on-hold", "unknown", "not-taken"],
    EFFECTIVE,
    dateAsserted=TIMES,
    basedOn=st.lists(references("MedicationRequest"), min_size=1, max_size=2),
    derivedFrom=st.lists(references("MedicationStatement"), min_size=1, max_size=2),
    category=SETTINGS,
    dosage=LINES,
)
DISPENSES = record(
    "MedicationDispense",
    ["completed", "preparation", "cancelled", "on-hold", "stopped"],
    whenPrepared=st.just("2024-01-01T08:00:00Z"),
    whenHandedOver=st.sampled_from(["2024-01-02T02:00:00Z", "2024-03-01"]),
    quantity=SIMPLE,
    daysSupply=LENGTHS,
    authorizingPrescription=st.lists(references("MedicationRequest"), min_size=1, max_size=2),
    category=SETTINGS,
    dosageInstruction=LINES,
)
ADMINISTRATIONS = record(
    "MedicationAdministration",
    ["in-progress", "not-done", "completed", "stopped"],
    st.one_of(TIMES.map(lambda t: {"effectiveDateTime": t}), PERIODS.map(lambda p: {"effectivePeriod": p})),
    request=references("MedicationRequest"),
    category=SETTINGS,
    dosage=with_choices(
        maybe(text=WORDS, route=CONCEPTS, dose=SIMPLE), one_of_each({"rateRatio": RATIOS}, {"rateQuantity": SIMPLE})
    ).filter(bool),
)
CONDITIONS = with_choices(
    maybe(
        {"resourceType": st.just("Condition"), "id": st.just("c"), "subject": SUBJECTS},
        code=CONCEPTS,
        clinicalStatus=st.sampled_from(["active", "relapse", "resolved"]).map(lambda c: {"coding": [{"code": c}]}),
        verificationStatus=st.sampled_from(["confirmed", "refuted"]).map(lambda c: {"coding": [{"code": c}]}),
        recordedDate=TIMES,
    ),
    one_of_each({"onsetDateTime": TIMES}, {"onsetPeriod": PERIODS}, {"onsetString": WORDS}),
    one_of_each({"abatementDateTime": TIMES}, {"abatementPeriod": PERIODS}, {"abatementString": WORDS}),
)
PERSONS = maybe(
    {"resourceType": st.just("Patient"), "id": st.just("p")},
    birthDate=DAYS | PARTIAL,
    gender=st.sampled_from(["male", "female", "other", "unknown"]),
)
