"""Reads an edition of the knowledge: the data files of one folder, with a site's override in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import ANY
from rules.knowledge.problem import KnowledgeError, require_known
from rules.knowledge.readers.agents import (
    index_codes,
    index_names,
    read_agents,
    read_brand_names,
    read_classes,
)
from rules.knowledge.readers.concepts import every_name, read_concepts, read_wording
from rules.knowledge.readers.guidance import (
    read_band_examples,
    read_figures,
    read_suggestions,
    read_withdrawal_course,
    read_withdrawal_risk,
)
from rules.knowledge.readers.intervention import read_intervention
from rules.knowledge.readers.maximum_doses import read_maximum_doses
from rules.knowledge.readers.name_words import read_name_words
from rules.knowledge.readers.policy import read_findings, read_policy
from rules.knowledge.readers.products import read_products
from rules.knowledge.readers.section import Section, Tree
from rules.knowledge.readers.sig_words import read_sig_words
from rules.knowledge.readers.site import SITE, apply_site
from rules.knowledge.readers.tables import read_sources, read_tables
from rules.knowledge.readers.vocabulary import read_vocabulary
from rules.knowledge.readers.yaml_text import parse_yaml
from rules.numbers.memo import cached

TREES = (
    "agents.yaml",
    "classes.yaml",
    "conditions.yaml",
    "findings.yaml",
    "forms.yaml",
    "guidance.yaml",
    "intervention.yaml",
    "maximum_doses.yaml",
    "name_words.yaml",
    "policy.yaml",
    "sig_words.yaml",
    "sources.yaml",
    "tables.yaml",
)
POLICY_TREES = ("policy.yaml", "tables.yaml", "sources.yaml")
"""The files that an override changes; one with a table of its own changes the figures of agents too."""
PRODUCTS = "products.csv"
CONDITION_CODES = "conditions.csv"
OTHER_NAMES = "other_names.csv"
BRAND_NAMES = "brand_names.csv"


def shipped() -> Traversable:
    """The folder of the data files that are shipped with the program."""
    return files(__package__).joinpath("data")


def load_knowledge(site: str | None = None) -> Knowledge:
    """The shipped knowledge, with a site's override in force; each text is read once.

    Args:
        site: the override, as YAML text (see :mod:`rules.knowledge.readers.site`).

    Raises:
        KnowledgeError: the override, or the shipped data, cannot be used; the message names the key.
    """
    return _shipped_knowledge() if site is None else _site_knowledge(site)


@cache
def _shipped_knowledge() -> Knowledge:
    return read_directory(shipped())


@cache
def _shipped_trees() -> dict[str, Tree]:
    return read_trees(shipped())


@cached
def _site_knowledge(site: str) -> Knowledge:
    """The shipped knowledge with an override: of an override without tables, all but what it may change is shared."""
    ours = _shipped_trees()
    trees = apply_site(ours, parse_yaml(site, SITE))
    if any(trees[name] != ours[name] for name in TREES if name not in POLICY_TREES):
        return build(trees, lambda name: _text(shipped(), name))
    knowledge = replace(_shipped_knowledge(), **_policy_parts(trees))
    _require_order(knowledge)
    return knowledge


def read_directory(directory: Traversable, site: str | None = None) -> Knowledge:
    """The knowledge of a folder of data files, read anew; otherwise as :func:`load_knowledge`."""
    trees = read_trees(directory)
    if site is not None:
        trees = apply_site(trees, parse_yaml(site, SITE))
    return build(trees, lambda name: _text(directory, name))


def read_trees(directory: Traversable) -> dict[str, Tree]:
    """Every YAML file of a folder, parsed and not yet checked.

    Raises:
        KnowledgeError: a file is missing, or is not such YAML as :func:`parse_yaml` reads.
    """
    return {name: parse_yaml(_text(directory, name), name) for name in TREES}


def build(trees: Mapping[str, Tree], text_of: Callable[[str], str]) -> Knowledge:
    """The knowledge of parsed files.

    Args:
        trees: the parsed YAML files by name.
        text_of: gives the text of a code list (CSV) by its name.

    Raises:
        KnowledgeError: a file is not of the expected shape, or an entry names another one that does not exist.
    """
    guidance = _top(
        trees,
        "guidance.yaml",
        ("reviewed", "figures", "band_examples", "withdrawal_risk", "withdrawal_course", "suggestions"),
    )
    guidance_reviewed = guidance.day("reviewed")
    conditions = _top(trees, "conditions.yaml", ("reviewed", "wording", "concepts"))
    listing = _top(trees, "agents.yaml", ("reviewed", "agents"))
    classes = read_classes(_top(trees, "classes.yaml", ("classes",)).section("classes"))
    agents = read_agents(listing.section("agents"), classes, listing.day("reviewed"))
    cited = Section("name_words.yaml", trees["name_words.yaml"]).section("brand_names").texts("references")
    concepts = read_concepts(
        conditions.section("concepts"), text_of(CONDITION_CODES), CONDITION_CODES, conditions.day("reviewed")
    )
    vocabulary = read_vocabulary(trees["forms.yaml"])
    knowledge = Knowledge(
        **_policy_parts(trees),
        classes=classes,
        agents=agents,
        products=read_products(text_of(PRODUCTS), agents, PRODUCTS),
        agents_by_code=index_codes(agents),
        agent_by_name=index_names(agents),
        brand_names=read_brand_names(text_of(BRAND_NAMES), agents, cited, BRAND_NAMES),
        concepts=concepts,
        condition_wording=read_wording(conditions.section("wording")),
        condition_names=every_name(concepts.values()),
        vocabulary=vocabulary,
        name_words=read_name_words(trees["name_words.yaml"], text_of(OTHER_NAMES), OTHER_NAMES, classes, agents),
        sig_words=read_sig_words(trees["sig_words.yaml"], vocabulary),
        maximum_doses=read_maximum_doses(trees["maximum_doses.yaml"], agents, vocabulary),
        guidance=read_figures(guidance.section("figures"), guidance_reviewed),
        suggestions=read_suggestions(guidance.section("suggestions")),
        band_examples=read_band_examples(guidance.items("band_examples"), guidance_reviewed),
        withdrawal_risk=read_withdrawal_risk(guidance.items("withdrawal_risk")),
        withdrawal_course=read_withdrawal_course(guidance.items("withdrawal_course"), guidance_reviewed),
    )
    _require_order(knowledge)
    _require_classes(knowledge)
    return knowledge


def _policy_parts(trees: Mapping[str, Tree]) -> dict[str, Any]:
    """The parts of the knowledge that rest on :data:`POLICY_TREES`, by their names."""
    policy = _top(trees, "policy.yaml", ("version", "reviewed", "upkeep", "policy", "critical", "findings"))
    reviewed = policy.day("reviewed")
    critical = frozenset(policy.texts("critical"))
    pages = _top(trees, "findings.yaml", ("findings",))
    choice = _top(trees, "tables.yaml", ("default", "tables", "site_figures"))
    tables = read_tables(choice.section("tables"))
    findings = read_findings(policy.section("findings"), pages.section("findings"), critical, reviewed)
    return {
        "version": policy.text("version"),
        "reviewed": reviewed,
        "sources": read_sources(_top(trees, "sources.yaml", ("sources",)).section("sources")),
        "tables": tables,
        "default_table": require_known(choice.text("default"), tables, choice.at("default"), "table"),
        "policy": read_policy(policy.section("policy"), critical, reviewed),
        "findings": findings,
        "intervention": read_intervention(Section("intervention.yaml", trees["intervention.yaml"]), findings),
    }


def _top(trees: Mapping[str, Tree], name: str, keys: tuple[str, ...]) -> Section:
    section = Section(name, trees[name])
    section.only(keys)
    return section


def _require_order(knowledge: Knowledge) -> None:
    """Refuse bands or ages that are out of order, as a site may set them: each value is within its own bounds."""
    bands, age = knowledge.policy.bands, knowledge.policy.age
    if bands.low_up_to.value >= bands.moderate_up_to.value:
        raise KnowledgeError("policy.bands", "the low band must end below the moderate one")
    if age.adult.value >= age.older.value:
        raise KnowledgeError("policy.age", "an adult must be younger than an older adult")
    for example in knowledge.band_examples:
        require_known(example.agent, knowledge.agents, "guidance.yaml: band_examples", "agent")


def _require_classes(knowledge: Knowledge) -> None:
    """Refuse a plausible figure, or an answer to a card, of a class that does not exist."""
    plausible = knowledge.vocabulary.plausible
    for name in (*plausible.times_labelled_maximum, *plausible.times_defined_daily_dose):
        if name != ANY:
            require_known(name, knowledge.classes, "forms.yaml: plausible", "class")
    for reason in knowledge.suggestions.override_reasons:
        for name in sorted(reason.classes):
            require_known(name, knowledge.classes, "guidance.yaml: suggestions.override_reasons", "class")


def _text(directory: Traversable, name: str) -> str:
    try:
        return directory.joinpath(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KnowledgeError(name, "is missing") from None
