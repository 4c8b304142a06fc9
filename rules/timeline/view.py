"""Which records count together on one day, read twice.

The *additive* reading follows the record: every order that is in force counts. The *replacement* reading lets a newer
order of the same agent, route and release take the place of the earlier one. The record alone cannot settle which one
holds: severities rest on the replacement reading, totals on the additive one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from rules.assessment_lines import NotCountedReason
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import RecordKind
from rules.numbers.memo import LazyValues, lazy
from rules.timeline.early_end import early_ends, ordered_again_among
from rules.timeline.in_force import Viewpoint, agents_going_home, by_status_and_dates
from rules.timeline.possible import settle_possible
from rules.timeline.presence import Presence, Presences, renewal_text
from rules.timeline.record import RecordEntry
from rules.timeline.renewals import counted_together, merge_carried_out, merge_home_medicines, same_day_copies
from rules.timeline.replacement import (
    apply_drafts,
    apply_priors,
    merge_under_orders,
    ordered_agents,
    supersede_home_orders,
)
from rules.timeline.status import NOT_TAKEN
from rules.timeline.switch import EquivalentOf, possible_switches


@dataclass(frozen=True, slots=True)
class View(LazyValues):
    """How every entry stands on one day.

    ``switches`` are (draft, order) sources of a possible switch of agent. ``widened``: what may still be taken is
    present as well. ``left_out`` are entries that are viewed as if they were not there.
    """

    viewpoint: Viewpoint
    presences: tuple[Presence, ...]
    switches: tuple[tuple[str, str], ...] = ()
    widened: bool = False
    left_out: frozenset[RecordEntry] = frozenset()

    @lazy
    def viewed(self) -> tuple[Presence, ...]:
        """How every entry stands that is not left out."""
        if not self.left_out:
            return self.presences
        return tuple(presence for presence in self.presences if presence.entry not in self.left_out)

    @lazy
    def possible(self) -> tuple[RecordEntry, ...]:
        """The entries that may still be taken."""
        return tuple(presence.entry for presence in self.viewed if presence.possible)

    def is_present(self, presence: Presence) -> bool:
        """Whether an entry is present: certainly, or in a widened view possibly."""
        return presence.present or (self.widened and presence.possible)

    @lazy
    def counted(self) -> tuple[Presence, ...]:
        """What counts in the additive reading."""
        return tuple(presence for presence in self.viewed if presence.additive)

    @lazy
    def present(self) -> tuple[RecordEntry, ...]:
        """The entries that are present."""
        return tuple(presence.entry for presence in self.viewed if self.is_present(presence))

    @lazy
    def present_if_replaced(self) -> tuple[RecordEntry, ...]:
        """The entries that are present in the replacement reading.

        A renewal is present in it together with the order that it is counted once with.
        """
        counted = {presence.entry.agent.id for presence in self.viewed if presence.present and presence.replacement}
        return tuple(
            presence.entry
            for presence in self.viewed
            if self.is_present(presence)
            and (
                presence.possible
                or presence.replacement
                or (presence.reason is NotCountedReason.RENEWAL and presence.entry.agent.id in counted)
            )
        )


def view(
    entries: Iterable[RecordEntry], viewpoint: Viewpoint, policy: ConcurrencyPolicy, equivalent_of: EquivalentOf
) -> View:
    """How every entry stands on the day of the viewpoint.

    ``equivalent_of`` is an entry's load by the default table, in mg/d diazepam-equivalent, None if it has none.
    """
    entries = tuple(entries)
    considered = [entry for entry in entries if viewpoint.with_drafts or not entry.regimen.draft]
    ordered_again = ordered_again_among(considered, viewpoint.on)
    going_home = frozenset() if viewpoint.looks_back else agents_going_home(entries)
    presences = {
        entry: by_status_and_dates(entry, viewpoint, policy, ordered_again, going_home) for entry in considered
    }
    if viewpoint.seen_on is not None:
        _end_early(presences, viewpoint.on, viewpoint.seen_on)
    _note_not_taken(presences)
    ordered = ordered_agents(presences)
    if viewpoint.with_drafts:
        apply_drafts(presences)
    apply_priors(presences)
    merge_carried_out(presences)
    if not viewpoint.at_discharge:
        supersede_home_orders(presences, viewpoint.on, policy)
    merge_under_orders(presences, ordered, policy)
    merge_home_medicines(presences)
    _count_once(presences, policy)
    settle_possible(presences)
    switches = possible_switches(presences, policy, equivalent_of) if viewpoint.with_drafts else ()
    return View(viewpoint, tuple(presences[entry] for entry in considered), switches)


def concerned(entries: Collection[RecordEntry], asked: Callable[[RecordEntry], bool]) -> list[RecordEntry]:
    """The entries that make a difference to how those that are ``asked`` for stand, in a view of the record alone.

    They are these, and all that name another record or are named by one: nothing else reaches from one class of agents
    to another. Whole classes must be asked for.
    """
    named = {name for entry in entries for name in (entry.regimen.prior, *entry.regimen.references)}
    return [entry for entry in entries if asked(entry) or entry.regimen.prior is not None or entry.source in named]


def _end_early(presences: Presences, on: date, seen_on: date) -> None:
    """Looking back: an order that was ended early gives way to the order that followed it."""
    present = [entry for entry, presence in presences.items() if presence.present]
    for entry, end in early_ends(present, presences, seen_on).items():
        if end <= on:
            text = f"it gave way to an order of {end}"
            presences[entry] = presences[entry].absent(NotCountedReason.NOT_ACTIVE, text)


def _note_not_taken(presences: Presences) -> None:
    """A "not taking" statement is noted on the active order, which still counts."""
    not_taken = {
        entry.agent.id
        for entry in presences
        if entry.regimen.kind is RecordKind.STATEMENT
        and not entry.regimen.another_patient
        and (entry.regimen.taken is False or entry.regimen.status == NOT_TAKEN)
    }
    for entry, presence in presences.items() if not_taken else ():
        if presence.present and entry.agent.id in not_taken and entry.regimen.kind is RecordKind.REQUEST:
            presences[entry] = presence.assuming("stated-not-taken")


def _count_once(presences: Presences, policy: ConcurrencyPolicy) -> None:
    """Duplicates, renewals, two prescribers, dose changes: see :mod:`rules.timeline.renewals`."""
    counted = [entry for entry, presence in presences.items() if presence.additive]
    for copy, requesters in same_day_copies(counted):
        text = f"the same order was written twice{' on one day' if copy.start else ''}; counted once"
        duplicate = presences[copy].counted_once(NotCountedReason.DUPLICATE, text)
        presences[copy] = replace(duplicate, requesters=requesters if len(requesters) > 1 else ())
    counted = [entry for entry in counted if presences[entry].additive]
    for status in counted_together(counted, policy):
        presence = presences[status.entry]
        if status.in_turn_with is not None:
            text = "one of orders that follow each other; the largest of them counts"
            presences[status.entry] = presence.counted_once(NotCountedReason.RENEWAL, text)
        elif status.renewed_by is not None:
            text = renewal_text(status.entry, status.renewed_by)
            presences[status.entry] = presence.counted_once(NotCountedReason.RENEWAL, text)
        elif not status.newest or status.assumptions:
            newest = presence.replacement and status.newest
            presences[status.entry] = replace(presence, replacement=newest).assuming(*status.assumptions)
