"""The rows of the chain, their links, and where the chain of a tenant begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select

from cds_service.records.call_rows import CallRows
from cds_service.records.database import Row, lock
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import card_findings, cards, checkpoints, evaluations, fired

_FIRST_LINK = ""
_BATCH = 1_000
# Columns of evaluations that rows of version 0.3.0 and before do not have: their value is empty.
_LATER_COLUMNS = ("key", "content")
# Statements are built once, here: building one takes longer than executing it.
_LAST = (
    select(evaluations.c.sequence, evaluations.c.link)
    .where(evaluations.c.tenant == bindparam("tenant"))
    .order_by(evaluations.c.sequence.desc())
    .limit(1)
)
_INSERT_EVALUATION, _INSERT_FIRED, _INSERT_CARDS, _INSERT_FINDINGS = map(
    insert, (evaluations, fired, cards, card_findings)
)


def seal(checkpoint: Row, pseudonyms: Pseudonyms) -> Row:
    """A checkpoint with its seal, which proves that whoever purged the rows had the key."""
    sealed = {name: value for name, value in checkpoint.items() if name != "seal"}
    return sealed | {"seal": pseudonyms.link("purged", linked_content(sealed))}


def lock_chain(connection: Connection, tenant: str) -> None:
    """Let no other connection add to the chain of a tenant until this transaction ends."""
    lock(connection, f"benzo-cds {tenant}")


def append(connection: Connection, rows: CallRows, pseudonyms: Pseudonyms, *, is_retry: bool = False) -> None:
    """Add the rows of a call at the end of its tenant's chain.

    Args:
        connection: in a transaction.
        rows: the rows of the call.
        pseudonyms: those of the key that the store is written with.
        is_retry: the call may be in the chain already, since the database may have committed a transaction that was
            given up. It is then left as it is.
    """
    tenant = rows.tenant
    lock_chain(connection, tenant)
    if is_retry and _is_stored(connection, rows.evaluation):
        return
    last, link = head(connection, tenant)
    sequence = last + 1
    key = {"tenant": tenant, "sequence": sequence}
    found = [key | {"finding": finding} for finding in rows.fired]
    shown = [card | key for card in rows.cards]
    raised = [
        key | {"topic": topic, "finding": finding} for topic, findings in rows.raised.items() for finding in findings
    ]
    own = {"key": pseudonyms.key_id, "content": content_digest(found, shown, raised), "previous": link}
    row = rows.evaluation | key | own
    connection.execute(_INSERT_EVALUATION, row | {"link": pseudonyms.link(link, linked_content(row))})
    for insertion, added in ((_INSERT_FIRED, found), (_INSERT_CARDS, shown), (_INSERT_FINDINGS, raised)):
        if added:
            connection.execute(insertion, added)


def _is_stored(connection: Connection, evaluation: Row) -> bool:
    """Whether a call stands in the chain: no other has the same time, request and hookInstance."""
    same = [evaluations.c[name] == evaluation[name] for name in ("tenant", "at", "input", "hook_instance")]
    return connection.execute(select(evaluations.c.sequence).where(*same).limit(1)).first() is not None


def head(connection: Connection, tenant: str) -> tuple[int, str]:
    """The last sequence number of a tenant's chain, and its link."""
    last = connection.execute(_LAST, {"tenant": tenant}).first()
    return (last.sequence, last.link) if last is not None else purge_point(connection, tenant)


def purge_point(connection: Connection, tenant: str) -> tuple[int, str]:
    """The sequence number of the last row that was purged of a tenant's chain, and its link."""
    checkpoint = checkpoint_of(connection, tenant)
    return (checkpoint["sequence"], checkpoint["link"]) if checkpoint is not None else (0, _FIRST_LINK)


def checkpoint_of(connection: Connection, tenant: str) -> Row | None:
    """The checkpoint of a tenant whose chain was purged."""
    row = connection.execute(select(checkpoints).where(checkpoints.c.tenant == tenant)).mappings().first()
    return None if row is None else {str(name): value for name, value in row.items()}


def tenants_of(connection: Connection) -> list[str]:
    """The tenants that have a chain, or cards."""
    tenants = set(connection.execute(select(checkpoints.c.tenant)).scalars())
    # One tenant after the other by the index: there are few tenants and very many rows.
    for table in (evaluations, cards):
        first = select(func.min(table.c.tenant))
        tenant: str | None = connection.execute(first).scalar()
        while tenant is not None:
            tenants.add(tenant)
            tenant = connection.execute(first.where(table.c.tenant > tenant)).scalar()
    return sorted(tenants)


def rows_of(connection: Connection, tenant: str, after: int = 0) -> Iterator[Row]:
    """The rows of a tenant's chain in order, those that follow the sequence number ``after``."""
    while rows := next_rows(connection, tenant, after):
        yield from rows
        after = rows[-1]["sequence"]


def next_rows(connection: Connection, tenant: str, after: int, *conditions: ColumnElement[bool]) -> list[Row]:
    """Up to a thousand rows of a tenant's chain that follow ``after`` and meet the conditions, in order."""
    batch = connection.execute(
        select(evaluations)
        .where(evaluations.c.tenant == tenant, evaluations.c.sequence > after, *conditions)
        .order_by(evaluations.c.sequence)
        .limit(_BATCH)
    ).mappings()
    return [{str(name): value for name, value in row.items()} for row in batch]


def content_digest(found: Iterable[Row], shown: Iterable[Row], raised: Iterable[Row]) -> str:
    """The digest of the rows that belong to an evaluation: its findings, its cards, and the findings of these.

    The link covers the digest, so that it needs no key of its own.
    """
    rows = (sorted(map(linked_content, rows)) for rows in (found, shown, raised))
    return sha256(b"\x1e".join(b"\x1f".join(part) for part in rows)).hexdigest()


def linked_content(row: Row) -> bytes:
    """The bytes that the link of a row covers: every column but the link itself, without those that were added later
    than the row."""
    later = _LATER_COLUMNS if not row.get("key", "") else ()
    return orjson.dumps({name: row[name] for name in row if name not in later}, option=orjson.OPT_SORT_KEYS)
