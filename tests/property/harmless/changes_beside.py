"""What else is sent: other medicines, other patients, problems that exempt nobody."""

from __future__ import annotations

import copy
from typing import Any

from harmless import harmless
from harmless.sent import DRAFT_KEYS, RXNORM, Sent

_FLUIDS = (
    "Sodium Chloride 0.9% IV Soln",
    "NS",
    "LR",
    "Lactated Ringer's 1000 mL Bag",
    "D5 1/2NS",
    "SW",
    "Dextrose 5%",
    "Syringe",
    "Bag",
    "Soln",
    "0.9% Sodium Chloride",
    "Potassium Chloride 20 mEq/100 mL",
)
_VITAMINS = (
    "Vitamin D3 1000 unit tablet",
    "multivitamin tablet",
    "folic acid 1 MG Oral Tablet",
    "Fish Oil 1000 mg cap",
)
_PROBLEMS = (
    "not on hospice",
    "Hospice declined",
    "mother: palliative care",
    "Family history of hospice care",
    "No palliative care",
    "Patient refuses palliative care",
    "Hospice evaluation requested",
    "discussed hospice, not enrolled",
    "Possible palliative care candidate",
    "Does not want hospice",
    "hospice?",
    "Husband in hospice",
)


def _order(sent: Sent, identity: str, concept: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{sent.patient_id}"},
        "medicationCodeableConcept": concept,
        "authoredOn": sent.days_ago(10),
    } | more


