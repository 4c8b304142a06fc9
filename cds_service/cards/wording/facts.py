"""The facts of a finding as words: names, conditions, lengths of time, and whom a card is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self, cast

from cds_service.cards.wording.markdown import MAX_LENGTH, escaped
from cds_service.cards.wording.wording import Wording
from rules.assessment_facts import ConditionOnRecord
from rules.knowledge import Agent, Knowledge
from rules.numbers import cached

Facts = Mapping[str, object]

FOR_ANOTHER_PATIENT = "for_another_patient"
"""The fact that names the depressants ordered for another patient, which is always said."""
_DAYS_A_YEAR = Fraction(1461, 4)
_MONTHS_A_YEAR = 12
# The usual way to give a length of time: days up to 100 days, months up to 2 years, then years.
_MAX_DAYS, _MAX_YEARS_IN_MONTHS = 100, 2


@dataclass(frozen=True, slots=True)
class Subject:
    """The agents that a card is about. Without names, ``phrase`` stands for them."""

    names: tuple[str, ...] = ()
    phrase: str = "this_order"

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """The agents with these names; "sedatives" where there are none."""
        return cls(tuple(names), "sedatives")


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


def duration(facts: Facts, wording: Wording) -> str:
    """The length of use (fact ``days``) in days, or in whole months or years where that is usual.

    Months and years are rounded down, so that "more than" is true.
    """
    days, at_least = number(facts, "days"), bool(facts.get("at_least"))
    years = days / _DAYS_A_YEAR
    if days <= _MAX_DAYS:
        unit, count = "days", days
    elif years >= _MAX_YEARS_IN_MONTHS:
        unit, count = "years", Fraction(int(years))
    else:
        unit, count = "months", Fraction(int(years * _MONTHS_A_YEAR))
    return wording.say(f"phrases.{unit}", {"count": count, "at_least": at_least})


def conditions_of(facts: Facts) -> tuple[ConditionOnRecord, ...]:
    """The conditions that a finding rests on; an earlier event (an overdose) can be in remission too."""
    in_remission = texts(facts, "in_remission")
    return tuple(
        replace(on_record, in_remission=on_record.in_remission or on_record.name in in_remission)
        for on_record in cast("Sequence[ConditionOnRecord]", facts["conditions"])
    )


def condition(on_record: ConditionOnRecord, wording: Wording) -> str:
    """A condition in a sentence: ``alcohol use disorder (in remission)``."""
    if not on_record.in_remission:
        return on_record.name
    return wording.say("phrases.in_remission", {"name": on_record.name})


def agents_named(names: Iterable[str], knowledge: Knowledge) -> tuple[Agent, ...]:
    """The agents of the knowledge base with these names, in its order."""
    agents = _agents_by_name(knowledge)
    found = sorted(agents[name] for name in set(names) if name in agents)
    return tuple(knowledge.agents[identity] for _, identity in found)


@cached
def _agents_by_name(knowledge: Knowledge) -> Mapping[str, tuple[int, str]]:
    """The position and the id of each agent, by its name."""
    return {agent.name: (position, identity) for position, (identity, agent) in enumerate(knowledge.agents.items())}


def agents_of(facts: Facts, wording: Wording) -> tuple[Agent, ...]:
    """The agents that a finding is about."""
    return agents_named(texts(facts, "agents"), wording.knowledge)


def is_use_disorder_today(facts: Facts) -> bool:
    """Whether a use disorder is on record that is neither in remission nor may come of a medicine as prescribed."""
    return any(not (each.in_remission or each.may_be_prescribed) for each in conditions_of(facts))


def recorded(facts: Facts, key: str) -> ConditionOnRecord | None:
    """A condition that is a fact of its own, None where it is not on record."""
    found = facts.get(key)
    return found if isinstance(found, ConditionOnRecord) else None


def told(facts: Facts, key: str, wording: Wording) -> str:
    """The same in a sentence; empty where it is not on record."""
    found = recorded(facts, key)
    return "" if found is None else condition(found, wording)


def quoted(text: str, longest: int = MAX_LENGTH) -> str:
    """Text from a request, escaped for a card. Parentheses stay: with brackets escaped they have no meaning."""
    return escaped(text, longest).replace("\\(", "(").replace("\\)", ")")
