"""``benzo-cds audit verify | anchor | export``: the record of calls, checked as a chain or given out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson
from sqlalchemy import ColumnElement, Connection

from cds_service.commands.store import opened_store, period_of, recorded_tenants, use
from cds_service.config import Settings
from cds_service.errors import CommandError
from cds_service.records import chain
from cds_service.records.audit_event import audit_event
from cds_service.records.database import Row, read_one_moment, replace_private
from cds_service.records.schema import evaluations
from cds_service.records.store import DatabaseCallStore
from cds_service.records.timestamps import format_timestamp


def verify(chosen: Namespace) -> int:
    """Follow the chain of each tenant; 1 where it is broken, or where a head of an anchor is not in it."""
    if chosen.advance and (chosen.anchor is None or chosen.tenant is not None):
        raise CommandError("--advance needs --anchor FILE, and no --tenant: an anchor is of all tenants")
    store = opened_store(Settings())
    tenants = recorded_tenants(store.database, chosen.tenant)
    anchor = None if chosen.anchor is None else _anchor_of(chosen.anchor, store)
    chains = use(store.database, lambda connection: _verified(connection, store, tenants))
    for status in chains:
        purged = f" after {status.purged_until} purged" if status.purged_until else ""
        rows = f"{status.tenant}: {status.rows} rows{purged}"
        if status.broken:
            print(f"{rows}, then: {status.broken}")
        else:
            print(f"{rows}, unbroken; head {chain.head_text(status.tenant, status.sequence, status.link)}")
    if not chains:
        print("There is no record.")
    expected = [*(chosen.expect or ()), *(anchor.heads if anchor else ())]
    missing = use(store.database, lambda connection: _missing(connection, expected))
    for head in missing:
        print(f"Not in the record: {head}")
    if missing or any(status.broken for status in chains):
        return 1
    if anchor is not None:
        print(f"The record holds all that the anchor of {anchor.at} names.")
    if chosen.advance:
        # Of the heads that were verified: what was written since then is verified the next time.
        heads = (chain.head_text(status.tenant, status.sequence, status.link) for status in chains)
        _write(chosen.anchor, chain.Anchor(format_timestamp(datetime.now(UTC)), tuple(heads)), store)
    return 0


def _verified(connection: Connection, store: DatabaseCallStore, tenants: Iterable[str]) -> list[chain.ChainStatus]:
    """The chains of tenants as they are at one moment: calls and purges go on meanwhile."""
    read_one_moment(connection)
    return [chain.verify(connection, tenant, *store.keys.newest_first()) for tenant in tenants]


def anchor(chosen: Namespace) -> int:
    """Print the ends of all chains, or write them to a file; 1 where the record lacks what the file holds already."""
    store = opened_store(Settings())
    now = use(store.database, lambda connection: chain.Anchor.now(connection, datetime.now(UTC)))
    use(store.database, store.keys.newest)
    if chosen.file is None:
        print(now.text(store.pseudonyms), end="")
        return 0
    if chosen.file.exists():
        before = _anchor_of(chosen.file, store)
        missing = use(store.database, lambda connection: _missing(connection, before.heads))
        for head in missing:
            print(f"Not in the record: {head}")
        if missing:
            print(f"{chosen.file} stays as it is.")
            return 1
    _write(chosen.file, now, store)
    return 0


def _anchor_of(file: Path, store: DatabaseCallStore) -> chain.Anchor:
    if not file.exists():
        raise CommandError(f"there is no anchor {file}; `benzo-cds audit anchor {file}` makes the first one")
    try:
        return chain.read_anchor(file, store.keys.held)
    except chain.AnchorError as error:
        raise CommandError(str(error)) from None


def _missing(connection: Connection, heads: Iterable[str]) -> list[str]:
    return [head for head in heads if not chain.is_in_record(connection, head)]


def _write(file: Path, now: chain.Anchor, store: DatabaseCallStore) -> None:
    try:
        replace_private(file, now.text(store.pseudonyms))
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from None
    print(f"{file} holds the {len(now.heads)} heads of {now.at}. Keep a copy where who writes the database cannot.")


def export(chosen: Namespace) -> int:
    """Print the record between two days: FHIR AuditEvents, or the rows as they are, one JSON object a line."""
    settings = Settings()
    since, until = map(format_timestamp, period_of(chosen, settings).instants)
    database = opened_store(settings).database
    between = (evaluations.c.at >= since, evaluations.c.at < until)
    for tenant in recorded_tenants(database, chosen.tenant):
        after = 0
        # In batches: the reader of the output may be slow, and the database must not wait for it.
        while rows := use(database, partial(_batch, tenant=tenant, after=after, between=between)):
            for row in rows:
                print((orjson.dumps(row) if chosen.rows else audit_event(row)).decode())
            after = rows[-1]["sequence"]
    return 0


def _batch(connection: Connection, tenant: str, after: int, between: Sequence[ColumnElement[bool]]) -> list[Row]:
    return chain.next_rows(connection, tenant, after, *between)
