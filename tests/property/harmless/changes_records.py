"""Of which kind a record is, its status, intent and category, and the versions of FHIR."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from harmless import Keeps, harmless
from harmless.dosage import lines_of
from harmless.sent import DRAFT_KEYS, Sent

_MEDICATION = ("medication", "medicationCodeableConcept", "medicationReference", "contained", "subject")


def _home_orders(sent: Sent) -> list[dict[str, Any]]:
    """The picked orders on record, where nothing hangs on whether they are orders.

    At discharge it does, and where a statement says that what is ordered is not taken.
    """
    denied = any(record.get("status") == "not-taken" for record in sent.records_of_medication())
    return [] if sent.at_discharge or denied else sent.record()


def _as_statement(sent: Sent, order: dict[str, Any]) -> dict[str, Any]:
    statement = {key: order[key] for key in _MEDICATION if key in order}
    statement |= {"resourceType": "MedicationStatement", "id": f"taken-{order.get('id', '')}"[:64], "status": "active"}
    written = order.get("authoredOn") or ""
    statement["effectivePeriod"] = {"start": written if "" < written <= sent.days_ago(0) else sent.days_ago(20)}
    if "dosageInstruction" in order:
        statement["dosage"] = order["dosageInstruction"]
    return statement


def _instead(sent: Sent, key: str, made: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for order, record in made:
        sent.remove("medicationRequests", order)
        sent.add(key, record)


@harmless(Keeps.PRESENCE)
def statement_for_order(sent: Sent) -> None:
    """A home medicine is a statement, active and without an end."""
    made = [(order, _as_statement(sent, order)) for order in _home_orders(sent)]
    _instead(sent, sent.picked("medicationStatements", "medicationRequests"), made)


@harmless(Keeps.PRESENCE)
def statement_since_years(sent: Sent) -> None:
    """A home medicine since years, asserted this month."""
    made = []
    for order in _home_orders(sent):
        statement = _as_statement(sent, order)
        statement["effectivePeriod"] = {"start": sent.picked("2019-03-01", "2024-05", "2015")}
        statement["dateAsserted"] = sent.days_ago(sent.picked(0, 5, 25))
        made.append((order, statement))
    _instead(sent, "medicationStatements", made)


@harmless(Keeps.TOLD)
def statement_of_years_ago(sent: Sent) -> None:
    """A home medicine since years, asserted then, without an end: it may still be taken."""
    made = []
    for order in _home_orders(sent):
        statement = _as_statement(sent, order)
        statement["effectivePeriod"] = {"start": "2019-03-01"}
        statement["dateAsserted"] = "2019-03-01"
        made.append((order, statement))
    _instead(sent, "medicationStatements", made)


@harmless(Keeps.PRESENCE)
def statement_of_no_date(sent: Sent) -> None:
    """A home medicine without any date."""
    made = []
    for order in _home_orders(sent):
        statement = _as_statement(sent, order)
        del statement["effectivePeriod"]
        for line in statement.get("dosage", []) if isinstance(statement.get("dosage"), list) else []:
            line.get("timing", {}).get("repeat", {}).pop("boundsPeriod", None)
        made.append((order, statement))
    _instead(sent, "medicationStatements", made)


@harmless(Keeps.PRESENCE)
def dispense_for_order(sent: Sent) -> None:
    """What was handed over a week ago for a month is taken."""
    made = []
    for order in _home_orders(sent):
        dispense = {key: order[key] for key in _MEDICATION if key in order}
        dispense |= {
            "resourceType": "MedicationDispense",
            "id": f"given-{order.get('id', '')}"[:64],
            "status": "completed",
        }
        dispense["whenHandedOver"] = sent.days_ago(7) + sent.picked("", "T10:00:00Z")
        dispense["daysSupply"] = {"value": 30, "unit": "days"}
        if "dosageInstruction" in order:
            dispense["dosageInstruction"] = order["dosageInstruction"]
        made.append((order, dispense))
    _instead(sent, "medicationDispenses", made)


@harmless(Keeps.PRESENCE)
def dispense_beside(sent: Sent) -> None:
    """What was dispensed on an order is the order's."""
    for order in _home_orders(sent):
        product, identity = sent.name(order), order.get("id")
        if product is not None and identity is not None:
            handed_over = max(sent.days_ago(7), order.get("authoredOn", "")[:10])
            sent.add(
                "medicationDispenses",
                {
                    "resourceType": "MedicationDispense",
                    "id": f"fill-{len(identity)}",
                    "status": "completed",
                    "medicationCodeableConcept": {"text": product},
                    "subject": {"reference": f"Patient/{sent.patient_id}"},
                    "authorizingPrescription": [{"reference": f"MedicationRequest/{identity}"}],
                    "whenHandedOver": handed_over,
                    "daysSupply": {"value": 30, "unit": "d"},
                },
            )


