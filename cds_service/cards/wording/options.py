"""The options of a card in words: the labels of its suggestions, and the line that lists all options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cds_service.cards.wording.facts import quoted
from cds_service.cards.wording.load_section import daily_dose
from cds_service.cards.wording.markdown import MAX_REASON_LENGTH
from cds_service.cards.wording.short_name import short_name
from cds_service.cards.wording.wording import Values, Wording, uncapitalised
from rules.assessment_lines import Contribution
from rules.knowledge import Referral, SuggestedMedication

_LEAST = 2


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


def end_of_order(line: Contribution, wording: Wording, *, is_draft: bool) -> SuggestionText:
    """The end of an order on record whose place a newer one may take, which ``is_draft`` or is on record too."""
    values = {"product": short_name(line.product, (line.agent,), wording.knowledge), "doses": daily_dose(line, wording)}
    label = wording.say("suggestions.end", values)
    return SuggestionText(label, label, wording.say("suggestions.end_option", values | {"is_draft": is_draft}))


def option(name: str, wording: Wording, values: Values | None = None) -> str:
    """An option that is no suggestion, by the name of its message."""
    return wording.say(f"options.{name}", values or {})


def shown(offers: Iterable[str]) -> list[str]:
    """The options of suggestions, which quote the request, safe to show. Suggestions for several orders of one product
    have one option."""
    return list(dict.fromkeys(quoted(text, MAX_REASON_LENGTH) for text in offers))


def options_line(choices: Sequence[str], wording: Wording, *, do_not_stop: bool) -> str:
    """The line of options, of which there are at least two. ``do_not_stop``: whether a sudden stop is warned of."""
    listed = choices if len(choices) >= _LEAST else [option("review_dose", wording), *choices]
    text = wording.say("phrases.do_not_stop", {}) if do_not_stop else ""
    return f"**{option('label', wording)}** {wording.say('options.line', {'options': listed, 'text': text})}"
