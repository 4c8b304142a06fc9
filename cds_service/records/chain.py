"""The record of evaluations as a chain: each row carries a keyed link that depends on all rows before it.

Whoever changes, removes or adds a row without the key leaves a place where the links do not fit, which
:func:`verified` names. Rows that are cut off at the end leave none: for that the head is printed, to be kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select

from cds_service.records.database import Row
from cds_service.records.engines import lock
from cds_service.records.entries import Kept
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import card_findings, cards, checkpoints, evaluations, fired

_BEGINNING = ""
_BATCH = 1_000
# What every call asks is built here, once: to build a statement takes longer than to execute it.
_LAST = (
    select(evaluations.c.sequence, evaluations.c.link)
    .where(evaluations.c.tenant == bindparam("tenant"))
    .order_by(evaluations.c.sequence.desc())
    .limit(1)
)
_NEW_EVALUATION, _NEW_FIRED, _NEW_CARDS, _NEW_FINDINGS = map(insert, (evaluations, fired, cards, card_findings))


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain: ``begins_after`` is the last row that was purged (0: none), ``sequence`` and ``link`` are its head;
    ``broken`` says where and how it does not fit, empty where it does."""

    tenant: str
    rows: int
    begins_after: int
    sequence: int
    link: str
    broken: str = ""


def sealed(checkpoint: Row, names: Pseudonyms) -> Row:
    """A checkpoint with its seal: nobody without the key can say that rows were purged."""
    told = {name: value for name, value in checkpoint.items() if name != "seal"}
    return told | {"seal": names.link("purged", content(told))}


def lock_chain(connection: Connection, tenant: str) -> None:
    """Let nobody else add to the record of a tenant until this transaction ends."""
    lock(connection, f"benzo-cds {tenant}")


def append(connection: Connection, kept: Kept, names: Pseudonyms) -> int:
    """Write what is kept of a call at the end of its tenant's chain; returns its place there."""
    tenant = kept.tenant
    lock_chain(connection, tenant)
    last, link = head(connection, tenant)
    sequence = last + 1
    row = kept.evaluation | {"sequence": sequence, "previous": link}
    connection.execute(_NEW_EVALUATION, row | {"link": names.link(link, content(row))})
    place = {"tenant": tenant, "sequence": sequence}
    if kept.fired:
        connection.execute(_NEW_FIRED, [place | {"finding": finding} for finding in kept.fired])
    if kept.cards:
        connection.execute(_NEW_CARDS, [card | place for card in kept.cards])
        raised = [
            place | {"topic": topic, "finding": finding} for topic, named in kept.raised.items() for finding in named
        ]
        connection.execute(_NEW_FINDINGS, raised)
    return sequence


def head(connection: Connection, tenant: str) -> tuple[int, str]:
    """The last place of a tenant's chain, and its link."""
    last = connection.execute(_LAST, {"tenant": tenant}).first()
    return (last.sequence, last.link) if last is not None else begins_after(connection, tenant)


def begins_after(connection: Connection, tenant: str) -> tuple[int, str]:
    """The last row of a tenant's chain that was purged, and its link."""
    told = _checkpoint(connection, tenant)
    return (told["sequence"], told["link"]) if told is not None else (0, _BEGINNING)


def _checkpoint(connection: Connection, tenant: str) -> Row | None:
    told = connection.execute(select(checkpoints).where(checkpoints.c.tenant == tenant)).mappings().first()
    return None if told is None else {str(name): value for name, value in told.items()}


def tenants_of(connection: Connection) -> list[str]:
    """The tenants that have a chain."""
    found = set(connection.execute(select(checkpoints.c.tenant)).scalars())
    # From one to the next by the index: there are few of them, and very many rows.
    following = select(func.min(evaluations.c.tenant))
    name: str | None = connection.execute(following).scalar()
    while name is not None:
        found.add(name)
        name = connection.execute(following.where(evaluations.c.tenant > name)).scalar()
    return sorted(found)


def rows_of(connection: Connection, tenant: str, after: int = 0) -> Iterator[Row]:
    """The rows of a tenant's chain in their order, from the one that follows a place."""
    while found := some_rows(connection, tenant, after):
        yield from found
        after = found[-1]["sequence"]


def some_rows(connection: Connection, tenant: str, after: int, *conditions: ColumnElement[bool]) -> list[Row]:
    """The next rows of a tenant's chain that follow a place, up to a thousand of those that fit."""
    batch = connection.execute(
        select(evaluations)
        .where(evaluations.c.tenant == tenant, evaluations.c.sequence > after, *conditions)
        .order_by(evaluations.c.sequence)
        .limit(_BATCH)
    ).mappings()
    return [{str(name): value for name, value in row.items()} for row in batch]


def verified(connection: Connection, tenant: str, names: Pseudonyms) -> Verified:
    """Follow a tenant's chain from its beginning to its end, or to the first place that does not fit."""
    start, link = begins_after(connection, tenant)
    purged = _checkpoint(connection, tenant)
    if purged is not None and purged != sealed(purged, names):
        return Verified(tenant, 0, start, start, link, f"who removed the rows up to {start} did not have the key")
    sequence, number = start, 0
    for row in rows_of(connection, tenant, start):
        told = row.pop("link")
        why = ""
        if row["sequence"] != sequence + 1:
            why = f"row {sequence + 1} is missing"
        elif row["previous"] != link:
            why = f"row {row['sequence']} does not follow row {sequence}"
        elif told != names.link(link, content(row)):
            why = f"row {row['sequence']} is not as it was written"
        if why:
            return Verified(tenant, number, start, sequence, link, why)
        sequence, link, number = row["sequence"], told, number + 1
    return Verified(tenant, number, start, sequence, link)


def content(row: Row) -> bytes:
    """What the link of a row vouches for: every column but the link itself."""
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
