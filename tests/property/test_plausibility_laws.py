"""Do the laws of plausibility hold: more is never more plausible, no reading is lost, a doubt lowers nothing?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.knowledge import Ingredient, Knowledge, MaximumDoses, Per, Strength, load_knowledge
from rules.model import Dosage, DoseEntry, MaximumDose, Medication, Quantity, Regimen, Supply, Timing
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.reading.dosage.dose_bounds import dose_bounds_of
from rules.reading.dosage.line import DosageLine
from rules.reading.dosage.lines import read_line
from rules.reading.dosage.plausibility import IMPLAUSIBLE_QUANTITY, with_doubts
from rules.reading.dosage.reconcile import read_daily_dose
from rules.reading.product.product import Product

ON = date(2026, 11, 22)
KNOWLEDGE = load_knowledge()


def of(agent: str, strength: str, per: Per, form: str, route: str | None = None) -> Product:
    return Product((Ingredient(agent, Strength(Fraction(strength), per)),), agent, form=form, route=route)


PRODUCTS = [
    of("lorazepam", "1", Per.UNIT, "Oral Tablet", "oral"),
    of("lorazepam", "2", Per.MILLILITRE, "Oral Solution"),
    of("alprazolam", "0.25", Per.UNIT, "Oral Tablet", "oral"),
    of("nitrazepam", "5", Per.UNIT, "Oral Tablet", "oral"),
    of("phenazepam", "1", Per.UNIT, "Oral Tablet", "oral"),
    of("methadone", "10", Per.MILLILITRE, "Oral Solution", "oral"),
    of("buprenorphine", "8", Per.UNIT, "Sublingual Film", "sublingual"),
    of("buprenorphine", "0.02", Per.HOUR, "Transdermal System", "transdermal"),
    of("fentanyl", "0.1", Per.HOUR, "Transdermal System", "transdermal"),
    Product((Ingredient("lorazepam", None),), "lorazepam"),
    Product(
        (
            Ingredient("chlordiazepoxide", Strength(Fraction(5), Per.UNIT)),
            Ingredient("amitriptyline", Strength(Fraction("12.5"), Per.UNIT)),
        ),
        "chlordiazepoxide and amitriptyline",
        form="Oral Tablet",
    ),
]
products = st.sampled_from(PRODUCTS)
units = st.sampled_from([None, "tablet", "film", "patch", "mg", "mcg", "mL"])
amounts = st.fractions(min_value=Fraction(1, 4), max_value=2000, max_denominator=4)
rates = st.fractions(min_value=Fraction(1, 7), max_value=12, max_denominator=7)
more = st.fractions(min_value=1, max_value=50, max_denominator=4)
ceilings = st.none() | st.fractions(min_value=1, max_value=500, max_denominator=2)


def line(amount: Fraction, unit: str | None, rate: Fraction, as_needed: bool, ceiling: Fraction | None) -> Dosage:
    dose = Quantity(amount, unit)
    return Dosage(
        doses=(DoseEntry(None, dose, dose),),
        timing=Timing(frequency=rate, period=Fraction(1), period_unit="d"),
        as_needed=as_needed,
        maximum=() if ceiling is None else (MaximumDose(Quantity(ceiling, "mg"), Fraction(1)),),
    )


def read(*lines: Dosage, product: Product, knowledge: Knowledge = KNOWLEDGE) -> DailyDose | NoDailyDose:
    return read_daily_dose(Regimen("MedicationRequest/r", Medication(), dosages=lines), product, knowledge, ON)


def boundless() -> Knowledge:
    """The same knowledge, by which everything is plausible."""
    plausible = KNOWLEDGE.vocabulary.plausible
    endless = {
        name: replace(each, low=Fraction(10**12), high=Fraction(10**12))
        for name, each in plausible.units_a_day_at_most.items()
    }
    vocabulary = replace(KNOWLEDGE.vocabulary, plausible=replace(plausible, units_a_day_at_most=endless))
    return replace(KNOWLEDGE, vocabulary=vocabulary, maximum_doses=MaximumDoses({}, frozenset(), "", {}))


BOUNDLESS = boundless()


@given(products, amounts, more, units, rates, st.booleans(), ceilings)
def test_more_is_never_more_plausible(
    product: Product,
    amount: Fraction,
    factor: Fraction,
    unit: str | None,
    rate: Fraction,
    as_needed: bool,
    ceiling: Fraction | None,
) -> None:
    smaller, larger = (
        read(line(each, unit, rate, as_needed, ceiling), product=product) for each in (amount, amount * factor)
    )
    if isinstance(smaller, DailyDose) and smaller.doubts:
        assert isinstance(larger, DailyDose)
        assert larger.doubts


@given(products, st.lists(st.builds(line, amounts, units, rates, st.booleans(), ceilings), min_size=1, max_size=3))
def test_nothing_is_counted_lower_for_being_doubted(product: Product, lines: list[Dosage]) -> None:
    dose, plain = (read(*lines, product=product, knowledge=each) for each in (KNOWLEDGE, BOUNDLESS))
    if isinstance(plain, NoDailyDose):
        assert isinstance(dose, NoDailyDose)
        return
    assert isinstance(dose, DailyDose)
    for ours, theirs in ((dose.by_agent, plain.by_agent), (dose.by_agent_hourly, plain.by_agent_hourly)):
        assert ours.keys() == theirs.keys()
        for agent, amount in ours.items():
            assert amount.used >= theirs[agent].used
            assert amount.high >= theirs[agent].high
            assert amount.low <= theirs[agent].low
    assert not plain.doubts
    assert (IMPLAUSIBLE_QUANTITY in dose.assumptions) == bool(dose.doubts)
    if not dose.doubts:
        assert (dose.by_agent, dose.by_agent_hourly) == (plain.by_agent, plain.by_agent_hourly)


@given(products, amounts, units, rates, st.booleans(), ceilings)
def test_both_readings_of_a_doubted_dose_are_kept(
    product: Product, amount: Fraction, unit: str | None, rate: Fraction, as_needed: bool, ceiling: Fraction | None
) -> None:
    written = line(amount, unit, rate, as_needed, ceiling)
    first = read_line(written, product, KNOWLEDGE.vocabulary)
    if not isinstance(first, DosageLine):
        return
    judged = with_doubts(first, dose_bounds_of((written,), product, KNOWLEDGE))
    readings = [first.intake]
    assert ("which may mean" in judged.words.replace("which may mean hours", "")) == judged.both_readings
    if judged.both_readings:
        assert first.other_intake is not None
        assert judged.doubts
        readings.append(first.other_intake)
    for agent, (low, high) in judged.intake.by_agent.items():
        assert low == min(each.by_agent[agent][0] for each in readings)
        assert high == max(each.by_agent[agent][1] for each in readings)


@given(st.integers(1, 400), st.integers(1, 60))
def test_a_supply_alone_is_counted_or_refused_by_name(tablets: int, days: int) -> None:
    supply = Supply(Quantity(Fraction(tablets), "tablet"), Fraction(days))
    dose = read_daily_dose(Regimen("MedicationRequest/r", Medication(), supply=supply), PRODUCTS[0], KNOWLEDGE, ON)
    a_day = Fraction(tablets, days)
    if a_day > 30:
        assert isinstance(dose, NoDailyDose)
        assert "not plausible" in dose.read_as
    else:
        assert isinstance(dose, DailyDose)
        assert dose.by_agent["lorazepam"].used == a_day
        assert bool(dose.doubts) == (a_day > 20)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_a_dose_of_one_unit_once_a_day_is_plausible(product: Product) -> None:
    dose = read(line(Fraction(1), None, Fraction(1), False, None), product=product)
    assert isinstance(dose, NoDailyDose) or not dose.doubts
