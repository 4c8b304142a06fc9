"""Is a reading given back in one plain sentence? The rows are in reading_sentences.yaml."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from test_dosage import regimen

from rules.knowledge import Ingredient, Per, Strength, load_knowledge
from rules.reading.dosage.reconcile import read_daily_dose
from rules.reading.product.product import Product

ON = date(2026, 11, 22)
TABLE = yaml.load(
    (Path(__file__).parent / "reading_sentences.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader
)
KNOWLEDGE = load_knowledge()


def product(name: str) -> Product:
    entry = TABLE["products"][name]
    ingredients = []
    for agent, strength in entry["strengths"].items():
        amount, _, per = strength.partition(" mg per ")
        ingredients.append(Ingredient(agent, Strength(Fraction(amount), Per(per)) if per else None))
    millilitres = Fraction(entry["millilitres"]) if "millilitres" in entry else None
    return Product(tuple(ingredients), name, form=entry["form"], package_millilitres=millilitres)


def sentence_of(row: dict) -> str:
    written = {**row, "dosage": {"text": row["sig"]}} if "sig" in row else row
    return read_daily_dose(regimen(written), product(row["product"]), KNOWLEDGE, ON).read_as


@pytest.mark.parametrize("row", TABLE["rows"], ids=lambda row: row["says"][:70])
def test_a_reading_is_given_back_as_the_table_says(row: dict) -> None:
    assert sentence_of(row) == row["says"]


def test_there_are_enough_rows_and_every_product_is_used() -> None:
    assert len(TABLE["rows"]) >= 60
    assert {row["product"] for row in TABLE["rows"]} == set(TABLE["products"])


@pytest.mark.parametrize("row", TABLE["rows"], ids=lambda row: row["says"][:70])
def test_the_amount_stands_once_and_last(row: dict) -> None:
    sentence = sentence_of(row)
    assert sentence.count(" mg a day") + sentence.count(" micrograms an hour") <= 2
    assert "  " not in sentence
    assert sentence == sentence.strip(" ,;:")
