"""Which of our concepts codes and words stand for: by code, else by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rules.knowledge.concept import Concept, ConditionWording
from rules.knowledge.knowledge import Knowledge
from rules.model import CodeSystem, Coding
from rules.numbers.memo import memoised
from rules.reading.condition.text import (
    CLAUSE_END,
    clauses_of,
    denies,
    is_explained,
    is_uncertain,
    names,
    parts_of,
    phrases,
    remitted,
)


@dataclass(frozen=True, slots=True)
class Match:
    """How codes and words stand for a concept. ``doubted``: the words deny or doubt it, or tell of another person.

    ``explained``: they say what it comes from, and that is no withdrawal. ``dependence``: they say dependence, and not
    that it is a use disorder. ``words``: those that say the one or the other, without judging.
    """

    remission: bool
    unverified: bool
    doubted: bool = False
    explained: bool = False
    dependence: bool = False
    words: str = ""


Codes = set[tuple[CodeSystem, str]]
Matches = tuple[tuple[Concept, Match], ...]


@memoised
def matches(codings: tuple[Coding, ...], text: str | None, knowledge: Knowledge) -> Matches:
    """Every concept that codes and a text stand for; one that another of them rules out is left out."""
    codes, icd_codes = codes_of(codings)
    wording = knowledge.condition_wording
    sent = [words for words in (text, *(coding.display for coding in codings)) if words]
    texts = list(dict.fromkeys(map(clauses_of, sent)))
    naming = [words for words in texts if phrases(knowledge.condition_names).search(words)]
    found: dict[str, Match] = {}
    for concept in knowledge.concepts.values():
        match = by_code(codes, icd_codes, concept)
        if match is not None and naming:
            match = replace(match, doubted=denies(naming, concept, wording))
        # The classification is complete where a concept has prefixes: its codes are then believed over their wording.
        if match is None and not (icd_codes and concept.prefixes):
            match = _by_name(naming, concept, wording)
        if match is not None:
            found[concept.id] = match
    if not found:
        return ()
    found = {
        name: _with_dependence(match, knowledge.concepts[name], sent, icd_codes, wording)
        for name, match in found.items()
    }
    if is_uncertain(sent, wording):
        found = {name: replace(match, doubted=True) for name, match in found.items()}
    if is_explained(sent, wording):
        found = {name: replace(match, explained=True) for name, match in found.items()}
    in_words = {name for words in texts for name in remitted(words, knowledge.condition_names, wording)}
    return tuple(
        (knowledge.concepts[name], _with_remission(match, knowledge.concepts[name], naming, in_words))
        for name, match in found.items()
        if not any(other in found for other in knowledge.concepts[name].not_with)
    )


def _with_remission(match: Match, concept: Concept, naming: list[str], in_words: set[str]) -> Match:
    """The match, in remission where the words say so of one of its names; or of nothing, and they name none of it."""
    parts = parts_of(concept.names)
    if not in_words or match.remission or not parts:
        return replace(match, remission=match.remission or bool(in_words))
    is_named = any(phrases(parts).search(words) for words in naming)
    told = any(phrases(parts).search(name) for name in in_words)
    return replace(match, remission=told or ("" in in_words and not is_named))


def _with_dependence(
    match: Match, concept: Concept, sent: list[str], icd_codes: list[str], wording: ConditionWording
) -> Match:
    """The match, told as dependence where the clauses that name the concept say so and no more; else by its code."""
    if concept.dependence is None:
        return match
    clauses = [(clause, words) for words in sent for clause in clauses_of(words).split(CLAUSE_END)]
    said = [(clause, words) for clause, words in clauses if phrases(concept.names).search(clause)] or clauses
    says_more = phrases((*wording.use_disorder, *wording.judging))
    is_more = any(says_more.search(clause) for clause, _ in said)
    says = phrases(wording.use_disorder if is_more else wording.dependence)
    words = next((words for clause, words in said if says.search(clause)), "")
    by_its_code = any(code.startswith(concept.dependence.prefixes) for code in icd_codes)
    is_dependence = not is_more and (bool(words) or by_its_code)
    judges = any(phrases(wording.judging).search(clauses_of(each)) for each in sent)
    return replace(match, dependence=is_dependence, words="" if judges else words)


def codes_of(codings: tuple[Coding, ...]) -> tuple[Codes, list[str]]:
    """The codes as they were sent, and those of ICD-10-CM without the dot."""
    icd_codes = [
        coding.code.replace(".", "").strip().upper()
        for coding in codings
        if coding.system is CodeSystem.ICD10CM and coding.code
    ]
    return {(coding.system, coding.code) for coding in codings if coding.system and coding.code}, icd_codes


def by_code(codes: Codes, icd_codes: list[str], concept: Concept) -> Match | None:
    """How codes, those of ICD-10-CM without the dot, stand for a concept; None if they do not."""
    for code in icd_codes:
        if code.startswith(concept.prefixes) and not code.startswith(concept.excluded_prefixes):
            return Match(code.startswith(concept.remission_prefixes), False)
    matching = codes & concept.codes
    return Match(False, not matching - concept.unverified) if matching else None


def _by_name(texts: list[str], concept: Concept, wording: ConditionWording) -> Match | None:
    named = any(names(text, concept, wording) for text in texts)
    return Match(False, not concept.names_verified) if named else None
