"""Is every line that a served service prints JSON of one form, from its start over a crash to its end?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from ehr import lorazepam, sign
from load import Load
from served import free_port, served
from stores import await_true

import cds_service
from cds_service import logs

SIGN = "/cds-services/benzo-order-sign"
FIRST = ["time", "level", "event", "process"]
# Faults that a served process may meet: in a thread, in a destructor, a warning, a library that quotes an address.
FAULTS = """
import logging, threading, warnings
import cds_service.hooks.judge as judge

class Dropped:
    def __del__(self):
        raise ValueError("Marigold")

def fail():
    raise ValueError("Marigold")

def faulty(*_, **__):
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Dropped()
    warnings.warn("Marigold")
    logging.getLogger("urllib3.connectionpool").warning("Failed to parse headers (url=%s)", "/Patient/Marigold")
    logging.getLogger("urllib3.connectionpool").debug("Marigold")
    raise SystemError("Marigold")

judge.assess = faulty
"""


def lines_of(text: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line for line in lines if list(line)[:4] != FIRST] == []
    assert all(line["time"].endswith("Z") for line in lines)
    return lines


def messages(lines: list[dict[str, Any]]) -> str:
    return "\n".join(line["message"] for line in lines if line["event"] == "server")


def test_start_call_crash_hang_up_and_stop_are_lines_of_one_form(tmp_path: Path) -> None:
    with served(tmp_path, store=str(tmp_path / "records.sqlite3")) as running:
        running.post(SIGN, sign(lorazepam()))
        running.raw(b"Marigold\r\n\r\n")
        killed = running.workers()[0]
        os.kill(killed, signal.SIGKILL)
        await_true(lambda: f"(pid:{killed}) was sent SIGKILL" in running.printed())
        before = set(running.workers())
        running.process.send_signal(signal.SIGHUP)
        await_true(lambda: len(running.workers()) == 2 and not before & set(running.workers()))
        running.terminate()
        assert running.process.wait(60) == 0
        lines = lines_of(running.printed())
    said = messages(lines)
    for part in ("Starting gunicorn", "Listening at", "Booting worker", "SIGKILL", "Hang up", "term", "Shutting down"):
        assert part in said
    assert {"server", "answered"} <= {line["event"] for line in lines}
    assert "Marigold" not in running.printed()


def test_other_signals_neither_stop_the_service_nor_spoil_its_log(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        for number, workers in {
            signal.SIGUSR1: 2,
            signal.SIGUSR2: 2,
            signal.SIGWINCH: 2,
            signal.SIGTTIN: 3,
            signal.SIGTTOU: 2,
        }.items():
            told = f"Handling signal: {number.name.removeprefix('SIG').lower()}"
            running.process.send_signal(number)
            await_true(lambda told=told: told in running.printed())
            await_true(lambda workers=workers: len(running.workers()) == workers)
            assert running.get("/health/ready").status_code == 200
        lines_of(running.printed())


def test_what_nothing_catches_is_a_line_without_its_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAULTS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(cds_service.__file__).parents[1]}")
    with served(tmp_path, log_level="DEBUG", workers=1) as running:
        assert running.post(SIGN, sign(lorazepam())).status_code == 500
        lines = lines_of(running.printed())
    assert [line["error"] for line in lines if line["event"] == "failed"] == ["ValueError", "ValueError", "SystemError"]
    foreign = [line for line in lines if line["event"] == "library"]
    assert [line["logger"] for line in foreign] == ["py.warnings", "urllib3.connectionpool"]
    assert foreign[1]["place"].endswith(" faulty")
    assert "Marigold" not in running.printed()


@pytest.mark.parametrize(
    ("options", "settings", "why"),
    [
        (("--host", "0.0.0.0"), {}, "refusing to listen"),
        ((), {"BENZO_CDS_PORT": "Marigold"}, "BENZO_CDS_PORT"),
        ((), {"BENZO_CDS_STORE": "postgresql://user@nowhere/x"}, "BENZO_CDS_STORE_KEY_FILE"),
    ],
)
def test_a_service_that_does_not_start_says_why_in_a_line_of_the_log(
    options: tuple[str, ...], settings: dict[str, str], why: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "cds_service", "serve", "--port", str(free_port()), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BENZO_CDS_")}
    environment["TMPDIR"] = str(tmp_path)
    ended = subprocess.run(command, env=environment | settings, capture_output=True, text=True, timeout=60, check=False)
    (line,) = lines_of(ended.stderr)
    assert (ended.returncode, line["event"], line["level"]) == (2, "cannot start", "critical")
    assert why in line["problems"][0]
    assert "Marigold" not in ended.stderr
    # A service that is started again and again leaves nothing behind.
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_whole_process_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    try:
        raise KeyError("Marigold")
    except KeyError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("Marigold", stacklevel=1)
    # A key of a file may be half of a surrogate pair.
    logs.cannot_start(["\ud800"])
    told = capsys.readouterr().err
    assert [line["event"] for line in lines_of(told)] == ["failed", "library", "cannot start"]
    assert "Marigold" not in told


def test_a_hang_up_under_load_replaces_all_processes_and_loses_no_call(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        load = Load(running, callers=4)
        load.until(20)
        before = set(running.workers())
        running.process.send_signal(signal.SIGHUP)
        await_true(lambda: len(running.workers()) == 2 and not before & set(running.workers()))
        load.until(load.answered + 20)
        load.end()
        assert load.wrong == []
