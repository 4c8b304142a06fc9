"""The knowledge base as one frozen value: everything clinical that the rules judge by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from rules.knowledge.agent import Agent, AgentClass, BrandAgents
from rules.knowledge.concept import Concept, ConditionWording
from rules.knowledge.figure import Figure, Source, Table
from rules.knowledge.guidance import BandExample, Suggestions, WithdrawalCourse, WithdrawalRisk
from rules.knowledge.intervention import Intervention
from rules.knowledge.lexicon.name_words import NameWords
from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.knowledge.listed_product import ProductList
from rules.knowledge.maximum_doses import MaximumDoses
from rules.knowledge.policy import FindingPolicy, Policy
from rules.model import CodeSystem


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """Everything clinical that the rules judge by, each figure with its citation.

    ``version`` names the edition, with ``+site.`` and a digest where an override is in force. ``agents_by_code``
    has several for a code of a combination product. ``agent_by_name`` is keyed by normalised names (lower case,
    single spaces); a name of several agents is a combination product's. ``brand_names`` are further names, keyed
    likewise, that are known as they are written and never misspelt or cut: those of brands, mostly of other
    countries. ``condition_names`` are the names of all concepts, parts of joined names apart. ``guidance`` and
    ``suggestions`` are for wording only and decide nothing; so is ``intervention``, what the decision support says
    of itself.
    """

    version: str
    reviewed: date
    sources: Mapping[str, Source]
    classes: Mapping[str, AgentClass]
    agents: Mapping[str, Agent]
    products: ProductList
    agents_by_code: Mapping[tuple[CodeSystem, str], tuple[str, ...]]
    agent_by_name: Mapping[str, tuple[str, ...]]
    brand_names: Mapping[str, BrandAgents]
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
    withdrawal_course: tuple[WithdrawalCourse, ...]
    intervention: Intervention
