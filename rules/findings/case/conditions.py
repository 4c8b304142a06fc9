"""Which of the conditions that findings ask for a patient has, or once had: by code, else by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rules.assessment_facts import ConditionOnRecord
from rules.knowledge.concept import Concept, ConditionWording
from rules.knowledge.knowledge import Knowledge
from rules.model import CodeSystem, ConditionEntry, Patient
from rules.reading.condition.concepts import Codes, Match, by_code, codes_of, matches
from rules.reading.condition.text import is_beyond_doubt, is_exact, phrases, spaced

STANDING = frozenset({"active", "recurrence", "relapse"})
PRESENT_STATUSES = STANDING | {""}
OVER_STATUSES = frozenset({"inactive", "resolved"})
REMISSION = "remission"
NOT_BELIEVED = frozenset({"refuted", "entered-in-error"})
SURE = frozenset({"", "confirmed"})
# How far the days of two time zones may differ.
TIME_ZONES = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PatientCondition:
    """A condition as the record has it.

    ``on_record`` is how it is shown, ``source`` the entry, ``recorded`` its onset or else the day it was written.
    ``unverified``: it rests on a code that could not be verified, and decides nothing alone. ``doubted``: the entry is
    not confirmed, has an end, is denied or doubted by its own words, or could not be read in full; a hazard is believed
    all the same, and an exemption is not. ``explained``: its words say what it comes from, and that is no withdrawal.
    ``words`` are the record's own, empty where it has a code alone.
    """

    concept: str
    on_record: ConditionOnRecord
    source: str
    recorded: date | None
    in_remission: bool
    unverified: bool
    doubted: bool = False
    explained: bool = False
    words: str = ""

    @property
    def name(self) -> str:
        """The condition as text."""
        return str(self.on_record)


@dataclass(frozen=True, slots=True)
class PatientConditions:
    """A patient's conditions by concept id.

    ``present`` are those that count on the day: none that is over, refuted, expired or another patient's; a use
    disorder in remission counts, and is shown as that. ``history`` are those that the patient has or ever had by the
    day, resolved and expired ones included. ``exempting`` are those of ``present`` that may exempt from a finding or
    soften it: an entry of them is beyond doubt. ``entries`` is every entry of ``history``, and ``standing`` those of
    them that count on the day.
    """

    present: Mapping[str, PatientCondition]
    history: Mapping[str, PatientCondition]
    exempting: frozenset[str] = frozenset()
    entries: tuple[PatientCondition, ...] = ()
    standing: tuple[PatientCondition, ...] = ()


def read_conditions(patient: Patient, knowledge: Knowledge, on: date) -> PatientConditions:
    """The conditions of the patient on a day. Entries of other patients are passed over.

    An onset after the day contradicts an entry that stands, and is not believed.
    """
    read = [
        (entry, matches(entry.codings, entry.text, knowledge))
        for entry in patient.conditions
        if not entry.another_patient and entry.verification_status not in NOT_BELIEVED
    ]
    present: list[PatientCondition] = []
    history: list[PatientCondition] = []
    for entry, found in read:
        for concept, match in found:
            remission = match.remission or entry.clinical_status == REMISSION
            condition = PatientCondition(
                concept=concept.id,
                on_record=_shown(concept, match),
                source=entry.source,
                recorded=entry.onset or entry.recorded,
                in_remission=remission,
                unverified=match.unverified,
                doubted=match.doubted or _is_doubted(entry, on),
                explained=match.explained,
                words=_words_of(entry),
            )
            history.append(condition)
            if _counts(entry, concept, remission, on) and (
                not concept.silences or _silences(entry, concept, knowledge, on)
            ):
                shown = replace(condition.on_record, in_remission=remission)
                present.append(replace(condition, on_record=shown))
    exempting = frozenset(item.concept for item in present if not (item.unverified or item.doubted))
    return PatientConditions(_by_concept(present), _by_concept(history), exempting, tuple(history), tuple(present))


def _shown(concept: Concept, match: Match) -> ConditionOnRecord:
    """How a condition is told: dependence on record is no use disorder."""
    if concept.dependence is None or not match.dependence:
        return ConditionOnRecord(concept.name, words=match.words)
    return ConditionOnRecord(
        concept.dependence.name,
        is_dependence=True,
        may_be_prescribed=concept.dependence.may_be_prescribed,
        words=match.words,
    )


def _words_of(entry: ConditionEntry) -> str:
    """How the record words an entry: its text, else the first name of its codes."""
    return next(filter(None, (entry.text, *(coding.display for coding in entry.codings))), "")


def _is_doubted(entry: ConditionEntry, on: date) -> bool:
    """Whether an entry is too doubtful to exempt from a finding."""
    has_ended = entry.abated and (entry.abatement is None or entry.abatement <= on)
    is_to_come = any(day is not None and day > on + TIME_ZONES for day in (entry.onset, entry.recorded))
    is_sure = entry.verification_status in SURE and entry.clinical_status in PRESENT_STATUSES | {REMISSION}
    return entry.in_doubt or has_ended or is_to_come or not is_sure


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
        return concept.despite_remission and entry.clinical_status not in OVER_STATUSES
    if entry.clinical_status in OVER_STATUSES:
        return False
    if entry.clinical_status not in STANDING and entry.abatement is not None and entry.abatement <= on:
        return False
    since = next((day for day in (entry.onset, entry.recorded) if day is not None and day <= on + TIME_ZONES), None)
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
    silencing = (each for each in knowledge.concepts.values() if each.silences)
    if not is_beyond_doubt((*named, *entry.remarks), silencing, knowledge.condition_wording):
        return False
    codes, icd_codes = codes_of(entry.codings)
    if not by_code(codes, icd_codes, concept) and not is_exact(named, concept, knowledge.condition_wording):
        return False
    days = [day for day in (entry.onset, entry.recorded) if day is not None]
    if entry.of_visit is False or not days:
        return True
    if not entry.of_visit and not _is_visit(codes, icd_codes, named, concept, knowledge.condition_wording):
        return True
    limit = timedelta(days=int(knowledge.policy.exemption.visit_days.value))
    return -TIME_ZONES <= on - max(days) <= limit


def _is_visit(
    codes: Codes, icd_codes: list[str], texts: tuple[str, ...], concept: Concept, wording: ConditionWording
) -> bool:
    """Whether the codes or the words tell of a visit or an event."""
    prefixes = tuple(code for system, code in concept.visits if system is CodeSystem.ICD10CM)
    if codes & concept.visits or any(code.startswith(prefixes) for code in icd_codes):
        return True
    return any(phrases(wording.visits).search(spaced(text)) for text in texts)
