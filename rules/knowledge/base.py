"""The knowledge base as one frozen value: everything clinical that the rules judge by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from rules.knowledge.agents import index_codes, index_names, read_agents, read_classes
from rules.knowledge.concepts import ConditionWording, every_name, read_concepts, read_wording
from rules.knowledge.entries import Agent, AgentClass, Concept, Figure, FindingPolicy, ProductEntry, Source, Table
from rules.knowledge.guidance import (
    BandExample,
    Suggestions,
    WithdrawalRisk,
    read_band_examples,
    read_figures,
    read_suggestions,
    read_withdrawal_risk,
)
from rules.knowledge.lexicon.name_words import NameWords, read_name_words
from rules.knowledge.lexicon.sig_words import SigWords, read_sig_words
from rules.knowledge.lexicon.vocabulary import ANY, DosingVocabulary
from rules.knowledge.lexicon.vocabulary_reader import read_vocabulary
from rules.knowledge.maximum_doses import MaximumDoses, read_maximum_doses
from rules.knowledge.policy import Policy, read_findings, read_policy
from rules.knowledge.products import read_products
from rules.knowledge.section import KnowledgeError, Section, suggestion
from rules.knowledge.tables import read_sources, read_tables, require_table
from rules.model import CodeSystem

Tree = Mapping[str, object]

TREES = (
    "agents.yaml",
    "classes.yaml",
    "conditions.yaml",
    "findings.yaml",
    "forms.yaml",
    "guidance.yaml",
    "maximum_doses.yaml",
    "name_words.yaml",
    "policy.yaml",
    "sig_words.yaml",
    "sources.yaml",
    "tables.yaml",
)
PRODUCTS = "products.csv"
CONDITION_CODES = "conditions.csv"
OTHER_NAMES = "other_names.csv"


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """Everything clinical that the rules judge by, each figure with its citation.

    ``version`` names the edition, with ``+site`` where a site's override is in force. ``agent_by_name`` is keyed by
    normalised names (lower case, single spaces); a name of several agents is a combination product's.
    ``condition_names`` are the names of all concepts, parts of joined names apart. ``guidance`` and
    ``suggestions`` are for wording only and decide nothing.
    """

    version: str
    reviewed: date
    sources: Mapping[str, Source]
    classes: Mapping[str, AgentClass]
    agents: Mapping[str, Agent]
    products: Mapping[str, ProductEntry]
    agent_by_code: Mapping[tuple[CodeSystem, str], str]
    agent_by_name: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, Table]
    default_table: str
    concepts: Mapping[str, Concept]
    condition_wording: ConditionWording
    condition_names: tuple[str, ...]
    policy: Policy
    findings: Mapping[str, FindingPolicy]
    vocabulary: DosingVocabulary
    name_words: NameWords
    sig_words: SigWords
    maximum_doses: MaximumDoses
    guidance: Mapping[str, Figure]
    suggestions: Suggestions
    band_examples: tuple[BandExample, ...]
    withdrawal_risk: tuple[WithdrawalRisk, ...]


def build(trees: Mapping[str, Tree], text_of: Callable[[str], str]) -> Knowledge:
    """The knowledge of parsed files; ``text_of`` gives the text of the code lists.

    Raises:
        KnowledgeError: a file is not of the expected shape, or an entry names another one that does not exist.
    """
    policy = _top(trees, "policy.yaml", ("version", "reviewed", "upkeep", "policy", "critical", "findings"))
    reviewed = policy.day("reviewed")
    critical = frozenset(policy.texts("critical"))
    pages = _top(trees, "findings.yaml", ("findings",))
    guidance = _top(trees, "guidance.yaml", ("reviewed", "figures", "band_examples", "withdrawal_risk", "suggestions"))
    guidance_reviewed = guidance.day("reviewed")
    conditions = _top(trees, "conditions.yaml", ("reviewed", "wording", "concepts"))
    listing = _top(trees, "agents.yaml", ("reviewed", "agents"))
    sources = read_sources(_top(trees, "sources.yaml", ("sources",)).section("sources"))
    choice = _top(trees, "tables.yaml", ("default", "tables", "site_figures"))
    tables = read_tables(choice.section("tables"))
    classes = read_classes(_top(trees, "classes.yaml", ("classes",)).section("classes"))
    agents = read_agents(listing.section("agents"), classes, listing.day("reviewed"))
    concepts = read_concepts(
        conditions.section("concepts"), text_of(CONDITION_CODES), CONDITION_CODES, conditions.day("reviewed")
    )
    vocabulary = read_vocabulary(trees["forms.yaml"])
    knowledge = Knowledge(
        version=policy.text("version"),
        reviewed=reviewed,
        sources=sources,
        classes=classes,
        agents=agents,
        products=read_products(text_of(PRODUCTS), agents, PRODUCTS),
        agent_by_code=index_codes(agents),
        agent_by_name=index_names(agents),
        tables=tables,
        default_table=require_table(choice.text("default"), tables, choice.at("default")),
        concepts=concepts,
        condition_wording=read_wording(conditions.section("wording")),
        condition_names=every_name(concepts.values()),
        policy=read_policy(policy.section("policy"), critical, reviewed),
        findings=read_findings(policy.section("findings"), pages.section("findings"), critical, reviewed),
        vocabulary=vocabulary,
        name_words=read_name_words(trees["name_words.yaml"], text_of(OTHER_NAMES), OTHER_NAMES, classes),
        sig_words=read_sig_words(trees["sig_words.yaml"], vocabulary),
        maximum_doses=read_maximum_doses(trees["maximum_doses.yaml"], agents, vocabulary),
        guidance=read_figures(guidance.section("figures"), guidance_reviewed),
        suggestions=read_suggestions(guidance.section("suggestions")),
        band_examples=read_band_examples(guidance.items("band_examples"), guidance_reviewed),
        withdrawal_risk=read_withdrawal_risk(guidance.items("withdrawal_risk")),
    )
    _require_order(knowledge)
    _require_classes(knowledge)
    return knowledge


def _top(trees: Mapping[str, Tree], name: str, keys: tuple[str, ...]) -> Section:
    section = Section(name, trees[name])
    section.only(keys)
    return section


def _require_order(knowledge: Knowledge) -> None:
    """Refuse bands or ages that are not in order, which a site could bring about one value at a time."""
    bands, age = knowledge.policy.bands, knowledge.policy.age
    if bands.low_up_to.value >= bands.moderate_up_to.value:
        raise KnowledgeError("policy.bands", "the low band must end below the moderate one")
    if age.adult.value >= age.older.value:
        raise KnowledgeError("policy.age", "an adult must be younger than an older adult")
    for example in knowledge.band_examples:
        if example.agent not in knowledge.agents:
            hint = suggestion(example.agent, tuple(knowledge.agents))
            raise KnowledgeError("guidance.yaml: band_examples", f"{example.agent!r} is no agent{hint}")


def _require_classes(knowledge: Knowledge) -> None:
    """Refuse a plausible number for a class that does not exist."""
    plausible = knowledge.vocabulary.plausible
    for name in (*plausible.times_labelled_maximum, *plausible.times_defined_daily_dose):
        if name != ANY and name not in knowledge.classes:
            hint = suggestion(name, tuple(knowledge.classes))
            raise KnowledgeError("forms.yaml: plausible", f"{name!r} is no class{hint}")
