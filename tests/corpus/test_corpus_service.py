"""Does every real record and request at hand go through the service and the command, and is every depressant accounted
for? The table of requests is printed with ``pytest -s``; BENZO_CDS_CORPUS_TABLE may name a file to write it to."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from cds_service.__main__ import main
from cds_service.app import create_app
from cds_service.commands.input_file import read_file
from cds_service.config import Settings
from cds_service.fhir.bundle import drafts_of
from cds_service.fhir.datatypes import codings_of
from cds_service.fhir.reader import read_patient
from cds_service.fhir.regimen import KINDS
from cds_service.hooks.drafts import is_about_depressant
from cds_service.services import SERVICES
from cds_service.working.assessment_json import assessment_schema
from rules import load_knowledge
from rules.model import CodeSystem
from rules.reading.product.product import Product
from rules.reading.product.resolve import read_name

SHARED = Path(os.environ.get("BENZO_CDS_SHARED", Path(__file__).parents[3] / "shared"))
FIXED = date(2026, 11, 22)
KNOWLEDGE = load_knowledge()
SERVICE_OF_HOOK = {service.hook: service.id for service in SERVICES.values()}
NOT_R4 = ("dstu2", "stu3", "legacy")


def corpus(folder: str) -> list[Path]:
    found = sorted(SHARED.glob(f"corpus/{folder}/*.json"))
    if not found:
        pytest.skip(f"the corpus is not at hand ({folder})")
    return found


@cache
def http(on: date) -> FlaskClient:
    return create_app(Settings(), clock=lambda: on).test_client()


@cache
def validator(name: str) -> Draft202012Validator:
    if name == "assessment":
        return Draft202012Validator(assessment_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    text = files("cds_service.web").joinpath(f"schemas/cds-hooks-{name}.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text), format_checker=Draft202012Validator.FORMAT_CHECKER)


def answered(service: str, body: Any, on: date) -> Any:
    """The answer, which is cards in the form of the standard or a refusal that says why."""
    response = http(on).post(f"/cds-services/{service}", json=body)
    assert response.status_code in (200, 400, 412), (service, response.status_code)
    told = response.json
    if response.status_code == 200:
        assert [f"{e.json_path}: {e.message}" for e in validator("response").iter_errors(told)] == []
    else:
        (issue,) = told["issue"]
        assert issue["details"]["text"]
    return response


def reason(response: Any, body: Any) -> str:
    if response.status_code != 200:
        return str(response.json["issue"][0]["details"]["text"])
    found = response.json["cards"]
    if found:
        return "; ".join(f"{card['indicator']}: {card['summary']}" for card in found)
    drafts = drafts_of(body["context"])
    if not drafts.entries:
        return "no card: no order is being written" if drafts.complete else "no card: nothing found"
    patient = read_patient([], patient_id=body["context"]["patientId"], drafts=drafts.entries, zone=UTC)
    if any(regimen.another_patient for regimen in patient.regimens):
        return "no card: the order being written is another patient's"
    if not any(is_about_depressant(regimen, KNOWLEDGE) for regimen in patient.regimens):
        return f"no card: none of the {len(drafts.entries)} resources among the drafts is a depressant"
    return "no card: nothing found"


def printed(*arguments: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["assess", *arguments]) == 0
    return out.getvalue()


def assessed(file: Path, on: date) -> Any:
    """What the command prints as JSON, in the documented form; the page of working is printed as well."""
    assert len(printed(str(file), "--on", on.isoformat()).splitlines()) > 3
    told = json.loads(printed(str(file), "--on", on.isoformat(), "--json"))
    assert [f"{e.json_path}: {e.message}" for e in validator("assessment").iter_errors(told)] == [], file.name
    return told


def newest(file: Path) -> date:
    """The day of the newest medication record of a file."""
    days = []
    for entry in read_file(file.read_bytes()).record:
        resource = entry.resource
        if isinstance(resource, dict) and resource.get("resourceType") in KINDS:
            for name in ("authoredOn", "dateWritten", "whenHandedOver", "dateAsserted", "effectiveDateTime"):
                value = resource.get(name)
                if isinstance(value, str) and len(value) >= 10:
                    days.append(datetime.fromisoformat(value[:10]).date())
    return max((day for day in days if day <= FIXED), default=FIXED)


def depressants(file: Path) -> dict[str, set[str]]:
    """The depressants that the codes and names of each medication record tell by themselves, without the reader."""
    resources = [e.resource for e in read_file(file.read_bytes()).record if isinstance(e.resource, dict)]
    by_name = {f"{one.get('resourceType')}/{one.get('id')}": one for one in resources}
    found: dict[str, set[str]] = {}
    for resource in resources:
        if resource.get("resourceType") not in KINDS or "id" not in resource:
            continue
        concept = resource.get("medicationCodeableConcept")
        reference = resource.get("medicationReference")
        if concept is None and isinstance(reference, dict):
            target = by_name.get("/".join(str(reference.get("reference")).split("/")[-2:]), {})
            concept = target.get("code") or {"text": reference.get("display") or ""}
        agents = set()
        for coding in codings_of(concept or {}):
            entry = KNOWLEDGE.products.get(coding.code or "") if coding.system is CodeSystem.RXNORM else None
            agents |= {part.agent for part in entry.ingredients} if entry is not None else set()
            product = read_name(coding.display or "", KNOWLEDGE)
            agents |= {part.agent for part in product.ingredients} if isinstance(product, Product) else set()
        active = {agent for agent in agents if KNOWLEDGE.agents[agent].agent_class.depressant}
        if active:
            found[f"{resource['resourceType']}/{resource['id']}"] = active
    return found


def is_skin_product(source: str, file: Path) -> bool:
    """Whether a record is of a cream or gel for the skin, which exposes nobody."""
    text = next(
        json.dumps(e.resource).lower()
        for e in read_file(file.read_bytes()).record
        if isinstance(e.resource, dict) and f"{e.resource.get('resourceType')}/{e.resource.get('id')}" == source
    )
    return "topical" in text


def test_every_request_is_answered_or_refused_with_its_reason() -> None:
    rows = ["| request | service | status | reason |", "|---|---|---|---|"]
    statuses: Counter[int] = Counter()
    for file in corpus("requests"):
        body = orjson.loads(file.read_bytes())
        service = SERVICE_OF_HOOK.get(body.get("hook"))
        told = answered(service or "benzo-order-sign", body, FIXED)
        if service is None:
            assert {answered(identity, body, FIXED).status_code for identity in SERVICES} == {400}
        named = service or f"none answers {body.get('hook')}"
        rows.append(f"| {file.name} | {named} | {told.status_code} | {reason(told, body)} |")
        statuses[told.status_code] += 1
        assessed(file, FIXED)
    print("\n".join(rows), dict(statuses), sep="\n")
    if "BENZO_CDS_CORPUS_TABLE" in os.environ:
        Path(os.environ["BENZO_CDS_CORPUS_TABLE"]).write_text("\n".join(rows) + "\n", "utf-8")
    assert statuses[200]


def test_every_patient_is_answered_on_opening_the_chart() -> None:
    """The whole record under the key that is required, as a client does that ignores the other keys."""
    answers: Counter[str] = Counter()
    for file in corpus("patients"):
        record = orjson.loads(file.read_bytes())
        person = read_file(file.read_bytes()).record
        patient = next(
            (
                e.resource["id"]
                for e in person
                if isinstance(e.resource, dict) and e.resource["resourceType"] == "Patient"
            ),
            "unknown",
        )
        for on in (FIXED, newest(file)):
            for hook in ("patient-view", "encounter-start", "encounter-discharge"):
                body = {
                    "hook": hook,
                    "hookInstance": "corpus",
                    "context": {"patientId": patient, "userId": "Practitioner/1", "encounterId": "1"},
                    "prefetch": {"medicationRequests": record, "conditions": None, "patient": None},
                }
                response = answered(SERVICE_OF_HOOK[hook], body, on)
                assert response.status_code == 200, file.name
                answers[f"{hook}: {len(response.json['cards'])} cards"] += 1
    print(dict(answers))
    assert answers["patient-view: 1 cards"]


def test_every_depressant_of_every_patient_is_accounted_for() -> None:
    counted: Counter[str] = Counter()
    for file in corpus("patients"):
        wanted = depressants(file)
        for on in (FIXED, newest(file)):
            told = assessed(file, on)
            lines = [*told["contributions"], *told["not_in_load"], *told["not_counted"]]
            accounted = {(line["source"], line["agent"]) for line in lines}
            for source, agents in wanted.items():
                if any(name in file.name for name in NOT_R4) or is_skin_product(source, file):
                    continue
                counted["depressant records"] += 1
                for agent in agents:
                    # An unreadable or unknown record is listed without an agent.
                    assert (source, agent) in accounted or (source, None) in accounted, (file.name, source, agent)
    print(dict(counted))
    assert counted["depressant records"]
