"""Laws of the whole judgement, whatever the record holds: settings, stops, priors, statements, fills, conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import (
    IRRELEVANT,
    KNOWLEDGE,
    ON,
    orders_alone_of_their_agent,
    records_of_nothing_present,
    regimens,
    worlds,
)

from rules import Assessment, Patient, Regimen, assess
from rules.assessment import Load, Severity

MANY = settings(max_examples=100, deadline=None)
GIVEN_WAY = {"replaced-by-order", "renewed-by-order", "superseded-during-stay"}


def judged(patient: Patient, on: date = ON) -> Assessment:
    return assess(patient, KNOWLEDGE, on)


def known(load: Load | None) -> Fraction:
    return load.used if load is not None and load.used is not None else Fraction(0)


def outcomes(found: Assessment) -> list[tuple[str, Severity, bool]]:
    return [(line.id, line.severity, line.raises) for line in found.findings]


def mapped(value: Any, change: Callable[[object], object]) -> Any:
    """A value of the model with every text and date in it changed."""
    if isinstance(value, tuple):
        return tuple(mapped(item, change) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{part.name: mapped(getattr(value, part.name), change) for part in fields(value)})
    return change(value)


@MANY
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_nothing(patient: Patient, random: Random) -> None:
    shuffled = list(patient.regimens)
    random.shuffle(shuffled)
    assert judged(replace(patient, regimens=tuple(shuffled))) == judged(patient)


@MANY
@given(worlds())
def test_every_finding_is_answered_once_and_always_says_why(patient: Patient) -> None:
    found = judged(patient)
    answered = [line.id for line in (*found.findings, *found.considered)]
    assert sorted(set(answered) - {"under-18"}) == sorted(KNOWLEDGE.findings)
    assert len(answered) == len(set(answered))
    for line in found.considered:
        assert line.result in {"not-met", "exempt", "not-judged"}
        assert (line.by is not None) == (line.result == "exempt")
        assert bool(line.why) == (line.result == "not-judged")


@MANY
@given(worlds())
def test_every_record_is_somewhere(patient: Patient) -> None:
    found = judged(patient)
    listed = {line.source for line in found.lines}
    assert {item.source for item in patient.regimens if item.medication != IRRELEVANT} <= listed


@MANY
@given(worlds())
def test_the_contributions_add_up_to_both_loads(patient: Patient) -> None:
    found = judged(patient)
    current = [line for line in found.contributions if line.standing == "current"]
    assert sum((line.equivalent.used for line in current), Fraction(0)) == known(found.load)
    if found.with_order is not None:
        counted = [line for line in found.contributions if not GIVEN_WAY & set(line.assumptions)]
        assert sum((line.equivalent.used for line in counted), Fraction(0)) == known(found.with_order)


@MANY
@given(worlds())
def test_the_readings_are_in_order(patient: Patient) -> None:
    found = judged(patient)
    for load in (found.load, found.with_order):
        if load is None:
            continue
        assert load.low <= load.if_replaced <= known(load)
        assert load.high is None or known(load) <= load.high
        assert (load.used is None) == (load.band is None)
        assert load.complete or load.high is None


@MANY
@given(worlds())
def test_what_is_renamed_is_judged_alike(patient: Patient) -> None:
    # The letters keep their order, so that what is settled by name alone is settled alike.
    def renamed(value: object) -> object:
        return value.replace("MedicationRequest/", "MedicationRequest/zz-") if type(value) is str else value

    here, there = judged(patient), judged(mapped(patient, renamed))
    assert (there.load, there.with_order, there.considered) == (here.load, here.with_order, here.considered)
    assert outcomes(there) == outcomes(here)
    assert there.begun == tuple(renamed(source) for source in here.begun)
    assert there.new_starts == tuple(renamed(source) for source in here.new_starts)


@MANY
@given(worlds())
def test_only_what_is_not_taken_can_begin(patient: Patient) -> None:
    found = judged(patient)
    drafts = {regimen.source for regimen in patient.regimens if regimen.draft}
    assert set(found.new_starts) <= set(found.begun) <= drafts
    taken = {line.agent for line in found.contributions if line.standing == "current"}
    begun = [line.agent for line in found.contributions if line.source in found.begun and line.standing == "ordered"]
    assert taken.isdisjoint(begun)
    switched = [line.source for line in found.contributions if "possible-switch" in line.assumptions]
    assert set(switched).isdisjoint(found.begun)


@MANY
@given(worlds())
def test_an_irrelevant_medication_is_only_counted(patient: Patient) -> None:
    extra = Regimen("MedicationRequest/y", IRRELEVANT, status="active", authored_on=date(2021, 1, 1))
    more = judged(replace(patient, regimens=(*patient.regimens, extra)))
    assert replace(more, not_relevant=more.not_relevant - 1) == judged(patient)


@MANY
@given(worlds(), st.integers(-400, 400))
def test_moving_every_date_moves_only_dates(patient: Patient, days: int) -> None:
    # Ages are left out: a year has no fixed number of days.
    patient = replace(patient, born=None)

    def moved(value: object) -> object:
        return value + timedelta(days=days) if isinstance(value, date) else value

    there = judged(mapped(patient, moved), ON + timedelta(days=days))
    here = judged(patient)
    assert (there.load, there.with_order, there.opioid) == (here.load, here.with_order, here.opioid)
    assert outcomes(there) == outcomes(here)
    assert there.considered == here.considered
    assert (there.new_starts, there.increases) == (here.new_starts, here.increases)


@MANY
@given(worlds(drafts=False), orders_alone_of_their_agent(), st.data())
def test_a_draft_equal_to_a_current_order_never_raises_a_warning(
    patient: Patient, alone: Regimen, data: st.DataObject
) -> None:
    patient = replace(patient, regimens=(*patient.regimens, alone))
    lines = judged(patient).contributions
    agents = [line.agent for line in lines]
    # Of two orders of one agent the newer replaces the other by one reading, and a copy of the older changes that.
    current = {line.source for line in lines if agents.count(line.agent) == 1}
    orders = [item for item in patient.regimens if item.source in current and item.kind == "request"]
    assert alone in orders
    order = data.draw(st.sampled_from(orders))
    found = judged(
        replace(patient, regimens=(*patient.regimens, replace(order, source="MedicationRequest/again", draft=True,
                                                              authored_on=ON, prior=None))))  # fmt: skip
    assert not found.increases
    assert not any(line.id == "dose-escalation" for line in found.findings)
    assert not any(line.id == "abrupt-change" and line.severity >= Severity.WARNING for line in found.findings)


@MANY
@given(worlds(), regimens(source="unknown"))
def test_an_unknown_dose_never_lowers_the_known_part(patient: Patient, base: Regimen) -> None:
    # During a stay the order of the ward takes the place of the home order, whatever its dose.
    at_home = tuple(replace(item, setting=None) for item in patient.regimens)
    patient = replace(patient, regimens=at_home)
    unknown = replace(base, dosages=(), supply=None, status="active", draft=False)
    before, after = judged(patient), judged(replace(patient, regimens=(*patient.regimens, unknown)))
    assert known(after.load) >= known(before.load)
    assert known(after.with_order) >= known(before.with_order)
    assert not after.load.complete


@MANY
@given(worlds(drafts=False), regimens(source="new", draft=True))
def test_an_order_that_replaces_nothing_never_lowers_the_load(patient: Patient, draft: Regimen) -> None:
    draft = replace(draft, authored_on=ON)
    found = judged(replace(patient, regimens=(*patient.regimens, draft)))
    assert known(found.with_order) >= known(found.load)


@MANY
@given(worlds(drafts=False), records_of_nothing_present(), regimens(source="new", draft=True))
def test_a_first_sedative_always_begins_something(
    patient: Patient, records: tuple[Regimen, ...], draft: Regimen
) -> None:
    patient = replace(patient, regimens=records)
    assert not any(line.present for line in (*judged(patient).not_in_load, *judged(patient).not_counted))
    assert not judged(patient).contributions
    found = judged(replace(patient, regimens=(*patient.regimens, replace(draft, authored_on=ON))))
    assert found.increases
