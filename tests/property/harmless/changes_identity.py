"""What resources are called, where the Medication stands, and whose a record is."""

from __future__ import annotations

import copy

from strategies import KNOWLEDGE

from harmless import harmless
from harmless.sent import DRAFT_KEYS, RXNORM, Resource, Sent

_DRAFTS = DRAFT_KEYS[0]
_SERVERS = ("https://home.example/fhir/R4", "https://other.example/r4")
_LISINOPRIL = {"coding": [{"system": RXNORM, "code": "314076", "display": "lisinopril 10 MG Oral Tablet"}]}


def _take_out(sent: Sent, order: Resource) -> Resource | None:
    """The concept of an order that stands in it, or in its Medication, taken out of the order."""
    concept = sent.concept(order)
    if concept is not None:
        order.pop("medicationCodeableConcept", None)
        order.pop("medicationReference", None)
    return copy.deepcopy(concept)


@harmless()
def medication_contained(sent: Sent) -> None:
    """A contained Medication is the order's own."""
    for order in sent.orders():
        concept = _take_out(sent, order)
        if concept is not None:
            order["contained"] = [{"resourceType": "Medication", "id": sent.picked("med", "1", "m-0"), "code": concept}]
            order["medicationReference"] = {"reference": f"#{order['contained'][0]['id']}"}


@harmless()
def medication_in_the_bundle(sent: Sent) -> None:
    """The Medication beside the order in its Bundle, as an include gives it."""
    for number, order in enumerate(sent.orders()):
        key = _DRAFTS if sent.is_draft(order) else "medicationRequests"
        concept = _take_out(sent, order)
        if concept is not None:
            sent.add(key, {"resourceType": "Medication", "id": f"sent-{number}", "code": concept})
            order["medicationReference"] = {
                "reference": f"{sent.picked('Medication/', 'https://a.example/Medication/')}sent-{number}"
            }


@harmless()
def medication_by_urn(sent: Sent) -> None:
    """The Medication found by the address of its entry, a UUID."""
    for number, order in enumerate(sent.orders()):
        bundle = sent.drafts_bundle() if sent.is_draft(order) else sent.bundle("medicationRequests")
        concept = _take_out(sent, order)
        if concept is not None and bundle is not None:
            address = f"urn:uuid:6f2d5c1e-0b7a-4c53-9d5e-2f8f3f1a7c{number:02}"
            bundle["entry"].append({"fullUrl": address, "resource": {"resourceType": "Medication", "code": concept}})
            order["medicationReference"] = {"reference": address}


@harmless()
def medication_by_version(sent: Sent) -> None:
    """A reference to a version is one to the resource."""
    for order in sent.orders():
        reference = order.get("medicationReference", {})
        if "/" in reference.get("reference", ""):
            reference["reference"] += "/_history/7"


@harmless()
def medication_by_display(sent: Sent) -> None:
    """A Medication that was not sent is named by the display of the reference."""
    for number, order in enumerate(sent.orders()):
        name = sent.name(order)
        if name is not None:
            _take_out(sent, order)
            order["medicationReference"] = {"display": name}
            if sent.option % 2:
                order["medicationReference"]["reference"] = f"Medication/not-sent-{number}"


@harmless()
def reference_display_added(sent: Sent) -> None:
    """A reference may show the name of what it refers to."""
    for order in sent.orders():
        name = sent.name(order)
        if name is not None and "medicationReference" in order:
            order["medicationReference"]["display"] = name


@harmless()
def medication_id_of_another(sent: Sent) -> None:
    """A Medication on record with the id of the draft's own is another one."""
    for order in sent.drafts():
        medication = sent.medication(order)
        if medication is not None and not order["medicationReference"]["reference"].startswith("#"):
            other = {"resourceType": "Medication", "id": medication.get("id"), "code": copy.deepcopy(_LISINOPRIL)}
            sent.add("medicationRequests", other)


@harmless()
def subject_in_other_words(sent: Sent) -> None:
    """The same patient, by another form of the reference."""
    patient = sent.patient_id
    encoded = "".join(f"%{ord(letter):02X}" for letter in patient[:2]) + patient[2:]
    forms = (
        f"patient/{patient}",
        f"PATIENT/{patient}",
        f"{_SERVERS[0]}/Patient/{patient}",
        f"Patient/{patient}/",
        patient,
        f"Patient/{encoded}",
        f"Patient/{patient}/_history/3",
        f" Patient/{patient} ",
        f"/Patient/{patient}",
        f"{_SERVERS[1]}/Patient/{patient}/_history/1",
        f"https://Home.Example/FHIR/patient/{patient}",
    )
    for order in sent.orders():
        order["subject"] = {"reference": sent.picked(*forms)}


@harmless()
def subject_without_reference(sent: Sent) -> None:
    """A record of a search by patient is this patient's, whether or not it repeats that."""
    for order in sent.orders():
        order["subject"] = sent.picked(
            {"display": "The patient"}, {"identifier": {"system": "urn:mrn", "value": "1"}}, {}
        )


