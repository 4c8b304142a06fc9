"""Does the reader answer, whatever JSON stands wherever in a resource, and lose no record of a medication?"""

import copy
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.bundle import drafts_of, read_value
from cds_service.fhir.reader import read_patient

ZONE = ZoneInfo("America/New_York")
QUANTITY = {"value": 1, "unit": "mg", "code": "mg"}
PERIOD = {"start": "2026-01-01", "end": "2026-02"}
CONCEPT = {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "d"}], "text": "t"}
RANGE = {"low": QUANTITY, "high": QUANTITY}
RATIO = {"numerator": QUANTITY, "denominator": {"value": 1, "unit": "d"}}
REFERENCE = {"reference": "Medication/a", "display": "d", "identifier": {"system": "s", "value": "v"}}
REPEAT = {
    "boundsPeriod": PERIOD,
    "boundsDuration": {"value": 1, "unit": "d"},
    "boundsRange": {"low": {"value": 1, "unit": "d"}},
    **dict.fromkeys(("frequency", "frequencyMax", "period", "periodMax", "count", "countMax", "duration"), 1),
    "periodUnit": "d",
    "dayOfWeek": ["mon"],
    "timeOfDay": ["08:00:00"],
    "when": ["HS"],
}
DOSAGE = {
    "text": "t",
    "sequence": 1,
    "asNeededBoolean": True,
    "asNeededCodeableConcept": CONCEPT,
    "asNeededFor": [CONCEPT],
    "timing": {"event": ["2026-01-01"], "repeat": REPEAT, "code": CONCEPT},
    "doseAndRate": [{"type": CONCEPT, "doseQuantity": QUANTITY, "doseRange": RANGE, "rateRatio": RATIO}],
    "doseQuantity": QUANTITY,
    "maxDosePerPeriod": [RATIO],
    "maxDosePerAdministration": QUANTITY,
    "extension": [{"url": "https://open.epic.com/fhir/extensions/ordered-dose", "valueQuantity": QUANTITY}],
    "route": CONCEPT,
}
MEDICATION = {
    "resourceType": "Medication",
    "id": "a",
    "code": CONCEPT,
    "form": CONCEPT,
    "ingredient": [{"itemCodeableConcept": CONCEPT, "itemReference": REFERENCE, "strength": RATIO}],
}
RECORD: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "id": "m",
    "meta": {"lastUpdated": "2026-01-01T00:00:00Z", "versionId": "1"},
    "contained": [MEDICATION],
    "status": "active",
    "intent": "order",
    "doNotPerform": False,
    "reportedBoolean": True,
    "category": [CONCEPT],
    "medicationCodeableConcept": CONCEPT,
    "medicationReference": REFERENCE,
    "medication": {"concept": CONCEPT, "reference": REFERENCE},
    "subject": {"reference": "Patient/p"},
    "requester": {"agent": REFERENCE},
    "authoredOn": "2026-01-01T10:00:00Z",
    "effectivePeriod": PERIOD,
    "effectiveDateTime": "2026",
    "taken": "y",
    "adherence": {"code": CONCEPT},
    "whenHandedOver": "2026-01-01",
    "quantity": QUANTITY,
    "daysSupply": {"value": 30, "unit": "d"},
    "basedOn": [REFERENCE],
    "priorPrescription": REFERENCE,
    "dosageInstruction": [DOSAGE],
    "dosage": [DOSAGE],
    "dispenseRequest": {
        "quantity": QUANTITY,
        "expectedSupplyDuration": {"value": 30, "unit": "d"},
        "numberOfRepeatsAllowed": 1,
        "validityPeriod": PERIOD,
    },
    "modifierExtension": [],
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "id": "c",
    "code": CONCEPT,
    "clinicalStatus": CONCEPT,
    "verificationStatus": CONCEPT,
    "onsetDateTime": "2026",
    "onsetPeriod": PERIOD,
    "abatementDateTime": "2026",
    "abatementPeriod": PERIOD,
    "abatementBoolean": True,
    "recordedDate": "2026-01-01",
    "subject": REFERENCE,
}
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01", "gender": "female"}
KINDS = tuple(f"Medication{kind}" for kind in ("Request", "Order", "Statement", "Dispense", "Administration"))

