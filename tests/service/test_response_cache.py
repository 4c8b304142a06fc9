"""Is a call that comes again answered from memory, word for word, and nothing else?"""

from __future__ import annotations

import copy
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from caller import policy_read_at_every_call, tenants_file, token
from ehr import ANSWERED, DAY, bundle, client, logged, lorazepam, metformin, order, prefetch, request, select, sign
from fhir_server import EMPTY, Reply, fhir_server
from flask.testing import FlaskClient
from gunicorn.config import Config
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cds_service.app import create_app, parts_of
from cds_service.cards.invocation import Invocation
from cds_service.commands.server import CallWorker
from cds_service.config import Settings
from cds_service.config.limits import RESPONSE_CACHE_MIN_BYTES
from cds_service.hooks import judge as answer
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.response_cache import CacheKey, ResponseCache
from cds_service.services import service_of
from cds_service.trust.gate import OpenGate
from cds_service.trust.tenant import OPEN_TENANT, FhirServer, Tenant
from fhir_fixtures import stories
from rules import load_knowledge

SIGN = "/cds-services/benzo-order-sign"
SELECT = "/cds-services/benzo-order-select"
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


def by_reference() -> dict[str, Any]:
    """A draft whose medication stands elsewhere."""
    draft = order("draft-1", "") | {"medicationReference": {"reference": "Medication/m1"}}
    del draft["medicationCodeableConcept"]
    return draft


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
    body = dict(story.request)
    http, second = client(store="none"), again(body)
    path = f"benzo-{body['hook']}"
    posted(http, body, path)
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
    policy_read_at_every_call(monkeypatch)
    tenants_file(tmp_path, general={"findings": {"high-potency": "off", "total-load": "off"}})
    assert called() == []


def test_one_tenants_answer_is_not_anothers() -> None:
    cache, one, other = ResponseCache(60), named("one"), named("other")
    key = key_of(cache, sign(lorazepam()), one)
    cache.put(key, evaluation(one))
    assert key_of(cache, sign(lorazepam()), other).digest != key.digest
    # Nor is it the answer of the same tenant as it is set now, where its file was read again.
    assert cache.get(key, named("one")) is None
    assert cache.get(key, one) is not None


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
        body = sign(by_reference(), fhirServer=server.base)
        server.answers["Medication/m1"] = Reply(status=503)
        (before,) = posted(http, body).json["cards"]
        assert before["summary"].startswith("An order could not be identified")
        medication = {"resourceType": "Medication", "id": "m1", "code": {"text": "lorazepam 1 MG Oral Tablet"}}
        server.answers["Medication/m1"] = Reply(medication)
        (after,) = posted(http, again(body)).json["cards"]
        assert "lorazepam" in after["summary"]


def test_a_record_that_could_not_be_had_for_a_stray_order_is_asked_for_again() -> None:
    stray = lorazepam(subject={"reference": "Patient/another"})
    with fhir_server() as server:
        http = client(store="none", fhir_servers=[server.base])
        body = request("order-sign", context={"draftOrders": bundle(stray)}, fhirServer=server.base, prefetch={})
        for path in ("Patient/p1", "MedicationRequest"):
            server.answers[path] = Reply(status=503)
        (card,) = posted(http, body).json["cards"]
        assert card["summary"] == "Lorazepam is drafted for another patient; not counted"
        asked = len(server.asked)
        posted(http, again(body))
        assert len(server.asked) > asked


def test_a_medication_that_was_fetched_is_asked_for_again() -> None:
    with fhir_server() as server:
        http = client(store="none", fhir_servers=[server.base])
        body = sign(by_reference(), fhirServer=server.base)
        shown = []
        for name in ("lorazepam 1 MG Oral Tablet", "metformin hydrochloride 500 MG Oral Tablet"):
            server.answers["Medication/m1"] = Reply({"resourceType": "Medication", "id": "m1", "code": {"text": name}})
            shown.append(len(posted(http, again(body)).json["cards"]))
    assert shown == [1, 0]


@pytest.mark.parametrize("named_server", ["https://ehr.example/fhir", "https://another.example/fhir"])
def test_that_a_server_may_not_be_asked_is_logged_each_time(named_server: str) -> None:
    """The first is listed and needs a token, the second is not listed."""
    settings = Settings(store="none")
    tenant = Tenant(
        OPEN_TENANT, load_knowledge(), settings.zone, fhir_servers=(FhirServer("https://ehr.example/fhir"),)
    )
    parts = replace(parts_of(settings), gate=OpenGate(lambda: tenant))
    http = create_app(settings, clock=lambda: DAY, parts=parts).test_client()
    failures = []
    for _ in range(2):
        with logged() as lines:
            assert posted(http, again(sign(by_reference(), fhirServer=named_server))).status_code == 200
        failures.append(sum("not fetched" in line for line in lines))
    assert failures == [1, 1]


# -- a call that comes again is a call


