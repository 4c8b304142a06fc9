"""Is what may still be taken said on a card: as that, beside an order only, and never as a warning?"""

from __future__ import annotations

from typing import Any

import pytest
from ehr import assessment, cards, client, lorazepam, order, prefetch, request, sign
from flask.testing import FlaskClient


@pytest.fixture
def http() -> FlaskClient:
    return client()


def oxycodone(**more: Any) -> dict[str, Any]:
    return order("oxycodone", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=4, **more)


def lapsed() -> dict[str, Any]:
    # 30 days from 25 August end on 23 September, 60 days before the day judged.
    return lorazepam(
        "old", authoredOn="2026-08-25", dispenseRequest={"expectedSupplyDuration": {"value": 30, "unit": "d"}}
    )


def test_a_new_opioid_beside_a_lapsed_benzodiazepine_informs(http: FlaskClient) -> None:
    (card,) = cards(http, sign(oxycodone(), prefetch=prefetch(lapsed())))
    assert card["indicator"] == "info"
    assert "Lorazepam with oxycodone can slow or stop breathing, if lorazepam is still taken" in card["summary"]
    assert "if lorazepam is still taken" in card["summary"]
    assert "Lorazepam may still be taken; if it is: " in card["detail"]
    assert "its supply ended on 2026-09-23; it may still be taken" in card["detail"]


def test_the_assessment_of_the_card_says_that_it_is_possible(http: FlaskClient) -> None:
    (card,) = cards(http, sign(oxycodone(), prefetch=prefetch(lapsed())))
    told = assessment(card)
    (line,) = told["not_counted"]
    assert (line["present"], line["certainty"], line["reason"]) == (True, "possible", "lapsed")
    load = told["load"]["current"]
    assert load["complete"] is False
    assert load.get("used") is None


def test_opening_the_chart_does_not_ask_about_it(http: FlaskClient) -> None:
    order_long_ago = oxycodone(
        authoredOn="2026-08-25", dispenseRequest={"expectedSupplyDuration": {"value": 30, "unit": "d"}}
    )
    found = cards(http, request("patient-view", prefetch=prefetch(lapsed(), order_long_ago)))
    assert not any("still taken" in card["summary"] for card in found)


def test_a_certain_benzodiazepine_beside_it_warns_as_ever(http: FlaskClient) -> None:
    record = prefetch(lapsed(), lorazepam("new", authoredOn="2026-11-20"))
    (card, *_) = cards(http, sign(oxycodone(), prefetch=record))
    assert card["indicator"] == "warning"
    assert "still taken" not in card["summary"]
