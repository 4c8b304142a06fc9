"""What is said of a finding: its first line, its reason and more, and a few words where there is no room."""

from __future__ import annotations

from cds_service.cards.wording.facts import (
    Subject,
    texts,
)
from cds_service.cards.wording.finding_values import values_of
from cds_service.cards.wording.wording import Wording, uncapitalised
from rules.assessment import Met
from rules.findings import ONLY_IF_TAKEN


def summary_of(finding: Met, subject: Subject, wording: Wording, figures: str = "") -> str:
    """The first line of a card that the finding leads. ``figures``: the load, where its text gives it a place."""
    values = values_of(finding, subject, wording) | {"figures": figures}
    return _possibly("summary", wording.say_of(_summary_message(finding, wording), values), finding, wording)


def gives_figures(finding: Met, wording: Wording) -> bool:
    """Whether the first line of the finding has a place of its own for the figures."""
    return "figures" in wording.language.messages[_summary_message(finding, wording)].values


def _summary_message(finding: Met, wording: Wording) -> str:
    message = f"findings.{finding.id}.summary"
    return message if message in wording.language.messages else "findings.other.summary"


def reason_of(finding: Met, subject: Subject, wording: Wording) -> tuple[str, str]:
    """What is said of a finding: what is never cut where it warns, and what is said where there is room."""
    values = values_of(finding, subject, wording)
    message = f"findings.{finding.id}.reason"
    reason = wording.say_of(message if message in wording.language.messages else "findings.other.reason", values)
    if not reason:
        return "", ""
    return _possibly("reason", reason, finding, wording), wording.say_of(f"findings.{finding.id}.more", values)


def brief_of(finding: Met, subject: Subject, wording: Wording) -> str:
    """A finding in a few words, where there is no room for its reason; empty where other sections say it."""
    message = f"findings.{finding.id}.brief"
    if message not in wording.language.messages:
        return uncapitalised(finding.title)
    return wording.say_of(message, values_of(finding, subject, wording))


def _possibly(part: str, text: str, finding: Met, wording: Wording) -> str:
    """The text of a finding that holds only if agents that may still be taken are."""
    agents = texts(finding.facts, ONLY_IF_TAKEN)
    return wording.say(f"possibly.{part}", {"text": text, "agents": agents}) if agents else text
