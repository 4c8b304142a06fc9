"""Can others use the sandbox's records: load them into a FHIR server of theirs, and read them from a page of theirs?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient
from sandbox_server import FHIR_JSON, application

from cds_service.__main__ import main
from cds_service.sandbox.demonstration import demonstration
from cds_service.sandbox.fhir_server.server import Behaviour
from cds_service.sandbox.smart.access import Access
from fhir_fixtures import stories

LISTED = "http://localhost:8080"
ALLOW = "Access-Control-Allow-Origin"


def named(resource: dict[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("reference"), str):
            yield reference
        value = list(value.values())
    for member in value if isinstance(value, list) else ():
        yield from references(member)


# Ids


def test_no_two_stories_give_one_id_to_different_resources() -> None:
    found: dict[str, dict[str, Any]] = {}
    for story in stories():
        for resource in (entry["resource"] for entry in story.patient["entry"]):
            assert found.setdefault(named(resource), resource) == resource, (story.slug, named(resource))


def test_the_id_of_every_record_ends_with_the_id_of_its_patient() -> None:
    for story in stories():
        resources = [entry["resource"] for entry in story.patient["entry"]]
        (patient,) = [each["id"] for each in resources if each["resourceType"] == "Patient"]
        own = [each["id"] for each in resources if each["resourceType"] not in ("Patient", "Practitioner")]
        assert [id_ for id_ in own if not id_.endswith(f"-{patient}")] == [], story.slug


# The records as one transaction


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("bundle") / "records.json"
    assert main(["demo", "--write-bundle", str(file)]) == 0
    return file.read_bytes()


def test_the_bundle_is_valid_and_refers_to_nothing_outside_itself(written: bytes) -> None:
    bundle = json.loads(written)
    get_fhir_model_class("Bundle").model_validate(bundle)
    resources = [entry["resource"] for entry in bundle["entry"]]
    names = [named(resource) for resource in resources]
    assert len(set(names)) == len(names)
    assert len([name for name in names if name.startswith("Patient/")]) == len(stories())
    assert set(references(bundle)) - set(names) == set()
    assert [entry["request"] for entry in bundle["entry"]] == [{"method": "PUT", "url": name} for name in names]
    assert {label["code"] for each in resources for label in each["meta"]["security"]} == {"HTEST"}


def test_the_bundle_loads_into_an_empty_sandbox_and_again_into_a_full_one(written: bytes) -> None:
    fhir = application([]).test_client()
    for status in ("201 Created", "200 OK"):
        answer = fhir.post("/fhir", data=written, content_type=FHIR_JSON)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert {entry["response"]["status"] for entry in answer.get_json()["entry"]} == {status}
    whole = demonstration().test_client()
    for address in ("Patient", "MedicationRequest?patient=castellanos-euphemia", "Condition"):
        assert fhir.get(f"/fhir/{address}").get_json()["total"] == whole.get(f"/fhir/{address}").get_json()["total"] > 0


def test_the_bundle_is_printed_where_asked_for(written: bytes, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["demo", "--write-bundle", "-"]) == 0
    assert capfdbinary.readouterr().out == written


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--write-bundle", str(tmp_path / "missing" / "records.json")]) == 2
    assert "records.json cannot be written: No such file" in capsys.readouterr().err


# Pages of other origins


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("BENZO_CDS_CORS_ORIGINS", json.dumps([LISTED]))
    return demonstration(Behaviour(Access(demanded=True))).test_client()


def preflight(fhir: FlaskClient, path: str, method: str = "GET", origin: str = LISTED) -> Any:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    return fhir.options(path, headers=asked | {"Origin": origin})


@pytest.mark.parametrize(
    ("path", "method"),
    [("/fhir/Patient/x", "GET"), ("/fhir", "POST"), ("/fhir/auth/token", "POST"), ("/fhir/Patient/x", "PUT")],
)
def test_a_listed_page_may_call_the_sandbox(listed: FlaskClient, path: str, method: str) -> None:
    answer = preflight(listed, path, method)
    assert (answer.status_code, answer.headers[ALLOW]) == (200, LISTED)
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_a_refusal_and_the_headers_of_an_answer_can_be_read_by_a_listed_page(listed: FlaskClient) -> None:
    answer = listed.get("/fhir/Patient", headers={"Origin": LISTED})
    assert (answer.status_code, answer.headers[ALLOW], answer.headers["Vary"]) == (401, LISTED, "Origin")
    assert {"ETag", "Location", "WWW-Authenticate"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["http://localhost:8081", "http://LOCALHOST:8080", "http://localhost:8080.example.org", "null"]
)
def test_no_other_origin_may_call_it(listed: FlaskClient, origin: str) -> None:
    assert ALLOW not in preflight(listed, "/fhir/Patient", origin=origin).headers


@pytest.mark.parametrize("path", ["/fhir/faults", "/fhir/auth/authorize", "/demo/stories", "/"])
def test_what_is_not_for_programs_stays_closed_to_other_origins(listed: FlaskClient, path: str) -> None:
    assert ALLOW not in preflight(listed, path).headers
    assert ALLOW not in listed.get(path, headers={"Origin": LISTED}).headers


def test_without_the_setting_no_page_may_call_it() -> None:
    assert ALLOW not in preflight(demonstration().test_client(), "/fhir/Patient").headers
