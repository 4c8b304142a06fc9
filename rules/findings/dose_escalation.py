"""The order raises the benzodiazepine load of an established user."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import Considered, Met, Pattern, Severity
from rules.findings.case.case import (
    ACUTE_ALCOHOL_WITHDRAWAL,
    BENZODIAZEPINE,
    BY_ALCOHOL_WITHDRAWAL,
    Case,
    exempt,
    not_judged,
    not_met,
)
from rules.load.total import replacement_load
from rules.numbers.quantity import ONE, PERCENT

ID = "dose-escalation"


def judge(case: Case) -> Met | Considered:
    """Met when, by the replacement reading, the order raises the load by the policy's percentage or more."""
    ordered = [entry for entry in case.drafts() if entry.agent.agent_class.id == BENZODIAZEPINE]
    if case.ordered is None or not ordered:
        return not_met(ID)
    use = case.exposure(BENZODIAZEPINE)
    if use is None or use.pattern is Pattern.INTERMITTENT:
        return not_met(ID)
    if {draft for draft, _ in case.ordered.switches} & {entry.source for entry in ordered}:
        return not_judged(ID, "the order may replace another agent")
    table = case.knowledge.tables[case.knowledge.default_table]
    before = replacement_load(case.now, table, case.knowledge, BENZODIAZEPINE)
    after = replacement_load(case.ordered, table, case.knowledge, BENZODIAZEPINE)
    if case.dose_unknown_in(case.now) or case.dose_unknown_in(case.ordered):
        return not_judged(ID, "a daily dose is not known")
    if before == 0 or after < before * (ONE + case.parameter(ID, "increase_percent") * PERCENT):
        return not_met(ID)
    if case.exempted_by(ACUTE_ALCOHOL_WITHDRAWAL):
        return exempt(ID, BY_ALCOHOL_WITHDRAWAL)
    if use.days < case.parameter(ID, "established_days"):
        return not_judged(ID, f"on record for at least {use.days} days") if use.at_least else not_met(ID)
    percent: Fraction = (after - before) / before / PERCENT
    return case.met(ID, {"before": before, "after": after, "percent": percent}, severity=Severity.WARNING)
