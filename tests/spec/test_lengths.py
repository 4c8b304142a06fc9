"""Does a record last for as long as its text, its structure and its supply say? The rows are in lengths.yaml."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from rules.knowledge import load_knowledge
from rules.model import Dosage, Medication, Patient, Quantity, Regimen, Supply, Timing
from rules.timeline import read_record

KNOWLEDGE = load_knowledge()
ROWS = yaml.load((Path(__file__).parent / "lengths.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["rows"]
START = date(2026, 5, 1)
OF_LENGTH = {"stated-lengths-differ", "length-of-supply-not-believed"}


def number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def quantity(text: str | None) -> Quantity | None:
    if text is None:
        return None
    value, _, unit = text.partition(" ")
    return Quantity(Fraction(value), unit or None)


def regimen(row: dict) -> Regimen:
    timing = Timing(bounds_days=number(row["days"])) if "days" in row else None
    texts = row.get("texts", [row.get("text")])
    numbers = row.get("sequence", [None] * len(texts))
    lines = tuple(
        Dosage(text=text, sequence=None if at is None else int(at), timing=timing)
        for text, at in zip(texts, numbers, strict=True)
    )
    supply = None
    if {"supply", "quantity", "repeats"} & set(row):
        supply = Supply(quantity(row.get("quantity")), number(row.get("supply")), Fraction(row.get("repeats", "0")))
    medication = Medication(text=row.get("medication", "lorazepam 1 MG Oral Tablet"))
    return Regimen("MedicationRequest/r", medication, status="active", dosages=lines, authored_on=START, supply=supply)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_record_lasts_as_the_table_says(row: dict) -> None:
    (entry,) = read_record(Patient(regimens=(regimen(row),)), KNOWLEDGE, START).entries
    end = entry.window.end
    assert ("unknown" if end is None else str((end - START).days + 1)) == row["lasts"]
    assert sorted(OF_LENGTH & set(entry.dose.assumptions)) == sorted(row.get("said", []))


def test_no_two_rows_have_one_name() -> None:
    names = [row["name"] for row in ROWS]
    assert len(set(names)) == len(names)
