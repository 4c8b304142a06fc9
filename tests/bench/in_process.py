"""Measure on this machine: the knowledge, a judgement, a hook call, and that over HTTP. No time passes or fails."""

from __future__ import annotations

import copy
import os
import platform
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.fhir.reader import read_patient
from fhir_fixtures import stories
from rules import assess, load_knowledge

ON, STORY, LARGE_BODY = date(2026, 11, 22), "oxycodone-extended-with-immediate", 47_000
CALLS, CLIENTS, WORKERS = 300, 4, 2
PATH = "/cds-services/benzo-order-sign"
JSON = {"Content-Type": "application/json"}


def body_of(size: int = 0) -> dict[str, Any]:
    """The story's request, grown to about ``size`` bytes by earlier orders of the same medicines, a month apart."""
    (story,) = [each for each in stories() if each.slug == STORY]
    body = copy.deepcopy(dict(story.request or {}))
    bundle = body["prefetch"]["medicationRequests"]
    told = [entry["resource"] for entry in bundle["entry"]]
    while len(orjson.dumps(body)) < size:
        number = len(bundle["entry"])
        authored = (ON - timedelta(days=30 * (number // len(told)))).isoformat()
        earlier = {"id": f"earlier-{number}", "status": "completed", "authoredOn": authored}
        bundle["entry"].append({"resource": told[number % len(told)] | earlier})
        bundle["total"] = len(bundle["entry"])
    return body


def timed(what: str, work: Callable[[], object], calls: int = CALLS) -> tuple[str, list[float]]:
    """The milliseconds of each call; a first one is made and not taken."""
    work()
    return what, [milliseconds(work) for _ in range(calls)]


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def judgements() -> Iterator[tuple[str, list[float]]]:
    """Without HTTP: the knowledge, the judgement alone, and the whole call of the application."""
    yield timed("knowledge read from its files", load_knowledge.__wrapped__, 5)
    knowledge, settings = load_knowledge(), Settings()
    client = create_app(settings, clock=lambda: ON).test_client()
    for body in (body_of(), body_of(LARGE_BODY)):
        sent, size = orjson.dumps(body), f"{len(orjson.dumps(body)) / 1000:.0f} kB"
        context, found = body["context"], [value for value in body["prefetch"].values() if value]
        drafts = [entry["resource"] for entry in context["draftOrders"]["entry"]]
        patient = read_patient(found, patient_id=context["patientId"], drafts=drafts, zone=settings.zone)
        judged = f"judgement alone, {len(patient.regimens)} records of medication"
        yield timed(judged, lambda patient=patient: assess(patient, knowledge, ON))
        assert client.post(PATH, data=sent, headers=JSON).get_json()["cards"]
        yield timed(f"hook in process, {size}", lambda sent=sent: client.post(PATH, data=sent, headers=JSON).data)


def calls_over_http() -> Iterator[tuple[str, list[float]]]:
    """Against gunicorn on the loopback: one client that keeps its connection, then several that do not."""
    sent = orjson.dumps(body_of(LARGE_BODY))
    with served() as address, requests.Session() as session, ThreadPoolExecutor(CLIENTS) as clients:

        def call(by: Any) -> None:
            by.post(f"{address}{PATH}", data=sent, headers=JSON, timeout=30).raise_for_status()

        yield timed(f"hook over HTTP, {WORKERS} processes, 1 client", lambda: call(session))
        at_once = clients.map(lambda _: milliseconds(lambda: call(requests)), range(CALLS))
        yield f"hook over HTTP, {WORKERS} processes, {CLIENTS} clients at once", list(at_once)


@contextmanager
def served() -> Iterator[str]:
    """The service as it is deployed, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "cds_service.launch", "serve", "--port", address.rpartition(":")[2]]
    process = subprocess.Popen([*command, "--workers", str(WORKERS)], stderr=subprocess.DEVNULL)
    try:
        with requests.Session() as waiting:
            waiting.mount("http://", HTTPAdapter(max_retries=Retry(connect=20, backoff_factor=0.1, backoff_max=1)))
            waiting.get(f"{address}/health/ready", timeout=5).raise_for_status()
        yield address
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    cpus = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpus.read_text() if cpus.exists() else "model name: not known")
    print(f"{platform.platform()}, {os.cpu_count()} CPUs: {model and model[1]}. Python {platform.python_version()}.\n")
    print("| what | calls | p50, ms | p99, ms | longest, ms |\n|---|--:|--:|--:|--:|")
    for what, took in chain(judgements(), calls_over_http()):
        cuts = quantiles(took, n=100, method="inclusive")
        p99 = f"{cuts[98]:.1f}" if len(took) >= 100 else ""
        print(f"| {what} | {len(took)} | {cuts[49]:.1f} | {p99} | {max(took):.1f} |", flush=True)
