"""The options of a card in words: the labels of its suggestions, and the line that lists all options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cds_service.cards.wording.phrases import (
    DO_NOT_STOP,
    FOR_ANOTHER_PATIENT,
    MAX_REASON_LENGTH,
    number,
    quoted,
    uncapitalised,
)
from cds_service.working.numbers import shown
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


def removal(product: str, taken: str = "") -> SuggestionText:
    """The removal of a draft order. ``taken``: how it is taken, to tell apart several drafts of one product.

    Both are shown as plain text, not as Markdown.
    """
    description = f"Remove {product} from these orders"
    label = f"Remove {product} ({taken}) from these orders" if taken else description
    return SuggestionText(label, description, uncapitalised(description))


def addition(offer: SuggestedMedication) -> SuggestionText:
    """A draft order of an offered medication."""
    label = f"Add {offer.label} (draft order)"
    return SuggestionText(label, label, f"add {offer.label}")


def referral(offer: Referral) -> SuggestionText:
    """A draft referral."""
    return SuggestionText(offer.label, offer.label, uncapitalised(offer.label))


def options(findings: Sequence[Met], offered: Iterable[str], *, ask_about_orders: bool, increases: bool) -> str:
    """The line of options, at least two.

    Args:
        findings: those the card speaks of.
        offered: the options of the card's suggestions.
        ask_about_orders: whether the card asks which orders are to continue.
        increases: whether the draft orders begin or increase exposure.
    """
    # Suggestions for several orders of one product have one option.
    unique = list(dict.fromkeys(quoted(option, MAX_REASON_LENGTH) for option in offered))
    choices = unique[:_MAX_OFFERED]
    if len(unique) > _MAX_OFFERED:
        choices.append(f"{len(unique) - _MAX_OFFERED} more, offered below")
    ids = {finding.id for finding in findings}
    if any(finding.facts.get(FOR_ANOTHER_PATIENT) for finding in findings):
        choices.append("check which patient the order is for")
    if ask_about_orders or ids & {"multiple-sedative-hypnotics", "dose-escalation"}:
        choices.append("review whether all orders are to continue")
    protected = any(finding.facts.get("treatment_of_opioid_use_disorder") for finding in findings)
    if increases and not protected and "long-term-use" not in ids and len(choices) < _ENOUGH:
        choices.append("a lower dose or a shorter course")
    choices.append(f"continue{_continued(findings)} if the benefits outweigh the risks")
    if len(choices) == 1:
        choices.insert(0, "review dose and duration with the patient")
    return f"**Options:** {'; '.join(choices)}. {DO_NOT_STOP}: stopping has risks of its own."


def _continued(findings: Iterable[Met]) -> str:
    """What would continue, and for long-term use how often it is to be reviewed, by the guideline."""
    medicine = review = ""
    for finding in findings:
        if finding.facts.get("kind") == "missing-at-discharge":
            medicine = " the home medicine"
        if finding.id == "long-term-use":
            review += f" with a review every {shown(number(finding.facts, 'review_months'))} months"
    return medicine + review
