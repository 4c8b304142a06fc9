"""Is a store that an earlier version wrote read and continued: its chain, its report, and the answers that it holds?

``store_of_0_1_0.sql`` is the dump of a file with one call, the one below, and the answer to its card.
``store_of_0_3_0.sql`` has two tenants with five calls each, the fourth the one below with two answers; the first two of
each were purged. ``site_of_0_3_0.yaml`` and ``tenants_of_0_3_0.yaml`` are files that version 0.3.0 took.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ehr import cards, lorazepam, order, sign
from sqlalchemy import MetaData, create_engine, select
from stores import client_with, judged, store_of, store_settings
from test_snooze import ALCOHOL, DEPRESSION, gabapentin, instance, oxycodone, renewed, without_dose

from cds_service.config import Settings
from cds_service.hooks.evaluation import Verdict
from cds_service.records import chain
from cds_service.records.call_rows import amounts_outside_load, hazards_of, stored_snapshot
from cds_service.records.configured_store import StoreSettingError
from cds_service.records.database import migrate
from cds_service.records.report import performance
from cds_service.records.schema import cards as card_rows
from cds_service.records.store import DatabaseCallStore
from cds_service.records.suppression import CardSuppression
from cds_service.trust.tenant import OPEN_TENANT
from cds_service.trust.tenants import TenantReader

FOLDER = Path(__file__).parent
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


def restored(dump: str, store: DatabaseCallStore, step: str) -> None:
    """Put the rows of a dump into the tables of an earlier step, in either kind of database."""
    with closing(sqlite3.connect(":memory:")) as dumped:
        dumped.executescript((FOLDER / dump).read_text("utf-8"))
        dumped.row_factory = sqlite3.Row
        with create_engine(store.database.url).begin() as connection:
            migrate(connection, step)
            tables = MetaData()
            tables.reflect(connection)
            for table in tables.sorted_tables:
                rows = [dict(row) for row in dumped.execute(f"SELECT * FROM {table.name}")]
                kept = [{name: value for name, value in row.items() if name in table.c} for row in rows]
                if kept and table.name != "alembic_version":
                    connection.execute(table.insert(), kept)


@pytest.fixture(params=[("store_of_0_1_0.sql", "0002")], ids=["0.1.0"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, store_address: str) -> Settings:
    made = store_settings(store_address, tmp_path)
    restored(request.param[0], store_of(made), request.param[1])
    return made


@pytest.fixture
def stored_card(store: DatabaseCallStore) -> Any:
    return store.database.use(lambda c: c.execute(select(card_rows)).one())


ALL = [
    pytest.param(dump, id=name)
    for name, dump in {
        "0.1.0, its first tables": ("store_of_0_1_0.sql", "0001"),
        "0.1.0": ("store_of_0_1_0.sql", "0002"),
        "0.3.0": ("store_of_0_3_0.sql", "0002"),
    }.items()
]


@pytest.mark.parametrize("settings", ALL, indirect=True)
def test_its_chain_goes_on(settings, store):
    before = store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms))
    assert (before.rows > 0, before.broken) == (True, "")
    assert len(cards(client_with(settings), sign(lorazepam()))) == 1
    status = store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms))
    assert (status.rows, status.broken) == (before.rows + 1, "")


@pytest.mark.parametrize("settings", ALL, indirect=True)
def test_another_key_than_the_one_that_wrote_it_is_refused(settings, tmp_path):
    """Also of a store that holds no id of its key yet: the links of its rows tell."""
    other = tmp_path / "other.key"
    other.write_text("f" * 64, encoding="utf-8")
    with pytest.raises(StoreSettingError, match="STORE_KEY_FILE: the record was not written with key "):
        client_with(settings.model_copy(update={"store_key_file": other}))
    assert len(cards(client_with(settings), sign(lorazepam()))) == 1


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("settings", ALL, indirect=True)
def test_store_upgrade_brings_it_up_to_date_once(command):
    for _ in range(2):
        status, printed = command("store", "upgrade")
        assert (status, "are up to date" in printed) == (0, True)
    assert command("audit", "verify")[0] == 0


def test_the_policy_and_the_tenants_of_0_3_0_are_taken_unchanged():
    chosen = Settings(site_policy=FOLDER / "site_of_0_3_0.yaml", tenants=FOLDER / "tenants_of_0_3_0.yaml")
    (whole, brief) = TenantReader(chosen).tenants(
        FOLDER / "tenants_of_0_3_0.yaml", site_policy=chosen.site_policy_text()
    )
    assert (whole.tenant.id, brief.tenant.id) == ("general-hospital", "north")
    assert whole.tenant.knowledge.findings["total-load"].parameters["site_threshold"].value == 40
    assert whole.tenant.snooze_days == 60
    assert brief.tenant.knowledge.default_table == "va-dod-2021"


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
