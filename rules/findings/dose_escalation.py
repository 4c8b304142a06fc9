"""The order raises the benzodiazepine load of an established user."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import Considered, Met, Pattern, Severity
from rules.findings.case.case import Case
from rules.findings.case.present import BENZODIAZEPINE
from rules.findings.case.results import not_judged, not_met, not_used_long_enough
from rules.numbers.quantity import ONE, PERCENT, ZERO
from rules.timeline.record import RecordEntry

ID = "dose-escalation"


def judge(case: Case) -> Met | Considered:
    """Met when, by the replacement reading, the order raises the load by the policy's percentage or more."""
    ordered = [entry for entry in case.drafts if entry.agent.agent_class.id == BENZODIAZEPINE]
    if case.ordered is None or not ordered:
        return not_met(ID)
    use = case.uses[BENZODIAZEPINE]
    if use is None or use.pattern is Pattern.INTERMITTENT:
        return not_met(ID)
    if {draft for draft, _ in case.ordered.switches} & {entry.source for entry in ordered}:
        return not_judged(ID, "the order may replace another agent")
    if case.has_unknown_dose(case.now) or case.has_unknown_dose(case.ordered):
        return not_judged(ID, "a daily dose is not known")
    parameters = case.knowledge.findings[ID].parameters
    before = case.replacement_load(case.now, agent_class=BENZODIAZEPINE)
    after = case.replacement_load(case.ordered, agent_class=BENZODIAZEPINE)
    if before == 0 or after < before * (ONE + parameters["increase_percent"].value * PERCENT):
        return not_met(ID)
    if use.days < parameters["established_days"].value:
        return not_used_long_enough(ID, use)
    percent: Fraction = (after - before) / before / PERCENT
    earlier = [presence.entry for presence in case.ordered.counted if not presence.replacement]
    of_class = [entry for entry in earlier if entry.agent.agent_class.id == BENZODIAZEPINE and not entry.regimen.draft]
    facts = {
        "before": before,
        "after": after,
        "percent": percent,
        "if_added": after + _load(case, of_class),
    }
    return case.met(ID, facts, severity=Severity.WARNING)


def _load(case: Case, entries: list[RecordEntry]) -> Fraction:
    """What entries come to by the default table, in mg/d diazepam-equivalent."""
    parts = [case.equivalents_of(entry).get(case.default_table.id) for entry in entries]
    return sum([part.used for part in parts if part is not None], ZERO)
