"""Which records count together on one day, read twice.

The *additive* reading follows the record: every order that is in force counts. The *replacement* reading lets a newer
order of the same agent, route and release take the place of the earlier one. Their difference is what the record cannot
tell; severities rest on the replacement reading, totals on the additive one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from rules.assessment import NotCountedReason
from rules.courses import counted_together, kind_of, same_day_copies
from rules.daily_dose import DailyDose
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import Kind, Setting
from rules.quantity import PERCENT
from rules.record import Entry, exclusion, is_stopping
from rules.window import Coverage


@dataclass(frozen=True, slots=True)
class Place:
    """How one entry stands on the day: in which reading it counts, and if in none, why.

    ``present`` is apart from counting: a second copy or an order without a dose is present and adds nothing.
    """

    entry: Entry
    additive: bool = True
    replacement: bool = True
    present: bool = True
    reason: NotCountedReason | None = None
    text: str = ""
    assumptions: tuple[str, ...] = ()

    def assuming(self, *codes: str) -> Place:
        """The place with further assumptions."""
        return replace(self, assumptions=tuple(dict.fromkeys((*self.assumptions, *codes))))

    def absent(self, reason: NotCountedReason, text: str) -> Place:
        """The place of an entry that is neither counted nor present."""
        return replace(self, additive=False, replacement=False, present=False, reason=reason, text=text)

    def once(self, reason: NotCountedReason, text: str) -> Place:
        """The place of a further copy of what counts already: present, adding nothing."""
        return replace(self, additive=False, replacement=False, reason=reason, text=text)


@dataclass(frozen=True, slots=True)
class Situation:
    """Which day is judged and how: with the drafts or without, as it was then (``historic``), or going home."""

    on: date
    with_drafts: bool = False
    historic: bool = False
    at_discharge: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Every entry's place on one day; ``switches`` are (draft, current) sources of a possible switch of agent."""

    situation: Situation
    places: tuple[Place, ...]
    switches: tuple[tuple[str, str], ...] = field(default=())

    def present(self, *, replacement: bool = False) -> tuple[Entry, ...]:
        """The entries that are present; with ``replacement`` only those of the replacement reading."""
        return tuple(
            place.entry
            for place in self.places
            if place.present and (not replacement or place.replacement or place.reason is NotCountedReason.RENEWAL)
        )


EquivalentOf = Callable[[Entry], Fraction | None]


def view(
    entries: Iterable[Entry], situation: Situation, policy: ConcurrencyPolicy, equivalent_of: EquivalentOf
) -> View:
    """Place every entry on the day. ``equivalent_of`` gives an entry's load by the default table, None if it has none."""
    considered = [entry for entry in entries if situation.with_drafts or not entry.regimen.draft]
    places = {entry: _dated(entry, situation, policy) for entry in considered}
    _not_taken(places)
    covered = _requested_agents(places)
    if situation.with_drafts:
        _stop_and_replace(places)
    _replace_by_prior(places)
    _settings(places, situation)
    _covered_by_requests(places, covered)
    _count_once(places, policy)
    switches = _possible_switches(places, policy, equivalent_of) if situation.with_drafts else ()
    return View(situation, tuple(places[entry] for entry in considered), switches)


def _dated(entry: Entry, situation: Situation, policy: ConcurrencyPolicy) -> Place:
    place = Place(entry)
    reason = exclusion(entry.regimen, historic=situation.historic)
    if reason is not None:
        return place.absent(reason, _STATUS_TEXT.get(reason, "it is not in force"))
    if situation.at_discharge and entry.regimen.setting is Setting.INPATIENT:
        return place.absent(NotCountedReason.NOT_ACTIVE, "an order of the stay, which ends with it")
    if entry.regimen.draft:
        return place
    coverage = entry.window.coverage(situation.on, policy)
    if coverage is Coverage.NOT_YET_STARTED:
        return place.absent(NotCountedReason.NOT_YET_STARTED, f"starts on {entry.window.start}")
    if coverage is Coverage.LAPSED:
        if entry.regimen.kind is not Kind.REQUEST:
            return place.absent(NotCountedReason.NOT_ACTIVE, "its supply is over")
        return place.absent(NotCountedReason.LAPSED, _lapsed_text(entry))
    if situation.historic and entry.window.end is None and exclusion(entry.regimen) is not None:
        return place.absent(NotCountedReason.NOT_ACTIVE, "it is over, and when it ended is not recorded")
    if coverage is Coverage.IN_GRACE:
        place = place.assuming("in-grace")
    if entry.window.start is None:
        place = place.assuming("no-date")
    elif entry.window.end is None:
        place = place.assuming("no-length-known")
    return place.assuming("status-unknown") if entry.regimen.status in {"", "unknown"} else place


