"""Does each hook get the right answer, in every shape that clients send, and only when it concerns the order?"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from ehr import (
    ABSENT,
    assert_outcome,
    assessment,
    bundle,
    cards,
    client,
    conditions,
    empty_members,
    logged,
    lorazepam,
    metformin,
    order,
    patient,
    post,
    prefetch,
    request,
    select,
    sign,
)

from cds_service.clock import today

ERROR_OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
NO_RESULTS = {
    "resourceType": "Bundle",
    "type": "searchset",
    "total": 0,
    "entry": [
        {
            "search": {"mode": "outcome"},
            "resource": {
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "warning", "code": "processing", "details": {"text": "no results"}}],
            },
        }
    ],
}


@pytest.fixture(scope="module")
def http():
    return client()


def load_with_order(card: dict) -> dict:
    return assessment(card)["load"]["with_order"]


# -- what the drafts are decides whether anything is said ----------------------------------------------------------


def test_a_drafted_sedative_is_named_with_its_load(http):
    # 2 mg lorazepam a day; 1 mg equals 10 mg of diazepam in the Ashton column, 2 mg in the VA/DoD column.
    first = cards(http, sign(lorazepam()))[0]
    assert "lorazepam" in first["summary"].lower()
    assert load_with_order(first)["used"] == 20.0
    assert load_with_order(first)["by_table"]["va-dod-2021"]["used"] == 10.0


def test_a_drafted_opioid_beside_a_sedative_on_record_is_named(http):
    draft = order("oxycodone-1", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=2)
    first = cards(http, sign(draft, prefetch=prefetch(lorazepam())))[0]
    assert "concurrent-opioid" in [finding["id"] for finding in assessment(first)["findings"]]


@pytest.mark.parametrize("supplied", [ABSENT, None, {}, {"medicationRequests": ERROR_OUTCOME}])
def test_no_depressant_among_the_drafts_is_silence_whatever_is_missing(http, supplied):
    assert cards(http, sign(metformin(), prefetch=supplied)) == []


def test_no_drafts_at_all_is_silence(http):
    assert cards(http, sign(prefetch=prefetch(lorazepam()))) == []


def test_a_sedative_on_record_does_not_make_another_order_speak(http):
    assert cards(http, sign(metformin(), prefetch=prefetch(lorazepam()))) == []


def test_stopping_a_sedative_is_an_order_about_it(http):
    # The draft stops the order on record; without the history it is the 412 that shows that it was not passed over.
    body = sign(lorazepam(status="stopped"), prefetch=ABSENT)
    assert_outcome(post(http, body), 412, "incomplete")


# -- order-select: only what is selected ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MedicationRequest/lorazepam-1", "lorazepam-1"])
def test_a_selected_sedative_speaks(http, name):
    assert cards(http, select(lorazepam(), metformin(), selections=[name]))


def test_a_sedative_that_is_not_selected_is_silent(http):
    assert cards(http, select(lorazepam(), metformin(), selections=["MedicationRequest/metformin-1"])) == []


def test_the_order_of_the_entry_may_be_selected_by_its_address(http):
    drafts = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:8c2a3e44-0000-4000-8000-000000000001", "resource": lorazepam()},
            {"fullUrl": "urn:uuid:8c2a3e44-0000-4000-8000-000000000002", "resource": metformin()},
        ],
    }

    def selecting(number: int) -> dict:
        chosen = [f"urn:uuid:8c2a3e44-0000-4000-8000-00000000000{number}"]
        return request("order-select", context={"draftOrders": drafts, "selections": chosen})

    assert cards(http, selecting(1))
    assert cards(http, selecting(2)) == []


def test_a_selection_that_is_not_among_the_drafts_means_all_and_is_said(http):
    found = cards(http, select(lorazepam(), selections=["MedicationRequest/elsewhere"]))
    incomplete = next(item for item in assessment(found[0])["findings"] if item["id"] == "incomplete-picture")
    assert any(line.startswith("selections: a selected order is not") for line in incomplete["facts"]["missing"])


def test_one_selection_that_is_not_among_the_drafts_beside_another_means_all_and_is_said(http):
    chosen = ["MedicationRequest/metformin-1", "MedicationRequest/elsewhere"]
    (card, *_) = cards(http, select(lorazepam(), metformin(), selections=chosen))
    assert "a selected order is not among the drafts" in card["detail"]


def test_no_selection_means_all(http):
    assert cards(http, select(lorazepam(), selections=[]))


# -- prefetch: absent, null, an error and data are four things -----------------------------------------------------


@pytest.mark.parametrize("supplied", [ABSENT, None, {}, {"patient": None, "conditions": None}])
def test_without_the_medication_requests_a_sedative_order_is_refused_by_name(http, supplied):
    issue = assert_outcome(post(http, sign(lorazepam(), prefetch=supplied)), 412, "incomplete")
    assert issue["expression"] == ["prefetch.medicationRequests"]
    assert "medicationRequests" in issue["details"]["text"]


@pytest.mark.parametrize("nothing", [None, NO_RESULTS, {"resourceType": "Bundle", "type": "searchset", "total": 0}])
def test_no_medication_requests_is_an_answer(http, nothing):
    card = cards(http, sign(lorazepam(), prefetch=prefetch(medicationRequests=nothing)))[0]
    assert load_with_order(card)["complete"] is True


@pytest.mark.parametrize("failed", [ERROR_OUTCOME, "the search failed"])
def test_an_error_in_place_of_the_medication_requests_is_incomplete_not_nothing(http, failed):
    card = cards(http, sign(lorazepam(), prefetch=prefetch(medicationRequests=failed)))[0]
    load = load_with_order(card)
    assert (load["used"], load["complete"], load["band_is_minimum"]) == (20.0, False, True)
    assert "high" not in load  # no upper end, and no null is sent
    assert "at least" in card["summary"]


@pytest.mark.parametrize("key", ["patient", "medicationStatements", "medicationDispenses", "conditions"])
def test_an_optional_key_that_is_absent_or_failed_is_named_as_missing(http, key):
    for value in (ABSENT, ERROR_OUTCOME):
        card = cards(http, sign(lorazepam(), prefetch=prefetch(**{key: value})))[0]
        incomplete = next(item for item in assessment(card)["findings"] if item["id"] == "incomplete-picture")
        assert any(line.startswith(f"{key}: ") for line in incomplete["facts"]["missing"])


def test_a_page_that_was_not_sent_is_missing(http):
    paged = bundle(type="searchset", link=[{"relation": "next", "url": "https://ehr.example/next"}])
    card = cards(http, sign(lorazepam(), prefetch=prefetch(medicationRequests=paged)))[0]
    assert load_with_order(card)["complete"] is False


@pytest.mark.parametrize("others", [bundle(patient()), conditions(("13645005", "COPD")), patient()])
def test_medication_requests_of_another_type_are_incomplete_not_nothing(http, others):
    # So a mistyped query answers, and an opioid beside it would meet an empty record.
    card = cards(http, sign(lorazepam(), prefetch=prefetch(medicationRequests=others)))[0]
    assert load_with_order(card)["complete"] is False
    opioid = order("d", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)
    (told,) = cards(http, sign(opioid, prefetch=prefetch(medicationRequests=others)))
    assert "could not be read" in told["summary"]


def test_problems_of_another_type_are_named_as_missing(http):
    card = cards(http, sign(lorazepam(), prefetch=prefetch(conditions=bundle(metformin()))))[0]
    (incomplete,) = [item for item in assessment(card)["findings"] if item["id"] == "incomplete-picture"]
    assert any(line.startswith("conditions: ") for line in incomplete["facts"]["missing"])


@pytest.mark.parametrize("hook", ["patient-view", "encounter-start", "encounter-discharge"])
def test_hooks_without_drafts_need_the_medication_requests(http, hook):
    assert_outcome(post(http, request(hook, prefetch=ABSENT)), 412, "incomplete")
    assert cards(http, request(hook)) == []


def test_opening_the_chart_names_long_use_and_only_informs(http):
    old = lorazepam(authoredOn="2026-01-02", dispenseRequest={"expectedSupplyDuration": {"value": 365, "unit": "d"}})
    (card,) = cards(http, request("patient-view", prefetch=prefetch(old)))
    assert card["indicator"] == "info"
    # From 2 January to 22 November: 324 days.
    assert assessment(card)["exposure"]["benzodiazepine"]["days"] == 324


def test_a_refill_reads_its_drafts_from_medications(http):
    body = request("medication-refill", context={"medications": bundle(lorazepam())}, prefetch=ABSENT)
    assert_outcome(post(http, body), 412, "incomplete")
    assert cards(http, request("medication-refill", context={"medications": bundle(metformin())})) == []


@pytest.mark.parametrize("ours", [None, ERROR_OUTCOME, bundle()])
def test_what_came_under_a_site_s_own_key_is_not_hidden_by_ours_without_resources(ours):
    http = client(prefetch_aliases={"ourOrders": "medicationRequests"})
    keys = {"ourOrders": bundle(lorazepam("lorazepam-0")), "medicationRequests": ours}
    opioid = order("d", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)
    (card,) = cards(http, sign(opioid, prefetch=prefetch() | keys))
    assert card["indicator"] == "warning"
    # An error under our key is not made good by nothing under the site's.
    keys = {"ourOrders": None, "medicationRequests": ERROR_OUTCOME}
    (card,) = cards(http, sign(opioid, prefetch=prefetch() | keys))
    assert "could not be read" in card["summary"]


def test_a_site_may_use_its_own_prefetch_keys(http):
    body = sign(lorazepam("lorazepam-2"), prefetch={"ourOrders": bundle(lorazepam("lorazepam-0"))})
    assert_outcome(post(http, body), 412, "incomplete")
    with_alias = client(prefetch_aliases={"ourOrders": "medicationRequests"})
    assert assessment(cards(with_alias, body)[0])["load"]["current"]["used"] == 20.0


def test_another_patients_order_is_not_counted(http):
    stray = lorazepam("stray", subject={"reference": "Patient/p2"})
    card = cards(http, sign(lorazepam(), prefetch=prefetch(stray, metformin())))[0]
    assert assessment(card)["load"]["current"]["used"] == 0.0
    assert [item["reason"] for item in assessment(card)["not_counted"]] == ["wrong-patient"]


def test_a_draft_of_another_patient_is_said_and_not_counted(http):
    stray = lorazepam("stray", subject={"reference": "Patient/p2"})
    (card,) = cards(http, sign(stray, prefetch=prefetch(lorazepam())))
    assert card["indicator"] == "info"
    assert card["summary"] == "Lorazepam is drafted for another patient; not counted"
    assert "check which patient the order is for" in card["detail"]
    assert load_with_order(card)["used"] == 20.0  # the 2 mg a day on record alone
    assert [item["reason"] for item in assessment(card)["not_counted"]] == ["wrong-patient"]
    assert "suggestions" not in card


def test_a_draft_of_another_patient_does_not_lead_the_card_of_an_order_for_this_one(http):
    stray = order("stray", "diazepam 5 MG Oral Tablet", code="197591", subject={"reference": "Patient/p2"})
    first = cards(http, sign(lorazepam(), stray))[0]
    assert first["summary"].startswith("New lorazepam")
    assert "diazepam names another patient" in first["detail"]


def test_another_drug_drafted_for_another_patient_is_silence(http):
    assert cards(http, sign(metformin() | {"subject": {"reference": "Patient/p2"}})) == []


# -- the shapes clients send ---------------------------------------------------------------------------------------

SHAPES = {
    "ids with their types": sign(lorazepam(), context={"patientId": "Patient/p1", "encounterId": "Encounter/e1"}),
    "a list of drafts": sign(context={"draftOrders": [lorazepam()]}),
    "a Bundle without a type": sign(context={"draftOrders": {"entry": [{"resource": lorazepam()}]}}),
    "an instance that is no UUID": sign(lorazepam(), hookInstance="order-42"),
    "null members": sign(lorazepam(), fhirServer=None, fhirAuthorization=None, extension=None),
    "extensions": sign(lorazepam(), extension={"com.epic.cdshooks.request.bpa-trigger-action": "23"}),
    "members of a later version": sign(lorazepam(), lang="en", context={"newMember": {"a": [1]}}),
    "no user": sign(lorazepam(), context={"userId": None}),
    "a draft marked active": sign(lorazepam(status="active")),
    "the old prefetch wrapper": sign(
        lorazepam(),
        prefetch=prefetch(medicationRequests={"response": {"status": "200 OK"}, "resource": bundle(type="searchset")}),
    ),
    "a wrong prefetch key beside the right one": sign(lorazepam(), prefetch=prefetch(item1={"note": "text"})),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_request_in_a_known_shape_gets_the_same_judgement(http, shape):
    plain = cards(http, sign(lorazepam()))[0]
    card = cards(http, shape)[0]
    assert assessment(card)["load"] == assessment(plain)["load"]
    assert card["summary"] == plain["summary"]


def test_a_broken_resource_costs_one_line_never_the_answer(http):
    broken = {"resourceType": "MedicationRequest", "id": "broken", "medicationCodeableConcept": ["?", {"text": 7}]}
    card = cards(http, sign(lorazepam(), prefetch=prefetch(broken, {"resourceType": 5})))[0]
    assert load_with_order(card)["used"] == 20.0
    assert load_with_order(card)["complete"] is False


LONG = "lorazepam 1 MG Oral Tablet " * 10_000


def test_a_name_too_long_to_be_read_costs_its_resource_never_the_answer(http):
    card = cards(http, sign(lorazepam(), prefetch=prefetch(order("long", LONG))))[0]
    assert load_with_order(card)["complete"] is False
    (line,) = [item for item in assessment(card)["not_counted"] if item["source"] == "MedicationRequest/long"]
    assert (line["reason"], "2000 characters" in line["text"]) == ("unreadable", True)
    assert "1 medication record could not be read" in card["detail"]
    assert len(json.dumps(card)) < 20_000


def test_a_name_too_long_to_be_read_beside_a_code_leaves_the_code(http):
    long = lorazepam("long")
    long["medicationCodeableConcept"] = {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "197901"}],
        "text": "x" * 2_001,
    }
    card = cards(http, sign(lorazepam("d", authoredOn="2026-11-23"), prefetch=prefetch(long)))[0]
    (line,) = [item for item in assessment(card)["contributions"] if item["source"] == "MedicationRequest/long"]
    assert line["daily_dose"]["used"] == 2.0
    assert "name-too-long" in line["assumptions"]


def test_instructions_too_long_to_be_read_are_said_and_the_structure_stands(http):
    long = lorazepam("long")
    long["dosageInstruction"][0]["text"] = "take one " * 10_000
    card = cards(http, sign(lorazepam("d", authoredOn="2026-11-23"), prefetch=prefetch(long)))[0]
    (line,) = [item for item in assessment(card)["contributions"] if item["source"] == "MedicationRequest/long"]
    assert line["daily_dose"]["used"] == 2.0
    assert "dosage-not-readable" in line["assumptions"]


def test_a_diagnosis_too_long_to_be_read_costs_itself_alone(http):
    problem = {"resourceType": "Condition", "id": "c1", "code": {"text": "anxiety " * 30_000}}
    card = cards(http, sign(lorazepam(), prefetch=prefetch(conditions=bundle(problem))))[0]
    assert load_with_order(card)["complete"] is True
    assert [item["reason"] for item in assessment(card)["not_counted"]] == ["unreadable"]


# -- the answer itself ---------------------------------------------------------------------------------------------


def test_the_same_request_on_the_same_day_is_answered_byte_for_byte(http):
    body = sign(lorazepam(), prefetch=prefetch(lorazepam("lorazepam-0"), metformin()))
    assert post(http, body).data == post(client(), body).data


def test_no_empty_member_is_ever_sent(http):
    body = sign(lorazepam(), prefetch=prefetch(lorazepam("lorazepam-0"), conditions=ABSENT))
    found = cards(http, body)
    assert found
    assert empty_members(found) == []
    assert post(http, sign(metformin())).json == {"cards": []}


def test_the_patient_is_not_named_in_what_the_card_carries(http):
    assert "reference" not in assessment(cards(http, sign(lorazepam()))[0])["patient"]


def test_the_day_begins_in_the_zone_of_the_site():
    late_evening = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
    assert today(ZoneInfo("America/New_York"), late_evening) == date(2026, 11, 22)
    assert today(UTC, late_evening) == date(2026, 11, 23)


def test_a_call_is_logged_without_a_word_of_the_patient(http):
    with logged() as lines:
        secret = {"reference": "Patient/p1-secret"}
        post(http, sign(lorazepam(subject=secret), context={"patientId": "Patient/p1-secret"}))
        http.get("/cds-services/p1-secret?patient=p1-secret")
    first, second = map(json.loads, lines)
    assert (first["method"], first["service"], first["status"]) == ("POST", "benzo-order-sign", 200)
    assert first["cards"] >= 1
    assert first["milliseconds"] > 0
    assert (second["status"], second["route"]) == (405, "none")
    assert "p1" not in "".join(lines)
    assert "lorazepam" not in "".join(lines)


MARK = "Zanzibar"


def marked(value: object, key: str = "") -> object:
    """The value with the mark in every text of it that is no code of the standard's."""
    if isinstance(value, dict):
        return {name: marked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [marked(item, key) for item in value]
    if isinstance(value, str) and key not in {"resourceType", "hook", "system", "code", "periodUnit", "authoredOn"}:
        return f"{value} {MARK}" if key in {"text", "display", "unit"} else f"{value}-{MARK}"
    return value


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_no_logger_hears_a_word_of_the_request(level, caplog, capfd):
    quiet = client(log_level=level)
    broken = {"resourceType": "MedicationRequest", "id": MARK, "medicationCodeableConcept": [MARK, MARK]}
    bodies = [
        sign(lorazepam(), prefetch=prefetch(lorazepam("old"), metformin(), broken)),
        sign(lorazepam(), context={"patientId": " ", "userId": MARK}),
        sign(lorazepam(), prefetch=ABSENT),
        sign(lorazepam(), context={"draftOrders": MARK}),
        request("patient-view", prefetch=prefetch(lorazepam(dispenseRequest=MARK, dosageInstruction=MARK))),
        {"hook": MARK},
    ]
    with caplog.at_level(level):
        for body in bodies:
            service = f"benzo-{body['hook']}" if MARK not in body["hook"] else "benzo-order-sign"
            sent = marked(body)
            assert MARK in json.dumps(sent)
            quiet.post(
                f"/cds-services/{service}?patient={MARK}", json=sent, headers={"Authorization": f"Bearer {MARK}"}
            )
            quiet.post(f"/cds-services/{service}/feedback", json={"feedback": [sent]})
            quiet.post(f"/cds-services/{MARK}", data=MARK)
    captured = capfd.readouterr()
    logged_lines = [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    assert len(logged_lines) >= 3 * len(bodies)
    assert MARK not in "".join(logged_lines) + captured.out + captured.err


@pytest.mark.parametrize(
    "draft",
    [
        {"resourceType": "MedicationRequest", "id": "d", "medicationCodeableConcept": {"text": "x" * 2500}},
        {"resourceType": "MedicationProposal", "id": "d"},
        {"id": "d", "medicationCodeableConcept": {"text": "oxycodone 5 MG Oral Tablet"}},
        "an order",
        None,
    ],
)
def test_a_draft_that_cannot_be_read_beside_a_depressant_has_an_info_card(http, draft):
    (card,) = cards(http, sign(draft, prefetch=prefetch(lorazepam())))
    assert card["indicator"] == "info"
    assert [met["id"] for met in assessment(card)["findings"] if met["id"] == "incomplete-picture"]
    assert cards(http, sign(draft, prefetch=prefetch(metformin()))) == []


def test_a_resource_that_is_no_medication_among_the_drafts_is_no_gap(http):
    drafts = [{"resourceType": name, "id": "d"} for name in ("ServiceRequest", "NutritionOrder", "RequestGroup")]
    assert cards(http, sign(*drafts, metformin("d"), prefetch=prefetch(lorazepam()))) == []


def test_at_discharge_what_goes_home_may_be_what_cannot_be_read(http):
    home = lorazepam("home", category=[{"coding": [{"code": "community"}]}])
    going = {
        "resourceType": "MedicationRequest",
        "id": "going",
        "category": [{"coding": [{"code": "discharge"}]}],
        "medicationCodeableConcept": {"text": "x" * 2500},
    }
    (card,) = cards(http, request("encounter-discharge", prefetch=prefetch(home, going)))
    assert (card["indicator"], assessment(card)["findings"][0]["id"]) == ("info", "incomplete-picture")
    going["category"] = home["category"]
    assert cards(http, request("encounter-discharge", prefetch=prefetch(home, going))) == []


def test_at_discharge_orders_in_error_beside_a_stated_sedative_are_said(http):
    stated = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "active",
        "dateAsserted": "2026-11-20",
        "medicationCodeableConcept": {"text": "lorazepam 1 MG Oral Tablet"},
        "subject": {"reference": "Patient/p1"},
    }
    record = prefetch(medicationRequests=ERROR_OUTCOME, medicationStatements=bundle(stated))
    (card,) = cards(http, request("encounter-discharge", prefetch=record))
    assert (card["indicator"], card["summary"] != "") == ("info", True)
    assert cards(http, request("encounter-discharge", prefetch=prefetch(medicationRequests=ERROR_OUTCOME))) == []
