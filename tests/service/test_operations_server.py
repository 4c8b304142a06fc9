"""Does the running service keep its calls when workers die and when it is stopped, and survive slow callers?"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ehr import lorazepam, metformin, order, prefetch, request, sign
from load import Load
from served import Served, free_port, served

import cds_service

SIGN = "/cds-services/benzo-order-sign"
BODY = sign(lorazepam())
JSON_HEAD = f"POST {SIGN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_two_workers_killed_under_load_lose_no_more_than_what_they_had_in_hand(tmp_path: Path) -> None:
    callers = 4
    with served(tmp_path) as running:
        load = Load(running, callers)
        load.until(20)
        killed = running.workers()[:2]
        for number in killed:
            os.kill(number, signal.SIGKILL)
        load.until(load.answered + 40)
        load.end()
        assert len(killed) == 2
        # Each caller has one call in hand, and a process may have those of all.
        assert len(load.wrong) <= callers, load.wrong
        assert not set(running.workers()) & set(killed)


def test_a_stop_under_load_loses_nothing_and_is_told_before(tmp_path: Path) -> None:
    with served(tmp_path, drain_seconds=3) as running:
        load = Load(running, callers=4)
        load.until(20)
        running.terminate()
        load.join()
        assert load.wrong == []
        draining = running.get("/health/ready")
        assert (draining.status_code, draining.json()["status"]) == (503, "draining")
        assert running.post(SIGN, BODY).status_code == 200
        assert running.process.wait(30) == 0


def test_a_call_in_hand_is_finished_when_the_service_is_stopped(tmp_path: Path) -> None:
    large = json.dumps(sign(lorazepam(), *(metformin(f"m{number}") for number in range(3_000)))).encode()
    with served(tmp_path, drain_seconds=1) as running:
        found: list[int] = []
        caller = threading.Thread(target=lambda: found.append(running.post(SIGN, large).status_code))
        caller.start()
        time.sleep(0.2)
        running.terminate()
        caller.join(30)
        assert found == [200]
        assert running.process.wait(30) == 0


def test_a_port_that_is_taken_is_told_in_our_own_words(service: Served) -> None:
    command = [sys.executable, "-m", "cds_service", "serve", "--port", str(service.port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1, port {service.port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_counts_of_all_workers_are_added_up_and_outlive_a_worker(tmp_path: Path) -> None:
    def calls(running: Served) -> float:
        found = re.search(
            r'benzo_cds_calls_total\{service="benzo-order-sign",status="200",tenant="open"\} (\S+)',
            running.get("/metrics").text,
        )
        return float(found[1]) if found else 0.0

    with served(tmp_path) as running:
        for _ in range(20):
            requests.post(running.base + SIGN, json=BODY, timeout=30)
        assert [calls(running) for _ in range(4)] == [20.0] * 4
        os.kill(running.workers()[0], signal.SIGTERM)
        for _ in range(10):
            requests.post(running.base + SIGN, json=BODY, timeout=30)
        assert calls(running) == 30.0


def test_workers_are_replaced_after_so_many_calls_and_nothing_is_lost(tmp_path: Path) -> None:
    with served(tmp_path, max_requests=5) as running:
        before = set(running.workers())
        assert [running.post(SIGN, BODY).status_code for _ in range(30)] == [200] * 30
        assert set(running.workers()) != before


def test_the_folder_of_the_counts_goes_with_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "counts"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with served(tmp_path) as running:
        assert list(folder.glob("benzo-cds-*"))
        running.terminate()
        running.process.wait(30)
    assert list(folder.glob("benzo-cds-*")) == []


# -- attacks on the connection itself


def test_callers_that_never_finish_their_request_do_not_keep_the_service(service: Served) -> None:
    """Slowloris: as many of them as there are workers, a byte a second."""
    going = threading.Event()

    def drip() -> None:
        with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
            connection.sendall(b"POST " + SIGN.encode() + b" HTTP/1.1\r\nHost: localhost\r\n")
            while not going.wait(1):
                try:
                    connection.sendall(b"X")
                except OSError:
                    return

    slow = [threading.Thread(target=drip, daemon=True) for _ in range(2)]
    before = service.workers()
    for thread in slow:
        thread.start()
    try:
        assert service.post(SIGN, BODY).status_code == 200
    finally:
        going.set()
        for thread in slow:
            thread.join(30)
    assert service.workers() == before


def test_a_body_that_never_comes_is_given_up(service: Served) -> None:
    head = f"{JSON_HEAD}Content-Length: 1000\r\n\r\n{{"
    answered = service.raw(head.encode(), wait=30)
    assert answered.startswith(b"HTTP/1.1 408")
    assert b"OperationOutcome" in answered
    assert service.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"Marigold\r\n\r\n",
        b"GET /Marigold\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: Marigold\r\n\r\n",
        b"GET / HTTP/1.1\r\nMari gold: x\r\n\r\n",
        b"GET /" + b"Marigold" * 2_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Marigold\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nMarigold",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\nMarigold",
    ],
)
def test_what_is_no_http_is_refused_without_a_word_of_it(service: Served, data: bytes) -> None:
    answered = service.raw(data)
    assert answered.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 505"))
    assert b"Marigold" not in answered
    assert "Marigold" not in service.printed()


def test_fifty_megabytes_are_refused(service: Served) -> None:
    before = service.workers()
    head = f"{JSON_HEAD}Content-Length: 50000000\r\n\r\n"
    answered = bytearray()
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(head.encode())
        # Refused by what was declared, before it has come.
        answered += connection.recv(65_536)
    assert answered.startswith(b"HTTP/1.1 413")
    chunk = b"%x\r\n" % 100_000 + b" " * 100_000 + b"\r\n"
    chunked = f"{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(chunked.encode())
        try:
            for _ in range(500):
                connection.sendall(chunk)
        except OSError:
            pass  # it does not listen to the end
    assert service.post(SIGN, BODY).status_code == 200
    assert service.workers() == before


def test_it_listens_where_it_is_told() -> None:
    port = free_port()
    command = [sys.executable, "-m", "cds_service", "serve", "--host", "0.0.0.0", "--port", str(port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "refusing to listen" in ended.stderr


# -- a judgement that does not end in time

SLOW = """
import time
import cds_service.hooks.judge as judge

