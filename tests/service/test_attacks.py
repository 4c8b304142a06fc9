"""Does a hostile request cost more than a refusal, and can anything in it get out again as something else?

Attacks on tokens stand in ``test_trust.py``, those by way of the FHIR server in ``test_live.py``, those on the
connection itself in ``test_operations_server.py``. A second round, each attack by its name, stands in
``test_attacks_on_tokens.py``, ``..._keys.py``, ``..._connections.py`` and ``..._calls.py``.
"""

from __future__ import annotations

import gzip
import json
import re
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from caller import tenants_file, token
from ehr import (
    assert_outcome,
    assessment,
    bundle,
    cards,
    client,
    logged,
    lorazepam,
    metformin,
    order,
    post,
    prefetch,
    sign,
)
from flask.testing import FlaskClient

from cds_service.config import Settings
from cds_service.errors import OutOfTimeError
from cds_service.time_limit import within
from rules import Patient, assess_by_name

SIGN = "/cds-services/benzo-order-sign"
LIMITS = Settings()
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def http() -> FlaskClient:
    return client()


def send(http: FlaskClient, data: bytes, content_type: str = "application/json", **headers: str) -> Any:
    return http.post(SIGN, data=data, content_type=content_type, headers=headers)


def text_of(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


# -- size and depth


def test_a_body_of_fifty_megabytes(http: FlaskClient) -> None:
    assert_outcome(send(http, b'{"a": "' + b"x" * 50_000_000 + b'"}'), 413, "too-long")


def test_a_gzip_bomb_is_not_opened(http: FlaskClient) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    for encoding in ("gzip", "deflate", "br", "GZIP", "identity, gzip", "x-gzip"):
        assert_outcome(send(http, bomb, **{"Content-Encoding": encoding}), 415, "not-supported")
    assert_outcome(send(http, bomb), 400, "structure")


@pytest.mark.parametrize("deep", [65, 1_000, 10_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_nested_ten_thousand_deep(http: FlaskClient, deep: int, opening: bytes, closing: bytes) -> None:
    body = b'{"hook": ' + opening * deep + b"1" + closing * deep + b"}"
    response = send(http, body)
    assert response.status_code in (400, 413)
    assert response.json["resourceType"] == "OperationOutcome"


def test_json_that_opens_and_never_closes(http: FlaskClient) -> None:
    for opening in (b"[", b'{"a":', b'"'):
        response = send(http, b'{"hook": ' + opening * 100_000)
        assert response.status_code in (400, 413)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"nan", b"1e", b"0x10", b"01", b"+1", b".5"])
def test_what_is_no_number_of_json(http: FlaskClient, number: bytes) -> None:
    body = text_of(sign(lorazepam(dispenseRequest={"quantity": {"value": 12345678}})))
    assert_outcome(send(http, body.replace(b"12345678", number)), 400, "structure")


@pytest.mark.parametrize("number", [b"1e308", b"-1e308", b"1e999", b"9" * 400, b"1e-400", b"0." + b"1" * 5_000, b"-0"])
def test_huge_and_tiny_numbers_in_a_dose(http: FlaskClient, number: bytes) -> None:
    draft = lorazepam(dispenseRequest={"quantity": {"value": 12345678}, "numberOfRepeatsAllowed": 12345678})
    draft["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] = 12345678
    draft["dosageInstruction"][0]["timing"]["repeat"]["frequency"] = 12345678
    response = send(http, text_of(sign(draft)).replace(b"12345678", number))
    assert response.status_code in (200, 400)
    assert "Infinity" not in response.text
    assert "NaN" not in response.text


def test_a_million_entries(http: FlaskClient) -> None:
    body = text_of(sign(lorazepam(), prefetch=prefetch(conditions=12345678)))
    entries = b'{"entry": [' + b",".join([b"{}"] * 1_000_000) + b"]}"
    assert len(entries) < LIMITS.max_body_bytes
    assert_outcome(send(http, body.replace(b"12345678", entries)), 413, "too-long")


def test_a_member_that_stands_there_twice(http: FlaskClient) -> None:
    body = text_of(sign(lorazepam()))
    for doubled in (b'{"hook": "patient-view", ', b'{"context": {}, '):
        assert_outcome(send(http, doubled + body[1:]), 400, "structure")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/json", "application/xml", "multipart/form-data; boundary=x",
     "application/x-www-form-urlencoded", "application/json-patch", "", "application/octet-stream", "*/*"],
)  # fmt: skip
def test_another_content_type(http: FlaskClient, content_type: str) -> None:
    assert_outcome(send(http, text_of(sign(lorazepam())), content_type), 415, "not-supported")


