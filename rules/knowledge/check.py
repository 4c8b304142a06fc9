"""Whether the knowledge base is fit to be shipped: every entry cited, fresh, in range, resolvable and used.

It takes parsed files and the texts of the modules that read them, so that a changed copy can be checked as well.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from rules.knowledge.edition import CONDITION_CODES, PRODUCTS, build
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.problem import KnowledgeError, ProblemKind, suggestion
from rules.knowledge.readers.policy import GROUPS
from rules.knowledge.readers.section import Section, Tree
from rules.numbers.quantity import DAYS_PER
from rules.numbers.text import decimal_text

# Keys whose value is the id of a source, alone or in a list.
CITING = ("source", "references", "own", "fallback")
# Keys that make a mapping a statement of fact, which must be cited there or in a mapping around it.
STATING = (("value",), ("values",), ("system", "code"))
# Attributes of conditions that modules ask for, rather than for each condition.
KINDS_OF_CONCEPTS = ("withdrawal", "longer_indication")
MONTH = "mo"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where; ``fails`` is false for what must be corrected soon, but not yet."""

    kind: ProblemKind
    where: str
    what: str
    fails: bool = True


@dataclass(slots=True)
class Usage:
    """What modules outside the knowledge use: their string constants and attribute names; the files of the findings."""

    constants: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)

    def add(self, path: str, text: str) -> None:
        """Add one module; those of the knowledge itself use nothing."""
        parts = path.split("/")
        if "knowledge" in parts:
            return
        if "findings" in parts[-2:-1] and not parts[-1].startswith("_"):
            self.findings.add(parts[-1].removesuffix(".py").replace("_", "-"))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.constants.add(node.value)
            elif isinstance(node, ast.Attribute):
                self.attributes.add(node.attr)


def check(
    trees: Mapping[str, Tree], text_of: Callable[[str], str], modules: Mapping[str, str], on: date
) -> tuple[Problem, ...]:
    """Everything that is wrong with a knowledge base on a day, failures first.

    Args:
        trees: the parsed YAML files by name.
        text_of: gives the text of a code list by its name.
        modules: the texts of the Python modules that read the knowledge, by path.
        on: the day on which it must be fresh.
    """
    found = [
        *_uncited(trees),
        *_citations(trees, text_of),
        *stale(trees, trees["policy.yaml"], on),
        *_out_of_range(trees),
    ]
    try:
        knowledge = build(trees, text_of)
        for code in knowledge.products:
            knowledge.products[code]
    except KnowledgeError as refused:
        if not any(problem.where == refused.where for problem in found):
            found.append(Problem(refused.kind, refused.where, refused.problem))
    else:
        usage = Usage()
        for path, text in modules.items():
            usage.add(path, text)
        found.extend(_unresolvable(knowledge, usage))
        found.extend(_unused(trees, knowledge, usage))
    return tuple(sorted(found, key=lambda problem: (not problem.fails, problem.kind, problem.where)))


def _mappings(value: object, path: str, cited: bool = False) -> Iterator[tuple[Section, bool]]:
    """Every mapping of a parsed file with its path, and whether it or one around it names a source."""
    if isinstance(value, Mapping):
        cited = cited or bool(value.get("source"))
        section = Section(path, value)
        yield section, cited
        for key, inner in value.items():
            yield from _mappings(inner, section.at(key), cited)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _mappings(inner, f"{path}[{position}]", cited)


def _all(trees: Mapping[str, Tree]) -> Iterator[tuple[Section, bool]]:
    for name in sorted(trees):
        yield from _mappings(trees[name], name)


def _uncited(trees: Mapping[str, Tree]) -> Iterator[Problem]:
    for section, cited in _all(trees):
        if not cited and any(all(key in section.data for key in keys) for keys in STATING):
            yield Problem(ProblemKind.UNCITED, section.path, "names no source")
    for name, block in Section("policy.yaml", trees["policy.yaml"]).section("findings").sections():
        if not block.data.get("references"):
            yield Problem(ProblemKind.UNCITED, f"policy.yaml: findings.{name}.references", "names no source")