def endless(*_, **__):
    while True:
        time.sleep(0.01)

judge.assess = endless
"""


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A running service whose judgements never end."""
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    code = Path(cds_service.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{code}")
    with served(tmp_path, call_seconds=0.3, workers=1, remember_seconds=120) as running:
        yield running


def test_a_call_that_runs_out_of_time_names_what_is_ordered_and_what_is_there(slow: Served) -> None:
    def told(*drafts: dict[str, Any], record: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = slow.post(SIGN, sign(*drafts, prefetch=prefetch(*record)))
        assert answer.status_code == 200
        return list(answer.json()["cards"])

    opioid = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)
    (card,) = told(opioid, record=[lorazepam("old")])
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("Lorazepam with oxycodone can slow or stop breathing")
    assert "could not be worked out in time" in card["detail"]
    # An order that is not active is not there.
    (card,) = told(opioid, record=[lorazepam("old", status="stopped")])
    assert (card["indicator"], card["summary"]) == ("info", "Oxycodone: the load could not be worked out in time")
    (card,) = told(lorazepam(), record=[metformin()])
    assert card["indicator"] == "info"
    assert told(metformin(), record=[lorazepam("old")]) == []
    # Without drafts no card would say that nothing is there.
    answer = slow.post("/cds-services/benzo-patient-view", request("patient-view"))
    assert answer.status_code == 503

    counted = slow.get("/metrics").text
    assert 'benzo_cds_out_of_time_total{service="benzo-order-sign",tenant="open"} 3.0' in counted
    assert 'benzo_cds_out_of_time_total{service="benzo-patient-view",tenant="open"} 1.0' in counted
    lines = [json.loads(line) for line in slow.printed().splitlines() if '"answered"' in line]
    assert sum(line.get("out_of_time", False) for line in lines) == 4
