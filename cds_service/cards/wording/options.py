"""The options of a card in words: the labels of its suggestions, and the line that lists all options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cds_service.cards.wording.facts import FOR_ANOTHER_PATIENT, number, quoted
from cds_service.cards.wording.markdown import MAX_REASON_LENGTH
from cds_service.cards.wording.wording import Wording, uncapitalised
from rules.assessment import Met
from rules.knowledge import Referral, SuggestedMedication

# A card with so many options of its own needs no general one.
_ENOUGH = 3
_MAX_OFFERED = 5


class SuggestionText(NamedTuple):
    """A suggestion in words: the label of its button, the description of its action, and the option in the detail."""

    label: str
    description: str
    option: str


def removal(product: str, taken: str, wording: Wording) -> SuggestionText:
    """The removal of a draft order. ``taken``: how it is taken, to tell apart several drafts of one product.

    Both are shown as plain text, not as Markdown. Without a product it is "the new order".
    """
    name = product or wording.say("suggestions.new_order", {})
    description = wording.say("suggestions.remove", {"product": name, "taken": ""})
    label = wording.say("suggestions.remove", {"product": name, "taken": taken})
    return SuggestionText(label, description, uncapitalised(description))


def addition(offer: SuggestedMedication, wording: Wording) -> SuggestionText:
    """A draft order of an offered medication."""
    label = wording.say("suggestions.add", {"name": offer.label})
    return SuggestionText(label, label, wording.say("suggestions.add_option", {"name": offer.label}))


def referral(offer: Referral) -> SuggestionText:
    """A draft referral."""
    return SuggestionText(offer.label, offer.label, uncapitalised(offer.label))


def options(
    findings: Sequence[Met], offered: Iterable[str], wording: Wording, *, ask_about_orders: bool, increases: bool
) -> str:
    """The line of options, at least two.

    Args:
        findings: those the card speaks of.
        offered: the options of the card's suggestions.
        wording: the words.
        ask_about_orders: whether the card asks which orders are to continue.
        increases: whether the draft orders begin or increase exposure.
    """

    def say(name: str) -> str:
        return wording.say(f"options.{name}", {})

    # Suggestions for several orders of one product have one option.
    unique = list(dict.fromkeys(quoted(option, MAX_REASON_LENGTH) for option in offered))
    choices = unique[:_MAX_OFFERED]
    if len(unique) > _MAX_OFFERED:
        choices.append(wording.say("options.more", {"count": len(unique) - _MAX_OFFERED}))
    ids = {finding.id for finding in findings}
    if any(finding.facts.get(FOR_ANOTHER_PATIENT) for finding in findings):
        choices.append(say("check_patient"))
    if ask_about_orders or ids & {"multiple-sedative-hypnotics", "dose-escalation"}:
        choices.append(say("review_orders"))
    protected = any(finding.facts.get("treatment_of_opioid_use_disorder") for finding in findings)
    if increases and not protected and not ids & {"long-term-use", "abrupt-change"} and len(choices) < _ENOUGH:
        choices.append(say("lower_dose"))
    choices.append(wording.say("options.continue", _continued(findings)))
    if len(choices) == 1:
        choices.insert(0, say("review_dose"))
    line = wording.say("options.line", {"options": choices, "text": wording.say("phrases.do_not_stop", {})})
    return f"**{say('label')}** {line}"


def _continued(findings: Iterable[Met]) -> dict[str, object]:
    """Whether a home medicine would continue, and how often the guideline reviews long-term use."""
    values: dict[str, object] = {"medicine": False, "reviews": None}
    for finding in findings:
        if finding.facts.get("kind") == "missing-at-discharge":
            values["medicine"] = True
        if finding.id == "long-term-use":
            values["reviews"] = number(finding.facts, "review_months")
    return values
