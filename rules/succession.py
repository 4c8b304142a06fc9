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
    candidates = [
        entry
        for entry in entries
        if not entry.regimen.draft and entry.regimen.kind is not Kind.DISPENSE and entry.start is not None
    ]
    ended = [entry for entry in candidates if _ended_early(entry, on) and entry.daily_use]
    if not ended:
        return {}
    classes = {entry.agent.agent_class.id for entry in ended}
    in_force: dict[str, list[date]] = defaultdict(list)
    for entry in candidates:
        name = entry.agent.agent_class.id
        if name in classes and entry.start is not None and exclusion(entry.regimen) is None and entry.daily_use:
            in_force[name].append(entry.start)
    gone: dict[Entry, date] = {}
    for entry in ended:
        start = entry.start
        later = [day for day in in_force[entry.agent.agent_class.id] if start is not None and start < day <= on]
        if later:
            gone[entry] = min(later)
    return gone


def _ended_early(entry: Entry, on: date) -> bool:
    """Whether it is over, though its supply is not."""
    if exclusion(entry.regimen) is None or exclusion(entry.regimen, historic=True) is not None:
        return False
    return entry.window.end is not None and entry.window.end > on
