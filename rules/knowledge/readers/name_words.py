"""Reads ``name_words.yaml``, and the names of other drugs in ``other_names.csv``: one a line with its source."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from contextlib import suppress

from rules.knowledge.lexicon.name_words import Abbreviations, BesideDrug, FluidsAndSupplies, NameWords
from rules.knowledge.problem import KnowledgeError, require_known
from rules.knowledge.readers.section import Section, read_figure

FILE = "name_words.yaml"
COLUMNS = ("name", "source")
BESIDE_DRUG = ("salts", "extended_release", "injection", "route_if_in_capitals", "remarks")
LISTS = ("medicines", "substances")
BOUNDS = (
    "first_edit_letters",
    "second_edit_letters",
    "beginning_at_least",
    "first_word_at_least",
    "refused_beginning_at_least",
    "beside_partner_at_least",
    "written_together_at_least",
    "name_within_at_least",
    "compared_at_most",
)
SHORT_NAMES = ("partners", "beside_partner", "unclear")
BESIDE_DRUGS = ("fluids", "containers", "short_names")


def read_name_words(
    data: Mapping[str, object], names: str, where: str, classes: Collection[str], agents: Collection[str]
) -> NameWords:
    """The words of a parsed ``name_words.yaml``, with the names of other drugs.

    Args:
        data: the parsed file.
        names: the text of ``other_names.csv``.
        where: the name of that file, for messages.
        classes: the ids of the classes of agents.
        agents: the ids of the agents.

    Raises:
        KnowledgeError: a part is missing or of the wrong shape, a bound is no whole number, a name stands twice, or a
            short name means no agent.
    """
    top = Section(FILE, data)
    top.only(
        (
            "reviewed",
            "misspelt",
            "other_names",
            "brand_names",
            "stems",
            "abbreviations",
            "fluids_and_supplies",
            "class_names",
            "beside_drug",
            "empty_words",
            "plain_words",
        )
    )
    reviewed = top.day("reviewed")
    bounds = top.section("misspelt")
    bounds.only(BOUNDS)
    figures = {}
    for name, entry in bounds.sections():
        value = read_figure(entry, reviewed).value
        if value.denominator != 1 or value < 1:
            raise KnowledgeError(entry.at("value"), "must be a whole number above zero")
        figures[name] = int(value)
    lists = {key: top.section("other_names").section(key).texts("references") for key in LISTS}
    others = _others(names, where, [source for cited in lists.values() for source in cited])
    return NameWords(
        letters_for_edits=(figures["first_edit_letters"], figures["second_edit_letters"]),
        beginning_at_least=figures["beginning_at_least"],
        first_word_at_least=figures["first_word_at_least"],
        refused_beginning_at_least=figures["refused_beginning_at_least"],
        beside_partner_at_least=figures["beside_partner_at_least"],
        written_together_at_least=figures["written_together_at_least"],
        name_within_at_least=figures["name_within_at_least"],
        compared_at_most=figures["compared_at_most"],
        others=frozenset(name for name, source in others.items() if source in lists["medicines"]),
        substances=frozenset(name for name, source in others.items() if source in lists["substances"]),
        plain=frozenset(top.texts("plain_words")),
        empty=frozenset(top.texts("empty_words")),
        beside_drug=_beside_drug(top.section("beside_drug")),
        class_names=_class_names(top.section("class_names"), classes),
        stems=_stems(top.section("stems"), classes),
        abbreviations=_abbreviations(top.section("abbreviations"), agents),
        fluids_and_supplies=_fluids_and_supplies(top.section("fluids_and_supplies")),
    )


def _others(text: str, where: str, cited: list[str]) -> dict[str, str]:
    """The source of each name."""
    lines = text.splitlines()
    rows = csv.reader(lines, strict=True)
    if tuple(next(rows, ())) != COLUMNS:
        raise KnowledgeError(where, f"the columns must be {', '.join(COLUMNS)}")
    # There are many: they are taken at once, and gone through one by one only to say what is wrong.
    with suppress(ValueError):
        at_once = dict(rows)
        if len(at_once) + 1 == len(lines) and set(at_once.values()) <= set(cited):
            return at_once
    rows = csv.reader(lines, strict=True)
    next(rows)
    found: dict[str, str] = {}
    for row in rows:
        line = f"{where}: line {rows.line_num}"
        name, source = row if len(row) == len(COLUMNS) else ("", "")
        require_known(source, cited, line, "source of names")
        if name in found:
            raise KnowledgeError(line, f"{name!r} stands twice")
        found[name] = source
    return found


def _class_names(section: Section, classes: Collection[str]) -> dict[str, tuple[str, ...]]:
    for name in section.data:
        require_known(name, classes, section.at(name), "class")
    return {name: section.texts(name) for name in section.data}


def _beside_drug(section: Section) -> BesideDrug:
    section.only(("source", *BESIDE_DRUG))
    return BesideDrug(**{name: frozenset(section.texts(name)) for name in BESIDE_DRUG})


def _stems(section: Section, classes: Collection[str]) -> dict[str, tuple[str, ...]]:
    named = [name for name in section.data if name != "source"]
    for name in named:
        require_known(name, classes, section.at(name), "class")
    return {name: section.texts(name) for name in named}


def _abbreviations(section: Section, agents: Collection[str]) -> Abbreviations:
    section.only(("references", *SHORT_NAMES))
    parts = {name: section.section(name) for name in SHORT_NAMES}
    found = {name: {key: part.texts(key) for key in part.data} for name, part in parts.items()}
    for agent in found["beside_partner"]:
        require_known(agent, agents, parts["beside_partner"].at(agent), "agent")
    for written, meanings in found["unclear"].items():
        if not any(meaning in agents for meaning in meanings):
            raise KnowledgeError(parts["unclear"].at(written), "means no agent")
    return Abbreviations(**found)


def _fluids_and_supplies(section: Section) -> FluidsAndSupplies:
    section.only(("source", *BESIDE_DRUGS))
    return FluidsAndSupplies(**{name: section.texts(name) for name in BESIDE_DRUGS})
