"""Does what the deployment guide gives to be copied do what it says, as it stands on the page?"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sandbox_server import served_sandbox
from served import free_port, served

from cds_service.__main__ import main
from cds_service.commands.parser import build_parser
from cds_service.config import PREFIX, Settings
from cds_service.trust.tenant_file import read_tenants
from fhir_fixtures import stories
from rules import load_knowledge

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
LOCAL = "http://127.0.0.1:8088/cds-services"


def blocks(kind: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.M | re.S)


MAKE_EHR, CALL, CHART = blocks("python")


def run(script: str, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def with_tenants(folder: Path, port: int) -> str:
    """The base of a service that will listen there, with the file of tenants of the page for it."""
    base = LOCAL.replace("8088", str(port))
    run(MAKE_EHR, folder, base)
    return base


def test_a_signed_call_gives_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr("served.free_port", lambda: port)
    base = with_tenants(tmp_path, port)
    with served(tmp_path, tenants=str(tmp_path / "tenants.yaml"), store=str(tmp_path / "records.sqlite3")) as running:
        settings = run(CALL, tmp_path, base)
        log = running.printed()
    assert settings in blocks("")
    reasons = re.findall(r'"event":"not admitted","process":\d+,"reason":"([^"]+)","issuer_of":"test-ehr"', log)
    assert reasons == ["used before", "expired", "meant for another audience"]


def test_the_files_are_for_the_address_that_the_page_serves_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(MAKE_EHR, tmp_path)
    assert (tmp_path / "ehr.private.json").stat().st_mode & 0o077 == 0
    assert LOCAL in CALL
    monkeypatch.setenv("BENZO_CDS_TENANTS", str(tmp_path / "tenants.yaml"))
    assert main(["config", "check"]) == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("tenant ")]
    assert line == f"tenant test-ehr: mode on; keys test-1 of the file; audiences {LOCAL}"
    assert line.partition("; audiences")[0] in PAGE


def test_a_chart_of_another_fhir_server_is_judged_in_shadow_mode_and_then_shown_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here of the sandbox; `test_independent_server.py` asks one that is not ours."""
    port = free_port()
    monkeypatch.setattr("served.free_port", lambda: port)
    base = with_tenants(tmp_path, port)
    (tmp_path / "call.py").write_text(CALL, encoding="utf-8")
    (added,) = [block for block in blocks("yaml") if "mode: shadow" in block and "fhir_servers" in block]
    tenants = tmp_path / "tenants.yaml"
    store = str(tmp_path / "records.sqlite3")
    with served_sandbox([]) as fhir:
        text = tenants.read_text(encoding="utf-8") + added.replace("http://127.0.0.1:8077/fhir", fhir)
        tenants.write_text(text, encoding="utf-8")
        with served(tmp_path, tenants=str(tenants), development="true", store=store):
            assert run(CHART, tmp_path, base, fhir) == "patient-view: 200\n"
            unlisted = run(CHART, tmp_path, base, fhir.replace("/fhir", "/elsewhere"), "first-chart")
            assert unlisted.startswith("patient-view: 412\n  Prefetch data is missing: medicationRequests.")
        tenants.write_text(text.replace("mode: shadow", "mode: on"), encoding="utf-8")
        with served(tmp_path, tenants=str(tenants), development="true", store=store):
            assert f"```\n{run(CHART, tmp_path, base, fhir, 'first-chart')}```\n" in PAGE
    monkeypatch.setenv("BENZO_CDS_STORE", store)
    capsys.readouterr()
    assert main(["report", "--tenant", "test-ehr", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    shadowed = {row["finding"] for row in rows if row["verdicts"].get("shadowed")}
    assert len(shadowed) == 3
    assert all(f"`{name}`" in PAGE for name in shadowed)


def test_the_base_for_fetched_records_can_be_added_to_that_file(tmp_path: Path) -> None:
    run(MAKE_EHR, tmp_path)
    added = next(block for block in blocks("yaml") if "fhir_servers" in block)
    text = (tmp_path / "tenants.yaml").read_text(encoding="utf-8") + added
    (block,) = read_tenants(text, tmp_path, development=True).tenants.values()
    assert [(server.base, server.private) for server in block.fhir_servers] == [("http://127.0.0.1:8077/fhir", True)]


def test_the_story_of_the_first_answer_is_there_and_has_a_card(tmp_path: Path) -> None:
    (folder,) = re.findall(r"^STORY=(\S+)$", PAGE, re.M)
    body = json.loads((ROOT / folder / "request.json").read_bytes())
    assert Path(folder).name in {story.slug for story in stories()}
    with served(tmp_path) as running:
        answer = running.post("/cds-services/benzo-order-sign", body)
    assert answer.status_code == 200
    assert main(["assess", str(ROOT / folder / "request.json"), "--on", "2026-11-22"]) == 0


def test_the_policy_of_the_page_can_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(next(block for block in blocks("yaml") if "default_table" in block), encoding="utf-8")
    assert main(["knowledge", "diff", str(file)]) == 1
    assert "2026.11.3+site" in capsys.readouterr().out


def test_the_example_of_the_page_of_tenants_can_be_used(tmp_path: Path) -> None:
    """The examples of known clients on that page are tested in ``test_known_clients.py``."""
    example, *_ = blocks("yaml", (ROOT / "docs" / "tenants.md").read_text(encoding="utf-8"))
    (block,) = read_tenants(example, tmp_path).tenants.values()
    assert block.mode == "shadow"


def test_the_orders_of_the_page_of_tenants_can_be_used_and_its_table_names_each_thing(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tenants.md").read_text(encoding="utf-8")
    example, *_ = blocks("yaml", text)
    (orders,) = [block for block in blocks("yaml", text) if "cbt-i: false" in block]
    (block,) = read_tenants(example.replace("    orders: epic ", orders + "    # "), tmp_path).tenants.values()
    filed = block.orders.orderables()
    assert set(filed.own) == {"naloxone", "addiction-medicine", "cbt-i"}
    table = text.partition("| name | is offered as |")[2].partition("Each takes")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) == set(load_knowledge().suggestions.offers)


def test_the_file_of_compose_has_settings_and_commands_that_are_ours() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"BENZO_CDS_[A-Z_]+", text)) <= known
    services = yaml.safe_load(text)["services"]
    assert services.keys() == {"proxy", "benzo-cds", "postgres", "purge", "verify"}
    for name in ("purge", "verify"):
        program, *arguments = services[name]["command"]
        assert program == "benzo-cds"
        assert build_parser().parse_args(arguments).run
        assert set(services[name]["secrets"]) <= set(yaml.safe_load(text)["secrets"])


