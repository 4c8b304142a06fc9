"""Can a web page that lets its own name lead to this machine read what is for this machine alone?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from caller import BASE, tenants_file, token
from ehr import assert_outcome, client, lorazepam, sign
from flask.testing import FlaskClient
from pydantic import ValidationError
from werkzeug.test import create_environ, run_wsgi_app

from cds_service.config import Settings
from cds_service.sandbox.demonstration import demonstration

SIGN = "/cds-services/benzo-order-sign"
OURS = ["localhost", "localhost:8088", "LOCALHOST:8088", "127.0.0.1", "127.0.0.1:8088", "127.5.5.5:1", "[::1]:8088"]
FOREIGN = [
    "rebound.example",
    "rebound.example:8088",
    "localhost.rebound.example",
    "127.0.0.1.rebound.example",
    "rebound.localhost:8088",
    "localhost@rebound.example",
    "rebound.example#localhost",
    "rebound.example/localhost",
    "rebound.example\\@localhost",
    "localhost,rebound.example",
    "10.0.0.1:8088",
    "0.0.0.0:8088",
    "2130706433",
    "0x7f.1",
    "[::ffff:10.0.0.1]",
    "[::",
    "",
]  # fmt: skip


@pytest.fixture(scope="module")
def http() -> FlaskClient:
    return client()


@pytest.fixture(scope="module")
def demo() -> FlaskClient:
    return demonstration().test_client()


def called(http: FlaskClient, path: str, host: str, **more: Any) -> Any:
    return http.open(path, headers={"Host": host}, **more)


@pytest.mark.parametrize("host", OURS)
def test_this_machine_is_answered_by_each_of_its_names(http: FlaskClient, host: str) -> None:
    answer = called(http, SIGN, host, method="POST", json=sign(lorazepam()))
    assert answer.status_code == 200
    assert called(http, "/metrics", host).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_another_name_is_refused_at_every_address(http: FlaskClient, host: str) -> None:
    assert_outcome(called(http, SIGN, host, method="POST", json=sign(lorazepam())), 421, "forbidden")
    for path in ("/cds-services", "/metrics", "/review/performance", "/health/ready", "/about", "/nothing"):
        refused = called(http, path, host)
        assert_outcome(refused, 421, "forbidden")
        assert "rebound" not in refused.text
    assert called(http, SIGN, host, method="OPTIONS").status_code == 421


@pytest.mark.parametrize("path", ["/", "/fhir/Patient", "/fhir/metadata", "/fhir/faults", "/cds-services"])
def test_the_demonstration_is_for_this_machine_alone(demo: FlaskClient, path: str) -> None:
    assert called(demo, path, "127.0.0.1:8077").status_code == 200
    assert_outcome(called(demo, path, "rebound.example:8077"), 421, "forbidden")


def test_the_demonstration_is_not_opened_by_a_setting_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENZO_CDS_INSECURE_DEMO", "true")
    assert_outcome(called(demonstration().test_client(), "/fhir/Patient", "rebound.example"), 421, "forbidden")


def test_a_listed_host_and_that_of_the_public_address_are_answered() -> None:
    known = client(allowed_hosts=["CDS.test", "192.0.2.7"], base_url="https://cds.example/")
    for host in ("cds.test", "cds.test:8443", "192.0.2.7:8088", "cds.example", "localhost:8088"):
        assert called(known, "/cds-services", host).status_code == 200
    for host in ("sub.cds.test", "cds.test.rebound.example", "rebound.example"):
        assert called(known, "/cds-services", host).status_code == 421


@pytest.mark.parametrize("host", ["https://cds.test", "cds.test:8443", "*.test", "", "a b", "cds.test/path"])
def test_a_host_that_is_none_is_refused_at_the_start(host: str) -> None:
    with pytest.raises(ValidationError, match="each must be the name or the address of a host"):
        Settings(allowed_hosts=[host])


def test_a_demonstration_beyond_this_machine_has_any_name() -> None:
    assert called(client(insecure_demo=True), "/cds-services", "demo.example").status_code == 200


def test_tenants_are_known_by_their_tokens_and_operators_without_a_secret_by_this_machine(tmp_path: Path) -> None:
    """A proxy passes on whatever name it was called by."""
    with_tenants = client(tenants=tenants_file(tmp_path))
    headers = {"Host": "rebound.example", "Authorization": token()}
    assert with_tenants.post(SIGN, json=sign(lorazepam()), headers=headers).status_code == 200
    assert BASE not in headers["Host"]
    for path in ("/metrics", "/review/performance"):
        assert called(with_tenants, path, "127.0.0.1:8088").status_code == 200
        for host in FOREIGN:
            assert called(with_tenants, path, host).status_code == 404


@pytest.mark.parametrize("path", ["/cds-services", "/metrics"])
def test_a_caller_that_names_no_host_is_no_browser(http: FlaskClient, path: str) -> None:
    """As HTTP 1.0 has none."""
    environment = create_environ(path)
    del environment["HTTP_HOST"]
    environment["REMOTE_ADDR"] = "127.0.0.1"
    _, status, _ = run_wsgi_app(http.application, environment)
    assert status == "200 OK"
