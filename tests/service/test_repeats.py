"""Is a call that comes again answered from memory, word for word, and nothing else?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from caller import tenants_file, token
from ehr import DAY, bundle, client, lorazepam, metformin, order, prefetch, request, select, sign
from fhir_server import EMPTY, Reply, fhir_server
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks import answer
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.repeats import Content, Repeats
from cds_service.hooks.request import Invocation
from cds_service.hooks.services import service_of
from cds_service.trust import tenants as of_tenants
from cds_service.trust.tenant import OPEN, Tenant
from fhir_fixtures import stories
from rules import load_knowledge

SIGN = "/cds-services/benzo-order-sign"
OXYCODONE = "oxycodone hydrochloride 5 MG Oral Tablet"
ZOLPIDEM = "zolpidem tartrate 5 MG Oral Tablet"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days of the judgements that are made meanwhile."""
    days: list[date] = []

    def counted(patient: Any, knowledge: Any, on: date, **more: Any) -> Any:
        days.append(on)
        return assess(patient, knowledge, on, **more)

    assess = answer.assess
    monkeypatch.setattr(answer, "assess", counted)
    return days


def again(body: dict[str, Any]) -> dict[str, Any]:
    """The same call under another name."""
    return body | {"hookInstance": str(uuid4())}


def posted(http: FlaskClient, body: dict[str, Any] | bytes, service: str = "benzo-order-sign") -> Any:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return http.post(f"/cds-services/{service}", data=sent, content_type="application/json")


# -- what comes again is not judged again


def test_the_same_call_under_another_name_is_judged_once_and_answered_as_if_anew(judged: list[date]) -> None:
    body = sign(lorazepam(), prefetch=prefetch(order("oxy", OXYCODONE, a_day=4)))
    http, second = client(store="none"), again(body)
    first = posted(http, body).json
    repeated = posted(http, second).json
    assert len(judged) == 1
    assert repeated == posted(client(store="none", remember_seconds=0), second).json
    assert len(judged) == 2
    (one,), (other,) = first["cards"], repeated["cards"]
    assert one["uuid"] != other["uuid"]
    assert not {each["uuid"] for each in one["suggestions"]} & {each["uuid"] for each in other["suggestions"]}
    uuids = {"uuid": "", "suggestions": []}
    assert one | uuids == other | uuids


@pytest.mark.parametrize("story", [each for each in stories() if each.request], ids=lambda each: each.slug)
def test_every_story_told_again_has_the_answer_of_a_service_that_remembers_nothing(story: Any) -> None:
    told = dict(story.request)
    http, second = client(store="none"), again(told)
    path = f"benzo-{told['hook']}"
    posted(http, told, path)
    repeated, fresh = posted(http, second, path), posted(client(store="none", remember_seconds=0), second, path)
    assert (repeated.status_code, repeated.data) == (fresh.status_code, fresh.data)


