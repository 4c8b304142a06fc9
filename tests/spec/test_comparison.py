"""Does docs/comparison.md say of Benzo-CDS what it does? The rows, ours and the others', are in comparison.yaml.

What the others give was observed once and is not run here; ours is, and the tables of the page have to be those rows.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.fhir.reader import read_patient
from rules import assess, load_knowledge
from rules.numbers.quantity import MicrogramsPerHour, MilligramsPerDay
from rules.reading.dosage.daily_dose import DailyDose
from rules.reading.dosage.reconcile import read_daily_dose
from rules.reading.product.product import Product
from rules.reading.product.resolve import resolve

KNOWLEDGE = load_knowledge()
ON = date(2026, 11, 22)
PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
ROWS = yaml.load((Path(__file__).parent / "comparison.yaml").read_text("utf-8"), Loader=yaml.SafeLoader)
TABLET = {
    "coding": [
        {
            "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
            "code": "1049621",
            "display": "oxycodone hydrochloride 5 MG Oral Tablet",
        }
    ]
}
MARKS = {"right": "✓", "part": "~", "wrong": "✗", "none": "–"}
OUT = "not meant for that"


def order(row: dict[str, Any]) -> dict[str, Any]:
    order = row.get("order") or {"medicationCodeableConcept": TABLET, "dosageInstruction": [{"text": row["text"]}]}
    envelope = {"resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order"}
    return {**envelope, "subject": {"reference": "Patient/p1"}, "authoredOn": "2026-11-20", **order}


def given(row: dict[str, Any]) -> str:
    """What Benzo-CDS gives: mg a day (micrograms an hour of a patch), or why none."""
    patient = read_patient([order(row)], patient_id="p1", zone=UTC)
    assessment = assess(patient, KNOWLEDGE, ON)
    excluded = [line.reason.value for line in assessment.not_counted]
    if excluded:
        return excluded[0]
    (regimen,) = patient.regimens
    product = resolve(regimen.medication, KNOWLEDGE)
    assert isinstance(product, Product)
    dose = read_daily_dose(regimen, product, KNOWLEDGE, ON)
    if not isinstance(dose, DailyDose):
        return dose.reason.value
    (hourly,) = dose.by_agent_hourly.values() or (None,)
    return f"{amount(hourly)} micrograms/h" if hourly else amount(*dose.by_agent.values())


def amount(found: MilligramsPerDay | MicrogramsPerHour) -> str:
    return figure(found.used) if found.low == found.used else f"{figure(found.low)} to {figure(found.used)}"


def figure(number: Fraction) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def all_rows() -> list[dict[str, Any]]:
    return [*ROWS["texts"], *ROWS["shapes"]]


def name(row: dict[str, Any]) -> str:
    return str(row.get("text") or row["name"])


@pytest.mark.parametrize("row", all_rows(), ids=name)
def test_our_column_is_what_the_program_gives(row: dict[str, Any]) -> None:
    assert given(row) == row["ours"]


@pytest.mark.parametrize("row", all_rows(), ids=name)
def test_ours_is_right_or_refused_and_never_a_smaller_dose(row: dict[str, Any]) -> None:
    """Where the figure is not the right one, none is given, or the right one is the one that counts."""
    if row["right"] == "none":
        assert not row["ours"][0].isdigit()
    elif row["ours"] != row["right"]:
        assert row["ours"] == "dose-unknown" or row["ours"].endswith(f" to {row['right']}")


def cell(result: str) -> str:
    verdict, _, words = result.partition(": ")
    return OUT if verdict == "out" else f"{MARKS[verdict]} {words}".strip()


def ours(row: dict[str, Any]) -> str:
    refused = not row["ours"][0].isdigit()
    if refused:
        return f"{'✓' if row['right'] == 'none' else '–'} none: `{row['ours']}`"
    return f"✓ {row['ours']}" + ("" if row["ours"] == row["right"] else ", said to be doubtful")


def tables() -> list[str]:
    """The tables of the page, line by line."""
    lines = ["| text (5 mg tablets) | mg a day | Benzo-CDS | ParseRx | ezmedicationinput |", "|---|---|---|---|---|"]
    for row in ROWS["texts"]:
        cells = [f"`{row['text']}`", row["right"], ours(row), cell(row["parserx"]), cell(row["ezmedicationinput"])]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["| order | mg a day | Benzo-CDS | CDC MME calculator | fhir-dosage-utils |", "|---|---|---|---|---|"]
    for row in ROWS["shapes"]:
        cells = [row["name"], row["right"], ours(row), cell(row["cdc"]), cell(row["fhir-dosage-utils"])]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def test_the_tables_of_the_page_are_these_rows() -> None:
    shown = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    first = shown.index(tables()[0])
    assert shown[first:] == tables(), "write these lines:\n" + "\n".join(tables())


def test_the_figures_of_the_page_are_counted_from_the_rows() -> None:
    page = " ".join(PAGE.read_text("utf-8").split())
    for column, rows in (
        ("parserx", ROWS["texts"]),
        ("ezmedicationinput", ROWS["texts"]),
        ("cdc", ROWS["shapes"]),
        ("fhir-dosage-utils", ROWS["shapes"]),
    ):
        counted = Counter(row[column].partition(":")[0] for row in rows)
        totals = ", ".join(f"{counted[verdict]} {verdict}" for verdict in ("right", "part", "wrong", "none", "out"))
        assert f"`{column}`: {totals}" in page, f"{column}: {totals}"


def test_there_are_enough_rows_and_none_is_there_twice() -> None:
    named = [name(row) for row in all_rows()]
    assert len(named) >= 50
    assert len(set(named)) == len(named)
