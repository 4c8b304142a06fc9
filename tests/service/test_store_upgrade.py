"""Is a store that version 0.1.0 wrote read and continued: its chain, its report, and the answers that it holds?

``store_of_0_1_0.sql`` is the dump of a file with one call, the one below, and the answer to its card.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ehr import cards, lorazepam, order, sign
from sqlalchemy import select
from stores import client_with, judged, store_settings
from test_snooze import ALCOHOL, DEPRESSION, gabapentin, instance, oxycodone, renewed, without_dose

from cds_service.config import Settings
from cds_service.hooks.evaluation import Verdict
from cds_service.records import chain
from cds_service.records.call_rows import amounts_outside_load, hazards_of, stored_snapshot
from cds_service.records.report import performance
from cds_service.records.schema import cards as card_rows
from cds_service.records.store import DatabaseCallStore
from cds_service.records.suppression import CardSuppression
from cds_service.trust.tenant import OPEN_TENANT

DUMP = Path(__file__).parent / "store_of_0_1_0.sql"
PATCH = "72 HR fentanyl 0.025 MG/HR Transdermal System"
EVERY_THREE_DAYS = [{"text": "apply 1 patch every 72 hours"}]
# A dose in milligrams a day, one in micrograms an hour, an incomplete load, two conditions.
CALL = renewed(
    oxycodone(4),
    gabapentin(),
    order("patch", PATCH, code="245134", dosageInstruction=EVERY_THREE_DAYS),
    without_dose("z", "zolpidem tartrate 5 MG Oral Tablet"),
    ill=(DEPRESSION, ALCOHOL),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "records.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(DUMP.read_text("utf-8"))
    return store_settings(str(file), tmp_path)


@pytest.fixture
def stored_card(store: DatabaseCallStore) -> Any:
    return store.database.use(lambda c: c.execute(select(card_rows)).one())


def test_its_chain_goes_on(settings, store):
    assert len(cards(client_with(settings), sign(lorazepam()))) == 1
    status = store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms))
    assert (status.rows, status.broken) == (2, "")


def test_its_call_and_its_answer_are_in_the_report(store, stored_card):
    at = datetime.fromisoformat(stored_card.at)
    day = timedelta(days=1)
    found = store.database.use(lambda c: performance(c, ["long-term-use"], at - day, at + day))
    counted = {each.finding: (each.evaluated, each.shown, each.overridden) for each in found}
    assert counted["long-term-use"] == (1, 1, {"benefits-outweigh-risks": 1})


def test_its_answer_snoozes_the_same_card(settings, store, stored_card):
    later = datetime.fromisoformat(stored_card.at) + timedelta(days=1)
    call = judged(settings, CALL | instance(2))
    found = store.database.use(lambda c: CardSuppression(c, call, later, store.pseudonyms).verdicts())
    assert found == {"longTermUse": Verdict.SNOOZED}


def test_what_stood_behind_its_card_has_the_same_pseudonyms_now(settings, store, stored_card):
    """Another spelling of what they are made of would let every answer lapse that was given before."""
    call, then = judged(settings, CALL), stored_snapshot(stored_card)
    (card,) = call.cards
    now = hazards_of(card, call, store.pseudonyms)
    assert now <= set(then.hazards)
    # No longer named: zolpidem for withdrawal between doses and for long-term use, a high load for the setting of care,
    # and the seven of concurrent depressants, of which these orders begin none.
    assert len(set(then.hazards) - now) == 10
    amounts = amounts_outside_load(call, store.pseudonyms)
    # Gabapentin and oxycodone in milligrams a day, fentanyl in micrograms an hour.
    assert {900, 20, 25} <= set(then.amounts.values())
    assert then.amounts.items() <= amounts.items()
