"""A site's override of the policy: its own values, key by key, each checked before it replaces the shipped one.

The override is YAML; every key is optional::

    override = [ "reviewed:" date ] , [ "default_table:" table ] , [ "include_substitution:" truth ] ,
               [ "critical:" "[" , { finding } , "]" ] , [ "policy:" { group ":" { figure ":" number } } ] ,
               [ "findings:" { finding ":" own } ] , [ "tables:" { name ":" own table } ] ;
    own       = [ "on:" truth ] , [ "raises:" truth ] , [ "severity:" ( "info" | "warning" ) ] ,
                [ "parameters:" { parameter ":" number } ] ;
    own table = "name:" text , "figures:" { agent ":" mg } , [ "source:" source ] ,
                [ "fallback:" "[" , { source id } , "]" ] ;
    source    = [ "title:" text ] , [ "publisher:" text ] , [ "year:" text ] , [ "url:" text ] ;

For example::

    reviewed: 2026-11-22
    default_table: va-dod-2021
    include_substitution: true
    critical: [concurrent-opioid]
    policy: {concurrency: {recency_days: 180}}
    findings: {high-potency: {on: false}, total-load: {parameters: {site_threshold: 40}}}
    tables: {our-hospital: {name: Our hospital's table, figures: {lorazepam: 1}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rules.knowledge.problem import KnowledgeError, ProblemKind, Refusals, suggestion
from rules.knowledge.readers.policy import GROUPS
from rules.knowledge.readers.section import Section, Tree, require_within
from rules.knowledge.readers.yaml_text import digest_of

SITE = "site"
KEYS = ("reviewed", "default_table", "include_substitution", "critical", "policy", "findings", "tables")
FINDING_KEYS = ("on", "raises", "severity", "parameters")
SEVERITIES = ("info", "warning")


def apply_site(trees: Mapping[str, Tree], data: Tree) -> dict[str, Tree]:
    """The parsed files with a site's values in place of the shipped ones; ``trees`` is not changed.

    Args:
        trees: the shipped files.
        data: the parsed override.

    Raises:
        KnowledgeError: unknown keys, values of the wrong type or outside their bounds, or names that do not exist:
            with all of them.
    """
    site, refusals = Section(SITE, data), Refusals()
    with refusals.noted():
        site.only((), KEYS)
    merged = {name: _copied(tree) for name, tree in trees.items()}
    policy = merged["policy.yaml"]
    policy["version"] = f"{policy['version']}+{SITE}.{digest_of(data)}"
    merged["sources.yaml"]["sources"][SITE] = _source("The site's own choice")
    dated: dict[str, str] = {}
    with refusals.noted():
        dated |= {"reviewed": site.day("reviewed").isoformat()} if site.has("reviewed") else {}
    with refusals.noted():
        if site.has("include_substitution"):
            site.truth("include_substitution")
            policy["policy"]["include_substitution"] |= {"value": data["include_substitution"], "source": SITE}
    with refusals.noted():
        if "critical" in data:
            for name in site.texts("critical"):
                _require_known(name, policy["findings"], site.at("critical"))
            policy["critical"] = list(site.texts("critical"))
    with refusals.noted():
        _set_groups(policy["policy"], site.section("policy"), dated, refusals)
    with refusals.noted():
        for name, block in _blocks(site.section("findings"), refusals):
            with refusals.noted():
                _require_known(name, policy["findings"], block.path)
                _set_finding(policy["findings"][name], block, dated, refusals)
    with refusals.noted():
        for name, table in _blocks(site.section("tables"), refusals):
            with refusals.noted():
                _add_table(merged, name, table, dated, refusals)
    with refusals.noted():
        if site.has("default_table"):
            _require_known(site.text("default_table"), merged["tables.yaml"]["tables"], site.at("default_table"))
            merged["tables.yaml"]["default"] = site.text("default_table")
    refusals.refuse()
    return {**merged}


def _blocks(section: Section, refusals: Refusals) -> Iterator[tuple[str, Section]]:
    """Every key that has a mapping, with it; another one is noted."""
    for key in section.data:
        with refusals.noted():
            yield key, section.section(key)


def _set_groups(policy: dict[str, Any], groups: Section, dated: Mapping[str, str], refusals: Refusals) -> None:
    with refusals.noted():
        groups.only((), (*GROUPS, "equivalence_basis"))
    for name, group in _blocks(groups, refusals):
        if name == "equivalence_basis":
            with refusals.noted():
                raise KnowledgeError(groups.at(name), "the basis of every table is not for a site to set")
        for key in group.data if name in GROUPS else ():
            with refusals.noted():
                _require_known(key, policy[name], group.at(key))
                _set(policy[name][key], group, key, dated)


def _copied(tree: Tree) -> dict[str, Any]:
    """A deep copy of the mappings of a parsed file; lists and texts are shared, as nothing changes them."""
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in tree.items()}


def _require_known(name: str, known: Mapping[str, object], where: str) -> None:
    if name not in known:
        problem = f"{name!r} is not known{suggestion(name, tuple(known))}"
        raise KnowledgeError(where, problem, ProblemKind.UNRESOLVABLE)


def _set(figure: dict[str, Any], site: Section, key: str, dated: Mapping[str, str]) -> None:
    """Put the site's number in place of a figure's, within its bounds."""
    value = site.number(key)
    require_within(value, Section(site.path, figure).range_of("range"), site.at(key))
    shipped = f"as shipped: {figure['value'] or 'not set'}"
    figure |= {"value": site.text(key), "source": SITE, "verification": "read", "where": shipped, **dated}


def _set_finding(shipped: dict[str, Any], block: Section, dated: Mapping[str, str], refusals: Refusals) -> None:
    with refusals.noted():
        block.only((), FINDING_KEYS)
    for key in ("on", "raises"):
        with refusals.noted():
            if key in block.data:
                block.truth(key)
                shipped[key] = block.data[key]
    with refusals.noted():
        if "severity" in block.data:
            severity = block.text("severity")
            if severity not in SEVERITIES:
                hint = "; name the finding under `critical` instead" if severity == "critical" else ""
                raise KnowledgeError(block.at("severity"), f"must be info or warning, not {severity!r}{hint}")
            shipped["severity"] = severity
    parameters = block.section("parameters")
    known: dict[str, Any] = shipped.get("parameters", {})
    for key in parameters.data:
        with refusals.noted():
            _require_known(key, known, parameters.at(key))
            _set(known[key], parameters, key, dated)


def _source(title: str, own: Section | None = None) -> dict[str, object]:
    source: dict[str, object] = {
        "title": title,
        "publisher": "this site",
        "year": "",
        "url": "",
        "read_at": "the site's own file",
        "verification": "read",
    }
    if own is not None:
        own.only((), ("title", "publisher", "year", "url"))
        source |= own.data
    return source


def _add_table(
    merged: dict[str, dict[str, Any]], name: str, table: Section, dated: Mapping[str, str], refusals: Refusals
) -> None:
    """Add a table of the site's own figures, and a source that they are cited to."""
    table.only(("name", "figures"), ("source", "fallback"))
    tables = merged["tables.yaml"]
    if name in tables["tables"]:
        raise KnowledgeError(table.path, "a shipped table is not changed; choose another name")
    source = f"{SITE}-{name}"
    sources = merged["sources.yaml"]["sources"]
    sources[source] = _source(table.text("name"), table.section("source"))
    default = Section("tables.yaml", tables["tables"]).section(str(tables["default"]))
    fallback = table.texts("fallback") or (*default.texts("own"), *default.texts("fallback"))
    for earlier in fallback:
        _require_known(earlier, sources, table.at("fallback"))
    tables["tables"][name] = {"name": table.text("name"), "own": [source], "fallback": list(fallback)}
    figures = table.section("figures")
    limits = Section("tables.yaml", tables["site_figures"])
    agents = merged["agents.yaml"]["agents"]
    basis = Section("policy.yaml", merged["policy.yaml"]["policy"]).section("equivalence_basis")
    equal_to = f"{basis.text('value')} {basis.text('unit')}"
    for agent in figures.data:
        with refusals.noted():
            _require_known(agent, agents, figures.at(agent))
            entry = Section("agents.yaml: agents", agents).section(agent)
            try:
                _check_figure(figures, agent, entry, limits)
            except KnowledgeError as refused:
                problem = f"{refused.problem} (mg equal to {equal_to})"
                raise KnowledgeError(refused.where, problem, refused.kind) from None
            equivalents = [dict(item.data) for item in entry.items("equivalents")]
            own = {"source": source, "value": figures.data[agent], "verification": "read", **dated}
            agents[agent]["equivalents"] = [*equivalents, own]


def _check_figure(figures: Section, agent: str, entry: Section, limits: Section) -> None:
    """Refuse a figure far from every published one: most often it is stated the other way round."""
    low, high = figures.range_of(agent)
    fold = limits.section("fold").number("value")
    published = [item.range_of("value") for item in entry.items("equivalents")]
    if published:
        bounds = (min(ends[0] for ends in published) / fold, max(ends[1] for ends in published) * fold)
    else:
        bounds = limits.section("without_published").range_of("value")
    require_within(low, bounds, figures.at(agent))
    require_within(high, bounds, figures.at(agent))