def test_a_repeat_is_recorded_snoozed_and_counted_as_a_call_that_is_judged(tmp_path: Path) -> None:
    record = prefetch(order("oxy", OXYCODONE, a_day=4))
    selected = select(lorazepam(), selections=["MedicationRequest/lorazepam-1"], prefetch=record)
    signed = sign(lorazepam(), prefetch=record)
    by_another = signed | {"context": signed["context"] | {"userId": "Practitioner/dr-2"}}
    bodies = [selected] * 3 + [signed] * 2 + [by_another] * 5
    key = tmp_path / "key"
    key.write_text("0123456789abcdef" * 4, encoding="utf-8")

    def report(seconds: int) -> tuple[Any, ...]:
        file = tmp_path / f"{seconds}.sqlite3"
        http = client(store=str(file), store_key_file=key, remember_seconds=seconds)
        shown = []
        for number, body in enumerate(bodies):
            call = body | {"hookInstance": str(UUID(int=number))}
            shown.append(posted(http, call, f"benzo-{body['hook']}").json["cards"])
            if number == 6:
                assert answered(http, shown[0][0], "benefits-outweigh-risks").status_code == 200
        counts = [line for line in http.get("/metrics").text.splitlines() if "seconds" not in line]
        return shown, rows_of(file), [line for line in counts if "created" not in line]

    repeated, anew = report(120), report(0)
    assert repeated == anew
    assert [len(cards) for cards in anew[0]] == [1, 1, 1, 0, 0, 1, 1, 0, 0, 0]


def rows_of(file: Path) -> dict[str, list[dict[str, Any]]]:
    """What stands in the store but for moments, links and numbers of rows."""
    own = {"at", "microseconds", "link", "previous", "content", "received_at", "id"}
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        return {
            table: [
                {name: value for name, value in dict(row).items() if name not in own}
                for row in database.execute(f"SELECT * FROM {table}")
            ]
            for table in ("evaluations", "fired", "cards", "card_findings", "answers")
        }


def answered(http: FlaskClient, card: dict[str, Any], code: str) -> Any:
    reason = next(each for each in card["overrideReasons"] if each["code"] == code)
    feedback = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"reason": {"code": code, "system": reason["system"]}},
        "outcomeTimestamp": ANSWERED,
    }
    return http.post(f"{SELECT}/feedback", json={"feedback": [feedback]})


def test_what_is_remembered_is_not_changed_by_later_calls(tmp_path: Path) -> None:
    settings = Settings(store=str(tmp_path / "records.sqlite3"))
    parts = parts_of(settings)
    http = create_app(settings, clock=lambda: DAY, parts=parts).test_client()
    body = sign(lorazepam(), prefetch=prefetch(order("oxy", OXYCODONE, a_day=4)))
    posted(http, body)
    (cached,) = parts.judge.response_cache._cached.values()
    before = copy.deepcopy(cached.evaluation.cards), repr(cached.evaluation.assessment)
    for _ in range(3):
        posted(http, again(body))
    (still,) = parts.judge.response_cache._cached.values()
    assert still is cached
    assert (cached.evaluation.cards, repr(cached.evaluation.assessment)) == before


def test_a_body_that_is_remembered_at_one_service_is_refused_at_another() -> None:
    http, body = client(store="none"), sign(lorazepam())
    posted(http, body)
    assert posted(http, again(body), "benzo-order-select").status_code == 400
    assert posted(http, again(body), "benzo-patient-view").status_code == 400


# -- for how long, and how much


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def read(cache: ResponseCache, written: bytes, tenant: Tenant | None = None) -> CacheKey | None:
    """The key of a body as it is written."""
    return cache.key_of(written, json.loads(written), tenant or named(OPEN_TENANT), service_of("benzo-order-sign"), DAY)


def key_of(cache: ResponseCache, body: dict[str, Any], tenant: Tenant | None = None) -> CacheKey:
    key = read(cache, json.dumps(body).encode(), tenant)
    assert key is not None
    return key


def named(name: str) -> Tenant:
    return Tenant(name, load_knowledge(), Settings().zone)


def evaluation(tenant: Tenant) -> Evaluation:
    call = Invocation("benzo-order-sign", "order-sign", "1", "Patient/p1", None, None, (), frozenset())
    return Evaluation(tenant, service_of("benzo-order-sign"), call)


@pytest.fixture(scope="module")
def everybody() -> Tenant:
    return named(OPEN_TENANT)


def test_it_is_forgotten_after_its_time_whoever_calls_next(everybody: Tenant) -> None:
    clock = Clock()
    cache = ResponseCache(60, clock=clock)
    one, other = key_of(cache, sign(lorazepam())), key_of(cache, sign(metformin()))
    cache.put(one, evaluation(everybody))
    clock.now += 59
    assert cache.get(one, everybody) is not None
    clock.now += 1
    assert cache.get(other, everybody) is None
    assert not cache._cached


