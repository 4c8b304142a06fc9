"""A taper that is under way: the load steps down within pace, by the orders of the last weeks or by what one states."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from rules.assessment import Taper
from rules.assessment_facts import TaperEvidence
from rules.findings.case.case import Case
from rules.findings.case.pace import (
    PACE,
    Level,
    fall,
    first_too_fast,
    in_load,
    level_on,
    levels_ahead,
    levels_before,
    same_hand,
    too_fast,
)
from rules.findings.case.present import sedatives_of
from rules.findings.case.results import SUPPLIED_EARLY
from rules.model import RecordKind

FINDING = "taper-under-way"


def taper_of(case: Case) -> Taper | None:
    """The taper that the orders being written continue, or that is under way without any; None where there is none.

    An order that raises the load or lowers it too fast, now or at a step to come, is none. Neither is one by another
    hand than that of the order whose dose it lowers, which may go on beside it, nor what may be a switch of agents.
    """
    if not case.knowledge.findings[FINDING].on or why_not_judged(case) is not None:
        return None
    taken = sedatives_of((*case.now.present, *case.sedatives))
    if not taken or case.view.switches or not same_hand(case.view, case.sedatives):
        return None
    now, after = level_on(case, case.of_late, in_load), level_on(case, case.view, in_load)
    if now is None or after is None:
        return None
    before, ahead = list(levels_before(case, in_load)), list(levels_ahead(case, in_load))
    if first_too_fast(case, before, ahead) is not None or _rise_ahead(ahead):
        return None
    if case.ordered is not None:
        pairs = list(zip(now.by_table, after.by_table, strict=True))
        if any(one < other for one, other in pairs):
            return None
        if any(one > other for one, other in pairs):
            return _by_step(case, before, after)
    if not any(after.by_table):
        return None
    return _by_steps_ahead(case, ahead) or _by_orders(case, after)


def why_not_judged(case: Case) -> str | None:
    """Why a taper cannot be told from the record; None where it can."""
    if case.unknowns.why_orders_unknown is not None:
        return case.unknowns.why_orders_unknown
    return SUPPLIED_EARLY if _is_supplied_early(case) else None


def has_begun(case: Case) -> bool:
    """Whether a sedative is taken that was not so many days ago as a fall is judged over."""
    before = {entry.agent.id for entry in sedatives_of(case.look_back(_look_back_days(case)).present)}
    return any(entry.agent.id not in before for entry in case.sedatives)


def has_new_condition(case: Case, concepts: Collection[str]) -> bool:
    """Whether one of some conditions was recorded in the days that a fall is judged over."""
    since = case.on - timedelta(days=_look_back_days(case))
    return any(
        entry.concept in concepts and entry.recorded is not None and entry.recorded >= since
        for entry in case.condition_entries
    )


def _rise_ahead(ahead: list[Level]) -> bool:
    """Whether one of the levels ahead lies above the one before it, by any table."""
    return any(
        one < other
        for before, after in pairwise(ahead)
        for one, other in zip(before.by_table, after.by_table, strict=True)
    )


def _is_supplied_early(case: Case) -> bool:
    """Whether the fills of the last weeks left so many days in hand that what is taken is not known.

    Fills of one product are laid end to end; of one day one counts.
    """
    most = case.knowledge.findings[FINDING].parameters["in_hand_days"].value
    since = case.on - timedelta(days=int(case.knowledge.findings[FINDING].parameters["orders_of_days"].value))
    fills: dict[Hashable, dict[date, int]] = {}
    for entry in case.record.entries:
        start, end = entry.start, entry.window.end if entry.regimen.kind is RecordKind.DISPENSE else None
        if not in_load(entry) or start is None or end is None or entry.historic_exclusion is not None:
            continue
        if since <= start <= case.on:
            days = fills.setdefault((entry.agent.id, entry.product), {})
            days[start] = max(days.get(start, 0), (end - start).days + 1)
    return any(_most_in_hand(lengths) > most for lengths in fills.values())


def _most_in_hand(fills: dict[date, int]) -> int:
    """How many days of supply are left at most when the next fill is given, by the day and the days of each."""
    most, until = 0, date.min
    for start, days in sorted(fills.items()):
        left = max((until - start).days, 0)
        most, until = max(most, left), start + timedelta(days=left + days)
    return most


def _look_back_days(case: Case) -> int:
    return int(case.knowledge.findings[PACE].parameters["look_back_days"].value)


def _by_step(case: Case, before: list[Level], after: Level) -> Taper | None:
    """The taper of which an order being written is a step."""
    if any(too_fast(case, level, after) is not None for level in before):
        return None
    falls = [(percent, level) for level in before if (percent := fall(case, level, after)) is not None]
    if not falls:
        return None
    percent, largest = max(falls, key=lambda found: found[0])
    return _taper(case, TaperEvidence.STEP, largest, after, percent)


def _by_steps_ahead(case: Case, ahead: list[Level]) -> Taper | None:
    """The taper that an order in force, or one being written, states for the days to come."""
    percent = fall(case, ahead[0], ahead[-1]) if ahead else None
    return None if percent is None else _taper(case, TaperEvidence.STATED, ahead[0], ahead[-1], percent)


def _by_orders(case: Case, after: Level) -> Taper | None:
    """The taper that the orders of the last weeks are: levels that fall, none too fast, since the last that rose."""
    levels = [after]
    falls: list[Fraction] = []
    for earlier in _levels_of_weeks(case):
        latest = levels[-1]
        if too_fast(case, earlier, latest) is not None or _rises(case, earlier, latest):
            break
        percent = fall(case, earlier, latest)
        falls += [percent] if percent is not None else []
        levels.append(earlier)
    first = max(levels, key=lambda level: level.by_table)
    if not falls or fall(case, first, after) is None:
        return None
    return _taper(case, TaperEvidence.ORDERS, first, after, falls[0])


def _levels_of_weeks(case: Case) -> Iterator[Level]:
    """The levels of earlier days, at intervals in which a fall is judged, from the latest on; up to one not known."""
    interval = _look_back_days(case)
    days = int(case.knowledge.findings[FINDING].parameters["orders_of_days"].value)
    for back in range(interval, days + 1, interval):
        level = level_on(case, case.look_back_at_sedatives(back), in_load)
        if level is None or not any(level.by_table):
            return
        yield level


def _rises(case: Case, earlier: Level, later: Level) -> bool:
    """Whether a level rises by more than one step back does."""
    limit = case.knowledge.findings[PACE].parameters["cut_percent"].value
    falls_back = too_fast(case, later, earlier)
    return falls_back is not None and falls_back > limit


def _taper(case: Case, evidence: TaperEvidence, before: Level, after: Level, percent: Fraction) -> Taper:
    default = list(case.knowledge.tables).index(case.knowledge.default_table)
    return Taper(evidence, before.by_table[default], after.by_table[default], percent)
