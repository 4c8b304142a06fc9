"""Is the embedded sandbox an honest FHIR server, and where does the data of the page come from?"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
import requests
from fhir.resources.R4B import get_fhir_model_class
from flask import Flask
from flask.testing import FlaskClient

from cds_service.__main__ import main
from cds_service.sandbox import demonstration as demo
from cds_service.sandbox.charts import Chart, charts
from cds_service.sandbox.fhir_server.server import sandbox
from cds_service.sandbox.fhir_store.store import Store

ON = date(2026, 11, 22)


def order(id_: str, patient: str = "ann", status: str = "active") -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": {"text": "lorazepam 1 MG Oral Tablet"},
        "subject": {"reference": f"Patient/{patient}"},
    }


RECORD = [
    {"resourceType": "Patient", "id": "ann", "name": [{"given": ["Ann"], "family": "Example"}]},
    {"resourceType": "Patient", "id": "bob", "name": [{"text": "Bob Sample"}]},
    order("a1"),
    order("a2", status="stopped"),
    order("a3", status="on-hold"),
    order("b1", patient="bob"),
    # A group with the patient's id is another subject.
    order("g1") | {"subject": {"reference": "Group/ann"}},
]


# Valid, except that nobody nests extensions like this.
DEEP = b'{"resourceType": "MedicationRequest", "extension": %s}' % (
    b'[{"url": "http://example.org/a", "extension": ' * 300 + b"[]" + b"}]" * 300
)


@pytest.fixture
def fhir() -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(sandbox(Store(RECORD), ON), url_prefix="/fhir")
    return app.test_client()


@pytest.fixture(scope="module")
def page() -> FlaskClient:
    return demo.demonstration().test_client()


@pytest.fixture(scope="module")
def reply() -> tuple[Chart, ...]:
    return charts(ON)


def ids(client: FlaskClient, address: str) -> list[str]:
    bundle = client.get(f"/fhir/{address}").get_json()
    assert bundle["resourceType"] == "Bundle", bundle
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def outcome(response: Any, status: int) -> str:
    """The words of the OperationOutcome that every refusal must be."""
    assert response.status_code == status
    assert response.content_type.startswith("application/fhir+json")
    body = response.get_json()
    get_fhir_model_class("OperationOutcome").model_validate(body)
    return str(body["issue"][0]["diagnostics"])


# What it says of itself


def test_the_capability_statement_is_valid_and_says_plainly_that_it_is_a_sandbox(fhir: FlaskClient) -> None:
    response = fhir.get("/fhir/metadata")
    assert response.content_type.startswith("application/fhir+json")
    statement = response.get_json()
    get_fhir_model_class("CapabilityStatement").model_validate(statement)
    assert statement["fhirVersion"] == "4.0.1"
    assert "sandbox" in statement["description"].lower()
    assert "invented" in statement["description"]
    offered = {
        entry["type"]: {each["code"] for each in entry["interaction"]} for entry in statement["rest"][0]["resource"]
    }
    assert offered["MedicationRequest"] == {"read", "vread", "search-type", "create", "update", "delete"}
    assert {each["code"] for each in statement["rest"][0]["interaction"]} == {"transaction", "batch"}


def test_every_search_parameter_of_the_capability_statement_works(fhir: FlaskClient) -> None:
    for reply in fhir.get("/fhir/metadata").get_json()["rest"][0]["resource"]:
        for parameter in reply["searchParam"]:
            answer = fhir.get(f"/fhir/{reply['type']}", query_string={parameter["name"]: "nobody"})
            assert (answer.status_code, answer.get_json()["total"]) == (200, 0), (reply["type"], parameter)


def test_every_resource_is_labelled_as_test_data(fhir: FlaskClient) -> None:
    assert [label["code"] for label in fhir.get("/fhir/Patient/ann").get_json()["meta"]["security"]] == ["HTEST"]


# Read


def test_a_resource_is_read_by_type_and_id(fhir: FlaskClient) -> None:
    assert fhir.get("/fhir/MedicationRequest/a1").get_json()["subject"] == {"reference": "Patient/ann"}


@pytest.mark.parametrize("address", ["Patient/nobody", "Condition/a1", "Starship/1"])
def test_a_missing_resource_is_not_found(fhir: FlaskClient, address: str) -> None:
    outcome(fhir.get(f"/fhir/{address}"), 404)


# Search


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("patient=ann", ["a1", "a2", "a3"]),
        ("patient=Patient/ann", ["a1", "a2", "a3"]),
        ("subject=Patient/bob", ["b1"]),
        ("patient=https://ehr.example.org/fhir/Patient/bob", ["b1"]),
        ("patient=ann&status=active", ["a1"]),
        ("patient=ann&status=active,on-hold", ["a1", "a3"]),
        ("_id=a2,b1", ["a2", "b1"]),
        ("patient=nobody", []),
        ("patient=an", []),
        ("patient=Group/ann", []),
    ],
)
def test_a_search_finds_these_and_no_others(fhir: FlaskClient, query: str, expected: list[str]) -> None:
    assert ids(fhir, f"MedicationRequest?{query}") == expected


@pytest.mark.parametrize(
    ("query", "expected"), [("", ["ann", "bob"]), ("?name=exam", ["ann"]), ("?name=SAMPLE", ["bob"])]
)
def test_patients_are_found_by_name(fhir: FlaskClient, query: str, expected: list[str]) -> None:
    assert ids(fhir, f"Patient{query}") == expected


def test_a_search_may_be_posted(fhir: FlaskClient) -> None:
    bundle = fhir.post("/fhir/MedicationRequest/_search", data={"patient": "bob"}).get_json()
    assert [entry["resource"]["id"] for entry in bundle["entry"]] == ["b1"]


def test_a_searchset_has_its_total_and_where_each_resource_is_read(fhir: FlaskClient) -> None:
    bundle = fhir.get("/fhir/MedicationRequest?patient=bob").get_json()
    get_fhir_model_class("Bundle").model_validate(bundle)
    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    assert bundle["entry"][0]["fullUrl"] == "http://localhost/fhir/MedicationRequest/b1"


def test_an_empty_searchset_is_valid_fhir_too(fhir: FlaskClient) -> None:
    bundle = fhir.get("/fhir/Condition?patient=ann").get_json()
    get_fhir_model_class("Bundle").model_validate(bundle)
    assert bundle["total"] == 0
    assert "entry" not in bundle


def test_following_the_pages_gives_every_resource_once(fhir: FlaskClient) -> None:
    address, found = "/fhir/MedicationRequest?patient=ann&_count=2", []
    while address:
        bundle = fhir.get(address).get_json()
        assert bundle["total"] == 3
        assert len(bundle["entry"]) <= 2
        found += [entry["resource"]["id"] for entry in bundle["entry"]]
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert found == ["a1", "a2", "a3"]


def test_an_unsupported_parameter_is_refused_and_not_ignored(fhir: FlaskClient) -> None:
    assert "authoredon" in outcome(fhir.get("/fhir/MedicationRequest?patient=ann&authoredon=gt2020"), 400)


@pytest.mark.parametrize("query", ["_count=many", "_count=-1", "_offset=x"])
def test_a_page_size_must_be_a_number(fhir: FlaskClient, query: str) -> None:
    outcome(fhir.get(f"/fhir/Patient?{query}"), 400)


def test_a_type_that_is_not_served_is_refused(fhir: FlaskClient) -> None:
    outcome(fhir.get("/fhir/Starship?patient=ann"), 404)


# Create


def test_a_created_resource_gets_a_new_id_and_can_be_found(fhir: FlaskClient) -> None:
    response = fhir.post("/fhir/MedicationRequest", json=order("mine"))
    kept = response.get_json()
    assert response.status_code == 201
    assert kept["id"] not in ("mine", "")
    assert kept["meta"]["versionId"] == "1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", kept["meta"]["lastUpdated"])
    assert response.headers["Location"] == f"http://localhost/fhir/MedicationRequest/{kept['id']}/_history/1"
    assert fhir.get(f"/fhir/MedicationRequest/{kept['id']}").get_json() == kept
    assert ids(fhir, "MedicationRequest?patient=ann") == ["a1", "a2", "a3", kept["id"]]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("MedicationRequest", b"{", 400),
        ("MedicationRequest", b"[]", 400),
        ("MedicationRequest", b'{"resourceType": "Patient"}', 400),
        ("MedicationRequest", b'{"resourceType": "MedicationRequest", "status": "active"}', 422),
        ("MedicationRequest", DEEP, 422),
        ("Starship", b'{"resourceType": "Starship"}', 404),
    ],
)
def test_an_invalid_resource_is_refused_and_not_stored(fhir: FlaskClient, kind: str, body: bytes, status: int) -> None:
    before = fhir.get("/fhir/MedicationRequest").get_json()["total"]
    outcome(fhir.post(f"/fhir/{kind}", data=body, content_type="application/fhir+json"), status)
    assert fhir.get("/fhir/MedicationRequest").get_json()["total"] == before


def test_an_unsupported_interaction_is_refused(fhir: FlaskClient) -> None:
    outcome(fhir.patch("/fhir/MedicationRequest/a1", json=order("a1", status="stopped")), 405)
    outcome(fhir.delete("/fhir/MedicationRequest?_id=a1"), 405)
    outcome(fhir.get("/fhir/Patient/ann/$everything/x"), 405)
    assert fhir.get("/fhir/MedicationRequest/a1").get_json()["status"] == "active"


# The stories in it


def test_the_sandbox_is_filled_with_the_stories(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    assert len(reply) >= 40
    assert set(ids(page, "Patient")) == {chart.patient for chart in reply}


def test_no_chart_shares_a_resource_with_another_one(reply: tuple[Chart, ...]) -> None:
    owners: dict[str, set[str]] = {}
    for chart in reply:
        for resource in chart.resources:
            if resource["resourceType"] != "Practitioner":
                owners.setdefault(f"{resource['resourceType']}/{resource['id']}", set()).add(chart.slug)
    assert {name: slugs for name, slugs in owners.items() if len(slugs) > 1} == {}


def test_every_prefetch_template_of_every_service_is_answered(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    services = page.get("/cds-services").get_json()["services"]
    templates = {template for service in services for template in service["prefetch"].values()}
    assert templates
    for template in templates:
        address = template.replace("{{context.patientId}}", reply[0].patient)
        assert page.get(f"/fhir/{address}").status_code == 200, template


def test_a_chart_holds_every_medication_of_its_story(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    (chart,) = [each for each in reply if each.slug == "twelve-medications-ten-irrelevant"]
    assert len(ids(page, f"MedicationRequest?patient={chart.patient}")) == 12


def test_the_orders_of_every_story_can_be_signed_in_the_sandbox(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    drafts = [(chart.slug, draft) for chart in reply for draft in chart.drafts]
    assert len(drafts) >= 20
    for slug, draft in drafts:
        assert page.post("/fhir/MedicationRequest", json=draft).status_code == 201, slug


def test_a_drug_in_a_sibling_entry_is_moved_into_its_order(reply: tuple[Chart, ...]) -> None:
    (chart,) = [each for each in reply if each.slug == "abrupt-change-clonazepam-halved"]
    (draft,) = chart.drafts
    assert "medicationReference" not in draft
    assert "clonazepam" in str(draft["medicationCodeableConcept"]).lower()


def test_a_story_with_another_date_has_no_chart() -> None:
    assert charts(date(2020, 1, 1)) == ()


# What the page asks for beyond FHIR


def drugs(page: FlaskClient, query: str) -> list[str]:
    return [drug["name"] for drug in page.get("/demo/products", query_string={"q": query}).get_json()["drugs"]]


@pytest.mark.parametrize(
    ("query", "first"),
    [("lor", "lorazepam"), ("Ativan", "lorazepam"), ("xanax xr", "alprazolam"), ("DIAZEPAM 5", "diazepam")],
)
def test_a_drug_is_found_by_the_beginning_of_its_generic_or_brand_name(
    page: FlaskClient, query: str, first: str
) -> None:
    assert drugs(page, query)[0] == first


@pytest.mark.parametrize("query", ["amoxicillin", "razepam", "tiotropium"])
def test_a_drug_outside_the_knowledge_base_is_not_offered(page: FlaskClient, query: str) -> None:
    assert drugs(page, query) == []


@pytest.mark.parametrize(
    ("code", "name", "unit"),
    [
        ("197901", "lorazepam 1 MG Oral Tablet", "tablet"),
        ("311376", "lorazepam 2 MG/ML Oral Solution", "mL"),
    ],
)
def test_a_product_is_offered_with_its_code_and_dose_unit(page: FlaskClient, code: str, name: str, unit: str) -> None:
    found = page.get("/demo/products?q=lorazepam").get_json()["drugs"][0]["products"]
    (product,) = [each for each in found if each["code"] == code]
    assert (product["name"], product["unit"], product["brand"]) == (name, unit, False)


def judged(page: FlaskClient, patient: str | None, **more: Any) -> Any:
    return page.post("/demo/assessment", json={"patient": patient, **more})


def test_the_load_shown_is_the_assessment_of_the_sandboxs_record(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    # Alprazolam 0.25 mg twice a day is 0.5 mg; 0.5 mg is 10 mg of diazepam by Ashton's table.
    (chart,) = [each for each in reply if each.slug == "opioid-hydrocodone-on-alprazolam"]
    load = judged(page, chart.patient).get_json()["assessment"]["load"]
    assert (load["current"]["used"], load["current"]["complete"], load["current"]["band"]) == (10.0, True, "low")
    assert load["with_order"] is None


def test_the_load_with_the_orders_to_sign_stands_beside_it(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    # Lorazepam 4 mg a day is 40 mg of diazepam by Ashton's table (1 mg is 10).
    (chart,) = [each for each in reply if each.slug == "total-load-lorazepam-four-milligrams"]
    load = judged(page, chart.patient, drafts=chart.drafts).get_json()["assessment"]["load"]
    assert (load["current"]["used"], load["with_order"]["used"]) == (0.0, 40.0)


def test_the_bands_the_load_is_drawn_against_are_the_policys(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    bands = judged(page, reply[0].patient).get_json()["bands"]
    assert bands == {"low_up_to": 10.0, "moderate_up_to": 15.0}


def test_sources_and_tables_have_the_names_that_cards_give_them(reply: tuple[Chart, ...], page: FlaskClient) -> None:
    names = judged(page, reply[0].patient).get_json()["names"]
    assert names["sources"]["asam-2025-ashton"] == "Ashton 2002"
    assert names["tables"]["va-dod-2021"].startswith("VA/DoD 2021")


def test_an_unknown_patient_has_no_assessment(page: FlaskClient) -> None:
    assert judged(page, "nobody").status_code == 404
    assert judged(page, None).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"patient": "x", "drafts": 5}'])
def test_a_question_that_is_none_is_refused(page: FlaskClient, body: bytes) -> None:
    assert page.post("/demo/assessment", data=body).status_code == 400


def test_every_story_stands_in_a_group_and_five_are_to_be_seen_first(
    reply: tuple[Chart, ...], page: FlaskClient
) -> None:
    told = page.get("/demo/stories").get_json()
    groups = {group["id"] for group in told["groups"]} | {"none"}
    assert {story["shows"] for story in told["stories"]} <= groups
    assert len(told["start"]) == 5
    assert set(told["start"]) <= {chart.slug for chart in reply}


# The page


def test_the_page_may_load_and_run_only_our_own_files(page: FlaskClient) -> None:
    for address in ("/", "/demo/static/main.js", "/demo/static/page.css"):
        response = page.get(address)
        assert response.status_code == 200
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")


def static_files() -> Iterator[tuple[str, str]]:
    for folder in ("static", "templates"):
        for file in files("cds_service.sandbox").joinpath(folder).iterdir():
            yield file.name, file.read_text(encoding="utf-8")


def test_no_file_of_the_page_names_an_outside_address() -> None:
    # Code systems and namespaces are names that nothing fetches.
    names = ("http://www.nlm.nih.gov/research/umls/rxnorm", "http://unitsofmeasure.org", "http://www.w3.org/2000/svg")
    found = {
        (name, address)
        for name, text in static_files()
        for address in re.findall(r"""https?://[^\s"'`)>]+""", text)
        if address not in names
    }
    assert found == set()


