"""The total: mg/d diazepam-equivalent over everything that counts, by every table, with what is known to be missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rules.assessment import Band, Load, TableTotal
from rules.knowledge.figure import Table
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.policy import BandPolicy
from rules.load.equivalence import EquivalentsOf, equivalence, equivalent_of
from rules.load.substitution import substitution_load, verified_substitution
from rules.numbers.quantity import ZERO, DiazepamEquivalent
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry


@dataclass(frozen=True, slots=True)
class _Sum:
    """What counts by one table, with the agents that have no figure of its own, and those without any."""

    parts: tuple[tuple[Presence, DiazepamEquivalent], ...]
    complete: bool
    fallback: frozenset[str]
    missing: frozenset[str]


def total(
    presences: Collection[Presence], equivalents_of: EquivalentsOf, knowledge: Knowledge, *, everything_read: bool
) -> Load:
    """The load of what counts in the additive reading of a view.

    What may still be taken adds nothing, and the load is not complete without it.

    Args:
        presences: how the entries stand.
        equivalents_of: the load of an entry by every table.
        knowledge: the tables, and the policy of bands and substitution figures.
        everything_read: no record was unreadable, without an identified product, or withheld.
    """
    counted = [presence for presence in presences if presence.additive]
    sedatives = [presence for presence in counted if _is_sedative(presence.entry)]
    may_be_more = any(presence.possible and _is_sedative(presence.entry) for presence in presences)
    sums = {name: _by_table(sedatives, table, equivalents_of) for name, table in knowledge.tables.items()}
    by_default = sums[knowledge.default_table]
    substitution = substitution_load(counted, knowledge)
    extra, newest_extra = substitution.additive, substitution.replacement
    complete = everything_read and not may_be_more and by_default.complete and substitution.known
    newest = [part for presence, part in by_default.parts if presence.replacement]
    # A sedative by a route without equivalents is not missing from the load of others; alone its load is not known.
    taken = any(presence.entry.agent.agent_class.in_load and presence.entry.daily_use for presence in counted)
    known = bool(by_default.parts) or extra.used > 0
    complete = complete and (known or not taken)
    readable = known or complete
    bands = knowledge.policy.bands
    by_table = {name: _used(by_table, extra.used, readable) for name, by_table in sums.items()}
    used = sum([part.used for _, part in by_default.parts], extra.used) if readable else None
    return Load(
        used=used,
        low=sum([part.low for part in newest], newest_extra.low),
        high=sum([part.high for _, part in by_default.parts], extra.high) if complete and readable else None,
        complete=complete,
        band=_band(used, bands),
        components=_components(by_default.parts, knowledge),
        substitution=substitution.shown,
        if_replaced=sum([part.used for part in newest], newest_extra.used),
        permits=any(presence.entry.permits for presence, _ in by_default.parts),
        by_table={
            name: TableTotal(
                used=by_table[name],
                band=_band(by_table[name], bands),
                fallback=tuple(sorted(sums[name].fallback)),
                missing=tuple(sorted(sums[name].missing)),
            )
            for name in knowledge.tables
        },
    )


def _is_sedative(entry: RecordEntry) -> bool:
    """Whether it is of the classes that the load is the sum of, in daily use by a route that has equivalents."""
    return entry.agent.agent_class.in_load and entry.daily_use and entry.administration.equivalent


def _by_table(sedatives: Iterable[Presence], table: Table, equivalents_of: EquivalentsOf) -> _Sum:
    parts: list[tuple[Presence, DiazepamEquivalent]] = []
    fallback: set[str] = set()
    missing: set[str] = set()
    complete = True
    for presence in sedatives:
        entry = presence.entry
        found = equivalence(entry.agent, table)
        if found is None:
            missing.add(entry.agent.id)
        elif found.by_fallback:
            fallback.add(entry.agent.id)
        part = equivalent_of(presence, table.id, equivalents_of)
        if part is not None:
            parts.append((presence, part))
        if part is None or entry.dose_is_partial:
            complete = False
    return _Sum(tuple(parts), complete, frozenset(fallback), frozenset(missing))


def _used(by_table: _Sum, extra: Fraction, readable: bool) -> Fraction | None:
    if not readable or (by_table.missing and not (by_table.parts or extra)):
        return None
    return sum([part.used for _, part in by_table.parts], extra)


def _components(parts: Iterable[tuple[Presence, DiazepamEquivalent]], knowledge: Knowledge) -> Mapping[str, Fraction]:
    components = {name: ZERO for name, agent_class in knowledge.classes.items() if agent_class.in_load}
    for presence, part in parts:
        components[presence.entry.agent.agent_class.id] += part.used
    return components


def replacement_load(
    counted: Iterable[Presence],
    table: Table,
    equivalents_of: EquivalentsOf,
    knowledge: Knowledge,
    *,
    agent_class: str | None = None,
    without: Collection[str] = frozenset(),
) -> Fraction:
    """The load of the replacement reading, at the dose used. Severities and comparisons rest on it.

    A substitution figure that a site adds to the total is part of it only if it is verified. Of one class if
    ``agent_class`` names it; ``without`` some agents.
    """
    newest = [
        presence
        for presence in counted
        if presence.replacement
        and presence.entry.agent.id not in without
        and agent_class in (None, presence.entry.agent.agent_class.id)
    ]
    parts = [equivalents_of(presence.entry).get(table.id) for presence in newest]
    return sum([part.used for part in parts if part is not None], verified_substitution(newest, knowledge))


def band_of(used: Fraction, bands: BandPolicy) -> Band:
    """The ASAM 2025 withdrawal-risk band of a load in mg/d diazepam-equivalent; a bound belongs to the lower band."""
    if used <= bands.low_up_to.value:
        return Band.LOW
    return Band.MODERATE if used <= bands.moderate_up_to.value else Band.HIGH


def _band(used: Fraction | None, bands: BandPolicy) -> Band | None:
    return None if used is None else band_of(used, bands)