# -- what a call may cost


def hostile(text: str, sig: str = "1 tablet daily") -> list[dict[str, Any]]:
    """As many orders as go into one request; {} in a text is their number."""
    one = len(text_of({"entry": [lorazepam_by(0, text, sig)]}))
    return [
        lorazepam_by(number, text, sig) for number in range(min(LIMITS.max_body_bytes // one, LIMITS.max_entries) - 10)
    ]


def lorazepam_by(number: int, text: str, sig: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": f"order-{number:05}",
        "status": "active",
        "authoredOn": "2026-11-01",
        "medicationCodeableConcept": {"text": text.replace("{}", f"{number:05}")},
        "dosageInstruction": [{"text": sig.replace("{}", f"{number:05}")}],
    }


@pytest.mark.parametrize(
    ("text", "sig"),
    [
        pytest.param("lorazepam 1 MG Oral Tablet", "1 tablet daily", id="overlapping orders of one drug"),
        pytest.param("lorazpm clonazapam alprazolm {} " * 50, "1 tablet daily", id="names that are nearly ours"),
        pytest.param("lorazepam 1 MG Oral Tablet", "take {} to 2 tablets q 4 h " * 60, id="long instructions"),
    ],
)
def test_a_request_made_to_take_long_is_judged_or_given_up_and_the_worker_goes_on(
    http: FlaskClient, text: str, sig: str
) -> None:
    """Which of the two depends on the machine."""
    body = text_of(sign(lorazepam(), prefetch=prefetch(*hostile(text, sig))))
    assert LIMITS.max_body_bytes // 3 < len(body) <= LIMITS.max_body_bytes
    answer = send(client(call_seconds=1), body)
    if answer.status_code == 200:
        assert answer.get_json()["cards"]
    else:
        assert_outcome(answer, 503, "timeout")
    assert cards(http, sign(lorazepam()))


@pytest.mark.parametrize("names_end", [True, False], ids=["names", "nothing"])
def test_a_judgement_that_does_not_end_is_given_up_and_the_worker_goes_on(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch, names_end: bool
) -> None:
    """The drafts are not lost: they are told by name, and only where that does not end either nothing is told."""
    begun = threading.Event()

    def endless(*_: Any, **__: Any) -> None:
        begun.set()
        threading.Event().wait(120)
        raise AssertionError("the judgement was not given up")

    with monkeypatch.context() as patched:
        patched.setattr("cds_service.hooks.judge.assess", endless)
        if not names_end:
            patched.setattr("cds_service.hooks.judge.assess_by_name", endless)
        answer = send(client(call_seconds=2), text_of(sign(lorazepam())))
    assert begun.is_set()
    if names_end:
        (card,) = answer.get_json()["cards"]
        assert card["summary"] == "Lorazepam: the load could not be worked out in time"
    else:
        assert "No judgement was made" in assert_outcome(answer, 503, "timeout")["details"]["text"]
    assert cards(http, sign(lorazepam()))


def test_drafts_are_told_by_name_where_even_the_names_of_the_record_take_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def endless(*_: Any, **__: Any) -> None:
        threading.Event().wait(120)

    def slow_with_a_record(patient: Patient, *others: Any, **more: Any) -> Any:
        if any(not regimen.draft for regimen in patient.regimens):
            endless()
        return assess_by_name(patient, *others, **more)

    monkeypatch.setattr("cds_service.hooks.judge.assess", endless)
    monkeypatch.setattr("cds_service.hooks.judge.assess_by_name", slow_with_a_record)
    (card,) = cards(client(call_seconds=0.2), sign(lorazepam(), prefetch=prefetch(lorazepam("old"))))
    assert (card["indicator"], card["summary"]) == ("info", "Lorazepam: the load could not be worked out in time")
    assert "medication orders not supplied (could not be worked out in time)" in card["detail"]


def endless_judgement(*_: Any, **__: Any) -> None:
    threading.Event().wait(120)


NOT_SENT = {
    "resourceType": "MedicationRequest",
    "id": "not-sent",
    "status": "stopped",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
    "medicationReference": {"reference": "Medication/1"},
}
OF_LONG_USE = lorazepam(
    "old", authoredOn="2026-01-02", dispenseRequest={"expectedSupplyDuration": {"value": 330, "unit": "d"}}
)


@pytest.mark.parametrize(
    "draft",
    [OF_LONG_USE | {"status": "stopped"}, NOT_SENT],
    ids=["stopped", "a stop of what was not sent"],
)
def test_a_judgement_out_of_time_whose_names_raise_no_card_is_given_up(
    monkeypatch: pytest.MonkeyPatch, draft: dict[str, Any]
) -> None:
    monkeypatch.setattr("cds_service.hooks.judge.Judge.evaluate", endless_judgement)
    answer = post(client(call_seconds=0.2), sign(draft, prefetch=prefetch(OF_LONG_USE)))
    assert "No judgement was made" in assert_outcome(answer, 503, "timeout")["details"]["text"]


@pytest.mark.parametrize("how", ["raises", "mode"])
def test_a_judgement_out_of_time_is_given_up_where_the_site_wants_no_card_that_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    monkeypatch.setattr("cds_service.hooks.judge.Judge.evaluate", endless_judgement)
    if how == "raises":
        policy = tmp_path / "site.yaml"
        policy.write_text("findings: {incomplete-picture: {raises: false}}\n")
        answer = post(client(call_seconds=0.2, site_policy=policy), sign(lorazepam()))
    else:
        tenants = tenants_file(tmp_path, general={"findings": {"incomplete-picture": "off"}})
        http = client(call_seconds=0.2, tenants=tenants)
        answer = http.post(SIGN, json=sign(lorazepam()), headers={"Authorization": token()})
    assert_outcome(answer, 503, "timeout")


def test_a_call_out_of_time_whose_drafts_are_known_to_be_no_depressants_has_no_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time is over before the drafts are told, and by name they are told."""
    monkeypatch.setattr("cds_service.hooks.judge.Judge.evaluate", endless_judgement)
    assert cards(client(call_seconds=0.2), sign(metformin(), prefetch=prefetch(OF_LONG_USE))) == []


def test_an_alarm_that_comes_late_ends_nothing() -> None:
    with pytest.raises(OutOfTimeError):
        within(0.01, lambda: [None for _ in iter(int, 1)])
    signal.raise_signal(signal.SIGALRM)
    assert within(5, lambda: "done") == "done"
    signal.raise_signal(signal.SIGALRM)


def test_a_time_limit_is_not_forgiven_as_a_mistake_of_one_resource() -> None:
    def forgiving() -> None:
        while True:
            with suppress(Exception):
                sum(range(10_000))

    with pytest.raises(OutOfTimeError):
        within(0.05, forgiving)


# -- what comes in does not come out as something else

HOSTILE = [
    SCRIPT,
    '<img src=x onerror="alert(1)">',
    "[press](javascript:alert(1))",
    "![x](https://foreign.example/x.png)",
    "| a | b |\n|---|---|",
    "`` ` ``<b>",
    "# Heading\n\n> quoted",
    "<!-- --><iframe src=//foreign.example>",
    "&lt;script&gt;",
    "https://foreign.example/",
    "**bold** __bold__ ~~gone~~",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_and_html_in_names_and_instructions(http: FlaskClient, text: str) -> None:
    name = f"lorazepam 1 MG Oral Tablet {text}"
    draft = lorazepam(medicationCodeableConcept={"text": name}, dosageInstruction=[{"text": f"1 tablet daily {text}"}])
    draft |= {"requester": {"reference": "Practitioner/1", "display": text}}
    unknown = order("u1", f"{text} zopiclonish")
    for card in cards(http, sign(draft, prefetch=prefetch(lorazepam("old"), unknown))):
        shown = card["detail"]
        assert re.findall(r"(?<!\\)<[a-zA-Z!/]", shown) == []
        assert re.findall(r"(?<!\\)\]\((?!https://)", shown) == []
        assert re.findall(r"(?<!\\)!\[", shown) == []
        assert "javascript:" not in shown or r"\]" in shown or r"\(" in shown
        assert [link["url"] for link in card.get("links", []) if "foreign.example" in link["url"]] == []
        assert "<" not in card["summary"]


CONTROLS = ["\x00", "\x07", "\x1b[31m", "\u202e", "\u2066", "\u200b", "\ufeff", "\x85", "\u2028", "\x7f"]


@pytest.mark.parametrize("sign_", CONTROLS, ids=lambda text: f"U+{ord(text[0]):04X}")
def test_control_and_bidirectional_characters(http: FlaskClient, sign_: str) -> None:
    draft = lorazepam(f"l{sign_}1", dosageInstruction=[{"text": f"1 tablet{sign_} twice daily{sign_}"}])
    draft["medicationCodeableConcept"] = {"text": f"loraz{sign_}epam{sign_} 1 MG Oral Tablet"}
    body = sign(lorazepam("plain"), draft, context={"userId": f"Practitioner/{sign_}", "encounterId": sign_})
    response = post(http, body | {"hookInstance": f"i{sign_}"})
    assert response.status_code == 200
    for card in response.json["cards"]:
        assert sign_[0] not in card["summary"] + card["detail"]


@pytest.mark.parametrize("broken", [b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf5"'])
def test_text_that_is_no_text(http: FlaskClient, broken: bytes) -> None:
    body = text_of(sign(lorazepam(note="12345678"))).replace(b'"12345678"', broken)
    response = send(http, body)
    assert response.status_code in (200, 400)


# -- another's data and another's place


def test_another_patients_resources_are_set_aside_and_said(http: FlaskClient) -> None:
    other = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4, subject={"reference": "Patient/other-9"})
    (card, *_) = cards(http, sign(lorazepam(), prefetch=prefetch(other)))
    working = assessment(card)
    assert "opioid" not in working or not working["opioid"].get("present")
    assert [item["reason"] for item in working["not_counted"]] == ["wrong-patient"]
    assert "other-9" not in json.dumps(card)


def test_another_patients_draft_is_not_judged_as_this_ones(http: FlaskClient) -> None:
    other = lorazepam(subject={"reference": "Patient/other-9"})
    response = post(http, sign(other))
    assert response.status_code == 200
    assert "other-9" not in response.text


@pytest.mark.parametrize(
    "identity",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "p1/../p2", "p1?_include=*", "p1#x", "p1;ls",
     "' OR 1=1 --", "a" * 9_000],
)  # fmt: skip
def test_paths_and_queries_in_an_id_are_no_paths_and_queries(identity: str) -> None:
    draft = lorazepam(subject={"reference": f"Patient/{identity}"})
    http = client()
    with logged() as lines:
        response = post(http, sign(draft, context={"patientId": identity}))
    assert response.status_code in (200, 400)
    assert "passwd" not in response.text + "".join(lines)


@pytest.mark.parametrize(
    "path",
    ["/cds-services/../metrics", "/cds-services/%2e%2e/%2e%2e/etc/passwd", "/cds-services/..%2f..%2fetc%2fpasswd",
     "//etc/passwd", "/cds-services/benzo-order-sign%00", "/static/../config.py", "/cds-services/%ff"],
)  # fmt: skip
def test_paths_lead_nowhere_else(http: FlaskClient, path: str) -> None:
    for method in ("get", "post"):
        response = getattr(http, method)(path, json={})
        assert response.status_code in (308, 404, 405, 415, 421)
        assert "root:" not in response.text


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "MARIGOLD", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("path", ["/cds-services", SIGN, f"{SIGN}/feedback", "/health/ready", "/metrics", "/about"])
def test_unknown_methods(http: FlaskClient, method: str, path: str) -> None:
    response = http.open(path, method=method)
    assert_outcome(response, 405, "not-supported")
    assert "MARIGOLD" not in response.text


def test_a_file_of_secrets_is_no_address(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-secret", encoding="utf-8")
    known = client(metrics_secret_file=secret)
    for path in ("/health/ready", "/about", "/cds-services", "/metrics", "/openapi.json"):
        assert "the-secret" not in known.get(path).text


def test_resources_that_refer_to_each_other_in_a_circle(http: FlaskClient) -> None:
    drafts = [
        lorazepam(f"l{n}", priorPrescription={"reference": f"MedicationRequest/l{(n + 1) % 3}"}) for n in range(3)
    ]
    assert post(http, sign(*drafts)).status_code == 200
    itself = order("m", "x") | {"medicationReference": {"reference": "MedicationRequest/m"}}
    assert post(http, sign(lorazepam(), prefetch=prefetch(itself))).status_code == 200


def test_a_bundle_within_a_bundle(http: FlaskClient) -> None:
    inner = bundle(lorazepam("inner"))
    for _ in range(10):
        inner = bundle(inner)
    response = post(http, sign(lorazepam(), prefetch=prefetch(inner)))
    assert response.status_code in (200, 413)