def test_no_file_of_the_page_has_inline_script_or_builds_markup_from_text() -> None:
    for name, text in static_files():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name
        if name.endswith(".html"):
            assert not re.search(r"\son\w+\s*=|<style|style=|<script(?![^>]*\ssrc=)", text), name


def test_the_page_says_what_it_is_and_on_which_day(page: FlaskClient) -> None:
    text = page.get("/").get_data(as_text=True)
    assert "invented patients, not for care" in text
    assert "22 November 2026" in text


# The service beside it


def test_the_service_of_the_demonstration_judges_on_the_demonstrations_day(
    reply: tuple[Chart, ...], page: FlaskClient
) -> None:
    (chart,) = [each for each in reply if each.slug == "opioid-hydrocodone-on-alprazolam"]
    (service,) = [each for each in page.get("/cds-services").get_json()["services"] if each["hook"] == "order-sign"]
    prefetch = {
        key: page.get("/fhir/" + template.replace("{{context.patientId}}", chart.patient)).get_json()
        for key, template in service["prefetch"].items()
    }
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft} for draft in chart.drafts]}
    response = page.post(
        f"/cds-services/{service['id']}",
        json={
            "hook": "order-sign",
            "hookInstance": "6b1f3b5c-4a52-4f0e-9d2a-0c6c1f1d2e3f",
            "context": {"userId": "Practitioner/x", "patientId": chart.patient, "draftOrders": drafts},
            "prefetch": prefetch,
        },
    )
    assert response.status_code == 200
    cards = response.get_json()["cards"]
    assert [card["indicator"] for card in cards] == ["warning"]
    assert cards[0]["extension"]["org.benzo-cds.assessment"]["on"] == "2026-11-22"


