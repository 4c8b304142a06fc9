"""Laws of the load, for what is used and the highest reading, in every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import KNOWLEDGE, ON, alike, patients, regimens

from rules import Assessment, Patient, Regimen, assess
from rules.assessment import Load
from rules.model import Coding, Dosage, DoseEntry, Medication, Quantity, Timing

ORDER = Regimen(
    source="MedicationRequest/m",
    medication=Medication(codings=(Coding(None, None, "Diazepam 5 MG Oral Tablet"),)),
    status="active",
    intent="order",
    authored_on=ON,
)
MANY = settings(max_examples=120, deadline=None)


def judged(patient: Patient) -> Assessment:
    return assess(patient, KNOWLEDGE, ON)


def known(load: Load) -> Fraction:
    return load.used if load.used is not None else Fraction(0)


def by_table(load: Load, table: str) -> Fraction:
    used = load.by_table[table].used
    return used if used is not None else Fraction(0)


@MANY
@given(patients(drafts=True), st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_nothing(patient: Patient, random: Random) -> None:
    shuffled = list(patient.regimens)
    random.shuffle(shuffled)
    assert judged(replace(patient, regimens=tuple(shuffled))) == judged(patient)


@settings(max_examples=400, deadline=None)
@given(patients(), st.one_of(regimens(source="added"), alike(source="added")))
def test_an_added_current_depressant_never_lowers_the_load(patient: Patient, added: object) -> None:
    before = judged(patient).load
    after = judged(replace(patient, regimens=(*patient.regimens, added))).load
    assert known(after) >= known(before)
    assert after.high is None or before.high is None or after.high >= before.high
    for table in KNOWLEDGE.tables:
        assert by_table(after, table) >= by_table(before, table)


@MANY
@given(patients(most=4), st.data())
def test_a_duplicate_does_not_raise_the_load(patient: Patient, data: st.DataObject) -> None:
    if not patient.regimens:
        return
    copied = data.draw(st.sampled_from(patient.regimens))
    copy = replace(copied, source=copied.source + "-copy")
    before, after = judged(patient).load, judged(replace(patient, regimens=(*patient.regimens, copy))).load
    assert (after.used, after.low, after.high) == (before.used, before.low, before.high)


@MANY
@given(patients(), regimens(source="unknown"))
def test_an_unknown_never_lowers_the_known_part_and_is_never_complete(patient: Patient, base: object) -> None:
    unknown = replace(base, dosages=(), supply=None)  # type: ignore[type-var]
    before = judged(patient).load
    load = judged(replace(patient, regimens=(*patient.regimens, unknown))).load
    assert known(load) >= known(before)
    assert not load.complete
    assert load.high is None
    assert load.band_is_minimum


@MANY
@given(patients(drafts=True))
def test_draft_and_current_is_at_least_current_unless_the_draft_replaces(patient: Patient) -> None:
    begun = replace(
        patient,
        regimens=tuple(replace(item, authored_on=ON) if item.draft else item for item in patient.regimens),
    )
    assessment = judged(begun)
    assert assessment.with_order is not None
    assert known(assessment.with_order) >= known(assessment.load)


@MANY
@given(patients(drafts=True))
def test_low_used_and_high_are_in_order(patient: Patient) -> None:
    assessment = judged(patient)
    for load in (assessment.load, assessment.with_order):
        if load is not None and load.used is not None:
            assert 0 <= load.low <= load.used
            assert load.high is None or load.used <= load.high


@MANY
@given(patients(drafts=True))
def test_every_sedative_is_somewhere(patient: Patient) -> None:
    assessment = judged(patient)
    listed = {line.source for line in (*assessment.contributions, *assessment.not_in_load, *assessment.not_counted)}
    assert {item.source for item in patient.regimens} <= listed


@MANY
@given(patients(drafts=True))
def test_the_parts_add_up_to_the_total(patient: Patient) -> None:
    assessment = judged(patient)
    current = sum((c.equivalent.used for c in assessment.contributions if c.standing == "current"), Fraction(0))
    assert current == known(assessment.load)
    assert sum(assessment.load.components.values()) == known(assessment.load)


@MANY
@given(st.integers(1, 4000), st.integers(1, 6))
def test_milligrams_micrograms_and_grams_agree(milligrams: int, frequency: int) -> None:
    def load(value: Fraction, unit: str) -> Fraction | None:
        order = Dosage(
            doses=(DoseEntry(low=Quantity(value, unit), high=Quantity(value, unit)),),
            timing=Timing(frequency=Fraction(frequency), period=Fraction(1), period_unit="d"),
        )
        regimen = replace(ORDER, dosages=(order,))
        return judged(Patient(regimens=(regimen,))).load.used

    amount = Fraction(milligrams, 4)
    assert load(amount, "mg") == load(amount * 1000, "ug") == load(amount / 1000, "g")


@MANY
@given(patients(), st.integers(1, 60))
def test_the_same_patient_on_the_same_day_is_the_same(patient: Patient, days: int) -> None:
    assert judged(patient) == judged(patient)
    later = assess(patient, KNOWLEDGE, ON + timedelta(days=days))
    assert later == assess(patient, KNOWLEDGE, ON + timedelta(days=days))
