"""Does a record that is fetched, page by page, from a FHIR server that is not ours come to the same as a sent one?

Every story is judged twice: with all of its record in the prefetch, and with nothing but the hook's context while HAPI
FHIR holds the record. Status, cards and the whole assessment must be equal, also where no card is shown. So it is with
every quirk that is JSON, but for those that no R4 server can hold as they are sent, each of which says why.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import pytest
from ehr import DAY, lorazepam, order
from independent_server import IndependentServer, Resource, TooSlowError, UnavailableError, independent_server

from cds_service.__main__ import main
from cds_service.app import create_app, parts_of
from cds_service.config import Settings
from cds_service.fhir.bundle import read_value
from cds_service.hooks.evaluation import Evaluation
from cds_service.records.call_store import NoCallStore
from cds_service.sandbox.charts import all_resources, charts
from cds_service.sandbox.record_bundle import record_bundle
from fhir_fixtures import quirks, stories
from rules.assessment import Assessment

KEYS = {
    "MedicationRequest": "medicationRequests",
    "MedicationStatement": "medicationStatements",
    "MedicationDispense": "medicationDispenses",
    "Condition": "conditions",
}
LONGEST_ID = 64
_OTHER_VERSION = "of another version of FHIR: what R4 does not have is dropped"
_COMPLETED = "what was sent is incomplete, and the server has the rest"
REFUSED = {
    "quirk/11-dstu2-order": "a MedicationOrder is no resource of R4",
    "quirk/11-dstu2-order-ended": "a MedicationOrder is no resource of R4",
    "quirk/11-dstu2-timing-code": "a MedicationOrder is no resource of R4",
    "quirk/11-long-and-odd-ids": "an id with an underscore is none of FHIR's",
    "quirk/11-r5-statement": "the status recorded is none of R4's, and a MedicationUsage no resource of it",
    "quirk/11-type-missing-or-unknown": "no resource without a type that is known",
    "quirk/11-version-suffix": "a medication by urn:uuid that is in no Bundle beside it",
    "quirk/23-references-of-every-style": "a conditional reference is looked up when it is written, and finds nothing",
    "quirk/23-requesters-and-conditional-references": "a conditional reference finds nothing, as above",
}
"""The cases with a resource that the server does not take, each with why."""
DIFFERENT = {
    "request/incomplete-picture-unknown-tablet": _COMPLETED,
    "quirk/11-next-page": _COMPLETED,
    "quirk/11-search-in-error": _COMPLETED,
    "quirk/11-total-larger-than-entries": _COMPLETED,
    "quirk/11-administrations-of-every-version": "administrations are read where they are sent, and are not asked for",
    "quirk/11-another-patients-record": "what is sent by mistake is not found by a search for this patient",
    "quirk/11-duplicate-entries": "a server holds one resource of an id",
    "quirk/11-dstu2-and-stu3-conditions": _OTHER_VERSION,
    "quirk/11-dstu2-statement": _OTHER_VERSION,
    "quirk/11-r5-dose-period-over": _OTHER_VERSION,
    "quirk/11-r5-medication-by-reference": _OTHER_VERSION,
    "quirk/11-r5-order": _OTHER_VERSION,
    "quirk/11-r5-order-stopped": _OTHER_VERSION,
    "quirk/11-stu3-dose-on-the-line": _OTHER_VERSION,
    "quirk/11-stu3-never-given": _OTHER_VERSION,
    "quirk/11-stu3-statement": _OTHER_VERSION,
}
"""The cases that come to something else when fetched, each with why that is right."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndependentServer]:
    try:
        with independent_server(tmp_path_factory.mktemp("independent")) as running:
            yield running
    except TooSlowError as slow:
        pytest.skip(str(slow))
    except UnavailableError as missing:
        # CI has installed what it needs: there nothing excuses it.
        if "CI" in os.environ:
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@dataclass(frozen=True, slots=True)
class KeptEvaluations(NoCallStore):
    """A store that keeps the assessments that are behind answers, cards or none."""

    kept: list[Evaluation] = field(default_factory=list)

    def record_call(self, evaluation: Evaluation, *_: Any) -> None:
        self.kept.append(evaluation)


@dataclass(frozen=True)
class Judged:
    """What one request came to; ``origins`` is where each part of the record came from."""

    status: int
    body: Any
    assessment: Assessment | None = None
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)


def judged(request: dict[str, Any], on: date, **settings: Any) -> Judged:
    """What comes of a request, on a machine that may be busy with other tests."""
    chosen = Settings(fhir_deadline_seconds=30, fhir_connect_seconds=10, call_seconds=60, **settings)
    store = KeptEvaluations()
    client = create_app(chosen, clock=lambda: on, parts=replace(parts_of(chosen), call_store=store)).test_client()
    answer = client.post(f"/cds-services/benzo-{request['hook']}", json=request)
    found = [(evaluation.assessment, evaluation.origins) for evaluation in store.kept]
    assert len(found) == (answer.status_code == 200)
    return Judged(answer.status_code, answer.get_json(), *(found[0] if found else ()))


