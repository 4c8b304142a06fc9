"""Are the load and the MME the figures that the published tables give?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from compact_patient import Row, day_of, patient_of
from expected_fields import differences

from rules import assess, load_knowledge
from rules.assessment import Assessment

ROWS = yaml.load(Path(__file__).with_name("load.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)["rows"]
ROW_KEYS = frozenset(
    (
        *("name", "medications", "conditions", "because", "load", "va-dod-2021", "substitution"),
        *("not_in_load", "not_counted", "mme", "excluded"),
    )
)


def differences_of(row: Row, found: Assessment) -> Iterator[str]:
    yield from differences("load", row.get("load", {}), found.load)
    yield from differences("load by va-dod-2021", row.get("va-dod-2021", {}), found.load.by_table["va-dod-2021"])
    yield from differences("opioid", row.get("mme", {}), found.opioid)
    if "substitution" in row:
        yield from differences("substitution", {"used": row["substitution"]}, found.load.substitution)
    for member in ("not_in_load", "not_counted"):
        reasons = {line.source.partition("/")[2]: str(line.reason) for line in getattr(found, member)}
        for source, reason in row.get(member, {}).items():
            if reasons.get(source) != reason:
                yield f"{member}.{source}: expected {reason}, found {reasons}"
    for source in row.get("excluded", []):
        lines = [line for line in found.opioid.excluded if line.source == f"MedicationRequest/{source}"]
        if len(lines) != 1 or not lines[0].text:
            yield f"{source}: expected to be excluded from the MME and said so, found {lines}"
        if any(line.source == f"MedicationRequest/{source}" for line in found.opioid.contributions):
            yield f"{source}: adds MME"


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_figures_are_those_of_the_tables(row: Row) -> None:
    assert not set(row) - ROW_KEYS, f"unknown keys: {sorted(set(row) - ROW_KEYS)}"
    lines = list(differences_of(row, assess(patient_of(row), load_knowledge(), day_of(row))))
    assert not lines, "\n".join([f"{row['name']} ({row['because']})", *lines])
