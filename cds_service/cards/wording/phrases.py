"""The small change of the cards' language: lists, lengths of time and loads in prose, and the facts of a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import cast

from cds_service.cards.wording.markdown import MAX_LENGTH, escaped
from cds_service.working.numbers import plain, shown
from rules.assessment import Load
from rules.knowledge import Agent, Knowledge
from rules.reading import wording

Facts = Mapping[str, object]

UNIT = "mg/day diazepam-equivalent"
DO_NOT_STOP = "Do not stop abruptly"
_DAYS_A_YEAR = Fraction(1461, 4)
_MONTHS_A_YEAR = 12
# Up to so many days a length is told in days, up to so many years in months: as people say it.
_IN_DAYS, _IN_MONTHS_YEARS = 100, 2


def listed(words: Iterable[str], most: int = 3) -> str:
    """Words as a list in prose; beyond ``most`` the rest is counted."""
    return wording.listed(words, most)


def several(subject: str) -> bool:
    """Whether a list in prose names more than one, for the verb that follows it."""
    return " and " in subject


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


def duration(facts: Facts) -> str:
    """How long something was taken: days, or whole months or years where that reads better.

    A length in months or years is rounded down, so "more than" is true of it.
    """
    told = number(facts, "days")
    at_least = bool(facts.get("at_least"))
    if told <= _IN_DAYS:
        return f"{'at least ' if at_least else ''}{shown(told)} {'day' if told == 1 else 'days'}"
    years = told / _DAYS_A_YEAR
    count, unit = (int(years), "years") if years >= _IN_MONTHS_YEARS else (int(years * _MONTHS_A_YEAR), "months")
    return f"{'at least' if at_least else 'more than'} {count} {unit}"


def conditions(facts: Facts, most: int = 3) -> str:
    """The conditions that a finding rests on; one in remission says so."""
    remission = set(texts(facts, "in_remission"))
    return listed(
        (f"{name} (in remission)" if name in remission else name for name in texts(facts, "conditions")), most
    )


def agents_named(names: Iterable[str], knowledge: Knowledge) -> tuple[Agent, ...]:
    """The agents of the knowledge base behind names as findings give them."""
    wanted = set(names)
    return tuple(agent for agent in knowledge.agents.values() if agent.name in wanted)


def load_figure(load: Load, knowledge: Knowledge) -> str:
    """A load in words: "at least" where it is not complete, never a number where nothing could be read.

    "up to" where the dose is a range or as needed. Where a newer order may be meant to replace an earlier one, both
    totals are given.
    """
    bounds = band_bounds(knowledge)
    if load.used is None or (load.used == 0 and not load.complete):
        return "sedative load not known"
    if load.used == 0:
        return "no benzodiazepine or Z-drug order left"
    at_least = "" if load.complete else "at least "
    if load.if_replaced < load.used:
        other = shown(load.if_replaced, bounds)
        return f"{at_least}{shown(load.used, bounds)} {UNIT}, {at_least}{other} if only the newest order counts"
    up_to = "up to " if load.complete and load.low < load.used else at_least
    return f"{up_to}{shown(load.used, bounds)} {UNIT}"


def load_span(load: Load, knowledge: Knowledge) -> str:
    """A load with its reach, for the line of working: ``0 to 10 mg/day diazepam-equivalent``."""
    bounds = band_bounds(knowledge)
    if not load.used or not load.complete:
        return load_figure(load, knowledge)
    if load.low < load.used == load.if_replaced:
        return f"{plain(load.low, bounds)} to {plain(load.used, bounds)} {UNIT}"
    return f"{shown(load.used, bounds)} {UNIT}"


def band_bounds(knowledge: Knowledge) -> tuple[Fraction, Fraction]:
    """The figures that a rounded load must not cross."""
    bands = knowledge.policy.bands
    return bands.low_up_to.value, bands.moderate_up_to.value


def quoted(text: str, longest: int = MAX_LENGTH) -> str:
    """Text from a request for a card: escaped, but for parentheses, which mean nothing while brackets are escaped."""
    return escaped(text, longest).replace("\\(", "(").replace("\\)", ")")
