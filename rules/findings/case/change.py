"""What the orders being written begin or increase, by the replacement reading."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from rules.assessment import TableRise
from rules.findings.case.case import Case
from rules.findings.case.present import OXYBATE, depressants_of, sedatives_of
from rules.load.opioid import mme_of
from rules.numbers.quantity import ONE, PERCENT, ZERO
from rules.reading.condition.text import phrases
from rules.reading.dosage.text import words_of
from rules.timeline.record import RecordEntry
from rules.timeline.replacement import refers_to
from rules.timeline.view import View


def raised(case: Case, agent: str) -> bool | None:
    """Whether the orders raise the daily dose of an agent that is taken; None where a dose is not known."""
    if case.ordered is None or not is_taken(case.now, agent) or not any(e.agent.id == agent for e in case.drafts):
        return False
    if any(entry.amount is None for view in (case.now, case.ordered) for entry in _taken(view, agent)):
        return None
    return amount_taken(case.ordered, agent) > amount_taken(case.now, agent)


def increases(case: Case) -> bool:
    """Whether the orders being written begin or increase exposure.

    One agent in place of another of its class, stated or plausible, begins nothing; it increases exposure where the
    load rises by more than the spread of the tables (``switch_percent``). Agents whose dose is not known are left out.
    """
    if case.ordered is None:
        return False
    taken, ordered = depressants_of(case.of_late.present_if_replaced), depressants_of(case.ordered.present_if_replaced)
    agents = {entry.agent.id for entry in taken}
    added = [entry for entry in ordered if entry.regimen.draft and entry.agent.id not in agents]
    switched = {draft for draft, _ in case.ordered.switches}
    instead = [entry for entry in added if entry.source in switched or replaces_its_class(case, entry)]
    if len(instead) < len(added):
        return True
    unknown = {entry.agent.id for entry in (*taken, *ordered) if entry.amount is None}
    in_load = any(entry.agent.agent_class.in_load for entry in instead)
    spread = case.knowledge.policy.concurrency.switch_percent.value if in_load else ZERO
    before = case.replacement_load(case.of_late, without=unknown)
    if case.replacement_load(case.ordered, without=unknown) > before * (ONE + spread * PERCENT):
        return True
    opioid = any(entry.agent.agent_class.opioid for entry in instead)
    if opioid and mme_if_replaced(case, case.ordered) > mme_if_replaced(case, case.of_late):
        return True
    others = {entry.agent.id for entry in case.drafts if _adds_by_itself(entry)}
    return any(
        amount_taken(case.ordered, agent) > amount_taken(case.of_late, agent) for agent in (others & agents) - unknown
    )


def rises_elsewhere(case: Case) -> tuple[TableRise, ...]:
    """The tables by which a change of agent raises the load by ``table_rise_percent``, though it is about equal
    (``switch_percent``) by the default one. Nothing where a dose is not known."""
    if case.ordered is None or not _changes_agents(case, case.ordered):
        return ()
    if any(entry.amount is None for view in (case.now, case.ordered) for entry in sedatives_of(view.present)):
        return ()
    policy = case.knowledge.policy.concurrency
    before, after = (case.replacement_load(view) for view in (case.now, case.ordered))
    if before == 0 or abs(after - before) > before * policy.switch_percent.value * PERCENT:
        return ()
    least = ONE + policy.table_rise_percent.value * PERCENT
    rises = (
        TableRise(name, case.replacement_load(case.now, table), case.replacement_load(case.ordered, table))
        for name, table in case.knowledge.tables.items()
    )
    return tuple(rise for rise in rises if rise.before > 0 and rise.after >= rise.before * least)


def _changes_agents(case: Case, ordered: View) -> bool:
    """Whether the orders end one sedative and begin another, by the replacement reading."""
    before = {entry.agent.id for entry in sedatives_of(case.now.present_if_replaced)}
    after = {entry.agent.id for entry in sedatives_of(ordered.present_if_replaced)}
    return bool(before - after) and bool(after - before)


def taken_over(case: Case) -> frozenset[str]:
    """The sources of the orders on record that a draft takes over, so that to end them leaves no gap and no cut.

    The draft is of the same agent and by the same hand, begins by today, comes to at least about as much as those
    orders do together (``switch_percent`` less), and its words do not tell that it is taken beside another. Where any
    of that is not known it takes over nothing.
    """
    least = ONE - case.knowledge.policy.concurrency.switch_percent.value * PERCENT
    found: set[str] = set()
    for draft in case.drafts:
        begins = draft.start is not None and draft.start <= case.on
        if not begins or draft.amount is None or draft.regimen.requester is None or _is_taken_beside(case, draft):
            continue
        earlier = [
            entry
            for entry in case.now.present
            if entry.agent.id == draft.agent.id and entry.regimen.requester == draft.regimen.requester
        ]
        amounts = [entry.amount for entry in earlier]
        known = [amount.used for amount in amounts if type(amount) is type(draft.amount)]
        if len(known) == len(amounts) and draft.amount.used >= sum(known, ZERO) * least:
            found |= {entry.source for entry in earlier}
    return frozenset(found)


def lengths(case: Case) -> tuple[tuple[str, int | None], ...]:
    """For how many days each depressant being ordered is, by its source; None where that is not known."""
    found = {
        (
            entry.source,
            None if entry.start is None or entry.window.end is None else (entry.window.end - entry.start).days + 1,
        )
        for entry in case.drafts
        if entry.agent.agent_class.depressant
    }
    return tuple(sorted(found, key=str))


def _is_taken_beside(case: Case, draft: RecordEntry) -> bool:
    """Whether the words of a draft tell that it is taken beside another order."""
    words = phrases(case.knowledge.vocabulary.beside_words)
    return any(words.search(text.lower()) for text in words_of(draft.regimen.dosages))


def replaces_its_class(case: Case, draft: RecordEntry) -> bool:
    """Whether a draft takes the place of an order of its class in force, which it or a stopping draft names."""
    of_class = (entry for entry in case.now.present if entry.agent.agent_class.id == draft.agent.agent_class.id)
    return replaces(case, draft, of_class)


def replaces(case: Case, draft: RecordEntry, taken: Iterable[RecordEntry]) -> bool:
    """Whether a draft takes the place of one of the orders in force, which it or a stopping draft names."""
    orders = (draft, *case.stops)
    return any(refers_to(order, entry) for entry in taken for order in orders)


def counted_if_replaced(view: View) -> list[RecordEntry]:
    """The entries that count in the replacement reading."""
    return [presence.entry for presence in view.counted if presence.replacement]


def mme_if_replaced(case: Case, view: View) -> Fraction:
    """The MME a day of a view, were every newer order to replace the earlier one of its agent."""
    opioids = [entry for entry in counted_if_replaced(view) if entry.agent.agent_class.opioid]
    amounts = [mme_of(entry, case.exempting) for entry in opioids]
    return sum([amount.used for amount in amounts if amount is not None], ZERO)


def _taken(view: View, agent: str) -> list[RecordEntry]:
    """The orders of an agent that count in the replacement reading, single doses and rescue products left out."""
    return [entry for entry in counted_if_replaced(view) if entry.agent.id == agent and entry.daily_use]


def is_taken(view: View, agent: str) -> bool:
    """Whether an agent is in daily use."""
    return any(entry.agent.id == agent and entry.daily_use for entry in view.present)


def amount_taken(view: View, agent: str) -> Fraction:
    """What is taken of an agent in a day, in milligrams or (of a patch) micrograms an hour."""
    amounts = [entry.amount for entry in _taken(view, agent)]
    return sum([amount.used for amount in amounts if amount is not None], ZERO)


def _adds_by_itself(entry: RecordEntry) -> bool:
    """Whether more of an agent outside the load increases exposure."""
    return entry.daily_use and (entry.agent.agent_class.opioid or entry.agent.agent_class.id == OXYBATE)
