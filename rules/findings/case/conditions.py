"""Which of the conditions that findings ask for a patient has, or once had: by code, else by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from rules.assessment import ConditionOnRecord
from rules.knowledge.concept import PART_SEPARATOR, Concept, ConditionWording
from rules.knowledge.knowledge import Knowledge
from rules.model import CodeSystem, Coding, ConditionEntry, Patient
from rules.numbers.memo import memoised

PRESENT_STATUSES = frozenset({"", "active", "recurrence", "relapse"})
REMISSION = "remission"
NOT_BELIEVED = frozenset({"refuted", "entered-in-error"})
CLAUSE_END = ";"


@dataclass(frozen=True, slots=True)
class PatientCondition:
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
class PatientConditions:
    """A patient's conditions by concept id.

    ``present`` are those that count on the day: none that is over, refuted, expired or another patient's; a use
    disorder in remission counts, and is shown as that. ``history`` are those that the patient has or ever had by the
    day, resolved and expired ones included.
    """

    present: Mapping[str, PatientCondition]
    history: Mapping[str, PatientCondition]


@dataclass(frozen=True, slots=True)
class _Match:
    """How an entry stands for a concept."""

    remission: bool
    unverified: bool


Matches = tuple[tuple[Concept, _Match], ...]


def read_conditions(patient: Patient, knowledge: Knowledge, on: date) -> PatientConditions:
    """The conditions of the patient on a day. Entries with a later onset, and of other patients, are passed over."""
    read = [
        (entry, _matches(entry.codings, entry.text, knowledge))
        for entry in patient.conditions
        if not entry.another_patient
        and entry.verification_status not in NOT_BELIEVED
        and (entry.onset is None or entry.onset <= on)
    ]
    present: list[PatientCondition] = []
    history: list[PatientCondition] = []
    for entry, matches in read:
        for concept, match in matches:
            remission = match.remission or entry.clinical_status == REMISSION
            condition = PatientCondition(
                concept=concept.id,
                on_record=ConditionOnRecord(concept.name),
                source=entry.source,
                recorded=entry.onset or entry.recorded,
                in_remission=remission,
                unverified=match.unverified,
            )
            history.append(condition)
            if _counts(entry, concept, remission, on):
                shown = ConditionOnRecord(concept.name, in_remission=True)
                present.append(replace(condition, on_record=shown) if remission else condition)
    return PatientConditions(_by_concept(present), _by_concept(history))


def _by_concept(conditions: Iterable[PatientCondition]) -> Mapping[str, PatientCondition]:
    """One condition for each concept, in the order of their ids."""
    shown: dict[str, PatientCondition] = {}
    for condition in conditions:
        other = shown.get(condition.concept)
        if other is None or _rank(condition) > _rank(other):
            shown[condition.concept] = condition
    return {concept: shown[concept] for concept in sorted(shown)}


def _rank(condition: PatientCondition) -> tuple[bool, bool, date, str]:
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
def _matches(codings: tuple[Coding, ...], text: str | None, knowledge: Knowledge) -> Matches:
    """Every concept that codes and a text stand for; one that another of them rules out is left out."""
    icd_codes = [
        coding.code.replace(".", "").strip().upper()
        for coding in codings
        if coding.system is CodeSystem.ICD10CM and coding.code
    ]
    codes = {(coding.system, coding.code) for coding in codings if coding.system is not None and coding.code}
    texts = [words for words in (text, *(coding.display for coding in codings)) if words]
    texts = list(dict.fromkeys(map(_clauses, texts)))
    naming = [words for words in texts if _phrases(knowledge.condition_names).search(words)]
    found: dict[str, _Match] = {}
    for concept in knowledge.concepts.values():
        match = _by_code(codes, icd_codes, concept)
        # The classification is complete where a concept has prefixes: its codes are then believed over their wording.
        if match is None and not (icd_codes and concept.prefixes):
            match = _by_name(naming, concept, knowledge.condition_wording)
        if match is not None:
            found[concept.id] = match
    if not found:
        return ()
    in_words = any(_phrases(knowledge.condition_wording.remission).search(words) for words in texts)
    return tuple(
        (knowledge.concepts[name], _Match(match.remission or in_words, match.unverified))
        for name, match in found.items()
        if not any(other in found for other in knowledge.concepts[name].not_with)
    )


def _by_code(codes: set[tuple[CodeSystem, str]], icd_codes: list[str], concept: Concept) -> _Match | None:
    for code in icd_codes:
        if code.startswith(concept.prefixes) and not code.startswith(concept.excluded_prefixes):
            return _Match(code.startswith(concept.remission_prefixes), False)
    matching = codes & concept.codes
    return _Match(False, not matching - concept.unverified) if matching else None


def _by_name(texts: list[str], concept: Concept, wording: ConditionWording) -> _Match | None:
    for text in texts:
        words = _phrases(concept.except_names).sub(CLAUSE_END, text) if concept.except_names else text
        if any(all(_is_named(part, words, wording) for part in name.split(PART_SEPARATOR)) for name in concept.names):
            return _Match(False, not concept.names_verified)
    return None


def _is_named(name: str, text: str, wording: ConditionWording) -> bool:
    """Whether a text has a name in a clause that does not deny it."""
    for clause in text.split(CLAUSE_END):
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


def _clauses(text: str) -> str:
    """A text in lower case with single spaces, its clauses parted by semicolons."""
    clauses = re.split(r"[;.,:()\[\]\n]|\bbut\b", text.lower())
    return CLAUSE_END.join(" ".join(clause.split()) for clause in clauses)
