"""What is kept of one call, ready to be written: rows in which nobody and nothing of the request stands by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

import orjson

from cds_service.cards import Card
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.records.database import Row
from cds_service.records.moments import written
from cds_service.records.pseudonyms import Pseudonyms
from rules.assessment import Assessment, Standing

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MICROSECONDS = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of one call but for their place in the chain. ``raised``: by topic, the findings that raised a card."""

    evaluation: Row
    fired: tuple[str, ...] = ()
    cards: tuple[Row, ...] = ()
    raised: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def tenant(self) -> str:
        """The tenant whose call it was."""
        return str(self.evaluation["tenant"])


def kept_of(
    evaluation: Evaluation,
    cards: Sequence[tuple[Card, Verdict]],
    at: datetime,
    milliseconds: float,
    received: bytes,
    program: str,
    names: Pseudonyms,
) -> Kept:
    """What is kept of a call. ``received`` is the body; ``program`` the version of this program."""
    call, assessment = evaluation.invocation, evaluation.assessment
    shared: Row = {
        "tenant": evaluation.tenant.id,
        "at": written(at),
        "service": evaluation.service.id,
        "patient": patient_name(evaluation, names),
        "user": user_name(evaluation, names),
    }
    return Kept(
        evaluation=shared
        | {
            "hook_instance": identifier(call.hook_instance, names),
            "knowledge": evaluation.tenant.knowledge.version,
            "program": program,
            "input": names.of_bytes("input", received),
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
                "fingerprint": fingerprint(card, evaluation, names),
                "load": _exactly(load_of(assessment)[0]),
                "complete": load_of(assessment)[1],
                "speaks_of": _json(list(card.speaks_of)),
            }
            for card, verdict in cards
        ),
        raised={card.topic: card.raised_by for card, _ in cards},
    )


def patient_name(evaluation: Evaluation, names: Pseudonyms) -> str:
    """The name in the store of the patient of a call."""
    return names.of("patient", evaluation.tenant.id, evaluation.invocation.patient_reference)


def user_name(evaluation: Evaluation, names: Pseudonyms) -> str:
    """The name in the store of the user of a call; empty where the call names none."""
    user = evaluation.invocation.requester
    return names.of("user", evaluation.tenant.id, user) if user else ""


def identifier(text: str, names: Pseudonyms) -> str:
    """A UUID as it stands; whatever else a client sends in its place only by a name."""
    return text.lower() if _UUID.fullmatch(text) else names.of("identifier", text)


def fingerprint(card: Card, evaluation: Evaluation, names: Pseudonyms) -> str:
    """The same for a card that says the same of the same drafts, and for no other."""
    lines = evaluation.assessment.lines if evaluation.assessment else ()
    drafts = sorted(repr((line.source, line.agent, line.product, line.sig)) for line in lines if _is_draft(line))
    said = (card.topic, card.indicator, card.body["summary"], card.body["detail"])
    return names.of("card", *said, *drafts)


def load_of(assessment: Assessment | None) -> tuple[Fraction | None, bool]:
    """The load that cards speak of, with the order where there is one, and whether it is complete."""
    if assessment is None:
        return None, False
    load = assessment.with_order or assessment.load
    return load.used, load.complete


def _is_draft(line: Any) -> bool:
    return bool(line.standing == Standing.ORDERED)


def _exactly(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