def test_a_new_token_for_the_ehrs_server_makes_no_other_content(judged: list[date]) -> None:
    http = client(store="none")
    for secret in ("one-secret", "another-one"):
        access = {"access_token": secret, "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}
        posted(http, again(sign(lorazepam(), fhirAuthorization=access)))
    assert len(judged) == 1


# -- what differs is judged anew


@pytest.mark.parametrize(
    "other",
    [
        sign(lorazepam(), lorazepam("second")),
        sign(lorazepam(authoredOn="2026-11-21")),
        sign(lorazepam(), prefetch=prefetch(metformin())),
        sign(lorazepam(), prefetch=prefetch(conditions=EMPTY)),
        sign(lorazepam(), context={"patientId": "p2"}),
        sign(lorazepam(), context={"userId": "Practitioner/dr-2"}),
        sign(lorazepam(), fhirServer="https://ehr.example/fhir"),
        sign(lorazepam(), fhirAuthorization={"access_token": "a-token"}),
        select(lorazepam(), selections=["MedicationRequest/lorazepam-1"]),
    ],
    ids=["drafts", "a date", "record", "no data", "patient", "user", "server", "access", "hook"],
)
def test_whatever_differs_is_judged_anew(other: dict[str, Any], judged: list[date]) -> None:
    http = client(store="none")
    posted(http, sign(lorazepam()))
    response = posted(http, again(other), f"benzo-{other['hook']}")
    assert (response.status_code, len(judged)) == (200, 2)


def test_another_day_is_judged_anew(judged: list[date]) -> None:
    days = iter((DAY, DAY + timedelta(days=1)))
    http = create_app(Settings(store="none"), clock=lambda: next(days)).test_client()
    for _ in range(2):
        posted(http, again(sign(lorazepam())))
    assert judged == [DAY, DAY + timedelta(days=1)]


def test_a_file_of_tenants_that_changed_is_judged_by_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kill switch works at once, whatever was remembered."""
    file = tenants_file(tmp_path)
    http = create_app(Settings(tenants=file, development=True, store="none"), clock=lambda: DAY).test_client()

    def called() -> list[Any]:
        headers = {"Authorization": token("/benzo-order-sign")}
        return http.post(SIGN, json=again(sign(lorazepam())), headers=headers).json["cards"]

    assert called()
    assert called()
    monkeypatch.setattr(of_tenants, "TENANTS_LOOKED_AT_SECONDS", 0.0)
    tenants_file(tmp_path, general={"findings": {"high-potency": "off", "total-load": "off"}})
    assert called() == []


def test_one_tenants_answer_is_not_anothers() -> None:
    repeats, knowledge = Repeats(60), load_knowledge()
    one, other = (Tenant(name, knowledge, Settings().zone) for name in ("one", "other"))
    content = content_of(repeats, sign(lorazepam()))
    repeats.remember(content, evaluation(one))
    assert repeats.recall(content, other) is None
    assert repeats.recall(content, one) is not None


def test_a_remembered_call_does_not_let_a_doubled_member_or_a_deep_one_through() -> None:
    http, text = client(store="none"), json.dumps(sign(lorazepam())).encode()
    assert posted(http, text).json["cards"]
    doubled = text.replace(b'"hook":', b'"prefetch": {}, "hook":')
    assert posted(http, doubled).status_code == 400
    named_twice = text.replace(b'"hookInstance":', b'"hookInstance": "another", "hookInstance":')
    assert posted(http, named_twice).status_code == 400
    deep = text.replace(b'"hook":', b'"extension": {"a": ' + b"[" * 70 + b"]" * 70 + b'}, "hook":')
    assert posted(http, deep).status_code == 413


# -- what was fetched is never remembered


def test_what_a_server_was_asked_for_is_asked_again(judged: list[date]) -> None:
    with fhir_server() as server:
        http = client(store="none", fhir_servers=[server.base])
        body = request("order-sign", context={"draftOrders": bundle(lorazepam())}, fhirServer=server.base, prefetch={})
        (before,) = posted(http, body).json["cards"]
        server.answers["MedicationRequest"] = Reply(server.page(order("oxy", OXYCODONE, a_day=4)))
        (after,) = posted(http, again(body)).json["cards"]
    assert "oxycodone" not in before["detail"]
    assert "oxycodone" in after["detail"]
    assert len(judged) == 2


def test_a_medication_that_could_not_be_fetched_is_asked_for_again() -> None:
    with fhir_server() as server:
        http = client(store="none", fhir_servers=[server.base])
        draft = order("draft-1", "") | {"medicationReference": {"reference": "Medication/m1"}}
        del draft["medicationCodeableConcept"]
        body = sign(draft, fhirServer=server.base)
        server.answers["Medication/m1"] = Reply(status=503)
        assert posted(http, body).json["cards"] == []
        medication = {"resourceType": "Medication", "id": "m1", "code": {"text": "lorazepam 1 MG Oral Tablet"}}
        server.answers["Medication/m1"] = Reply(medication)
        assert posted(http, again(body)).json["cards"]


# -- for how long, and how much


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def content_of(repeats: Repeats, body: dict[str, Any], written: bytes | None = None) -> Content:
    text = json.dumps(body).encode() if written is None else written
    content = repeats.content_of(text, json.loads(text), service_of("benzo-order-sign"), DAY)
    assert content is not None
    return content


def evaluation(tenant: Tenant) -> Evaluation:
    call = Invocation("benzo-order-sign", "order-sign", "1", "Patient/p1", None, None, (), frozenset())
    return Evaluation(tenant, service_of("benzo-order-sign"), call)


@pytest.fixture(scope="module")
def everybody() -> Tenant:
    return Tenant(OPEN, load_knowledge(), Settings().zone)


def test_it_is_forgotten_after_its_time_whoever_calls_next(everybody: Tenant) -> None:
    clock = Clock()
    repeats = Repeats(60, clock=clock)
    one, other = content_of(repeats, sign(lorazepam())), content_of(repeats, sign(metformin()))
    repeats.remember(one, evaluation(everybody))
    clock.now += 59
    assert repeats.recall(one, everybody) is not None
    clock.now += 1
    assert repeats.recall(other, everybody) is None
    assert not repeats._kept


def test_no_more_is_remembered_than_so_many_bytes_the_oldest_forgotten_first(everybody: Tenant) -> None:
    repeats = Repeats(60)
    contents = [content_of(repeats, sign(lorazepam(f"l-{number}"))) for number in range(9)]
    repeats.most = 4 * contents[0].size
    for content in contents:
        repeats.remember(content, evaluation(everybody))
    known = [repeats.recall(content, everybody) is not None for content in contents]
    assert known == [False] * 5 + [True] * 4


def test_a_body_larger_than_all_that_is_remembered_is_not_remembered() -> None:
    text = json.dumps(sign(lorazepam())).encode()
    assert (
        Repeats(60, most=len(text) - 1).content_of(text, json.loads(text), service_of("benzo-order-sign"), DAY) is None
    )


def test_nothing_is_remembered_where_that_is_set_so(judged: list[date]) -> None:
    http = client(store="none", remember_seconds=0)
    for _ in range(2):
        posted(http, again(sign(lorazepam())))
    assert len(judged) == 2


# -- what a content is


@dataclass
class Written:
    """A body whose name and token stand in it in all the ways that a writer of JSON has."""

    body: dict[str, Any] = field(default_factory=lambda: sign(lorazepam()))

    def bytes(self, name: str, token: str | None, **more: Any) -> bytes:
        access = {} if token is None else {"fhirAuthorization": {"access_token": token}}
        return json.dumps(self.body | {"hookInstance": name} | access, **more).encode()


names = st.text(max_size=12)


@examples(max_examples=300)
@given(one=names, other=names, tokens=st.tuples(st.none() | names, st.none() | names), ascii_only=st.booleans())
def test_two_bodies_have_one_content_only_where_they_differ_in_name_and_token_alone(
    one: str, other: str, tokens: tuple[str | None, str | None], ascii_only: bool
) -> None:
    repeats, written, service = Repeats(60), Written(), service_of("benzo-order-sign")
    texts = [written.bytes(*each, ensure_ascii=ascii_only) for each in zip((one, other), tokens, strict=True)]
    found = [repeats.content_of(text, json.loads(text), service, DAY) for text in texts]
    for content, name in zip(found, (one, other), strict=True):
        assert content is None or content.hook_instance == name.strip()
    first, second = found
    if first is not None and second is not None:
        assert (first.name == second.name) == (tokens[0] == tokens[1] or all(tokens))


def test_a_name_that_stands_elsewhere_too_is_no_reason_to_take_two_contents_for_one() -> None:
    """The name "2" beside a dose of 2 and the name "1" beside a dose of 1 are two contents."""
    repeats = Repeats(60)
    one = content_of(repeats, sign(order("d", ZOLPIDEM, units=1)) | {"hookInstance": "1"})
    two = content_of(repeats, sign(order("d", ZOLPIDEM, units=2)) | {"hookInstance": "2"})
    assert one.name != two.name


@pytest.mark.parametrize(
    "written",
    [
        b'{"hookInstance": "a\\u0062"}',
        b'{"hookInst\\u0061nce": "a"}',
        b'{"hookInstance": " "}',
        b'{"hookInstance": 7}',
        b'{"x": {"hookInstance": "a"}, "hookInstance": "a"}',
        b'{"hookInstance": "a", "fhirAuthorization": {"access_token": "t\\u0061"}}',
    ],
)
def test_a_name_or_token_that_cannot_be_told_apart_makes_a_call_that_is_not_remembered(written: bytes) -> None:
    assert Repeats(60).content_of(written, json.loads(written), service_of("benzo-order-sign"), DAY) is None


def test_the_hashes_of_two_processes_are_not_alike() -> None:
    assert content_of(Repeats(60), sign(lorazepam())).name != content_of(Repeats(60), sign(lorazepam())).name
