"""The commands on the store: ``report``, ``audit verify|export`` and ``store upgrade|purge|doubts|names``."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection

from cds_service.commands.service import CommandError
from cds_service.config import Settings
from cds_service.hooks.request import patient_reference
from cds_service.records import chain
from cds_service.records.audit_event import audit_event
from cds_service.records.configured_store import StoreSettingError, missing_file, naming_default_store, open_store
from cds_service.records.database import Database, Row, StoreDownError
from cds_service.records.feedback_rows import reason_codes_leading_to
from cds_service.records.report import Performance, doubted_records, performance
from cds_service.records.retention import purge
from cds_service.records.schema import evaluations
from cds_service.records.store import DatabaseCallStore
from cds_service.records.timestamps import day_bounds, format_timestamp, month_before
from rules import load_knowledge
from rules.knowledge import LeadsTo

T = TypeVar("T")
# Nobody waits for a command as a prescriber waits for a card.
_SECONDS = 600.0
# The digits of the largest number that a database keeps.
_MAX_PLACE_LENGTH = 18
_HEADINGS = ("tenant", "finding", "knowledge", "judged", "would fire", "shown", "accepted", "overridden", "no answer",
             "snoozed", "repeated", "shadow", "median ms", "p95 ms")  # fmt: skip


def report(chosen: Namespace, settings: Settings) -> int:
    """Print how each finding did between two days, as a table or as JSON."""
    (first, last), (since, until) = _days(chosen, settings), _between(chosen, settings)
    store = _store(settings)
    ids = sorted(load_knowledge(settings.site_text()).findings)
    found = _asked(store.database, lambda c: performance(c, ids, since, until, chosen.tenant))
    if chosen.json:
        print(orjson.dumps([report_row(each) for each in found], option=orjson.OPT_INDENT_2).decode())
        return 0
    print(f"From {first} to {last}, by the store {store.database.redacted_address}")
    if not found:
        print("No call was judged in that time.")
        return 0
    rows = [_cells(each) for each in found if each.would_fire]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    for row in (_HEADINGS, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for each in found:
        reasons = ", ".join(f"{reason} {number}" for reason, number in each.overridden.items())
        if reasons:
            print(f"{each.tenant}, {each.finding}, {each.knowledge}: overridden because: {reasons}")
    never = {each.finding for each in found} - {each.finding for each in found if each.would_fire}
    if never:
        print(f"Judged and never fired: {', '.join(sorted(never))}")
    return 0


def report_row(each: Performance) -> dict[str, object]:
    """A row of the report as JSON has it."""
    return asdict(each) | {"shown": each.shown}


def doubts(chosen: Namespace, settings: Settings) -> int:
    """Print the cards that were answered with "not taking it, or the dose on record is wrong", as JSON lines."""
    since, until = _between(chosen, settings)
    codes = reason_codes_leading_to(LeadsTo.DATA_QUALITY, load_knowledge(settings.site_text()))
    for each in _asked(_store(settings).database, lambda c: doubted_records(c, codes, since, until)):
        print(orjson.dumps(asdict(each)).decode())
    return 0


def audit_verify(chosen: Namespace, settings: Settings) -> int:
    """Follow every chain; 1 where one does not fit, or its head is not the one that is expected."""
    store = _store(settings)
    found = _asked(
        store.database,
        lambda c: [
            chain.verify(c, tenant, store.pseudonyms)
            for tenant in chain.tenants_of(c)
            if chosen.tenant in (None, tenant)
        ],
    )
    broken = False
    for each in found:
        where = f"{each.tenant}: {each.rows} rows" + (f" after {each.purged_until} purged" if each.purged_until else "")
        if each.broken:
            broken = True
            print(f"{where}, then: {each.broken}")
        else:
            print(f"{where}, unbroken; head {each.tenant}:{each.sequence}:{each.link}")
    if not found:
        print("There is no record.")
    for expected in chosen.expect or ():
        if not _asked(store.database, partial(_stands, told=expected)):
            broken = True
            print(f"Not in the record: {expected}")
    return 1 if broken else 0


def _stands(connection: Connection, told: str) -> bool:
    """Whether a head that was printed earlier still stands in the record, or was purged from it."""
    tenant, _, rest = told.partition(":")
    place, _, link = rest.partition(":")
    if not place.isdecimal() or len(place) > _MAX_PLACE_LENGTH:
        return False
    sequence = int(place)
    if sequence <= chain.purge_point(connection, tenant)[0]:
        return True
    row = next(chain.rows_of(connection, tenant, sequence - 1), None)
    return row is not None and (row["sequence"], row["link"]) == (sequence, link)


def audit_export(chosen: Namespace, settings: Settings) -> int:
    """Print the record between two days: FHIR AuditEvents, or the rows as they are, one JSON a line."""
    since, until = map(format_timestamp, _between(chosen, settings))
    database = _store(settings).database
    between = (evaluations.c.at >= since, evaluations.c.at < until)
    for tenant in _asked(database, chain.tenants_of) if chosen.tenant is None else [chosen.tenant]:
        after = 0
        # Some at a time: who reads them may be slow, and the database is not to wait for that.
        while rows := _asked(database, partial(_next, tenant=tenant, after=after, between=between)):
            for row in rows:
                print((orjson.dumps(row) if chosen.rows else audit_event(row)).decode())
            after = rows[-1]["sequence"]
    return 0


def _next(connection: Connection, tenant: str, after: int, between: Sequence[ColumnElement[bool]]) -> list[Row]:
    return chain.next_rows(connection, tenant, after, *between)


def store_upgrade(_: Namespace, settings: Settings) -> int:
    """Make the tables, or bring them up to date."""
    store = _store(settings, make=True)
    try:
        store.database.upgrade()
    except StoreDownError as error:
        raise _cannot(store.database, error) from None
    print(f"The tables of {store.database.redacted_address} are up to date.")
    return 0


def store_purge(chosen: Namespace, settings: Settings) -> int:
    """Remove what is older than the site keeps."""
    days = settings.retention_days if chosen.older_than is None else chosen.older_than
    now = datetime.now(UTC)
    store = _store(settings)
    gone = _asked(store.database, lambda c: purge(c, now - timedelta(days=days), now, store.pseudonyms), writes=True)
    print(f"Older than {days} days: {gone.evaluations} calls and {gone.answers} answers; {gone.tokens} expired tokens.")
    return 0


def store_names(chosen: Namespace, settings: Settings) -> int:
    """Print the names in the store of the patients that standard input holds, a reference or an id in each line.

    They are read and not given as arguments: those would stand in the history of the shell.
    """
    names = _store(settings).pseudonyms
    for line in sys.stdin:
        if line.strip():
            print(names.of("patient", chosen.tenant, patient_reference(line.strip())))
    return 0


def _store(settings: Settings, *, make: bool = False) -> DatabaseCallStore:
    """The store of the configuration; a file that is not there is a mistake, unless it is to be made."""
    settings = naming_default_store(settings)
    try:
        missing = None if make else missing_file(settings)
        if missing is not None:
            raise CommandError(
                f"there is no store {missing}. Commands need the settings and the user of the service that keeps it; "
                "`benzo-cds store upgrade` makes an empty one."
            )
        store = open_store(settings)
    except StoreSettingError as error:
        raise CommandError(str(error)) from None
    store.database.seconds = _SECONDS
    return store


def _asked(database: Database, work: Callable[[Connection], T], *, writes: bool = False) -> T:
    try:
        return database.use(work, writes=writes)
    except StoreDownError as error:
        raise _cannot(database, error) from None


def _cannot(database: Database, error: StoreDownError) -> CommandError:
    return CommandError(f"the store {database.redacted_address} cannot be used: {error.why}")


def _between(chosen: Namespace, settings: Settings) -> tuple[datetime, datetime]:
    return day_bounds(*_days(chosen, settings), settings.zone)


def _days(chosen: Namespace, settings: Settings) -> tuple[date, date]:
    """The days that were asked for; up to today, and a month, where they were not."""
    last = chosen.until or datetime.now(settings.zone).date()
    first = chosen.since or month_before(last)
    if first > last:
        raise CommandError(f"--since {first} is after the last day, {last}")
    return first, last


def _cells(each: Performance) -> tuple[str, ...]:
    verdicts = (each.verdicts.get(name, 0) for name in ("snoozed", "repeated", "shadowed"))
    times = ("" if figure is None else f"{figure:.1f}" for figure in (each.median, each.p95))
    counted: Iterable[int] = (
        each.evaluated, each.would_fire, each.shown, each.accepted, sum(each.overridden.values()), each.unanswered,
        *verdicts,
    )  # fmt: skip
    return (each.tenant, each.finding, each.knowledge, *map(str, counted), *times)