# Shapes and words that FHIR uses are among the values, so that they turn up in wrong places.
WORDS = st.sampled_from(
    ["resourceType", "Bundle", "entry", "resource", "2026-01-01", "0000-00-00", "#", "urn:", "//", "1e999"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.sampled_from(["coding", "value", "reference", "text"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value below its root."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in members for found in ((*path, key), *places(inner, (*path, key)))]


def put(root: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of ``root`` with ``value`` at one place."""
    whole = copy.deepcopy(root)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return whole


@given(VALUES, st.none() | st.text(max_size=5))
def test_any_json_is_read_as_something(value: Any, patient_id: str | None) -> None:
    read_patient([value, {"resourceType": "Bundle", "entry": value}], patient_id=patient_id, drafts=[value], zone=ZONE)
    read_value(value)
    drafts_of(value)
    drafts_of({"draftOrders": value})


@settings(max_examples=400)
@given(st.data(), st.sampled_from(KINDS), VALUES)
def test_any_json_anywhere_in_a_record_costs_at_most_one_line(data: st.DataObject, kind: str, value: Any) -> None:
    whole = {**RECORD, "resourceType": kind}
    path = data.draw(st.sampled_from(places(whole)))
    broken = put(whole, path, value)
    neighbour = {"resourceType": "MedicationRequest", "id": "other", "medicationCodeableConcept": {"text": "x"}}
    alone = read_patient([neighbour, PATIENT], patient_id="p", zone=ZONE)
    patient = read_patient([broken, neighbour, PATIENT], patient_id="p", zone=ZONE)
    assert set(alone.regimens) <= set(patient.regimens)
    if broken.get("resourceType") == kind:
        assert len(patient.regimens) + len(patient.unread) == len(alone.regimens) + 1
        # The last net (any exception costs one line) is there for what nobody thought of; nothing here may need it.
        assert not [line for line in patient.unread if line.why.startswith("could not be read")]
    read_patient([], patient_id="p", drafts=[broken], zone=ZONE)


@given(st.data(), VALUES)
def test_any_json_anywhere_in_patient_condition_or_medication_is_survived(data: st.DataObject, value: Any) -> None:
    root = data.draw(st.sampled_from([CONDITION, PATIENT, MEDICATION]))
    broken = put(root, data.draw(st.sampled_from(places(root))), value)
    referring = {"resourceType": "MedicationRequest", "id": "m", "medicationReference": {"reference": "Medication/a"}}
    patient = read_patient([broken, referring], patient_id="p", zone=ZONE)
    assert [regimen.source for regimen in patient.regimens if regimen.source == "MedicationRequest/m"]


@given(st.lists(VALUES, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_anything_changes_nothing(values: list[Any], random: Any) -> None:
    resources = [*values, RECORD, {**RECORD, "status": "stopped"}, CONDITION, PATIENT]
    shuffled = copy.copy(resources)
    random.shuffle(shuffled)
    first = read_patient(resources, patient_id="p", drafts=values, zone=ZONE)
    assert read_patient(shuffled, patient_id="p", drafts=values[::-1], zone=ZONE) == first


def test_a_record_nested_as_deep_as_json_goes_is_survived() -> None:
    for place in ("x", "requester", "medicationCodeableConcept", "dosageInstruction", "contained", "meta"):
        for opening, closing in (('{"agent":', "}"), ("[", "]")):
            depth = 1000
            nested = orjson.loads(opening * depth + "1" + closing * depth)
            # Two that differ are compared with each other, to the bottom.
            pair = [{**RECORD, place: nested}, {**RECORD, place: orjson.loads(orjson.dumps(RECORD)), "y": nested}]
            unidentified = [{name: value for name, value in one.items() if name != "id"} for one in pair]
            read_patient([*pair, *unidentified, {"x": nested}], patient_id="p", drafts=[*pair, nested], zone=ZONE)
            same = [{**RECORD, place: orjson.loads(opening * depth + "1" + closing * depth)} for _ in range(2)]
            assert read_patient(same, patient_id="p", zone=ZONE).reference == "Patient/p"


def test_what_is_said_of_a_broken_record_holds_nothing_of_it() -> None:
    secret = "Sibylle Sekret"
    for path in places(RECORD):
        patient = read_patient([put(RECORD, path, secret)], patient_id="p", zone=ZONE)
        texts = [line.why for line in patient.unread] + [note for regimen in patient.regimens for note in regimen.notes]
        assert secret not in " ".join(texts)
