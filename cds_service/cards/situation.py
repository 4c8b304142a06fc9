"""The situation that a card speaks in: what is taken, what the orders begin or may end, and so which answers fit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cds_service.cards.occasion import OF_DECREASE, OF_LONG_TERM, Line, Occasion, agents_of, is_of_patient, is_present
from cds_service.cards.wording.facts import FOR_ANOTHER_PATIENT, agents_named, texts
from rules.assessment import Assessment, Met
from rules.assessment_facts import AbruptChange
from rules.assessment_lines import Contribution, NotCounted, NotCountedReason, NotInLoadReason, Standing
from rules.knowledge import Knowledge, Situation

# Assumptions about an order on record that a newer one may take the place of, and about one that the orders end.
MAY_END = frozenset({"may-be-replaced-by-newer-order", "possible-switch"})
ENDED = frozenset({"replaced-by-order", "may-be-stopped-by-order"})

_TWO_PRESCRIBERS = "two-prescribers"
_OF_INCREASE = frozenset({"dose-escalation"})
_TAPERING = "taper-under-way"
_NOT_DAILY = frozenset({NotCountedReason.NOT_A_DAILY_REGIMEN, NotInLoadReason.RESCUE_PRODUCT})
# The changes that the orders of the call itself make.
_BY_ORDERS = frozenset({AbruptChange.STOPS, AbruptChange.CUT, AbruptChange.MISSING_AT_DISCHARGE})


@dataclass(frozen=True, slots=True)
class CallSituation:
    """What a call finds and what its orders do, whatever card speaks of it.

    ``ordered`` are the lines of the draft orders for this patient, ``on_record`` those of the depressants that are
    taken or may be; ``earlier`` those of orders that a newer one may take the place of. ``ends_orders``: the orders end
    one on record. ``two_prescribers``: two order the same side by side. ``established``: the classes of the load in
    established use. ``kinds``: what holds of every card.
    """

    assessment: Assessment
    occasion: Occasion
    knowledge: Knowledge
    ordered: tuple[Line, ...]
    on_record: tuple[Line, ...]
    earlier: tuple[Contribution, ...]
    ends_orders: bool
    two_prescribers: bool
    established: frozenset[str]
    kinds: frozenset[Situation]

    @property
    def has_orders(self) -> bool:
        """Whether orders are being written, or go home."""
        return self.assessment.with_order is not None

    @property
    def begins(self) -> bool:
        """Whether an order begins something."""
        return bool(self.assessment.begun)

    @property
    def renews_alone(self) -> bool:
        """Whether all that the orders do is to renew orders on record."""
        return bool(self.ordered) and all(
            isinstance(line, NotCounted) and line.reason is NotCountedReason.RENEWAL for line in self.ordered
        )

    @property
    def changes_what_is_taken(self) -> bool:
        """Whether an order is of an agent that is taken."""
        taken = {line.agent for line in self.on_record}
        return any(line.agent in taken for line in self.ordered)

    @property
    def adds_to_what_is_taken(self) -> bool:
        """Whether an order of an agent counts beside one on record of the same, which nothing ends or renews."""
        taken = {line.agent for line in self.on_record if not (_is_ended(line) or isinstance(line, NotCounted))}
        return any(line.agent in taken for line in self.ordered if not isinstance(line, NotCounted))

    @property
    def begins_sedative(self) -> bool:
        """Whether an order begins a benzodiazepine or Z-drug."""
        begun = (line for line in self.ordered if line.source in self.assessment.begun)
        return any(self.knowledge.classes[line.agent_class].in_load for line in begun)

    def is_taken(self, findings: Iterable[Met]) -> bool:
        """Whether a sedative whose sudden stop has risks of its own is taken from day to day, or was until now."""
        return (
            bool(self.established)
            or any(map(self._is_taken_daily, self.on_record))
            or _names_any(findings, OF_DECREASE | OF_LONG_TERM)
        )

    def of_card(self, findings: Iterable[Met], *, long_term: bool, offers: bool) -> frozenset[Situation]:
        """The situations of a card.

        Args:
            findings: those it speaks of.
            long_term: whether it is the one on long-term use.
            offers: whether it offers something other than a removal.
        """
        return self.kinds | frozenset(self._of_card(tuple(findings), long_term=long_term, offers=offers))

    def classes_of(self, findings: Iterable[Met]) -> frozenset[str]:
        """The classes of the agents that a card is about: those ordered, or else on record, and those of a decrease."""
        agents = agents_named(
            (name for finding in findings if finding.id in OF_DECREASE for name in texts(finding.facts, "agents")),
            self.knowledge,
        )
        lines = self.ordered or self.on_record
        return frozenset((*(line.agent_class for line in lines), *(agent.agent_class.id for agent in agents)))

    def _of_card(self, findings: tuple[Met, ...], *, long_term: bool, offers: bool) -> Iterator[Situation]:
        misplaced = any(finding.facts.get(FOR_ANOTHER_PATIENT) for finding in findings)
        if misplaced:
            yield Situation.ANOTHER_PATIENT
        if self.ordered or not misplaced:
            yield Situation.THIS_PATIENT
        if self.begins and not long_term and self._speaks_of_begun(findings):
            yield Situation.NEW_START
        raises_dose = self.changes_what_is_taken and _names_any(self.assessment.findings, _OF_INCREASE)
        if (
            self.established
            and not raises_dose
            and (
                not self.has_orders
                or any(map(self._is_of_established_use, self.ordered))
                or any(finding.id in OF_DECREASE and finding.facts.get("kind") in _BY_ORDERS for finding in findings)
            )
        ):
            yield Situation.ESTABLISHED_USE
        if self.on_record or self.established or _names_any(findings, OF_DECREASE | OF_LONG_TERM):
            yield Situation.ON_RECORD
            if offers:
                yield Situation.OFFER_IN_USE

    def _speaks_of_begun(self, findings: tuple[Met, ...]) -> bool:
        """Whether a card is about what the orders begin: one about a stop or a cut is where it names that besides."""
        if not _names_any(findings, OF_DECREASE):
            return True
        begun = {line.agent for line in self.ordered if line.source in self.assessment.begun}
        names = {self.knowledge.agents[agent].name for agent in begun}
        return any(names & agents_of(finding) for finding in findings if finding.id not in OF_DECREASE)

    def _is_of_established_use(self, ordered: Line) -> bool:
        """Whether an order is of what is in established use, and not all of a new start."""
        begins = ordered.source in self.assessment.begun
        of_class = any(line.agent_class == ordered.agent_class for line in self.on_record)
        return ordered.agent_class in self.established and (of_class or not begins)

    def _is_taken_daily(self, line: Line) -> bool:
        agent = self.knowledge.agents[line.agent]
        steady = agent.agent_class.in_load or agent.substitution is not None
        return steady and getattr(line, "reason", None) not in _NOT_DAILY


def situation_of(assessment: Assessment, occasion: Occasion, knowledge: Knowledge) -> CallSituation:
    """The situation of a call with this assessment."""
    of_patient = [line for line in assessment.lines if is_of_patient(line)]
    ordered = tuple(line for line in of_patient if line.standing is Standing.ORDERED)
    recorded = [line for line in of_patient if line.standing is Standing.CURRENT]
    on_record = tuple(
        line for line in recorded if is_present(line) and knowledge.agents[line.agent].agent_class.depressant
    )
    earlier = tuple(
        line for line in recorded if isinstance(line, Contribution) and not MAY_END.isdisjoint(line.assumptions)
    )
    return CallSituation(
        assessment=assessment,
        occasion=occasion,
        knowledge=knowledge,
        ordered=ordered,
        on_record=on_record,
        earlier=earlier,
        ends_orders=any(map(_is_ended, recorded)),
        two_prescribers=any(_TWO_PRESCRIBERS in getattr(line, "assumptions", ()) for line in of_patient),
        established=frozenset(_established(assessment, knowledge)),
        kinds=frozenset(_kinds(assessment, knowledge)),
    )


def _kinds(assessment: Assessment, knowledge: Knowledge) -> Iterator[Situation]:
    yield Situation.ANY
    if _names_any(assessment.findings, frozenset({_TAPERING})):
        yield Situation.TAPERING
    reasons = [knowledge.concepts[name].longer_indication for name in assessment.longer_indications]
    if reasons:
        yield Situation.LONGER_INDICATION
        if not any(reason.therapy_fits for reason in reasons if reason is not None):
            yield Situation.NO_THERAPY


def _established(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    """The classes taken of late for so long that a taper is discussed, or perhaps so long."""
    longest = knowledge.findings["taper-referral"].parameters["high_load_days"].value
    grace = knowledge.policy.concurrency.grace_days.value
    for agent_class, use in assessment.exposure.items():
        if use is not None and use.out_of_supply_days <= grace and (use.at_least or use.days > longest):
            yield agent_class


def _is_ended(line: Line) -> bool:
    """Whether the orders end an order on record."""
    if isinstance(line, NotCounted):
        return line.until_now and line.reason is NotCountedReason.REPLACED
    return not ENDED.isdisjoint(line.assumptions)


def _names_any(findings: Iterable[Met], ids: frozenset[str]) -> bool:
    return any(finding.id in ids for finding in findings)
