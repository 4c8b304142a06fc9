"""Is the route of a medication the one that its record tells? The rows are in routes.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rules.knowledge import load_knowledge
from rules.model import Dosage, Medication, Regimen
from rules.reading.dosage import administration_of
from rules.reading.product.product import Product
from rules.reading.product.resolve import resolve

KNOWLEDGE = load_knowledge()
ROWS = yaml.load((Path(__file__).parent / "routes.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["rows"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_the_route_is_the_one_that_the_table_says(row: dict) -> None:
    medication = Medication(text=row["medication"])
    product = resolve(medication, KNOWLEDGE)
    assert isinstance(product, Product), product
    line = Dosage(text=row.get("text"), route=row.get("route"))
    read = administration_of(Regimen("MedicationRequest/r", medication, dosages=(line,)), product, KNOWLEDGE)
    assert read.route == row["is"]
    assert read.equivalent == (row["load"] == "true")
    assert read.exposes == (row.get("exposure", "true") == "true")
    assert sorted(read.assumptions) == sorted(row.get("said", []))
    if "rescue" in row:
        assert read.rescue == (row["rescue"] == "true")


def test_no_two_rows_have_one_name() -> None:
    names = [row["name"] for row in ROWS]
    assert len(set(names)) == len(names)