_STATUS_TEXT = {
    NotCountedReason.WRONG_PATIENT: "it belongs to another patient",
    NotCountedReason.DO_NOT_PERFORM: "it says not to give this medication",
    NotCountedReason.ON_HOLD: "it is on hold",
    NotCountedReason.NOT_ACTIVE: "it is not in force",
}


def _lapsed_text(entry: Entry) -> str:
    if entry.window.end is not None:
        return f"still marked active, but its supply ended on {entry.window.end}: reconcile"
    return f"still marked active, but written on {entry.window.start} without a known length: reconcile"


def _renewal_text(entry: Entry, counted: Entry) -> str:
    """What is said of a renewal; of one being ordered also how early it is."""
    text = f"counted once with {_dated_order(counted)}"
    start, end = entry.window.start, counted.window.end
    if entry.regimen.draft and start is not None and end is not None and end >= start:
        remaining = (end - start).days + 1
        text += f"; early, {remaining} {'day' if remaining == 1 else 'days'} of its supply remain, until {end}"
    return text


def _dated_order(entry: Entry) -> str:
    if entry.regimen.draft:
        return "the new order"
    return f"the order of {entry.window.start}" if entry.window.start is not None else "an undated order"


def _not_taken(places: dict[Entry, Place]) -> None:
    """A "not taking" statement is said beside the active order, never subtracted."""
    denied = {
        entry.agent.id
        for entry in places
        if entry.regimen.kind is Kind.STATEMENT
        and not entry.regimen.another_patient
        and (entry.regimen.taken is False or entry.regimen.status == "not-taken")
    }
    for entry, place in places.items():
        if place.present and entry.agent.id in denied and entry.regimen.kind is Kind.REQUEST:
            places[entry] = place.assuming("stated-not-taken")


def _requested_agents(places: dict[Entry, Place]) -> frozenset[str]:
    return frozenset(
        entry.agent.id
        for entry, place in places.items()
        if place.present and entry.regimen.kind is Kind.REQUEST and not entry.regimen.draft
    )


def _stop_and_replace(places: dict[Entry, Place]) -> None:
    """Drafts that stop, revise or replace an order on record: by id and by priorPrescription they are believed."""
    record = [entry for entry, place in places.items() if place.present and not entry.regimen.draft]
    for draft in [entry for entry in places if entry.regimen.draft]:
        if draft.regimen.another_patient or draft.regimen.status == "entered-in-error":
            continue
        stops = is_stopping(draft.regimen)
        named = [entry for entry in record if entry.source in (draft.source, draft.regimen.prior)]
        for entry in named:
            if not stops and draft.source != entry.source and _same_daily_dose(draft, entry):
                places[draft] = places[draft].once(NotCountedReason.RENEWAL, _renewal_text(draft, entry))
            else:
                text = "stopped by this order" if stops else "replaced by this order"
                places[entry] = places[entry].absent(NotCountedReason.REPLACED, text)
        if stops and not named:
            for entry in record:
                if _same_product(draft, entry):
                    places[entry] = replace(places[entry], replacement=False).assuming("may-be-stopped-by-order")


def _same_daily_dose(one: Entry, other: Entry) -> bool:
    return (
        isinstance(one.dose, DailyDose)
        and isinstance(other.dose, DailyDose)
        and kind_of(one) == kind_of(other)
        and one.dose.by_agent.get(one.agent.id) == other.dose.by_agent.get(other.agent.id)
        and one.dose.by_agent_hourly.get(one.agent.id) == other.dose.by_agent_hourly.get(other.agent.id)
    )


def _same_product(one: Entry, other: Entry) -> bool:
    mine, its = one.product, other.product
    if one.agent.id != other.agent.id:
        return False
    if mine.code is not None and its.code is not None and mine.code == its.code:
        return True
    return mine.ingredients == its.ingredients or not any(i.strength for i in mine.ingredients)


