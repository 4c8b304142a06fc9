"""The small change of the cards' language: lists and numbers in prose, and the facts of a finding read safely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import cast

from cds_service.figures import shown
from rules.assessment import Load
from rules.knowledge import Knowledge

Facts = Mapping[str, object]

UNIT = "mg/day diazepam-equivalent"
DO_NOT_STOP = "Do not stop abruptly"


def listed(words: Iterable[str], most: int = 3) -> str:
    """Words as a list in prose; beyond ``most`` the rest is counted."""
    items = [word for word in words if word]
    if len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def capitalised(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def texts(facts: Facts, key: str) -> tuple[str, ...]:
    """A fact that is a list of words."""
    return tuple(str(word) for word in cast("Sequence[object]", facts.get(key) or ()))


def number(facts: Facts, key: str) -> Fraction:
    """A fact that is a number."""
    value = facts[key]
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise TypeError(f"{key} is not a number")
    return Fraction(value)


def percent(facts: Facts, key: str = "percent") -> str:
    """A percentage, whole."""
    return f"{shown(number(facts, key))} %"


def days(facts: Facts) -> str:
    """How long something was taken: days, or whole months where that reads better."""
    return ("at least " if facts.get("at_least") else "") + f"{shown(number(facts, 'days'))} days"


def load_figure(load: Load, knowledge: Knowledge) -> str:
    """A load in words, "at least" where it is not complete; never a number where nothing could be read."""
    if load.used is None:
        return "sedative load not known"
    at_least = "" if load.complete else "at least "
    return f"{at_least}{shown(load.used, band_bounds(knowledge))} {UNIT}"


def band_bounds(knowledge: Knowledge) -> tuple[Fraction, Fraction]:
    """The figures that a rounded load must not cross."""
    bands = knowledge.policy.bands
    return bands.low_up_to.value, bands.moderate_up_to.value
