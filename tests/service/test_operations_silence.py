"""Is a patient, a drug or a token to be found anywhere but in the cards?

Every story and quirk is sent to the running service with a mark in every text of it that names or describes somebody or
something, whole and broken, with tokens and to a FHIR server that are marked as well. Then everything that it printed,
counted, refused and linked to is searched for the mark.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from caller import OTHER_ES384, tenants_file, token
from fhir_server import Reply, fhir_server
from served import Served, served
from stores import key_file

from fhir_fixtures import quirks, stories

MARK = "Qyxmark"
# What is said in the words of a standard; everything else may name somebody.
WORDS_OF_STANDARDS = {
    "resourceType", "hook", "status", "intent", "system", "code", "unit", "periodUnit", "boundsUnit", "type", "mode",
    "authoredOn", "birthDate", "gender", "start", "end", "whenHandedOver", "token_type", "fhirServer", "url", "use",
    "relation", "durationUnit", "dayOfWeek", "when", "timeOfDay", "selections", "reference", "id", "fullUrl",
}  # fmt: skip


def marked(value: object, key: str = "") -> Any:
    """The value with the mark in each of its texts; ids and references keep agreeing with each other."""
    if isinstance(value, dict):
        return {name: marked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [marked(item, key) for item in value]
    if not isinstance(value, str):
        return value
    if key in ("id", "reference", "selections", "fullUrl", "patientId", "encounterId", "userId"):
        return value if value.startswith("#") else f"{value}-{MARK}"
    return value if key in WORDS_OF_STANDARDS else f"{value} {MARK}"


def named(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with who it is of, at every place that has somebody's name or number."""
    return resource | {
        "identifier": [{"value": MARK}],
        "text": {"status": "generated", "div": f"<div>{MARK}</div>"},
        "note": [{"text": MARK}],
    }