# Starting and stopping


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "ehr.example.org", "::"])
def test_it_is_served_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        demo.run(host, 0)


def test_a_taken_port_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"{port} is in use.*--port 0 takes a free one"):
            demo.run(port=port)


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_when_ready_and_stops_cleanly(signal_: signal.Signals) -> None:
    command = [sys.executable, "-c", "from cds_service.sandbox.demonstration import run; run(port=0)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal_)
        said, complained = process.communicate(timeout=20)
    assert re.match(r"Open http://127\.0\.0\.1:\d+/ ", line), complained
    assert "Stopped" in said
    assert (process.returncode, complained) == (0, "")


def test_faults_can_be_set_in_the_demonstrations_sandbox(reply: tuple[Chart, ...]) -> None:
    """As an operator would try it: with a token, short pages and a fault, from the command line."""
    (chart,) = [each for each in reply if each.slug == "opioid-hydrocodone-on-alprazolam"]
    options = ["--demand-token", "--page-size", "2", "--fault", "failed-page", "--fault", "slow"]
    command = [sys.executable, "-m", "cds_service", "demo", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        opened, demanded, faults = (process.stdout.readline() for _ in range(3))
        try:
            base = opened.split()[1]
            where = requests.get(f"{base}fhir/.well-known/smart-configuration", timeout=10).json()
            assert f"{base}fhir/.well-known/smart-configuration" in demanded
            assert "failed-page, slow" in faults
            requests.put(f"{base}fhir/faults", json={"faults": []}, timeout=10)
            client = requests.post(where["registration_endpoint"], json={}, timeout=10).json()
            token = requests.post(
                where["token_endpoint"],
                data={"grant_type": "client_credentials", "scope": "system/*.rs"},
                auth=(client["client_id"], client["client_secret"]),
                timeout=10,
            ).json()
            assert requests.get(f"{base}fhir/Patient", timeout=10).status_code == 401
            drafts = [{"resource": draft} for draft in chart.drafts]
            body = {
                "hook": "order-sign",
                "hookInstance": "1",
                "fhirServer": base.replace("127.0.0.1", "localhost") + "fhir",
                "fhirAuthorization": token,
                "context": {"userId": "Practitioner/x", "patientId": chart.patient, "draftOrders": {"entry": drafts}},
            }
            (card,) = requests.post(f"{base}cds-services/benzo-order-sign", json=body, timeout=20).json()["cards"]
            assert card["indicator"] == "warning"
            assert "FHIR server" not in card["detail"]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


@pytest.mark.parametrize("options", [["--fault", "tired"], ["--page-size", "0"]])
def test_an_invalid_option_is_explained(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", *options]) == 2
    assert re.search(r"throttled, slow|one resource", capsys.readouterr().err)


def test_a_second_signal_is_ignored() -> None:
    program = (
        "import sys; from cds_service.__main__ import launch; sys.argv = ['benzo-cds', 'demo', '--port', '0']; launch()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=20)
    assert said.count("Stopped") == 1
    # The last of the signals may meet a program that is as good as gone.
    assert process.returncode in (0, -signal.SIGINT)
    assert complained == ""


STOPPED_WHILE_READING = """
import os, signal, sys
from cds_service.__main__ import launch

# A test run in the background may hand down a SIGINT that is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def find_spec(self, name, *_):
        if name == "cds_service.config":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["benzo-cds", "demo"]
launch()
"""


def test_a_ctrl_c_while_the_program_is_still_being_read_leaves_no_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", STOPPED_WHILE_READING], capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")
