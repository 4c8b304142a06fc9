"""Reads ``policy.yaml`` and the findings' pages of ``findings.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from rules.assessment import Severity
from rules.knowledge.figure import Figure
from rules.knowledge.policy import (
    AgePolicy,
    BandPolicy,
    ConcurrencyPolicy,
    Exemption,
    ExemptionPolicy,
    ExposurePolicy,
    FindingPolicy,
    Policy,
    RepeatPolicy,
    SnoozePolicy,
)
from rules.knowledge.problem import KnowledgeError, require_known, suggestion
from rules.knowledge.readers.section import Section, read_figure

GROUPS: dict[str, tuple[str, ...]] = {
    "concurrency": (
        "recency_days",
        "grace_days",
        "out_of_supply_days",
        "lapsed_mention_days",
        "renewal_overlap_days",
        "may_continue_days",
        "course_days",
        "order_may_continue_days",
        "begins_within_days",
        "stay_days",
        "switch_percent",
        "table_rise_percent",
    ),
    "exposure": ("bridge_days", "coverage_percent", "sparse_days_per_week"),
    "bands": ("low_up_to", "moderate_up_to"),
    "age": ("adult", "older"),
    "exemption": ("visit_days",),
    "snooze": ("days", "rise_percent"),
    "repeat": ("order_minutes", "chart_days"),
}
PAGE_PARTS = ("title", "summary", "fires_when", "not_when", "rationale", "evidence", "limits", "not_verified")


def read_policy(section: Section, critical: frozenset[str], reviewed: date) -> Policy:
    """The policy of the ``policy:`` section of ``policy.yaml``."""
    section.only((*GROUPS, "equivalence_basis", "include_substitution"))
    groups = {name: _group(section.section(name), keys, reviewed) for name, keys in GROUPS.items()}
    substitution = section.section("include_substitution")
    substitution.only(("value", "source"), ("verification", "where", "reviewed", "note"))
    return Policy(
        concurrency=ConcurrencyPolicy(**groups["concurrency"]),
        exposure=ExposurePolicy(**groups["exposure"]),
        bands=BandPolicy(**groups["bands"]),
        age=AgePolicy(**groups["age"]),
        exemption=ExemptionPolicy(**groups["exemption"]),
        snooze=SnoozePolicy(**groups["snooze"]),
        repeat=RepeatPolicy(**groups["repeat"]),
        equivalence_basis=_settable(section.section("equivalence_basis"), reviewed),
        include_substitution=substitution.truth("value"),
        critical=critical,
    )


def _group(section: Section, keys: tuple[str, ...], reviewed: date) -> dict[str, Figure]:
    section.only(keys)
    return {key: _settable(section.section(key), reviewed) for key in keys}


def _settable(section: Section, reviewed: date) -> Figure:
    """A single value, with the bounds within which a site may set its own."""
    figure = read_figure(section, reviewed)
    if figure.bounds is None:
        raise KnowledgeError(section.at("range"), "is missing: a policy figure states its bounds")
    if figure.low != figure.high:
        raise KnowledgeError(section.at("value"), "a policy figure is a single value")
    return figure


def read_findings(
    section: Section, pages: Section, critical: frozenset[str], reviewed: date
) -> Mapping[str, FindingPolicy]:
    """The policy of every finding, by its id, with its page.

    A parameter without a value is not set, and is left out; a site may set it.

    Args:
        section: the blocks of ``policy.yaml``.
        pages: the pages of ``findings.yaml``.
        critical: the findings that may warn as critical.
        reviewed: when the policy was last reviewed.

    Raises:
        KnowledgeError: a block or page is not of the expected shape, or a finding has one without the other.
    """
    findings: dict[str, FindingPolicy] = {}
    for name, block in section.sections():
        block.only(("on", "raises", "severity", "references"), ("parameters", "exempt_in", "quiet_in_taper"))
        if name not in pages.data:
            raise KnowledgeError(pages.at(name), "is missing: every finding has its page")
        page = pages.section(name)
        page.only(PAGE_PARTS)
        severity = block.choice("severity", Severity)
        if severity is Severity.CRITICAL:
            raise KnowledgeError(block.at("severity"), "critical is set for named findings in the list `critical` only")
        findings[name] = FindingPolicy(
            id=name,
            title=page.text("title"),
            on=block.truth("on"),
            raises=block.truth("raises"),
            severity=Severity.CRITICAL if name in critical else severity,
            parameters={
                key: _settable(parameter, reviewed)
                for key, parameter in block.section("parameters").sections()
                if parameter.has("value")
            },
            references=block.texts("references"),
            page={part: page.text_or(part, "") for part in PAGE_PARTS},
            quiet_in_taper=block.truth("quiet_in_taper") if block.has("quiet_in_taper") else False,
            exempt_in=frozenset(_exemption(name, block.at("exempt_in")) for name in block.texts("exempt_in")),
        )
    for name in pages.data:
        if name not in findings:
            raise KnowledgeError(pages.at(name), "a page of no finding" + suggestion(name, tuple(findings)))
    for name in sorted(critical):
        require_known(name, findings, "policy.yaml: critical", "finding")
    return findings


def _exemption(name: str, where: str) -> Exemption:
    return Exemption(require_known(name, tuple(Exemption), where, "exemption"))
