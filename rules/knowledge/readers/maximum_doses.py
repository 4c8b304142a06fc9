"""Reads ``maximum_doses.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from rules.knowledge.agent import Agent
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.knowledge.listed_product import RELEASES
from rules.knowledge.maximum_doses import MICROGRAMS_AN_HOUR, MILLIGRAMS_A_DAY, DoseFigure, MaximumDoses
from rules.knowledge.problem import KnowledgeError, require_known
from rules.knowledge.readers.section import Section, read_figure

FILE = "maximum_doses.yaml"


def read_maximum_doses(
    data: Mapping[str, object], agents: Mapping[str, Agent], vocabulary: DosingVocabulary
) -> MaximumDoses:
    """The labelled maxima and defined daily doses of a parsed ``maximum_doses.yaml``.

    Raises:
        KnowledgeError: an agent, a route, a release or a unit is not known, or a figure is not of the expected shape.
    """
    top = Section(FILE, data)
    top.only(("reviewed", "labelled", "no_maximum", "defined_daily_doses"))
    reviewed = top.day("reviewed")
    labelled = top.section("labelled")
    _require_all(labelled.data, agents, labelled.path, "agent")
    without = top.section("no_maximum")
    without.only(("source", "verification", "agents"))
    agents_without = without.texts("agents")
    _require_all(agents_without, agents, without.at("agents"), "agent")
    for name in agents_without:
        if name in labelled.data:
            raise KnowledgeError(without.at("agents"), f"{name!r} has a labelled maximum as well")
    return MaximumDoses(
        labelled={name: _labelled(labelled, name, reviewed, vocabulary) for name in labelled.data},
        no_maximum=frozenset(agents_without),
        no_maximum_source=without.text("source"),
        defined_daily_doses=_daily_doses(top.section("defined_daily_doses"), reviewed, agents, vocabulary),
    )


def _labelled(block: Section, name: str, reviewed: date, vocabulary: DosingVocabulary) -> tuple[DoseFigure, ...]:
    found: list[DoseFigure] = []
    taken: set[tuple[str, str | None]] = set()
    for item in block.items(name):
        figure = read_figure(item, reviewed, extra=("routes", "release"))
        routes = item.texts("routes")
        _require_all(routes, vocabulary.routes, item.at("routes"), "route")
        release = item.text("release") if item.has("release") else None
        if release is not None:
            require_known(release, RELEASES, item.at("release"), "release")
        require_known(figure.unit, (MILLIGRAMS_A_DAY, MICROGRAMS_AN_HOUR), item.at("unit"), "unit of a daily dose")
        if figure.value <= 0:
            raise KnowledgeError(item.at("value"), "must be above zero")
        for route in routes:
            if (route, release) in taken:
                raise KnowledgeError(item.path, f"a second maximum of {name} by this route")
            taken.add((route, release))
        found.append(DoseFigure(figure, frozenset(routes), release))
    return tuple(found)


def _daily_doses(
    block: Section, reviewed: date, agents: Mapping[str, Agent], vocabulary: DosingVocabulary
) -> dict[str, tuple[DoseFigure, ...]]:
    block.only(("source", "verification", "unit", "entries"))
    require_known(block.text("unit"), (MILLIGRAMS_A_DAY,), block.at("unit"), "unit of a defined daily dose")
    entries = block.section("entries")
    _require_all(entries.data, agents, entries.path, "agent")
    citation = {key: value for key, value in block.data.items() if key != "entries"}
    found: dict[str, tuple[DoseFigure, ...]] = {}
    for name, doses in entries.sections():
        _require_all(doses.data, vocabulary.routes, doses.path, "route")
        figures = {
            route: read_figure(Section(doses.at(route), {**citation, "value": doses.text(route)}), reviewed)
            for route in doses.data
        }
        found[name] = tuple(DoseFigure(figure, frozenset({route})) for route, figure in figures.items())
    return found


def _require_all(names: Iterable[str], known: Iterable[str], where: str, what: str) -> None:
    for name in names:
        require_known(name, known, where, what)
