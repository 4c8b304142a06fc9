"""Without HTTP: the knowledge read, a judgement alone, and a whole call inside the application."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import quantiles
from typing import Any

import orjson

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.fhir.reader import read_patient
from fhir_fixtures import stories
from rules import assess, load_knowledge

ON, STORY, LARGE_BODY = date(2026, 11, 22), "oxycodone-extended-with-immediate", 47_000
CALLS = 300
PATH = "/cds-services/benzo-order-sign"
JSON = {"Content-Type": "application/json"}


def table() -> Iterator[str]:
    """The rows; a percentile of few calls is left out."""
    yield "| in process, of one story | calls | p50, ms | p99, ms |"
    yield "|---|--:|--:|--:|"
    for what, took in judgements():
        cuts = quantiles(took, n=100, method="inclusive")
        yield f"| {what} | {len(took)} | {cuts[49]:.1f} | {f'{cuts[98]:.1f}' if len(took) >= 100 else ''} |"


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
    knowledge, settings = load_knowledge(), Settings(remember_seconds=0)
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
