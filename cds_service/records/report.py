"""The performance of each finding: how often it was judged, would have raised a card, was shown, and how that was
answered.

By finding and edition of the knowledge, so that the effect of a changed threshold can be seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median, quantiles

from sqlalchemy import ColumnElement, Connection, Table, func, select

from cds_service.hooks.evaluation import Verdict
from cds_service.records import chain
from cds_service.records.feedback_rows import NO_REASON
from cds_service.records.schema import answers, card_findings, cards, evaluations, fired
from cds_service.records.timestamps import format_timestamp

ACCEPTED, OVERRIDDEN = "accepted", "overridden"
NO_REASON_GIVEN = "no reason given"
_MICROSECONDS = 1000
_PARTS, _P95 = 100, 94

Conditions = tuple[ColumnElement[bool], ...]
Key = tuple[str, str, str]
"""Tenant, finding, edition of the knowledge."""
CardKey = tuple[str, str]
"""Tenant and card: two tenants may have sent the same hookInstance, which gives their cards the same uuid."""
Outcomes = dict[str, set[str]]
"""The reasons given for each outcome."""


@dataclass(frozen=True, slots=True)
class Performance:
    """One finding of one edition of the knowledge, in the calls of one tenant.

    ``evaluated``: calls that were judged; ``would_fire``: those in which it raised a card, shown or not. ``verdicts``:
    the cards it raised, by verdict. ``accepted``, ``overridden`` (by reason) and ``unanswered`` count shown cards, each
    once however often its call was repeated. ``median`` and ``p95``: milliseconds of the calls it fired in; None
    without any.
    """

    tenant: str
    finding: str
    knowledge: str
    evaluated: int
    would_fire: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    accepted: int = 0
    overridden: Mapping[str, int] = field(default_factory=dict)
    unanswered: int = 0
    median: float | None = None
    p95: float | None = None

    @property
    def shown(self) -> int:
        """How many of its cards were shown."""
        return self.verdicts.get(Verdict.SHOWN, 0)


def performance(
    connection: Connection, findings: Iterable[str], since: datetime, until: datetime, tenant: str | None = None
) -> list[Performance]:
    """The performance of every finding between two instants, by tenant and edition.

    Args:
        connection: to the store.
        findings: the ids of all findings, so that those that never fired are listed too.
        since: the first instant.
        until: the first instant after.
        tenant: the only tenant to report on; None for all.
    """
    ids = tuple(findings)
    # One tenant at a time: only so does the index on tenant and time skip the years before.
    return [
        row
        for name in ([tenant] if tenant is not None else chain.tenants_of(connection))
        for row in _of_tenant(connection, ids, name, format_timestamp(since), format_timestamp(until))
    ]


def _of_tenant(
    connection: Connection, findings: tuple[str, ...], tenant: str, since: str, until: str
) -> Iterator[Performance]:
    judged = _judged(connection, _between(evaluations, tenant, since, until))
    times = _times(connection, _between(evaluations, tenant, since, until))
    # A card has the time of its call. Each query filters by one of the two, so that one index serves it.
    uuids = _cards(connection, _between(cards, tenant, since, until))
    outcomes = _answers(connection, _between(cards, tenant, since, until))
    for (name, knowledge), number in sorted(judged.items()):
        for finding in sorted({*findings, *(key[1] for key in times if (key[0], key[2]) == (name, knowledge))}):
            key = (name, finding, knowledge)
            yield _performance(key, number, times.get(key, []), uuids.get(key, {}), outcomes)


def _performance(
    key: Key,
    judged: int,
    times: list[float],
    uuids: Mapping[Verdict, set[str]],
    answered_cards: Mapping[CardKey, Outcomes],
) -> Performance:
    tenant, finding, knowledge = key
    answered = {uuid: answered_cards.get((tenant, uuid), {}) for uuid in uuids.get(Verdict.SHOWN, ())}
    reasons: Counter[str] = Counter()
    for outcomes in answered.values():
        if ACCEPTED not in outcomes and OVERRIDDEN in outcomes:
            reasons.update(reason or NO_REASON_GIVEN for reason in sorted(outcomes[OVERRIDDEN])[-1:])
    return Performance(
        tenant=tenant,
        finding=finding,
        knowledge=knowledge,
        evaluated=judged,
        would_fire=len(times),
        verdicts={str(verdict): len(uuids[verdict]) for verdict in Verdict if uuids.get(verdict)},
        accepted=sum(ACCEPTED in outcomes for outcomes in answered.values()),
        overridden=dict(sorted(reasons.items())),
        unanswered=sum(not outcomes for outcomes in answered.values()),
        median=median(times) if times else None,
        p95=_p95(times),
    )


def _p95(times: list[float]) -> float | None:
    if len(times) < 1 + 1:
        return times[0] if times else None
    return quantiles(times, n=_PARTS, method="inclusive")[_P95]


def _judged(connection: Connection, between: Conditions) -> dict[tuple[str, str], int]:
    statement = (
        select(evaluations.c.tenant, evaluations.c.knowledge, func.count())
        .where(evaluations.c.assessed, *between)
        .group_by(evaluations.c.tenant, evaluations.c.knowledge)
    )
    return {(tenant, knowledge): number for tenant, knowledge, number in connection.execute(statement)}


def _between(table: Table, tenant: str, since: str, until: str) -> Conditions:
    return (table.c.tenant == tenant, table.c.at >= since, table.c.at < until)


def _times(connection: Connection, between: Conditions) -> dict[Key, list[float]]:
    """The milliseconds of the calls in which each finding fired."""
    statement = (
        select(fired.c.tenant, fired.c.finding, evaluations.c.knowledge, evaluations.c.microseconds)
        .join(evaluations, _same_call(fired, evaluations))
        .where(*between)
    )
    times: defaultdict[Key, list[float]] = defaultdict(list)
    for tenant, finding, knowledge, microseconds in connection.execute(statement):
        times[tenant, finding, knowledge].append(microseconds / _MICROSECONDS)
    return times


def _cards(connection: Connection, between: Conditions) -> dict[Key, dict[Verdict, set[str]]]:
    """The uuids of the cards that each finding raised, by verdict."""
    raised = card_findings
    statement = (
        select(raised.c.tenant, raised.c.finding, evaluations.c.knowledge, cards.c.uuid, cards.c.verdict)
        .join(cards, _same_call(raised, cards) & (cards.c.topic == raised.c.topic))
        .join(evaluations, _same_call(raised, evaluations))
        .where(*between)
    )
    uuids: defaultdict[Key, dict[Verdict, set[str]]] = defaultdict(dict)
    for tenant, finding, knowledge, uuid, verdict in connection.execute(statement):
        uuids[tenant, finding, knowledge].setdefault(Verdict(verdict), set()).add(uuid)
    return uuids


def _same_call(one: Table, other: Table) -> ColumnElement[bool]:
    return (one.c.tenant == other.c.tenant) & (one.c.sequence == other.c.sequence)


def _answers(connection: Connection, between: Conditions) -> dict[CardKey, Outcomes]:
    """The outcomes of each card that was answered."""
    statement = (
        select(answers.c.tenant, answers.c.card, answers.c.outcome, answers.c.reason)
        .join(cards, (cards.c.tenant == answers.c.tenant) & (cards.c.uuid == answers.c.card))
        .where(*between)
        .distinct()
    )
    outcomes: defaultdict[CardKey, Outcomes] = defaultdict(dict)
    for tenant, card, outcome, reason in connection.execute(statement):
        outcomes[tenant, card].setdefault(outcome, set()).add(reason or NO_REASON)
    return outcomes


@dataclass(frozen=True, slots=True)
class DoubtedRecord:
    """A patient's record to be checked: a card was answered with "not taking it, or the dose on record is wrong".

    ``patient``: the pseudonym in the store.
    """

    tenant: str
    received_at: str
    card: str
    service: str
    patient: str


def doubted_records(
    connection: Connection, codes: Iterable[str], since: datetime, until: datetime
) -> list[DoubtedRecord]:
    """The records to be checked, newest answer first. ``codes``: the reasons that say so."""
    statement = (
        select(answers.c.tenant, answers.c.received_at, answers.c.card, cards.c.service, cards.c.patient)
        .join(cards, (cards.c.tenant == answers.c.tenant) & (cards.c.uuid == answers.c.card))
        .where(
            answers.c.reason.in_(list(codes)),
            answers.c.received_at >= format_timestamp(since),
            answers.c.received_at < format_timestamp(until),
        )
        .distinct()
        .order_by(answers.c.received_at.desc(), answers.c.card)
    )
    return [DoubtedRecord(*row) for row in connection.execute(statement)]
