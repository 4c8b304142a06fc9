"""The detail of a card: why it appeared, the working, what is not known, the options, and the sources.

GitHub Markdown without HTML, and without tables but for an EHR that is known to show them. It is kept to about 1,200
characters: the working gives way first, never the line that says what was not read, and what was cut is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from cds_service.cards.gaps_section import MAX_REASON_LENGTH, UnknownLines
from cds_service.cards.load_section import LoadLines, OrderLine, renewals, still_active
from cds_service.cards.occasion import is_wrong_patient_draft
from cds_service.cards.wording.phrases import DO_NOT_STOP, number, quoted
from cds_service.cards.wording.reasons import sentence
from cds_service.working.numbers import shown
from rules.assessment import Assessment, Met
from rules.knowledge import Knowledge, Verification

MAX_DETAIL_LENGTH = 1200
# What a prescriber can act on comes before what only explains it.
_FIRST = (
    "taper-referral", "abrupt-change", "oxybate", "concurrent-opioid", "multiple-sedative-hypnotics",
    "dose-escalation", "pregnancy", "substance-use", "respiratory-disease", "past-overdose", "interdose-withdrawal",
    "mental-health", "total-load",
)  # fmt: skip
BENEFITS_OUTWEIGH = "continue{} if the benefits outweigh the risks"
_DRAFTED = " (draft order)"
_TABLE = ("| order | is | a day | comes to |", "|---|---|---|---|")
# With so many options of its own a card needs no general one.
_ENOUGH = 3
_MAX_OFFERED = 5


class _Budget(NamedTuple):
    """How many lines reasons, orders and gaps may take; ``brief``: the reasons after the first in one sentence each."""

    reasons: int
    orders: int
    unknown: int
    brief: bool = True


# From generous to bare.
_BUDGETS = (
    _Budget(5, 4, 4, brief=False), _Budget(5, 3, 3, brief=False), _Budget(4, 2, 3, brief=False), _Budget(5, 4, 4),
    _Budget(5, 3, 3), _Budget(4, 2, 3), _Budget(3, 2, 3), _Budget(3, 2, 2), _Budget(2, 2, 3), _Budget(2, 2, 2),
    _Budget(1, 2, 2), _Budget(1, 2, 1),
)  # fmt: skip


def detail(
    findings: Sequence[Met],
    assessment: Assessment,
    knowledge: Knowledge,
    *,
    offers: Iterable[str],
    as_table: bool = False,
) -> str:
    """The whole text; shortened section by section until it fits. ``as_table``: the orders as a table."""
    asked = tuple(still_active(assessment, knowledge))
    load, unknown = LoadLines(assessment, knowledge), UnknownLines(assessment, knowledge)
    rest = (_options(findings, assessment, offers, asked), _sources(findings, assessment, knowledge))

    # Several budgets share a section: each is written once.
    @cache
    def reasons(most: int, brief: bool) -> str:
        return _section("Why this appeared", _why(findings, assessment, asked, say, most, brief))

    @cache
    def orders(most: int) -> str:
        return _load(tuple(load.lines(most)), as_table=as_table)

    @cache
    def gaps(most: int) -> str:
        return _section("Not known or not counted", unknown.lines(most))

    def say(finding: Met, brief: bool) -> str:
        name = (finding.id, brief)
        if name not in said:
            said[name] = sentence(finding, knowledge, brief=brief)
        return said[name]

    said: dict[tuple[str, bool], str] = {}
    text = ""
    for budget in _BUDGETS:
        sections = (reasons(budget.reasons, budget.brief), orders(budget.orders), gaps(budget.unknown), *rest)
        text = "\n\n".join(sections)
        if len(text) <= MAX_DETAIL_LENGTH:
            break
    return text


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join((f"**{title}**", *(f"- {line}" for line in lines)))


def _load(lines: Sequence[OrderLine | str], *, as_table: bool) -> str:
    orders = [line for line in lines if isinstance(line, OrderLine)]
    if not as_table or not orders:
        return _section("Load", map(str, lines))
    rows = (f"| {order.product} | {order.standing} | {order.dose} | {order.comes_to} |" for order in orders)
    beside = (f"- {line}" for line in lines if isinstance(line, str))
    # Markdown asks for an empty line around a table.
    return "\n\n".join(("**Load**", "\n".join((*_TABLE, *rows)), "\n".join(beside)))


def _why(
    findings: Sequence[Met],
    assessment: Assessment,
    asked: Sequence[str],
    say: Callable[[Met, bool], str],
    most: int,
    brief: bool,
) -> Iterable[str]:
    said = [
        finding
        for finding in findings
        # The question about the earlier order has said it already.
        if (finding.id != "incomplete-picture" or is_wrong_patient_draft(finding))
        and not (asked and finding.facts.get("only_if_both_continue"))
    ]
    said = [*said[:1], *sorted(said[1:], key=_weight)]
    for line in renewals(assessment)[:1]:
        yield f"This order renews {quoted(line.product)}: {quoted(line.text, MAX_REASON_LENGTH)}."
    yield from asked
    for place, finding in enumerate(said[:most]):
        yield say(finding, brief and place > 0)
    # The load has a section of its own.
    left = [_lower(finding.title) for finding in said[most:] if finding.id != "total-load"]
    if left:
        yield f"Also: {', '.join(left)}."


def _weight(finding: Met) -> int:
    # A symptom that may be withdrawal changes what is done today.
    if finding.facts.get("possibly_withdrawal"):
        return -1
    return _FIRST.index(finding.id) if finding.id in _FIRST else len(_FIRST)


def _options(findings: Sequence[Met], assessment: Assessment, offers: Iterable[str], asked: Sequence[str]) -> str:
    # Orders of one product have one option here, and a button each.
    offered = dict.fromkeys(quoted(_lower(offer).removesuffix(_DRAFTED), MAX_REASON_LENGTH) for offer in offers)
    options = list(offered)[:_MAX_OFFERED]
    if len(offered) > _MAX_OFFERED:
        options.append(f"{len(offered) - _MAX_OFFERED} more, offered below")
    ids = {finding.id for finding in findings}
    if any(map(is_wrong_patient_draft, findings)):
        options.append("check which patient the order is for")
    if asked or ids & {"multiple-sedative-hypnotics", "dose-escalation"}:
        options.append("review whether all orders are to continue")
    protected = any(finding.facts.get("treatment_of_opioid_use_disorder") for finding in findings)
    if assessment.increases and not protected and "long-term-use" not in ids and len(options) < _ENOUGH:
        options.append("a lower dose or a shorter course")
    options.append(BENEFITS_OUTWEIGH.format(_what_continues(findings)))
    if len(options) == 1:
        options.insert(0, "review dose and duration with the patient")
    return f"**Options:** {'; '.join(options)}. {DO_NOT_STOP}: stopping has risks of its own."


def _what_continues(findings: Iterable[Met]) -> str:
    """What it is that goes on, and for long-term use how often it is to be reviewed, as the guideline advises."""
    text = ""
    for finding in findings:
        if finding.facts.get("kind") == "missing-at-discharge":
            text = " the home medicine"
    for finding in findings:
        if finding.id == "long-term-use":
            text += f" with a review every {shown(number(finding.facts, 'review_months'))} months"
    return text


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _sources(findings: Sequence[Met], assessment: Assessment, knowledge: Knowledge) -> str:
    cited = dict.fromkeys(reference for finding in findings for reference in finding.references)
    named = []
    for source in (knowledge.sources[key] for key in cited):
        named.append(f"{source.short} (not read)" if source.verification is Verification.UNVERIFIED else source.short)
    return (
        f"Sources: {', '.join(dict.fromkeys(named))}. Equivalents are approximate. "
        f"Knowledge {assessment.knowledge_version}."
    )
