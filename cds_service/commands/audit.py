"""``benzo-cds audit verify | export``: the record of calls, checked as a chain or given out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import partial

import orjson
from sqlalchemy import ColumnElement, Connection

from cds_service.commands.store import opened_store, period_of, use
from cds_service.config import Settings
from cds_service.records import chain
from cds_service.records.audit_event import audit_event
from cds_service.records.database import Row
from cds_service.records.schema import evaluations
from cds_service.records.timestamps import format_timestamp

# The digits of the largest number that a database keeps.
_MAX_SEQUENCE_LENGTH = 18


def verify(chosen: Namespace) -> int:
    """Follow the chain of each tenant; 1 where it is broken, or a head that is expected is not in it."""
    store = opened_store(Settings())
    chains = use(
        store.database,
        lambda connection: [
            chain.verify(connection, tenant, store.pseudonyms)
            for tenant in chain.tenants_of(connection)
            if chosen.tenant in (None, tenant)
        ],
    )
    broken = False
    for status in chains:
        purged = f" after {status.purged_until} purged" if status.purged_until else ""
        rows = f"{status.tenant}: {status.rows} rows{purged}"
        if status.broken:
            broken = True
            print(f"{rows}, then: {status.broken}")
        else:
            print(f"{rows}, unbroken; head {status.tenant}:{status.sequence}:{status.link}")
    if not chains:
        print("There is no record.")
    for head in chosen.expect or ():
        if not use(store.database, partial(_is_in_record, head=head)):
            broken = True
            print(f"Not in the record: {head}")
    return 1 if broken else 0


def _is_in_record(connection: Connection, head: str) -> bool:
    """Whether a head that was printed earlier, ``tenant:sequence:link``, is in the record, or was purged from it."""
    tenant, _, rest = head.partition(":")
    number, _, link = rest.partition(":")
    if not number.isdecimal() or len(number) > _MAX_SEQUENCE_LENGTH:
        return False
    sequence = int(number)
    if sequence <= chain.purge_point(connection, tenant)[0]:
        return True
    row = next(chain.rows_of(connection, tenant, sequence - 1), None)
    return row is not None and (row["sequence"], row["link"]) == (sequence, link)


def export(chosen: Namespace) -> int:
    """Print the record between two days: FHIR AuditEvents, or the rows as they are, one JSON object a line."""
    settings = Settings()
    since, until = map(format_timestamp, period_of(chosen, settings).instants)
    database = opened_store(settings).database
    between = (evaluations.c.at >= since, evaluations.c.at < until)
    for tenant in use(database, chain.tenants_of) if chosen.tenant is None else [chosen.tenant]:
        after = 0
        # In batches: the reader of the output may be slow, and the database must not wait for it.
        while rows := use(database, partial(_batch, tenant=tenant, after=after, between=between)):
            for row in rows:
                print((orjson.dumps(row) if chosen.rows else audit_event(row)).decode())
            after = rows[-1]["sequence"]
    return 0


def _batch(connection: Connection, tenant: str, after: int, between: Sequence[ColumnElement[bool]]) -> list[Row]:
    return chain.next_rows(connection, tenant, after, *between)
