"""Does every card keep what is promised of it: when it appears, how loud it is, what it offers, what it carries?"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from uuid import NAMESPACE_URL, uuid5

import pytest
from ehr import (
    ABSENT,
    assert_outcome,
    assessment,
    bundle,
    cards,
    carried_form,
    client,
    empty_members,
    lorazepam,
    metformin,
    order,
    post,
    prefetch,
    request,
    select,
    sign,
)
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest
from jsonschema import Draft202012Validator

from cds_service.config.limits import MAX_SUGGESTIONS
from cds_service.working.assessment_json import assessment_schema
from fhir_fixtures import stories

LOAD, LONG = "sedativeLoad", "longTermUse"
ORDER_HOOKS = ("order-select", "order-sign")
R4 = {"MedicationRequest": MedicationRequest, "ServiceRequest": ServiceRequest}


@pytest.fixture(scope="module")
def http():
    return client()


def oxycodone(identity: str = "oxycodone-1", **more):
    return order(identity, "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=2, **more)


def gabapentin(identity: str = "gabapentin-1", **more):
    return order(identity, "gabapentin 300 MG Oral Capsule", a_day=2, **more)


def zolpidem(identity: str = "zolpidem-1", **more):
    return order(identity, "zolpidem tartrate 10 MG Oral Tablet", code="854873", **more)


def since(day: str, days: int) -> dict:
    """Written on a day, with supply for so many days."""
    return {"authoredOn": day, "dispenseRequest": {"expectedSupplyDuration": {"value": days, "unit": "d"}}}


# From 2 January to 22 November are 324 days; the supply of 330 days lasts until 27 November.
LONG_USE = since("2026-01-02", 330)


def condition(code: str, text: str) -> dict:
    return {
        "resourceType": "Condition",
        "id": code.replace(".", "-"),
        "subject": {"reference": "Patient/p1"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}], "text": text},
    }


def topics(found: list[dict]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in found]


def labels(card: dict) -> list[str]:
    return [suggestion["label"] for suggestion in card.get("suggestions", [])]


def removals(found: list[dict]) -> list[str]:
    actions = [action for card in found for item in card.get("suggestions", []) for action in item["actions"]]
    return [action["resourceId"] for action in actions if action["type"] == "delete"]


def ids(card: dict) -> list[str]:
    return [finding["id"] for finding in assessment(card)["findings"]]


# -- order hooks speak of what the drafts change -------------------------------------------------------------------


@pytest.mark.parametrize("hook", [*ORDER_HOOKS, "medication-refill"])
@pytest.mark.parametrize("supplied", [ABSENT, None, {}, {"medicationRequests": "failed"}])
def test_drafts_without_a_depressant_need_no_record_and_give_no_card(http, hook, supplied):
    name = "medications" if hook == "medication-refill" else "draftOrders"
    body = request(hook, context={name: bundle(metformin()), "selections": []}, prefetch=supplied)
    assert post(http, body).json == {"cards": []}


def test_an_order_outside_the_load_raises_no_card_on_the_load(http):
    # Lorazepam 2 mg/d is in the high band by the Ashton column; gabapentin adds nothing to it and is the second drug.
    assert cards(http, sign(gabapentin(), prefetch=prefetch(lorazepam("old", **LONG_USE)))) == []


def test_a_muscle_relaxant_is_not_counted_as_a_third_sedative_hypnotic(http):
    record = [lorazepam("old", **LONG_USE), zolpidem("old-2", **LONG_USE)]
    relaxant = order("relaxant", "cyclobenzaprine hydrochloride 5 MG Oral Tablet")
    (card,) = cards(http, sign(relaxant, prefetch=prefetch(*record)))
    # Three sedating medicines: what the order brings about. The two sedatives together are said behind it.
    assert (card["indicator"], "makes 3 sedating medicines" in card["summary"]) == ("info", True)
    assert "multiple-sedative-hypnotics" in ids(card)


def test_an_order_beside_an_unchanged_pair_gives_no_warning_on_the_pair(http):
    record = [lorazepam("old", **LONG_USE), oxycodone("old-2", **LONG_USE)]
    renewal = lorazepam("new", **since("2026-11-22", 30))
    loud = cards(http, sign(renewal, gabapentin(), prefetch=prefetch(*record)))
    assert {card["indicator"] for card in loud} == {"info"}


def test_a_higher_opioid_dose_beside_a_sedative_is_a_warning(http):
    record = [lorazepam("old", **LONG_USE), oxycodone("old-2", **LONG_USE)]
    more = order("more", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=4, authoredOn="2026-11-22")
    found = cards(http, sign(more, prefetch=prefetch(*record)))
    assert [card["indicator"] for card in found] == ["warning"]


def test_a_card_shows_what_a_misspelt_name_was_read_as(http):
    misspelt = order("misspelt", "clonazepm 2 mg tablet", a_day=2, authoredOn="2026-11-22")
    (card,) = cards(http, sign(misspelt, prefetch=prefetch(lorazepam("old", **LONG_USE))))[:1]
    assert "clonazepam, read from “clonazepm 2 mg tablet”" in card["detail"]


@pytest.mark.parametrize("nothing", [{"status": "entered-in-error"}, {"intent": "proposal"}])
def test_a_draft_that_is_not_an_order_gives_no_card(http, nothing):
    assert post(http, sign(lorazepam(**nothing), prefetch=ABSENT)).json == {"cards": []}


def test_a_skin_cream_gives_no_card(http):
    cream = order("cream", "doxepin hydrochloride 50 MG/ML Topical Cream")
    assert post(http, sign(cream, prefetch=ABSENT)).json == {"cards": []}


def test_an_opioid_order_raises_no_card_on_long_term_use(http):
    found = cards(http, sign(oxycodone(), prefetch=prefetch(lorazepam("old", **LONG_USE))))
    assert topics(found) == [LOAD]


# -- order-select: what is selected --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "MedicationRequest/lorazepam-1",
        "lorazepam-1",
        "https://ehr.example/fhir/MedicationRequest/lorazepam-1",
        "MedicationRequest/lorazepam-1/_history/2",
    ],
)
def test_a_selected_draft_is_found_by_each_of_its_names(http, name):
    found = cards(http, select(lorazepam(), metformin(), selections=[name]))
    assert found
    assert "incomplete-picture" not in ids(found[0])


def test_selecting_an_order_that_is_no_medication_gives_no_card(http):
    referral = {"resourceType": "ServiceRequest", "id": "lab-1", "status": "draft", "intent": "order"}
    for name in ("ServiceRequest/lab-1", "lab-1", "https://ehr.example/fhir/ServiceRequest/lab-1"):
        assert cards(http, select(lorazepam(), referral, selections=[name])) == []


def test_selecting_an_irrelevant_drug_gives_no_card_whatever_else_is_drafted(http):
    assert cards(http, select(lorazepam(), metformin(), oxycodone(), selections=["metformin-1"])) == []


def test_an_order_for_a_drug_that_only_counts_gives_no_card_beside_sedatives(http):
    record = [lorazepam("a", **LONG_USE), zolpidem("b", **LONG_USE), oxycodone("c", **LONG_USE)]
    for name in ("sertraline 50 MG Oral Tablet", "lamotrigine 100 MG Oral Tablet", "venlafaxine"):
        assert cards(http, sign(order("new", name), prefetch=prefetch(*record))) == []


def test_a_card_on_a_selected_order_counts_all_drafts(http):
    (card,) = cards(http, select(lorazepam(), oxycodone(), selections=["MedicationRequest/oxycodone-1"]))
    assert card["indicator"] == "warning"
    assert assessment(card)["load"]["with_order"]["used"] == 20.0


def test_selections_that_match_no_draft_are_reported_on_the_card(http):
    (card,) = cards(http, select(lorazepam(), selections=["MedicationRequest/elsewhere"]))
    assert "a selected order is not among the drafts" in card["detail"]


# -- opening a chart, refilling, going home ------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["patient-view", "encounter-start"])
def test_opening_a_chart_gives_one_info_card_with_every_hazard(http, hook):
    oxybate = order("oxybate", "sodium oxybate 500 MG/ML Oral Solution", **LONG_USE)
    record = [lorazepam("a", **LONG_USE), zolpidem("b", **LONG_USE), oxycodone("c", **LONG_USE), oxybate]
    (card,) = cards(http, request(hook, prefetch=prefetch(*record)))
    assert (card["indicator"], topics([card])) == ("info", [LONG])
    assert {"long-term-use", "oxybate", "multiple-sedative-hypnotics", "concurrent-opioid"} <= set(ids(card))


def test_a_refill_card_is_info_and_says_that_the_refill_is_early(http):
    # 60 days from 1 October last until 29 November; on 22 November 8 days of supply remain, that day included.
    record = prefetch(lorazepam("old", **since("2026-10-01", 60)), oxycodone("other", **LONG_USE))
    body = request("medication-refill", context={"medications": bundle(lorazepam("new"))}, prefetch=record)
    found = cards(http, body)
    assert {card["indicator"] for card in found} == {"info"}
    assert any("early, 8 days of its supply remain" in card["detail"] for card in found)
    assert removals(found) == []


def home(order_of: dict, category: str) -> dict:
    return order_of | {"category": [{"coding": [{"code": category}]}]}


def discharge(*record: dict) -> dict:
    return request("encounter-discharge", prefetch=prefetch(*record))


def test_a_home_sedative_that_continues_gives_no_card_at_discharge(http):
    assert cards(http, discharge(home(lorazepam("old", **LONG_USE), "community"))) == []
    renewed = home(lorazepam("new"), "discharge")
    assert cards(http, discharge(home(lorazepam("old", **LONG_USE), "community"), renewed)) == []


def test_an_opioid_and_a_sedative_going_home_are_named(http):
    found = cards(http, discharge(home(lorazepam("old", **LONG_USE), "community"), home(oxycodone(), "discharge")))
    assert ("warning", LOAD) in [(card["indicator"], card["source"]["topic"]["code"]) for card in found]
    assert "oxycodone" in found[0]["summary"]
    assert len(found) <= 2


def test_a_sedative_begun_in_hospital_and_continued_is_named(http):
    stay = home(lorazepam("stay", authoredOn="2026-11-18"), "inpatient")
    found = cards(http, discharge(stay, home(lorazepam("new"), "discharge")))
    assert "lorazepam" in found[0]["summary"].lower()
    assert cards(http, discharge(stay)) == []  # it ends with the stay


def test_a_home_sedative_missing_at_discharge_is_named(http):
    # The supply of the home order ended on 10 November, twelve days ago; nothing going home continues it.
    old = home(lorazepam("old", **since("2026-01-02", 313)), "community")
    found = cards(http, discharge(old, home(metformin(), "discharge")))
    assert "not among the orders going home" in found[0]["summary"]
    assert found[0]["indicator"] == "warning"


def test_a_discharge_card_carries_the_inpatient_order_that_it_is_about(http):
    stay = home(lorazepam("stay", **since("2026-01-02", 365)), "inpatient")
    before = lorazepam("before", **since("2025-10-01", 30)) | {"status": "completed"}
    (card,) = cards(http, discharge(stay, before, home(metformin(), "discharge")))
    assert "not among the orders going home" in card["summary"]
    assert [line["source"] for line in assessment(card)["not_counted"]] == ["MedicationRequest/stay"]


# -- at most two cards, and no news twice --------------------------------------------------------------------------


def test_an_unchanged_renewal_gives_one_card_with_what_a_second_would_say(http):
    record = [lorazepam("old", **LONG_USE), oxycodone("other", **LONG_USE)]
    (card,) = cards(http, sign(lorazepam("new"), prefetch=prefetch(*record)))
    assert (topics([card]), card["indicator"]) == ([LONG], "info")
    assert {"long-term-use", "concurrent-opioid", "total-load"} <= set(ids(card))
    assert any("naloxone" in label for label in labels(card))
    assert removals([card]) == []


def test_an_increase_in_long_term_use_gives_two_cards_and_one_warning(http):
    found = cards(http, sign(lorazepam("new", **since("2026-11-22", 30)) | _four_a_day(),
                             prefetch=prefetch(lorazepam("old", **LONG_USE))))  # fmt: skip
    assert topics(found) == [LOAD, LONG]
    assert [card["indicator"] for card in found] == ["warning", "info"]


def _four_a_day() -> dict:
    return {"dosageInstruction": lorazepam()["dosageInstruction"] + lorazepam()["dosageInstruction"]}


# -- how loud ------------------------------------------------------------------------------------------------------


def test_critical_only_where_the_site_lists_the_finding(tmp_path):
    body = sign(lorazepam(), prefetch=prefetch(oxycodone("other", **LONG_USE)))
    assert cards(client(), body)[0]["indicator"] == "warning"
    site = tmp_path / "site.yaml"
    site.write_text("critical: [concurrent-opioid]\n", "utf-8")
    loud = client(site_policy=site)
    assert cards(loud, body)[0]["indicator"] == "critical"
    assert cards(loud, sign(lorazepam()))[0]["indicator"] != "critical"
    view = request("patient-view", prefetch=prefetch(lorazepam("a", **LONG_USE), oxycodone("b", **LONG_USE)))
    assert [card["indicator"] for card in cards(loud, view)] == ["info"]


# -- removal: a new start only, by the client's own name for it ----------------------------------------------------


def test_a_new_start_may_be_removed(http):
    assert removals(cards(http, sign(lorazepam()))) == ["MedicationRequest/lorazepam-1"]


EPILEPSY = {"conditions": bundle(condition("G40.909", "Epilepsy"), type="searchset")}
OPIOID_USE_DISORDER = {"conditions": bundle(condition("F11.20", "Opioid use disorder"), type="searchset")}
KEPT = {
    "a renewal": (lorazepam("new"), prefetch(lorazepam("old", **LONG_USE), oxycodone("o", **LONG_USE))),
    "a higher dose": (lorazepam("new") | _four_a_day(), prefetch(lorazepam("old", **LONG_USE))),
    "a taper step": (
        order("new", "lorazepam 0.5 MG Oral Tablet", a_day=3),
        prefetch(lorazepam("old", **LONG_USE), oxycodone("o", **LONG_USE)),
    ),
    # 40 mg/d diazepam against 2 x 2 mg lorazepam, 40 mg/d by the Ashton column.
    "a switch": (
        order("new", "diazepam 10 MG Oral Tablet", a_day=4),
        prefetch(order("old", "lorazepam 2 MG Oral Tablet", a_day=2, **LONG_USE)),
    ),
    "treatment of opioid use disorder": (
        order("new", "buprenorphine 8 MG / naloxone 2 MG Sublingual Tablet"),
        prefetch(lorazepam("old", **LONG_USE), **OPIOID_USE_DISORDER),
    ),
    "an anti-seizure drug": (
        order("new", "clonazepam 0.5 MG Oral Tablet", a_day=2),
        prefetch(oxycodone("o", **LONG_USE), **EPILEPSY),
    ),
}


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT)
def test_only_new_starts_are_offered_for_removal(http, case):
    draft, record = case
    found = cards(http, sign(draft, prefetch=record))
    assert found
    assert removals(found) == []


LONG_ID = "e" + "Xy.-4" * 50


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"resource": lorazepam(LONG_ID)}, f"MedicationRequest/{LONG_ID}"),
        (
            {"fullUrl": "https://ehr.example/fhir/MedicationRequest/lorazepam-1", "resource": lorazepam()},
            "MedicationRequest/lorazepam-1",
        ),
        (
            {
                "fullUrl": "https://ehr.example/fhir/MedicationRequest/7",
                "resource": {key: value for key, value in lorazepam().items() if key != "id"},
            },
            "MedicationRequest/7",
        ),
    ],
)
def test_a_removal_names_the_draft_as_the_client_sent_it(http, entry, name):
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [entry]}
    assert removals(cards(http, request("order-sign", context={"draftOrders": drafts}))) == [name]


@pytest.mark.parametrize("url", [{}, {"fullUrl": "urn:uuid:8c2a3e44-0000-4000-8000-00000000000a"}])
def test_a_draft_that_no_relative_reference_can_name_is_not_offered_for_removal(http, url):
    unidentified = {key: value for key, value in lorazepam().items() if key != "id"}
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": unidentified, **url}]}
    found = cards(http, request("order-sign", context={"draftOrders": drafts}))
    assert found
    assert removals(found) == []


# -- the form of every card ----------------------------------------------------------------------------------------

INVOCATIONS = {
    "a new start with an opioid": sign(lorazepam(), prefetch=prefetch(oxycodone("old", **LONG_USE))),
    "an increase": sign(lorazepam("new") | _four_a_day(), prefetch=prefetch(lorazepam("old", **LONG_USE))),
    "a renewal": sign(lorazepam("new"), prefetch=prefetch(lorazepam("old", **LONG_USE))),
    "a chart": request("patient-view", prefetch=prefetch(lorazepam("old", **LONG_USE))),
    "incomplete": sign(lorazepam(), prefetch={"medicationRequests": "failed"}),
}


@pytest.fixture(params=INVOCATIONS.values(), ids=INVOCATIONS)
def answer(request, http):
    found = cards(http, request.param)
    assert found
    return request.param, found


def test_the_uuid_of_a_card_follows_from_service_instance_patient_and_topic(answer):
    body, found = answer
    for card in found:
        topic = card["source"]["topic"]["code"]
        patient = f"Patient/{body['context']['patientId']}"
        parts = [f"benzo-{body['hook']}", body["hookInstance"], patient, topic]
        identity = uuid5(NAMESPACE_URL, json.dumps(parts, separators=(",", ":")))
        assert card["uuid"] == str(identity)
        offered = [item["uuid"] for item in card.get("suggestions", [])]
        assert offered == [str(uuid5(NAMESPACE_URL, f"{identity}|{index}")) for index in range(len(offered))]


def test_nothing_is_preselected_and_there_are_no_system_actions(answer, http):
    body, found = answer
    assert set(post(http, body).json) == {"cards"}
    for card in found:
        assert card.get("selectionBehavior") == ("any" if "suggestions" in card else None)
        for suggestion in card.get("suggestions", []):
            assert "isRecommended" not in suggestion
            assert len(suggestion["actions"]) == 1


def test_created_resources_are_valid_and_drafts_of_this_patient(answer):
    for card in answer[1]:
        for suggestion in card.get("suggestions", []):
            for action in suggestion["actions"]:
                if action["type"] == "create":
                    resource = action["resource"]
                    R4[resource["resourceType"]].model_validate(resource)
                    assert (resource["status"], resource["subject"]) == ("draft", {"reference": "Patient/p1"})
                    assert resource["requester"] == {"reference": "Practitioner/dr-1"}


def test_the_answers_that_fit_have_standard_codes_where_there_are_any(answer):
    for card in answer[1]:
        assert 2 <= len({reason["code"] for reason in card["overrideReasons"]}) == len(card["overrideReasons"]) <= 8
        standard = card["extension"]["org.benzo-cds.standard-reasons"]
        assert "benefits-outweigh-risks" in standard
        systems = {coding["system"] for coding in standard.values()}
        assert systems == {"http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}
        assert not systems & {reason["system"] for reason in card["overrideReasons"]}


def test_links_are_absolute_and_hold_nothing_of_the_patient(answer):
    for card in answer[1]:
        urls = [card["source"]["url"], *(link["url"] for link in card["links"])]
        assert {link["type"] for link in card["links"]} == {"absolute"}
        for url in urls:
            assert url.startswith("https://")
            assert not re.search(r"p1|e1|dr-1|Patient", url)


def test_the_topic_is_a_fixed_alphanumeric_code(answer):
    assert set(topics(answer[1])) <= {LOAD, LONG}


def test_no_member_is_empty(answer):
    assert empty_members(answer[1]) == []


def test_a_card_carries_its_findings_and_no_reference_to_the_patient(http):
    # FHIR allows the patient as the requester, and a statement names its subject.
    asked = lorazepam("old", requester={"reference": "Patient/p1"}, **LONG_USE)
    copy = lorazepam("copy", requester={"reference": "https://ehr.example/fhir/Patient/p1"}, **LONG_USE)
    named = zolpidem("z", requester={"type": "Patient", "display": "Ann Example"}, **LONG_USE)
    body = sign(lorazepam(), prefetch=prefetch(asked, copy, named))
    for card in cards(http, body):
        carried = json.dumps(card["extension"])
        assert "Patient/" not in carried
        assert "Ann Example" not in carried
        assert "Patient/" not in card["summary"] + card["detail"]
        assert all(item["result"] != "not-met" for item in assessment(card).get("considered", []))


def test_a_card_carries_only_the_findings_that_concern_it(http):
    body = sign(lorazepam("new") | _four_a_day(), prefetch=prefetch(lorazepam("old", **LONG_USE)))
    load, long_term = cards(http, body)
    assert "taper-referral" not in ids(load)
    assert "dose-escalation" not in ids(long_term)


def test_what_a_card_carries_follows_the_schema(answer):
    validator = Draft202012Validator(carried_form(assessment_schema()))
    for card in answer[1]:
        assert [error.message for error in validator.iter_errors(assessment(card))] == []


# -- hostile text --------------------------------------------------------------------------------------------------

HOSTILE = {
    "a script": "<script>alert(1)</script> lorazepam 1 MG Oral Tablet",
    "a link": "[click](javascript:alert(1)) lorazepam 1 MG",
    "a picture": "![x](https://evil.example/p1) lorazepam 1 MG",
    "a table": "lorazepam | 1 MG | x",
    "code": "`lorazepam` ```1 MG```",
    "emphasis": "**lorazepam** _1 MG_ ~~x~~ # heading",
    "direction": "lorazepam \u202e1 MG\u202c \u2066x\u2069\u200b",
    "lines": "lorazepam\n\n# 1 MG\r\n- item\u2028x\x00\x1b[31m",
    "an address": "lorazepam 1 MG https://evil.example/?p=1 www.evil.example <a@evil.example>",
    "an entity": "lorazepam &lt;b&gt; 1 MG",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_text_and_nothing_else(http, name):
    found = cards(http, sign(order("d", name), prefetch=prefetch(lorazepam("old", **LONG_USE), oxycodone("o"))))
    assert found
    for card in found:
        shown = [card["summary"], card["detail"], *labels(card)]
        for text in shown:
            assert "<" not in text
            assert ">" not in text
            assert not re.search("[\u0000-\u0009\u000b-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text)
        assert not re.search(r"(?<!\\)[\[\]`|~]", card["detail"])
        assert not re.search(r"(?<!\\)\*(?!\*)(?<!\*\*)", card["detail"].replace("**", ""))
        # Lines begin as the card's own do; nothing of the name begins one.
        for line in card["detail"].split("\n"):
            assert re.match(r"$|- |\*\*(Why|Load|Not known|Options)|Sources: ", line), line


# -- the JSON of the command is the documented form, for every story -----------------------------------------------


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.slug)
def test_the_assessment_of_every_story_follows_the_schema(story, tmp_path, capsys):
    from cds_service.__main__ import main

    validator = Draft202012Validator(assessment_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for name, document in (("patient", story.patient), ("request", story.request)):
        if document is not None:
            file = tmp_path / f"{name}.json"
            file.write_text(json.dumps(document), "utf-8")
            assert main(["assess", str(file), "--on", story.on.isoformat(), "--json"]) == 0
            printed = json.loads(capsys.readouterr().out)
            assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(printed)] == []


def test_the_schema_is_in_the_package():
    assert (
        json.loads(files("cds_service.working").joinpath("assessment.schema.json").read_text("utf-8"))
        == assessment_schema()
    )


def test_a_refused_call_says_what_was_missing(http):
    answer = assert_outcome(post(http, sign(lorazepam(), prefetch=ABSENT)), 412, "incomplete")
    assert "medicationRequests" in answer["details"]["text"]


def test_incomplete_draft_orders_make_the_load_with_them_incomplete(http):
    body = sign(lorazepam(), prefetch=prefetch(zolpidem(**LONG_USE)))
    body["context"]["draftOrders"]["link"] = [{"relation": "next", "url": "https://ehr.example/next"}]
    found = cards(http, body)
    load = assessment(found[0])["load"]
    assert load["current"]["complete"] is True
    assert load["with_order"]["complete"] is False
    assert "at least" in found[0]["summary"]


def test_orders_of_one_product_have_one_option_in_the_text_and_a_button_each() -> None:
    (card,) = post(client(), sign(*(lorazepam(f"l{number}") for number in range(9)))).json["cards"]
    (options,) = [line for line in card["detail"].splitlines() if line.startswith("**Options:**")]
    assert options.count("remove lorazepam") == 1
    assert sum(each["label"].startswith("Remove lorazepam") for each in card["suggestions"]) == 9


def test_orders_of_one_product_are_told_apart_by_how_they_are_taken() -> None:
    nightly = order("night", "lorazepam 1 MG Oral Tablet", code="197901", a_day=1, units=2)
    (card,) = post(client(), sign(lorazepam("day"), nightly)).json["cards"]
    removed = {each["actions"][0]["resourceId"]: each["label"] for each in card["suggestions"]}
    assert removed["MedicationRequest/day"].startswith("Remove lorazepam (one 1 mg ")
    assert removed["MedicationRequest/night"].startswith("Remove lorazepam (two 1 mg ")


def test_of_many_options_the_first_few_are_listed_and_the_rest_counted() -> None:
    names = (
        "lorazepam 1 MG",
        "diazepam 5 MG",
        "temazepam 15 MG",
        "zolpidem tartrate 5 MG",
        "clonazepam 1 MG",
        "alprazolam 1 MG",
    )
    drafts = [order(f"d{number}", f"{name} Oral Tablet", a_day=1) for number, name in enumerate(names * 2)]
    (card,) = post(client(), sign(*drafts)).json["cards"]
    (options,) = [line for line in card["detail"].splitlines() if line.startswith("**Options:**")]
    assert options.count("; ") < len(names) + 4
    assert "1 more, offered below" in options
    assert len(card["suggestions"]) == MAX_SUGGESTIONS
    assert "leaving out more of the new orders (2 are not offered here)" in options


def test_of_hundreds_of_drafts_few_are_offered_for_removal_and_the_rest_is_counted() -> None:
    drafts = [order(f"d{number}", "lorazepam 1 MG Oral Tablet", units=1 + number / 8) for number in range(300)]
    (card,) = post(client(), sign(*drafts)).json["cards"]
    assert len(card["suggestions"]) == MAX_SUGGESTIONS
    counted = re.search(r"more of the new orders \((\d+) are not offered here\)", card["detail"])
    assert counted
    assert int(counted[1]) > 100


def test_a_rise_by_two_orders_is_not_attributed_to_one_of_them() -> None:
    """Clonazepam 2 mg/d (40 by Ashton) since March; lorazepam 2 and 1 mg/d (20 and 10) join: 30 of 40 is 75 %."""
    since = {"authoredOn": "2026-03-10", "dispenseRequest": {"validityPeriod": {"start": "2026-03-10"}}}
    home = order("home", "clonazepam 1 MG Oral Tablet", a_day=2, **since)
    nightly = order("night", "lorazepam 1 MG Oral Tablet", code="197901", a_day=1)
    found = post(client(), sign(lorazepam("day"), nightly, prefetch=prefetch(home))).json["cards"]
    assert found[0]["summary"] == (
        "With lorazepam the load rises from 40 to 70 mg/day diazepam-eq: tolerance or withdrawal between doses?"
    )


# -- what cannot be told -------------------------------------------------------------------------------------------


def unknown(identity: str = "unknown", **more):
    return order(identity, None, **more) | {"medicationReference": {"reference": "Medication/not-sent"}}


def named(identity: str, drug: str, **more):
    return order(identity, drug, **more)


FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


@pytest.mark.parametrize("beside", [lorazepam("old"), oxycodone("old")], ids=["sedative", "opioid"])
def test_a_draft_that_cannot_be_told_beside_a_depressant_on_record_is_said(http, beside):
    (card,) = cards(http, sign(unknown(), prefetch=prefetch(beside)))
    assert card["indicator"] == "info"
    assert card["summary"].startswith("An order could not be identified")
    assert assessment(card)["load"]["with_order"]["complete"] is False


@pytest.mark.parametrize("drafted", [lorazepam(), oxycodone()], ids=["sedative", "opioid"])
def test_a_drafted_depressant_beside_a_record_that_cannot_be_told_is_said(http, drafted):
    found = cards(http, sign(drafted, prefetch=prefetch(unknown(), metformin())))
    assert {card["indicator"] for card in found} == {"info"}
    assert "incomplete-picture" in {item["id"] for card in found for item in assessment(card)["findings"]}


@pytest.mark.parametrize(
    ("drafts", "record"),
    [
        ([unknown()], []),
        ([unknown()], [metformin()]),
        ([metformin()], [unknown(), lorazepam("old")]),
        ([named("new", "Investigational antibiotic XYZ-123")], [lorazepam("old"), oxycodone("old-2")]),
        ([named("new", "cefzilotrin 250 MG Oral Tablet")], [lorazepam("old")]),
        ([unknown(status="cancelled")], [lorazepam("old")]),
        ([unknown(doNotPerform=True)], [lorazepam("old")]),
        ([unknown(intent="proposal")], [lorazepam("old")]),
        ([gabapentin(status="entered-in-error")], [unknown()]),
        ([oxycodone()], [unknown(status="stopped")]),
        ([oxycodone()], [unknown(subject={"reference": "Patient/p2"}), metformin()]),
    ],
)
def test_what_cannot_be_told_costs_no_card_where_nothing_may_be_together(http, drafts, record):
    assert cards(http, sign(*drafts, prefetch=prefetch(*record))) == []


def test_what_cannot_be_told_can_be_switched_off(tmp_path):
    (tmp_path / "policy.yaml").write_text("findings: {incomplete-picture: {raises: 'false'}}")
    http = client(site_policy=tmp_path / "policy.yaml")
    assert cards(http, sign(unknown(), prefetch=prefetch(lorazepam("old")))) == []


@pytest.mark.parametrize(
    "sent",
    [
        ABSENT,
        {},
        prefetch(medicationRequests=FAILED),
        prefetch(medicationRequests=None),
        prefetch(unknown(), conditions=FAILED),
    ],
    ids=["nothing", "empty", "error", "no-data", "conditions-in-error"],
)
@pytest.mark.parametrize("subject", ["Patient/p2", "patient/P2", "https://ehr.example/fhir/Patient/p2", "Group/p1"])
def test_a_depressant_drafted_for_another_patient_is_said_whatever_was_sent(http, sent, subject):
    (card,) = cards(http, sign(lorazepam(subject={"reference": subject}), prefetch=sent))
    assert (card["indicator"], card["summary"]) == ("info", "Lorazepam is drafted for another patient; not counted")
    assert "suggestions" not in card


def test_an_ordinary_draft_for_another_patient_is_not(http):
    assert cards(http, sign(metformin() | {"subject": {"reference": "Patient/p2"}}, prefetch=ABSENT)) == []


def test_without_the_orders_on_record_nothing_that_rests_on_them_is_judged(http):
    copd = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p1"}}
    copd |= {"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "J44.9"}]}}
    (card,) = cards(http, sign(lorazepam(), prefetch=prefetch(medicationRequests=FAILED, conditions=bundle(copd))))
    assert card["indicator"] == "info"
    judged = {item["id"]: item["result"] for item in assessment(card)["considered"]}
    resting = {
        "high-potency",
        "long-term-use",
        "interdose-withdrawal",
        "dose-escalation",
        "abrupt-change",
        "taper-referral",
    }
    assert {judged.get(finding, "not-judged") for finding in resting} == {"not-judged"}
    assert "delete" not in json.dumps(card.get("suggestions", []))


# -- one id, several records ---------------------------------------------------------------------------------------


def test_two_drafts_with_one_id_are_both_judged_and_neither_is_offered_for_removal(http):
    drafts = [oxycodone("new", meta={"versionId": "1"}), metformin("new") | {"meta": {"versionId": "2"}}]
    (card,) = cards(http, sign(*drafts, prefetch=prefetch(lorazepam("old", **LONG_USE))))
    assert card["indicator"] == "warning"
    actions = [action for suggestion in card["suggestions"] for action in suggestion["actions"]]
    assert "delete" not in {action["type"] for action in actions}


@pytest.mark.parametrize("selection", ["new", "MedicationRequest/new", "medicationrequest/new"])
def test_a_selection_means_every_draft_with_its_id(http, selection):
    drafts = [oxycodone("new"), metformin("new")]
    found = cards(http, select(*drafts, selections=[selection], prefetch=prefetch(lorazepam("old", **LONG_USE))))
    assert [card["indicator"] for card in found] == ["warning"]


def test_one_id_on_two_servers_is_two_orders(http):
    entries = [
        {"fullUrl": "https://a.example/fhir/MedicationRequest/1", "resource": lorazepam("1", **LONG_USE)},
        {"fullUrl": "https://b.example/fhir/MedicationRequest/1", "resource": metformin("1")},
    ]
    record = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    for server in (ABSENT, "https://b.example/fhir"):
        (card,) = cards(http, sign(oxycodone(), prefetch=prefetch(medicationRequests=record), fhirServer=server))
        assert card["indicator"] == "warning"
