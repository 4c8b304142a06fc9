"""When an order that was ended before its supply was gave way to the order that follows it.

A record seldom says on which day an order was stopped; where it does, its window ends there. Any other that is over,
though its window is not, is taken to have ended when the next order of its class began that is on record as in force;
without such an order, nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from rules.model import RecordKind
from rules.timeline.record import RecordEntry


def early_ends(entries: Collection[RecordEntry], among: Iterable[RecordEntry], on: date) -> Mapping[RecordEntry, date]:
    """The first day on which each order that was ended early no longer counted.

    A single dose gives way to nothing, and nothing to it. Doses are read only where the dates leave that open.

    Args:
        entries: the orders asked about; those that were not ended early are not in the answer.
        among: the orders that one of them may have given way to.
        on: the day judged.
    """
    ended = [entry for entry in entries if _ended_early(entry, on)]
    if not ended:
        return {}
    classes = {entry.agent.agent_class.id for entry in ended}
    in_force: dict[str, list[RecordEntry]] = defaultdict(list)
    for entry in among:
        if entry.agent.agent_class.id in classes and _has_begun(entry, on) and entry.exclusion is None:
            in_force[entry.agent.agent_class.id].append(entry)
    for later in in_force.values():
        later.sort(key=_start)
    ends: dict[RecordEntry, date] = {}
    for entry in ended:
        following = (other for other in in_force[entry.agent.agent_class.id] if _start(other) > _start(entry))
        successor = next((other for other in following if other.daily_use), None)
        if successor is not None and entry.daily_use:
            ends[entry] = _start(successor)
    return ends


def _start(entry: RecordEntry) -> date:
    return entry.start or date.min


def _has_begun(entry: RecordEntry, on: date) -> bool:
    regimen = entry.regimen
    return (
        not regimen.draft and regimen.kind is not RecordKind.DISPENSE and entry.start is not None and entry.start <= on
    )


def _ended_early(entry: RecordEntry, on: date) -> bool:
    """Whether it is over, though its supply is not."""
    if not _has_begun(entry, on) or entry.exclusion is None or entry.historic_exclusion is not None:
        return False
    return entry.window.end is not None and entry.window.end > on
