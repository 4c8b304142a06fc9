"""Do the metrics say how the service is: its store, its configuration, its keys and policies, and what was fetched?"""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, key_server, policy_read_at_every_call, public, tenants_file, token
from ehr import DAY, lorazepam, post, sign
from fhir_server import FhirServer, Reply, fhir_server
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from served import Served, served
from stores import await_true, store_settings

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.records.call_store import NoCallStore
from cds_service.trust.keys import FetchedKeys
from cds_service.web.ended_processes import keep_counts_of_ended

SIGN = "/cds-services/benzo-order-sign"
Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(text: str) -> dict[Sample, float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def values(http: FlaskClient | Served, name: str) -> dict[str, float]:
    """The samples of a metric, by their labels as ``a=1,b=2``."""
    response = http.get("/metrics")
    found = samples(str(response.text))
    return {
        ",".join(f"{label}={value}" for label, value in sorted(labels)): value
        for (metric, labels), value in found.items()
        if metric == f"benzo_cds_{name}"
    }


def app(settings: Settings) -> FlaskClient:
    return create_app(settings, clock=lambda: DAY).test_client()


def test_a_store_that_is_down_is_seen_and_what_waits_and_is_lost_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.records.waiting_records.MAX_UNSAVED_CALLS", 2)
    monkeypatch.setattr("cds_service.records.database.database.STORE_RETRY_SECONDS", 0.0)
    file = tmp_path / "records.sqlite3"
    http = app(store_settings(str(file), tmp_path, store_seconds=0.1))
    post(http, sign(lorazepam()))
    assert (values(http, "store_up"), values(http, "unsaved_records")) == ({"": 1.0}, {"": 0.0})
    assert values(http, "lost_records_total") == {"": 0.0}
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(5):
            post(http, sign(lorazepam(f"l{number}")))
        assert values(http, "store_up") == {"": 0.0}
        assert values(http, "unsaved_records") == {"": 2.0}
        assert values(http, "lost_records_total") == {"": 3.0}
        other.execute("ROLLBACK")
    assert values(http, "store_up") == {"": 1.0}
    assert values(http, "unsaved_records") == {"": 0.0}
    assert values(http, "lost_records_total") == {"": 3.0}


def test_without_a_store_nothing_says_that_it_is_down() -> None:
    assert values(app(Settings(store="none")), "store_up") == {}


NO_PROBLEM = dict.fromkeys(("file=tenants", "file=site_policy", "file=card_wording"), 0.0)


def test_a_refused_file_of_tenants_is_counted_until_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy_read_at_every_call(monkeypatch)
    file = tenants_file(tmp_path)
    http = app(Settings(tenants=file, development=True))
    assert values(http, "refused_configuration_problems") == dict.fromkeys(
        ("file=tenants", "file=site_policy", "file=card_wording"), 0.0
    )
    good = file.read_text(encoding="utf-8")
    file.write_text('{"tenants": {"General": {"issuer": 1}}}', encoding="utf-8")
    assert values(http, "refused_configuration_problems")["file=tenants"] > 0
    assert len(values(http, "policy_info")) == 1
    file.write_text(good, encoding="utf-8")
    assert values(http, "refused_configuration_problems") == dict.fromkeys(
        ("file=tenants", "file=site_policy", "file=card_wording"), 0.0
    )


def test_the_policy_of_each_tenant_is_told_and_one_that_is_no_longer_in_force_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy_read_at_every_call(monkeypatch)
    own = {"issuer": "https://other.example", "policy": {"default_table": "va-dod-2021"}}
    http = app(Settings(tenants=tenants_file(tmp_path, general={}, other=own), development=True))
    told = values(http, "policy_info")
    assert sum("tenant=other" in labels and "table=va-dod-2021" in labels for labels in told) == 1
    tenants_file(tmp_path, general={}, other={"issuer": "https://other.example"})
    in_force = {labels for labels, value in values(http, "policy_info").items() if value}
    assert [labels for labels in in_force if "va-dod-2021" in labels] == []
    assert len(in_force) == 2


def test_when_keys_were_read_and_how_fetches_of_them_end_is_told_by_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.trust.keys.KEYS_REFETCH_SECONDS", 0.0)
    monkeypatch.setattr("cds_service.trust.keys.KEYS_MAX_AGE_SECONDS", 0.0)
    with key_server(public(ES384)) as keys:
        file = tenants_file(tmp_path, general={"keys": {"jwks_url": keys.url}})
        http = app(Settings(tenants=file, development=True))
        assert values(http, "keys_read_timestamp_seconds") == {}
        http.post(SIGN, json=sign(lorazepam()), headers={"Authorization": token()})
        (read_at,) = values(http, "keys_read_timestamp_seconds").values()
        assert read_at > 1_700_000_000
        keys.status = 500
        for _ in range(2):
            http.post(SIGN, json=sign(lorazepam()), headers={"Authorization": token()})
    (still,) = values(http, "keys_read_timestamp_seconds").values()
    assert abs(still - read_at) < 5
    assert values(http, "key_fetches_total") == {
        "outcome=read,tenant=general": 1.0,
        "outcome=failed,tenant=general": 2.0,
    }


def test_keys_that_are_no_key_set_are_a_failed_fetch() -> None:
    with key_server({"keys": "none"}) as server:
        keys = FetchedKeys(server.url, development=True)
        keys._fetch(0.0)
    assert keys.fetches() == (0, 1)


@pytest.fixture
def server() -> Any:
    with fhir_server() as running:
        yield running


def test_reads_from_a_fhir_server_are_counted_by_tenant_and_outcome(server: FhirServer) -> None:
    http = app(Settings(fhir_servers=[server.base], store="none"))
    body = sign(lorazepam()) | {"fhirServer": server.base, "prefetch": {}}
    server.answers["MedicationStatement"] = Reply({}, 403)
    server.answers["Condition"] = Reply(b"Marigold")
    http.post(SIGN, json=body)
    http.post(SIGN, json=body | {"fhirServer": "https://marigold.example/fhir"})
    fetched = values(http, "fetches_total")
    assert fetched["outcome=read,tenant=open"] == 2.0
    assert fetched["outcome=not_allowed,tenant=open"] == 1.0
    assert fetched["outcome=not_fhir,tenant=open"] == 1.0
    assert fetched["outcome=not_listed,tenant=open"] >= 1.0
    assert "arigold" not in http.get("/metrics").text


def test_the_processes_are_counted_and_what_all_of_them_know_is_told_once(tmp_path: Path) -> None:
    file = tenants_file(tmp_path)
    with served(tmp_path, tenants=str(file), development=True, workers=3) as running:
        await_true(lambda: values(running, "workers") == {"": 3.0})
        assert values(running, "worker_starts_total") == {"": 3.0}
        (build,) = values(running, "build_info").items()
        assert build[1] == 1.0
        assert list(values(running, "policy_info").values()) == [1.0]
        first = running.workers()[0]
        tenants_file(tmp_path, general={"policy": {"default_table": "va-dod-2021"}})
        # In each process: none answers by the policy before.
        await_true(lambda: all("va-dod-2021" in labels for labels in values(running, "policy_info")))
        running.process.send_signal(signal.SIGHUP)
        await_true(lambda: first not in running.workers() and values(running, "workers") == {"": 3.0})
        assert values(running, "worker_starts_total") == {"": 6.0}
        assert len(values(running, "policy_info")) == 1


def test_the_folder_of_the_metrics_does_not_grow_with_processes_that_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "counts"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with served(tmp_path, workers=2) as running:
        (metrics,) = folder.glob("benzo-cds-*")

        def calls() -> float:
            return values(running, "calls_total").get("service=benzo-order-sign,status=200,tenant=open", 0.0)

        for number in range(1, 6):
            assert running.post(SIGN, sign(lorazepam())).status_code == 200
            before = set(running.workers())
            running.process.send_signal(signal.SIGHUP)
            await_true(lambda old=before: len(running.workers()) == 2 and not old & set(running.workers()))
            await_true(lambda count=number: calls() == count)
            assert values(running, "call_seconds_count")["service=benzo-order-sign,tenant=open"] == number
        await_true(lambda: len(list(metrics.glob("counter_*.db"))) <= 4)
        assert len(list(metrics.glob("histogram_*.db"))) <= 4
        assert values(running, "worker_starts_total") == {"": 12.0}


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"\xff\x00\x00\x00" * 50, b"\x40\x00\x00\x00\x00\x00\x00\x00\x40"]
)
def test_a_file_of_a_process_that_was_killed_while_it_wrote_is_dropped(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "counter_7.db"
    file.write_bytes(content)
    keep_counts_of_ended(tmp_path, 7)
    assert not file.exists()


def test_no_label_grows_with_what_callers_send(tmp_path: Path) -> None:
    http = app(Settings(tenants=tenants_file(tmp_path), development=True))

    def series() -> set[Sample]:
        return set(samples(http.get("/metrics").text))

    def attack(mark: str) -> None:
        for identity in (mark, "benzo-order-sign", f"{mark}/feedback"):
            http.post(f"/cds-services/{identity}", json={mark: 1}, headers={"Authorization": token(iss=mark)})
            signed = token(f"/{identity}", sub=mark, tenant=mark, jti=None)
            http.post(f"/cds-services/{identity}", data=json.dumps({"hook": mark}), headers={"Authorization": signed})
        http.get(f"/{mark}")
        http.open("/cds-services", method=mark.upper())

    attack("first")
    # Asking for the metrics is a call that is counted as well.
    before = series() | series()
    for number in range(50):
        attack(f"m{number}")
    assert sorted(map(str, series() - before)) == []


def test_a_store_that_keeps_nothing_has_lost_nothing() -> None:
    assert (NoCallStore().lost(), NoCallStore().unsaved()) == (0, 0)
