"""How far a misspelt medication name may be read, and the names it must not be taken for, from ``name_words.yaml``.

The names of other drugs stand in ``other_names.csv``, one a line with its source.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from rules.knowledge.readers.section import KnowledgeError, Section, read_figure, suggestion

FILE = "name_words.yaml"
COLUMNS = ("name", "source")
LISTS = ("medicines", "substances")


@dataclass(frozen=True, slots=True)
class NameWords:
    """The bounds of reading a misspelt or shortened name.

    ``letters_for_edits``: the letters that a name must have for its first edit, and for each further one, to be read.
    ``beginning_at_least``: the letters that stand for the whole name where no other known name begins with them.
    ``compared_at_most``: the words of one name that are compared. ``others`` are words of names of medicines that are
    no agents here, ``substances`` of drugs that are in no list of medicines, ``plain`` words that are no drugs' names.
    ``class_names`` are further names of classes.
    """

    letters_for_edits: tuple[int, ...]
    beginning_at_least: int
    compared_at_most: int
    others: frozenset[str]
    substances: frozenset[str]
    plain: frozenset[str]
    class_names: Mapping[str, tuple[str, ...]]


def read_name_words(data: Mapping[str, object], names: str, where: str, classes: Collection[str]) -> NameWords:
    """The bounds of a parsed ``name_words.yaml``, with the names of other drugs in the text of ``other_names.csv``.

    Raises:
        KnowledgeError: a part is missing or of the wrong shape, a bound is no whole number, or a name stands twice.
    """
    top = Section(FILE, data)
    top.only(("reviewed", "misspelt", "other_names", "class_names", "plain_words"))
    reviewed = top.day("reviewed")
    bounds = top.section("misspelt")
    bounds.only(("first_edit_letters", "second_edit_letters", "beginning_at_least", "compared_at_most"))
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
        compared_at_most=figures["compared_at_most"],
        others=frozenset(name for name, source in others.items() if source in lists["medicines"]),
        substances=frozenset(name for name, source in others.items() if source in lists["substances"]),
        plain=frozenset(top.texts("plain_words")),
        class_names=_class_names(top.section("class_names"), classes),
    )


def _others(text: str, where: str, cited: list[str]) -> dict[str, str]:
    """Every name with its source."""
    rows = csv.reader(text.splitlines(), strict=True)
    if tuple(next(rows, ())) != COLUMNS:
        raise KnowledgeError(where, f"the columns must be {', '.join(COLUMNS)}")
    found: dict[str, str] = {}
    for row in rows:
        line = f"{where}: line {rows.line_num}"
        name, source = row if len(row) == len(COLUMNS) else ("", "")
        if source not in cited:
            raise KnowledgeError(line, f"{source!r} is no source of names{suggestion(source, tuple(cited))}")
        if name in found:
            raise KnowledgeError(line, f"{name!r} stands twice")
        found[name] = source
    return found


def _class_names(section: Section, classes: Collection[str]) -> dict[str, tuple[str, ...]]:
    for name in section.data:
        if name not in classes:
            raise KnowledgeError(section.at(name), f"{name!r} is no class{suggestion(name, tuple(classes))}")
    return {name: section.texts(name) for name in section.data}
