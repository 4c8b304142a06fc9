"""How long records are stored: older ones are purged, and the chain continues from the last purged row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from cds_service.records import chain
from cds_service.records.chain import lock_chain
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, card_findings, cards, checkpoints, evaluations, fired, tokens
from cds_service.records.timestamps import format_timestamp


@dataclass(frozen=True, slots=True)
class PurgeCounts:
    """The number of rows that were removed."""

    evaluations: int
    answers: int
    tokens: int


def purge(connection: Connection, before: datetime, now: datetime, pseudonyms: Pseudonyms) -> PurgeCounts:
    """Remove the calls and answers stored before an instant, and every token that has expired by now.

    The link of the last purged evaluation is stored, sealed, as the checkpoint from which the chain is verified.
    """
    calls = 0
    for tenant in chain.tenants_of(connection):
        lock_chain(connection, tenant)
        calls += _purge_chain(connection, tenant, format_timestamp(before), format_timestamp(now), pseudonyms)
    feedback = connection.execute(delete(answers).where(answers.c.received_at < format_timestamp(before))).rowcount
    expired = connection.execute(delete(tokens).where(tokens.c.until < int(now.timestamp()))).rowcount
    return PurgeCounts(calls, feedback, expired)


def _purge_chain(connection: Connection, tenant: str, before: str, now: str, pseudonyms: Pseudonyms) -> int:
    """Remove the rows that precede the first one to keep, in the order of the chain: a clock that was set back must not
    leave a gap. Returns how many."""
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
    checkpoint = chain.seal({"tenant": tenant, "sequence": last.sequence, "link": last.link, "at": now}, pseudonyms)
    here = checkpoints.c.tenant == tenant
    if connection.execute(update(checkpoints).where(here).values(checkpoint)).rowcount == 0:
        connection.execute(insert(checkpoints), checkpoint)
    for table in (card_findings, cards, fired):
        connection.execute(delete(table).where(table.c.tenant == tenant, table.c.sequence <= last.sequence))
    return connection.execute(delete(evaluations).where(own, evaluations.c.sequence <= last.sequence)).rowcount
