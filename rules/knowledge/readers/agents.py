"""Reads the agents of ``agents.yaml`` and their classes of ``classes.yaml``."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from datetime import date

from rules.knowledge.agent import (
    Agent,
    AgentClass,
    BrandAgents,
    CnsActive,
    Code,
    Counted,
    HalfLife,
    MorphineFactor,
    ProductPurpose,
)
from rules.knowledge.figure import Citation, Figure, Verification
from rules.knowledge.lexicon.vocabulary import normalised
from rules.knowledge.problem import KnowledgeError, require_known
from rules.knowledge.readers.section import CITATION_KEYS, Section, read_citation, read_figure
from rules.model import CodeSystem

BRAND_COLUMNS = ("name", "agents", "source")
_BETWEEN_AGENTS, _LESSER = ";", "+"
AGENT_KEYS = (
    "name",
    "names",
    "source",
    "verification",
    "traits",
    "codes",
    "half_life",
    "duration_class",
    "metabolism",
    "equivalents",
    "substitution",
    "morphine_factors",
    "purposes",
    "older_morphine_factors",
    "cns_active",
    "label_warning",
    "observed_for",
    "reviewed",
    "note",
)
MILLIGRAM = "mg"
MORPHINE = "MME a mg by mouth"


def read_classes(section: Section) -> Mapping[str, AgentClass]:
    """Every class of ``classes.yaml`` by its id."""
    classes: dict[str, AgentClass] = {}
    for name, entry in section.sections():
        entry.only(("name", "plural", "in_load", "opioid", "reversal", "depressant", "cns_active"), ("traits", "note"))
        classes[name] = AgentClass(
            id=name,
            name=entry.text("name"),
            plural=entry.text("plural"),
            in_load=entry.truth("in_load"),
            opioid=entry.truth("opioid"),
            reversal=entry.truth("reversal"),
            depressant=entry.truth("depressant"),
            cns_active=_cns_active(entry.section("cns_active")),
            traits=frozenset(entry.texts("traits")),
        )
    return classes


def read_agents(section: Section, classes: Mapping[str, AgentClass], reviewed: date) -> Mapping[str, Agent]:
    """Every agent of ``agents.yaml`` by its id, with the traits of its class added to its own.

    ``reviewed`` is when the file was last reviewed, for figures without a date of their own.
    """
    return {name: _agent(name, entry, classes, reviewed) for name, entry in section.sections()}


def read_brand_names(
    text: str, agents: Collection[str], sources: Collection[str], where: str
) -> Mapping[str, BrandAgents]:
    """The agents of each brand name of ``brand_names.csv``, those of which its number is no strength with a "+" before.

    ::

        agents = [ "+" ] , agent , { ";" , [ "+" ] , agent } ;

    Raises:
        KnowledgeError: columns other than the expected ones, a name that stands twice, an agent that does not exist, or
            a source that is not among ``sources``.
    """
    rows = csv.reader(text.splitlines(), strict=True)
    if tuple(next(rows, ())) != BRAND_COLUMNS:
        raise KnowledgeError(where, f"the columns must be {', '.join(BRAND_COLUMNS)}")
    found: dict[str, BrandAgents] = {}
    for row in filter(None, rows):
        line = f"{where}: line {rows.line_num}"
        name, listed, source = row if len(row) == len(BRAND_COLUMNS) else ("", "", "")
        require_known(source, sources, line, "source of names")
        if normalised(name) in found:
            raise KnowledgeError(line, f"{name!r} stands twice")
        held = listed.split(_BETWEEN_AGENTS)
        known = [require_known(each.removeprefix(_LESSER), agents, line, "agent") for each in held]
        found[normalised(name)] = BrandAgents(
            agents=tuple(agent for agent, each in zip(known, held, strict=True) if agent == each),
            lesser=tuple(agent for agent, each in zip(known, held, strict=True) if agent != each),
        )
    return found


def _agent(name: str, entry: Section, classes: Mapping[str, AgentClass], default: date) -> Agent:
    entry.only(("class",), AGENT_KEYS)
    reviewed = entry.day("reviewed") if entry.has("reviewed") else default
    agent_class = classes[require_known(entry.text("class"), classes, entry.at("class"), "class")]
    equivalents: dict[str, Figure] = {}
    for item in entry.items("equivalents"):
        figure = read_figure(item, reviewed, MILLIGRAM)
        if figure.source in equivalents:
            raise KnowledgeError(item.at("source"), f"{figure.source!r} gives two figures for {name}")
        equivalents[figure.source] = figure
    return Agent(
        id=name,
        name=entry.text_or("name", name.replace("-", " ")),
        agent_class=agent_class,
        names=entry.texts("names"),
        codes=tuple(read_code(item) for item in entry.items("codes")),
        traits=frozenset(entry.texts("traits")) | agent_class.traits,
        half_life=_half_life(entry, reviewed),
        duration_class=entry.text("duration_class") if entry.has("duration_class") else None,
        metabolism=entry.text("metabolism") if entry.has("metabolism") else None,
        equivalents=equivalents,
        substitution=read_figure(entry.section("substitution"), reviewed) if entry.has("substitution") else None,
        morphine_factors=tuple(
            MorphineFactor(item.text("route"), read_figure(item, reviewed, extra=("route",)))
            for item in entry.items("morphine_factors")
        ),
        purposes=tuple(_purpose(item, reviewed) for item in entry.items("purposes")),
        older_morphine_factors=tuple(
            read_figure(item, reviewed, MORPHINE) for item in entry.items("older_morphine_factors")
        ),
        source=entry.text("source") if entry.has("source") else None,
        verification=_verification(entry),
        own_cns_active=_cns_active(entry.section("cns_active")) if entry.has("cns_active") else None,
        label_warning=_label_warning(entry.section("label_warning")) if entry.has("label_warning") else None,
        observed_for=read_figure(entry.section("observed_for"), reviewed) if entry.has("observed_for") else None,
    )


def _label_warning(entry: Section) -> Citation:
    entry.only(CITATION_KEYS)
    return read_citation(entry)


def _cns_active(entry: Section) -> CnsActive:
    """Whether the criterion for older adults counts a class or an agent.

    ::

        cns_active = "value:" ( "yes" | "no" | "not-settled" ) , "source:" id , "verification:" text , "where:" text ;
    """
    entry.only(("value", "source", "verification", "where"))
    return CnsActive(
        counted=entry.choice("value", Counted),
        source=entry.text("source"),
        verification=entry.choice("verification", Verification),
        where=entry.text("where"),
    )


def _purpose(item: Section, reviewed: date) -> ProductPurpose:
    item.only(("condition", "source", "verification"), ("names", "codes", "beside", "least", "not_by", "note"))
    return ProductPurpose(
        condition=item.text("condition"),
        source=item.text("source"),
        verification=item.choice("verification", Verification),
        names=frozenset(map(normalised, item.texts("names"))),
        codes=frozenset((code.system, code.code) for code in map(read_code, item.items("codes"))),
        beside=frozenset(item.texts("beside")),
        least=read_figure(item.section("least"), reviewed) if item.has("least") else None,
        not_by=frozenset(item.texts("not_by")),
    )


def _verification(entry: Section) -> Verification:
    """How far the name and the class of an agent were checked; one that is not verified is no agent."""
    found = entry.choice("verification", Verification) if entry.has("verification") else Verification.READ
    if found is Verification.UNVERIFIED:
        raise KnowledgeError(entry.at("verification"), "an agent's name and class must be verified")
    return found


def read_code(item: Section) -> Code:
    """A code, with where it was read."""
    item.only(("system", "code", "source"), ("verification", "combination", "note"))
    return Code(
        system=item.choice("system", CodeSystem),
        code=item.text("code"),
        source=item.text("source"),
        verification=item.choice("verification", Verification) if item.has("verification") else Verification.READ,
        combination=item.truth("combination") if item.has("combination") else False,
    )


def _half_life(entry: Section, reviewed: date) -> HalfLife | None:
    if not entry.has("half_life"):
        return None
    section = entry.section("half_life")
    section.only((), ("parent", "active_metabolite"))
    ends = {
        key: read_figure(section.section(key), reviewed) if section.has(key) else None
        for key in ("parent", "active_metabolite")
    }
    return HalfLife(**ends)


def index_codes(agents: Mapping[str, Agent]) -> Mapping[tuple[CodeSystem, str], tuple[str, ...]]:
    """The ids of the agents that each code stands for.

    Raises:
        KnowledgeError: a code stands for two agents and is not said to be of their combination.
    """
    found: dict[tuple[CodeSystem, str], dict[str, bool]] = {}
    for agent in agents.values():
        for code in agent.codes:
            holders = found.setdefault((code.system, code.code), {})
            holders[agent.id] = code.combination
            if len(holders) > 1 and not all(holders.values()):
                other = next(holder for holder in holders if holder != agent.id)
                raise KnowledgeError(f"agents.yaml: agents.{agent.id}.codes", f"{code.code} stands for {other} as well")
    return {key: tuple(sorted(holders)) for key, holders in found.items()}


def index_names(agents: Mapping[str, Agent]) -> Mapping[str, tuple[str, ...]]:
    """The ids of the agents that each normalised name stands for; an agent's id and generic name are names of it."""
    found: dict[str, list[str]] = {}
    for agent in agents.values():
        for name in dict.fromkeys(normalised(name) for name in (agent.id, agent.name, *agent.names)):
            found.setdefault(name, []).append(agent.id)
    return {name: tuple(sorted(holders)) for name, holders in found.items()}
