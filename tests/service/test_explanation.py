"""Does the explanation show, from what a card carries alone, how each order was read, and is its markup safe?"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from ehr import assessment, cards, client, order, prefetch, sign
from hypothesis import given
from hypothesis import strategies as st

from cds_service.sandbox.demonstration import demonstration
from cds_service.working.explanation import MAX_ORDERS, OrderReading, explanation, explanation_html


def written(identity: str, text: str, sig: str, **more: Any) -> dict[str, Any]:
    return order(identity, text, dosageInstruction=[{"text": sig}], **more)


@pytest.fixture(scope="module")
def carried() -> dict[str, Any]:
    """What a card carries: oxycodone is ordered; on record are lorazepam as needed and a temazepam nobody can read."""
    draft = order("oxycodone-1", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=4)
    record = [
        written("lorazepam-1", "lorazepam 0.5 MG Oral Tablet", "take 1/2-1 tab po bid prn for anxiety mdd= 2 tabs"),
        written("temazepam-1", "temazepam 15 MG Oral Capsule", "1 cap qhs <b>flurb</b> unless on shift"),
    ]
    first, *_ = cards(client(), sign(draft, prefetch=prefetch(*record)))
    return assessment(first)


def orders(document: dict[str, Any]) -> dict[str, OrderReading]:
    return {read.name: read for group in explanation(document) for read in group.orders}


def test_orders_are_grouped_by_whether_they_count(carried: dict[str, Any]) -> None:
    assert {group.title: [read.name for read in group.orders] for group in explanation(carried)} == {
        "Counted in the load": ["lorazepam 0.5 MG Oral Tablet"],
        "Beside the load": ["oxycodone hydrochloride 5 MG Oral Tablet"],
        "Not counted": ["temazepam 15 MG Oral Capsule"],
    }


def test_a_contribution_shows_its_words_its_reading_and_its_equivalent(carried: dict[str, Any]) -> None:
    read = orders(carried)["lorazepam 0.5 MG Oral Tablet"]
    assert read.read_as == "half to one 0.5 mg tablet, up to twice a day as needed, not over 2 tablets: 0 to 1 mg a day"
    assert [(piece.number, piece.text, piece.gave) for piece in read.gave] == [
        (1, "1/2-1 tab", "half to 1 tablet"),
        (2, "po", "route: oral"),
        (3, "bid", "twice a day"),
        (4, "prn for anxiety", "as needed"),
        (5, "mdd= 2 tabs", "not over 2 tablets a day"),
    ]
    assert "".join(piece.text for piece in read.pieces) == "take 1/2-1 tab po bid prn for anxiety mdd= 2 tabs"
    # 0 to 1 mg of lorazepam; 1 mg is 10 mg of diazepam in the table.
    assert read.comes_to == "0 to 10 mg/d diazepam-equivalent"
    assert "taken as needed, counted at the most that is permitted" in read.assumed
    assert (read.standing, read.why) == ("on record", "")


def test_a_structured_order_has_no_words_to_mark(carried: dict[str, Any]) -> None:
    read = orders(carried)["oxycodone hydrochloride 5 MG Oral Tablet"]
    assert (read.pieces, read.standing) == ((), "being ordered")
    assert read.read_as == "one 5 mg tablet four times a day: 20 mg a day"
    # 20 mg a day, factor 1.5 (CDC 2022).
    assert read.comes_to == "30 MME a day"


def test_an_uncounted_order_shows_why_and_where_reading_stopped(carried: dict[str, Any]) -> None:
    read = orders(carried)["temazepam 15 MG Oral Capsule"]
    assert read.why.startswith("daily dose not known: the text is not read, at “")
    (piece,) = read.gave
    assert piece.stopped
    assert (read.read_as, read.comes_to) == ("", "")


def test_evidence_at_the_wrong_place_is_shown_unmarked() -> None:
    moved = [{"words": "bid", "start": 0, "gave": "twice a day"}, {"words": "x", "start": "1", "gave": "y"}]
    document = {"contributions": [{"product": "a", "sig": "1 tab bid", "read_from": moved}]}
    read = orders(document)["a"]
    assert [(piece.text, piece.number) for piece in read.pieces] == [("1 tab bid", None)]


class Elements(HTMLParser):
    """The elements and the text of a fragment."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.words = ""
        self.feed(str(markup))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.words += data


OURS = {"div", "section", "h4", "h5", "span", "dl", "dt", "dd", "q", "mark", "sup", "ol", "li", "p"}


def test_text_of_a_request_is_escaped_in_the_markup(carried: dict[str, Any]) -> None:
    found = Elements(explanation_html(carried))
    assert {tag for tag, _ in found.seen} <= OURS
    assert {name for _, attributes in found.seen for name, _ in attributes} == {"class"}
    assert "flurb</b> unless on shift" in found.words


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(["<img src=x onerror=a()>", "\"'>", "&lt;"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["sig", "read_as", "read_from", "words", "start", "gave", "assumptions", "source", "agent"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["contributions", "not_in_load", "not_counted", "opioid"]), JSON))
def test_any_json_is_rendered_or_left_out(document: dict[str, Any]) -> None:
    assert {tag for tag, _ in Elements(explanation_html(document)).seen} <= OURS


@given(
    st.lists(st.dictionaries(st.sampled_from(["product", "sig", "read_as", "text", "reason"]), st.text(), max_size=5))
)
def test_no_text_of_an_order_becomes_an_element(items: list[dict[str, str]]) -> None:
    markup = explanation_html({"contributions": items, "not_counted": items})
    assert {tag for tag, _ in Elements(markup).seen} <= OURS


def test_beyond_a_limit_orders_are_counted_and_not_shown() -> None:
    document = {"not_counted": [{"product": f"p{number}"} for number in range(MAX_ORDERS + 3)]}
    assert [group.more for group in explanation(document)] == [3]
    assert "and 3 more" in explanation_html(document)


def test_the_demonstration_renders_what_a_card_carries(carried: dict[str, Any]) -> None:
    page = demonstration().test_client()
    answer = page.post("/demo/explanation", json=carried)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.get_data(as_text=True) == explanation_html(carried)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"1"])
def test_a_body_that_is_no_assessment_is_refused(body: bytes) -> None:
    assert demonstration().test_client().post("/demo/explanation", data=body).status_code == 400


def test_a_card_carries_no_record_that_was_over_before() -> None:
    past = [written(f"past-{n}", "lorazepam 1 MG Oral Tablet", "1 tab bid", status="completed") for n in range(200)]
    draft = order("oxycodone-1", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=4)
    document = assessment(
        cards(client(), sign(draft, prefetch=prefetch(*past, order("a", "alprazolam 0.5 MG Oral Tablet"))))[0]
    )
    assert "not_counted" not in document
    assert [line["agent"] for line in document["contributions"]] == ["alprazolam"]
