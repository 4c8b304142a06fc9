"""When an order that was ended before its supply was, gave way to the order that follows it.

A record seldom says on which day an order was stopped; where it does, its window ends there. Any other that is over,
though its window is not, is taken to have ended when the next order of its class began that is on record as in force;
without such an order, nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from rules.model import Kind
from rules.record import Entry, exclusion


def given_way(entries: Iterable[Entry], on: date) -> Mapping[Entry, date]:
    """The first day on which an order that was ended early no longer counted, by entry."""
    ended: list[Entry] = []
    in_force: dict[str, list[date]] = defaultdict(list)
    for entry in entries:
        regimen = entry.regimen
        if regimen.draft or regimen.kind is Kind.DISPENSE or entry.window.start is None or not entry.daily_use:
            continue
        if exclusion(regimen) is None:
            in_force[entry.agent.agent_class.id].append(entry.window.start)
        elif exclusion(regimen, historic=True) is None and entry.window.end is not None and entry.window.end > on:
            ended.append(entry)
    gone: dict[Entry, date] = {}
    for entry in ended:
        start = entry.window.start
        later = [day for day in in_force[entry.agent.agent_class.id] if start is not None and start < day <= on]
        if later:
            gone[entry] = min(later)
    return gone
