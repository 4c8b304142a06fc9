"""How each finding does: how often it was judged, would have raised a card, was shown, and what came of that.

By finding and by edition of the knowledge, so that a change of a threshold can be seen in its effect.
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
from cds_service.records.moments import written
from cds_service.records.override_rows import NO_REASON
from cds_service.records.schema import answers, card_findings, cards, evaluations, fired

ACCEPTED, OVERRIDDEN = "accepted", "overridden"
NO_REASON_GIVEN = "no reason given"
_MICROSECONDS = 1000
_PARTS, _P95 = 100, 94

Between = tuple[ColumnElement[bool], ...]
Key = tuple[str, str, str]
"""Tenant, finding, edition of the knowledge."""
Answered = tuple[str, str]
"""Tenant and card: two tenants may have been sent the same instance of a hook."""
Outcomes = dict[str, set[str]]
"""The reasons given, by outcome."""


@dataclass(frozen=True, slots=True)
class Performance:
    """One finding of one edition, as one tenant met it.

    ``evaluated``: calls that were judged; ``would_fire``: of these, how many it raised a card in, shown or not.
    ``verdicts``: cards it raised, by what became of them; ``accepted``, ``overridden`` (by reason) and ``unanswered``
    are of those that were shown, one call's card once however often it was made. Times in milliseconds, of the calls it
    fired in, None where there are none.
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
    """Every finding, tenant by tenant and edition by edition, between two moments.

    ``findings`` are all there are, so that one which never fired is seen to.
    """
    ids = tuple(findings)
    # Tenant by tenant: so the index leads to the time that is asked for, past the years before it.
    return [
        row
        for name in ([tenant] if tenant is not None else chain.tenants_of(connection))
        for row in _of_tenant(connection, ids, name, written(since), written(until))
    ]


def _of_tenant(
    connection: Connection, findings: tuple[str, ...], tenant: str, since: str, until: str
) -> Iterator[Performance]:
    judged = _judged(connection, _between(evaluations, tenant, since, until))
    took = _times(connection, _between(evaluations, tenant, since, until))
    # A card is of the moment of its call. So that one index leads to each, no query goes by both.
    made = _cards(connection, _between(cards, tenant, since, until))
    told = _answers(connection, _between(cards, tenant, since, until))
    for (name, knowledge), number in sorted(judged.items()):
        for finding in sorted({*findings, *(key[1] for key in took if (key[0], key[2]) == (name, knowledge))}):
            key = (name, finding, knowledge)
            yield _performance(key, number, took.get(key, []), made.get(key, {}), told)


def _performance(
    key: Key, judged: int, times: list[float], made: Mapping[str, set[str]], told: Mapping[Answered, Outcomes]
) -> Performance:
    tenant, finding, knowledge = key
    answered = {uuid: told.get((tenant, uuid), {}) for uuid in made.get("uuids", ())}
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
        verdicts={str(verdict): len(made[verdict]) for verdict in Verdict if made.get(verdict)},
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


def _judged(connection: Connection, between: Between) -> dict[tuple[str, str], int]:
    counted = (
        select(evaluations.c.tenant, evaluations.c.knowledge, func.count())
        .where(evaluations.c.assessed, *between)
        .group_by(evaluations.c.tenant, evaluations.c.knowledge)
    )
    return {(tenant, knowledge): number for tenant, knowledge, number in connection.execute(counted)}


def _between(table: Table, tenant: str, since: str, until: str) -> Between:
    return (table.c.tenant == tenant, table.c.at >= since, table.c.at < until)


def _times(connection: Connection, between: Between) -> dict[Key, list[float]]:
    """The milliseconds of the calls that each finding fired in."""
    asked = (
        select(fired.c.tenant, fired.c.finding, evaluations.c.knowledge, evaluations.c.microseconds)
        .join(evaluations, _same_call(fired, evaluations))
        .where(*between)
    )
    found: defaultdict[Key, list[float]] = defaultdict(list)
    for tenant, finding, knowledge, microseconds in connection.execute(asked):
        found[tenant, finding, knowledge].append(microseconds / _MICROSECONDS)
    return found


def _cards(connection: Connection, between: Between) -> dict[Key, dict[str, set[str]]]:
    """The uuids of the cards that each finding raised, by verdict, and under ``uuids`` those that were shown."""
    raised = card_findings
    asked = (
        select(raised.c.tenant, raised.c.finding, evaluations.c.knowledge, cards.c.uuid, cards.c.verdict)
        .join(cards, _same_call(raised, cards) & (cards.c.topic == raised.c.topic))
        .join(evaluations, _same_call(raised, evaluations))
        .where(*between)
    )
    found: defaultdict[Key, dict[str, set[str]]] = defaultdict(dict)
    for tenant, finding, knowledge, uuid, verdict in connection.execute(asked):
        by = found[tenant, finding, knowledge]
        by.setdefault(verdict, set()).add(uuid)
        if verdict == Verdict.SHOWN:
            by.setdefault("uuids", set()).add(uuid)
    return found


def _same_call(one: Table, other: Table) -> ColumnElement[bool]:
    return (one.c.tenant == other.c.tenant) & (one.c.sequence == other.c.sequence)


def _answers(connection: Connection, between: Between) -> dict[Answered, Outcomes]:
    """What was answered to each card."""
    asked = (
        select(answers.c.tenant, answers.c.card, answers.c.outcome, answers.c.reason)
        .join(cards, (cards.c.tenant == answers.c.tenant) & (cards.c.uuid == answers.c.card))
        .where(*between)
        .distinct()
    )
    found: defaultdict[Answered, Outcomes] = defaultdict(dict)
    for tenant, card, outcome, reason in connection.execute(asked):
        found[tenant, card].setdefault(outcome, set()).add(reason or NO_REASON)
    return found


@dataclass(frozen=True, slots=True)
class Doubted:
    """A card answered with "not taking it, or the dose on record is wrong": the record is to be checked."""

    tenant: str
    received_at: str
    card: str
    service: str
    patient: str


def doubted(connection: Connection, codes: Iterable[str], since: datetime, until: datetime) -> list[Doubted]:
    """The list of records to be checked, newest first. ``patient`` is the name that the store has for the patient."""
    asked = (
        select(answers.c.tenant, answers.c.received_at, answers.c.card, cards.c.service, cards.c.patient)
        .join(cards, (cards.c.tenant == answers.c.tenant) & (cards.c.uuid == answers.c.card))
        .where(
            answers.c.reason.in_(list(codes)),
            answers.c.received_at >= written(since),
            answers.c.received_at < written(until),
        )
        .distinct()
        .order_by(answers.c.received_at.desc(), answers.c.card)
    )
    return [Doubted(*row) for row in connection.execute(asked)]