def _cited(trees: Mapping[str, Tree], text_of: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Every citation: where it stands, and the id of the source."""
    for section, _ in _all(trees):
        for key in CITING:
            named = section.data.get(key)
            for source in named if isinstance(named, list) else [named]:
                if isinstance(source, str) and source:
                    yield section.at(key), source
    rows = csv.DictReader(text_of(CONDITION_CODES).splitlines())
    for row in rows:
        yield f"{CONDITION_CODES}: line {rows.line_num}", row.get("source") or ""


def _citations(trees: Mapping[str, Tree], text_of: Callable[[str], str]) -> Iterator[Problem]:
    sources = Section("sources.yaml", trees["sources.yaml"]).section("sources").data
    used = set()
    for where, source in _cited(trees, text_of):
        used.add(source)
        if not source:
            yield Problem(ProblemKind.UNCITED, where, "names no source")
        elif source not in sources:
            yield Problem(
                ProblemKind.UNRESOLVABLE, where, f"{source!r} is no source{suggestion(source, tuple(sources))}"
            )
    # Products are cited as a whole: their codes and names are RxNorm's.
    for source in sources:
        if source not in used:
            yield Problem(ProblemKind.UNUSED, f"sources.yaml: sources.{source}", "is cited nowhere")


def stale(trees: Mapping[str, Tree], policy: Tree, on: date) -> Iterator[Problem]:
    """What was last reviewed too long ago in parsed files, by the months that a policy file allows."""
    upkeep = Section("policy.yaml", policy).section("upkeep")
    warn, fail = (upkeep.section(key).number("value") for key in ("warn_months", "fail_months"))
    for section, _ in _all(trees):
        if not section.has("reviewed"):
            continue
        try:
            reviewed = section.day("reviewed")
        except KnowledgeError as refused:
            yield Problem(ProblemKind.UNREADABLE, refused.where, refused.problem)
            continue
        months = (on - reviewed).days / DAYS_PER[MONTH]
        if months > warn:
            over = fail if months > fail else warn
            what = f"last reviewed on {reviewed}, more than {decimal_text(over)} months ago"
            yield Problem(ProblemKind.STALE, section.at("reviewed"), what, fails=months > fail)


def _out_of_range(trees: Mapping[str, Tree]) -> Iterator[Problem]:
    for section, _ in _all(trees):
        if not (section.has("range") and section.has("value")):
            continue
        try:
            (low, high), (least, most) = section.range_of("value"), section.range_of("range")
        except KnowledgeError as refused:
            yield Problem(ProblemKind.UNREADABLE, refused.where, refused.problem)
            continue
        if not least <= low <= high <= most:
            what = f"{decimal_text(low)} is outside {decimal_text(least)} to {decimal_text(most)}"
            yield Problem(ProblemKind.OUT_OF_RANGE, section.at("value"), what)
    span = Section("tables.yaml", trees["tables.yaml"]).section("site_figures").section("without_published")
    least, most = span.range_of("value")
    for name, agent in Section("agents.yaml", trees["agents.yaml"]).section("agents").sections():
        for item in agent.items("equivalents"):
            low, high = item.range_of("value")
            if not least <= low <= high <= most:
                what = f"{name}: {decimal_text(low)} mg is outside {decimal_text(least)} to {decimal_text(most)}"
                yield Problem(ProblemKind.OUT_OF_RANGE, item.at("value"), what)


def _unresolvable(knowledge: Knowledge, usage: Usage) -> Iterator[Problem]:
    vocabulary = knowledge.vocabulary
    for product in knowledge.products.values():
        if product.route is not None and product.route not in vocabulary.routes:
            yield Problem(ProblemKind.UNRESOLVABLE, f"{PRODUCTS}: {product.code}", f"{product.route!r} is no route")
        if product.form is not None and vocabulary.dose_form(product.form) is None:
            yield Problem(ProblemKind.UNRESOLVABLE, f"{PRODUCTS}: {product.code}", f"{product.form!r} is no dose form")
    for rescue in vocabulary.rescue_products:
        for agent in sorted(rescue.agents - knowledge.agents.keys()):
            yield Problem(ProblemKind.UNRESOLVABLE, "forms.yaml: rescue_products", f"{agent!r} is no agent")
    if usage.findings:
        for finding in sorted(knowledge.findings.keys() - usage.findings):
            yield Problem(ProblemKind.UNUSED, f"policy.yaml: findings.{finding}", "has no module that judges it")
        for finding in sorted(usage.findings - knowledge.findings.keys()):
            yield Problem(
                ProblemKind.UNRESOLVABLE, f"policy.yaml: findings.{finding}", "a module judges it, but it has no block"
            )


def _unused(trees: Mapping[str, Tree], knowledge: Knowledge, usage: Usage) -> Iterator[Problem]:
    def unread(names: Iterable[str], path: str, known: set[str] | frozenset[str], what: str) -> Iterator[Problem]:
        for name in sorted(set(names) - known):
            yield Problem(ProblemKind.UNUSED, f"{path}.{name}", what)

    traits = {trait for agent in knowledge.agents.values() for trait in agent.traits}
    traits |= {trait for group in knowledge.classes.values() for trait in group.traits}
    yield from unread(traits, "agents.yaml: traits", usage.constants, "no module asks for this trait")
    classes = {agent.agent_class.id for agent in knowledge.agents.values()}
    yield from unread(knowledge.classes, "classes.yaml: classes", classes, "no agent is of this class")
    asked = {other for concept in knowledge.concepts.values() for other in concept.not_with}
    for kind in KINDS_OF_CONCEPTS:
        # All of a kind are asked for together.
        if kind in usage.attributes:
            asked |= {name for name, concept in knowledge.concepts.items() if getattr(concept, kind)}
    yield from unread(
        knowledge.concepts, "conditions.yaml: concepts", usage.constants | asked, "no module asks for this condition"
    )
    for name, block in Section("policy.yaml", trees["policy.yaml"]).section("findings").sections():
        path = f"policy.yaml: findings.{name}.parameters"
        yield from unread(block.section("parameters").data, path, usage.constants, "no module reads this parameter")
    for group, keys in GROUPS.items():
        yield from unread(keys, f"policy.yaml: policy.{group}", usage.attributes, "no module reads this value")
    offered = knowledge.suggestions
    used = usage.constants | knowledge.findings.keys()
    for kind, names in {
        "figures": knowledge.guidance,
        "suggestions.referrals": offered.referrals,
        "suggestions.guidelines": offered.guidelines,
    }.items():
        yield from unread(names, f"guidance.yaml: {kind}", used, "no module reads this entry")
