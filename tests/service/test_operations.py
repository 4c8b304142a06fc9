"""Does it say how it is, count what it does, and let in from other origins whom the site lists?"""

from __future__ import annotations

import html
import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, key_server, policy_read_at_every_call, public, tenants_file, token
from ehr import DAY, assert_outcome, client, lorazepam, order, post, prefetch, sign
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import create_app, parts_of
from cds_service.config import Settings
from cds_service.records.call_store import NoCallStore, StoreStatus

SIGN = "/cds-services/benzo-order-sign"
OPIOID = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)


class LostMemory(NoCallStore):
    """A store that is down."""

    def status(self) -> StoreStatus:
        return StoreStatus.DOWN


def with_tenants(file: Path, **settings: Any) -> FlaskClient:
    return create_app(Settings(tenants=file, development=True, **settings), clock=lambda: DAY).test_client()


# -- health


def test_a_store_that_is_down_is_told_and_answers_go_on() -> None:
    settings = Settings()
    parts = replace(parts_of(settings), call_store=LostMemory())
    http = create_app(settings, clock=lambda: DAY, parts=parts).test_client()
    ready = http.get("/health/ready")
    assert (ready.status_code, ready.json["status"], ready.json["store"]) == (200, "degraded", "down")
    assert post(http, sign(lorazepam())).json["cards"]


def test_readiness_tells_the_tenants_their_keys_and_the_memory_for_tokens(tmp_path: Path) -> None:
    with key_server(public(ES384)) as keys:
        http = with_tenants(tenants_file(tmp_path, general={"keys": {"jwks_url": keys.url}}))
        told = http.get("/health/ready").json
        assert told["tenants"] == {"in_force": 1}
        assert told["keys"] == {"oldest_seconds": None, "not_fetched_yet": 1}
        assert http.get("/cds-services", headers={"Authorization": token("")}).status_code == 200
        told = http.get("/health/ready").json
        assert told["keys"] == {"oldest_seconds": 0, "not_fetched_yet": 0}
        assert told["replay"] == "each process for itself"
        assert "ehr.example" not in str(told)


def test_a_refused_file_of_tenants_is_told_to_operators_with_its_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tenants_file(tmp_path)
    policy_read_at_every_call(monkeypatch)
    http = create_app(Settings(tenants=file)).test_client()
    before = http.get("/health/ready").json["policy"]
    file.write_text("tenants: {general: {issuer: the-secret}}", encoding="utf-8")
    ready = http.get("/health/ready")
    assert (ready.status_code, ready.json["status"], ready.json["tenants"]) == (200, "degraded", {"in_force": 1})
    assert (ready.json["policy"]["digest"], ready.json["policy"]["since"]) == (before["digest"], before["since"])
    refused = ready.json["policy"]["refused"]
    assert refused["because"] == [
        "BENZO_CDS_TENANTS: general: keys: is missing",
        "BENZO_CDS_TENANTS: general: audiences: is missing",
    ]
    assert refused["digest"] != before["digest"]
    assert "the-secret" not in ready.text
    through_a_proxy = http.get("/health/ready", headers={"X-Forwarded-For": "203.0.113.7"}).json["policy"]["refused"]
    assert through_a_proxy == {"digest": refused["digest"], "since": refused["since"], "problems": 2}


# -- metrics


def counts(http: FlaskClient) -> str:
    response = http.get("/metrics")
    assert response.status_code == 200
    assert response.mimetype == "text/plain"
    return response.text


def test_calls_cards_findings_and_where_the_record_came_from_are_counted() -> None:
    http = client()
    post(http, sign(lorazepam(), prefetch=prefetch(OPIOID)))
    post(http, {"hook": "order-sign"})
    text = counts(http)
    assert 'benzo_cds_calls_total{service="benzo-order-sign",status="200",tenant="open"} 1.0' in text
    assert 'benzo_cds_calls_total{service="benzo-order-sign",status="400",tenant="open"} 1.0' in text
    told = 'indicator="warning",service="benzo-order-sign",tenant="open",topic="sedativeLoad",verdict="shown"'
    assert f"benzo_cds_cards_total{{{told}}} 1.0" in text
    assert 'benzo_cds_findings_total{finding="concurrent-opioid",service="benzo-order-sign",tenant="open"} 1.0' in text
    assert 'benzo_cds_record_keys_total{key="medicationRequests",reached="prefetch",tenant="open"} 1.0' in text
    assert 'benzo_cds_record_keys_total{key="conditions",reached="null",tenant="open"} 1.0' in text
    assert 'benzo_cds_call_seconds_count{service="benzo-order-sign",tenant="open"} 2.0' in text


