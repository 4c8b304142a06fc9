"""What does a card offer, and do the answers to it fit? ``card_offers.yaml`` says it case by case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compact_patient import Row, day_of, patient_of

from cds_service.cards.cards import cards_for
from cds_service.cards.invocation import Invocation
from cds_service.cards.wording.wording import wording_of
from cds_service.config.place import DEFAULT_COUNTRY
from cds_service.trust.orderables import OrdersBlock
from cds_service.trust.tenant import CardDialect
from rules import assess, load_knowledge

ROWS = yaml.load(Path(__file__).with_name("card_offers.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)["rows"]
ROW_KEYS = frozenset(
    (
        *("name", "on", "born", "medications", "conditions", "missing", "unread", "record_begins", "because"),
        *("hook", "buttons", "buttons_not", "answers", "answers_not", "options", "options_not", "before", "abruptly"),
        *("cards", "country", "says", "says_not", "orders"),
    )
)


def cards_of(row: Row) -> list[dict[str, Any]]:
    knowledge, patient = load_knowledge(), patient_of(row)
    drafts = tuple(regimen.source for regimen in patient.regimens if regimen.draft)
    hook = row.get("hook", "order-sign")
    invocation = Invocation(
        service_id=f"benzo-{hook}",
        hook=hook,
        hook_instance="d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        patient_reference="Patient/row",
        requester="Practitioner/one",
        encounter_id=None,
        drafts=drafts,
        selected=frozenset(drafts),
    )
    assessment = assess(patient, knowledge, day_of(row), at_discharge=hook == "encounter-discharge")
    wording = wording_of(knowledge, country=row.get("country", DEFAULT_COUNTRY))
    dialect = CardDialect(orders=OrdersBlock.model_validate(row.get("orders", {})).orderables())
    return [card.body for card in cards_for(assessment, invocation, wording, dialect=dialect)]


def options_of(card: dict[str, Any]) -> str:
    return str(card["detail"].partition("**Options:** ")[2].partition("\n")[0])


def _differences(row: Row, cards: list[dict[str, Any]]) -> Iterator[str]:
    if row.get("cards") == "0":
        yield from (f"a card: {card['summary']}" for card in cards)
        return
    if not cards:
        yield "no card"
    buttons = [item["label"] for card in cards for item in card.get("suggestions", ())]
    answers = {reason["code"] for card in cards for reason in card["overrideReasons"]}
    options = "\n".join(map(options_of, cards))
    for label in row.get("buttons", ()):
        if not any(button.startswith(label) for button in buttons):
            yield f"no button {label!r}: {buttons}"
    for label in row.get("buttons_not", ()):
        if any(button.startswith(label) for button in buttons):
            yield f"a button {label!r}: {buttons}"
    yield from (f"no answer {code}" for code in row.get("answers", ()) if code not in answers)
    yield from (f"an answer {code}" for code in row.get("answers_not", ()) if code in answers)
    yield from (f"no option {words!r}: {options}" for words in row.get("options", ()) if words not in options)
    yield from (f"an option {words!r}: {options}" for words in row.get("options_not", ()) if words in options)
    details = "\n".join(card["detail"] for card in cards)
    yield from (f"no card says {words!r}: {details}" for words in row.get("says", ()) if words not in details)
    yield from (f"a card says {words!r}: {details}" for words in row.get("says_not", ()) if words in details)
    if "before" in row:
        first, second = row["before"]
        if not -1 < options.find(first) < options.find(second):
            yield f"{first!r} does not stand before {second!r}: {options}"
    if "abruptly" in row and (row["abruptly"] == "true") != ("abruptly" in options):
        yield f"abruptly, expected {row['abruptly']}: {options}"


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_card_of(row: Row) -> None:
    assert not set(row) - ROW_KEYS, f"unknown keys: {sorted(set(row) - ROW_KEYS)}"
    assert "because" in row
    assert list(_differences(row, cards_of(row))) == []


def test_no_case_is_written_twice() -> None:
    assert len({row["name"] for row in ROWS}) == len(ROWS)
