"""Is the shipped knowledge fit, and would the check notice if it were not?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from cds_service.commands.knowledge import differences, problems_of, values_of
from rules.knowledge import ProblemKind, load_knowledge
from rules.knowledge.check import Problem

SHIPPED = Path(__file__).parents[2] / "rules" / "knowledge" / "data"
# The day of the check: that of the last review, so that the tests do not fail by the passing of time alone.
ON = load_knowledge().reviewed

Doctor = Callable[[str, str, str], None]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for pattern in ("*.yaml", "*.csv"):
        for file in SHIPPED.glob(pattern):
            shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
def doctor(copy: Path) -> Doctor:
    """Replace the first occurrence of a text in a file of the copy."""

    def replace(file: str, old: str, new: str) -> None:
        text = (copy / file).read_text(encoding="utf-8")
        assert old in text, "the test looks for a text that the file no longer holds"
        (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def failures(copy: Path, on: date = ON) -> list[Problem]:
    return [problem for problem in problems_of(copy, on) if problem.fails]


def test_the_shipped_knowledge_has_nothing_to_correct() -> None:
    assert [f"{problem.kind}: {problem.where}: {problem.what}" for problem in failures(SHIPPED)] == []


def test_an_untouched_copy_has_nothing_to_correct(copy: Path) -> None:
    assert problems_of(copy, ON) == problems_of(SHIPPED, ON)


REVIEWED = f"reviewed: {ON}"
CASES = {
    "a figure without a source": (
        ProblemKind.UNCITED, "policy.yaml", 'range: ["90", "1095"], source: benzo-cds-policy', 'range: ["90", "1095"]',
        "concurrency.recency_days",
    ),
    "an equivalent without a source": (
        ProblemKind.UNCITED, "agents.yaml", "- {source: asam-2025-ashton, value:", "- {value:", "equivalents[0]",
    ),
    "a code of an agent without a source": (
        ProblemKind.UNCITED, "agents.yaml", 'code: "596", source: rxnorm', 'code: "596"', "alprazolam.codes[0]",
    ),
    "a code of a condition without a source": (
        ProblemKind.UNCITED, "conditions.csv", "G40,icd-10-cm,read", "G40,,read", "conditions.csv: line 2",
    ),
    "a finding without a reference": (
        ProblemKind.UNCITED, "policy.yaml", "references: [xyrem-2020]", "references: []", "findings.oxybate.references",
    ),
    "an equivalent of another magnitude": (
        ProblemKind.OUT_OF_RANGE, "agents.yaml",
        "- {source: asam-2025-ashton, value:", '- {source: asam-2025-ashton, value: "9000", note:',
        "agents.yaml: agents",
    ),
    "a policy value out of its range": (
        ProblemKind.OUT_OF_RANGE, "policy.yaml",
        'value: "365", unit: d, range: ["90"', 'value: "3650", unit: d, range: ["90"', "recency_days.value",
    ),
    "a source that does not exist": (
        ProblemKind.UNRESOLVABLE, "tables.yaml", "own: [asam-2025-vadod]", "own: [asam-2025-vadot]", "va-dod-2021.own",
    ),
    "a reference that does not exist": (
        ProblemKind.UNRESOLVABLE, "policy.yaml",
        "references: [xyrem-2020]", "references: [xyrem-2021]", "oxybate.references",
    ),
    "a class that does not exist": (
        ProblemKind.UNRESOLVABLE, "agents.yaml", "class: benzodiazepine", "class: benzodiazepin", "alprazolam.class",
    ),
    "a product of an agent that does not exist": (
        ProblemKind.UNRESOLVABLE, "products.csv", "primidone=250/unit", "primidon=250/unit", "products.csv: line",
    ),
    "a product by a route that does not exist": (
        ProblemKind.UNRESOLVABLE, "products.csv", "Oral Tablet,oral,", "Oral Tablet,orally,", "products.csv",
    ),
    "a code of a condition that does not exist": (
        ProblemKind.UNRESOLVABLE, "conditions.csv", "\ncopd,", "\ncopdd,", "conditions.csv: line",
    ),
    "a table that does not exist": (
        ProblemKind.UNRESOLVABLE, "tables.yaml", "default: ashton-2002", "default: ashton-2020", "tables.yaml: default",
    ),
    "a source that nobody cites": (
        ProblemKind.UNUSED, "sources.yaml", "sources:\n",
        "sources:\n  idle: {title: t, publisher: p, year: '', url: '', read_at: r, verification: read}\n",
        "sources.idle",
    ),
    "a trait that nobody asks for": (
        ProblemKind.UNUSED, "agents.yaml",
        "traits: [high-potency]", "traits: [high-potency, tastes-of-mint]", "tastes-of-mint",
    ),
    "a parameter that no finding reads": (
        ProblemKind.UNUSED, "policy.yaml", "      mme_caution:",
        '      idle_days: {value: "1", unit: d, range: ["0", "2"], source: cdc-2022}\n      mme_caution:',
        "concurrent-opioid.parameters.idle_days",
    ),
    "a condition that nobody asks for": (
        ProblemKind.UNUSED, "conditions.yaml", "concepts:\n",
        "concepts:\n  idle: {name: idle, source: benzo-cds-policy, names: [idling]}\n", "concepts.idle",
    ),
    "a class without an agent": (
        ProblemKind.UNUSED, "classes.yaml", "classes:\n",
        "classes:\n  idle: {name: i, plural: i, in_load: 'false', opioid: 'false', reversal: 'false', "
        "depressant: 'true', cns_active: {value: 'no', source: beers-2023, verification: read, where: w}}\n",
        "classes.idle",
    ),
    "a guideline figure that no wording uses": (
        ProblemKind.UNUSED, "guidance.yaml", "figures:\n",
        'figures:\n  idle: {value: "1", unit: d, source: asam-2025}\n', "figures.idle",
    ),
    "a key that stands twice": (
        ProblemKind.UNREADABLE, "tables.yaml", "default: ashton-2002\n", "default: ashton-2002\ndefault: va-dod-2021\n",
        "tables.yaml: line",
    ),
    "a key that is not known": (
        ProblemKind.UNREADABLE, "policy.yaml", "    raises:", "    raise:", "findings.total-load.raise",
    ),
    "an anchor used again": (
        ProblemKind.UNREADABLE, "tables.yaml", "own: [asam-2025-ashton]", "own: &a [asam-2025-ashton]\n    note: *a",
        "tables.yaml: line",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_check_fails_on(case: str, copy: Path, doctor: Doctor) -> None:
    kind, file, old, new, where = CASES[case]
    doctor(file, old, new)
    assert [problem for problem in failures(copy) if problem.kind is kind and where in problem.where]


def test_an_entry_reviewed_over_two_years_ago_fails(copy: Path, doctor: Doctor) -> None:
    doctor("agents.yaml", REVIEWED, f"reviewed: {ON - timedelta(days=760)}")
    assert [problem.where for problem in failures(copy)] == ["agents.yaml: reviewed"]


def test_an_entry_reviewed_over_a_year_ago_is_only_noted(copy: Path, doctor: Doctor) -> None:
    doctor("agents.yaml", REVIEWED, f"reviewed: {ON - timedelta(days=400)}")
    assert failures(copy) == []
    assert [(problem.kind, problem.where) for problem in problems_of(copy, ON)] == [
        (ProblemKind.STALE, "agents.yaml: reviewed")
    ]


def test_an_entry_reviewed_within_a_year_is_fresh(copy: Path, doctor: Doctor) -> None:
    doctor("agents.yaml", REVIEWED, f"reviewed: {ON - timedelta(days=300)}")
    assert problems_of(copy, ON) == problems_of(SHIPPED, ON)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "tables.yaml").unlink()
    assert [(problem.kind, problem.where) for problem in failures(copy)] == [(ProblemKind.UNREADABLE, "tables.yaml")]


def test_a_comparison_names_what_was_added_removed_and_changed(copy: Path, doctor: Doctor) -> None:
    doctor("policy.yaml", 'value: "365", unit: d, range: ["90"', 'value: "180", unit: d, range: ["90"')
    doctor("tables.yaml", "  va-dod-2021:", "  another:\n    name: x\n    own: [y]\n  va-dod-2021:")
    doctor("conditions.csv", "copd,prefix,icd-10-cm,J41,icd-10-cm,read\n", "")
    found = list(differences(dict(values_of(SHIPPED)), dict(values_of(copy))))
    assert found == [
        "- conditions.csv: copd, prefix, icd-10-cm, J41: icd-10-cm, read",
        "~ policy.yaml: policy concurrency recency_days value: 365 -> 180",
        "+ tables.yaml: tables another name: x",
        "+ tables.yaml: tables another own: y",
    ]
