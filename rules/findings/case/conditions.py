"""Which of the conditions that findings ask for a patient has, or once had: by code, else by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from rules.assessment import ConditionOnRecord
from rules.knowledge.concept import TOGETHER, Concept, ConditionWording
from rules.knowledge.knowledge import Knowledge
from rules.model import CodeSystem, Coding, ConditionEntry, Patient
from rules.numbers.memo import memoised

PRESENT_STATUSES = frozenset({"", "active", "recurrence", "relapse"})
REMISSION = "remission"
NOT_BELIEVED = frozenset({"refuted", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class PresentCondition:
    """A condition as the record has it.

    ``on_record`` is how it is shown, ``source`` the entry, ``recorded`` its onset or else the day it was written.
    ``unverified``: it rests on a code that could not be verified, and decides nothing alone.
    """

    concept: str
    on_record: ConditionOnRecord
    source: str
    recorded: date | None
    in_remission: bool
    unverified: bool

    @property
    def name(self) -> str:
        """The condition as text."""
        return str(self.on_record)


@dataclass(frozen=True, slots=True)
class _Match:
    remission: bool
    unverified: bool


def present(patient: Patient, knowledge: Knowledge, on: date) -> Mapping[str, PresentCondition]:
    """The conditions that count on a day, by concept id: none that is over, refuted, expired or another patient's.

    A use disorder in remission counts, and its name says so.
    """
    return _gather(_read(patient, knowledge), on, past=False)


def past(patient: Patient, knowledge: Knowledge, on: date) -> Mapping[str, PresentCondition]:
    """The conditions that the patient has or ever had by a day: what is resolved or expired is an earlier event."""
    return _gather(_read(patient, knowledge), on, past=True)


def present_and_past(
    patient: Patient, knowledge: Knowledge, on: date
) -> tuple[Mapping[str, PresentCondition], Mapping[str, PresentCondition]]:
    """:func:`present` and :func:`past` of one reading."""
    read = _read(patient, knowledge)
    return _gather(read, on, past=False), _gather(read, on, past=True)


Read = list[tuple[ConditionEntry, tuple[tuple[Concept, "_Match"], ...]]]


def _read(patient: Patient, knowledge: Knowledge) -> Read:
    """The entries that are believed, each with the concepts that it stands for."""
    return [
        (entry, _concepts(entry.codings, entry.text, knowledge))
        for entry in patient.conditions
        if not entry.another_patient and entry.verification_status not in NOT_BELIEVED
    ]


def _gather(read: Read, on: date, *, past: bool) -> Mapping[str, PresentCondition]:
    found: dict[str, PresentCondition] = {}
    for entry, concepts in read:
        if entry.onset is not None and entry.onset > on:
            continue
        for concept, match in concepts:
            remission = match.remission or entry.clinical_status == REMISSION
            if not past and not _counts(entry, concept, remission, on):
                continue
            candidate = PresentCondition(
                concept=concept.id,
                on_record=ConditionOnRecord(concept.name, in_remission=remission and not past),
                source=entry.source,
                recorded=entry.onset or entry.recorded,
                in_remission=remission,
                unverified=match.unverified,
            )
            known = found.get(concept.id)
            if known is None or _rank(candidate) > _rank(known):
                found[concept.id] = candidate
    return {name: found[name] for name in sorted(found)}


def _rank(condition: PresentCondition) -> tuple[bool, bool, date, str]:
    """Which of two entries of one condition is shown: the surer, then the later; the source settles the rest."""
    recorded = condition.recorded or date.min
    return (not condition.in_remission, not condition.unverified, recorded, condition.source)


def _counts(entry: ConditionEntry, concept: Concept, remission: bool, on: date) -> bool:
    """Whether an entry still stands on a day."""
    if remission:
        return concept.despite_remission and entry.clinical_status in PRESENT_STATUSES | {REMISSION}
    if entry.clinical_status not in PRESENT_STATUSES:
        return False
    if not entry.clinical_status and entry.abatement is not None and entry.abatement <= on:
        return False
    since = entry.onset or entry.recorded
    if since is None:
        return not concept.needs_date
    return concept.expires is None or on - since <= timedelta(days=int(concept.expires.value))


@memoised
def _concepts(
    codings: tuple[Coding, ...], text: str | None, knowledge: Knowledge
) -> tuple[tuple[Concept, _Match], ...]:
    """Every concept that codes and a text stand for; one that another of them rules out is left out."""
    classified = [
        coding.code.replace(".", "").strip().upper()
        for coding in codings
        if coding.system is CodeSystem.ICD10CM and coding.code
    ]
    codes = {(coding.system, coding.code) for coding in codings if coding.system is not None and coding.code}
    texts = [each for each in (text, *(coding.display for coding in codings)) if each]
    clauses = list(dict.fromkeys(map(_plain, texts)))
    named = [clause for clause in clauses if _phrases(knowledge.condition_names).search(clause)]
    found: dict[str, _Match] = {}
    for concept in knowledge.concepts.values():
        match = _by_code(codes, classified, concept)
        # The classification is complete where a concept has prefixes: its codes are then believed over their wording.
        if match is None and not (classified and concept.prefixes):
            match = _by_name(named, concept, knowledge.condition_wording)
        if match is not None:
            found[concept.id] = match
    if not found:
        return ()
    said = any(_phrases(knowledge.condition_wording.remission).search(clause) for clause in clauses)
    return tuple(
        (knowledge.concepts[name], _Match(match.remission or said, match.unverified))
        for name, match in found.items()
        if not any(other in found for other in knowledge.concepts[name].not_with)
    )


def _by_code(codes: set[tuple[CodeSystem, str]], classified: list[str], concept: Concept) -> _Match | None:
    for code in classified:
        if code.startswith(concept.prefixes) and not code.startswith(concept.excluded_prefixes):
            return _Match(code.startswith(concept.remission_prefixes), False)
    known = codes & concept.codes
    return _Match(False, not known - concept.unverified) if known else None


def _by_name(texts: list[str], concept: Concept, wording: ConditionWording) -> _Match | None:
    for text in texts:
        kept = _phrases(concept.except_names).sub(";", text) if concept.except_names else text
        if any(all(_said(part, kept, wording) for part in name.split(TOGETHER)) for name in concept.names):
            return _Match(False, not concept.names_verified)
    return None


def _said(name: str, text: str, wording: ConditionWording) -> bool:
    """Whether a text says a name in a clause that does not deny it."""
    for clause in text.split(";"):
        for match in _phrases((name,)).finditer(clause):
            before, after = clause[: match.start()], clause[match.end() :]
            if _phrases(wording.denials_before).search(before) or _phrases(wording.denials_after).search(after):
                continue
            return True
    return False


@cache
def _phrases(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of any of the phrases between word boundaries."""
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(phrase) for phrase in phrases) + r")(?!\w)")


def _plain(text: str) -> str:
    """A text in lower case with single spaces, its clauses parted by semicolons."""
    return ";".join(" ".join(clause.split()) for clause in re.split(r"[;.,:()\[\]\n]|\bbut\b", text.lower()))
