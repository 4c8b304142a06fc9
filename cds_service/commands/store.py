"""``benzo-cds store ...``, and the store and the period that other commands read."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import orjson
from sqlalchemy import Connection

from cds_service.clock import today
from cds_service.config import PREFIX, Settings
from cds_service.errors import CommandError
from cds_service.hooks.request import patient_reference
from cds_service.records import chain
from cds_service.records.configured_store import key_file_of, missing_file, naming_default_store, open_store
from cds_service.records.database import Database, StoreDownError
from cds_service.records.feedback_rows import reason_codes_leading_to
from cds_service.records.pseudonyms import KeyFileError, append_new_key
from cds_service.records.report import doubted_records
from cds_service.records.retention import purge as purge_older
from cds_service.records.store import DatabaseCallStore
from cds_service.records.timestamps import day_bounds, month_before
from cds_service.trust.tenant import OPEN_TENANT
from rules.knowledge import OverrideEffect, load_knowledge

T = TypeVar("T")
# Nobody waits for a command as a prescriber waits for a card.
_SECONDS = 600.0


def upgrade(_: Namespace) -> int:
    """Make the tables, or bring them up to date."""
    database = opened_store(Settings(), make=True).database
    try:
        database.upgrade()
    except StoreDownError as error:
        raise _down(database, error) from None
    print(f"The tables of {database.redacted_address} are up to date.")
    return 0


def rotate_key(chosen: Namespace) -> int:
    """Write the store with a new key from now on: the one in the key file that the store does not know yet."""
    settings = naming_default_store(Settings())
    store = opened_store(settings)
    if chosen.make:
        try:
            append_new_key(key_file_of(settings))
        except KeyFileError as error:
            raise CommandError(f"{PREFIX}STORE_KEY_FILE: {error}") from None
    before = use(store.database, store.keys.newest)
    new = use(store.database, store.keys.unknown)
    if len(new) != 1:
        names = ", ".join(key.key_id for key in new)
        what = f"more than one key is new: {names}" if new else "no key is new: add one behind an empty line"
        raise CommandError(f"{PREFIX}STORE_KEY_FILE: {what}")
    use(store.database, lambda connection: store.keys.rotate(connection, new[0]), writes=True)
    print(f"From now on the store is written with key {new[0].key_id}. Keep key {before.key_id} in the key file too.")
    return 0


def purge(chosen: Namespace) -> int:
    """Remove what is older than the site keeps."""
    settings = Settings()
    days = settings.retention_days if chosen.older_than is None else chosen.older_than
    now = datetime.now(UTC)
    before = now - timedelta(days=days)
    store = opened_store(settings)
    gone = use(store.database, lambda connection: purge_older(connection, before, now, store.pseudonyms), writes=True)
    print(f"Older than {days} days: {gone.evaluations} calls and {gone.answers} answers; {gone.tokens} expired tokens.")
    return 0


def doubts(chosen: Namespace) -> int:
    """Print the cards that were answered with "not taking it, or the dose on record is wrong", as JSON lines."""
    settings = Settings()
    since, until = period_of(chosen, settings).instants
    codes = reason_codes_leading_to(OverrideEffect.DATA_QUALITY, load_knowledge(settings.site_policy_text()))
    database = opened_store(settings).database
    for doubt in use(database, lambda connection: doubted_records(connection, codes, since, until)):
        print(orjson.dumps(asdict(doubt)).decode())
    return 0


def names(chosen: Namespace) -> int:
    """Print the pseudonyms in the store of the patients that standard input names, a reference or an id in each line:
    by the key in force, and behind it by each former key.

    They are not taken as arguments: those would stand in the history of the shell.
    """
    store = opened_store(Settings())
    use(store.database, store.keys.newest)
    tenant = chosen.tenant or OPEN_TENANT
    for line in sys.stdin:
        if line.strip():
            patient = patient_reference(line.strip())
            print(*(key.of("patient", tenant, patient) for key in store.keys.newest_first()))
    return 0


def opened_store(settings: Settings, *, make: bool = False) -> DatabaseCallStore:
    """The store of the configuration. ``make``: its file need not be there.

    Raises:
        CommandError: the file of the store is not there.
        StoreSettingError: there is no store, or its address, password or key cannot be used.
    """
    settings = naming_default_store(settings)
    missing = None if make else missing_file(settings)
    if missing is not None:
        raise CommandError(
            f"there is no store {missing}. Commands need the settings and the user of the service that keeps it; "
            "`benzo-cds store upgrade` makes an empty one."
        )
    store = open_store(settings)
    store.database.seconds = _SECONDS
    return store


def use(database: Database, work: Callable[[Connection], T], *, writes: bool = False) -> T:
    """What ``work`` returns for a connection to the database.

    Raises:
        CommandError: the database cannot be used.
    """
    try:
        return database.use(work, writes=writes)
    except StoreDownError as error:
        raise _down(database, error) from None


def recorded_tenants(database: Database, tenant: str | None) -> list[str]:
    """The tenants with calls on record; ``tenant``: only this one.

    Raises:
        CommandError: there is no call of that tenant, or the database cannot be used.
    """
    recorded = use(database, chain.tenants_of)
    if tenant is None:
        return recorded
    if tenant not in recorded:
        raise CommandError(f"no call of a tenant {tenant!r} is on record; on record: {', '.join(recorded) or 'none'}")
    return [tenant]


@dataclass(frozen=True, slots=True)
class Period:
    """From the beginning of the first day to the end of the last; ``instants`` are those two, in UTC."""

    first: date
    last: date
    instants: tuple[datetime, datetime]


def period_of(chosen: Namespace, settings: Settings) -> Period:
    """The period of ``--since`` and ``--until``: by default up to today, and a month long.

    Raises:
        CommandError: it ends before it begins.
    """
    last = chosen.until or today(settings.zone)
    first = chosen.since or month_before(last)
    if first > last:
        raise CommandError(f"--since {first} is after the last day, {last}")
    return Period(first, last, day_bounds(first, last, settings.zone))


def _down(database: Database, error: StoreDownError) -> CommandError:
    return CommandError(f"the store {database.redacted_address} cannot be used: {error.why}")