def _replace_by_prior(places: dict[Entry, Place]) -> None:
    """An order on record that names the one it follows replaces it."""
    for newer, place in list(places.items()):
        if not place.present or newer.regimen.draft or newer.regimen.prior is None:
            continue
        for older, its in list(places.items()):
            if its.present and not older.regimen.draft and older.source == newer.regimen.prior and older != newer:
                if _same_daily_dose(newer, older):
                    places[older] = its.once(NotCountedReason.RENEWAL, _renewal_text(older, newer))
                else:
                    places[older] = its.absent(NotCountedReason.REPLACED, f"replaced by {_dated_order(newer)}")


def _settings(places: dict[Entry, Place], situation: Situation) -> None:
    """During a stay, the inpatient order of an agent supersedes the home order of that agent."""
    if situation.at_discharge:
        return
    inpatient = {
        entry.agent.id
        for entry, place in places.items()
        if place.present and entry.regimen.setting is Setting.INPATIENT
    }
    for entry, place in list(places.items()):
        if entry.agent.id in inpatient and place.present and entry.regimen.setting is not Setting.INPATIENT:
            text = "during the stay the inpatient order takes its place"
            places[entry] = place.absent(NotCountedReason.REPLACED, text)


def _covered_by_requests(places: dict[Entry, Place], covered: frozenset[str]) -> None:
    """Statements and dispenses count only where no order on record covers the agent."""
    gone = {
        entry.source
        for entry in places
        if entry.regimen.kind is Kind.REQUEST and entry.regimen.status in {"stopped", "cancelled", "on-hold"}
    }
    for entry, place in list(places.items()):
        if not place.present or entry.regimen.kind is Kind.REQUEST:
            continue
        kind = "dispensed" if entry.regimen.kind is Kind.DISPENSE else "stated"
        if gone & set(entry.regimen.references):
            places[entry] = place.absent(NotCountedReason.NOT_ACTIVE, f"{kind} for an order that was stopped")
        elif entry.agent.id in covered:
            places[entry] = place.once(NotCountedReason.DUPLICATE, f"{kind} under an order that is on record")


def _count_once(places: dict[Entry, Place], policy: ConcurrencyPolicy) -> None:
    """Duplicates, renewals, two prescribers, dose changes: see :mod:`rules.courses`."""
    live = [entry for entry, place in places.items() if place.additive]
    for copy, requesters in same_day_copies(live):
        text = "the same order was written twice on one day; counted once"
        if len(requesters) > 1:
            text += f" ({', '.join(requesters)})"
        places[copy] = places[copy].once(NotCountedReason.DUPLICATE, text)
    live = [entry for entry in live if places[entry].additive]
    for standing in counted_together(live, policy):
        place = places[standing.entry]
        if standing.renewed_by is not None:
            text = _renewal_text(standing.entry, standing.renewed_by)
            places[standing.entry] = place.once(NotCountedReason.RENEWAL, text)
        else:
            kept = place.replacement and standing.newest
            places[standing.entry] = replace(place, replacement=kept).assuming(*standing.assumptions)


def _possible_switches(
    places: dict[Entry, Place], policy: ConcurrencyPolicy, equivalent_of: EquivalentOf
) -> tuple[tuple[str, str], ...]:
    """A draft whose load is near that of one current order of another agent of its class may take its place."""
    current = [e for e, place in places.items() if place.additive and not e.regimen.draft and e.agent.agent_class.in_load]
    switches: list[tuple[str, str]] = []
    for draft, place in list(places.items()):
        mine = equivalent_of(draft) if draft.regimen.draft and place.additive else None
        if mine is None or any(entry.agent.id == draft.agent.id for entry in current):
            continue
        near = [
            entry
            for entry in current
            if entry.agent.agent_class.id == draft.agent.agent_class.id
            and _within(mine, equivalent_of(entry), policy.switch_percent.value * PERCENT)
        ]
        if near:
            closest = min(near, key=lambda entry: (abs((equivalent_of(entry) or mine) - mine), entry.order))
            places[closest] = replace(places[closest], replacement=False).assuming("possible-switch")
            places[draft] = places[draft].assuming("possible-switch")
            switches.append((draft.source, closest.source))
    return tuple(switches)


def _within(mine: Fraction, its: Fraction | None, share: Fraction) -> bool:
    return its is not None and abs(mine - its) <= its * share
