"""How long, how steadily, and until when was a class of agents used?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compact_patient import Row, day_of, patient_of

from rules import assess, load_knowledge
from rules.assessment import Assessment

ROWS = yaml.load(Path(__file__).with_name("exposure.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)["rows"]
ROW_KEYS = frozenset(("name", "on", "medications", "record_begins", "because", "use", "findings"))


def _differences(row: Row, found: Assessment) -> Iterator[str]:
    for agent_class, wanted in row["use"].items():
        use = found.exposure[agent_class]
        if wanted == "none" or use is None:
            if not (wanted == "none" and use is None):
                yield f"{agent_class}: expected {wanted}, found {use}"
            continue
        for field, value in wanted.items():
            shown = str(getattr(use, field))
            if value != (shown.lower() if shown in ("True", "False") else shown):
                yield f"{agent_class}.{field}: expected {value}, found {shown}"
    results = {line.id: f"met {line.severity}" for line in found.findings}
    results |= {line.id: line.result for line in found.considered}
    for finding, expected in row.get("findings", {}).items():
        if results[finding] != expected:
            yield f"{finding}: expected {expected}, found {results[finding]}"


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_use_is_what_the_record_supplied(row: dict[str, Any]) -> None:
    assert not set(row) - ROW_KEYS, f"unknown keys: {sorted(set(row) - ROW_KEYS)}"
    lines = list(_differences(row, assess(patient_of(row), load_knowledge(), day_of(row))))
    assert not lines, "\n".join([f"{row['name']} ({row['because']})", *lines])
