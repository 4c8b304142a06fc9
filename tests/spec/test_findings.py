"""Does every finding answer each row of its spec table as a pharmacist would?"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from compact_patient import Row, day_of, patient_of

from rules import assess, load_knowledge
from rules.assessment import Assessment, Considered, Met

TABLES = {
    path.stem: yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    for path in sorted(Path(__file__).with_name("findings").glob("*.yaml"))
}
ROWS = [
    pytest.param(finding, row, id=f"{finding}: {row['name']}")
    for finding, table in TABLES.items()
    for row in table["rows"]
]
ROW_KEYS = frozenset(
    (
        *("name", "on", "born", "medications", "conditions", "missing", "why_missing", "unread", "record_begins"),
        *("expect", "raises", "facts", "why"),
    )
)


def result_of(assessment: Assessment, finding: str) -> Met | Considered:
    results = [line for line in (*assessment.findings, *assessment.considered) if line.id == finding]
    assert len(results) == 1, f"{finding} is answered {len(results)} times"
    return results[0]


def words_of(result: Met | Considered) -> str:
    if isinstance(result, Met):
        return f"met {result.severity}"
    return f"exempt {result.by}" if result.result == "exempt" else result.result


def _fact(met: Met, name: str) -> object:
    """A fact by its name, or after a dot an attribute of it."""
    fact, _, attribute = name.partition(".")
    value = met.facts.get(fact)
    return getattr(value, attribute) if attribute else value


def _text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple) and any(not isinstance(item, str | tuple) for item in value):
        return ", ".join(map(str, value))
    return str(value) if not isinstance(value, Fraction) else str(float(value)).removesuffix(".0")


@pytest.mark.parametrize(("finding", "row"), ROWS)
def test_the_finding_answers_as_the_row_says(finding: str, row: Row) -> None:
    assert not set(row) - ROW_KEYS, f"unknown keys: {sorted(set(row) - ROW_KEYS)}"
    result = result_of(assess(patient_of(row), load_knowledge(), day_of(row)), finding)
    assert words_of(result) == row["expect"], f"{row['name']}: {result}"
    if isinstance(result, Met):
        if "raises" in row:
            assert str(result.raises).lower() == row["raises"], f"{row['name']}: raises"
        for name, wanted in row.get("facts", {}).items():
            assert _text(_fact(result, name)) == wanted, f"{row['name']}: {name}"
    if isinstance(result, Considered) and result.result == "not-judged":
        assert result.why, f"{row['name']}: not judged without saying why"
        assert row.get("why", "") in result.why


@pytest.mark.parametrize("finding", sorted(load_knowledge().findings))
def test_the_table_holds_a_row_of_every_kind(finding: str) -> None:
    table: dict[str, Any] = TABLES[finding]
    kinds = {row["expect"].split(" ")[0] for row in table["rows"]}
    assert {"met", "not-met", "exempt"} <= kinds, f"{finding} has rows of {sorted(kinds)} only"
    assert ("not-judged" in kinds) != bool(table.get("never_not_judged")), (
        f"{finding}: either a not-judged row, or never_not_judged with the reason"
    )


def test_there_is_no_table_without_a_finding() -> None:
    assert sorted(TABLES) == sorted(load_knowledge().findings)
