"""Is each answer read by any name of its reason, and held against the card, the patient and the time that it is of?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ehr import ANSWERED, cards, client, logged, lorazepam, order, prefetch, sign
from sqlalchemy import update
from stores import client_with, store_of

from cds_service.config import Settings
from cds_service.config.limits import ANSWER_LEEWAY_SECONDS
from cds_service.hooks.feedback import read_feedback
from cds_service.records.feedback_rows import reasons_of
from cds_service.records.schema import cards as card_rows
from cds_service.trust.tenant import Tenant
from rules import load_knowledge

FEEDBACK = "/cds-services/benzo-order-sign/feedback"
EPIC = "com.epic.cdshooks.feedback.overrideReason."
OURS = {"overrideReason": {"reason": {"code": "palliative"}}}
# HL7's code system non-adherence-reason-codes, as far as it is used.
HL7 = {
    "cds-not-applicable": "PC CDS does not apply to patient",
    "indication-order-exists": "Patient has indication/order for intended action",
    "patient-refuses": "Patient refuses/declines (no context given)*",
    "risk-benefit-ratio": "Recipient assessment of risk/benefit ratio",
}


def answer(card: str, **more: Any) -> dict[str, Any]:
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": ANSWERED} | more


def epic(title: str, category: object = "45", display: str = "") -> dict[str, Any]:
    names = {"reasonTitle": title, "reasonCategory": category, "reasonDisplay": display or title}
    return {EPIC + name: text for name, text in names.items()}


# -- reasons -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"overrideReasons": {"reason": {"code": "17", "display": "Hospice", "system": "urn:site"}}},
        {"overrideReasons": {"reason": {"code": 17}}},
        {"overrideReasons": [{"reason": {"code": "17", "system": "urn:site"}}]},
        {"overrideReasons": [{"code": "17", "system": "urn:site"}]},
        {"overrideReasons": {"reason": {"display": "comfort care"}}},
        {"overrideReasons": {"extension": epic("Comfort care"), "userComment": "free text"}},
        {"overrideReasons": {"extension": epic("Not on the list", display="COMFORT CARE ")}},
        {"overrideReasons": {"extension": epic("Not on the list", category="46")}},
        {"overrideReasons": {"extension": epic("Not on the list", category=46)}},
        {"overrideReasons": [{"extension": epic("Comfort care")}]},
        {"overrideReason": {"reason": {"extension": epic("Comfort care")}}},
        {"overrideReason": {"reason": {"code": "unknown"}, "extension": epic("Comfort care")}},
        {"extension": epic("Comfort care")},
        {"extension": epic("Comfort care"), "overrideReason": {"userComment": "free text"}},
        # In our own words, as a client sends them back.
        {"overrideReasons": {"extension": epic("Palliative or end-of-life care")}},
    ],
)
def test_a_reason_is_known_by_its_code_title_display_or_category(more):
    sites = {"17": "palliative", "Comfort care": "palliative", "46": "palliative"}
    tenant = Tenant("general", load_knowledge(), UTC, override_reasons=sites)
    (item,) = read_feedback({"feedback": [answer("x", **more)]})
    assert reasons_of(tenant, [item])[0] == ["palliative"]


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({}, [""]),
        ({"overrideReason": {"userComment": "free text"}}, [""]),
        ({"overrideReasons": {"userComment": "free text", "extension": {}}}, [""]),
        ({"overrideReasons": {"extension": epic("free text", category="")}}, ["other"]),
        ({"overrideReasons": {"extension": "free text"}}, [""]),
        ({"overrideReasons": {"extension": {EPIC + "reasonTitle": ["x"], EPIC + "reasonCategory": {"a": 1}}}}, [""]),
        ({"overrideReasons": [None, {}, {"reason": None}], "extension": []}, [""]),
        # Two reasons are two, and each is looked for by its own names.
        (
            {"overrideReasons": [{"reason": {"code": "palliative"}}, {"extension": epic("Too long")}]},
            ["palliative", "other"],
        ),
        ({"overrideReason": {"reason": {"code": "Indication-Order-Exists"}}}, ["taper-under-way"]),
        ({"overrideReason": {"reason": {"code": "cds-not-applicable"}}}, ["cds-not-applicable"]),
        # HL7 means by these something that none of ours means.
        ({"overrideReason": {"reason": {"code": "expert-contradicts"}}}, ["other"]),
    ],
)
def test_what_is_no_reason_of_ours_is_none_or_another(more, reasons):
    (item,) = read_feedback({"feedback": [answer("x", **more)]})
    assert reasons_of(Tenant("general", load_knowledge(), UTC), [item]) == [reasons]


def test_the_more_exact_name_wins():
    tenant = Tenant("general", load_knowledge(), UTC, override_reasons={"45": "palliative", "hospice": "short-course"})
    (item,) = read_feedback({"feedback": [answer("x", overrideReasons={"extension": epic("Hospice")})]})
    assert reasons_of(tenant, [item])[0] == ["short-course"]


def test_codes_of_hl7_have_its_displays_and_stand_in_the_extension_of_the_card():
    (card,) = cards(client(), sign(lorazepam()))
    assert all(set(reason) == {"code", "system", "display"} for reason in card["overrideReasons"])
    standard = card["extension"]["org.benzo-cds.standard-reasons"]
    offered = [reason["code"] for reason in card["overrideReasons"]]
    assert set(standard) == set(offered) - {"specialist-managing", "record-differs"}
    for reason in load_knowledge().suggestions.override_reasons:
        assert reason.standard is None or HL7[reason.standard.code] == reason.standard.display


# -- cards -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def http(settings: Settings) -> Any:
    return client_with(settings)


def of_patient(patient: str, instance: str = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea") -> dict[str, Any]:
    subject = {"reference": f"Patient/{patient}"}
    record = prefetch(order("o", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=3, subject=subject), patient=None)
    body = sign(lorazepam("new", subject=subject), context={"patientId": patient}, prefetch=record)
    return body | {"hookInstance": instance}


def told(http: Any, *items: dict[str, Any]) -> list[dict[str, Any]]:
    """What the service logs of answers that are to no card."""
    with logged() as lines:
        reply = http.post(FEEDBACK, json={"feedback": items})
    assert (reply.status_code, reply.json) == (200, {"received": len(items)})
    events = [json.loads(line) for line in lines]
    return [event["answers"] for event in events if event["event"] == "feedback to no card"]


def counted(http: Any) -> list[str]:
    lines = http.get("/metrics").get_data(as_text=True).splitlines()
    return [line for line in lines if line.startswith(("benzo_cds_feedback_total", "benzo_cds_feedback_to_no_card_t"))]


def test_one_instance_for_two_patients_shares_nothing(http):
    (first,) = cards(http, of_patient("a"))
    (second,) = cards(http, of_patient("b"))
    assert first["uuid"] != second["uuid"]
    assert not {item["uuid"] for item in first["suggestions"]} & {item["uuid"] for item in second["suggestions"]}
    assert told(http, answer(first["uuid"], **OURS)) == []
    assert cards(http, of_patient("a", "another")) == []
    assert len(cards(http, of_patient("b", "another"))) == 1


def test_no_part_of_a_name_runs_into_the_next(http):
    (one,) = cards(http, of_patient("a", "x|Patient/b"))
    (other,) = cards(http, of_patient("b|Patient/a", "x"))
    assert one["uuid"] != other["uuid"]


def test_an_answer_to_a_card_that_nobody_was_shown_is_said_and_counted(http):
    (card,) = cards(http, of_patient("a"))
    unknown = answer("0e0a3a1e-3283-4575-ab82-028d55fe2719", **OURS)
    assert told(http, unknown, answer("not a uuid", **OURS), answer(card["uuid"])) == [{"unknown-card": 2}]
    labels = 'service="benzo-order-sign",tenant="open"'
    assert counted(http) == [
        f'benzo_cds_feedback_total{{outcome="overridden",reason="palliative",{labels}}} 2.0',
        f'benzo_cds_feedback_total{{outcome="overridden",reason="none",{labels}}} 1.0',
        f'benzo_cds_feedback_to_no_card_total{{{labels},why="unknown-card"}} 2.0',
    ]


def test_an_answer_that_is_older_than_its_card_snoozes_nothing(http):
    (card,) = cards(http, of_patient("a"))
    old = (datetime.now(UTC) - timedelta(seconds=ANSWER_LEEWAY_SECONDS + 60)).isoformat()
    assert told(http, answer(card["uuid"], outcomeTimestamp=old, **OURS)) == [{"older-than-card": 1}]
    assert len(cards(http, of_patient("a", "another"))) == 1
    # A clock that is a little behind is none that lies.
    near = (datetime.now(UTC) - timedelta(seconds=ANSWER_LEEWAY_SECONDS / 2)).isoformat()
    assert told(http, answer(card["uuid"], outcomeTimestamp=near, **OURS)) == []
    assert cards(http, of_patient("a", "a third")) == []


def test_an_answer_that_was_received_before_its_card_snoozes_nothing(http, settings):
    (card,) = cards(http, of_patient("a"))
    assert told(http, answer(card["uuid"], **OURS)) == []
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    store = store_of(settings)
    store.database.use(lambda c: c.execute(update(card_rows).values(at=later)), writes=True)
    assert len(cards(http, of_patient("a", "another"))) == 1


def test_an_answer_to_a_card_of_several_patients_snoozes_nothing(http, settings):
    """An earlier version may have given cards of two patients one name."""
    (card,) = cards(http, of_patient("a"))
    cards(http, of_patient("b"))
    store = store_of(settings)
    store.database.use(lambda c: c.execute(update(card_rows).values(uuid=card["uuid"])), writes=True)
    assert told(http, answer(card["uuid"], **OURS)) == [{"several-patients": 1}]
    assert len(cards(http, of_patient("a", "another"))) == 1
