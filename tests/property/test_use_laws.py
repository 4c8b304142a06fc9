"""Does it make no difference that doses are read only where the dates leave something open?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules import load_knowledge
from rules.timeline.exposure import CoveredPeriod, _end, _latest_episode, _latest_use

ON = date(2026, 11, 22)
POLICY = load_knowledge().policy
BRIDGE = int(POLICY.exposure.bridge_days.value)
MENTIONED = POLICY.concurrency.lapsed_mention_days.value


@dataclass(frozen=True)
class StubEntry:
    """As much of an entry as is asked for."""

    daily_use: bool


@st.composite
def periods(draw: st.DrawFn) -> list[CoveredPeriod]:
    found = []
    for _ in range(draw(st.integers(0, 12))):
        start = ON - timedelta(days=draw(st.integers(0, 500)))
        end = min(ON, start + timedelta(days=draw(st.integers(0, 60))))
        entry: Any = StubEntry(draw(st.booleans()))
        found.append(CoveredPeriod(start, end, entry))
    return sorted(found, key=lambda period: (period.start, period.end))


@given(periods())
def test_the_latest_use_is_that_of_the_records_of_daily_use_alone(drawn: list[CoveredPeriod]) -> None:
    alone = _latest_episode([period for period in drawn if period.entry.daily_use], BRIDGE)
    mentioned = bool(alone) and (ON - _end(alone)).days <= MENTIONED
    found = _latest_use(drawn, POLICY, ON)
    assert found == alone or not (found or mentioned)
