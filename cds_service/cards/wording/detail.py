"""The detail of a card: why it appeared, the load, what is not known, the options and the sources.

GitHub Markdown without HTML, and without tables unless the EHR is known to show them. It is kept to about 1,200
characters: working is cut first, and what was cut is counted; what was not read is never cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from cds_service.cards.wording.gaps_section import GapsSection
from cds_service.cards.wording.load_section import LoadSection, OrderLine, is_renewal, replacement_questions
from cds_service.cards.wording.options import options
from cds_service.cards.wording.phrases import FOR_ANOTHER_PATIENT, MAX_REASON_LENGTH, quoted, uncapitalised
from cds_service.cards.wording.reasons import sentences
from rules.assessment import Assessment, Met
from rules.knowledge import Knowledge, Verification

MAX_DETAIL_LENGTH = 1200
# The order of the reasons after the first: what a prescriber can act on comes before what only explains it.
_PRIORITY = (
    "taper-referral", "abrupt-change", "oxybate", "concurrent-opioid", "multiple-sedative-hypnotics",
    "dose-escalation", "pregnancy", "substance-use", "respiratory-disease", "past-overdose", "interdose-withdrawal",
    "mental-health", "total-load",
)  # fmt: skip
_TABLE = ("| order | is | a day | comes to |", "|---|---|---|---|")


class _Budget(NamedTuple):
    """How many reasons, orders and gaps are shown; ``brief``: only the first sentence of reasons after the first."""

    reasons: int
    orders: int
    gaps: int
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
    """The whole text, shortened section by section until it fits.

    Args:
        findings: those the card speaks of, the one that leads it first.
        assessment: the assessment.
        knowledge: what it was judged by.
        offers: the suggestions of the card, each as an option.
        as_table: whether the orders are written as a table.
    """
    questions = tuple(replacement_questions(assessment, knowledge))
    why = _WhySection(findings, assessment, questions, knowledge)
    load, gaps = LoadSection(assessment, knowledge), GapsSection(assessment, knowledge)
    rest = (
        options(findings, offers, ask_about_orders=bool(questions), increases=assessment.increases),
        _sources(findings, assessment, knowledge),
    )

    # Several budgets share a section.
    @cache
    def load_text(most: int) -> str:
        return _load(tuple(load.lines(most)), as_table=as_table)

    text = ""
    for budget in _BUDGETS:
        text = "\n\n".join(
            (
                _section("Why this appeared", why.lines(budget.reasons, brief=budget.brief)),
                load_text(budget.orders),
                _section("Not known or not counted", gaps.lines(budget.gaps)),
                *rest,
            )
        )
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
    others = (f"- {line}" for line in lines if isinstance(line, str))
    # Markdown needs an empty line around a table.
    return "\n\n".join(("**Load**", "\n".join((*_TABLE, *rows)), "\n".join(others)))


class _WhySection:
    """Why the card appeared: a renewal, questions about earlier orders, then the findings by priority."""

    def __init__(
        self, findings: Sequence[Met], assessment: Assessment, questions: Sequence[str], knowledge: Knowledge
    ) -> None:
        renewal = next(filter(is_renewal, assessment.not_counted), None)
        self._first = list(questions)
        if renewal is not None:
            text = quoted(renewal.text, MAX_REASON_LENGTH)
            self._first.insert(0, f"This order renews {quoted(renewal.product)}: {text}.")
        reasons = [finding for finding in findings if _has_reason(finding, questions)]
        self._findings = [*reasons[:1], *sorted(reasons[1:], key=_priority)]
        self._reasons = [sentences(finding, knowledge) for finding in self._findings[: _BUDGETS[0].reasons]]

    def lines(self, most: int, *, brief: bool) -> Iterator[str]:
        """The lines, with at most so many findings in sentences; the others by their titles."""
        yield from self._first
        for index, reason in enumerate(self._reasons[:most]):
            yield " ".join(reason[:1] if brief and index > 0 else reason)
        # The load has a section of its own.
        titles = [uncapitalised(finding.title) for finding in self._findings[most:] if finding.id != "total-load"]
        if titles:
            yield f"Also: {', '.join(titles)}."


def _has_reason(finding: Met, questions: Sequence[str]) -> bool:
    """Whether a finding is given as a reason. Gaps have a section of their own, and so has a pending replacement."""
    if finding.id == "incomplete-picture":
        return finding.raises or bool(finding.facts.get(FOR_ANOTHER_PATIENT))
    return not (questions and finding.facts.get("only_if_both_continue"))


def _priority(finding: Met) -> int:
    # A symptom that may be withdrawal changes what is done today.
    if finding.facts.get("possibly_withdrawal"):
        return -1
    return _PRIORITY.index(finding.id) if finding.id in _PRIORITY else len(_PRIORITY)


def _sources(findings: Sequence[Met], assessment: Assessment, knowledge: Knowledge) -> str:
    cited = dict.fromkeys(reference for finding in findings for reference in finding.references)
    sources = (knowledge.sources[key] for key in cited)
    names = [
        f"{source.short} (not read)" if source.verification is Verification.UNVERIFIED else source.short
        for source in sources
    ]
    return (
        f"Sources: {', '.join(dict.fromkeys(names))}. Equivalents are approximate. "
        f"Knowledge {assessment.knowledge_version}."
    )