# The shapes in which a patient is judged


@dataclass(frozen=True)
class Case:
    """One hook request, with the whole record in its prefetch."""

    name: str
    on: date
    request: dict[str, Any]
    page_size: int = 1


def cases() -> Iterator[Case]:
    for story in stories():
        plain = recorded(story.request or {}, [entry["resource"] for entry in story.patient["entry"]])
        yield Case(f"record/{story.slug}", story.on, plain)
        yield Case(f"references/{story.slug}", story.on, referring(plain), page_size=2)
        if story.request is not None:
            yield Case(f"request/{story.slug}", story.on, dict(story.request), page_size=200)
    for quirk in quirks():
        with suppress(JSONDecodeError):  # those that are no JSON are no resources either
            sent = json.loads(quirk.sent)
            request = sent if quirk.is_request else recorded({}, resources_of(sent))
            yield Case(f"quirk/{quirk.slug}", quirk.on, request)


def recorded(request: Mapping[str, Any], resources: list[Resource]) -> dict[str, Any]:
    """A request (without one of its own, the chart is opened) with these resources as its prefetch."""
    patient = next(each for each in resources if each.get("resourceType") == "Patient")
    by_key: dict[str, list[Resource]] = {key: [] for key in KEYS.values()}
    for each in resources:
        if each is not patient and each.get("resourceType") != "Practitioner":
            by_key[KEYS.get(each.get("resourceType", ""), KEYS["MedicationRequest"])].append(each)
    opened = {"hook": "patient-view", "hookInstance": "1", "context": {"patientId": patient["id"], "userId": "x/y"}}
    return {**opened, **request, "prefetch": {"patient": patient} | {key: searched(by_key[key]) for key in by_key}}


def searched(resources: list[Resource]) -> dict[str, Any]:
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


def referring(request: dict[str, Any]) -> dict[str, Any]:
    """The same with each medication, also of the drafts, in a resource of its own, as many EHRs have them."""
    changed = copy.deepcopy(request)
    for bundle in (*(changed["prefetch"][key] for key in KEYS.values()), *drafts_in(changed).values()):
        for resource in [entry["resource"] for entry in bundle["entry"]]:
            if (code := resource.pop("medicationCodeableConcept", None)) is not None:
                medication = {"resourceType": "Medication", "id": f"of-{resource['id']}", "code": code}
                resource["medicationReference"] = {"reference": f"Medication/{medication['id']}"}
                bundle["entry"].append({"resource": medication, "search": {"mode": "include"}})
    return changed


def drafts_in(request: dict[str, Any]) -> dict[str, Any]:
    """The Bundles of drafts in the context of a request, by their names."""
    return {name: request["context"][name] for name in ("draftOrders", "medications") if name in request["context"]}


def resources_of(value: object) -> list[Any]:
    return list(read_value(value).resources)


def medications_of(drafts: object) -> list[Any]:
    return [each for each in resources_of(drafts) if each["resourceType"] == "Medication"]


# The same record in both places


def addressed(request: dict[str, Any], base: str) -> dict[str, Any]:
    """The request of an EHR whose FHIR server this one is, with ids that a FHIR server can give."""
    text = json.dumps(request)
    if own := request.get("fhirServer"):
        text = text.replace(own, base)
    for identity in set(re.findall(rf'"id": "([^"]{{{LONGEST_ID + 1},}})"', text)):
        text = text.replace(identity, identity[-LONGEST_ID:])
    return dict(json.loads(text)) | {"fhirServer": base}


def held(request: dict[str, Any], base: str) -> list[Resource]:
    """What the server is to hold: the record, and the medications of the drafts.

    Relative references, since a server that is given its own address in one takes it for somewhere else's; and whole
    numbers written as such, which some EHRs do not (``"frequency": 2.0``), and which this server refuses otherwise.
    """
    found = [each for value in request["prefetch"].values() for each in resources_of(value)]
    found += [each for drafts in drafts_in(request).values() for each in medications_of(drafts)]
    return list(json.loads(json.dumps(found).replace(f"{base}/", ""), parse_float=_number))


def _number(text: str) -> float:
    return int(float(text)) if float(text).is_integer() else float(text)


def prefetched(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "fhirServer"}


def withheld(request: dict[str, Any]) -> dict[str, Any]:
    """The request without its record, and without the medications of its drafts."""
    bare = copy.deepcopy({name: value for name, value in request.items() if name != "prefetch"})
    for drafts in drafts_in(bare).values():
        if isinstance(drafts, dict) and medications_of(drafts):
            drafts["entry"] = [each for each in drafts["entry"] if each["resource"]["resourceType"] != "Medication"]
    return bare


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_a_record_that_is_fetched_comes_to_the_same_as_one_that_is_sent(case: Case, server: IndependentServer) -> None:
    request = addressed(case.request, server.base)
    sent = judged(prefetched(request), case.on)
    with server.holding(held(request, server.base)) as refused:
        fetched = judged(withheld(request), case.on, fhir_servers=[server.base], fhir_page_size=case.page_size)
    assert bool(refused) == (case.name in REFUSED), refused
    if case.name in REFUSED | DIFFERENT:
        assert fetched != sent, "it comes to the same by now: the explanation is to go"
    else:
        assert fetched == sent
        assert fetched.assessment is None or set(fetched.origins.values()) == {"fetched"}


