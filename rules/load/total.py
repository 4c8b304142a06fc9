"""The total: mg/d diazepam-equivalent over everything that counts, by every table, with what is known to be missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rules.assessment import Band, Load, TableTotal
from rules.assessment_lines import (
    Contribution,
    Doubt,
    Evidence,
    NotCounted,
    NotCountedReason,
    NotInLoad,
    NotInLoadReason,
    Standing,
)
from rules.knowledge.figure import Table
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.policy import BandPolicy
from rules.load.equivalence import equivalence, in_load, to_diazepam
from rules.load.substitution import added, substitution, substitution_known
from rules.numbers.quantity import ZERO, DiazepamEquivalent
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry
from rules.timeline.view import View

# An order on record that adds nothing today and counts with the orders being written: it begins before they do.
WITH_ORDER = "counts-with-order"


@dataclass(frozen=True, slots=True)
class Worked:
    """One place with its conversion: exactly one of the three, or several lines of ``not_in_load``."""

    place: Presence
    contribution: Contribution | None = None
    not_in_load: NotInLoad | None = None
    not_counted: NotCounted | None = None


def converted(entry: RecordEntry, table: Table, knowledge: Knowledge) -> DiazepamEquivalent | None:
    """The entry's load by a table; None if it has none: another class, no dose, no figure, a route without one."""
    known = entry.equivalents
    if table.id not in known:
        known[table.id] = _converted(entry, table, knowledge)
    return known[table.id]


def _converted(entry: RecordEntry, table: Table, knowledge: Knowledge) -> DiazepamEquivalent | None:
    dose = entry.milligrams
    if dose is None or not in_load(entry.agent) or not entry.administration.equivalent or entry.administration.rescue:
        return None
    found = equivalence(entry.agent, table)
    return to_diazepam(dose, found.figure, knowledge) if found is not None else None


def work(place: Presence, knowledge: Knowledge) -> Worked:
    """Where a place belongs in the answer: a contribution, beside the load, or not counted."""
    entry = place.entry
    if place.reason is not None:
        return Worked(place, not_counted=_not_counted(place, place.reason, place.text, ()))
    beside = _beside_the_load(entry)
    if beside is not None:
        return Worked(place, not_in_load=_not_in_load(place, beside, knowledge))
    equivalent = converted(entry, knowledge.tables[knowledge.default_table], knowledge)
    if equivalent is not None:
        return Worked(place, contribution=_contribution(place, equivalent, knowledge))
    if isinstance(entry.dose, DailyDose):
        return Worked(place, not_in_load=_not_in_load(place, NotInLoadReason.NO_PUBLISHED_EQUIVALENCE, knowledge))
    told = _not_counted(place, entry.dose.reason, entry.dose.read_as, entry.dose.evidence(knowledge.vocabulary))
    return Worked(place, not_counted=told)


def _beside_the_load(entry: RecordEntry) -> NotInLoadReason | None:
    if entry.agent.agent_class.opioid or not (in_load(entry.agent) or entry.agent.substitution):
        return NotInLoadReason.NO_PUBLISHED_EQUIVALENCE
    if entry.administration.rescue:
        return NotInLoadReason.RESCUE_PRODUCT
    if not in_load(entry.agent):
        return NotInLoadReason.SUBSTITUTION_ONLY
    return NotInLoadReason.ROUTE_WITHOUT_EQUIVALENCE if not entry.administration.equivalent else None


def total(view: View, knowledge: Knowledge, *, everything_read: bool) -> Load:
    """The load of what counts in a view. ``everything_read``: no record was unreadable, nameless or withheld."""
    counted = view.counted()
    default = knowledge.default_table
    sums = {name: _by_table(counted, table, knowledge) for name, table in knowledge.tables.items()}
    complete = everything_read and sums[default].complete and substitution_known(counted, knowledge)
    relevant = [place for place in counted if in_load(place.entry.agent) and place.entry.daily_use]
    readable = bool(sums[default].parts) or (complete and not relevant)
    extra = added(counted, knowledge)
    amount = sum((part for _, part in sums[default].parts), extra)
    newest = [place for place in counted if place.replacement]
    kept = sum((part for place, part in sums[default].parts if place.replacement), added(newest, knowledge))
    readable = readable or extra.used > 0
    used = amount.used if readable else None
    return Load(
        used=used,
        low=kept.low,
        high=amount.high if complete and used is not None else None,
        complete=complete,
        band=_band(used, knowledge.policy.bands),
        components=_components(sums[default].parts, knowledge),
        substitution=substitution(counted, knowledge),
        if_replaced=kept.used,
        by_table={
            name: TableTotal(
                used=(by := _used(sums[name], extra.used, readable)),
                band=_band(by, knowledge.policy.bands),
                fallback=tuple(sorted(sums[name].fallback)),
                missing=tuple(sorted(sums[name].missing)),
            )
            for name in knowledge.tables
        },
    )


@dataclass(frozen=True, slots=True)
class _Sum:
    parts: tuple[tuple[Presence, DiazepamEquivalent], ...]
    complete: bool
    fallback: frozenset[str]
    missing: frozenset[str]


