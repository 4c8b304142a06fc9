"""When an order that was ended, or carried out, before its supply was used up gave way to the order that follows it.

A record seldom has the day on which an order was stopped; where it does, the order's window ends there. Any other order
that is over before its window ends is taken to have ended when the next order of its class began that is in force.
Without such an order its end is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import cache

from rules.model import RecordKind
from rules.timeline.record import RecordEntry


def early_ends(entries: Collection[RecordEntry], among: Iterable[RecordEntry], on: date) -> Mapping[RecordEntry, date]:
    """The first day on which each order that was ended early no longer counted.

    Single doses are passed over, as ended and as following orders. Doses are read only where dates do not settle it.

    Args:
        entries: the orders to look at; those that were not ended early have no date in the result.
        among: the orders that may follow them.
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


def ordered_again_among(entries: Collection[RecordEntry], on: date) -> Callable[[RecordEntry], bool]:
    """Whether the agent of a completed order was ordered again until a day: then it is over, though supply may last.

    Not by a single dose, nor by an order that is over itself, and when is not known. Windows and doses are read only of
    orders that began later, the latest first.
    """

    @cache
    def begun() -> Mapping[str, list[RecordEntry]]:
        """The orders of each agent, the latest last."""
        orders: dict[str, list[RecordEntry]] = defaultdict(list)
        for entry in entries:
            if entry.regimen.kind is RecordKind.REQUEST and _has_begun(entry, on) and entry.historic_exclusion is None:
                orders[entry.agent.id].append(entry)
        for of_agent in orders.values():
            of_agent.sort(key=_start)
        return orders

    def ordered_again(entry: RecordEntry) -> bool:
        orders = begun().get(entry.agent.id, [])
        while entry.start is not None and orders and _start(orders[-1]) > entry.start:
            latest = orders[-1]
            if not (latest.completed and latest.window.end is None) and latest.daily_use:
                return True
            orders.pop()  # nor does it end any other
        return False

    return ordered_again
