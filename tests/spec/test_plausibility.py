"""Is a dose that nobody takes said to be one, with what it was held against, and an ordinary high one not?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from test_dosage import ends, regimen

from rules.knowledge import (
    Ingredient,
    Knowledge,
    KnowledgeError,
    MaximumDoses,
    Per,
    Strength,
    Verification,
    load_knowledge,
    shipped,
)
from rules.knowledge.readers.maximum_doses import read_maximum_doses
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.reading.dosage.plausibility import IMPLAUSIBLE_QUANTITY
from rules.reading.dosage.reconcile import read_daily_dose
from rules.reading.product.product import Product

ON = date(2026, 11, 22)
TABLE = yaml.load((Path(__file__).parent / "plausibility.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
KNOWLEDGE = load_knowledge()
NO_AMOUNT = {"doubt", "says", "above", "refused"}
ABOVE = "; above the labelled maximum of "


def product(name: str) -> Product:
    entry = TABLE["products"][name]
    ingredients = []
    for agent, strength in entry["strengths"].items():
        amount, _, per = strength.partition(" mg per ")
        ingredients.append(Ingredient(agent, Strength(Fraction(amount), Per(per)) if per else None))
    release = entry.get("release", "immediate")
    return Product(tuple(ingredients), name, form=entry.get("form"), route=entry.get("route"), release=release)


def read(row: dict, knowledge: Knowledge = KNOWLEDGE) -> DailyDose | NoDailyDose:
    written = regimen(row)
    if "route" in row:
        written = replace(written, dosages=tuple(replace(line, route=row["route"]) for line in written.dosages))
    return read_daily_dose(written, product(row["product"]), knowledge, ON)


@pytest.mark.parametrize("row", TABLE["rows"], ids=lambda row: row["name"])
def test_a_dose_is_judged_as_the_table_says(row: dict) -> None:
    dose, expect = read(row), row["expect"]
    if "refused" in expect:
        assert isinstance(dose, NoDailyDose), dose
        assert dose.reason.value == expect["refused"]
        return
    assert isinstance(dose, DailyDose), dose
    found = {agent: (each.low, each.used, each.high) for agent, each in dose.by_agent.items()}
    found |= {f"{agent} ug/h": (each.low, each.used, each.high) for agent, each in dose.by_agent_hourly.items()}
    assert found == {agent: ends(text) for agent, text in expect.items() if agent not in NO_AMOUNT}
    assert [doubt.basis.value for doubt in dose.doubts] == ([expect["doubt"]] if "doubt" in expect else [])
    assert (IMPLAUSIBLE_QUANTITY in dose.assumptions) == ("doubt" in expect)
    assert all(doubt.amount > doubt.at_most and doubt.source in KNOWLEDGE.sources for doubt in dose.doubts)
    for doubt in dose.doubts:
        assert doubt.text in dose.read_as
    if "says" in expect:
        assert [doubt.text for doubt in dose.doubts] == [expect["says"]]
    assert dose.read_as.partition(ABOVE)[2] == expect.get("above", "")


def test_every_product_of_the_plausibility_table_is_used() -> None:
    assert {row["product"] for row in TABLE["rows"]} == set(TABLE["products"])


def test_no_labelled_maximum_is_above_ten_defined_daily_doses() -> None:
    """What the factor of the fallback rests on; opioids have a larger one."""
    doses = KNOWLEDGE.maximum_doses
    compared = 0
    for agent, labelled in doses.labelled.items():
        for maximum in labelled:
            for daily in doses.defined_daily_doses.get(agent, ()):
                if maximum.routes & daily.routes and not maximum.hourly:
                    compared += 1
                    assert maximum.figure.value <= 10 * daily.figure.value, agent
    assert compared > 40


def test_all_us_benzodiazepines_and_z_drugs_by_mouth_have_a_labelled_maximum() -> None:
    """Of those with a product in the US code list; midazolam's is by weight."""
    agents = {part.agent for each in KNOWLEDGE.products.values() if each.route == "oral" for part in each.ingredients}
    ours = {agent for agent in agents if KNOWLEDGE.agents[agent].agent_class.in_load}
    with_figure = {agent for agent in ours if agent in KNOWLEDGE.maximum_doses.labelled}
    assert {"alprazolam", "lorazepam", "zolpidem"} <= with_figure
    assert ours - with_figure <= set(KNOWLEDGE.maximum_doses.defined_daily_doses)


def test_an_unverified_maximum_decides_nothing() -> None:
    doses = KNOWLEDGE.maximum_doses
    doubtful = tuple(
        replace(each, figure=replace(each.figure, verification=Verification.UNVERIFIED))
        for each in doses.labelled["lorazepam"]
    )
    knowledge = replace(KNOWLEDGE, maximum_doses=replace(doses, labelled={**doses.labelled, "lorazepam": doubtful}))
    row = {"product": "lorazepam 1 mg tablet", "dosage": {"dose": "30 mg", "times": "1", "every": "1 d"}}
    dose = read(row, knowledge)
    assert isinstance(dose, DailyDose)
    # The defined daily dose of 2.5 mg stands in: ten of them are 25 mg.
    assert [(doubt.basis.value, doubt.at_most) for doubt in dose.doubts] == [("defined-daily-dose", Fraction(25))]


def doctored(old: str, new: str) -> MaximumDoses:
    text = shipped().joinpath("maximum_doses.yaml").read_text(encoding="utf-8")
    assert old in text
    data = yaml.load(text.replace(old, new, 1), Loader=yaml.BaseLoader)
    return read_maximum_doses(data, KNOWLEDGE.agents, KNOWLEDGE.vocabulary)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("  lorazepam:\n", "  lorazepan:\n", "lorazepan"),
        ("release: extended", "release: slow", "slow"),
        ("unit: mg/d", "unit: mg/wk", "mg/wk"),
        ("routes: [sublingual]", "routes: [sublingually]", "sublingually"),
        ("methadone, morphine", "methadone, lorazepam", "has a labelled maximum as well"),
    ],
)
def test_a_mistake_in_the_maxima_is_refused_by_name(old: str, new: str, where: str) -> None:
    with pytest.raises(KnowledgeError, match=where):
        doctored(old, new)
