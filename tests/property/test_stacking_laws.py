"""Laws of medicines beside each other: what is added never makes a hazard quieter, and what was before is what is on
record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import CONDITIONS, KNOWLEDGE, ON, orders_alone_of_their_agent, worlds

from rules import Assessment, Patient, Regimen, assess
from rules.assessment import Met, Severity
from rules.model import CodeSystem, Coding, ConditionEntry, Medication

MANY = settings(max_examples=100, deadline=None)
SEVERITIES = tuple(Severity)
# Of these a possible switch softens nothing, and a further medicine takes nothing away.
HAZARDS = ("concurrent-opioid", "respiratory-disease", "older-adult", "oxybate", "gabapentinoid-breathing")
BREATHING = ConditionEntry("Condition/copd", (Coding(CodeSystem.ICD10CM, "J44.9"),), clinical_status="active")


def judged(patient: Patient) -> Assessment:
    return assess(patient, KNOWLEDGE, ON)


def loudness(found: Met | None) -> tuple[int, bool]:
    """How loud a finding is: -1 where it is not met."""
    return (-1, False) if found is None else (SEVERITIES.index(found.severity), found.raises)


@MANY
@given(worlds(), orders_alone_of_their_agent(), st.booleans(), st.booleans())
def test_a_further_sedative_makes_no_hazard_quieter(
    patient: Patient, alone: Regimen, older: bool, breathing: bool
) -> None:
    # During a stay the order of the ward takes the place of the home order.
    regimens = tuple(replace(item, setting=None) for item in patient.regimens)
    born = date(1940, 1, 1) if older else date(1980, 1, 1)
    conditions = (*patient.conditions, BREATHING) if breathing else patient.conditions
    patient = replace(patient, regimens=regimens, born=(born, born), conditions=conditions)
    more = replace(patient, regimens=(*regimens, replace(alone, setting=None)))
    before = {found.id: found for found in judged(patient).findings}
    after = {found.id: found for found in judged(more).findings}
    for finding in HAZARDS:
        assert loudness(after.get(finding)) >= loudness(before.get(finding)), finding


@MANY
@given(worlds())
def test_the_opioids_before_are_those_without_the_orders(patient: Patient) -> None:
    found = judged(patient)
    recorded = replace(patient, regimens=tuple(item for item in patient.regimens if not item.draft))
    if found.opioid_before is not None:
        assert found.opioid_before == judged(recorded).opioid


@MANY
@given(worlds())
def test_two_as_needed_orders_are_no_switch(patient: Patient) -> None:
    as_needed = {
        item.source for item in patient.regimens if item.dosages and all(line.as_needed for line in item.dosages)
    }
    for found in judged(patient).findings:
        switches = found.facts.get("switches", ())
        assert isinstance(switches, tuple)
        for draft, order in switches:
            assert not {draft, order} <= as_needed


@MANY
@given(worlds(), st.sampled_from(CONDITIONS))
def test_who_prescribed_is_told_only_where_several_did(patient: Patient, code: str) -> None:
    entry = ConditionEntry("Condition/x", (Coding(CodeSystem.ICD10CM, code),), clinical_status="active")
    for found in judged(replace(patient, conditions=(*patient.conditions, entry))).findings:
        told = found.facts.get("prescribed_by", ())
        assert isinstance(told, tuple)
        assert not told or len({item.by for item in told}) > 1


@MANY
@given(worlds(drafts=False), orders_alone_of_their_agent(), st.booleans())
def test_a_renewal_begins_nothing(patient: Patient, alone: Regimen, older: bool) -> None:
    born = date(1940, 1, 1) if older else date(1980, 1, 1)
    again = replace(alone, source="MedicationRequest/again", draft=True, authored_on=ON, prior=alone.source)
    found = judged(replace(patient, born=(born, born), regimens=(*patient.regimens, alone, again)))
    raising = {line.id for line in found.findings if line.raises}
    met = {line.id for line in found.findings}
    assert not raising & {"concurrent-depressants", "older-adult"}
    assert not met & {"additive-sedative", "gabapentinoid-breathing"}


@MANY
@given(worlds(drafts=False), st.booleans())
def test_what_only_counts_is_never_called_a_depressant(patient: Patient, older: bool) -> None:
    born = date(1940, 1, 1) if older else date(1980, 1, 1)
    sertraline = Regimen(
        "MedicationRequest/ssri", Medication(text="sertraline 50 MG Oral Tablet"), draft=True, authored_on=ON
    )
    before = judged(replace(patient, born=(born, born)))
    after = judged(replace(patient, born=(born, born), regimens=(*patient.regimens, sertraline)))
    raising = {line.id for line in after.findings if line.raises} - {line.id for line in before.findings if line.raises}
    assert not raising
    for line in after.findings:
        others = line.facts.get("others", ())
        assert isinstance(others, tuple)
        assert "sertraline" not in others
