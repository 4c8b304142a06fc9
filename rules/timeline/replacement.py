"""Which orders give way to others: to drafts that stop or replace them, to their successors, to the orders of a stay.

Each function changes the presences that it is passed. They run one after another, in the order in which
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
from rules.timeline.record import RecordEntry
from rules.timeline.renewals import therapy_of
from rules.timeline.status import ON_HOLD, is_stopping

# FHIR's intents of an order that carries out another one, and of the order that such a one carries out.
CARRYING_OUT = frozenset({"instance-order", "filler-order"})
ORIGINAL = "original-order"

NOT_CONTINUED = frozenset({"stopped", "cancelled", ON_HOLD})
KIND_WORDS = {RecordKind.DISPENSE: "dispensed", RecordKind.STATEMENT: "stated"}


@dataclass(frozen=True, slots=True)
class OrderedAgents:
    """The agents that orders on record cover: ``agents`` by any order, ``daily`` (with routes) by a daily dose."""

    agents: frozenset[str]
    daily: frozenset[tuple[str, str]]

    def cover(self, entry: RecordEntry) -> bool:
        """Whether a statement or dispense adds nothing to them: one with a daily dose needs an order with one."""
        if isinstance(entry.dose, DailyDose):
            return (entry.agent.id, entry.administration.route) in self.daily
        return entry.agent.id in self.agents


NOTHING_ORDERED = OrderedAgents(frozenset(), frozenset())


def ordered_agents(presences: Presences) -> OrderedAgents:
    """What the present orders on record cover; nothing where there are only orders, and so nothing to be covered."""
    if all(entry.regimen.kind is RecordKind.REQUEST for entry in presences):
        return NOTHING_ORDERED
    orders = [
        entry
        for entry, presence in presences.items()
        if presence.present and entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    return OrderedAgents(
        frozenset(entry.agent.id for entry in orders),
        frozenset(
            (entry.agent.id, entry.administration.route) for entry in orders if isinstance(entry.dose, DailyDose)
        ),
    )


def apply_drafts(presences: Presences) -> None:
    """Drafts that stop, revise or replace an order on record: by id and by priorPrescription they are believed.

    Stops and replacements come first, so that a renewal is never counted once with an order that goes.
    """
    drafts = [e for e in presences if is_stopping(e.regimen) or (e.regimen.draft and e.exclusion is None)]
    record = [entry for entry, presence in presences.items() if presence.present and not entry.regimen.draft]
    renewals: list[tuple[RecordEntry, RecordEntry]] = []
    for draft in drafts:
        stops = is_stopping(draft.regimen)
        named = [entry for entry in record if refers_to(draft, entry)]
        for entry in named:
            if stops:
                presences[entry] = presences[entry].absent(NotCountedReason.REPLACED, "stopped by this order")
            elif entry.agent in draft.companions and draft.source != entry.source:
                continue  # the draft's own entry of that agent speaks of it
            elif draft.source != entry.source and _continues(draft, entry):
                renewals.append((draft, entry))
            else:
                presences[entry] = presences[entry].absent(NotCountedReason.REPLACED, "replaced by this order")
        if stops and not named:
            for entry in record:
                if _same_product(draft, entry):
                    presence = replace(presences[entry], replacement=False)
                    presences[entry] = presence.assuming("may-be-stopped-by-order")
    for draft, entry in renewals:
        if presences[entry].present:
            text = renewal_text(draft, entry)
            presences[draft] = presences[draft].counted_once(NotCountedReason.RENEWAL, text)


def refers_to(draft: RecordEntry, entry: RecordEntry) -> bool:
    """Whether a draft names the order on record that it stops, renews or replaces: by its id or as its prior."""
    return entry.source in (draft.source, draft.regimen.prior)


def apply_priors(presences: Presences) -> None:
    """An order on record that names the one it follows replaces it, also where a third one follows it in turn."""
    record: dict[str, list[RecordEntry]] = defaultdict(list)
    for entry, presence in presences.items():
        if presence.present and not entry.regimen.draft:
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
            if _same_daily_dose(newer, older):
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


def merge_carried_out(presences: Presences) -> None:
    """An order that carries out another one on record in the same dose is that order again, whenever it was written.

    It is recognised by its intent. It carries out the order that it is based on, else an original order of the same
    prescriber.
    """
    orders = [
        entry
        for entry, presence in presences.items()
        if presence.additive and entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    others = [entry for entry in orders if entry.regimen.intent not in CARRYING_OUT]
    for entry in orders:
        regimen = entry.regimen
        if regimen.intent not in CARRYING_OUT:
            continue
        based_on = [other for other in others if other.source in regimen.references]
        of_requester = [other for other in others if other.regimen.requester == regimen.requester]
        originals = based_on or [other for other in of_requester if other.regimen.intent == ORIGINAL]
        original = next((other for other in originals if _same_daily_dose(entry, other)), None)
        if original is not None:
            text = f"carries out {dated_order(original)}; counted once"
            presences[entry] = presences[entry].counted_once(NotCountedReason.DUPLICATE, text)


def supersede_home_orders(presences: Presences) -> None:
    """During a stay, the inpatient order of an agent supersedes the home order of that agent.

    A single dose or a rescue product on the ward supersedes nothing, and a home order that is being written now is not
    superseded.
    """
    inpatient = {
        entry.agent.id
        for entry, presence in presences.items()
        if presence.additive
        and entry.regimen.setting is Setting.INPATIENT
        and entry.regimen.kind is RecordKind.REQUEST
        and entry.daily_use
    }
    for entry, presence in list(presences.items()):
        at_home = entry.regimen.setting is not Setting.INPATIENT and not entry.regimen.draft
        if entry.agent.id in inpatient and presence.present and at_home:
            text = "during the stay the inpatient order takes its place"
            presences[entry] = presence.absent(NotCountedReason.REPLACED, text)


def merge_under_orders(presences: Presences, ordered: OrderedAgents) -> None:
    """Statements and dispenses count only where no order on record covers them."""
    orders = [
        presence
        for entry, presence in presences.items()
        if entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    replaced = {presence.entry.source for presence in orders if presence.reason is NotCountedReason.REPLACED}
    stopped = {presence.entry.source for presence in orders if presence.entry.regimen.status in NOT_CONTINUED}
    for entry, presence in list(presences.items()):
        if not presence.present or entry.regimen.kind is RecordKind.REQUEST:
            continue
        word = KIND_WORDS[entry.regimen.kind]
        references = set(entry.regimen.references)
        if references & (stopped | replaced):
            text, until_now = f"{word} for an order that was stopped", bool(references & replaced)
            presences[entry] = presence.absent(NotCountedReason.NOT_ACTIVE, text, until_now=until_now)
        elif ordered.cover(entry):
            text = f"{word} under an order that is on record"
            presences[entry] = presence.counted_once(NotCountedReason.DUPLICATE, text)


def merge_home_medicines(presences: Presences) -> None:
    """A draft of a stated medicine in the same dose prescribes what is taken already: it adds nothing."""
    statements = [
        entry
        for entry, presence in presences.items()
        if entry.regimen.kind is RecordKind.STATEMENT and presence.additive
    ]
    for draft, presence in list(presences.items()):
        if not (draft.regimen.draft and presence.additive):
            continue
        stated = next((statement for statement in statements if _continues(draft, statement)), None)
        if stated is not None:
            text = renewal_text(draft, stated)
            presences[draft] = presence.counted_once(NotCountedReason.RENEWAL, text)


def _continues(one: RecordEntry, other: RecordEntry) -> bool:
    """Whether two orders are the same medicine in the same dose in the same setting: at home, or on the ward."""
    ward = one.regimen.setting is Setting.INPATIENT
    return (other.regimen.setting is Setting.INPATIENT) is ward and _same_daily_dose(one, other)


def _same_daily_dose(one: RecordEntry, other: RecordEntry) -> bool:
    return (
        one.agent.id == other.agent.id
        and isinstance(one.dose, DailyDose)
        and isinstance(other.dose, DailyDose)
        and therapy_of(one) == therapy_of(other)
        and one.dose.by_agent.get(one.agent.id) == other.dose.by_agent.get(other.agent.id)
        and one.dose.by_agent_hourly.get(one.agent.id) == other.dose.by_agent_hourly.get(other.agent.id)
    )


def _same_product(draft: RecordEntry, entry: RecordEntry) -> bool:
    """Whether a draft, which may name the agent alone, is of an entry's product."""
    if draft.agent.id != entry.agent.id:
        return False
    ordered, recorded = draft.product, entry.product
    if ordered.code is not None and recorded.code is not None and ordered.code == recorded.code:
        return True
    return ordered.ingredients == recorded.ingredients or not any(i.strength for i in ordered.ingredients)