def _by_table(counted: Iterable[Presence], table: Table, knowledge: Knowledge) -> _Sum:
    parts: list[tuple[Presence, DiazepamEquivalent]] = []
    fallback: set[str] = set()
    missing: set[str] = set()
    complete = True
    for place in counted:
        entry = place.entry
        if not in_load(entry.agent) or not entry.daily_use:
            continue
        found = equivalence(entry.agent, table)
        if found is None:
            missing.add(entry.agent.id)
        elif found.by_fallback:
            fallback.add(entry.agent.id)
        part = converted(entry, table, knowledge)
        if part is not None:
            parts.append((place, part))
        if part is None or entry.dose_is_partial:
            complete = False
    return _Sum(tuple(parts), complete, frozenset(fallback), frozenset(missing))


def replacement_load(
    view: View,
    table: Table,
    knowledge: Knowledge,
    agent_class: str | None = None,
    without: Collection[str] = frozenset(),
) -> Fraction:
    """The load of the replacement reading, at the dose used: what severities and comparisons rest on.

    A substitution figure that a site adds to the total is part of it only if it is verified. Of one class if
    ``agent_class`` names it; ``without`` some agents.
    """
    counted = [
        place
        for place in view.counted()
        if place.replacement
        and place.entry.agent.id not in without
        and agent_class in (None, place.entry.agent.agent_class.id)
    ]
    parts = (converted(place.entry, table, knowledge) for place in counted)
    extra = added(counted, knowledge, verified=True).used
    return sum((part.used for part in parts if part is not None), extra)


def band_of(used: Fraction, bands: BandPolicy) -> Band:
    """ASAM 2025 withdrawal-risk band of a load; the bounds belong to the lower band."""
    if used <= bands.low_up_to.value:
        return Band.LOW
    return Band.MODERATE if used <= bands.moderate_up_to.value else Band.HIGH


def _band(used: Fraction | None, bands: BandPolicy) -> Band | None:
    return None if used is None else band_of(used, bands)


def _used(by_table: _Sum, extra: Fraction, readable: bool) -> Fraction | None:
    if not readable or (by_table.missing and not by_table.parts):
        return None
    return sum((part.used for _, part in by_table.parts), extra)


def _components(parts: Iterable[tuple[Presence, DiazepamEquivalent]], knowledge: Knowledge) -> Mapping[str, Fraction]:
    components = {name: ZERO for name, agent_class in knowledge.classes.items() if agent_class.in_load}
    for place, part in parts:
        components[place.entry.agent.agent_class.id] += part.used
    return components


def _contribution(place: Presence, equivalent: DiazepamEquivalent, knowledge: Knowledge) -> Contribution:
    entry, dose = place.entry, place.entry.milligrams
    found = equivalence(entry.agent, knowledge.tables[knowledge.default_table])
    if dose is None or found is None or not isinstance(entry.dose, DailyDose):
        raise ValueError("a contribution has a dose and a figure")
    return Contribution(
        source=entry.source,
        requester=entry.regimen.requester,
        standing=Standing.ORDERED if WITH_ORDER in place.assumptions else entry.standing,
        agent=entry.agent.id,
        agent_class=entry.agent.agent_class.id,
        product=entry.product.name,
        sig=entry.dose.sig,
        read_as=entry.dose.read_as,
        daily_dose=dose,
        equivalent=equivalent,
        reference=found.figure.source,
        assumptions=assumptions_of(place),
        doubts=doubts_of(entry),
        read_from=entry.dose.evidence(knowledge.vocabulary),
    )


def assumptions_of(place: Presence) -> tuple[str, ...]:
    """Everything that was assumed of an order: reading its product and dose, and placing it beside the others."""
    entry = place.entry
    return tuple(
        dict.fromkeys((*entry.regimen.notes, *entry.product.assumptions, *entry.dose.assumptions, *place.assumptions))
    )


def _not_in_load(place: Presence, reason: NotInLoadReason, knowledge: Knowledge) -> NotInLoad:
    entry = place.entry
    dose = None
    if isinstance(entry.dose, DailyDose):
        dose = entry.dose.by_agent.get(entry.agent.id) or entry.dose.by_agent_hourly.get(entry.agent.id)
    return NotInLoad(
        source=entry.source,
        agent=entry.agent.id,
        agent_class=entry.agent.agent_class.id,
        present=place.present,
        reason=reason,
        standing=entry.standing,
        product=entry.product.name,
        sig=entry.dose.sig,
        read_as=entry.dose.read_as,
        daily_dose=dose,
        assumptions=assumptions_of(place),
        doubts=doubts_of(entry),
        read_from=entry.dose.evidence(knowledge.vocabulary),
    )


def doubts_of(entry: RecordEntry) -> tuple[Doubt, ...]:
    """Where the dose of an agent, or the number of units of its product, is beyond what anybody takes."""
    doubts = entry.dose.doubts if isinstance(entry.dose, DailyDose) else ()
    return tuple(doubt for doubt in doubts if doubt.agent in ("", entry.agent.id))


def _not_counted(place: Presence, reason: NotCountedReason, text: str, read_from: tuple[Evidence, ...]) -> NotCounted:
    entry = place.entry
    return NotCounted(
        source=entry.source,
        agent=entry.agent.id,
        agent_class=entry.agent.agent_class.id,
        present=place.present,
        reason=reason,
        text=text,
        standing=entry.standing,
        product=entry.product.name,
        sig=entry.instructions.sig,
        read_from=read_from,
        until_now=place.until_now,
    )
