"""Which records count together, in which reading, and what the orders being written begin or increase?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compact_patient import Row, day_of, patient_of
from expected_fields import differences

from rules import assess, load_knowledge
from rules.assessment import Assessment

ROWS = [
    row
    for table in ("concurrency.yaml", "presence.yaml")
    for row in yaml.load(Path(__file__).with_name(table).read_text("utf-8"), Loader=yaml.BaseLoader)["rows"]
]
ROW_KEYS = frozenset(
    (
        *("name", "on", "born", "medications", "conditions", "missing", "unread", "record_begins", "because"),
        *("discharge", "site", "load", "with_order", "counted", "beside", "not_counted", "absent", "assumed", "text"),
        "text_lacks",
        *("rises_elsewhere", "rises_ahead"),
        *("not_assumed", "findings", "increases", "new_starts", "begun", "mme", "possible"),
    )
)


def _name(source: str) -> str:
    return source.partition("/")[2]


def _set(what: str, row: Row, found: Iterator[str]) -> Iterator[str]:
    if what in row:
        names = sorted(set(found))
        if sorted(row[what]) != names:
            yield f"{what}: expected {sorted(row[what])}, found {names}"


def _result(found: Assessment, finding: str) -> str:
    for met in found.findings:
        if met.id == finding:
            return f"met {met.severity}" + ("" if met.raises else " silent")
    considered = next(line for line in found.considered if line.id == finding)
    return f"exempt {considered.by}" if considered.result == "exempt" else considered.result


def _differences(row: Row, found: Assessment) -> Iterator[str]:
    yield from differences("load", row.get("load", {}), found.load)
    yield from differences("with_order", row.get("with_order", {}), found.with_order)
    yield from differences("mme", row.get("mme", {}), found.opioid)
    yield from _set("counted", row, (_name(line.source) for line in found.contributions))
    yield from _set("absent", row, (_name(line.source) for line in found.not_counted if not line.present))
    yield from _set("possible", row, (_name(line.source) for line in found.not_counted if line.certainty == "possible"))
    yield from _set("begun", row, (_name(source) for source in found.begun))
    yield from _set("new_starts", row, (_name(source) for source in found.new_starts))
    for member, lines in (("beside", found.not_in_load), ("not_counted", found.not_counted)):
        reasons = {_name(line.source): str(line.reason) for line in lines}
        if member in row and row[member] != reasons:
            yield f"{member}: expected {row[member]}, found {reasons}"
    assumed = {_name(line.source): set(line.assumptions) for line in (*found.contributions, *found.not_in_load)}
    for source, codes in row.get("assumed", {}).items():
        if not set(codes) <= assumed.get(source, set()):
            yield f"assumed.{source}: expected {codes}, found {sorted(assumed.get(source, set()))}"
    for source, codes in row.get("not_assumed", {}).items():
        if set(codes) & assumed[source]:
            yield f"not_assumed.{source}: found {sorted(set(codes) & assumed[source])}"
    texts = {_name(line.source): line.full_text for line in found.not_counted}
    for source, words in row.get("text", {}).items():
        if not all(word in texts.get(source, "") for word in words):
            yield f"text.{source}: expected {words}, found {texts.get(source)!r}"
    for source, words in row.get("text_lacks", {}).items():
        if source not in texts or any(word in texts[source] for word in words):
            yield f"text_lacks.{source}: found {texts.get(source)!r}"
    for finding, wanted in row.get("findings", {}).items():
        if not _result(found, finding).startswith(wanted):
            yield f"{finding}: expected {wanted}, found {_result(found, finding)}"
    rises = {rise.table: f"{float(rise.before):g} to {float(rise.after):g}" for rise in found.rises_elsewhere}
    if "rises_elsewhere" in row and row["rises_elsewhere"] != rises:
        yield f"rises_elsewhere: expected {row['rises_elsewhere']}, found {rises}"
    ahead = {
        _name(rise.source): f"{float(rise.milligrams):g} mg, {float(rise.mme or rise.equivalent or 0):g}"
        for rise in found.rises_ahead
    }
    if "rises_ahead" in row and row["rises_ahead"] != ahead:
        yield f"rises_ahead: expected {row['rises_ahead']}, found {ahead}"
    if "increases" in row and row["increases"] != str(found.increases).lower():
        yield f"increases: expected {row['increases']}, found {found.increases}"


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_record_is_read_as_the_row_says(row: dict[str, Any]) -> None:
    assert not set(row) - ROW_KEYS, f"unknown keys: {sorted(set(row) - ROW_KEYS)}"
    knowledge = load_knowledge(row.get("site"))
    found = assess(patient_of(row), knowledge, day_of(row), at_discharge=row.get("discharge") == "true")
    lines = list(_differences(row, found))
    assert not lines, "\n".join([f"{row['name']} ({row['because']})", *lines])
