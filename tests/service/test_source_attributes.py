"""Do the source attributes say of each finding what is in force, and are they true of the data of a patient?"""

from __future__ import annotations

import copy
import html
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from caller import policy_read_at_every_call
from ehr import client

from cds_service.app import create_app
from fhir_fixtures import Story, stories
from rules import load_knowledge
from rules.knowledge import Verification

ROOT = Path(__file__).parents[2]
HTML = {"Accept": "text/html,*/*;q=0.8"}
# In the order of 45 CFR 170.315(b)(11)(iv)(A).
ATTRIBUTES = [
    *("bibliographic_citation", "developer", "funding_source", "release_and_revision_dates", "race", "ethnicity"),
    *("language", "sexual_orientation", "gender_identity", "sex", "date_of_birth", "social_determinants_of_health"),
    "health_status_assessments",
]
ASKED = tuple(story for story in stories() if story.request is not None)
WITH_PATIENT = [story for story in ASKED if isinstance((story.request or {})["prefetch"].get("patient"), dict)]
USCORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def attributes(**settings: Any) -> dict[str, Any]:
    return client(**settings).get("/source-attributes.json").json


# What they say


def test_each_finding_has_the_thirteen_attributes_in_the_order_of_the_regulation() -> None:
    told = attributes()
    assert [finding["id"] for finding in told["findings"]] == list(load_knowledge().findings)
    for finding in told["findings"]:
        assert list(finding["attributes"]) == ATTRIBUTES
        assert finding["attributes"]["bibliographic_citation"], finding["id"]
        assert finding["attributes"]["developer"] == told["developer"]
        assert finding["attributes"]["funding_source"] == told["funding"]


def test_every_source_has_its_citation_its_year_and_how_far_it_was_read() -> None:
    knowledge = load_knowledge()
    told = {source["id"]: source for source in attributes()["sources"]}
    assert set(told) == set(knowledge.sources)
    for source in knowledge.sources.values():
        shown = told[source.id]
        assert source.title in shown["citation"]
        assert source.publisher in shown["citation"]
        assert source.url in shown["citation"]
        assert shown["copy_read"], source.id
        assert shown["published"] == (source.year or "undated")
        if source.id == "benzo-cds-policy":
            assert shown["how_far_read"] == "this project's own choice"
        else:
            assert shown["how_far_read"].startswith("read") == (source.verification is Verification.READ)


def test_page_and_json_say_the_same() -> None:
    http = client()
    told = http.get("/source-attributes.json").json
    assert http.get("/source-attributes").json == told
    page = http.get("/source-attributes", headers=HTML)
    assert (page.mimetype, page.headers["Vary"]) == ("text/html", "Accept")
    text = html.unescape(page.text)
    for finding in told["findings"]:
        assert finding["summary"] in text
        for threshold in finding["thresholds"]:
            assert f"</code> {threshold['value']} {threshold['unit']}" in text
    for source in told["sources"]:
        assert f"{source['citation']} <small>" in text
    for use in told["patient_data"].values():
        assert use["how"] in text
        for how in use["findings"].values():
            assert text.count(how) == 2  # in the table of all, and with the finding
    for said in (told["developer"], told["funding"], told["released"], *told["intended_use"]["purpose"].split(". ")):
        assert said in text


def test_a_page_may_load_its_own_style_and_nothing_else() -> None:
    http = client()
    for path in ("/about", "/source-attributes"):
        page = http.get(path, headers=HTML)
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert "<script" not in page.text
    assert http.get("/about/style.css").mimetype == "text/css"


def test_what_a_site_changed_is_what_is_shown(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        "reviewed: 2026-11-25\n"
        "policy: {age: {older: 70}}\n"
        "findings: {high-potency: {on: false}, total-load: {severity: info, parameters: {site_threshold: 40}}}\n"
        "tables: {ours: {name: Our <b>table</b>, figures: {lorazepam: 1}}}\n"
    )
    told = attributes(site_policy=site)
    shipped = attributes()
    assert told["knowledge"]["version"] != shipped["knowledge"]["version"]
    findings = {finding["id"]: finding for finding in told["findings"]}
    assert not findings["high-potency"]["in_force"]
    assert findings["total-load"]["at_most"] == "info"
    thresholds = {each["name"]: each for each in findings["total-load"]["thresholds"]}
    own = thresholds["site_threshold"]
    assert [own[name] for name in ("value", "reviewed", "how_far_read")] == [
        "40",
        "2026-11-25",
        "the site's own choice",
    ]
    assert told["ages"]["older_adult"]["value"] == "70"
    assert "ours" in {table["id"] for table in told["tables"]}
    page = client(site_policy=site).get("/source-attributes", headers=HTML).text
    assert "not in force here" in page
    assert "Our <b>" not in page


