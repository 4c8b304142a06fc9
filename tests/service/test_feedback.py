"""Is feedback taken in every spelling that clients use, and refused with its place where it cannot be read?"""

from __future__ import annotations

import pytest
from ehr import assert_outcome, assert_valid, client

ADDRESS = "/cds-services/benzo-order-sign/feedback"
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
ACCEPTED = {
    "card": CARD,
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}],
    "outcomeTimestamp": "2026-11-22T10:05:31Z",
}
OVERRIDDEN = {
    "card": CARD,
    "outcome": "overridden",
    "overrideReason": {
        "reason": {"code": "benefits-outweigh", "system": "urn:org.benzo-cds:override-reason"},
        "userComment": "a comment that must not be repeated",
    },
    "outcomeTimestamp": "2026-11-22T10:05:31.5+00:00",
}


@pytest.fixture(scope="module")
def http():
    return client()


def test_feedback_on_several_cards_is_answered(http):
    body = {"feedback": [ACCEPTED, OVERRIDDEN]}
    assert_valid("feedback", body)
    response = http.post(ADDRESS, json=body)
    assert response.status_code == 200
    assert response.json == {"received": 2}


@pytest.mark.parametrize(
    "item",
    [
        {key: value for key, value in OVERRIDDEN.items() if key != "overrideReason"},
        OVERRIDDEN | {"overrideReason": {"userComment": "free text"}},
        OVERRIDDEN | {"overrideReason": None},
        {**OVERRIDDEN, "overrideReasons": {"reason": {"code": "1", "system": "x"}}, "overrideReason": None},
        {
            "card": CARD,
            "outcome": "overridden",
            "outcomeTimestamp": "2026-11-22T10:05:31Z",
            "overrideReasons": {"reason": {"code": "17", "system": "urn:site", "display": "Not now"}},
        },
        {
            "card": CARD,
            "outcome": "overridden",
            "outcomeTimestamp": "2026-11-22T10:05:31Z",
            "extension": {"com.epic.cdshooks.feedback.overrideReason.reasonTitle": "Other"},
            "later": [],
        },
    ],
    ids=["no reason", "comment only", "null reason", "both spellings", "plural", "extension only"],
)
def test_an_override_is_taken_as_clients_spell_it(http, item):
    response = http.post(ADDRESS, json={"feedback": [item]})
    assert response.status_code == 200, response.get_data(as_text=True)


def test_repeated_feedback_and_an_empty_batch_are_no_errors(http):
    assert http.post(ADDRESS, json={"feedback": [ACCEPTED, ACCEPTED]}).json == {"received": 2}
    assert http.post(ADDRESS, json={"feedback": []}).json == {"received": 0}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "feedback"),
        ({"feedback": None}, "feedback"),
        ({"feedback": {"card": CARD}}, "feedback"),
        ({"feedback": [ACCEPTED, {**ACCEPTED, "card": ""}]}, "feedback[1].card"),
        ({"feedback": [{**ACCEPTED, "outcome": "ignored"}]}, "feedback[0].outcome"),
        ({"feedback": [{**ACCEPTED, "acceptedSuggestions": []}]}, "feedback[0].acceptedSuggestions"),
        ({"feedback": [{**ACCEPTED, "acceptedSuggestions": [{}]}]}, "feedback[0].acceptedSuggestions[0].id"),
        ({"feedback": [{**OVERRIDDEN, "outcomeTimestamp": "yesterday"}]}, "feedback[0].outcomeTimestamp"),
        ({"feedback": ["overridden"]}, "feedback[0]"),
    ],
)
def test_malformed_feedback_is_refused_with_its_place(http, body, place):
    issue = assert_outcome(http.post(ADDRESS, json=body), 400, "structure")
    assert issue["expression"] == [place]


def test_a_comment_is_never_repeated(http):
    item = {**OVERRIDDEN, "outcome": "ignored"}
    assert "comment" not in http.post(ADDRESS, json={"feedback": [item]}).get_data(as_text=True)


def test_feedback_to_an_unknown_service_is_not_found(http):
    assert_outcome(http.post("/cds-services/benzo-nothing/feedback", json={"feedback": [ACCEPTED]}), 404, "not-found")


def test_feedback_is_posted(http):
    assert_outcome(http.get(ADDRESS), 405, "not-supported")
