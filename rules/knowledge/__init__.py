"""What is clinically known: data that a pharmacist reads and signs (``data/``), its readers, and its types.

:func:`load_knowledge` reads the files once into a frozen :class:`Knowledge`. Every scalar is read as text; a duplicate
key, an unknown or a missing one is refused with its path. ``check`` tells whether an edition is fit to be shipped.
"""

from rules.knowledge.agent import Agent, AgentClass, CnsActive, Code, Counted, HalfLife, MorphineFactor, ProductPurpose
from rules.knowledge.concept import (
    PART_SEPARATOR,
    Concept,
    ConditionWording,
    LongerIndication,
    WithdrawalSign,
)
from rules.knowledge.edition import CONDITION_CODES, PRODUCTS, load_knowledge, read_directory, read_trees, shipped
from rules.knowledge.figure import Citation, Figure, Source, Table, Verification
from rules.knowledge.guidance import (
    Contact,
    OverrideEffect,
    OverrideReason,
    Referral,
    Situation,
    SuggestedCode,
    SuggestedMedication,
)
from rules.knowledge.intervention import Intervention, PatientDataUse
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.characters import is_invisible
from rules.knowledge.lexicon.name_words import BesideDrug, NameWords
from rules.knowledge.lexicon.scanner import Scanner
from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.tokens import Token, tokenise
from rules.knowledge.lexicon.vocabulary import (
    ANY,
    ORAL,
    PARENTERAL,
    ROUTES,
    TOPICAL,
    TRANSDERMAL,
    DosingVocabulary,
    Moment,
    Plausible,
    Route,
    TimingCode,
    Unit,
    UnitKind,
    normalised,
)
from rules.knowledge.lexicon.word_kinds import SKIPPABLE, Word, WordKind
from rules.knowledge.listed_product import (
    EXTENDED,
    IMMEDIATE,
    TERM_TYPES,
    Ingredient,
    ListedProduct,
    Per,
    ProductList,
    Strength,
)
from rules.knowledge.maximum_doses import DoseFigure, MaximumDoses
from rules.knowledge.policy import BandPolicy, ConcurrencyPolicy, Exemption, FindingPolicy, Policy
from rules.knowledge.problem import KnowledgeError, ProblemKind, Refusals, suggestion
from rules.knowledge.readers.policy import GROUPS
from rules.knowledge.readers.section import Section, Tree
from rules.knowledge.readers.site import SITE, apply_site
from rules.knowledge.readers.yaml_text import digest_of, parse_yaml

__all__ = [
    "ANY",
    "CONDITION_CODES",
    "EXTENDED",
    "GROUPS",
    "IMMEDIATE",
    "ORAL",
    "PARENTERAL",
    "PART_SEPARATOR",
    "PRODUCTS",
    "ROUTES",
    "SITE",
    "SKIPPABLE",
    "TERM_TYPES",
    "TOPICAL",
    "TRANSDERMAL",
    "Agent",
    "AgentClass",
    "BandPolicy",
    "BesideDrug",
    "Citation",
    "CnsActive",
    "Code",
    "Concept",
    "ConcurrencyPolicy",
    "ConditionWording",
    "Contact",
    "Counted",
    "DoseFigure",
    "DosingVocabulary",
    "Exemption",
    "Figure",
    "FindingPolicy",
    "HalfLife",
    "Ingredient",
    "Intervention",
    "Knowledge",
    "KnowledgeError",
    "ListedProduct",
    "LongerIndication",
    "MaximumDoses",
    "Moment",
    "MorphineFactor",
    "NameWords",
    "OverrideEffect",
    "OverrideReason",
    "PatientDataUse",
    "Per",
    "Plausible",
    "Policy",
    "ProblemKind",
    "ProductList",
    "ProductPurpose",
    "Referral",
    "Refusals",
    "Route",
    "Scanner",
    "Section",
    "SigWords",
    "Situation",
    "Source",
    "Strength",
    "SuggestedCode",
    "SuggestedMedication",
    "Table",
    "TimingCode",
    "Token",
    "Tree",
    "Unit",
    "UnitKind",
    "Verification",
    "WithdrawalSign",
    "Word",
    "WordKind",
    "apply_site",
    "check",
    "digest_of",
    "is_invisible",
    "load_knowledge",
    "normalised",
    "parse_yaml",
    "read_directory",
    "read_trees",
    "shipped",
    "suggestion",
    "tokenise",
]
