"""Is every schedule on pace met with silence at each of its steps, and every step that is too fast not?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from rules import assess, load_knowledge
from rules.assessment import Assessment
from rules.model import Dosage, DoseEntry, Medication, Patient, Period, Quantity, Regimen, Setting, Timing

KNOWLEDGE = load_knowledge()
BEGAN, FIRST_STEP = date(2025, 6, 1), date(2026, 3, 2)
# Liquids, of which every dose can be measured: the name and the mg of diazepam that 1 mg is equal to by Ashton.
AGENTS = {
    "diazepam 1 MG/ML Oral Solution": Fraction(1),
    "lorazepam 2 MG/ML Oral Solution": Fraction(10),
    "clonazepam 0.1 MG/ML Oral Suspension": Fraction(20),
    "alprazolam 1 MG/ML Oral Solution": Fraction(20),
}
LAST_STEP = Fraction("1.25")


@dataclass(frozen=True)
class Step:
    """From which day on what is taken, in mg/d diazepam-equivalent, in so many parts of a day."""

    day: date
    load: Fraction
    parts: int


@st.composite
def paces(draw: st.DrawFn) -> tuple[Fraction, list[tuple[int, Fraction]]]:
    """A load to begin with, and steps: after how many days by which part it falls, at most a quarter in 14 days."""
    start = draw(st.integers(2, 60))
    steps = [
        (draw(st.integers(15, 42)), Fraction(draw(st.integers(1, 25)), 100)) for _ in range(draw(st.integers(1, 5)))
    ]
    return Fraction(start), steps


def order(drug: str, step: Step, last: date, *, draft: bool = False, prior: str | None = None) -> Regimen:
    milligrams = step.load / AGENTS[drug] / step.parts
    dose = Quantity(milligrams, "mg")
    name = f"MedicationRequest/{step.day}"
    return Regimen(
        source=name,
        medication=Medication(text=drug),
        draft=draft,
        status="draft" if draft else "active",
        intent="order",
        requester="Practitioner/one",
        setting=Setting.COMMUNITY,
        dosages=(
            Dosage(
                doses=(DoseEntry("ordered", dose, dose),),
                timing=Timing(
                    frequency=Fraction(step.parts), period=Fraction(1), period_unit="d", bounds=Period(step.day, last)
                ),
            ),
        ),
        authored_on=step.day,
        prior=prior,
    )


def judged(drug: str, steps: list[Step], *, named: bool, ended: bool) -> Assessment:
    """The last of the steps as the order being written, those before it on record."""
    *earlier, now = steps
    records = []
    for number, step in enumerate(earlier):
        later = steps[number + 1].day
        # An order lasts until the next one, or by its dates for a year, as one that nobody ended.
        last = later - timedelta(days=1) if ended else step.day + timedelta(days=365)
        prior = f"MedicationRequest/{earlier[number - 1].day}" if named and number else None
        records.append(order(drug, step, last, prior=prior))
    last_prior = f"MedicationRequest/{earlier[-1].day}" if named else None
    draft = order(drug, now, now.day + timedelta(days=27), draft=True, prior=last_prior)
    return assess(Patient(reference="Patient/p", regimens=(*records, draft)), KNOWLEDGE, now.day)


def met(found: Assessment) -> set[str]:
    return {finding.id for finding in found.findings}


def schedule(pace: tuple[Fraction, list[tuple[int, Fraction]]], parts: list[int]) -> list[Step]:
    load, falls = pace
    day, steps = FIRST_STEP, [Step(BEGAN, load, parts[0])]
    for (after, part), split in zip(falls, parts[1:], strict=False):
        load -= load * part
        steps.append(Step(day, load, split))
        day += timedelta(days=after)
    return steps


SPLITS = st.lists(st.integers(1, 4), min_size=6, max_size=6)


@settings(deadline=None, max_examples=120)
@given(paces(), SPLITS, st.sampled_from(sorted(AGENTS)), st.booleans(), st.booleans())
def test_each_step_of_a_schedule_on_pace_is_met_with_silence(
    pace: tuple[Fraction, list[tuple[int, Fraction]]], parts: list[int], drug: str, named: bool, ended: bool
) -> None:
    steps = schedule(pace, parts)
    for number in range(2, len(steps) + 1):
        found = judged(drug, steps[:number], named=named, ended=ended)
        assert {"taper-under-way"} <= met(found) - {"abrupt-change", "taper-referral"}
        assert not {"abrupt-change", "taper-referral"} & met(found)
        assert not [finding.id for finding in found.findings if finding.raises]


@settings(deadline=None, max_examples=120)
@given(paces(), SPLITS, st.sampled_from(sorted(AGENTS)), st.booleans(), st.booleans(), st.integers(26, 99))
def test_a_step_that_is_too_fast_is_told(
    pace: tuple[Fraction, list[tuple[int, Fraction]]],
    parts: list[int],
    drug: str,
    named: bool,
    ended: bool,
    percent: int,
) -> None:
    steps = schedule(pace, parts)[:-1]
    last = steps[-1].load
    if last * percent / 100 <= LAST_STEP:
        return
    day = max(FIRST_STEP, steps[-1].day) + timedelta(days=15)
    found = judged(drug, [*steps, Step(day, last - last * percent / 100, 1)], named=named, ended=ended)
    (change,) = (finding for finding in found.findings if finding.id == "abrupt-change")
    assert change.raises
    assert change.severity == "warning"
    assert change.facts["percent"] >= percent
    assert "taper-under-way" not in met(found)


@settings(deadline=None, max_examples=60)
@given(paces(), SPLITS, st.sampled_from(sorted(AGENTS)), st.booleans())
def test_between_two_steps_nothing_is_said_of_the_taper(
    pace: tuple[Fraction, list[tuple[int, Fraction]]], parts: list[int], drug: str, ended: bool
) -> None:
    steps = schedule(pace, parts)
    same = Step(steps[-1].day + timedelta(days=20), steps[-1].load, steps[-1].parts)
    found = judged(drug, [*steps, same], named=False, ended=ended)
    assert "taper-under-way" in met(found)
    assert not [finding.id for finding in found.findings if finding.raises]


@settings(deadline=None, max_examples=60)
@given(paces(), SPLITS, st.sampled_from(sorted(AGENTS)), st.booleans())
def test_what_is_new_beside_a_step_is_told(
    pace: tuple[Fraction, list[tuple[int, Fraction]]], parts: list[int], drug: str, by_another: bool
) -> None:
    *earlier, now = schedule(pace, parts)
    begun = now.day - timedelta(days=8)
    ends = [each.day - timedelta(days=1) for each in [*earlier[1:], now]]
    records = [order(drug, step, last) for step, last in zip(earlier, ends, strict=True)]
    draft = order(drug, now, now.day + timedelta(days=27), draft=True)
    for other in ("oxycodone hydrochloride 10 MG Oral Tablet", "zolpidem tartrate 10 MG Oral Tablet"):
        new = replace(
            order(drug, Step(begun, Fraction(1), 1), begun + timedelta(days=29)),
            source="MedicationRequest/new",
            medication=Medication(text=other),
            requester="Practitioner/two" if by_another else "Practitioner/one",
        )
        found = assess(Patient(reference="Patient/p", regimens=(*records, new, draft)), KNOWLEDGE, now.day)
        raised = {finding.id for finding in found.findings if finding.raises}
        assert {"concurrent-opioid", "multiple-sedative-hypnotics"} & raised


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 60), st.integers(1, 25), st.integers(1, 300), st.integers(7, 28))
def test_an_order_that_rises_at_a_later_step_is_no_taper(load: int, part: int, rise: int, days: int) -> None:
    drug = "diazepam 1 MG/ML Oral Solution"
    first = Fraction(load) * (100 - part) / 100
    steps = [Step(FIRST_STEP, first, 1), Step(FIRST_STEP, first * (100 + rise) / 100, 1)]
    lines = [replace(order(drug, each, FIRST_STEP).dosages[0], sequence=n) for n, each in enumerate(steps, 1)]
    bounded = [
        replace(line, timing=replace(line.timing or Timing(), bounds=Period(), bounds_days=Fraction(days)))
        for line in lines
    ]
    record = order(drug, Step(BEGAN, Fraction(load), 1), FIRST_STEP + timedelta(days=30))
    draft = replace(order(drug, steps[0], FIRST_STEP, draft=True), dosages=tuple(bounded))
    found = assess(Patient(reference="Patient/p", regimens=(record, draft)), KNOWLEDGE, FIRST_STEP)
    assert "taper-under-way" not in met(found)
    (ahead,) = found.rises_ahead
    assert ahead.milligrams == ahead.equivalent == steps[1].load


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 60), st.integers(1, 99), st.sampled_from(sorted(AGENTS)))
def test_a_lower_dose_by_another_prescriber_is_an_order_of_two_and_no_fall(load: int, percent: int, drug: str) -> None:
    record = order(drug, Step(BEGAN, Fraction(load), 1), FIRST_STEP + timedelta(days=60))
    lower = Step(FIRST_STEP, Fraction(load) * (100 - percent) / 100, 1)
    draft = replace(order(drug, lower, FIRST_STEP + timedelta(days=27), draft=True), requester="Practitioner/two")
    found = assess(Patient(reference="Patient/p", regimens=(record, draft)), KNOWLEDGE, FIRST_STEP)
    assert not {"abrupt-change", "taper-under-way"} & met(found)
    (two,) = (finding for finding in found.findings if finding.id == "multiple-sedative-hypnotics")
    assert two.raises
    assert two.facts["two_prescribers"]