def test_refused_callers_are_counted_by_reason(tmp_path: Path) -> None:
    http = with_tenants(tenants_file(tmp_path))
    http.post(SIGN, json={}, headers={"Authorization": "Bearer the.secret.token"})
    token_of_nobody = counts(http)
    assert re.search(r'benzo_cds_not_admitted_total\{reason="[^"]+",tenant="none"\} 1\.0', token_of_nobody)
    http.post(SIGN, json={}, headers={"Authorization": token(exp=1)})
    assert 'benzo_cds_not_admitted_total{reason="expired",tenant="general"} 1.0' in counts(http)
    assert "secret" not in counts(http)


def test_no_label_is_one_that_a_caller_chooses() -> None:
    http = client()
    for path in ("/cds-services/Marigold", "/cds-services/Marigold/feedback", "/Marigold"):
        http.post(path, json={"hook": "Marigold"})
    assert "Marigold" not in counts(http)


@pytest.mark.parametrize(
    "call",
    [
        {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}},
        {"environ_overrides": {"REMOTE_ADDR": "10.0.0.9"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
        {"headers": {"Via": "1.1 proxy"}},
    ],
)
def test_without_a_secret_the_metrics_are_for_this_machine_alone(call: dict[str, Any]) -> None:
    http = client()
    assert http.get("/metrics").status_code == 200
    assert_outcome(http.get("/metrics", **call), 404, "not-found")


def test_with_a_secret_the_metrics_are_for_who_presents_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("first\n", encoding="utf-8")
    http = client(metrics_secret_file=file)
    far = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
    assert http.get("/metrics", headers={"Authorization": "Bearer first"}, **far).status_code == 200
    for wrong in ("Bearer second", "Bearer ", "first", "Bearer first first", "Bearer ü"):
        assert_outcome(http.get("/metrics", headers={"Authorization": wrong}), 404, "not-found")
    assert http.get("/metrics").status_code == 404
    file.write_text("second", encoding="utf-8")
    assert http.get("/metrics", headers={"Authorization": "Bearer second"}, **far).status_code == 200
    file.write_text("", encoding="utf-8")
    assert http.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


# -- other origins and headers

LISTED, FOREIGN = "https://ehr.example", "https://foreign.example"
ALLOW = "Access-Control-Allow-Origin"
# As browsers ask: names of headers in lower case, sorted, without a space.
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def test_a_listed_origin_may_call_and_another_may_not() -> None:
    http = client(cors_origins=[LISTED, "http://localhost:8080"])
    asked = http.options(SIGN, headers=PREFLIGHT | {"Origin": LISTED})
    assert asked.status_code == 200
    assert asked.headers[ALLOW] == LISTED
    assert asked.headers["Access-Control-Allow-Methods"].split(", ") == ["GET", "OPTIONS", "POST"]
    assert asked.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert asked.headers["Access-Control-Max-Age"] == "600"
    answered = http.post(SIGN, json=sign(lorazepam()), headers={"Origin": LISTED})
    assert (answered.headers[ALLOW], answered.headers["Vary"]) == (LISTED, "Origin")
    for origin in (FOREIGN, "null", "https://ehr.example.foreign.example", "https://EHR.example", "*"):
        refused = http.options(SIGN, headers=PREFLIGHT | {"Origin": origin})
        assert [name for name, _ in refused.headers if name.startswith("Access-Control")] == []
        assert refused.headers.get_all("Vary") == ["Origin"]
    assert "Access-Control-Allow-Credentials" not in asked.headers
    assert asked.headers.get_all("Vary") == ["Origin"]
    assert http.get("/cds-services").headers.get_all("Vary") == ["Origin"]


@pytest.mark.parametrize("allowed", ["authorization", "Content-Type"])
def test_a_header_that_is_not_listed_is_not_let_in(allowed: str) -> None:
    asked = {"Access-Control-Request-Headers": f"x-other, {allowed}"}
    response = client(cors_origins=[LISTED]).options(SIGN, headers=PREFLIGHT | asked | {"Origin": LISTED})
    assert response.headers["Access-Control-Allow-Headers"] == allowed


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/", f"{SIGN}/feedback", "/cds-services/none"])
def test_every_address_of_the_services_may_be_called(path: str) -> None:
    http = client(cors_origins=[LISTED])
    assert http.get(path, headers={"Origin": LISTED}).headers.get_all(ALLOW) == [LISTED]


def test_a_refusal_can_be_read_by_the_page_as_well() -> None:
    response = client(cors_origins=[LISTED]).post(SIGN, json={}, headers={"Origin": LISTED})
    assert (response.status_code, response.headers[ALLOW]) == (400, LISTED)


def test_the_preflight_needs_no_token(tmp_path: Path) -> None:
    http = with_tenants(tenants_file(tmp_path), cors_origins=[LISTED])
    assert http.options(SIGN, headers={"Origin": LISTED}).headers[ALLOW] == LISTED
    refused = http.post(SIGN, json={}, headers={"Origin": LISTED})
    assert (refused.status_code, refused.headers[ALLOW]) == (401, LISTED)


def test_without_a_list_no_page_of_another_origin_may_call() -> None:
    response = client().options(SIGN, headers={"Origin": LISTED})
    assert [name for name, _ in response.headers if name.startswith("Access-Control")] == []


def test_operations_are_for_no_page_of_another_origin() -> None:
    http = client(cors_origins=[LISTED])
    for path in ("/metrics", "/health/ready", "/about", "/cds-services-beside"):
        assert ALLOW not in http.get(path, headers={"Origin": LISTED}).headers


@pytest.mark.parametrize("origin", ["*", "https://*.example", "https://ehr.example/", "ehr.example", "https://a@b", ""])
def test_an_origin_that_is_none_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(ValueError, match="one origin"):
        Settings(cors_origins=[origin])


@pytest.mark.parametrize("path", ["/cds-services", "/health/live", "/metrics", "/about", "/nothing"])
def test_nothing_that_is_answered_may_load_or_be_framed(path: str) -> None:
    headers = client().get(path).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


# -- what it says of itself


def test_about_tells_its_attributes_in_both_forms() -> None:
    http = client()
    told = http.get("/about", headers={"Accept": "application/json"}).json
    for name in ("purpose", "intended_users", "intended_population", "developer", "funding", "fairness", "inputs",
                 "known_limits", "update_schedule", "feedback", "validation", "cautions"):  # fmt: skip
        assert told[name]
    assert told["fairness"].startswith("Not assessed")
    assert http.get(told["source_attributes"]).status_code == 200
    page = http.get("/about", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.mimetype == "text/html"
    assert page.headers["Vary"] == "Accept"
    text = html.unescape(page.text)
    for name in ("purpose", "intended_users", "not_for", "cautions", "regulation", "validation"):
        assert told[name] in text
    for limit in told["known_limits"]:
        assert limit in text


def _call_without_end(begins: Callable[[], object] = lambda: None, seconds: float = 0.01) -> TestResponse:
    """The answer to a call that never gets beyond asking what day it is and may take so many seconds."""

    def clock() -> date:
        begins()
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            pass
        raise AssertionError("the call was not given up")

    return post(create_app(Settings(call_seconds=seconds), clock=clock).test_client(), sign(lorazepam("l1")))


def test_a_call_that_takes_too_long_is_given_up_and_says_that_nothing_was_judged() -> None:
    told = assert_outcome(_call_without_end(), 503, "timeout")
    assert "No judgement was made" in told["details"]["text"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_call_is_given_up_too_where_the_alarm_rang_in_a_destructor_which_drops_it() -> None:
    dropped = []

    class Held:
        def __del__(self) -> None:
            try:
                signal.raise_signal(signal.SIGALRM)
            except BaseException as error:
                dropped.append(error)
                raise

    assert_outcome(_call_without_end(begins=Held, seconds=60), 503, "timeout")
    assert len(dropped) == 3  # in the judgement, then by name, then of the drafts alone