def test_every_explanation_is_of_a_case() -> None:
    assert REFUSED.keys() | DIFFERENT.keys() <= {case.name for case in cases()}


# What this server does that ours of the tests was only told to do


PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1960-01-01"}
MEDICATION = {"resourceType": "Medication", "id": "lor1", "code": lorazepam()["medicationCodeableConcept"]}
ORDERS = [
    order(f"oxy-{number}", "oxycodone hydrochloride 5 MG Oral Tablet", authoredOn=f"2026-11-{number}")
    for number in range(10, 15)
]


def signing(base: str, draft: Resource) -> dict[str, Any]:
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    context = {"patientId": "p1", "userId": "Practitioner/1", "draftOrders": drafts}
    return {"hook": "order-sign", "hookInstance": "1", "fhirServer": base, "context": context}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_its_next_links_are_followed(server: IndependentServer, host: str) -> None:
    base = server.base.replace("127.0.0.1", host)
    with server.holding([PATIENT, *ORDERS]):
        first = server.get("MedicationRequest?patient=p1&_count=2")
        details = {
            pages: judged(
                signing(base, lorazepam()), DAY, fhir_servers=[base], fhir_page_size=2, fhir_max_pages=pages
            ).body["cards"][0]["detail"]
            for pages in (1, 3)
        }
    assert len(first["entry"]) == 2
    (following,) = (link["url"] for link in first["link"] if link["relation"] == "next")
    # It is an address that no query of ours resembles.
    assert following.startswith(f"{server.base}?_getpages=")
    assert "medication orders" in details[1].partition("**Not known")[2]
    assert "medication orders" not in details[3]


@pytest.mark.parametrize(
    "style", ["{name}", "{base}/{name}", "{name}/_history/{version}", "{base}/{name}/_history/{version}"]
)
def test_the_medication_of_a_draft_is_read_by_a_reference_of_every_style(server: IndependentServer, style: str) -> None:
    name = f"Medication/{MEDICATION['id']}"
    draft = {key: value for key, value in lorazepam().items() if key != "medicationCodeableConcept"}
    with server.holding([PATIENT, *ORDERS, MEDICATION]):
        version = server.get(name)["meta"]["versionId"]
        referred = {"reference": style.format(base=server.base, name=name, version=version)}
        request = signing(server.base, draft | {"medicationReference": referred})
        fetched = judged(request, DAY, fhir_servers=[server.base])
        coded = judged(signing(server.base, lorazepam()), DAY, fhir_servers=[server.base])
    assert coded.body["cards"]
    assert fetched == coded


def test_the_records_of_the_demonstration_load_as_one_transaction(server: IndependentServer) -> None:
    (story,) = [each for each in stories() if each.slug == "taper-referral-diazepam-five-years"]
    plain = recorded({}, [entry["resource"] for entry in story.patient["entry"]])
    request = addressed(plain, server.base)
    with server.loaded(record_bundle(all_resources(charts(DAY)))) as response:
        assert {entry["response"]["status"] for entry in response.get("entry", [])} == {"201 Created"}, response
        assert server.get("Patient?_summary=count")["total"] == len(stories())
        fetched = judged(withheld(request), DAY, fhir_servers=[server.base])
    assert fetched == judged(prefetched(request), DAY)


def test_an_unknown_patient_is_not_judged_to_have_no_load(server: IndependentServer) -> None:
    fetched = judged(signing(server.base, lorazepam()), DAY, fhir_servers=[server.base])
    assert fetched.status == 200
    assert "the patient's data" in fetched.body["cards"][0]["detail"].partition("**Not known")[2]


def test_assess_reads_a_patient_live_as_it_reads_a_file(
    server: IndependentServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENZO_CDS_FHIR_PAGE_SIZE", "2")
    referring_to = {key: value for key, value in lorazepam().items() if key != "medicationCodeableConcept"}
    referring_to["medicationReference"] = {"reference": f"Medication/{MEDICATION['id']}"}
    record = [PATIENT, MEDICATION, referring_to, *ORDERS]
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record))
    assert main(["assess", str(file), "--on", DAY.isoformat(), "--json"]) == 0
    of_file = json.loads(capsys.readouterr().out)
    live = ["assess", "--fhir", server.base, "--on", DAY.isoformat(), "--json", "--patient"]
    with server.holding(record) as refused:
        assert not refused
        assert main([*live, "p1"]) == 0
        told = capsys.readouterr()
        assert json.loads(told.out) == of_file
        assert main([*live, "unknown"]) == 2
        assert capsys.readouterr().err == "benzo-cds: --patient: the FHIR server has no such patient\n"
