"""Which orders give way to others: to drafts that stop or replace them, to their successors, to the orders of a stay.

Each function changes the presences that it is passed. They run one after another, in the order in which
:func:`rules.timeline.view.view` calls them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from rules.assessment_lines import NotCountedReason
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import RecordKind, Setting
from rules.numbers.quantity import ONE, PERCENT, ZERO
from rules.reading.dosage.daily_dose import FROM_SUPPLY, DailyDose
from rules.timeline.presence import Presence, Presences, dated_order, renewal_text
from rules.timeline.record import RecordEntry
from rules.timeline.renewals import MAY_BE_REPLACED, continues, has_same_daily_dose
from rules.timeline.status import ON_HOLD, is_stopping

MORE_THAN_ORDERED = "more-than-ordered"
# A draft has the id of an order of another drug, or names it as its prior: both count.
NAMES_ANOTHER_DRUG = "named-order-is-another-drug"

# During a stay an inpatient order takes the place of a home order: it does not end it.
SUPERSEDED = "superseded-during-stay"
INPATIENT_DOSE_UNKNOWN = "inpatient-dose-not-known"

NOT_CONTINUED = frozenset({"stopped", "cancelled", ON_HOLD})
KIND_WORDS = {RecordKind.DISPENSE: "dispensed", RecordKind.STATEMENT: "stated"}


@dataclass(frozen=True, slots=True)
class OrderedAgents:
    """The agents that orders on record cover: ``agents`` by any order, ``daily`` (with routes) by daily doses."""

    agents: frozenset[str]
    daily: Mapping[tuple[str, str], tuple[RecordEntry, ...]]

    def cover(self, entry: RecordEntry) -> bool:
        """Whether a statement or dispense is of what they order: one with a daily dose needs an order with one."""
        if isinstance(entry.dose, DailyDose):
            return _therapy(entry) in self.daily
        return entry.agent.id in self.agents

    def exceeded_by(self, entry: RecordEntry, policy: ConcurrencyPolicy) -> bool:
        """Whether a statement or dispense is of a larger daily dose than all orders of its agent and route together.

        An average by quantity and days' supply differs from an order by more than the policy's percentage, since
        supplies are rounded.
        """
        orders = self.daily.get(_therapy(entry), ())
        amounts = [order.amount.used for order in orders if order.amount is not None]
        if entry.amount is None or len(amounts) < len(orders) or not amounts:
            return False
        average = FROM_SUPPLY in entry.dose.assumptions
        rounding = policy.switch_percent.value * PERCENT if average else ZERO
        return entry.amount.used > sum(amounts, ZERO) * (ONE + rounding)


def _therapy(entry: RecordEntry) -> tuple[str, str]:
    return entry.agent.id, entry.administration.route


NOTHING_ORDERED = OrderedAgents(frozenset(), {})


def ordered_agents(presences: Presences) -> OrderedAgents:
    """What the present orders on record cover; nothing where there are only orders, and so nothing to be covered."""
    if all(entry.regimen.kind is RecordKind.REQUEST for entry in presences):
        return NOTHING_ORDERED
    orders = [
        entry
        for entry, presence in presences.items()
        if presence.present and entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    daily: dict[tuple[str, str], tuple[RecordEntry, ...]] = {}
    for entry in orders:
        if isinstance(entry.dose, DailyDose):
            daily[_therapy(entry)] = (*daily.get(_therapy(entry), ()), entry)
    return OrderedAgents(frozenset(entry.agent.id for entry in orders), daily)


def apply_drafts(presences: Presences) -> None:
    """Drafts that stop, revise or replace an order on record: by id and by priorPrescription they are believed.

    Stops and replacements come first, so that a renewal is never counted once with an order that goes.
    """
    drafts = [e for e in presences if is_stopping(e.regimen) or (e.regimen.draft and e.exclusion is None)]
    record = [
        entry
        for entry, presence in presences.items()
        if (presence.present or presence.possible) and not entry.regimen.draft
    ]
    renewals: list[tuple[RecordEntry, RecordEntry]] = []
    for draft in drafts:
        stops = is_stopping(draft.regimen)
        named = [entry for entry in record if refers_to(draft, entry)]
        for entry in record:
            if entry not in named and _names(draft, entry):
                presences[draft] = presences[draft].assuming(NAMES_ANOTHER_DRUG)
                if not stops and entry.source == draft.regimen.prior and _may_follow(entry, draft):
                    presences[entry] = _may_be_replaced(presences[entry])
        for entry in named:
            if stops:
                presences[entry] = presences[entry].absent(NotCountedReason.REPLACED, "stopped by this order")
            elif entry.agent in draft.companions and draft.source != entry.source:
                continue  # the draft's own entry of that agent speaks of it
            elif draft.source != entry.source and continues(draft, entry):
                renewals.append((draft, entry))
            else:
                presences[entry] = presences[entry].absent(NotCountedReason.REPLACED, "replaced by this order")
        if stops and not named:
            for entry in record:
                if presences[entry].present and _same_product(draft, entry):
                    presence = replace(presences[entry], replacement=False)
                    presences[entry] = presence.assuming("may-be-stopped-by-order")
    for draft, entry in renewals:
        if presences[entry].present:
            text = renewal_text(draft, entry)
            presences[draft] = presences[draft].counted_once(NotCountedReason.RENEWAL, text)


def refers_to(draft: RecordEntry, entry: RecordEntry) -> bool:
    """Whether a draft names the order on record that it stops, renews or replaces: by its id or as its prior.

    An id is believed of an order of the same agent, the prior of a new order also of a switch within the class: an EHR
    may give an id twice, or name as prior what was merely ordered before.
    """
    if draft.agents & entry.agents:
        return _names(draft, entry)
    return entry.source == draft.regimen.prior and not is_stopping(draft.regimen) and is_followed_by(entry, draft)


def _names(draft: RecordEntry, entry: RecordEntry) -> bool:
    return entry.source in (draft.source, draft.regimen.prior)


def is_followed_by(entry: RecordEntry, later: RecordEntry) -> bool:
    """Whether a later order that names an order as its prior follows it: of one agent, or of one class."""
    if entry.agents & later.agents:
        return True
    return any(entry.agent.agent_class.id == agent.agent_class.id for agent in (later.agent, *later.companions))


def _may_follow(entry: RecordEntry, later: RecordEntry) -> bool:
    """Whether an order may follow one of another class that it names: a Z-drug a benzodiazepine, or the reverse.

    Both count then, and the replacement reading has the later one alone.
    """
    return entry.agent.agent_class.in_load and any(
        agent.agent_class.in_load for agent in (later.agent, *later.companions)
    )


def _may_be_replaced(presence: Presence) -> Presence:
    if not presence.present:
        return presence
    return replace(presence, replacement=False).assuming(MAY_BE_REPLACED)


def apply_priors(presences: Presences) -> None:
    """An order on record that names the one it follows replaces it, also where a third one follows it in turn."""
    on_record = [entry for entry, presence in presences.items() if presence.present and not entry.regimen.draft]
    if all(entry.regimen.prior is None for entry in on_record):
        return
    record: dict[str, list[RecordEntry]] = defaultdict(list)
    for entry in on_record:
        record[entry.source].append(entry)
    priors = {source: entries[0].regimen.prior for source, entries in record.items()}
    for newer in [entry for entries in record.values() for entry in entries]:
        prior = newer.regimen.prior
        if prior is None or _leads_to(prior, newer.source, priors):
            continue
        for older in record.get(prior, ()):
            presence = presences[older]
            if not presence.present or (newer.agent is not older.agent and older.agent in newer.companions):
                continue  # of an agent that both hold, the newer order's own entry speaks
            if not is_followed_by(older, newer):
                if _may_follow(older, newer):
                    presences[older] = _may_be_replaced(presence)
            elif has_same_daily_dose(newer, older):
                presences[older] = presence.counted_once(NotCountedReason.RENEWAL, renewal_text(older, newer))
            else:
                presences[older] = presence.absent(NotCountedReason.REPLACED, f"replaced by {dated_order(newer)}")


def _leads_to(source: str, end: str, priors: Mapping[str, str | None]) -> bool:
    """Whether a chain of prior orders leads from one order to another: orders in a circle replace nothing."""
    seen: set[str] = set()
    step: str | None = source
    while step is not None and step not in seen:
        if step == end:
            return True
        seen.add(step)
        step = priors.get(step)
    return False


def supersede_home_orders(presences: Presences, on: date, policy: ConcurrencyPolicy) -> None:
    """During a stay, the inpatient order of an agent supersedes the home order of that agent.

    An inpatient order of long ago is of an earlier stay, unless its encounter is open. A single dose or a rescue
    product on the ward supersedes nothing, and a home order that is being written now is not superseded. Where no dose
    of the inpatient order is known, that of home still counts.
    """
    inpatient = [
        entry
        for entry, presence in presences.items()
        if presence.additive
        and entry.regimen.setting is Setting.INPATIENT
        and entry.regimen.kind is RecordKind.REQUEST
        and _is_of_this_stay(entry, on, policy)
        and entry.daily_use
    ]
    superseding = {entry.agent.id for entry in inpatient}
    known = {entry.agent.id for entry in inpatient if entry.dose_is_stated}
    for entry, presence in list(presences.items()) if inpatient else ():
        at_home = entry.regimen.setting is not Setting.INPATIENT and not entry.regimen.draft
        if not (entry.agent.id in superseding and presence.present and at_home):
            continue
        if entry.agent.id in known:
            text = "during the stay the inpatient order takes its place"
            superseded = presence.assuming(SUPERSEDED)
            presences[entry] = superseded.absent(NotCountedReason.REPLACED, text)
        else:
            presences[entry] = presence.assuming(INPATIENT_DOSE_UNKNOWN)


def _is_of_this_stay(entry: RecordEntry, on: date, policy: ConcurrencyPolicy) -> bool:
    regimen = entry.regimen
    if regimen.draft or regimen.of_open_encounter:
        return True
    written = regimen.authored_on or entry.start
    return written is not None and (on - written).days <= policy.stay_days.value


def merge_under_orders(presences: Presences, ordered: OrderedAgents, policy: ConcurrencyPolicy) -> None:
    """Statements and dispenses count only where no order on record covers them, or where they are of more than ordered.

    Of several of more the largest counts, and the order is its low reading.
    """
    resting = [
        (entry, presence)
        for entry, presence in presences.items()
        if (presence.present or presence.possible) and entry.regimen.kind is not RecordKind.REQUEST
    ]
    if not resting:
        return
    orders = [
        presence
        for entry, presence in presences.items()
        if entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    replaced = {_order(item.entry) for item in orders if item.reason is NotCountedReason.REPLACED}
    stopped = {_order(item.entry) for item in orders if item.entry.regimen.status in NOT_CONTINUED}
    # At discharge an order can be both the one that is judged and the one that something was dispensed under.
    drafts = {_order(entry): _used(entry) for entry, item in presences.items() if entry.regimen.draft and item.additive}
    more: dict[tuple[str, str], list[Presence]] = defaultdict(list)
    for entry, presence in resting:
        word = KIND_WORDS[entry.regimen.kind]
        references = {(reference, entry.agent.id) for reference in entry.regimen.references}
        if references & (stopped | replaced):
            text, until_now = f"{word} for an order that was stopped", bool(references & replaced)
            if entry.regimen.kind is RecordKind.STATEMENT and not until_now:
                presences[entry] = presence.may_continue(NotCountedReason.LAPSED, text)
            else:
                presences[entry] = presence.absent(NotCountedReason.NOT_ACTIVE, text, until_now=until_now)
        elif any(_used(entry) <= drafts[reference] for reference in references & drafts.keys()):
            presences[entry] = presence.counted_once(NotCountedReason.DUPLICATE, f"{word} under this order")
        elif ordered.cover(entry):
            text = f"{word} under an order that is on record"
            presences[entry] = presence.counted_once(NotCountedReason.DUPLICATE, text)
            if presence.additive and ordered.exceeded_by(entry, policy):
                more[_therapy(entry)].append(presence)
    for therapy, exceeding in more.items():
        _count_more_than_ordered(presences, exceeding, [o for o in ordered.daily[therapy] if presences[o].additive])


def _count_more_than_ordered(presences: Presences, exceeding: list[Presence], orders: list[RecordEntry]) -> None:
    """The largest of what was stated or dispensed counts in place of the orders; their largest is its low reading."""
    if not orders:
        return
    presence = max(exceeding, key=lambda item: (_used(item.entry), item.entry.order))
    low_of = max(orders, key=lambda order: (_used(order), order.order))
    counted = replace(presence, low_of=low_of)
    presences[presence.entry] = counted.assuming(MORE_THAN_ORDERED)
    text = f"more is {KIND_WORDS[presence.entry.regimen.kind]} than ordered; the larger is counted"
    for order in orders:
        presences[order] = presences[order].counted_once(NotCountedReason.DUPLICATE, text)


def _used(entry: RecordEntry) -> Fraction:
    return entry.amount.used if entry.amount is not None else ZERO


def _order(entry: RecordEntry) -> tuple[str, str]:
    """An order of an agent, as records that rest on it refer to it."""
    return entry.source, entry.agent.id


def _same_product(draft: RecordEntry, entry: RecordEntry) -> bool:
    """Whether a draft, which may name the agent alone, is of an entry's product."""
    if draft.agent.id != entry.agent.id:
        return False
    ordered, recorded = draft.product, entry.product
    if ordered.code is not None and recorded.code is not None and ordered.code == recorded.code:
        return True
    return ordered.ingredients == recorded.ingredients or not any(i.strength for i in ordered.ingredients)
