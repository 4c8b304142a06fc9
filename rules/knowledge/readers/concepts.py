"""Reads the conditions that findings ask for: names and expiry in ``conditions.yaml``, codes in ``conditions.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date

from rules.knowledge.concept import (
    PART_SEPARATOR,
    Concept,
    ConditionWording,
    Dependence,
    LongerIndication,
    WithdrawalSign,
)
from rules.knowledge.figure import Verification
from rules.knowledge.lexicon.vocabulary import normalised
from rules.knowledge.problem import KnowledgeError, ProblemKind, require_known
from rules.knowledge.readers.section import CITATION_KEYS, Section, read_citation, read_figure
from rules.model import CodeSystem

COLUMNS = ("concept", "kind", "system", "code", "source", "verification")
KINDS = ("prefix", "except", "remission", "dependence", "code", "visit")


@dataclass(slots=True)
class _Codes:
    prefixes: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    remission: list[str] = field(default_factory=list)
    dependence: list[str] = field(default_factory=list)
    codes: set[tuple[CodeSystem, str]] = field(default_factory=set)
    unverified: set[tuple[CodeSystem, str]] = field(default_factory=set)
    visits: set[tuple[CodeSystem, str]] = field(default_factory=set)


def read_wording(section: Section) -> ConditionWording:
    """The phrases of ``wording:`` in ``conditions.yaml``."""
    kinds = tuple(field.name for field in fields(ConditionWording))
    section.only(kinds)
    return ConditionWording(**{kind: tuple(map(normalised, section.texts(kind))) for kind in kinds})


def read_concepts(section: Section, codes: str, where: str, reviewed: date) -> Mapping[str, Concept]:
    """Every concept by its id.

    Args:
        section: the concepts of ``conditions.yaml``.
        codes: the text of ``conditions.csv``.
        where: the name of that file, for messages.
        reviewed: when the concepts were last reviewed.

    Raises:
        KnowledgeError: a row of a concept that is not described, a code listed twice for one concept, or a prefix that
            another prefix of the same concept covers.
    """
    known = {name: _Codes() for name in section.data}
    rows = csv.DictReader(codes.splitlines(), strict=True)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise KnowledgeError(where, f"the columns must be {', '.join(COLUMNS)}")
    for row in rows:
        _add(known, row, f"{where}: line {rows.line_num}")
    concepts = {name: _concept(name, entry, known[name], reviewed) for name, entry in section.sections()}
    for name, concept in concepts.items():
        for other in concept.not_with:
            require_known(other, concepts, section.at(f"{name}.not_with"), "concept")
    return concepts


def every_name(concepts: Iterable[Concept]) -> tuple[str, ...]:
    """The names of the concepts, each once; a name of several parts gives each part."""
    parts = (part for concept in concepts for name in concept.names for part in name.split(PART_SEPARATOR))
    return tuple(sorted(set(parts)))


def _add(known: Mapping[str, _Codes], row: Mapping[str, str], line: str) -> None:
    concept, kind, code = row["concept"], row["kind"], row["code"]
    require_known(concept, known, line, "concept")
    require_known(kind, KINDS, line, "kind of row")
    try:
        system, verification = CodeSystem(row["system"]), Verification(row["verification"])
    except ValueError as problem:
        raise KnowledgeError(line, str(problem)) from None
    if not row["source"]:
        raise KnowledgeError(line, "a code without a source")
    entry = known[concept]
    if kind == "visit":
        entry.visits.add((system, code))
        return
    if kind == "code":
        if (system, code) in entry.codes:
            raise KnowledgeError(line, f"code {code} is listed twice")
        entry.codes.add((system, code))
        if verification is Verification.UNVERIFIED:
            entry.unverified.add((system, code))
        return
    if system is not CodeSystem.ICD10CM or "." in code:
        raise KnowledgeError(line, "a prefix is one of ICD-10-CM, without the dot")
    prefixes = {
        "prefix": entry.prefixes,
        "except": entry.excluded,
        "remission": entry.remission,
        "dependence": entry.dependence,
    }[kind]
    if any(code.startswith(other) for other in prefixes):
        raise KnowledgeError(line, f"prefix {code} is covered already")
    prefixes.append(code)


def _concept(name: str, entry: Section, codes: _Codes, reviewed: date) -> Concept:
    entry.only(
        ("name", "source"),
        (
            "names",
            "except_names",
            "expires",
            "despite_remission",
            "names_verified",
            "needs_date",
            "not_with",
            "silences",
            "in_orders",
            "dependence",
            "withdrawal",
            "longer_indication",
            "indication",
            "note",
        ),
    )
    words = (*entry.texts("names"), *entry.texts("in_orders"))
    if not codes.prefixes and not codes.codes and not words:
        raise KnowledgeError(entry.path, "a concept without a code or a name")
    return Concept(
        id=name,
        name=entry.text("name"),
        prefixes=tuple(codes.prefixes),
        excluded_prefixes=tuple(codes.excluded),
        codes=frozenset(codes.codes),
        names=tuple(normalised(text) for text in entry.texts("names")),
        expires=read_figure(entry.section("expires"), reviewed) if entry.has("expires") else None,
        despite_remission=entry.truth("despite_remission") if entry.has("despite_remission") else False,
        unverified=frozenset(codes.unverified),
        remission_prefixes=tuple(codes.remission),
        except_names=tuple(normalised(text) for text in entry.texts("except_names")),
        source=entry.text("source"),
        names_verified=entry.truth("names_verified") if entry.has("names_verified") else True,
        needs_date=entry.truth("needs_date") if entry.has("needs_date") else False,
        not_with=entry.texts("not_with"),
        silences=entry.truth("silences") if entry.has("silences") else False,
        visits=frozenset(codes.visits),
        in_orders=tuple(normalised(text) for text in entry.texts("in_orders")),
        dependence=_dependence(entry.section("dependence"), codes) if entry.has("dependence") else None,
        withdrawal=_withdrawal_sign(entry.section("withdrawal")) if entry.has("withdrawal") else None,
        longer_indication=_longer_indication(entry.section("longer_indication"))
        if entry.has("longer_indication")
        else None,
        indication=entry.truth("indication") if entry.has("indication") else False,
    )


def _dependence(entry: Section, codes: _Codes) -> Dependence:
    entry.only(("name", "may_be_prescribed"))
    return Dependence(entry.text("name"), tuple(codes.dependence), entry.truth("may_be_prescribed"))


def _withdrawal_sign(entry: Section) -> WithdrawalSign:
    entry.only(("group", *CITATION_KEYS), ("severe",))
    severe = entry.truth("severe") if entry.has("severe") else False
    return WithdrawalSign(entry.text("group"), severe, read_citation(entry))


def _longer_indication(entry: Section) -> LongerIndication:
    entry.only(("therapy_fits", "citations"), ("agents",))
    citations = entry.items("citations")
    for item in citations:
        item.only(CITATION_KEYS)
    if not citations:
        raise KnowledgeError(entry.at("citations"), "names no source", ProblemKind.UNCITED)
    return LongerIndication(
        entry.truth("therapy_fits"), tuple(map(read_citation, citations)), frozenset(entry.texts("agents"))
    )
