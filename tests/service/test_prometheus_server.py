"""Does Prometheus itself read a running service, does the dashboard show its figures, and does an alert fire?"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from caller import ES384, public, tenants_file, token
from ehr import lorazepam, sign
from served import Served, free_port, served
from stores import await_true, key_file
from test_alerts import EXPRESSIONS, RULES, plain

ROOT = Path(__file__).parents[2]
NOT_THERE = "prometheus is not there: scripts/install-prometheus"
SIGN = "/cds-services/benzo-order-sign"
# What has no value while nothing is wrong, nothing is fetched and no card is answered.
EMPTY = {
    "feedback",
    "out_of_time",
    "turn_seconds",
    "key_fetches",
    "keys_read",
    "fetches_total",
    'status!="200"',
    "reached!~",
}


@dataclass
class Prometheus:
    """A running Prometheus that reads one service."""

    base: str
    service: Served
    store: Path

    def asked(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.base}/api/v1/{path}", params=parameters, timeout=30).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, expression: str) -> list[tuple[dict[str, str], float]]:
        found = self.asked("query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def alerts(self) -> set[str]:
        """The alerts that fire, or would after their time."""
        return {alert["labels"]["alertname"] for alert in self.asked("alerts")["alerts"]}

    def call(self) -> None:
        answer = self.service.post(SIGN, sign(lorazepam()), headers={"Authorization": token()})
        assert answer.status_code == 200


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    program = shutil.which("prometheus") or str(ROOT / ".tools" / "prometheus")
    if not Path(program).exists():
        if os.environ.get("CI"):
            pytest.fail(NOT_THERE)
        pytest.skip(NOT_THERE)
    folder = tmp_path_factory.mktemp("prometheus")
    secret, store = folder / "secret", folder / "records.sqlite3"
    secret.write_text("of-the-operators", encoding="utf-8")
    settings = {
        "tenants": str(tenants_file(folder, general={"keys": public(ES384)})),
        "metrics_secret_file": str(secret),
        "store": str(store),
        "store_key_file": str(key_file(folder)),
        "store_seconds": 0.2,
    }
    with served(folder, development=True, **settings) as service:
        port = free_port()
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [
                {
                    "job_name": "benzo-cds",
                    "authorization": {"credentials_file": str(secret)},
                    "static_configs": [{"targets": [f"127.0.0.1:{service.port}"]}],
                }
            ],
        }
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
        with (folder / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    program,
                    f"--config.file={file}",
                    f"--storage.tsdb.path={folder / 'series'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        running = Prometheus(f"http://127.0.0.1:{port}", service, store)
        try:
            await_true(lambda: _is_up(running, process))
            yield running
        finally:
            process.terminate()
            process.wait(60)


def _is_up(running: Prometheus, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None
    try:
        return running.values('up{job="benzo-cds"}') != [] and running.values("up")[0][1] == 1.0
    except requests.RequestException:  # it does not listen, or is not ready and says so in plain text
        return False


def test_prometheus_reads_the_service_with_the_secret_and_all_it_says(prometheus: Prometheus) -> None:
    prometheus.call()
    counted = 'benzo_cds_calls_total{service="benzo-order-sign",status="200",tenant="general"}'
    await_true(lambda: [value for _, value in prometheus.values(counted)] == [1.0])
    (target,) = prometheus.asked("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    kinds = prometheus.asked("metadata")
    ours = {name: told[0]["type"] for name, told in kinds.items() if name.startswith("benzo_cds_")}
    assert ours["benzo_cds_calls_total"] == "counter"
    assert ours["benzo_cds_call_seconds"] == "histogram"
    assert ours["benzo_cds_store_up"] == "gauge"


def test_every_panel_of_the_dashboard_has_figures(prometheus: Prometheus) -> None:
    panels = {place: plain(text) for place, text in EXPRESSIONS.items() if not place.startswith("BenzoCds")}
    assert len(panels) > 25

    def has_figures(expression: str) -> bool:
        prometheus.call()
        return prometheus.values(expression) != []

    prometheus.service.post(SIGN, {}, headers={"Authorization": token(exp=1)})
    for text in panels.values():
        if not any(part in text for part in EMPTY):
            await_true(lambda expression=text: has_figures(expression))
    ((_, share),) = prometheus.values(plain(EXPRESSIONS["Share of calls with a card shown A"]))
    assert 0 < share <= 1


def test_with_a_store_that_is_down_its_alerts_are_raised_and_no_other(prometheus: Prometheus) -> None:
    await_true(lambda: prometheus.values("benzo_cds_store_up == 1") != [])
    assert prometheus.alerts() == set()
    with sqlite3.connect(prometheus.store, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        prometheus.call()
        await_true(lambda: prometheus.alerts() == {"BenzoCdsStoreDown", "BenzoCdsRecordsWait"})
        other.execute("ROLLBACK")
    await_true(lambda: prometheus.alerts() == set())
    assert json.loads(prometheus.service.get("/health/ready").text)["unsaved"] == 0
