"""Laws of what may still be taken: it is never silent, and by itself it never warns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import KNOWLEDGE, ON, OTHERS, SEDATIVES, regimens

from rules import Assessment, Patient, Regimen, assess
from rules.assessment import Severity
from rules.assessment_lines import Certainty, Standing
from rules.findings import ONLY_IF_TAKEN
from rules.model import ConditionEntry, RecordKind

MANY = settings(max_examples=300, deadline=None)
OPIOIDS = [
    code
    for code in OTHERS
    if any(KNOWLEDGE.agents[part.agent].agent_class.opioid for part in KNOWLEDGE.products[code].ingredients)
]
CONDITIONS = ("COPD", "Sleep apnea", "Alcohol dependence", "Pregnancy", "Opioid use disorder")


@st.composite
def old_records(draw: st.DrawFn, source: str) -> Regimen:
    """A record of a sedative or an opioid that is seldom in force: ended, old, planned, to come, or a statement."""
    order = draw(regimens(codes=draw(st.sampled_from([SEDATIVES, OPIOIDS])), source=source))
    kind = draw(st.sampled_from([RecordKind.REQUEST, RecordKind.REQUEST, RecordKind.STATEMENT]))
    written = ON - timedelta(days=draw(st.sampled_from([-20, 45, 70, 100, 200, 400, 700, 1_200, 2_500])))
    intent = draw(st.sampled_from(["order", "order", "plan"]))
    return replace(order, kind=kind, authored_on=written, asserted_on=written, intent=intent)


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    """Old records, perhaps one in force, and an order being written."""
    record = [draw(old_records(f"old-{number}")) for number in range(draw(st.integers(1, 4)))]
    if draw(st.booleans()):
        record.append(draw(regimens(codes=draw(st.sampled_from([SEDATIVES, OPIOIDS])), source="now")))
    draft = draw(regimens(codes=draw(st.sampled_from([SEDATIVES, OPIOIDS])), source="draft", draft=True))
    problems = draw(st.lists(st.sampled_from(CONDITIONS), max_size=2, unique=True))
    conditions = tuple(ConditionEntry(source=f"Condition/{text}", text=text) for text in problems)
    return Patient(regimens=(*record, draft), conditions=conditions)


def warnings_of(judged: Assessment) -> dict[str, Severity]:
    return {finding.id: finding.severity for finding in judged.findings if finding.severity is not Severity.INFO}


@MANY
@given(patients())
def test_what_only_may_be_taken_warns_of_nothing(patient: Patient) -> None:
    """Without it every finding that warns warns all the same; what rests on it is told as information."""
    judged = assess(patient, KNOWLEDGE, ON)
    possible = {line.source for line in judged.not_counted if line.certainty is Certainty.POSSIBLE}
    for finding in judged.findings:
        if finding.facts.get(ONLY_IF_TAKEN):
            assert finding.severity is Severity.INFO, finding
    counted = tuple(regimen for regimen in patient.regimens if regimen.source not in possible)
    certain = assess(replace(patient, regimens=counted), KNOWLEDGE, ON)
    # What was taken until lately still tells how long a class is used, and what is new.
    of_presence = {"concurrent-opioid", "multiple-sedative-hypnotics", "oxybate"}
    assert warnings_of(judged).keys() & of_presence == warnings_of(certain).keys() & of_presence


@MANY
@given(patients())
def test_what_may_be_taken_leaves_no_load_complete(patient: Patient) -> None:
    """A sedative that may be taken stands in the answer, and the load is "at least"."""
    judged = assess(patient, KNOWLEDGE, ON)
    possible = [line for line in judged.not_counted if line.certainty is Certainty.POSSIBLE]
    ordered = {line.agent for line in judged.lines if line.standing is Standing.ORDERED}
    for line in possible:
        assert line.text, line
        if KNOWLEDGE.classes[line.agent_class].in_load:
            assert not judged.load.complete, line
        # The MME is that with the order, which may be of the same agent.
        if KNOWLEDGE.classes[line.agent_class].opioid and line.agent not in ordered:
            assert not judged.opioid.complete, line
    names = {line.agent for line in possible}
    given = {line.agent for line in judged.lines if getattr(line, "certainty", None) is not Certainty.NONE} - {""}
    opioids = {agent for agent in given if KNOWLEDGE.agents[agent].agent_class.opioid}
    sedatives = {agent for agent in given if KNOWLEDGE.agents[agent].agent_class.in_load}
    if names & (opioids | sedatives) and opioids and sedatives:
        met = [finding.id for finding in judged.findings]
        considered = {item.id: item for item in judged.considered}
        assert "concurrent-opioid" in met or considered["concurrent-opioid"].by, judged.findings
