"""Every finding has its file, policy block, spec table and page, and nothing has one without being a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.commands.documentation.docs_pages import pages
from rules import load_knowledge
from rules.findings import JUDGES

ROOT = Path(__file__).parents[2]
# Every finding; add yours.
IDS = {
    "total-load", "multiple-sedative-hypnotics", "high-potency", "interdose-withdrawal", "long-term-use",
    "dose-escalation", "concurrent-opioid", "concurrent-depressants", "oxybate", "older-adult", "respiratory-disease",
    "substance-use", "past-overdose", "mental-health", "pregnancy", "liver-disease", "abrupt-change", "taper-referral",
    "incomplete-picture", "additive-sedative", "gabapentinoid-breathing", "taper-under-way",
}  # fmt: skip


def test_the_findings_are_those_of_the_design() -> None:
    assert set(JUDGES) == IDS


def test_policy_blocks_and_findings_are_the_same() -> None:
    assert set(load_knowledge().findings) == IDS


@pytest.mark.parametrize("finding", sorted(IDS))
def test_a_finding_has_its_spec_table(finding: str) -> None:
    assert (ROOT / "tests/spec/findings" / f"{finding}.yaml").is_file()


@pytest.mark.parametrize("finding", sorted(IDS))
def test_a_finding_has_its_page_and_it_is_current(finding: str) -> None:
    page = pages(load_knowledge())[f"findings/{finding}.md"]
    written = (ROOT / "docs/findings" / f"{finding}.md").read_text(encoding="utf-8")
    assert written == page, "run `make docs`"


@pytest.mark.parametrize("finding", sorted(IDS))
def test_a_finding_names_itself_as_its_file_does(finding: str) -> None:
    module = __import__(f"rules.findings.{finding.replace('-', '_')}", fromlist=["ID"])
    assert finding == module.ID
    assert module.judge.__doc__


def test_no_table_without_a_finding() -> None:
    assert {path.stem for path in (ROOT / "tests/spec/findings").glob("*.yaml")} <= IDS
