"""The worked cases of the tests, counted: rows of spec tables and stories, and how many the program answers alike."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from cds_service.fhir.reader import read_patient
from fhir_fixtures import Story, stories
from rules import assess, load_knowledge
from rules.assessment import Assessment
from rules.knowledge import Knowledge

TESTS = Path(__file__).parents[1]
SPEC = TESTS / "spec"
# The modules of the tests that read the rows and stories, and compare.
sys.path += [str(SPEC), str(TESTS / "acceptance")]

from compact_patient import Row, day_of, patient_of  # noqa: E402
from expected_assessment import differences as story_differences  # noqa: E402
from test_findings import TABLES, result_of, words_of  # noqa: E402
from test_load import ROWS as LOAD_ROWS  # noqa: E402
from test_load import differences_of  # noqa: E402

KINDS = ("met warning", "met info", "not-met", "exempt", "not-judged")
# A row with one of these states data that is missing, unreadable or in doubt.
_LACKING = ("missing", "unread")


@dataclass(frozen=True, slots=True)
class FindingCases:
    """The worked rows of one finding by kind, how many lack data, how many are answered alike; the stories that expect
    it to be met and not to be met."""

    id: str
    by_kind: Mapping[str, int]
    lacking: int
    alike: int
    stories_met: int
    stories_not_met: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.by_kind.values())


@dataclass(frozen=True, slots=True)
class LoadCases:
    """The worked totals: all, those with the figure of a second table, those with MME, those that come out alike."""

    rows: int
    by_second_table: int
    with_mme: int
    alike: int


@dataclass(frozen=True, slots=True)
class TableCases:
    """The rows of a spec table on one part of the reading or the arithmetic."""

    name: str
    about: str
    rows: int


def read_table(path: Path) -> Any:
    """A spec table, every scalar as text."""
    return yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)


def finding_cases(knowledge: Knowledge) -> Iterator[FindingCases]:
    """The cases of every finding, in the order of the policy."""
    for finding in knowledge.findings:
        rows: list[Row] = TABLES[finding]["rows"]
        kinds = [row["expect"] if row["expect"].startswith("met") else row["expect"].split(" ")[0] for row in rows]
        yield FindingCases(
            id=finding,
            by_kind={kind: kinds.count(kind) for kind in KINDS},
            lacking=sum(_lacks_data(row) for row in rows),
            alike=sum(words_of(result_of(assessed_row(row), finding)) == row["expect"] for row in rows),
            stories_met=sum(finding in _met(story.expect) for story in stories()),
            stories_not_met=sum(finding in _not_met(story.expect) for story in stories()),
        )


def _lacks_data(row: Row) -> bool:
    without_dose = any("units" not in item and "text" not in item for item in row.get("medications", ()))
    return any(key in row for key in _LACKING) or row.get("born") == "none" or without_dose


def assessed_row(row: Row) -> Assessment:
    """The patient of a row, assessed."""
    return assess(patient_of(row), load_knowledge(), day_of(row))


def _met(expect: Mapping[str, Any]) -> set[str]:
    return {*expect.get("findings", {}), *expect.get("findings_include", {})}


def _not_met(expect: Mapping[str, Any]) -> set[str]:
    return {name for key in ("not_met", "not_judged", "exempt") for name in expect.get(key, ())}


def load_cases() -> LoadCases:
    """The rows on the load."""
    alike = sum(not list(differences_of(row, assessed_row(row))) for row in LOAD_ROWS)
    by_second, with_mme = (sum(key in row for row in LOAD_ROWS) for key in ("va-dod-2021", "mme"))
    return LoadCases(len(LOAD_ROWS), by_second, with_mme, alike)


def table_cases() -> Iterator[TableCases]:
    """Every spec table, with the first sentence of its head."""
    for path in sorted(SPEC.glob("*.yaml")):
        head = " ".join(
            line.lstrip("# ") for line in path.read_text("utf-8").splitlines()[:4] if line.startswith("#") and line[1:]
        )
        yield TableCases(path.name, head.partition(". ")[0].rstrip(".") + ".", _count(read_table(path)))


def _count(table: Any) -> int:
    """The rows of a table: those of its lists, and of the mappings of a vocabulary."""
    if isinstance(table, list):
        return len(table)
    return sum(len(part) if isinstance(part, list) else _count_parts(part) for part in table.values())


def _count_parts(part: Iterable[Any]) -> int:
    """A mapping of lists counts their rows (products.yaml); one of definitions (the products of a table) is no row."""
    lists = [value for value in part.values() if isinstance(value, list)] if isinstance(part, dict) else []
    return sum(map(len, lists))


def assessed(story: Story, knowledge: Knowledge) -> Assessment:
    """A story's patient and draft orders, assessed."""
    context = (story.request or {}).get("context", {})
    drafts = context.get("draftOrders") or context.get("medications") or {}
    patient = read_patient(
        [entry["resource"] for entry in story.patient["entry"]],
        patient_id=None,
        drafts=[entry["resource"] for entry in drafts.get("entry", [])],
        zone=ZoneInfo("UTC"),
    )
    return assess(patient, knowledge, story.on, at_discharge=story.hook == "encounter-discharge")


def stories_alike(knowledge: Knowledge) -> int:
    """How many stories the program judges as they were worked out by hand."""
    return sum(not story_differences(story.expect, assessed(story, knowledge)) for story in stories())
