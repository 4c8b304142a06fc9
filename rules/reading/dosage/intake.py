"""Ranges of what is taken in a day, for the reading of a dosage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rules.numbers.quantity import ZERO, MicrogramsPerHour, MilligramsPerDay, Range, UnitsPerDay


@dataclass(frozen=True, slots=True)
class Intake:
    """Ranges from low to high: mg a day of each agent (micrograms an hour where ``hourly``), countable units a day."""

    by_agent: Mapping[str, Range]
    units: Range | None
    hourly: bool = False

    def plus(self, other: Intake) -> Intake:
        """Both together."""
        agents = {**self.by_agent, **other.by_agent}
        none = (ZERO, ZERO)
        return Intake(
            {agent: _sum(self.by_agent.get(agent, none), other.by_agent.get(agent, none)) for agent in agents},
            _sum(self.units, other.units) if self.units and other.units else None,
            self.hourly,
        )

    def at_most(self, limit: Intake) -> Intake:
        """Cut, at both ends, to the high end of a limit where that is lower."""
        return Intake(
            {agent: _cut(amount, limit.by_agent.get(agent)) for agent, amount in self.by_agent.items()},
            _cut(self.units, limit.units) if self.units else None,
            self.hourly,
        )

    def from_nothing(self) -> Intake:
        """The same with a low end of zero: what is taken as needed."""
        units = (ZERO, self.units[1]) if self.units else None
        return replace(self, by_agent={agent: (ZERO, high) for agent, (_, high) in self.by_agent.items()}, units=units)

    def with_average(self, average: Intake) -> Intake:
        """The low end raised to the average dispensed, but not above the high end."""
        if average.hourly != self.hourly:
            return self
        return replace(
            self,
            by_agent={agent: _raised(amount, average.by_agent.get(agent)) for agent, amount in self.by_agent.items()},
            units=_raised(self.units, average.units) if self.units else None,
        )

    def either(self, other: Intake) -> Intake:
        """From the smaller low end to the larger high end of two readings of one thing."""
        return replace(
            self,
            by_agent={
                agent: _either(amount, other.by_agent.get(agent, amount)) for agent, amount in self.by_agent.items()
            },
            units=_either(self.units, other.units) if self.units and other.units else self.units,
        )

    def with_low_of(self, other: Intake) -> Intake:
        """The low end moved down to that of another reading."""
        return replace(
            self,
            by_agent={
                agent: (min(low, other.by_agent.get(agent, (low, high))[0]), high)
                for agent, (low, high) in self.by_agent.items()
            },
            units=(min(self.units[0], other.units[0]), self.units[1]) if self.units and other.units else self.units,
        )

    def milligrams(self) -> dict[str, MilligramsPerDay]:
        """Milligrams a day of each agent; empty for a patch."""
        if self.hourly:
            return {}
        return {agent: MilligramsPerDay.of(high, low) for agent, (low, high) in self.by_agent.items()}

    def micrograms_an_hour(self) -> dict[str, MicrogramsPerHour]:
        """Micrograms an hour of each agent of a patch; empty for anything else."""
        if not self.hourly:
            return {}
        return {agent: MicrogramsPerHour.of(high, low) for agent, (low, high) in self.by_agent.items()}

    def units_a_day(self) -> UnitsPerDay | None:
        """Countable units a day, None where not known."""
        return UnitsPerDay.of(self.units[1], self.units[0]) if self.units else None


def _sum(one: Range, other: Range) -> Range:
    return one[0] + other[0], one[1] + other[1]


def _either(one: Range, other: Range) -> Range:
    return min(one[0], other[0]), max(one[1], other[1])


def _cut(amount: Range, limit: Range | None) -> Range:
    return amount if limit is None else (min(amount[0], limit[1]), min(amount[1], limit[1]))


def _raised(amount: Range, average: Range | None) -> Range:
    return amount if average is None else (min(amount[1], max(amount[0], average[0])), amount[1])