def test_a_policy_that_changes_is_shown_without_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy_read_at_every_call(monkeypatch)
    site = tmp_path / "site.yaml"
    site.write_text("findings: {oxybate: {on: false}}\n", encoding="utf-8")
    http = client(site_policy=site)
    before = http.get("/source-attributes.json").json
    site.write_text("findings: {pregnancy: {on: false}}\n", encoding="utf-8")
    after = http.get("/source-attributes.json").json
    off = [{each["id"] for each in told["findings"] if not each["in_force"]} for told in (before, after)]
    assert off == [{"oxybate"}, {"pregnancy"}]
    assert before["knowledge"]["version"] != after["knowledge"]["version"]
    assert after["knowledge"]["version"] in http.get("/about", headers=HTML).text


def test_the_release_is_that_of_the_newest_entry_of_the_changes() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    released = load_knowledge().intervention.released
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {version} - {released}\n" in changes, "set `released` in intervention.yaml"


# Whether they are true


def told_otherwise(person: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A patient with other demographic data: everything but the identity and the birth date."""

    def extension(name: str, text: str) -> dict[str, Any]:
        return {"url": USCORE + name, "extension": [{"url": "text", "valueString": text}]}

    for sex, race in (("female", "White"), ("male", "Black or African American"), ("other", "Asian"), ("unknown", "")):
        yield dict(person) | {
            "gender": sex,
            "extension": [
                extension("race", race or "Unknown"),
                extension("ethnicity", "Hispanic or Latino" if sex == "male" else "Not Hispanic or Latino"),
                {"url": USCORE + "birthsex", "valueCode": "F" if sex == "male" else "M"},
                {"url": USCORE + "genderIdentity", "valueCodeableConcept": {"text": f"not {sex}"}},
                {"url": USCORE + "sexual-orientation", "valueCodeableConcept": {"text": "Bisexual"}},
            ],
            "communication": [{"language": {"text": "Spanish"}, "preferred": True}],
            "maritalStatus": {"text": "Widowed"},
            "address": [{"postalCode": "00000", "country": "US"}],
        }


@pytest.mark.parametrize("story", WITH_PATIENT, ids=[story.slug for story in WITH_PATIENT])
def test_sex_race_language_and_the_like_decide_nothing(story: Story) -> None:
    http = create_app(clock=lambda: story.on).test_client()
    path = f"/cds-services/benzo-{story.hook}"
    sent = copy.deepcopy(dict(story.request or {}))
    before = http.post(path, json=sent)
    assert before.status_code == 200
    for person in told_otherwise(sent["prefetch"]["patient"]):
        sent["prefetch"]["patient"] = person
        assert http.post(path, json=sent).data == before.data


@pytest.mark.parametrize("story", ASKED, ids=[story.slug for story in ASKED])
def test_observations_waveforms_and_social_history_change_nothing(story: Story) -> None:
    """Neither beside the record, where a client sends all in one Bundle, nor under a key of its own."""
    http = create_app(clock=lambda: story.on).test_client()
    path = f"/cds-services/benzo-{story.hook}"
    sent = copy.deepcopy(dict(story.request or {}))
    before = http.post(path, json=sent)
    subject = {"reference": f"Patient/{sent['context']['patientId'].rpartition('/')[2]}"}
    observations = [
        {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": "final",
            "subject": subject,
            "code": {"text": text},
            **value,
        }
        for number, (text, value) in enumerate(OBSERVATIONS.items())
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in observations]}
    sent.setdefault("prefetch", {})["observations"] = bundle
    assert http.post(path, json=sent).data == before.data
    orders = sent["prefetch"].get("medicationRequests")
    if isinstance(orders, dict) and isinstance(orders.get("entry"), list):
        orders["entry"] += [entry | {"search": {"mode": "include"}} for entry in bundle["entry"]]
        assert http.post(path, json=sent).data == before.data


OBSERVATIONS: dict[str, dict[str, Any]] = {
    "ECG lead II": {
        "valueSampledData": {"origin": {"value": 0}, "period": 4, "dimensions": 1, "data": "2041 2043 2037 2047 E L U"}
    },
    "Capnography waveform": {
        "valueSampledData": {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2"}
    },
    "Oxygen saturation": {"valueQuantity": {"value": 71, "unit": "%"}},
    "Respiratory rate": {"valueQuantity": {"value": 4, "unit": "/min"}},
    "Tobacco smoking status": {"valueCodeableConcept": {"text": "Heavy smoker"}},
    "Pregnancy status": {"valueCodeableConcept": {"text": "Pregnant"}},
    "Housing status": {"valueCodeableConcept": {"text": "Homeless"}},
    "PHQ-9": {"valueInteger": 27},
}


def test_a_finding_is_named_as_using_data_only_where_it_is_one() -> None:
    text = (ROOT / "rules" / "knowledge" / "data" / "intervention.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)["patient_data"]
    assert {name for name, use in data.items() if use["used"]} == {"date_of_birth"}
    assert date.fromisoformat(str(yaml.safe_load(text)["reviewed"])) >= load_knowledge().reviewed
