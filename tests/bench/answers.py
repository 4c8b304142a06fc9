"""The cards that requests were answered with: counted by hook, finding and severity, and compared between checkouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from simulated_service import Call, facts_of, simulated_service

Answers = dict[str, Any]
"""``asked``: requests by hook. ``cards``: facts of each card by the call's name and the card's topic."""


def answers_of(calls: Iterable[Call], *, store: bool = True) -> Answers:
    """The cards that the calls are answered with, one after the other."""
    cards: dict[str, Any] = {}
    with simulated_service(store=store) as service:
        for call in calls:
            for card in service.cards(call):
                facts = facts_of(card, call.hook)
                cards[f"{call.name}: {facts['topic']}"] = facts
        return {"asked": dict(service.asked), "cards": cards}


def counted(answers: Answers) -> Iterator[str]:
    """Cards by hook and indicator; findings on them by hook and severity, and how many cards each leads."""
    cards = answers["cards"].values()
    for hook, asked in answers["asked"].items():
        shown = Counter(card["indicator"] for card in cards if card["hook"] == hook)
        told = ", ".join(f"{count} {indicator} ({count / asked:.1%})" for indicator, count in sorted(shown.items()))
        yield f"{hook}: {asked} requests; cards: {told or 'none'}"
    of_findings = Counter(
        (card["hook"], finding, severity) for card in cards for finding, severity in card["findings"].items()
    )
    leading = Counter((card["hook"], *item) for card in cards for item in list(card["findings"].items())[:1])
    for found, count in sorted(of_findings.items()):
        hook, finding, severity = found
        yield f"  {hook:13} {finding:30} {severity:8} {count:5}, leads {leading[found]:5}"


def repeated(answers: Answers, first: str, second: str) -> tuple[int, int, int]:
    """Cards of the calls whose name ends with ``first``; of those with ``second``; and those of the second that the
    first had shown with the same summary and indicator."""
    cards = answers["cards"]
    of_first = {key.replace(first + ":", ":"): card for key, card in cards.items() if first + ":" in key}
    of_second = {key.replace(second + ":", ":"): card for key, card in cards.items() if second + ":" in key}
    same = sum(
        key in of_first and all(of_first[key][part] == card[part] for part in ("summary", "indicator"))
        for key, card in of_second.items()
    )
    return len(of_first), len(of_second), same


def compared(before: Answers, after: Answers) -> Iterator[str]:
    """Each card that is new, gone, or of another indicator, grouped by the findings that make the difference."""
    old, new = before["cards"], after["cards"]
    groups: dict[tuple[str, str], list[str]] = {}
    for key in sorted({*old, *new}):
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None and was["indicator"] == now["indicator"]:
            continue
        kind = "new" if was is None else "gone" if now is None else f"{was['indicator']} to {now['indicator']}"
        shown = now or was
        first = next(iter(shown["findings"]), "none")
        groups.setdefault((f"{kind} ({shown['indicator']})", first), []).append(f"    {key}: {shown['summary']}")
    for (kind, finding), lines in sorted(groups.items()):
        yield f"{kind}, by {finding}: {len(lines)}"
        yield from lines
    yield f"{len(old)} cards before, {len(new)} after"
