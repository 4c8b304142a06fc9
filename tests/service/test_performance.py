"""Does the page tell how the findings do, to those who may see it?"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from ehr import cards, client, lorazepam, order, post, prefetch, sign
from flask import Flask
from stores import client_with, store_settings

from cds_service.app import CALL_STORE
from cds_service.review.performance import serve_performance
from rules import load_knowledge

PAGE = "/review/performance"
OXYCODONE = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)


def answered(http: Any, number: int, code: str | None) -> None:
    """So many calls with an opioid beside, the card of each, if one is shown, overridden with a code."""
    for index in range(number):
        instance = str(uuid5(NAMESPACE_URL, f"{code}|{index}"))
        found = cards(http, sign(lorazepam(), prefetch=prefetch(OXYCODONE)) | {"hookInstance": instance})
        for card in found if code is not None else ():
            told = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
            post_feedback(http, told | {"overrideReason": {"reason": {"code": code}}})


def post_feedback(http: Any, item: dict[str, Any]) -> None:
    assert http.post("/cds-services/benzo-order-sign/feedback", json={"feedback": [item]}).status_code == 200


@pytest.fixture
def http(tmp_path: Path) -> Any:
    return client_with(store_settings(str(tmp_path / "records.sqlite3"), tmp_path))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_page_tells_what_became_of_the_cards(http):
    answered(http, 4, "short-course")
    answered(http, 2, "record-differs")
    answered(http, 1, None)
    post(http, sign(lorazepam()) | {"hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"})
    page = http.get(PAGE)
    assert page.status_code == 200
    told = words(page.text)
    # Seven with an opioid of eight judged: six overridden of six answered, one unanswered.
    row = re.search(r"concurrent-opioid (\d+) (\d+) (\d+) 0 % (\d+) 100 % (\d+) 0 0 0 ", told)
    assert row, told
    assert row.groups() == ("7", "7", "0", "6", "1")
    assert "Short or procedural course 4" in told
    assert "8 calls judged" in told
    assert "2 answered cards say that a record differs" in told
    assert "Judged and never fired:" in told
    assert "p1" not in page.text


def test_a_page_without_calls_or_without_a_store_says_so(http):
    assert "No call was judged" in words(http.get(PAGE).text)
    assert "no store is configured" in words(client().get(PAGE).text)
    answered(http, 1, None)
    assert "No call was judged" in words(http.get(f"{PAGE}?since=2020-01-01&until=2020-01-31").text)
    assert http.get(f"{PAGE}?since=yesterday&until=").status_code == 200


@pytest.mark.parametrize("days", ["since=0001-01-01", "until=0001-01-01", "until=9999-12-31", "since=x&until="])
def test_days_that_are_none_are_not_asked_for(http, days):
    assert http.get(f"/review/performance?{days}").status_code == 200


def test_a_store_that_is_down_is_said(tmp_path):
    (tmp_path / "records.sqlite3").mkdir()
    page = client_with(store_settings(str(tmp_path / "records.sqlite3"), tmp_path)).get(PAGE)
    assert (page.status_code, "cannot be read at the moment" in words(page.text)) == (200, True)


def test_without_a_secret_the_page_is_for_this_machine_alone(http):
    assert http.get(PAGE, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404
    assert http.get(PAGE, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 404


def test_with_a_secret_the_browser_asks_for_it(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a long secret of the operators", encoding="utf-8")
    http = client(metrics_secret_file=secret)
    asked = http.get(PAGE)
    assert asked.status_code == 401
    assert asked.headers["WWW-Authenticate"].startswith("Basic")
    for told, status in (("a long secret of the operators", 200), ("another", 401), ("", 401)):
        presented = base64.b64encode(f"anybody:{told}".encode()).decode()
        assert http.get(PAGE, headers={"Authorization": f"Basic {presented}"}).status_code == status
    assert http.get(PAGE, headers={"Authorization": "Bearer a long secret of the operators"}).status_code == 200
    assert http.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404


def test_nothing_but_its_own_style_may_be_loaded(http):
    page = http.get(PAGE)
    assert "default-src 'none'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_the_page_names_findings_and_reasons_as_the_policy_in_force_does(http):
    answered(http, 1, "short-course")
    before = load_knowledge()
    reasons = tuple(replace(reason, display=f"New {reason.code}") for reason in before.suggestions.override_reasons)
    after = replace(
        before,
        findings={name: replace(each, title=f"New {name}") for name, each in before.findings.items()},
        suggestions=replace(before.suggestions, override_reasons=reasons),
    )
    in_force, app = [before], Flask(__name__)
    serve_performance(app, lambda: in_force[-1], http.application.extensions[CALL_STORE], None, UTC)
    page = app.test_client()
    assert "Short or procedural course 1" in words(page.get(PAGE).text)
    in_force.append(after)
    told = words(page.get(PAGE).text)
    assert "New concurrent-opioid" in told
    assert "New short-course 1" in told
