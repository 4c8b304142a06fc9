"""The phrases that sentences of cards share: lists, lengths of time, loads, and the facts of a finding as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self, cast

from cds_service.cards.wording.markdown import MAX_LENGTH, escaped
from cds_service.working.numbers import plain, shown
from rules.assessment import ConditionOnRecord, Load
from rules.knowledge import Agent, Knowledge
from rules.reading import wording

Facts = Mapping[str, object]

UNIT = "mg/day diazepam-equivalent"
DO_NOT_STOP = "Do not stop abruptly"
FOR_ANOTHER_PATIENT = "for_another_patient"
"""The fact that names the depressants ordered for another patient, which is always said."""
MAX_REASON_LENGTH = 160
"""The longest reason or option that quotes a request, in characters."""

_DAYS_A_YEAR = Fraction(1461, 4)
_MONTHS_A_YEAR = 12
# The usual way to give a length of time: days up to 100 days, months up to 2 years, then years.
_MAX_DAYS, _MAX_YEARS_IN_MONTHS = 100, 2


@dataclass(frozen=True, slots=True)
class Subject:
    """The agents that a summary speaks of. ``text`` stands for them in a sentence; ``names`` may be empty."""

    text: str
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str]) -> Self:
        """The agents with these names; "sedatives" where there are none."""
        return cls(listed(names, 2) or "sedatives", tuple(names))

    @property
    def plural(self) -> bool:
        """Whether the verb that follows is in the plural."""
        return len(self.names) > 1


THIS_ORDER = Subject("this order")


def listed(words: Iterable[str], most: int = 3) -> str:
    """A list in prose, such as "a, b and c"; beyond ``most`` items the last ones are only counted."""
    return wording.listed(words, most)


def capitalised(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def uncapitalised(text: str) -> str:
    """The text with its first letter in lower case."""
    return text[:1].lower() + text[1:]


# -- the facts of a finding -------------------------------------------------------------------------------------------


def texts(facts: Facts, key: str) -> tuple[str, ...]:
    """A fact that is a list, as words; empty where it is missing."""
    return tuple(str(word) for word in cast("Sequence[object]", facts.get(key) or ()))


def number(facts: Facts, key: str) -> Fraction:
    """A fact that is a number.

    Raises:
        KeyError: it is missing.
        TypeError: it is not a number.
    """
    value = facts[key]
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise TypeError(f"{key} is not a number")
    return Fraction(value)


def percent(facts: Facts, key: str = "percent") -> str:
    """A fact that is a percentage, such as "75 %"."""
    return f"{shown(number(facts, key))} %"


def duration(facts: Facts) -> str:
    """The length of use (fact ``days``) in days, or in whole months or years where that is usual.

    Months and years are rounded down, so that "more than" is true.
    """
    days = number(facts, "days")
    at_least = bool(facts.get("at_least"))
    if days <= _MAX_DAYS:
        return f"{'at least ' if at_least else ''}{shown(days)} {'day' if days == 1 else 'days'}"
    years = days / _DAYS_A_YEAR
    if years >= _MAX_YEARS_IN_MONTHS:
        count, unit = int(years), "years"
    else:
        count, unit = int(years * _MONTHS_A_YEAR), "months"
    return f"{'at least' if at_least else 'more than'} {count} {unit}"


def conditions(facts: Facts, most: int = 3) -> str:
    """The conditions that a finding rests on; one in remission says so."""
    return listed(map(condition, conditions_of(facts)), most)


def conditions_of(facts: Facts) -> tuple[ConditionOnRecord, ...]:
    """The conditions that a finding rests on; an earlier event (an overdose) can be in remission too."""
    in_remission = texts(facts, "in_remission")
    return tuple(
        replace(on_record, in_remission=on_record.in_remission or on_record.name in in_remission)
        for on_record in cast("Sequence[ConditionOnRecord]", facts["conditions"])
    )


def condition(on_record: ConditionOnRecord) -> str:
    """A condition in a sentence: ``alcohol use disorder (in remission)``."""
    return f"{on_record.name} (in remission)" if on_record.in_remission else on_record.name


def agents_named(names: Iterable[str], knowledge: Knowledge) -> tuple[Agent, ...]:
    """The agents of the knowledge base with these names, in its order."""
    wanted = set(names)
    return tuple(agent for agent in knowledge.agents.values() if agent.name in wanted)


# -- loads ------------------------------------------------------------------------------------------------------------


def load_figure(load: Load, knowledge: Knowledge) -> str:
    """A load in words: "at least" where it is not complete, "not known" where nothing could be read.

    "up to" where a dose is a range or as needed. Where a newer order may replace an earlier one, both totals are given.
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
    """A load with its range, for the load section: ``0 to 10 mg/day diazepam-equivalent``."""
    if not load.used or not load.complete:
        return load_figure(load, knowledge)
    bounds = band_bounds(knowledge)
    if load.low < load.used == load.if_replaced:
        return f"{plain(load.low, bounds)} to {plain(load.used, bounds)} {UNIT}"
    return f"{shown(load.used, bounds)} {UNIT}"


def band_bounds(knowledge: Knowledge) -> tuple[Fraction, Fraction]:
    """The bounds of the dose bands, which no shown load may be rounded across."""
    bands = knowledge.policy.bands
    return bands.low_up_to.value, bands.moderate_up_to.value


def quoted(text: str, longest: int = MAX_LENGTH) -> str:
    """Text from a request, escaped for a card. Parentheses stay: with brackets escaped they have no meaning."""
    return escaped(text, longest).replace("\\(", "(").replace("\\)", ")")