def test_no_more_is_remembered_than_so_many_bytes_the_oldest_forgotten_first(everybody: Tenant) -> None:
    cache = ResponseCache(60)
    pad = {"extension": {"pad": "x" * RESPONSE_CACHE_MIN_BYTES}}
    keys = [key_of(cache, sign(lorazepam(f"l-{number}"), **pad)) for number in range(9)]
    cache.max_bytes = 4 * keys[0].size
    for key in keys:
        cache.put(key, evaluation(everybody))
    is_cached = [cache.get(key, everybody) is not None for key in keys]
    assert is_cached == [False] * 5 + [True] * 4


def test_a_small_body_counts_as_more_for_what_it_came_to_is_no_smaller(everybody: Tenant) -> None:
    cache = ResponseCache(60, max_bytes=3 * RESPONSE_CACHE_MIN_BYTES)
    for number in range(9):
        key = key_of(cache, sign(lorazepam(f"l-{number}")))
        assert key.size == RESPONSE_CACHE_MIN_BYTES
        cache.put(key, evaluation(everybody))
    assert len(cache._cached) == 3


def test_a_worker_that_nobody_calls_forgets_what_is_over() -> None:
    class App:
        forgot = 0

        def upkeep(self) -> None:
            self.forgot += 1

    app = App()
    worker = CallWorker(1, 1, [], app, 30, Config(), None)
    try:
        worker.notify()
    finally:
        worker.tmp.close()
    assert app.forgot == 1


def test_what_is_over_is_forgotten_where_no_call_comes(everybody: Tenant) -> None:
    clock = Clock()
    cache = ResponseCache(60, clock=clock)
    cache.put(key_of(cache, sign(lorazepam())), evaluation(everybody))
    clock.now += 59
    cache.evict_expired()
    assert cache._cached
    clock.now += 1
    cache.evict_expired()
    assert not cache._cached


def test_what_is_remembered_anew_is_the_youngest(everybody: Tenant) -> None:
    clock = Clock()
    cache = ResponseCache(60, clock=clock)
    one, other = key_of(cache, sign(lorazepam())), key_of(cache, sign(metformin()))
    for key, seconds in ((one, 1), (other, 49), (one, 12)):
        cache.put(key, evaluation(everybody))
        clock.now += seconds
    assert cache.get(one, everybody) is not None
    assert cache.get(other, everybody) is None


def test_a_body_larger_than_all_that_is_remembered_is_not_remembered() -> None:
    text = json.dumps(sign(lorazepam())).encode()
    assert read(ResponseCache(60, max_bytes=len(text) - 1), text) is None


def test_nothing_is_remembered_where_that_is_set_so(judged: list[date]) -> None:
    http = client(store="none", remember_seconds=0)
    for _ in range(2):
        posted(http, again(sign(lorazepam())))
    assert len(judged) == 2


# -- the key of a request


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
    cache, written = ResponseCache(60), Written()
    texts = [written.bytes(*each, ensure_ascii=ascii_only) for each in zip((one, other), tokens, strict=True)]
    found = [read(cache, text) for text in texts]
    for key, name in zip(found, (one, other), strict=True):
        assert key is None or key.hook_instance == name.strip()
    first, second = found
    if first is not None and second is not None:
        assert (first.digest == second.digest) == (tokens[0] == tokens[1] or all(tokens))


def test_a_name_that_stands_elsewhere_too_is_no_reason_to_take_two_contents_for_one() -> None:
    """The name "2" beside a dose of 2 and the name "1" beside a dose of 1 are two contents."""
    cache = ResponseCache(60)
    one = key_of(cache, sign(order("d", ZOLPIDEM, units=1)) | {"hookInstance": "1"})
    two = key_of(cache, sign(order("d", ZOLPIDEM, units=2)) | {"hookInstance": "2"})
    assert one.digest != two.digest


@pytest.mark.parametrize(
    "written",
    [
        b'{"hookInstance": "a\\u0062"}',
        b'{"hookInst\\u0061nce": "a"}',
        b'{"hookInstance": " "}',
        b'{"hookInstance": 7}',
        b'{"x": {"hookInstance": "a"}, "hookInstance": "a"}',
        b'{"hookInstance": "a", "fhirAuthorization": {"access_token": "t\\u0061"}}',
        b'{"hookInst\\u0061nce": "a", "x": {"hookInstance": "b"}}',
        b'{"hookInstance": "a", "fhirAuthorization": {"access_t\\u006fken": "t"}, "x": {"access_token": "u"}}',
    ],
)
def test_a_name_or_token_that_cannot_be_told_apart_makes_a_call_that_is_not_remembered(written: bytes) -> None:
    assert read(ResponseCache(60), written) is None


def test_what_two_services_remember_calls_by_is_not_alike() -> None:
    assert key_of(ResponseCache(60), sign(lorazepam())).digest != key_of(ResponseCache(60), sign(lorazepam())).digest
