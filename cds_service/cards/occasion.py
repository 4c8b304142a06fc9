"""What a call is an occasion to speak of: which findings the orders being written touch, and which they make worse.

The hooks differ in what they change. An order hook speaks of what its drafts change, and of nothing else on record; a
discharge of what is new, missing or dangerous together; opening a chart of everything that is worth a conversation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rules.assessment import Assessment, Load, Met
from rules.assessment_lines import Contribution, NotCounted, NotCountedReason, NotInLoad, Standing
from rules.knowledge import Knowledge

CONVERSATION = frozenset({"patient-view", "encounter-start"})
DISCHARGE = "encounter-discharge"
# A stop or a steep cut changes something without any increase.
OF_DECREASE = frozenset({"abrupt-change"})
OF_LONG_TERM = frozenset({"long-term-use", "taper-referral", "interdose-withdrawal"})

_GOING_HOME = frozenset({"concurrent-opioid", *OF_DECREASE})
# Facts of a finding that name agents; one without any of them is about the load as a whole.
_NAMING = ("agents", "new", "opioids", "sedatives", "others", "cns_active", "oxybate")
_POSSIBLE_SWITCH = "possible-switch"

Line = Contribution | NotInLoad | NotCounted


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the orders being written hold, by the names of agents.

    ``sedatives``: agents of the load's classes that are given, renewed or stopped. ``given``: every agent that the
    orders give. ``risen``: those of them whose exposure begins or may increase. ``unchanged``: the orders leave the
    load and everything beside it as it is, as a plain renewal does.
    """

    hook: str
    sedatives: frozenset[str]
    given: frozenset[str]
    risen: frozenset[str]
    unchanged: bool

    @property
    def conversation(self) -> bool:
        """Whether a chart is opened, and no order written."""
        return self.hook in CONVERSATION

    def touches(self, finding: Met) -> bool:
        """Whether the finding is about what this call changes."""
        if self.conversation or finding.id in OF_DECREASE or is_wrong_patient_draft(finding):
            return True
        if self.hook == DISCHARGE:
            return finding.id in _GOING_HOME or bool(self.sedatives & self.risen)
        if finding.id in OF_LONG_TERM:
            return bool(self.sedatives)
        return bool(_named(finding) & self.given if _named(finding) else self.sedatives & self.given)

    def worsens(self, finding: Met) -> bool:
        """Whether the orders begin or increase the exposure that the finding is about."""
        return bool((_named(finding) or self.sedatives) & self.risen)


def occasion_of(assessment: Assessment, hook: str, knowledge: Knowledge) -> Occasion:
    """The occasion that a call of a hook is."""
    ordered = [line for line in assessment.lines if line.standing == Standing.ORDERED and is_for_patient(line)]
    in_load = set(assessment.load.components)
    given = [line for line in ordered if _is_present(line)]
    standing = [line for line in assessment.lines if line.standing == Standing.CURRENT and line.agent]
    on_record = {line.agent for line in standing if _is_present(line)}
    after = assessment.with_order or assessment.load
    more = after.if_replaced > assessment.load.if_replaced
    # Outside the load only the rules can tell whether more is given than before; here it is taken to be.
    risen = [line for line in given if line.agent not in on_record or line.agent_class not in in_load or more]
    risen = [line for line in risen if _POSSIBLE_SWITCH not in getattr(line, "assumptions", ()) or more]
    stays = _same(after, assessment.load) and not assessment.increases
    return Occasion(
        hook=hook,
        sedatives=_names((line for line in ordered if line.agent_class in in_load), knowledge),
        given=_names(given, knowledge),
        risen=_names(risen, knowledge) if assessment.increases else frozenset(),
        unchanged=stays and not any(finding.id in OF_DECREASE for finding in assessment.findings),
    )


def is_wrong_patient_draft(finding: Met) -> bool:
    """Whether a finding tells of a depressant that is being ordered for another patient: that is always said."""
    return bool(finding.facts.get("for_another_patient"))


def is_for_patient(line: Line) -> bool:
    """Whether a line tells of a known agent, and of this patient."""
    return bool(line.agent) and getattr(line, "reason", None) is not NotCountedReason.WRONG_PATIENT


def _is_present(line: Line) -> bool:
    return not isinstance(line, NotInLoad | NotCounted) or line.present


def _names(lines: Iterable[Line], knowledge: Knowledge) -> frozenset[str]:
    return frozenset(knowledge.agents[line.agent].name for line in lines)


def _same(one: Load, other: Load) -> bool:
    return (one.used, one.low, one.high, one.if_replaced) == (other.used, other.low, other.high, other.if_replaced)


def _named(finding: Met) -> frozenset[str]:
    """The names of the agents that a finding is about."""
    facts = (finding.facts.get(key) for key in _NAMING)
    return frozenset(str(name) for names in facts if isinstance(names, tuple) for name in names)
