"""What is kept of one call, ready to be written: rows in which nobody and nothing of the request stands by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

import orjson

from cds_service.cards.cards import Card
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.records.database import Row
from cds_service.records.moments import written
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.snooze import Said
from rules.assessment import Assessment, Met
from rules.assessment_lines import NotCounted, NotCountedReason, Standing

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MICROSECONDS = 1000
# Of a hazard's name so many characters are kept: among the few of one patient they tell them apart.
_SHORT = 16
_UNKNOWN = frozenset(
    {
        NotCountedReason.DOSE_UNKNOWN,
        NotCountedReason.PRODUCT_UNKNOWN,
        NotCountedReason.NOT_A_DAILY_REGIMEN,
        NotCountedReason.UNREADABLE,
    }
)
# Facts of findings that are no list of names and tell of a hazard all the same: as a yes, as a no, by which it is, and
# by how many.
_WORSE_IF_SO = frozenset({"above_caution", "over_site_threshold"})
_WORSE_IF_NOT = frozenset({"reversal_on_record", "mme_complete"})
_WHICH = frozenset({"kind"})
_COUNTS = ("unread", "unnamed")


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
    load, complete = load_of(assessment)
    beside = _json({name: _exactly(amount) for name, amount in beside_of(evaluation, names).items()})
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
                "load": _exactly(load),
                "complete": complete,
                "speaks_of": _json(list(card.speaks_of)),
                "hazards": _json(sorted(hazards_of(card, evaluation, names))),
                "beside": beside,
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
    judged = evaluation.assessment
    drafts = sorted(repr(line) for line in judged.lines if line.standing == Standing.ORDERED) if judged else ()
    # The detail is cut to fit: what it does not show may have changed as well.
    findings = [repr(each) for each in judged.findings if each.id in card.speaks_of] if judged else ()
    said = (card.topic, card.indicator, card.body["summary"], card.body["detail"])
    return names.of("card", *said, *drafts, *findings)


def load_of(assessment: Assessment | None) -> tuple[Fraction | None, bool]:
    """The load that cards speak of, with the order where there is one, and whether it is complete."""
    if assessment is None:
        return None, False
    load = assessment.with_order or assessment.load
    return load.used, load.complete


def said_by(card: Card, evaluation: Evaluation, names: Pseudonyms) -> Said:
    """What a card says, to be compared with what an answered one said."""
    load, complete = load_of(evaluation.assessment)
    return Said(
        load=load,
        complete=complete,
        speaks_of=card.speaks_of,
        indicator=card.indicator,
        hazards=hazards_of(card, evaluation, names),
        beside=beside_of(evaluation, names),
    )


def said_then(row: Any) -> Said:
    """What a card said by its row."""
    return Said(
        load=_read(row.load),
        complete=row.complete,
        speaks_of=orjson.loads(row.speaks_of),
        indicator=row.indicator,
        hazards=orjson.loads(row.hazards),
        beside={name: _read(amount) for name, amount in orjson.loads(row.beside).items()},
    )


def hazards_of(card: Card, evaluation: Evaluation, names: Pseudonyms) -> frozenset[str]:
    """What stands behind a card, each thing by its name in the store: the agents that are given, what was not read of
    them, and everything that the findings it speaks of name, such as a condition."""
    found = set()
    for line in evaluation.assessment.lines if evaluation.assessment else ():
        if line.agent and getattr(line, "present", True):
            found.add(f"agent {line.agent}")
        if isinstance(line, NotCounted) and line.reason in _UNKNOWN:
            found.add(f"{line.reason} {line.agent or line.product or line.source}")
    for finding in evaluation.assessment.findings if evaluation.assessment else ():
        if finding.id in card.speaks_of:
            found |= set(_named_by(finding))
    return frozenset(_hazard(text, evaluation, names) for text in found)


def _named_by(finding: Met) -> Iterator[str]:
    for key, told in finding.facts.items():
        if isinstance(told, tuple):
            yield from (f"{finding.id} {key} {each}" for each in told)
        elif (told is True and key in _WORSE_IF_SO) or (told is False and key in _WORSE_IF_NOT) or key in _WHICH:
            yield f"{finding.id} {key} {told}"


def beside_of(evaluation: Evaluation, names: Pseudonyms) -> dict[str, Fraction | None]:
    """The amounts that no load shows, each by a name in the store: the daily dose of each agent outside of it (in each
    unit it is given in; None where one is not known), and how many records could not be read."""
    found: dict[str, Fraction | None] = {}
    for line in evaluation.assessment.not_in_load if evaluation.assessment else ():
        if line.present:
            dose = line.daily_dose
            name = _hazard(f"dose {line.agent} {type(dose).__name__}", evaluation, names)
            before = found.get(name, Fraction(0))
            found[name] = None if dose is None or before is None else before + dose.used
    for finding in evaluation.assessment.findings if evaluation.assessment else ():
        for key in _COUNTS:
            if isinstance(finding.facts.get(key), int):
                found[_hazard(f"{finding.id} {key}", evaluation, names)] = Fraction(str(finding.facts[key]))
    return found


def _hazard(text: str, evaluation: Evaluation, names: Pseudonyms) -> str:
    """Of this patient alone, so that nobody can tell by what is common which is which."""
    return names.of("hazard", evaluation.tenant.id, evaluation.invocation.patient_reference, text)[:_SHORT]


def _read(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _exactly(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
