"""Laws of what the service answers, over HTTP: whatever the patient, the orders, and the text in them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from counted_calls import calls_of
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from strategies import KNOWLEDGE, ON, OTHERS, SEDATIVES

from cds_service.app import create_app
from cds_service.cards.wording.short_name import short_name
from cds_service.config import Settings
from cds_service.services import SERVICES
from rules import load_knowledge

MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
OPIOIDS = sorted(
    code
    for code in OTHERS
    if any(KNOWLEDGE.agents[part.agent].agent_class.opioid for part in KNOWLEDGE.products[code].ingredients)
)
HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/)",
    "| a | b |",
    "`code` ```",
    "**bold** _it_ ~~s~~ # h",
    "\u202egnp.exe\u202c\u2066\u200b\ufeff",
    "\n\n# heading\r\n- item\u2028\u0085\x00\x1b[2J",
    "https://evil.example/?p=1",
    "&lt;b&gt; &#60;",
    "\\`\\[",
)
DRAFTS = {"order-select": "draftOrders", "order-sign": "draftOrders", "medication-refill": "medications"}
# About 1,200; with several hazards at once the barest form of every section is longer.
LONGEST_DETAIL = 1_800


@cache
def http() -> FlaskClient:
    return create_app(Settings(), clock=lambda: ON).test_client()


@cache
def validator(name: str) -> Draft202012Validator:
    text = files("cds_service.web").joinpath(f"schemas/cds-hooks-{name}.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text), format_checker=Draft202012Validator.FORMAT_CHECKER)


@st.composite
def orders(draw: st.DrawFn, identity: str, *, draft: bool = False, names: st.SearchStrategy[str] | None = None) -> Any:
    """An order of a real product as FHIR, its dose known or not, its name perhaps with hostile text."""
    code = draw(st.sampled_from(draw(st.sampled_from([SEDATIVES, SEDATIVES, OPIOIDS, OTHERS]))))
    name = KNOWLEDGE.products[code].name
    if names is not None:
        name = draw(names).replace("{}", name)
    coding = {"system": RXNORM, "code": code, "display": name}
    begun = ON if draft else ON - timedelta(days=draw(st.integers(0, 250)))
    resource: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "draft" if draft else draw(st.sampled_from(["active", "active", "active", "on-hold", "unknown"])),
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"coding": [coding], "text": name}
        if draw(st.booleans())
        else {"coding": [{"system": RXNORM, "code": code}]},
        "authoredOn": begun.isoformat(),
        "requester": {"reference": draw(st.sampled_from(["Practitioner/a", "Practitioner/b"]))},
    }
    if draw(st.integers(0, 4)):
        repeat = {"frequency": draw(st.integers(1, 4)), "period": 1, "periodUnit": "d"}
        resource["dosageInstruction"] = [
            {
                "text": draw(names) if names is not None else "as written",
                "asNeededBoolean": draw(st.booleans()),
                "timing": {"repeat": repeat},
                "doseAndRate": [{"doseQuantity": {"value": draw(st.sampled_from([0.5, 1, 2])), "unit": "tablet"}}],
            }
        ]
    length = draw(st.sampled_from([None, 14, 30, 365]))
    if length is not None:
        resource["dispenseRequest"] = {"expectedSupplyDuration": {"value": length, "unit": "d", "code": "d"}}
    return resource


def conditions() -> st.SearchStrategy[Any]:
    listed = [code for concept in KNOWLEDGE.concepts.values() for code in concept.prefixes]
    return st.lists(
        st.sampled_from(listed).map(
            lambda code: {
                "resourceType": "Condition",
                "id": f"c-{code}",
                "subject": {"reference": "Patient/p1"},
                "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]},
            }
        ),
        max_size=4,
        unique_by=lambda item: item["id"],
    )


def bundle(resources: list[Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": item} for item in resources]}


@st.composite
def requests(draw: st.DrawFn, names: st.SearchStrategy[str] | None = None) -> dict[str, Any]:
    """A request of any of the hooks; the record mostly whole."""
    service = draw(st.sampled_from(list(SERVICES.values())))
    record = [draw(orders(f"m{index}", names=names)) for index in range(draw(st.integers(0, 4)))]
    context: dict[str, Any] = {"userId": "Practitioner/a", "patientId": "p1", "encounterId": "e1"}
    if service.hook == "encounter-discharge":
        for resource in record:
            setting = draw(st.sampled_from(["community", "discharge", "inpatient"]))
            resource["category"] = [{"coding": [{"code": setting}]}]
    if service.hook in DRAFTS:
        written = [draw(orders(f"d{index}", draft=True, names=names)) for index in range(draw(st.integers(1, 2)))]
        context[DRAFTS[service.hook]] = bundle(written)
    if service.hook == "order-select":
        context["selections"] = draw(st.lists(st.sampled_from(["MedicationRequest/d0", "d1", "gone"]), max_size=2))
    unknown = {"resourceType": "MedicationRequest", "id": "u1", "status": "active", "intent": "order"}
    prefetch: dict[str, Any] = {
        "patient": {"resourceType": "Patient", "id": "p1", "birthDate": draw(st.sampled_from(["1950-01-01", "1990"]))},
        "medicationRequests": bundle(record + ([unknown] if draw(st.integers(0, 4)) == 0 else [])),
        "medicationStatements": None,
        "medicationDispenses": None,
        "conditions": bundle(draw(conditions())),
    }
    failed = draw(st.sampled_from([None, None, None, *prefetch]))
    if failed is not None:
        prefetch[failed] = draw(st.sampled_from([None, "failed", {"resourceType": "OperationOutcome"}]))
    absent = draw(st.sampled_from([None, None, None, None, *prefetch]))
    prefetch.pop(absent, None)  # type: ignore[arg-type]
    return {"hook": service.hook, "hookInstance": "i-1", "context": context, "prefetch": prefetch}


def answer(body: dict[str, Any]) -> Any:
    return http().post(f"/cds-services/benzo-{body['hook']}", json=body)


def cards_of(body: dict[str, Any]) -> list[Any]:
    """The cards; none where the request lacks what cannot be done without."""
    response = answer(body)
    assert response.status_code in (200, 412), response.data
    if response.status_code == 412:
        assert "medicationRequests" not in body["prefetch"]
        return []
    invalid = [f"{error.json_path}: {error.message}" for error in validator("response").iter_errors(response.json)]
    assert invalid == []
    found: list[Any] = response.json["cards"]
    return found


def assessed(card: Any) -> Any:
    return card["extension"]["org.benzo-cds.assessment"]


def empty_members(value: Any) -> bool:
    if value is None or value in ("", [], {}):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(empty_members, inner))


@MANY
@given(requests())
def test_every_answer_is_valid_small_and_the_same_again(body: dict[str, Any]) -> None:
    found = cards_of(body)
    assert answer(body).data == answer(body).data
    most = 1 if body["hook"] in ("patient-view", "encounter-start") else 2
    assert len(found) <= most
    assert not any(map(empty_members, found))
    for card in found:
        assert len(card["summary"]) <= 139
        assert len(card["detail"]) <= LONGEST_DETAIL
        if body["hook"] in ("patient-view", "encounter-start", "medication-refill"):
            assert card["indicator"] == "info"
        assert card["indicator"] != "critical"


@MANY
@given(requests())
def test_an_incomplete_load_is_a_minimum_and_never_called_low(body: dict[str, Any]) -> None:
    for card in cards_of(body):
        load = assessed(card)["load"]
        spoken = load.get("with_order") or load["current"]
        if spoken["complete"]:
            continue
        assert spoken["band_is_minimum"]
        assert "high" not in spoken
        if "mg/day diazepam-equivalent" in card["summary"]:
            assert re.search(r"at least (?:about )?[\d.]+ mg/day diazepam-equivalent", card["summary"])
        text = card["summary"] + card["detail"]
        assert not re.search(r"\blow\b|\bno risk\b|\bsafe\b", text, re.IGNORECASE), text


@MANY
@given(requests())
def test_every_depressant_is_accounted_for(body: dict[str, Any]) -> None:
    context = body["context"]
    drafts = context.get("draftOrders") or context.get("medications") or {"entry": []}
    supplied = body["prefetch"].get("medicationRequests")
    record = supplied["entry"] if isinstance(supplied, dict) and "entry" in supplied else []
    for card in cards_of(body):
        reply = assessed(card)
        lines = [*reply.get("contributions", []), *reply.get("not_in_load", []), *reply.get("not_counted", [])]
        accounted = {(line["source"], line.get("agent")) for line in lines}
        for entry in [*drafts["entry"], *record]:
            concept = entry["resource"].get("medicationCodeableConcept")
            if concept is None:
                assert (f"MedicationRequest/{entry['resource']['id']}", None) in accounted
                continue
            for part in KNOWLEDGE.products[concept["coding"][0]["code"]].ingredients:
                if KNOWLEDGE.agents[part.agent].agent_class.depressant:
                    assert (f"MedicationRequest/{entry['resource']['id']}", part.agent) in accounted


@MANY
@given(requests())
def test_a_warning_has_an_order_or_a_discharge_behind_it(body: dict[str, Any]) -> None:
    for card in cards_of(body):
        if card["indicator"] == "warning":
            assert body["hook"] in ("order-select", "order-sign", "encounter-discharge")
            reply = assessed(card)
            assert any(finding["severity"] == "warning" for finding in reply["findings"])


@MANY
@given(requests())
def test_only_drafts_of_this_call_may_be_removed(body: dict[str, Any]) -> None:
    for card in cards_of(body):
        for suggestion in card.get("suggestions", []):
            (action,) = suggestion["actions"]
            if action["type"] == "delete":
                assert action["resourceId"] in ("MedicationRequest/d0", "MedicationRequest/d1")


def takes(reply: Any) -> bool:
    """Whether a benzodiazepine or Z-drug, a figure for substitution, or use of either is on record."""
    lines = [*reply.get("contributions", []), *reply.get("not_in_load", []), *reply.get("not_counted", [])]
    on_record = any(line["standing"] == "current" for line in reply.get("contributions", []))
    unread = any("standing" not in line or line["standing"] == "current" for line in lines)
    return on_record or unread or any(reply.get("exposure", {}).values())


@MANY
@given(requests())
def test_a_card_offers_a_choice_that_fits(body: dict[str, Any]) -> None:
    for card in cards_of(body):
        reply, answers = assessed(card), {reason["code"] for reason in card["overrideReasons"]}
        assert {"benefits-outweigh-risks", "palliative"} <= answers
        options = card["detail"].partition("**Options:** ")[2].partition("\n")[0]
        assert len(options.split("; ")) >= 2
        removals = [item["label"] for item in card.get("suggestions", []) if item["actions"][0]["type"] == "delete"]
        if removals:
            # A button tells several drafts of one product apart by how each is taken; the option does not.
            removal = removals[0].lower().partition(" (")[0]
            assert 0 <= options.find("a lower dose") < options.find(removal), options
            assert "short-course" in answers
        if body["hook"] in ("patient-view", "encounter-start"):
            assert "short-course" not in answers
            assert "order as written" not in options
        if not takes(reply):
            assert answers.isdisjoint({"taper-under-way", "record-differs", "patient-declined"})
            assert "abruptly" not in options


def spiked() -> st.SearchStrategy[str]:
    """Names of products with something hostile before, in or after them."""
    noise = st.one_of(
        st.sampled_from(HOSTILE), st.text(max_size=30), st.sampled_from(HOSTILE).map(lambda t: (t * 900)[:1500])
    )
    return st.one_of(
        noise.map(lambda text: f"{text} {{}}"), noise.map(lambda text: f"{{}} {text}"), noise, st.just("x" * 10_000)
    )


# What stands in front of markup and takes its meaning.
_ESCAPED = re.compile(r"\\[\\`*_{}\[\]()#+|<>~&!]")


@settings(MANY, max_examples=200)
@given(requests(names=spiked()))
def test_no_text_of_a_request_is_markup_on_a_card(body: dict[str, Any]) -> None:
    for card in cards_of(body):
        labels = [suggestion["label"] for suggestion in card.get("suggestions", [])]
        described = [item["actions"][0]["description"] for item in card.get("suggestions", [])]
        for text in (card["summary"], card["detail"], *labels, *described):
            assert "<" not in _ESCAPED.sub("", text)
            assert "<" not in text.replace("\\<", "")
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text)
        bare = _ESCAPED.sub("", card["detail"]).replace("**", "")
        assert not re.search(r"[\[\]`|~*]", bare), bare
        for line in card["detail"].split("\n"):
            assert re.match(r"$|- |\*\*(Why|Load|Not known|Options)|Sources: ", line), line
        assert len(card["detail"]) <= LONGEST_DETAIL


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["hook", "context", "prefetch", "draftOrders", "resourceType", "entry", "resource", "id", "patientId"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(MANY, max_examples=200)
@given(st.sampled_from(list(SERVICES)), JSON)
def test_any_json_is_answered_or_refused_in_the_forms_of_the_standard(service: str, value: Any) -> None:
    assert_answered_or_refused(
        http().post(f"/cds-services/{service}", data=json.dumps(value), content_type="application/json")
    )


@settings(MANY, max_examples=200)
@given(st.sampled_from(list(SERVICES.values())), st.data())
def test_any_json_in_any_place_of_a_request_is_answered_or_refused(service: Any, data: st.DataObject) -> None:
    body: dict[str, Any] = {
        "hook": service.hook,
        "hookInstance": "i",
        "context": {"patientId": "p1", "userId": data.draw(JSON), "selections": data.draw(JSON)},
        "prefetch": {"medicationRequests": data.draw(JSON), "conditions": data.draw(JSON), "patient": data.draw(JSON)},
    }
    drafted = data.draw(orders("d0", draft=True))
    drafted[data.draw(st.sampled_from(sorted(drafted)))] = data.draw(JSON)
    body["context"][DRAFTS.get(service.hook, "draftOrders")] = data.draw(st.one_of(st.just([drafted]), JSON))
    assert_answered_or_refused(http().post(f"/cds-services/{service.id}", json=body))


@settings(MANY, max_examples=200)
@given(st.sampled_from(list(SERVICES)), st.binary(max_size=60))
def test_any_bytes_are_refused(service: str, data: bytes) -> None:
    response = http().post(f"/cds-services/{service}", data=data, content_type="application/json")
    assert response.status_code == 400
    assert_answered_or_refused(response)


def assert_answered_or_refused(response: Any) -> None:
    assert response.status_code in (200, 400, 412, 413), response.data
    reply = orjson.loads(response.data)
    if response.status_code == 200:
        assert [error.message for error in validator("response").iter_errors(reply)] == []
    else:
        assert (reply["resourceType"], len(reply["issue"])) == ("OperationOutcome", 1)


def test_a_name_of_very_many_ingredients_is_short_and_read_in_proportion_to_its_length() -> None:
    knowledge = load_knowledge()

    def named(ingredients: int) -> str:
        others = " / ".join(f"ingredient{chr(97 + number % 26)} {number} MG" for number in range(ingredients))
        return short_name(f"lorazepam 1 MG / {others}", ("lorazepam",), knowledge)

    assert named(20_000).count("/") <= 3
    assert calls_of(lambda: named(20_000)) < 12 * calls_of(lambda: named(2_000))
