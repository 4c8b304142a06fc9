"""Do alerts and dashboard ask only for what /metrics has, do they fire when they must, and lead into the runbook?"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from caller import ES384, key_server, public, tenants_file, token
from ehr import ANSWERED, DAY, lorazepam, sign
from fhir_server import fhir_server
from prometheus_client.parser import text_string_to_metric_families
from stores import store_settings

from cds_service.app import create_app

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
UNIT_TESTS = RULES.with_name("alerts_test.yaml")
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
RUNBOOK = ROOT / "docs" / "runbook.md"
NOT_THERE = "promtool is not there: scripts/install-prometheus"
# Prometheus adds these itself; `le` is that of a histogram.
ADDED = {"job", "instance"}
SCRAPED = {"up": ADDED}

ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]


def expressions() -> dict[str, str]:
    """Every expression of the alerts and of the dashboard, by where it stands."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    found = {rule["alert"]: rule["expr"] for rule in ALERTS}
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            (metric,) = re.findall(r"^label_values\((.+), \w+\)$", variable["query"]["query"])
            found[f"variable {variable['name']}"] = metric
    return found


EXPRESSIONS = expressions()


def plain(expression: str) -> str:
    """An expression without the variables of Grafana."""
    return expression.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$tenant", ".*")


def promtool(*arguments: str | Path, folder: Path = ROOT) -> str:
    program = shutil.which("promtool") or str(ROOT / ".tools" / "promtool")
    if not Path(program).exists():
        if os.environ.get("CI"):
            pytest.fail(NOT_THERE)
        pytest.skip(NOT_THERE)
    done = subprocess.run(
        [program, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """The samples of /metrics after a few calls, each with its labels."""
    folder = tmp_path_factory.mktemp("metrics")
    with key_server(public(ES384)) as keys, fhir_server() as ehr:
        general = {"keys": {"jwks_url": keys.url}, "fhir_servers": [{"base": ehr.base, "private": True, "open": True}]}
        settings = store_settings(
            str(folder / "records.sqlite3"),
            folder,
            tenants=tenants_file(folder, general=general),
            development=True,
            tenant_calls_per_minute=5,
        )
        http = create_app(settings, clock=lambda: DAY).test_client()

        def call(body: dict[str, Any], to: str = "/benzo-order-sign", **claims: Any) -> None:
            http.post(f"/cds-services{to}", json=body, headers={"Authorization": token(to, **claims)})

        call(sign(lorazepam()))
        feedback = {"card": "nobody's", "outcome": "overridden", "outcomeTimestamp": ANSWERED}
        signed = {"Authorization": token("/benzo-order-sign/feedback")}
        http.post("/cds-services/benzo-order-sign/feedback", json={"feedback": [feedback]}, headers=signed)
        call(sign(lorazepam()) | {"prefetch": {}, "fhirServer": ehr.base})
        call({"hook": "order-sign"})
        call(sign(lorazepam()), exp=1)
        answers = [{"card": str(uuid4()), "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:05:31Z"}]
        call({"feedback": answers}, to="/benzo-order-sign/feedback")
        for _ in range(3):
            call(sign(lorazepam()))
        # What no call in a test brings about: a judgement that does not end.
        http.application.extensions["benzo-cds metrics"].out_of_time("benzo-order-sign", "general")
        text = http.get("/metrics").text
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_an_expression_names_only_metrics_and_labels_that_are_there(
    place: str, exposed: Mapping[str, set[str]]
) -> None:
    expression = EXPRESSIONS[place]
    known = SCRAPED | exposed
    selected = re.findall(r"\b(benzo_cds_\w+|up)(?:\{([^}]*)\})?", expression)
    assert selected
    for name, matchers in selected:
        assert name in known, f"{name} is not exposed; there are {', '.join(sorted(exposed))}"
        assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers)) <= known[name] | ADDED
    grouped = {label for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for label in group.split(", ")}
    assert grouped <= ADDED.union(*(known[name] for name, _ in selected))


def test_a_legend_or_a_text_names_only_labels_of_its_expression() -> None:
    texts = {rule["alert"]: " ".join(rule["annotations"].values()) for rule in ALERTS}
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            texts[f"{panel['title']} {target['refId']}"] = target["legendFormat"]
    for place, text in texts.items():
        labels = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", text)) - {"value"}
        grouped = re.findall(r"^\s*(?:\w+\()*.*?\bby \(([^)]*)\)", EXPRESSIONS[place], re.S)
        kept = set(grouped[0].split(", ")) if grouped else ADDED | {"file"}
        assert labels <= kept, place


def test_every_expression_can_be_read_by_prometheus(tmp_path: Path) -> None:
    rules = [{"record": f"dashboard:{number}", "expr": plain(text)} for number, text in enumerate(EXPRESSIONS.values())]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    assert f"{len(EXPRESSIONS)} rules found" in promtool("check", "rules", file)
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", RULES)


def test_the_alerts_fire_and_are_silent_where_their_unit_tests_say() -> None:
    assert "SUCCESS" in promtool("test", "rules", UNIT_TESTS.name, folder=UNIT_TESTS.parent)


def test_each_alert_has_a_case_where_it_fires_and_one_where_it_is_silent() -> None:
    cases = yaml.safe_load(UNIT_TESTS.read_text(encoding="utf-8"))["tests"]
    told = [(case["alertname"], bool(case.get("exp_alerts"))) for test in cases for case in test["alert_rule_test"]]
    assert set(told) == {(rule["alert"], fires) for rule in ALERTS for fires in (True, False)}


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_an_alert_leads_to_what_the_runbook_says_of_it(rule: dict[str, Any]) -> None:
    file, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (ROOT / file, anchor) == (RUNBOOK, rule["alert"].lower())
    text = RUNBOOK.read_text(encoding="utf-8")
    section = text.partition(f"\n### {rule['alert']}\n")[2].partition("\n##")[0]
    assert "**Means**" in section
    assert "**Do**" in section
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_the_runbook_explains_no_alert_that_is_not_there() -> None:
    explained = re.findall(r"^### (BenzoCds\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.M)
    assert explained == [rule["alert"] for rule in ALERTS]


def test_the_runbook_lists_every_metric_with_its_labels(exposed: Mapping[str, set[str]]) -> None:
    rows = re.findall(r"^\| `(benzo_cds_\w+)` \|([^|]*)\|", RUNBOOK.read_text(encoding="utf-8"), re.M)
    listed = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    histogram = {f"benzo_cds_{name}_seconds_{part}" for name in ("call", "turn") for part in ("sum", "count")}
    assert listed == {name: labels for name, labels in exposed.items() if name not in histogram}


def test_the_panels_of_the_dashboard_do_not_overlap_and_say_what_they_show() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_guides_scrape_configuration_can_be_used_with_the_alerts(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(# prometheus\.yml\n.*?)^```$", page, re.M | re.S)
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    (named,) = re.findall(r"credentials_file: ([^}]+)", block)
    (tmp_path / "prometheus.yml").write_text(block.replace(named, str(secret)), encoding="utf-8")
    shutil.copy(RULES, tmp_path)
    assert "SUCCESS" in promtool("check", "config", tmp_path / "prometheus.yml")
    assert [job["job_name"] for job in yaml.safe_load(block)["scrape_configs"]] == ["benzo-cds"]
