"""Is it told what an order is for: by its reason, its words and its product? The rows are in purposes.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.knowledge import load_knowledge
from rules.model import CodeSystem, Coding, Dosage, Medication, Patient, Reason, Regimen
from rules.timeline.record_reader import read_record

ROWS = yaml.load((Path(__file__).parent / "purposes.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["rows"]


def reason(row: dict[str, str]) -> Reason:
    return Reason((Coding(CodeSystem.ICD10CM, row["code"]),) if "code" in row else (), row.get("text"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_an_order_is_for_what_the_table_says(row: dict[str, Any]) -> None:
    codings = (Coding(CodeSystem.ATC, row["code"]),) if "code" in row else ()
    order = Regimen(
        "MedicationRequest/r",
        Medication(codings, row["drug"]),
        dosages=(Dosage(text=row.get("text"), as_needed_for=row.get("as_needed_for")),),
        reasons=tuple(map(reason, row.get("for", ()))),
    )
    record = read_record(Patient(regimens=(order,)), load_knowledge(), date(2026, 11, 22))
    assert sorted(record.entries[0].purposes) == sorted(row["is"])
