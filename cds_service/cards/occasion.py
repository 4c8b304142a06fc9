"""Which findings a call gives reason to speak of: those that its draft orders touch, and those that they make worse.

The hooks differ in what they change. An order hook speaks of what its drafts change and of nothing else on record,
discharge of what is new, missing or dangerous together, and opening a chart of everything worth a conversation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cds_service.cards.wording.facts import FOR_ANOTHER_PATIENT
from rules.assessment import Assessment, Load, Met, Severity
from rules.assessment_lines import Contribution, NotCounted, NotCountedReason, NotInLoad, Standing
from rules.findings import NOT_SOFTENED_BY_SWITCH, ONLY_IF_TAKEN
from rules.knowledge import Knowledge

CONVERSATION = frozenset({"patient-view", "encounter-start"})
DISCHARGE = "encounter-discharge"
# A stop or a steep cut is a change without any increase.
OF_DECREASE = frozenset({"abrupt-change"})
# What cannot be told raises a card only by what is being ordered.
OF_ORDERS = frozenset({"incomplete-picture"})
OF_LONG_TERM = frozenset({"long-term-use", "taper-referral", "interdose-withdrawal"})

_INFO_AT_MOST = frozenset({*CONVERSATION, "medication-refill"})
_GOING_HOME = frozenset({"concurrent-opioid", *OF_DECREASE})
# The facts of a finding that name agents; a finding without any of them is about the load as a whole.
_NAMING_AGENTS = ("agents", "new", "opioids", "sedatives", "others", "cns_active", "oxybate")
_POSSIBLE_SWITCH = "possible-switch"
_SEVERITIES = tuple(Severity)

Line = Contribution | NotInLoad | NotCounted


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the draft orders of a call hold. Agents stand by their names.

    ``sedatives``: agents of the load's classes that are given, renewed or stopped. ``prescribed``: every agent that the
    drafts give. ``risen``: those of them whose exposure begins or may increase. ``added``: those that may take the
    place of another agent, or be taken beside it. ``unchanged``: the drafts leave the load and everything beside it as
    it is, as a plain renewal does. ``subject``: the agents that a summary names, those of the drafts or else those in
    the load.
    """

    hook: str
    sedatives: frozenset[str]
    prescribed: frozenset[str]
    risen: frozenset[str]
    added: frozenset[str]
    unchanged: bool
    subject: tuple[str, ...]

    @property
    def conversation(self) -> bool:
        """Whether a chart is opened and no order written."""
        return self.hook in CONVERSATION

    def raising(self, findings: Iterable[Met]) -> tuple[Met, ...]:
        """The findings that raise a card: those that this call touches. A draft for another patient always does."""
        return tuple(
            finding
            for finding in findings
            if finding.facts.get(FOR_ANOTHER_PATIENT) or (finding.raises and self._touches(finding))
        )

    def indicator(self, findings: Iterable[Met]) -> str:
        """The indicator of a card with these findings, all of its topic.

        A warning needs a finding that may warn and a draft that begins or increases what it is about, or a stop or
        steep cut of established use.
        """
        if self.hook in _INFO_AT_MOST:
            return Severity.INFO.value
        severities = (
            finding.severity
            for finding in findings
            if finding.raises and (finding.id in OF_DECREASE or (self._touches(finding) and self._worsens(finding)))
        )
        return max((Severity.INFO, *severities), key=_SEVERITIES.index).value

    def _touches(self, finding: Met) -> bool:
        """Whether the finding is about what this call changes."""
        if self.conversation:
            # What may still be taken is worth a word beside an order, not at every opening of the chart.
            return finding.id not in OF_ORDERS and not finding.facts.get(ONLY_IF_TAKEN)
        if finding.id in OF_DECREASE | OF_ORDERS or finding.facts.get(FOR_ANOTHER_PATIENT):
            return True
        if self.hook == DISCHARGE:
            return finding.id in _GOING_HOME or bool(self.sedatives & self.risen)
        if finding.id in OF_LONG_TERM:
            return bool(self.sedatives)
        agents = agents_of(finding)
        return bool(agents & self.prescribed if agents else self.sedatives & self.prescribed)

    def _worsens(self, finding: Met) -> bool:
        """Whether the drafts begin or increase the exposure that the finding is about."""
        worse = self.risen | self.added if finding.id in NOT_SOFTENED_BY_SWITCH else self.risen
        return bool((agents_of(finding) or self.sedatives) & worse)


def occasion_of(assessment: Assessment, hook: str, knowledge: Knowledge) -> Occasion:
    """The occasion of a call of a hook with this assessment."""
    before, after = assessment.load, assessment.with_order or assessment.load
    in_load = set(before.components)
    ordered = [line for line in assessment.lines if line.standing == Standing.ORDERED and is_of_patient(line)]
    prescribed = [line for line in ordered if is_present(line)]
    on_record = {
        line.agent for line in assessment.lines if line.agent and line.standing == Standing.CURRENT and is_present(line)
    }
    more = after.if_replaced > before.if_replaced
    # Outside the load only the rules can tell whether more is given than before; here it is taken to be.
    risen = [
        line
        for line in prescribed
        if more or ((line.agent not in on_record or line.agent_class not in in_load) and not _may_switch(line))
    ]
    return Occasion(
        hook=hook,
        sedatives=_names((line for line in ordered if line.agent_class in in_load), knowledge),
        prescribed=_names(prescribed, knowledge),
        risen=_names(risen, knowledge) if assessment.increases else frozenset(),
        added=_names(filter(_may_switch, prescribed), knowledge),
        unchanged=(
            _same(after, before)
            and not assessment.increases
            and not any(finding.id in OF_DECREASE for finding in assessment.findings)
        ),
        subject=tuple(
            knowledge.agents[agent].name
            for agent in sorted({line.agent for line in ordered or assessment.contributions})
        ),
    )


def is_of_patient(line: Line) -> bool:
    """Whether a line is of a known agent and of this patient."""
    return bool(line.agent) and getattr(line, "reason", None) is not NotCountedReason.WRONG_PATIENT


def is_present(line: Line) -> bool:
    """Whether the agent of a line is taken, or may be."""
    return isinstance(line, Contribution) or line.present


def _may_switch(line: Line) -> bool:
    """Whether an order may take the place of one of another agent, or be taken beside it."""
    return _POSSIBLE_SWITCH in getattr(line, "assumptions", ())


def _names(lines: Iterable[Line], knowledge: Knowledge) -> frozenset[str]:
    return frozenset(knowledge.agents[line.agent].name for line in lines)


def _same(one: Load, other: Load) -> bool:
    return (one.used, one.low, one.high, one.if_replaced) == (other.used, other.low, other.high, other.if_replaced)


def agents_of(finding: Met) -> frozenset[str]:
    """The names of the agents that a finding is about."""
    facts = (finding.facts.get(key) for key in _NAMING_AGENTS)
    return frozenset(str(name) for names in facts if isinstance(names, tuple) for name in names)
