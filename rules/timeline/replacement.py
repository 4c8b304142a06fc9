"""Which orders give way to others: to drafts that stop or replace them, to their successors, to the orders of a stay.

Each function changes the places it is given; they run one after another, in the order in which
:func:`rules.timeline.view.view` calls them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rules.assessment_lines import NotCountedReason
from rules.model import RecordKind, Setting
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.presence import Presences, dated_order, renewal_text
from rules.timeline.record import RecordEntry, exclusion, is_stopping
from rules.timeline.renewals import kind_of

# FHIR's intents of an order that carries out another one, and of the order that such a one carries out.
_CARRYING_OUT = frozenset({"instance-order", "filler-order"})
_ORIGINAL = "original-order"

_NOT_CONTINUED = frozenset({"stopped", "cancelled", "on-hold"})


@dataclass(frozen=True, slots=True)
class Requested:
    """What orders on record cover: ``agents`` by any order, ``daily`` by one with a daily dose, each with its route."""

    agents: frozenset[str]
    daily: frozenset[tuple[str, str]]

    def covers(self, entry: RecordEntry) -> bool:
        """Whether a statement or dispense tells of nothing more: a daily dose gives way to a daily dose only."""
        if isinstance(entry.dose, DailyDose):
            return (entry.agent.id, entry.administration.route) in self.daily
        return entry.agent.id in self.agents


_NOTHING_REQUESTED = Requested(frozenset(), frozenset())


def requested(places: Presences) -> Requested:
    """What the orders on record cover: nothing where there is nothing else to be covered."""
    if all(entry.regimen.kind is RecordKind.REQUEST for entry in places):
        return _NOTHING_REQUESTED
    orders = [
        entry
        for entry, place in places.items()
        if place.present and entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    return Requested(
        frozenset(entry.agent.id for entry in orders),
        frozenset(
            (entry.agent.id, entry.administration.route) for entry in orders if isinstance(entry.dose, DailyDose)
        ),
    )


def stop_and_replace(places: Presences) -> None:
    """Drafts that stop, revise or replace an order on record: by id and by priorPrescription they are believed.

    Stops and replacements come first, so that a renewal is never counted once with an order that goes.
    """
    drafts = [e for e in places if is_stopping(e.regimen) or (e.regimen.draft and exclusion(e.regimen) is None)]
    record = [entry for entry, place in places.items() if place.present and not entry.regimen.draft]
    renewals: list[tuple[RecordEntry, RecordEntry]] = []
    for draft in drafts:
        stops = is_stopping(draft.regimen)
        named = [entry for entry in record if names(draft, entry)]
        for entry in named:
            if stops:
                places[entry] = places[entry].absent(NotCountedReason.REPLACED, "stopped by this order")
            elif entry.agent in draft.companions and draft.source != entry.source:
                continue  # the draft's own entry of that agent speaks of it
            elif draft.source != entry.source and _continues(draft, entry):
                renewals.append((draft, entry))
            else:
                places[entry] = places[entry].absent(NotCountedReason.REPLACED, "replaced by this order")
        if stops and not named:
            for entry in record:
                if _same_product(draft, entry):
                    places[entry] = replace(places[entry], replacement=False).assuming("may-be-stopped-by-order")
    for draft, entry in renewals:
        if places[entry].present:
            places[draft] = places[draft].once(NotCountedReason.RENEWAL, renewal_text(draft, entry))


def names(draft: RecordEntry, entry: RecordEntry) -> bool:
    """Whether a draft names the order on record that it stops, renews or replaces: by its id or as its prior."""
    return entry.source in (draft.source, draft.regimen.prior)


def home_medicines(places: Presences) -> None:
    """A draft of what was stated already, in the same dose, prescribes what is taken: nothing is added to it."""
    stated = [entry for entry, place in places.items() if entry.regimen.kind is RecordKind.STATEMENT and place.additive]
    for draft, place in list(places.items()):
        told = next((e for e in stated if draft.regimen.draft and place.additive and _continues(draft, e)), None)
        if told is not None:
            places[draft] = place.once(NotCountedReason.RENEWAL, renewal_text(draft, told))


def carried_out(places: Presences) -> None:
    """An order that carries out another one on record in the same dose is that order again, whenever it was written.

    It is told by its intent, and carries out the order that it is based on; where that is not said, an original order
    of the same prescriber.
    """
    orders = [
        entry
        for entry, place in places.items()
        if place.additive and entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    whole = [entry for entry in orders if entry.regimen.intent not in _CARRYING_OUT]
    for entry in orders:
        regimen = entry.regimen
        if regimen.intent not in _CARRYING_OUT:
            continue
        based_on = [other for other in whole if other.source in regimen.references]
        same_hand = [other for other in whole if other.regimen.requester == regimen.requester]
        originals = based_on or [other for other in same_hand if other.regimen.intent == _ORIGINAL]
        original = next((other for other in originals if _same_daily_dose(entry, other)), None)
        if original is not None:
            text = f"carries out {dated_order(original)}; counted once"
            places[entry] = places[entry].once(NotCountedReason.DUPLICATE, text)


def _continues(one: RecordEntry, other: RecordEntry) -> bool:
    """Whether two orders are the same medicine in the same dose at the same place: at home, or on the ward."""
    ward = one.regimen.setting is Setting.INPATIENT
    return (other.regimen.setting is Setting.INPATIENT) is ward and _same_daily_dose(one, other)


def _same_daily_dose(one: RecordEntry, other: RecordEntry) -> bool:
    return (
        one.agent.id == other.agent.id
        and isinstance(one.dose, DailyDose)
        and isinstance(other.dose, DailyDose)
        and kind_of(one) == kind_of(other)
        and one.dose.by_agent.get(one.agent.id) == other.dose.by_agent.get(other.agent.id)
        and one.dose.by_agent_hourly.get(one.agent.id) == other.dose.by_agent_hourly.get(other.agent.id)
    )


def _same_product(one: RecordEntry, other: RecordEntry) -> bool:
    mine, its = one.product, other.product
    if one.agent.id != other.agent.id:
        return False
    if mine.code is not None and its.code is not None and mine.code == its.code:
        return True
    return mine.ingredients == its.ingredients or not any(i.strength for i in mine.ingredients)


def replace_by_prior(places: Presences) -> None:
    """An order on record that names the one it follows replaces it, also where a third one follows it in turn."""
    record: dict[str, list[RecordEntry]] = defaultdict(list)
    for entry, place in places.items():
        if place.present and not entry.regimen.draft:
            record[entry.source].append(entry)
    priors = {source: entries[0].regimen.prior for source, entries in record.items()}
    for newer in [entry for entries in record.values() for entry in entries]:
        prior = newer.regimen.prior
        if prior is None or _leads_to(prior, newer.source, priors):
            continue
        for older in record.get(prior, ()):
            its = places[older]
            if not its.present or (newer.agent is not older.agent and older.agent in newer.companions):
                continue  # of an agent that both hold, the newer order's own entry speaks
            if _same_daily_dose(newer, older):
                places[older] = its.once(NotCountedReason.RENEWAL, renewal_text(older, newer))
            else:
                places[older] = its.absent(NotCountedReason.REPLACED, f"replaced by {dated_order(newer)}")


def _leads_to(source: str, end: str, priors: Mapping[str, str | None]) -> bool:
    """Whether following the orders that orders name leads from one to another: those of a ring replace nothing."""
    seen: set[str] = set()
    step: str | None = source
    while step is not None and step not in seen:
        if step == end:
            return True
        seen.add(step)
        step = priors.get(step)
    return False


def settings(places: Presences) -> None:
    """During a stay, the inpatient order of an agent supersedes the home order of that agent.

    A single dose or a rescue product on the ward supersedes nothing, and a home order that is being written now is no
    order to be superseded.
    """
    inpatient = {
        entry.agent.id
        for entry, place in places.items()
        if place.additive
        and entry.regimen.setting is Setting.INPATIENT
        and entry.regimen.kind is RecordKind.REQUEST
        and entry.daily_use
    }
    for entry, place in list(places.items()):
        at_home = entry.regimen.setting is not Setting.INPATIENT and not entry.regimen.draft
        if entry.agent.id in inpatient and place.present and at_home:
            text = "during the stay the inpatient order takes its place"
            places[entry] = place.absent(NotCountedReason.REPLACED, text)


def covered_by_requests(places: Presences, covered: Requested) -> None:
    """Statements and dispenses count only where no order on record covers them."""
    ordered = [place for e, place in places.items() if e.regimen.kind is RecordKind.REQUEST and not e.regimen.draft]
    replaced = {place.entry.source for place in ordered if place.reason is NotCountedReason.REPLACED}
    stopped = {place.entry.source for place in ordered if place.entry.regimen.status in _NOT_CONTINUED}
    for entry, place in list(places.items()):
        if not place.present or entry.regimen.kind is RecordKind.REQUEST:
            continue
        kind = "dispensed" if entry.regimen.kind is RecordKind.DISPENSE else "stated"
        names = set(entry.regimen.references)
        if names & (stopped | replaced):
            text = f"{kind} for an order that was stopped"
            places[entry] = place.absent(NotCountedReason.NOT_ACTIVE, text, until_now=bool(names & replaced))
        elif covered.covers(entry):
            places[entry] = place.once(NotCountedReason.DUPLICATE, f"{kind} under an order that is on record")
