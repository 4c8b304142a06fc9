"""The wheel stands alone: installed in a fresh environment outside the checkout, it assesses and it serves."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import cds_service
import fhir_fixtures
import rules
from fhir_fixtures import quirks, stories

ROOT = Path(__file__).parents[2]
STORY = ROOT / "fhir_fixtures" / "stories" / "total-load-lorazepam-four-milligrams" / "request.json"
PATIENCE = 60


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment outside the checkout with the wheel built from it, and its dependencies."""
    folder = tmp_path_factory.mktemp("outside")
    run = {"check": True, "capture_output": True, "text": True, "cwd": folder, "env": _clean_environment()}
    source = folder / "source"
    subprocess.run(["git", "-C", str(ROOT), "checkout-index", "--all", f"--prefix={source}/"], **run)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(source)], **run)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], **run)
    wheel = next(folder.glob("*.whl"))
    install = [str(folder / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--constraint", str(ROOT / "constraints.txt"), str(wheel)], **run)
    return folder / "venv"


def _clean_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def test_the_tests_themselves_run_on_the_wheel_unless_the_checkout_is_asked_for(request: pytest.FixtureRequest) -> None:
    if request.config.getini("pythonpath"):
        assert "CI" not in os.environ, "in CI the wheel is tested"
        pytest.skip("run from the checkout; `make test` runs on the wheel")
    for package in (rules, cds_service, fhir_fixtures):
        assert "site-packages" in Path(str(package.__file__)).parts


def test_it_assesses_from_outside_the_checkout(environment: Path, tmp_path: Path) -> None:
    command = [str(environment / "bin/benzo-cds"), "assess", str(STORY), "--on", "2026-11-22", "--json"]
    printed = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=tmp_path, env=_clean_environment()
    ).stdout
    # Lorazepam 4 mg a day is ordered; 1 mg = 10 mg diazepam (Ashton as ASAM 2025 prints it): 40.
    assert json.loads(printed)["load"]["with_order"]["used"] == 40


def test_it_carries_the_stories_and_the_quirks(environment: Path, tmp_path: Path) -> None:
    command = [str(environment / "bin/python"), "-c"]
    command.append("from fhir_fixtures import quirks, stories; print(len(quirks()), len(stories()))")
    run = {"check": True, "capture_output": True, "text": True, "cwd": tmp_path, "env": _clean_environment()}
    assert subprocess.run(command, **run).stdout.split() == [str(len(quirks())), str(len(stories()))]


@pytest.fixture
def service(environment: Path, tmp_path: Path) -> Iterator[str]:
    """The service started from the fresh environment, on a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(environment / "bin/benzo-cds"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, env=_clean_environment(), stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(PATIENCE * 10):
            try:
                urllib.request.urlopen(f"{address}/health/ready", timeout=1)
                break
            except OSError:
                assert process.poll() is None, "the service ended by itself"
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_it_serves_from_outside_the_checkout(service: str) -> None:
    with urllib.request.urlopen(f"{service}/cds-services", timeout=PATIENCE) as response:
        identities = [entry["id"] for entry in json.load(response)["services"]]
    assert "benzo-order-sign" in identities
    assert all(re.fullmatch(r"benzo-[a-z-]+", identity) for identity in identities)
