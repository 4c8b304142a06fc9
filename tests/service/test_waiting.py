"""Does a call that waits, for its FHIR server, its keys or its client, keep anybody else of the service waiting?"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, ISSUER, key_server, public, tenants_file, token
from ehr import bundle, lorazepam, order, prefetch, sign
from fhir_server import EMPTY, FhirServer, Reply, fhir_server
from served import Served, served
from stores import await_true, key_file

import cds_service

SIGN = "/cds-services/benzo-order-sign"
OXYCODONE = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)
ACCESS = {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}
COMPLETE = sign(lorazepam("draft-1"))
# Longer than any wait of these tests, so that nothing ends by the clock.
LONG = 25


@dataclass
class Held:
    """Replies that are held back until they are released; ``arrived``: how many were asked for."""

    reply: Reply
    released: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, _times: int) -> Reply:
        self.arrived.release()
        self.released.wait(60)
        return self.reply

    def await_one(self) -> None:
        assert self.arrived.acquire(timeout=60)


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with fhir_server() as running:
        yield running


@pytest.fixture
def held(server: FhirServer) -> Iterator[Held]:
    """The orders on record of the server, held back."""
    held = server.answers["MedicationRequest"] = Held(Reply(server.page(OXYCODONE)))
    yield held
    held.released.set()


def without_prefetch(server: FhirServer, **more: Any) -> dict[str, Any]:
    context = {"patientId": "p1", "draftOrders": bundle(lorazepam("draft-1"))}
    return {"hook": "order-sign", "hookInstance": "1", "fhirServer": server.base, "fhirAuthorization": ACCESS,
            "context": context} | more  # fmt: skip


@contextmanager
def one_worker(folder: Path, server: FhirServer, **settings: Any) -> Iterator[Served]:
    with served(
        folder, workers=1, fhir_servers=[server.base], fhir_deadline_seconds=LONG, fhir_connect_seconds=10, **settings
    ) as running:
        yield running


class Caller:
    """One call, made by a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._answers: list[Any] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(call()), daemon=True)
        self._thread.start()

    @property
    def waits(self) -> bool:
        return self._thread.is_alive()

    def answer(self) -> Any:
        self._thread.join(60)
        (answer,) = self._answers
        return answer


def test_a_call_that_brings_everything_is_answered_while_others_wait_for_a_fhir_server(
    tmp_path: Path, server: FhirServer, held: Held
) -> None:
    with one_worker(tmp_path, server) as running:
        waiting = [Caller(lambda: running.post(SIGN, without_prefetch(server))) for _ in range(8)]
        for _ in waiting:
            held.await_one()
        assert [running.post(SIGN, COMPLETE).status_code for _ in range(3)] == [200] * 3
        assert running.get("/health/ready").status_code == 200
        assert all(caller.waits for caller in waiting)
        held.released.set()
        for caller in waiting:
            answer = caller.answer()
            assert answer.status_code == 200
            assert "oxycodone" in answer.json()["cards"][0]["summary"]
        counted = running.get("/metrics").text
        assert "benzo_cds_turn_seconds_count 8.0" in counted
        assert 'benzo_cds_fetches_total{outcome="read",tenant="open"}' in counted


def test_calls_beyond_the_bound_do_not_wait_and_say_so(tmp_path: Path, server: FhirServer, held: Held) -> None:
    with one_worker(tmp_path, server, fhir_calls=2) as running:
        waiting = [Caller(lambda: running.post(SIGN, without_prefetch(server))) for _ in range(2)]
        for _ in waiting:
            held.await_one()
        refused = running.post(SIGN, without_prefetch(server))
        assert refused.status_code == 412
        assert "too many calls of this tenant wait" in refused.json()["issue"][0]["diagnostics"]
        # One that brought its orders is judged, and says what is missing.
        orders = {"medicationRequests": prefetch(OXYCODONE)["medicationRequests"]}
        (card,) = running.post(SIGN, without_prefetch(server, prefetch=orders)).json()["cards"]
        assert "oxycodone" in card["summary"]
        assert "problem list not supplied" in card["detail"]
        assert all(caller.waits for caller in waiting)
        held.released.set()
        assert [caller.answer().status_code for caller in waiting] == [200, 200]
        # The places are free again.
        assert running.post(SIGN, without_prefetch(server)).status_code == 200
        assert 'outcome="too_many_calls",tenant="open"} 9.0' in running.get("/metrics").text
        told = [json.loads(line) for line in running.printed().splitlines() if '"not fetched"' in line]
        assert "too many calls of this tenant wait for its FHIR server" in {line["reason"] for line in told}


def test_a_server_that_keeps_failing_is_left_alone(tmp_path: Path, server: FhirServer) -> None:
    # That it is tried again after the pause is in test_turns.py, where the test moves the clock.
    for asked in ("MedicationRequest", "MedicationStatement", "MedicationDispense", "Condition", "Patient/p1"):
        server.answers[asked] = Reply(EMPTY, 500)
    with one_worker(tmp_path, server, fhir_failures=3, fhir_pause_seconds=300) as running:

        def told() -> str:
            answer = running.post(SIGN, without_prefetch(server))
            return str(answer.json()["issue"][0]["diagnostics"]) if answer.status_code == 412 else "judged"

        assert ["the FHIR server failed" in told() for _ in range(3)] == [True] * 3
        asked = len(server.asked)
        assert "kept failing and is left alone" in told()
        assert len(server.asked) == asked
        assert running.printed().count('"fhir server left alone"') == 1
        assert 'outcome="left_alone",tenant="open"' in running.get("/metrics").text


