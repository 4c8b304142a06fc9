"""Which findings depend on the birth date, as the source attributes say, and is no finding judged of a child?"""

from __future__ import annotations

import pytest
from compact_patient import Row, day_of, patient_of
from test_findings import TABLES

from rules import assess, load_knowledge
from rules.assessment import Assessment, Considered, Met

ROWS = [row for table in TABLES.values() for row in table["rows"]]
YOUNGER, OLDER, CHILD = "1979-03-01", "1940-03-01", "2015-03-01"


def assessed(row: Row, born: str) -> Assessment:
    return assess(patient_of({**row, "born": born}), load_knowledge(), day_of(row))


def results(found: Assessment) -> dict[str, Met | Considered]:
    return {line.id: line for line in (*found.findings, *found.considered)}


def test_the_birth_date_decides_where_the_attributes_say_so_and_nowhere_else() -> None:
    depending = set()
    for row in ROWS:
        younger, older = assessed(row, YOUNGER), assessed(row, OLDER)
        assert (younger.load, younger.opioid) == (older.load, older.opioid), row["name"]
        before, after = results(younger), results(older)
        depending |= {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert depending == set(load_knowledge().intervention.patient_data["date_of_birth"].findings)


@pytest.mark.parametrize("finding", sorted(TABLES))
def test_no_finding_is_judged_of_a_child(finding: str) -> None:
    for row in TABLES[finding]["rows"]:
        result = results(assessed(row, CHILD))[finding]
        assert isinstance(result, Considered), row["name"]
        assert result.result == "exempt", row["name"]