def bodies() -> Iterator[tuple[str, bytes]]:
    """Every request of the fixtures by its hook, marked, whole and broken."""
    documents = [(story.hook, dict(story.request)) for story in stories() if story.request is not None]
    for quirk in quirks():
        if quirk.is_request:
            try:
                documents.append((quirk.hook, json.loads(quirk.sent)))
            except ValueError:
                yield quirk.hook, quirk.sent.replace(b'"', f'"{MARK}'.encode(), 3)
    for number, (hook, document) in enumerate(documents):
        whole = marked(document)
        prefetch = whole.get("prefetch")
        if isinstance(prefetch, dict) and isinstance(prefetch.get("patient"), dict):
            prefetch["patient"] = named(prefetch["patient"]) | {
                "name": [{"family": MARK}],
                "telecom": [{"value": MARK}],
            }
        text = json.dumps(whole).encode()
        assert MARK.encode() in text
        yield hook, text
        broken = [
            text[: len(text) // 2],
            text.replace(b'"context"', b'"kontext"', 1),
            text[:-1] + f', "{MARK}": 1, "{MARK}": 2}}'.encode(),
            json.dumps(whole | {"hook": MARK}).encode(),
            json.dumps(whole | {"context": whole["context"] | {"patientId": [MARK]}}).encode(),
            json.dumps({name: item for name, item in whole.items() if name != "prefetch"}).encode(),
        ]
        yield hook, broken[number % len(broken)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What came of sending everything: the refusals, the cards, the log and the counts."""
    folder: Path = tmp_path_factory.mktemp("silence")
    with fhir_server() as ehr:
        for key, reply in {
            "MedicationRequest": Reply({"resourceType": "OperationOutcome", "issue": [{"diagnostics": MARK}]}, 500),
            "MedicationStatement": Reply(f"<html>{MARK}</html>".encode()),
            "MedicationDispense": Reply({}, 302, {"Location": f"http://{MARK}.example/"}),
            "Condition": Reply(ehr.page(named({"resourceType": "Condition", "id": MARK, "code": {"text": MARK}}))),
        }.items():
            ehr.answers[key] = reply
        block = {"fhir_servers": [{"base": ehr.base, "private": True}]}
        file = tenants_file(folder, general=block)
        store = {"store": str(folder / "records.sqlite3"), "store_key_file": str(key_file(folder))}
        with served(folder, tenants=str(file), development=True, log_level="DEBUG", **store) as running:
            sent = _send_all(running, ehr.base)
            yield sent | {"store": folder / "records.sqlite3"}


def _send_all(running: Served, server: str) -> dict[str, Any]:
    refused: list[str] = []
    cards: list[dict[str, Any]] = []
    statuses: dict[int, int] = {}

    def keep(response: Any) -> None:
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        if response.status_code == 200 and "cards" in response.json():
            cards.extend(response.json()["cards"])
        else:
            refused.append(f"{response.headers} {response.text}")

    for hook, body in bodies():
        identity = f"benzo-{hook}"
        address = f"/cds-services/{identity}"
        live = body
        if body.endswith(b"}") and b"fhirServer" not in body:
            access = {"access_token": MARK, "token_type": "Bearer", "expires_in": 1, "scope": MARK, "subject": MARK}
            live = body[:-1] + f', "fhirServer": "{server}", "fhirAuthorization": {json.dumps(access)}}}'.encode()
        marks = {"sub": MARK, "jti": f"{MARK}-{uuid4()}"}
        keep(running.post(address, live, headers={"Authorization": token(f"/{identity}", **marks)}))
        feedback = {"card": MARK, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z",
                    "overrideReason": {"reason": {"code": MARK, "system": MARK}, "userComment": MARK}}  # fmt: skip
        signed = {"Authorization": token(f"/{identity}/feedback", jti=f"{MARK}-{uuid4()}")}
        keep(running.post(f"{address}/feedback?patient={MARK}", {"feedback": [feedback]}, headers=signed))
    refusals = [{"iss": MARK}, {"aud": MARK}, {"jti": None}, {"exp": 1}, {"tenant": MARK}, {"key": OTHER_ES384}]
    for changed in refusals:
        keep(running.post("/cds-services/benzo-order-sign", {}, headers={"Authorization": token(**changed)}))
    for value in (f"Bearer {MARK}", f"Basic {MARK}", f"Bearer {MARK}.{MARK}.{MARK}"):
        keep(running.post("/cds-services/benzo-order-sign", {}, headers={"Authorization": value}))
    for path in (f"/{MARK}", f"/cds-services/{MARK}", f"/health/ready?x={MARK}", f"/metrics/{MARK}"):
        keep(running.get(path, headers={"Cookie": MARK, "User-Agent": MARK, "Origin": f"https://{MARK}.example"}))
    counted = running.get("/metrics").text
    return {"refused": refused, "cards": cards, "statuses": statuses, "log": running.printed(), "counts": counted}


def test_what_was_sent_was_answered_and_refused_in_every_way(told: dict[str, Any]) -> None:
    assert told["cards"]
    assert {200, 400, 401, 404, 412} <= set(told["statuses"])
    assert 500 not in told["statuses"]
    assert MARK in json.dumps(told["cards"])


def test_no_line_of_the_log_holds_the_mark(told: dict[str, Any]) -> None:
    lines = told["log"].splitlines()
    assert len([line for line in lines if '"event":"answered"' in line]) >= sum(told["statuses"].values())
    assert '"event":"not admitted"' in told["log"]
    assert [line for line in lines if MARK.lower() in line.lower()] == []


def test_every_line_that_is_ours_has_known_members_alone(told: dict[str, Any]) -> None:
    known = {"time", "level", "event", "process", "message", "method", "route", "service", "status", "milliseconds",
             "cards", "reason", "tenant", "tenants", "issuer_of", "keys", "at_fault", "missing", "unread",
             "answers", "seconds", "record"}  # fmt: skip
    ours = [json.loads(line) for line in told["log"].splitlines()]
    assert {name for line in ours for name in line} <= known


def test_no_count_holds_the_mark(told: dict[str, Any]) -> None:
    assert "benzo_cds_cards_total{" in told["counts"]
    assert MARK.lower() not in told["counts"].lower()


def test_no_row_of_the_store_holds_the_mark(told: dict[str, Any]) -> None:
    with sqlite3.connect(told["store"]) as connection:
        kept = "\n".join(connection.iterdump())
    assert kept.count('INSERT INTO "evaluations"') > 50
    assert "'other'" in kept
    assert [line[:80] for line in kept.splitlines() if MARK.lower() in line.lower()] == []


def test_no_refusal_holds_the_mark(told: dict[str, Any]) -> None:
    assert len(told["refused"]) > 50
    assert [text for text in told["refused"] if MARK.lower() in text.lower()] == []


def test_no_address_of_a_card_holds_the_mark(told: dict[str, Any]) -> None:
    addresses = [link["url"] for card in told["cards"] for link in card["links"]]
    addresses += [card["source"]["url"] for card in told["cards"]]
    assert addresses
    assert [address for address in addresses if re.search(MARK, address, re.I)] == []
