"""The summary of a card: one sentence with the drug, the harm and the number."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cds_service.cards.wording.facts import Subject
from cds_service.cards.wording.load_section import is_nothing
from cds_service.cards.wording.loads import load_figure
from cds_service.cards.wording.reasons import gives_figures, summary_of
from cds_service.cards.wording.wording import Wording
from rules.assessment import Load, Met

MAX_SUMMARY_LENGTH = 139
_ELLIPSIS = "…"


def summary(finding: Met, subject: Subject, load: Load | None, before: Load, wording: Wording) -> str:
    """The summary of a card that ``finding`` leads, in up to 139 characters: names of agents give way before figures.

    Args:
        finding: the finding.
        subject: the agents ordered, or those in the load.
        load: the load to add; None for none.
        before: the load before the orders being written.
        wording: the words.
    """
    figures = ", ".join(_figures(finding, load, before, wording))
    leads = [summary_of(finding, named, wording, figures) for named in (subject, Subject())]
    added = figures and not gives_figures(finding, wording)
    for text in (*(f"{lead}; {figures}" for lead in leads if added), *leads):
        if len(text) <= MAX_SUMMARY_LENGTH:
            return text
    return leads[-1][: MAX_SUMMARY_LENGTH - 1].rstrip() + _ELLIPSIS


def _figures(finding: Met, load: Load | None, before: Load, wording: Wording) -> Iterator[str]:
    """The load, and the morphine milligram equivalents where the finding is about them."""
    if load is None:
        return
    if not (is_nothing(before) and is_nothing(load)):
        yield load_figure(load, wording, before)
    mme = finding.facts.get("mme")
    if isinstance(mme, Fraction):
        names = ("mme", "mme_complete", "mme_permits", "mme_before", "mme_before_complete", "mme_if_replaced")
        yield wording.say("figures.mme", {name: finding.facts.get(name) for name in names})