STUBS = {
    # As the programs that they take the place of, where a test may run those.
    "sudo": 'exec "$@"',
    "make": "mkdir -p dist && touch dist/benzo_cds-0-py3-none-any.whl",
    "pip": 'echo "pip $@" >> "$CALLED"',
    "systemctl": 'echo "systemctl $@" >> "$CALLED"',
    "systemd-sysusers": 'echo "systemd-sysusers $@" >> "$CALLED"',
    "benzo-cds-run": 'echo "benzo-cds-run $@" >> "$CALLED"',
    "curl": 'echo "curl $@" >> "$CALLED"',
    "python3": 'mkdir -p "$3/bin" && cp "$STUBS/pip" "$3/bin/pip"',
}


def test_the_commands_for_systemd_install_what_the_units_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = PAGE.partition("## On one machine, with systemd")[2].partition("\n## ")[0]
    (commands,) = re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)
    stubs, root, checkout = tmp_path / "stubs", tmp_path / "root", tmp_path / "checkout"
    for folder in (stubs, root / "etc/systemd/system", checkout):
        folder.mkdir(parents=True)
    for name, text in STUBS.items():
        (stubs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (stubs / name).chmod(0o755)
    shutil.copytree(ROOT / "deploy", checkout / "deploy")
    (checkout / "tenants.yaml").write_text("tenants: {}\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{stubs}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLED", str(tmp_path / "called"))
    monkeypatch.setenv("STUBS", str(stubs))
    here = re.sub(r"(?<= )/(?=(etc|opt|usr)/)", f"{root}/", commands)
    here = re.sub(r"-g benzo-cds", f"-g {os.getgid()}", here)
    done = subprocess.run(["sh", "-eux", "-c", here], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    etc = root / "etc" / "benzo-cds"
    modes = {file.relative_to(etc).as_posix(): file.stat().st_mode & 0o777 for file in etc.rglob("*")}
    assert modes == {
        "environment": 0o640,
        "tenants.yaml": 0o640,
        "metrics-secret": 0o640,
        "secrets": 0o700,
        "secrets/store-key": 0o600,
    }
    for secret in ("metrics-secret", "secrets/store-key"):
        assert re.fullmatch("[0-9a-f]{64}", (etc / secret).read_text(encoding="utf-8").strip())
    units = {file.name for file in (root / "etc/systemd/system").iterdir()}
    called = (tmp_path / "called").read_text(encoding="utf-8")
    enabled = set(re.findall(r"benzo-cds[a-z-]*\.(?:service|timer)", called))
    assert enabled == {"benzo-cds.service", "benzo-cds-purge.timer", "benzo-cds-verify.timer"}
    assert enabled <= units
    for command in re.findall(r"^benzo-cds-run (.*)$", called, re.M):
        assert build_parser().parse_args(command.split()).run
    # Each file of the settings, and the anchor, is where the units look for it.
    told = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "deploy" / "systemd").iterdir())
    for file in re.findall(r"/etc/benzo-cds/[a-z-]+(?:[./][a-z-]+)*", told):
        assert file.endswith("/store-password") or (root / file.lstrip("/")).exists(), file
    assert "audit anchor /var/lib/benzo-cds-anchor/anchor" in called
