"""Which of the conditions that findings ask for a patient has, or once had: by code, else by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from unicodedata import category

from rules.assessment import ConditionOnRecord
from rules.knowledge.concept import PART_SEPARATOR, Concept, ConditionWording
from rules.knowledge.knowledge import Knowledge
from rules.model import CodeSystem, Coding, ConditionEntry, Patient
from rules.numbers.memo import memoised

PRESENT_STATUSES = frozenset({"", "active", "recurrence", "relapse"})
REMISSION = "remission"
NOT_BELIEVED = frozenset({"refuted", "entered-in-error"})
SURE = frozenset({"", "confirmed"})
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


Codes = set[tuple[CodeSystem, str]]
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
            if _counts(entry, concept, remission, on) and (
                not concept.silences or _silences(entry, concept, knowledge, on)
            ):
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


def _silences(entry: ConditionEntry, concept: Concept, knowledge: Knowledge, on: date) -> bool:
    """Whether an entry of a concept that exempts from every finding is beyond doubt.

    It has a code or is the exact phrase, is confirmed or of no stated certainty, did not end, and has no word that
    negates, doubts or tells of another person. One of a visit is of the policy's time; one of the problem list, or
    without a date, stands.
    """
    if entry.verification_status not in SURE or entry.abated or entry.abatement is not None:
        return False
    named = tuple(dict.fromkeys(filter(None, (entry.text, *(coding.display for coding in entry.codings)))))
    if not _is_beyond_doubt((*named, *entry.remarks), knowledge.condition_wording):
        return False
    codes, icd_codes = _codes_of(entry.codings)
    if not _by_code(codes, icd_codes, concept) and not _is_exact(named, concept, knowledge.condition_wording):
        return False
    days = [day for day in (entry.onset, entry.recorded) if day is not None]
    if entry.of_visit is False or not days:
        return True
    if not entry.of_visit and not _is_visit(codes, icd_codes, named, concept, knowledge.condition_wording):
        return True
    limit = timedelta(days=int(knowledge.policy.exemption.visit_days.value))
    return timedelta(days=-1) <= on - max(days) <= limit


def _is_beyond_doubt(texts: tuple[str, ...], wording: ConditionWording) -> bool:
    return not any(_phrases(wording.doubts).search(_spaced(text)) for text in texts)


def _is_exact(texts: tuple[str, ...], concept: Concept, wording: ConditionWording) -> bool:
    """Whether a text is a name of the concept and nothing else."""
    allowed = {*concept.names, *wording.beside}
    for text in texts:
        clauses = {clause.strip(" -!*") for clause in _clauses(text).split(CLAUSE_END)} - {""}
        if clauses & set(concept.names) and clauses <= allowed:
            return True
    return False


def _is_visit(
    codes: Codes, icd_codes: list[str], texts: tuple[str, ...], concept: Concept, wording: ConditionWording
) -> bool:
    """Whether the codes or the words tell of a visit or an event."""
    prefixes = tuple(code for system, code in concept.visits if system is CodeSystem.ICD10CM)
    if codes & concept.visits or any(code.startswith(prefixes) for code in icd_codes):
        return True
    return any(_phrases(wording.visits).search(_spaced(text)) for text in texts)


@memoised
def _matches(codings: tuple[Coding, ...], text: str | None, knowledge: Knowledge) -> Matches:
    """Every concept that codes and a text stand for; one that another of them rules out is left out."""
    codes, icd_codes = _codes_of(codings)
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


def _codes_of(codings: tuple[Coding, ...]) -> tuple[Codes, list[str]]:
    """The codes as they were sent, and those of ICD-10-CM without the dot."""
    icd_codes = [
        coding.code.replace(".", "").strip().upper()
        for coding in codings
        if coding.system is CodeSystem.ICD10CM and coding.code
    ]
    return {(coding.system, coding.code) for coding in codings if coding.system and coding.code}, icd_codes


def _by_code(codes: Codes, icd_codes: list[str], concept: Concept) -> _Match | None:
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


def _spaced(text: str) -> str:
    """A text in lower case, its words and question marks parted by spaces, without characters that are not seen."""
    seen = "".join(character for character in text.lower() if category(character) != "Cf")
    for sign, words in (("\u2019", "'"), ("n't", " not "), ("?", " ? "), ("_", " ")):
        seen = seen.replace(sign, words)
    return " ".join(seen.split())


def _clauses(text: str) -> str:
    """A text in lower case with single spaces, its clauses parted by semicolons."""
    clauses = re.split(r"[;.,:()\[\]\n]|\bbut\b", text.lower())
    return CLAUSE_END.join(" ".join(clause.split()) for clause in clauses)
