"""The rows that are stored of one call. Patients, users and whatever else a client sends stand in them by pseudonym."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

import orjson

from cds_service.cards.cards import Card
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.policy.configuration import policy_label
from cds_service.records.database import Row
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.timestamps import format_timestamp
from rules.assessment import Assessment, Met, Severity
from rules.assessment_facts import ConditionOnRecord
from rules.assessment_lines import NotCounted, NotCountedReason, Standing
from rules.numbers.quantity import MicrogramsPerHour, MilligramsPerDay

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MICROSECONDS = 1000
# So many characters of a hazard's pseudonym are stored: enough to tell the few hazards of one patient apart.
_HAZARD_LENGTH = 16
_UNKNOWN_REASONS = frozenset(
    {
        NotCountedReason.DOSE_UNKNOWN,
        NotCountedReason.PRODUCT_UNKNOWN,
        NotCountedReason.NOT_A_DAILY_REGIMEN,
        NotCountedReason.UNREADABLE,
    }
)
# Facts of findings that tell of a hazard without naming it in a list: by being true, by being false, by their value,
# and by their number.
# What makes a finding less urgent where it joins, or names orders and no hazard.
_NO_HAZARD = frozenset({"in_remission", "longer_indications", "switches"})
_HAZARD_IF_TRUE = frozenset({"above_caution", "over_site_threshold"})
_HAZARD_IF_FALSE = frozenset({"reversal_on_record", "mme_complete"})
_HAZARD_BY_VALUE = frozenset({"kind"})
_COUNTS = ("unread", "unnamed")
_TABLE = "table"
# How the stored pseudonyms spell the unit of a dose; another spelling would let answers of earlier calls lapse.
_STORED_UNITS = {MilligramsPerDay: "MilligramsPerDay", MicrogramsPerHour: "MicrogramsPerHour", type(None): "NoneType"}


@dataclass(frozen=True, slots=True)
class CallRows:
    """The rows of one call, without its place in the chain.

    ``fired``: the findings that raise a card, shown or not; ``raised``: by topic, the findings that raised its card.
    """

    evaluation: Row
    fired: tuple[str, ...] = ()
    cards: tuple[Row, ...] = ()
    raised: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def tenant(self) -> str:
        """The tenant whose call it was."""
        return str(self.evaluation["tenant"])


@dataclass(frozen=True, slots=True)
class CardSnapshot:
    """What a card said, for comparison with a later one.

    Args:
        load: mg/d diazepam-equivalent; None where it is not known.
        complete: whether that is the whole load.
        speaks_of: the findings that the card speaks of.
        indicator: its severity.
        hazards: pseudonyms of every agent, every condition and everything unread behind the card.
        amounts: amounts outside the load by pseudonym, such as the daily dose of an opioid; None where unknown.
        table: the table that the load is by; None for cards of releases before 0.4.0, which did not keep it.
    """

    load: Fraction | None
    complete: bool
    speaks_of: Collection[str]
    indicator: str = Severity.INFO.value
    hazards: Collection[str] = ()
    amounts: Mapping[str, Fraction | None] = field(default_factory=dict)
    table: str | None = None


def rows_of_call(
    evaluation: Evaluation,
    cards: Sequence[tuple[Card, Verdict]],
    at: datetime,
    milliseconds: float,
    received: bytes,
    program: str,
    pseudonyms: Pseudonyms,
) -> CallRows:
    """The rows of a call.

    Args:
        evaluation: what the call came to.
        cards: its cards, each with its verdict.
        at: when it was answered.
        milliseconds: how long that took.
        received: the body of the request, of which a digest is stored.
        program: the version of this program.
        pseudonyms: those of the store.
    """
    invocation, assessment = evaluation.invocation, evaluation.assessment
    load, complete = load_of(assessment)
    beside = {name: _exact(amount) for name, amount in amounts_outside_load(evaluation, pseudonyms).items()}
    beside |= {_TABLE: assessment.table} if assessment else {}
    shared: Row = {
        "tenant": evaluation.tenant.id,
        "at": format_timestamp(at),
        "service": evaluation.service.id,
        "patient": patient_pseudonym(evaluation, pseudonyms),
        "user": user_pseudonym(evaluation, pseudonyms),
    }
    return CallRows(
        evaluation=shared
        | {
            "hook_instance": stored_identifier(invocation.hook_instance, pseudonyms),
            "knowledge": policy_label(evaluation.tenant),
            "program": program,
            "input": pseudonyms.digest("input", received),
            "assessed": assessment is not None,
            "findings": _json(
                [[finding.id, finding.severity] for finding in assessment.findings] if assessment else []
            ),
            "cards": _json([[card.body["uuid"], card.topic, card.indicator, verdict] for card, verdict in cards]),
            "microseconds": round(milliseconds * _MICROSECONDS),
        },
        fired=tuple(sorted(evaluation.would_fire)),
        cards=tuple(
            shared
            | {
                "topic": card.topic,
                "uuid": card.body["uuid"],
                "indicator": card.indicator,
                "verdict": verdict,
                "fingerprint": fingerprint(card, evaluation, pseudonyms),
                "load": _exact(load),
                "complete": complete,
                "speaks_of": _json(list(card.speaks_of)),
                "hazards": _json(sorted(hazards_of(card, evaluation, pseudonyms))),
                "beside": _json(beside),
            }
            for card, verdict in cards
        ),
        raised={card.topic: card.raised_by for card, _ in cards},
    )


def patient_pseudonym(evaluation: Evaluation, pseudonyms: Pseudonyms) -> str:
    """The pseudonym of the patient of a call."""
    return pseudonyms.of("patient", evaluation.tenant.id, evaluation.invocation.patient_reference)


def user_pseudonym(evaluation: Evaluation, pseudonyms: Pseudonyms) -> str:
    """The pseudonym of the user of a call; empty where the call names none."""
    user = evaluation.invocation.requester
    return pseudonyms.of("user", evaluation.tenant.id, user) if user else ""


def stored_identifier(text: str, pseudonyms: Pseudonyms) -> str:
    """A UUID in lower case; for any other identifier of a client, its pseudonym."""
    return text.lower() if _UUID.fullmatch(text) else pseudonyms.of("identifier", text)


def fingerprint(card: Card, evaluation: Evaluation, pseudonyms: Pseudonyms) -> str:
    """The same for two cards of one topic on the same orders of depressants for as long, and different for any others.

    It holds between calls of one version of the program.
    """
    assessment, classes = evaluation.assessment, evaluation.tenant.knowledge.classes
    ordered = (line for line in assessment.lines if line.standing == Standing.ORDERED) if assessment else ()
    # A reversal agent that is added changes none of them.
    orders = sorted(repr(line) for line in ordered if not line.agent or classes[line.agent_class].depressant)
    lengths = map(repr, assessment.lengths if assessment else ())
    return pseudonyms.of("card", card.topic, *orders, *lengths)


def load_of(assessment: Assessment | None) -> tuple[Fraction | None, bool]:
    """The load that cards speak of (mg/d diazepam-equivalent; with the order, if any) and if it is complete."""
    if assessment is None:
        return None, False
    load = assessment.with_order or assessment.load
    return load.used, load.complete


def snapshot_of(card: Card, evaluation: Evaluation, pseudonyms: Pseudonyms) -> CardSnapshot:
    """What a card of a call says."""
    load, complete = load_of(evaluation.assessment)
    return CardSnapshot(
        load=load,
        complete=complete,
        speaks_of=card.speaks_of,
        indicator=card.indicator,
        hazards=hazards_of(card, evaluation, pseudonyms),
        amounts=amounts_outside_load(evaluation, pseudonyms),
        table=evaluation.assessment.table if evaluation.assessment else None,
    )


def stored_snapshot(row: Any) -> CardSnapshot:
    """What a stored card said. ``row``: a row of ``cards``."""
    beside = orjson.loads(row.beside)
    table = beside.pop(_TABLE, None)
    return CardSnapshot(
        load=_fraction(row.load),
        complete=row.complete,
        speaks_of=orjson.loads(row.speaks_of),
        indicator=row.indicator,
        hazards=orjson.loads(row.hazards),
        amounts={name: _fraction(amount) for name, amount in beside.items()},
        table=table,
    )


def hazards_of(card: Card, evaluation: Evaluation, pseudonyms: Pseudonyms) -> frozenset[str]:
    """Pseudonyms of what stands behind a card: the depressants taken, what could not be read of them, and whatever the
    findings that the card speaks of name, such as a condition."""
    hazards, classes = set(), evaluation.tenant.knowledge.classes
    for line in evaluation.assessment.lines if evaluation.assessment else ():
        if line.agent and classes[line.agent_class].depressant and getattr(line, "present", True):
            hazards.add(f"agent {line.agent}")
        if isinstance(line, NotCounted) and line.reason in _UNKNOWN_REASONS:
            hazards.add(f"{line.reason} {line.agent or line.product or line.source}")
    for finding in evaluation.assessment.findings if evaluation.assessment else ():
        if finding.id in card.speaks_of:
            hazards |= set(_named_by(finding))
    return frozenset(_hazard_pseudonym(hazard, evaluation, pseudonyms) for hazard in hazards)


def _named_by(finding: Met) -> Iterator[str]:
    for key, fact in finding.facts.items():
        if key in _NO_HAZARD:
            continue
        if isinstance(fact, tuple):
            names = (item.name if isinstance(item, ConditionOnRecord) else item for item in fact)
            yield from (f"{finding.id} {key} {name}" for name in names)
        elif (
            (fact is True and key in _HAZARD_IF_TRUE)
            or (fact is False and key in _HAZARD_IF_FALSE)
            or key in _HAZARD_BY_VALUE
        ):
            yield f"{finding.id} {key} {fact}"


def amounts_outside_load(evaluation: Evaluation, pseudonyms: Pseudonyms) -> dict[str, Fraction | None]:
    """The amounts that no load shows, by pseudonym: the daily dose of each agent outside the load (one amount for each
    unit; None where a dose is unknown), and the number of records that could not be read."""
    amounts: dict[str, Fraction | None] = {}
    classes = evaluation.tenant.knowledge.classes
    for line in evaluation.assessment.not_in_load if evaluation.assessment else ():
        if line.present and classes[line.agent_class].depressant:
            dose = line.daily_dose
            name = _hazard_pseudonym(f"dose {line.agent} {_STORED_UNITS[type(dose)]}", evaluation, pseudonyms)
            before = amounts.get(name, Fraction(0))
            amounts[name] = None if dose is None or before is None else before + dose.used
    for finding in evaluation.assessment.findings if evaluation.assessment else ():
        for key in _COUNTS:
            count = finding.facts.get(key)
            if isinstance(count, int):
                amounts[_hazard_pseudonym(f"{finding.id} {key}", evaluation, pseudonyms)] = Fraction(str(count))
    return amounts


def _hazard_pseudonym(hazard: str, evaluation: Evaluation, pseudonyms: Pseudonyms) -> str:
    """The pseudonym differs from patient to patient: how common one is must not give away what it stands for."""
    patient = evaluation.invocation.patient_reference
    return pseudonyms.of("hazard", evaluation.tenant.id, patient, hazard)[:_HAZARD_LENGTH]


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _exact(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