def _named(sent: Sent, names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [_order(sent, f"beside-{number}", {"text": name}) for number, name in enumerate(names)]


@harmless()
def fluids_beside(sent: Sent) -> None:
    """Infusion fluids and diluents are no depressants."""
    sent.add("medicationRequests", *_named(sent, _FLUIDS if sent.option % 2 else (sent.picked(*_FLUIDS),)))


@harmless()
def vitamins_beside(sent: Sent) -> None:
    """Vitamins are no depressants."""
    sent.add("medicationRequests", *_named(sent, _VITAMINS))


@harmless()
def many_beside(sent: Sent) -> None:
    """Forty other orders and fifty results hide nothing."""
    others = [_order(sent, f"many-{number}", {"text": "lisinopril 10 MG Oral Tablet"}) for number in range(40)]
    results = [{"resourceType": "Observation", "id": f"o{number}", "status": "final"} for number in range(50)]
    sent.entries("medicationRequests")[:0] = [{"resource": each} for each in (*others, *results)]
    bundle = sent.bundle("medicationRequests")
    if bundle is not None:
        bundle.pop("total", None)


@harmless()
def drafts_beside(sent: Sent) -> None:
    """Orders written in the same session hide nothing."""
    subject = {"reference": f"Patient/{sent.patient_id}"}
    other = _order(
        sent,
        "draft-beside",
        {"text": sent.picked("lisinopril 10 MG Oral Tablet", "NS", "ondansetron 4 MG Oral Tablet")},
    )
    lab = {"resourceType": "ServiceRequest", "id": "lab", "status": "draft", "intent": "order", "subject": subject}
    sent.add(DRAFT_KEYS[0], other | {"status": "draft"}, lab)


@harmless()
def another_patients_record(sent: Sent) -> None:
    """A record of another patient among these is not this one's."""
    for order in sent.record():
        other = copy.deepcopy(order) | {
            "id": f"other-{len(str(order.get('id')))}",
            "subject": {"reference": "Patient/somebody-else"},
        }
        other["status"] = sent.picked("active", "stopped", "completed")
        sent.add("medicationRequests", other)


@harmless()
def error_beside(sent: Sent) -> None:
    """A record that was entered in error says nothing of the others."""
    for order in sent.record():
        wrong = copy.deepcopy(order) | {"id": f"wrong-{len(str(order.get('id')))}", "status": "entered-in-error"}
        sent.add("medicationRequests", wrong)


@harmless()
def malformed_beside(sent: Sent) -> None:
    """A resource that cannot be read costs itself."""
    broken = {"resourceType": "MedicationRequest", "id": ["x"], "status": 7, "medicationCodeableConcept": {}}
    bundle = sent.bundle("medicationRequests")
    if bundle is not None:
        bundle.setdefault("entry", []).append(
            sent.picked({"resource": broken}, {}, {"resource": {}}, {"resource": {"resourceType": 7}})
        )


@harmless()
def other_agents_on_record(sent: Sent) -> None:
    """Orders that are over, on hold or forbidden, of drugs that are no sedatives."""
    over = [
        _order(sent, f"over-{status}", {"text": "metformin hydrochloride 500 MG Oral Tablet"}, status=status)
        for status in ("stopped", "on-hold", "completed", "cancelled")
    ]
    sent.add("medicationRequests", *over)


@harmless()
def said_not_to_be_taken(sent: Sent) -> None:
    """A statement that an ordered drug is not taken is told, never subtracted."""
    for order in sent.record():
        name = sent.name(order)
        if name is not None:
            sent.add(
                "medicationStatements",
                {
                    "resourceType": "MedicationStatement",
                    "id": "not-taken",
                    "status": "not-taken",
                    "subject": {"reference": f"Patient/{sent.patient_id}"},
                    "medicationCodeableConcept": {"text": name},
                    "dateAsserted": order.get("authoredOn", sent.days_ago(40)),
                },
            )
            return


@harmless()
def problem_that_exempts_nobody(sent: Sent) -> None:
    """A text that denies, doubts, declines or speaks of another person exempts nobody."""
    text = sent.picked(*_PROBLEMS)
    sent.add(
        "conditions",
        {
            "resourceType": "Condition",
            "id": "problem",
            "subject": {"reference": f"Patient/{sent.patient_id}"},
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "verificationStatus": {"coding": [{"code": "confirmed"}]},
            "code": {"text": text},
            "recordedDate": sent.days_ago(20),
        },
    )


@harmless()
def encounter_of_2001(sent: Sent) -> None:
    """An encounter for palliative care twenty-five years ago exempts nobody today."""
    code = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Z51.5", "display": "Encounter for palliative care"}
    sent.add(
        "conditions",
        {
            "resourceType": "Condition",
            "id": "of-2001",
            "subject": {"reference": f"Patient/{sent.patient_id}"},
            "category": [{"coding": [{"code": "encounter-diagnosis"}]}],
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "code": {"coding": [code]},
            "recordedDate": "2001-04-02",
        },
    )


@harmless()
def problem_refuted(sent: Sent) -> None:
    """A problem that was refuted, resolved or entered in error exempts nobody."""
    code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Z51.5"}], "text": "Palliative care"}
    clinical, verification = sent.picked(
        ("active", "refuted"),
        ("resolved", "confirmed"),
        ("active", "entered-in-error"),
        ("active", "provisional"),
        ("inactive", "confirmed"),
    )
    sent.add(
        "conditions",
        {
            "resourceType": "Condition",
            "id": "refuted",
            "subject": {"reference": f"Patient/{sent.patient_id}"},
            "clinicalStatus": {"coding": [{"code": clinical}]},
            "verificationStatus": {"coding": [{"code": verification}]},
            "code": code,
            "recordedDate": sent.days_ago(20),
        },
    )


@harmless()
def birth_date_that_is_none(sent: Sent) -> None:
    """A birth date to come, or none, makes nobody a child."""
    patient = sent.prefetch.get("patient")
    if isinstance(patient, dict):
        patient.pop("birthDate", None)
        born = sent.picked(None, "2031-01-01", "", "unknown")
        if born is not None:
            patient["birthDate"] = born


@harmless()
def birth_date_in_part(sent: Sent) -> None:
    """The year of birth is enough to tell an adult."""
    patient = sent.prefetch.get("patient")
    if isinstance(patient, dict) and len(patient.get("birthDate", "")) == 10:
        patient["birthDate"] = patient["birthDate"][: sent.picked(4, 7)]


@harmless()
def order_by_coded_vitamin(sent: Sent) -> None:
    """A code of no drug of ours, without a name that is read, beside all others that are."""
    concept = {"coding": [{"system": RXNORM, "code": "314076"}], "text": "lisinopril 10 MG Oral Tablet"}
    sent.add("medicationRequests", _order(sent, "coded", concept))
