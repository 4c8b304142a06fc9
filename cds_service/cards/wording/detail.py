"""The detail of a card: why it appeared, the load, what is not known, the options and the sources.

GitHub Markdown without HTML, and without tables unless the EHR is known to show them. It is kept to about 1,200
characters: working is cut first, and what was cut is counted. The reason of a finding that warns is never cut, and
what was not read is never cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from cds_service.cards.wording.facts import FOR_ANOTHER_PATIENT, Subject, quoted, texts
from cds_service.cards.wording.gaps_section import GapsSection
from cds_service.cards.wording.load_section import LoadSection, OrderLine, is_renewal, replacement_questions
from cds_service.cards.wording.loads import load_span
from cds_service.cards.wording.markdown import MAX_REASON_LENGTH
from cds_service.cards.wording.reasons import brief_of, reason_of
from cds_service.cards.wording.wording import Wording
from rules.assessment import Assessment, Met, Severity
from rules.knowledge import Verification

MAX_DETAIL_LENGTH = 1200
_MAX_SOURCES = 3
# Of these a title alone would say that something is on record, and not what it means.
_NEVER_CUT = frozenset({"abrupt-change", "concurrent-opioid", "mental-health"})
# The order of the reasons after the first: what a prescriber can act on comes before what only explains it.
_PRIORITY = (
    "abrupt-change", "oxybate", "concurrent-opioid", "gabapentinoid-breathing", "multiple-sedative-hypnotics",
    "additive-sedative", "dose-escalation", "pregnancy", "substance-use", "respiratory-disease", "past-overdose",
    "mental-health", "taper-under-way", "taper-referral", "older-adult", "interdose-withdrawal",
    "concurrent-depressants", "liver-disease", "high-potency", "total-load",
)  # fmt: skip

# They say of pairs of medicines what the count of all of them would say again.
_PAIRS = frozenset({"additive-sedative", "gabapentinoid-breathing"})


class _Budget(NamedTuple):
    """How many reasons of findings that do not warn, orders and gaps are shown.

    ``brief``: of findings after the first, only what is never cut; of the first too where ``reasons`` is none.
    """

    reasons: int
    orders: int
    gaps: int
    brief: bool = True


# From generous to bare.
_BUDGETS = (
    _Budget(5, 4, 4, brief=False), _Budget(5, 3, 3, brief=False), _Budget(4, 2, 3, brief=False), _Budget(5, 4, 4),
    _Budget(5, 3, 3), _Budget(4, 2, 3), _Budget(3, 2, 3), _Budget(3, 2, 2), _Budget(2, 2, 3), _Budget(2, 2, 2),
    _Budget(1, 2, 2), _Budget(1, 2, 1), _Budget(0, 2, 1), _Budget(0, 1, 1),
)  # fmt: skip


def detail(
    findings: Sequence[Met],
    subject: Subject,
    assessment: Assessment,
    wording: Wording,
    *,
    choices: str,
    as_table: bool = False,
    said: Collection[str] | None = None,
) -> str:
    """The whole text, shortened section by section until it fits.

    Args:
        findings: those the card speaks of, the one that leads it first.
        subject: the agents that the card is about.
        assessment: the assessment.
        wording: the words.
        choices: the line of options.
        as_table: whether the orders are written as a table.
        said: the findings of a card that is shown before this one: their reasons, the load and the gaps stand there.
    """
    questions = () if said is not None else tuple(replacement_questions(assessment, wording))
    spoken_of = [finding for finding in findings if said is None or finding.id not in said]
    why = _WhySection(spoken_of, subject, assessment, questions, wording, renewal=said is None)
    if said is not None:
        return _beside(why, findings, choices, assessment, wording)
    load, gaps = LoadSection(assessment, wording), GapsSection(assessment, wording)
    rest = (choices, _sources(findings, wording))
    titles = {name: wording.say(f"sections.{name}", {}) for name in ("why", "load", "gaps")}

    # Several budgets share a section.
    @cache
    def load_text(most: int) -> str:
        lines = tuple(load.lines(most))
        if not lines:
            return ""
        header = wording.say("sections.table", {}) if as_table else None
        return _load(titles["load"], lines, header)

    text = ""
    for budget in _BUDGETS:
        sections = (
            _section(titles["why"], why.lines(budget.reasons, brief=budget.brief)),
            load_text(budget.orders),
            _section(titles["gaps"], gaps.lines(budget.gaps)),
            *rest,
        )
        text = "\n\n".join(filter(None, sections))
        if len(text) <= MAX_DETAIL_LENGTH:
            break
    return text


def _beside(why: _WhySection, findings: Sequence[Met], choices: str, assessment: Assessment, wording: Wording) -> str:
    """The text of a card beside one that shows the load and the gaps."""
    title = wording.say("sections.why", {})
    reasons = _section(title, why.lines(_BUDGETS[0].reasons, brief=False))
    load = load_span(assessment.with_order or assessment.load, wording)
    elsewhere = f"**{wording.say('sections.see_first', {'text': load})}**"
    return "\n\n".join((reasons, elsewhere, choices, _sources(findings, wording)))


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join((f"**{title}**", *(f"- {line}" for line in lines)))


def _load(title: str, lines: Sequence[OrderLine | str], header: str | None) -> str:
    """The section of the load; with a ``header``, its orders as a table."""
    orders = [line for line in lines if isinstance(line, OrderLine)]
    if header is None or not orders:
        return _section(title, (line.text if isinstance(line, OrderLine) else line for line in lines))
    rows = (f"| {order.product} | {order.standing} | {order.dose} | {order.comes_to} |" for order in orders)
    rule = "|".join(["---"] * len(header.split("|")))
    others = (f"- {line}" for line in lines if isinstance(line, str))
    # Markdown needs an empty line around a table.
    return "\n\n".join((f"**{title}**", "\n".join((f"| {header} |", f"|{rule}|", *rows)), "\n".join(others)))


class _Reason(NamedTuple):
    """What is said of one finding: what is kept where there is room for little, and more."""

    finding: Met
    is_kept: bool
    text: str
    more: str


class _WhySection:
    """Why the card appeared: a renewal, questions about earlier orders, then the findings by priority."""

    def __init__(
        self,
        findings: Sequence[Met],
        subject: Subject,
        assessment: Assessment,
        questions: Sequence[str],
        wording: Wording,
        *,
        renewal: bool,
    ) -> None:
        self._wording, self._subject = wording, subject
        self._first = list(questions)
        self._in_few_words: dict[str, str] = {}
        renewed = next(filter(is_renewal, assessment.not_counted), None)
        if renewal and renewed is not None:
            values = {"product": quoted(renewed.product), "text": quoted(renewed.text, MAX_REASON_LENGTH)}
            self._first.insert(0, wording.say("sections.renews", values))
        reasons = [
            finding
            for position, finding in enumerate(findings)
            if _has_reason(finding, questions, leads=position == 0) and not _is_said_by(findings, finding)
        ]
        self._reasons = [
            _Reason(
                finding,
                _is_kept(finding),
                *reason_of(finding, subject, wording),
            )
            for finding in (*reasons[:1], *sorted(reasons[1:], key=priority))
        ]

    def lines(self, most: int, *, brief: bool) -> Iterator[str]:
        """The lines, with at most so many findings that do not warn in sentences; the others in a few words."""
        yield from self._first
        others = []
        for index, reason in enumerate(reason for reason in self._reasons if reason.text):
            if index < max(most, 1) or reason.is_kept:
                in_full = not brief or index < min(most, 1)
                yield " ".join(filter(None, (reason.text, reason.more))) if in_full else reason.text
            elif few_words := self._brief(reason.finding):
                others.append(few_words)
        if others:
            yield self._wording.say("sections.also", {"items": others})

    def _brief(self, finding: Met) -> str:
        if finding.id not in self._in_few_words:
            self._in_few_words[finding.id] = brief_of(finding, self._subject, self._wording)
        return self._in_few_words[finding.id]


def _is_kept(finding: Met) -> bool:
    """Whether the reason of a finding is never cut: what warns, what harms, and signs that may be withdrawal."""
    warns = finding.severity is not Severity.INFO
    return warns or finding.id in _NEVER_CUT or bool(finding.facts.get("possibly_withdrawal"))


def _has_reason(finding: Met, questions: Sequence[str], *, leads: bool) -> bool:
    """Whether a finding is given as a reason. Gaps have a section of their own, and so has a pending replacement."""
    if finding.id == "incomplete-picture":
        return (leads and finding.raises) or bool(finding.facts.get(FOR_ANOTHER_PATIENT))
    return not (questions and finding.facts.get("only_if_both_continue") and not finding.facts.get("two_prescribers"))


def _is_said_by(findings: Sequence[Met], finding: Met) -> bool:
    """Whether what a finding only sharpens is said by those about the same medicines in pairs."""
    others = set(texts(finding.facts, "others"))
    if finding.id != "concurrent-depressants" or finding.raises or finding.facts.get("severe"):
        return False
    told = {
        name
        for each in findings
        if each.id in _PAIRS
        for key in ("agents", "others")
        for name in texts(each.facts, key)
    }
    return bool(others) and others <= told


def priority(finding: Met) -> int:
    """The place of a finding among those of its severity: what can be acted on comes before what only explains it."""
    # A symptom that may be withdrawal changes what is done today.
    if finding.facts.get("possibly_withdrawal"):
        return -1
    return _PRIORITY.index(finding.id) if finding.id in _PRIORITY else len(_PRIORITY)


def _sources(findings: Sequence[Met], wording: Wording) -> str:
    """The publications that the findings rest on, the first of each finding first; what was not read is no citation."""
    ranked = sorted(
        (rank, position, reference)
        for position, finding in enumerate(findings)
        for rank, reference in enumerate(finding.references)
    )
    sources = [wording.knowledge.sources[reference] for _, _, reference in ranked]
    read = dict.fromkeys(source.short for source in sources if source.verification is not Verification.UNVERIFIED)
    values = {"items": tuple(read)[:_MAX_SOURCES], "version": wording.policy}
    return wording.say("sections.sources", values)
