"""Compare the cards of a response with what a story expects, and check what holds of every card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LONGEST_SUMMARY = 139
EXPECTED_KEYS = frozenset(
    (
        *("topic", "indicator", "optional", "summary_has", "summary_lacks", "detail_has", "detail_lacks"),
        *("detail_has_one_of", "suggestions", "suggestions_lack"),
    )
)
# Of eight answers those that fit a card, of which there are always two.
FEWEST_REASONS, MOST_REASONS = 2, 8
Card = Mapping[str, Any]

# An order to stop, at the start of a sentence or of a list item. "Discontinue it if this one replaces it" is no such.
_IMPERATIVE = re.compile(
    r"(?:^|[.;:!?]\s+|[-*]\s+)(?:Stop|Discontinue|Do not (?:prescribe|give))\b(?![^.]*\bif\b)", re.M
)
_NOT_ABRUPTLY = re.compile(r"do not stop", re.I)
_REASSURING = re.compile(r"\b(?:low(?:er)?[- ]risk|no risk|risk is low|low band|is low|band low|safe to)\b", re.I)
# A total by a table: the words before it say whether it is a minimum.
_BARE_TOTAL = re.compile(r"[:;] (?:about )?[\d.]+(?: mg/day diazepam-equivalent)? by \w")
# The specialty and the society that bears its name are no blame.
_BLAMING = re.compile(r"\b(?:addict(?!ion medicine)\w*|abuse[rsd]?|junkie|drug[- ]seeking|non-?complian\w*)\b", re.I)


def kind_of(suggestion: Mapping[str, Any]) -> str:
    """What a suggestion offers: ``remove``, ``naloxone``, ``cbt-i`` or ``referral``."""
    (action,) = suggestion["actions"]
    if action["type"] == "delete":
        return "remove"
    if action["resource"]["resourceType"] == "MedicationRequest":
        return "naloxone"
    words = f"{suggestion['label']} {action['description']}"
    return "cbt-i" if re.search(r"\bCBT|cognitive", words, re.I) else "referral"


def differences(wanted: Sequence[Mapping[str, Any]], cards: Sequence[Card]) -> list[str]:
    """Every way in which the cards are not those expected; a card of no expectation is one."""
    lines: list[str] = []
    left = list(cards)
    for number, expected in enumerate(wanted):
        assert not set(expected) - EXPECTED_KEYS, f"unknown keys: {sorted(set(expected) - EXPECTED_KEYS)}"
        card = next((c for c in left if expected.get("topic") in (None, c["source"]["topic"]["code"])), None)
        if card is None:
            if expected.get("optional") != "true":
                lines.append(f"card {number}: expected {dict(expected)}, there is none")
            continue
        left.remove(card)
        lines.extend(f"card {number}: {line}" for line in _one(expected, card))
    lines.extend(
        f"unexpected card: {card['source']['topic']['code']} {card['indicator']}: {card['summary']}" for card in left
    )
    return lines


def _one(expected: Mapping[str, Any], card: Card) -> Iterator[str]:
    if expected.get("indicator") not in (None, card["indicator"]):
        yield f"expected indicator {expected['indicator']}, found {card['indicator']}"
    for part in ("summary", "detail"):
        text = card.get(part, "").lower()
        for word in expected.get(f"{part}_has", []):
            if word.lower() not in text:
                yield f"{part} does not say {word!r}: {card.get(part)!r}"
        for word in expected.get(f"{part}_lacks", []):
            if word.lower() in text:
                yield f"{part} says {word!r}: {card.get(part)!r}"
    one_of = expected.get("detail_has_one_of", [])
    if one_of and not any(word.lower() in card.get("detail", "").lower() for word in one_of):
        yield f"detail says none of {one_of}: {card.get('detail')!r}"
    kinds = [kind_of(suggestion) for suggestion in card.get("suggestions", [])]
    for kind in expected.get("suggestions", []):
        if kind not in kinds:
            yield f"no suggestion of kind {kind}; there are {kinds}"
    for kind in expected.get("suggestions_lack", []):
        if kind in kinds:
            yield f"a suggestion of kind {kind}; there are {kinds}"


def _is_taken(card: Card) -> bool:
    """Whether a benzodiazepine or Z-drug is, or was until now, in use: the card's own assessment tells."""
    assessment = card["extension"]["org.benzo-cds.assessment"]
    on_record = any(line["standing"] == "current" for line in assessment.get("contributions", []))
    return on_record or any(assessment.get("exposure", {}).values())


def broken_rules(card: Card, *, complete: bool) -> list[str]:
    """What holds of every card and does not of this one; ``complete``: whether the load it speaks of is complete."""
    lines: list[str] = []
    detail = card.get("detail", "")
    text = f"{card['summary']}\n{detail}\n" + "\n".join(item["label"] for item in card.get("suggestions", []))
    if len(card["summary"]) > LONGEST_SUMMARY:
        lines.append(f"summary of {len(card['summary'])} characters")
    reasons = card.get("overrideReasons", [])
    if not FEWEST_REASONS <= len(reasons) <= MOST_REASONS:
        lines.append(f"{len(reasons)} override reasons")
    if len(re.findall(r"; ", detail.partition("**Options:**")[2].partition("\n")[0])) < 1:
        lines.append("fewer than two options")
    if any(suggestion.get("isRecommended") for suggestion in card.get("suggestions", [])):
        lines.append("a suggestion is recommended")
    if _IMPERATIVE.search(text):
        lines.append(f"an order to stop: {_IMPERATIVE.search(text)}")
    if re.search(r"\btaper", text, re.I) and _is_taken(card) and not _NOT_ABRUPTLY.search(text):
        lines.append("speaks of a taper of what is taken and does not say: do not stop abruptly")
    if not complete and _REASSURING.search(text):
        lines.append(f"reassures of an incomplete load: {_REASSURING.search(text)}")
    if not complete and "at least" not in detail.lower():
        lines.append("does not say 'at least' of an incomplete load")
    if not complete and _BARE_TOTAL.search(detail):
        lines.append(f"a total by a table without 'at least': {_BARE_TOTAL.search(detail)}")
    if _BLAMING.search(text):
        lines.append(f"a word of blame: {_BLAMING.search(text)}")
    if "<" in re.sub(r"\\<|&lt;", "", text):
        lines.append("HTML in the text")
    return lines
