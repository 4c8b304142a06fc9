"""The record of evaluations as a hash chain: each row carries a keyed link that depends on all rows before it.

:func:`verify` finds every row that was changed, removed or added without the key. It cannot find that rows are missing
at the end: for that the head of the chain is printed, to be stored elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select

from cds_service.records.call_rows import CallRows
from cds_service.records.database import Row
from cds_service.records.engines import lock
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import card_findings, cards, checkpoints, evaluations, fired

_FIRST_LINK = ""
_BATCH = 1_000
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


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """A chain as it was verified.

    ``rows``: how many are intact; ``purged_until``: the sequence of the last row that was purged (0: none);
    ``sequence`` and ``link``: the last intact row; ``broken``: what is wrong with the next one, empty if nothing is.
    """

    tenant: str
    rows: int
    purged_until: int
    sequence: int
    link: str
    broken: str = ""


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
        pseudonyms: those of the store.
        is_retry: the call may be in the chain already, since the database may have committed a transaction that was
            given up. It is then left as it is.
    """
    tenant = rows.tenant
    lock_chain(connection, tenant)
    if is_retry and _is_stored(connection, rows.evaluation):
        return
    last, link = head(connection, tenant)
    sequence = last + 1
    row = rows.evaluation | {"sequence": sequence, "previous": link}
    connection.execute(_INSERT_EVALUATION, row | {"link": pseudonyms.link(link, linked_content(row))})
    key = {"tenant": tenant, "sequence": sequence}
    if rows.fired:
        connection.execute(_INSERT_FIRED, [key | {"finding": finding} for finding in rows.fired])
    if rows.cards:
        connection.execute(_INSERT_CARDS, [card | key for card in rows.cards])
        raised = [
            key | {"topic": topic, "finding": finding}
            for topic, findings in rows.raised.items()
            for finding in findings
        ]
        connection.execute(_INSERT_FINDINGS, raised)


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
    checkpoint = _checkpoint(connection, tenant)
    return (checkpoint["sequence"], checkpoint["link"]) if checkpoint is not None else (0, _FIRST_LINK)


def _checkpoint(connection: Connection, tenant: str) -> Row | None:
    row = connection.execute(select(checkpoints).where(checkpoints.c.tenant == tenant)).mappings().first()
    return None if row is None else {str(name): value for name, value in row.items()}


def tenants_of(connection: Connection) -> list[str]:
    """The tenants that have a chain."""
    tenants = set(connection.execute(select(checkpoints.c.tenant)).scalars())
    # One tenant after the other by the index: there are few tenants and very many rows.
    first = select(func.min(evaluations.c.tenant))
    tenant: str | None = connection.execute(first).scalar()
    while tenant is not None:
        tenants.add(tenant)
        tenant = connection.execute(first.where(evaluations.c.tenant > tenant)).scalar()
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


def verify(connection: Connection, tenant: str, pseudonyms: Pseudonyms) -> ChainStatus:
    """Follow a tenant's chain from its first row to its last, or to the first that is wrong."""
    start, link = purge_point(connection, tenant)
    checkpoint = _checkpoint(connection, tenant)
    if checkpoint is not None and checkpoint != seal(checkpoint, pseudonyms):
        return ChainStatus(tenant, 0, start, start, link, f"who removed the rows up to {start} did not have the key")
    sequence, number = start, 0
    for row in rows_of(connection, tenant, start):
        stored = row.pop("link")
        broken = ""
        if row["sequence"] != sequence + 1:
            broken = f"row {sequence + 1} is missing"
        elif row["previous"] != link:
            broken = f"row {row['sequence']} does not follow row {sequence}"
        elif stored != pseudonyms.link(link, linked_content(row)):
            broken = f"row {row['sequence']} is not as it was written"
        if broken:
            return ChainStatus(tenant, number, start, sequence, link, broken)
        sequence, link, number = row["sequence"], stored, number + 1
    return ChainStatus(tenant, number, start, sequence, link)


def linked_content(row: Row) -> bytes:
    """The bytes that the link of a row covers: every column but the link itself."""
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