@harmless()
def patient_of_the_call_in_other_words(sent: Sent) -> None:
    """The same patient, by another form of the context's id."""
    patient = sent.patient_id
    sent.body["context"]["patientId"] = sent.picked(f"Patient/{patient}", patient, f"{_SERVERS[0]}/Patient/{patient}")


@harmless()
def draft_with_the_id_of_a_record(sent: Sent) -> None:
    """An id that a draft shares with an order of another drug replaces nothing."""
    record, drafts = sent.record() or _of_ours(sent, drafts=False), _of_ours(sent, drafts=True)
    if record and drafts and not _agents(sent, record[0]) & _agents(sent, drafts[0]) and record[0].get("id"):
        drafts[0]["id"] = record[0]["id"]
        sent.body["context"].pop("selections", None)


@harmless()
def one_id_on_two_servers(sent: Sent) -> None:
    """Two servers give their own ids: the same id on each is two resources."""
    entries = [
        entry
        for entry in sent.entries("medicationRequests")
        if entry.get("resource", {}).get("resourceType") == "MedicationRequest"
    ]
    for entry, server in zip(entries, _SERVERS, strict=False):
        entry["resource"]["id"] = "1"
        entry["fullUrl"] = f"{server}/MedicationRequest/1"
        entry["resource"].pop("priorPrescription", None)


@harmless()
def another_draft_with_its_id(sent: Sent) -> None:
    """Two drafts of different drugs are two orders, even where an EHR gives both the same id."""
    drafts = _of_ours(sent, drafts=True)
    if drafts:
        other = {
            "resourceType": "MedicationRequest",
            "id": drafts[0].get("id"),
            "status": "draft",
            "intent": "order",
            "subject": drafts[0].get("subject", {}),
            "medicationCodeableConcept": copy.deepcopy(_LISINOPRIL),
        }
        if sent.option % 2:
            sent.add(_DRAFTS, other)
        else:
            sent.entries(_DRAFTS).insert(0, {"resource": other})


@harmless()
def without_ids(sent: Sent) -> None:
    """What was not stored yet has no id."""
    for order in sent.orders():
        if not (sent.is_draft(order) and "selections" in sent.body["context"]):
            order.pop("id", None)


@harmless()
def entries_by_urn(sent: Sent) -> None:
    """An entry's address may be a UUID."""
    for number, entry in enumerate(sent.entries(sent.picked("medicationRequests", _DRAFTS))):
        if entry.get("resource", {}).get("id"):
            entry["fullUrl"] = f"urn:uuid:0b7a5c1e-6f2d-4c53-9d5e-2f8f3f1a7c{number:02}"


@harmless()
def entries_without_address(sent: Sent) -> None:
    """An entry's address may be left out."""
    for entry in sent.entries("medicationRequests"):
        if str(entry.get("fullUrl", "")).startswith("http") and entry.get("resource", {}).get("id"):
            del entry["fullUrl"]


@harmless()
def address_of_a_version(sent: Sent) -> None:
    """The address of a version is the resource's."""
    for entry in sent.entries("medicationRequests"):
        if str(entry.get("fullUrl", "")).startswith("http"):
            entry["fullUrl"] += "/_history/2"


@harmless()
def prior_of_another_class(sent: Sent) -> None:
    """A prior prescription of a drug of another kind (an opioid before a sedative) was not replaced by this one."""
    record, drafts = _of_ours(sent, drafts=False), _of_ours(sent, drafts=True)
    for draft in drafts[:1]:
        product = sent.product(draft)
        others = [
            order for order in record if product and _kind_of(sent, order) != _kind_of(sent, draft) and order.get("id")
        ]
        if others:
            draft["priorPrescription"] = {"reference": f"MedicationRequest/{others[0]['id']}"}


@harmless()
def prior_that_was_not_sent(sent: Sent) -> None:
    """A prior prescription that is not on record replaces nothing that is."""
    for order in sent.orders():
        order.setdefault("priorPrescription", {"reference": "MedicationRequest/of-last-year"})


def _of_ours(sent: Sent, *, drafts: bool) -> list[Resource]:
    return [order for order in sent.all_orders() if sent.is_draft(order) == drafts and sent.product(order) is not None]


def _kind_of(sent: Sent, order: Resource) -> tuple[bool, str]:
    """The class of an order's agent; those of the load are one, as a Z-drug may follow a benzodiazepine."""
    product = sent.product(order)
    if product is None:
        return False, ""
    kind = KNOWLEDGE.agents[product.ingredients[0].agent].agent_class
    return kind.in_load, "" if kind.in_load else kind.id


def _agents(sent: Sent, order: Resource) -> set[str]:
    product = sent.product(order)
    return {part.agent for part in product.ingredients} if product is not None else set()