@harmless(Keeps.PRESENCE)
def completed_with_supply(sent: Sent) -> None:
    """An order is completed when its last fill is dispensed; what was dispensed is taken."""
    for order in sent.record():
        supply = order.get("dispenseRequest", {})
        days = supply.get("expectedSupplyDuration", {}).get("value")
        written = order.get("authoredOn", "")
        agents = [sent.name(other) for other in sent.all_orders() if not sent.is_draft(other)]
        if days and len(written) == 10 and order.get("intent") != "plan" and agents.count(sent.name(order)) == 1:
            fills = 1 + supply.get("numberOfRepeatsAllowed", 0)
            begins = [line.get("timing", {}).get("repeat", {}).get("boundsPeriod", {}) for line in lines_of(order)]
            if any(period.get("start", "") > sent.days_ago(0) for period in begins):
                continue
            if date.fromisoformat(written) + timedelta(days=days * fills) > sent.on:
                order["status"] = "completed"


@harmless(Keeps.PRESENCE)
def plan_reported(sent: Sent) -> None:
    """A plan that the patient reports as taken is a home medicine."""
    for order in _home_orders(sent):
        order["intent"] = "plan"
        order["reportedBoolean"] = True


@harmless(Keeps.TOLD)
def plan_not_reported(sent: Sent) -> None:
    """A plan may be followed."""
    for order in _home_orders(sent):
        if order.get("status") != "completed":
            order["intent"] = "plan"


@harmless(Keeps.PRESENCE)
def other_intent(sent: Sent) -> None:
    """All of these are orders."""
    for order in sent.orders():
        order["intent"] = sent.picked("original-order", "filler-order", "reflex-order", "ORDER", "Order")


@harmless(Keeps.PRESENCE)
def status_unknown(sent: Sent) -> None:
    """A status that is not known or not there says nothing against the order."""
    for order in sent.orders():
        status = sent.picked("unknown", None, "ACTIVE", "Active", "")
        order.pop("status", None)
        if status is not None:
            order["status"] = status


@harmless()
def draft_with_another_status(sent: Sent) -> None:
    """Many EHRs send drafts as active."""
    for draft in sent.drafts():
        draft["status"] = sent.picked("active", "draft", "unknown", "on-hold")


@harmless()
def false_is_said(sent: Sent) -> None:
    """Not forbidden, not reported: what is the case where nothing is said."""
    for order in sent.orders():
        order.setdefault("doNotPerform", False)
        order.setdefault("reportedBoolean", False)


@harmless()
def category_in_other_words(sent: Sent) -> None:
    """An order of the practice, in other words."""
    for order in sent.orders() if not sent.at_discharge else []:
        words = ({"text": "Community"}, {"text": "Outpatient"}, {"coding": [{"code": "outpatient"}]}, None)
        category = sent.picked(*words)
        order.pop("category", None)
        if category is not None:
            order["category"] = [category]


@harmless()
def type_in_other_letters(sent: Sent) -> None:
    """Types are compared without regard to case."""
    for order in sent.orders():
        order["resourceType"] = sent.picked("medicationrequest", "MEDICATIONREQUEST", "Medicationrequest")


@harmless()
def order_of_r5(sent: Sent) -> None:
    """R5 names the medication otherwise."""
    for order in sent.orders():
        if "medicationCodeableConcept" in order:
            order["medication"] = {"concept": order.pop("medicationCodeableConcept")}
        elif not str(order.get("medicationReference", {}).get("reference", "#")).startswith("#"):
            order["medication"] = {"reference": order.pop("medicationReference")}


@harmless(Keeps.PRESENCE)
def order_of_dstu2(sent: Sent) -> None:
    """DSTU2 calls an order MedicationOrder, and some members otherwise."""
    for order in sent.orders():
        order["resourceType"] = "MedicationOrder"
        for old, new in (("subject", "patient"), ("authoredOn", "dateWritten"), ("requester", "prescriber")):
            if old in order:
                order[new] = order.pop(old)
        order.pop("intent", None)
    if "selections" in sent.body["context"]:
        del sent.body["context"]["selections"]


@harmless()
def requester_in_other_words(sent: Sent) -> None:
    """Who wrote the draft is shown by a name."""
    for draft in sent.drafts():
        draft["requester"] = sent.picked({"display": "Dr. Who Wrote"}, {"reference": "PractitionerRole/9"}, {})


@harmless()
def drafts_under_another_key(sent: Sent) -> None:
    """Earlier versions of CDS Hooks called the drafts medications."""
    context = sent.body["context"]
    if DRAFT_KEYS[0] in context and DRAFT_KEYS[1] not in context:
        context[DRAFT_KEYS[1]] = context.pop(DRAFT_KEYS[0])