def test_waiting_does_not_count_as_judging(tmp_path: Path, server: FhirServer) -> None:
    # It waits for longer than it may be judged, which is far longer than a busy machine needs to judge it.
    server.answers["MedicationRequest"] = Reply(server.page(OXYCODONE), delay=6)
    with one_worker(tmp_path, server, call_seconds=5) as running:
        # The first judgement of a process takes longest.
        assert running.post(SIGN, COMPLETE).status_code == 200
        (card,) = running.post(SIGN, without_prefetch(server)).json()["cards"]
        assert "could not be worked out in time" not in card["detail"]
        assert "oxycodone" in card["summary"]


def test_nothing_is_lost_when_a_worker_is_stopped_while_calls_wait(
    tmp_path: Path, server: FhirServer, held: Held
) -> None:
    store = {"store": str(tmp_path / "records.sqlite3"), "store_key_file": str(key_file(tmp_path))}
    with one_worker(tmp_path, server, finish_seconds=60, **store) as running:
        waiting = [Caller(lambda: running.post(SIGN, without_prefetch(server))) for _ in range(4)]
        for _ in waiting:
            held.await_one()
        (worker,) = running.workers()
        running.terminate()
        await_true(lambda: not _is_listening(running))
        assert all(caller.waits for caller in waiting)
        assert worker in running.workers()
        held.released.set()
        assert [caller.answer().status_code for caller in waiting] == [200] * 4
        assert running.process.wait(60) == 0
    with sqlite3.connect(tmp_path / "records.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM evaluations").fetchone() == (4,)


def _is_listening(running: Served) -> bool:
    try:
        socket.create_connection(("127.0.0.1", running.port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_worker_that_is_replaced_finishes_its_waiting_calls(tmp_path: Path, server: FhirServer, held: Held) -> None:
    with served(
        tmp_path, workers=2, fhir_servers=[server.base], fhir_deadline_seconds=LONG, fhir_connect_seconds=10
    ) as running:
        waiting = [Caller(lambda: running.post(SIGN, without_prefetch(server))) for _ in range(6)]
        for _ in waiting:
            held.await_one()
        before = running.workers()
        for worker in before:
            os.kill(worker, signal.SIGTERM)
        held.released.set()
        assert [caller.answer().status_code for caller in waiting] == [200] * 6
        await_true(lambda: not set(running.workers()) & set(before))
        assert running.post(SIGN, COMPLETE).status_code == 200


def test_a_body_that_comes_slowly_keeps_nobody_waiting(tmp_path: Path, server: FhirServer) -> None:
    body = json.dumps(COMPLETE).encode()
    head = f"POST {SIGN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with one_worker(tmp_path, server) as running:
        slow = [socket.create_connection(("127.0.0.1", running.port), timeout=60) for _ in range(20)]
        for number, connection in enumerate(slow):
            # Some in the middle of the head, some in the middle of the body.
            connection.sendall((head.encode() + body)[: 20 if number % 2 else len(head) + 100])
        assert running.post(SIGN, COMPLETE).status_code == 200
        for number, connection in enumerate(slow):
            connection.sendall((head.encode() + body)[20 if number % 2 else len(head) + 100 :])
        for connection in slow:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            connection.close()


PATIENT = """
import cds_service.config.limits

cds_service.config.limits.KEYS_DEADLINE_SECONDS = 60
"""


def test_keys_that_come_slowly_keep_other_tenants_from_nothing_and_are_fetched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(PATIENT)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(cds_service.__file__).parents[1]}")
    with key_server(public(ES384)) as keys:
        held = Held(Reply())
        keys.before = lambda: held(0)
        other = {"issuer": f"{ISSUER}/other"}
        file = tenants_file(tmp_path, slow={"keys": {"jwks_url": keys.url}}, other=other)
        with served(tmp_path, workers=1, tenants=str(file), development=True) as running:

            def call(**claims: str) -> int:
                signed = {"Authorization": token("/benzo-order-sign", **claims)}
                return running.post(SIGN, COMPLETE, headers=signed).status_code

            waiting = [Caller(call) for _ in range(5)]
            held.await_one()
            assert call(iss=f"{ISSUER}/other") == 200
            assert all(caller.waits for caller in waiting)
            held.released.set()
            assert [caller.answer() for caller in waiting] == [200] * 5
            assert keys.asked == 1


SLOW_PAGE = """
import os
import time
from pathlib import Path

import cds_service.review.performance as page

whole, folder = page.performance, Path(os.environ["HELD_IN"])


def held_back(*arguments):
    (folder / "asked").touch()
    while not (folder / "released").exists():
        time.sleep(0.01)
    return whole(*arguments)


page.performance = held_back
"""


def test_the_page_of_the_findings_keeps_nobody_waiting_while_it_reads_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW_PAGE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(cds_service.__file__).parents[1]}")
    monkeypatch.setenv("HELD_IN", str(tmp_path))
    store = {"store": str(tmp_path / "records.sqlite3"), "store_key_file": str(key_file(tmp_path))}
    with served(tmp_path, workers=1, **store) as running:
        page = Caller(lambda: running.get("/review/performance"))
        await_true((tmp_path / "asked").exists)
        assert page.waits
        # Its record is written as well.
        assert running.post(SIGN, COMPLETE).status_code == 200
        assert page.waits
        (tmp_path / "released").touch()
        assert page.answer().status_code == 200
