"""Is one tenant kept from calling without end, after its token is checked and without a loss for the others?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from caller import OTHER_ES384, policy_read_at_every_call, tenants_file, token
from ehr import DAY, assert_outcome, logged, lorazepam, sign
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.errors import TooManyCallsError
from cds_service.trust.call_rate import CallRate
from cds_service.trust.tenant_file import TenantFileError, read_tenants

SIGN = "/cds-services/benzo-order-sign"
OTHER = "https://other.example"


class Clock:
    """The time of this machine as the test sets it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("cds_service.trust.call_rate.time.time", clock)
    return clock


def service(folder: Path, **blocks: dict[str, Any]) -> FlaskClient:
    settings = Settings(tenants=tenants_file(folder, **blocks), development=True, tenant_calls_per_minute=3)
    return create_app(settings, clock=lambda: DAY).test_client()


def call(http: FlaskClient, **claims: Any) -> TestResponse:
    return http.post(SIGN, json=sign(lorazepam()), headers={"Authorization": token(**claims)})


def test_calls_beyond_the_limit_are_refused_and_the_others_go_on(tmp_path: Path) -> None:
    http = service(tmp_path, general={}, other={"issuer": OTHER, "calls_per_minute": 5})
    assert [call(http).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert [call(http, iss=OTHER).status_code for _ in range(6)] == [200] * 5 + [429]
    refused = call(http)
    assert_outcome(refused, 429, "throttled")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "absence of cards means nothing" in refused.text


def test_a_refusal_is_logged_and_counted_with_its_tenant(tmp_path: Path) -> None:
    http = service(tmp_path, general={"calls_per_minute": 1})
    call(http)
    with logged() as lines:
        call(http)
    assert '"tenant":"general","status":429' in lines[-1]
    counted = http.get("/metrics").text
    assert 'benzo_cds_calls_total{service="benzo-order-sign",status="429",tenant="general"} 1.0' in counted


def test_calls_that_are_not_the_tenants_do_not_use_up_its_limit(tmp_path: Path) -> None:
    http = service(tmp_path, general={"calls_per_minute": 1})
    forged = [call(http, exp=1), call(http, aud="https://x.example"), call(http, key=OTHER_ES384)]
    assert [response.status_code for response in forged] == [401] * 3
    assert call(http).status_code == 200


def test_a_token_that_is_replayed_does_not_use_up_the_tenants_limit(tmp_path: Path) -> None:
    http = service(tmp_path, general={"calls_per_minute": 2})
    headers = {"Authorization": token()}
    answers = [http.post(SIGN, json=sign(lorazepam()), headers=headers).status_code for _ in range(4)]
    assert answers == [200, 401, 401, 401]
    assert [call(http).status_code for _ in range(2)] == [200, 429]


def test_a_token_of_a_call_that_was_refused_for_its_rate_is_not_used_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = service(tmp_path, general={"calls_per_minute": 1})
    call(http)
    kept = token()
    headers = {"Authorization": kept}
    assert http.post(SIGN, json=sign(lorazepam()), headers=headers).status_code == 429
    monkeypatch.setattr("cds_service.trust.call_rate.SlidingWindowCounterRateLimiter.test", lambda *_: True)
    assert http.post(SIGN, json=sign(lorazepam()), headers=headers).status_code == 200
    assert http.post(SIGN, json=sign(lorazepam()), headers=headers).status_code == 401


def test_after_a_while_a_tenant_may_call_again(clock: Clock) -> None:
    rate = CallRate()
    for _ in range(10):
        rate.require("general", 10)
        rate.count("general", 10)
    with pytest.raises(TooManyCallsError) as refused:
        rate.require("general", 10)
    clock.now += refused.value.retry_after + 60
    rate.require("general", 10)


def test_the_limit_is_far_from_what_a_process_can_answer_and_may_be_changed_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().tenant_calls_per_minute == 6_000
    policy_read_at_every_call(monkeypatch)
    http = service(tmp_path, general={"calls_per_minute": 1})
    assert [call(http).status_code for _ in range(2)] == [200, 429]
    tenants_file(tmp_path, general={"calls_per_minute": 50})
    assert call(http).status_code == 200


@pytest.mark.parametrize("wrong", ["0", "-1", "1000001", "many"])
def test_a_limit_that_is_none_is_a_mistake(tmp_path: Path, wrong: str) -> None:
    text = f"""tenants:
  general:
    issuer: https://ehr.example
    keys: {{jwks_url: https://ehr.example/jwks}}
    audiences: [https://cds.example/cds-services]
    calls_per_minute: {wrong}
"""
    with pytest.raises(TenantFileError, match="calls_per_minute"):
        read_tenants(text, tmp_path)
