"""How long records stay: what is older than the site keeps is purged, and the chain goes on from where it was cut."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from cds_service.records import chain
from cds_service.records.chain import lock_chain
from cds_service.records.moments import written
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, card_findings, cards, checkpoints, evaluations, fired, tokens


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows went."""

    evaluations: int
    answers: int
    tokens: int


def purge(connection: Connection, before: datetime, now: datetime, names: Pseudonyms) -> Purged:
    """Remove what was kept before a moment, and every token that has expired by now.

    The last evaluation that goes leaves its link behind, sealed, as the checkpoint that the chain is verified from.
    """
    gone = 0
    for tenant in chain.tenants_of(connection):
        lock_chain(connection, tenant)
        gone += _purge_chain(connection, tenant, written(before), written(now), names)
    told = connection.execute(delete(answers).where(answers.c.received_at < written(before))).rowcount
    used = connection.execute(delete(tokens).where(tokens.c.until < int(now.timestamp()))).rowcount
    return Purged(gone, told, used)


def _purge_chain(connection: Connection, tenant: str, before: str, now: str, names: Pseudonyms) -> int:
    """The rows before the first that stays: a clock that ran back must not leave a hole."""
    own = evaluations.c.tenant == tenant
    first_kept = connection.execute(
        select(func.min(evaluations.c.sequence)).where(own, evaluations.c.at >= before)
    ).scalar()
    old = select(evaluations.c.sequence, evaluations.c.link).where(own)
    if first_kept is not None:
        old = old.where(evaluations.c.sequence < first_kept)
    last = connection.execute(old.order_by(evaluations.c.sequence.desc()).limit(1)).first()
    if last is None:
        return 0
    told = {"tenant": tenant, "sequence": last.sequence, "link": last.link, "at": now}
    checkpoint = chain.sealed(told, names)
    here = checkpoints.c.tenant == tenant
    if connection.execute(update(checkpoints).where(here).values(checkpoint)).rowcount == 0:
        connection.execute(insert(checkpoints), checkpoint)
    for table in (card_findings, cards, fired):
        connection.execute(delete(table).where(table.c.tenant == tenant, table.c.sequence <= last.sequence))
    return connection.execute(delete(evaluations).where(own, evaluations.c.sequence <= last.sequence)).rowcount
