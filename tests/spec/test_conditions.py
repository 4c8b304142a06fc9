"""Which conditions does a problem list hold on a day, by code, by name, by status and by time?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.findings.case.conditions import PatientCondition, PatientConditions, read_conditions
from rules.knowledge import Verification, load_knowledge
from rules.model import CodeSystem, Coding, ConditionEntry, Patient

ON = date(2026, 11, 22)
TABLES = yaml.load(Path(__file__).with_name("conditions.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
KINDS = yaml.load(Path(__file__).with_name("condition_kinds.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
ROWS = [pytest.param(row, id=f"{chapter}: {row['why']}") for chapter, rows in TABLES.items() for row in rows]


def day(row: Mapping[str, str], key: str) -> date | None:
    return date.fromisoformat(row[key]) if key in row else None


def entry(row: Mapping[str, Any], **changes: Any) -> ConditionEntry:
    codings = [
        Coding(system, row[key], row.get("display"))
        for key, system in (("icd", CodeSystem.ICD10CM), ("snomed", CodeSystem.SNOMED))
        if key in row
    ]
    fields = {
        "source": "Condition/c1",
        "codings": tuple(codings),
        "text": row.get("text"),
        "clinical_status": row.get("status", ""),
        "verification_status": row.get("verification", ""),
        "onset": day(row, "onset"),
        "abatement": day(row, "abatement"),
        "abated": row.get("abated") == "true" or "abatement" in row,
        "of_visit": {"visit": True, "problem": False}.get(row.get("category", "")),
        "remarks": tuple(row.get("remarks", ())),
        "recorded": day(row, "recorded"),
        "in_doubt": row.get("unsure") == "true",
    }
    return ConditionEntry(**(fields | changes))


def read(*entries: ConditionEntry) -> PatientConditions:
    return read_conditions(Patient(conditions=entries), load_knowledge(), ON)


def outline(found: Mapping[str, PatientCondition]) -> list[str]:
    return [
        name + (" remission" if condition.in_remission else "") + (" unverified" if condition.unverified else "")
        for name, condition in found.items()
    ]


@pytest.mark.parametrize("row", ROWS)
def test_an_entry_counts_as(row: Mapping[str, Any]) -> None:
    assert outline(read(entry(row)).present) == row["counts"]


@pytest.mark.parametrize("row", ROWS)
def test_an_entry_is_or_once_was(row: Mapping[str, Any]) -> None:
    assert outline(read(entry(row)).history) == row.get("ever", row["counts"])


@pytest.mark.parametrize("row", [param for param in ROWS if "exempts" in param.values[0]])
def test_an_entry_exempts_only_beyond_doubt(row: Mapping[str, Any]) -> None:
    assert sorted(read(entry(row)).exempting) == row["exempts"]


@pytest.mark.parametrize("row", ROWS)
def test_another_patient_s_entry_never_counts(row: Mapping[str, Any]) -> None:
    found = read(entry(row, another_patient=True))
    assert found.present == {}
    assert found.history == {}


def test_remission_is_said_in_the_name() -> None:
    found = read(entry({"icd": "F11.21"})).present
    assert found["opioid-use-disorder"].name == "opioid dependence, in remission"


@pytest.mark.parametrize("row", [param for param in ROWS if "told" in param.values[0]])
def test_a_use_disorder_is_told_in_the_words_of_the_record(row: Mapping[str, Any]) -> None:
    (found,) = read(entry(row)).present.values()
    told = found.on_record
    assert (told.name, told.words) == (row["told"], row.get("words", ""))
    assert told.is_dependence is ("dependence" in row["told"])
    assert told.may_be_prescribed is (row.get("may_be_prescribed") == "true")


def test_the_surer_entry_is_shown_in_any_order() -> None:
    remitted = entry({"icd": "F11.21"}, source="Condition/old", recorded=date(2026, 11, 1))
    active = entry({"icd": "F11.20"}, source="Condition/new", recorded=date(2020, 1, 1))
    for conditions in ((remitted, active), (active, remitted)):
        found = read(*conditions).present["opioid-use-disorder"]
        assert (found.source, found.in_remission, found.recorded) == ("Condition/new", False, date(2020, 1, 1))


def test_epilepsy_beside_an_earlier_withdrawal_seizure_is_both() -> None:
    epilepsy = entry({"icd": "G40.909"}, source="Condition/1")
    seizure = entry({"text": "Alcohol withdrawal seizure"}, source="Condition/2", recorded=date(2019, 5, 1))
    found = read(epilepsy, seizure).present
    assert set(found) == {"seizure-disorder", "withdrawal-seizure"}


def test_another_country_s_classification_is_read_by_its_display() -> None:
    coding = Coding(None, "J44", "Chronic obstructive pulmonary disease")
    found = read(ConditionEntry("Condition/1", (coding,))).present
    assert set(found) == {"copd"}


def test_the_signs_of_withdrawal_are_those_of_the_guideline() -> None:
    concepts = load_knowledge().concepts
    signs = {name: concept.withdrawal for name, concept in concepts.items() if concept.withdrawal is not None}
    expected = {name: group for group, names in KINDS["signs"].items() for name in names}
    assert {name: sign.group for name, sign in signs.items()} == expected
    assert {name for name, sign in signs.items() if sign.severe} == set(KINDS["severe"])
    assert all(sign.citation.verification is Verification.READ for sign in signs.values())


def test_what_a_benzodiazepine_is_given_for_and_what_for_longer() -> None:
    concepts = load_knowledge().concepts
    assert {name for name, concept in concepts.items() if concept.indication} == set(KINDS["indications"])
    longer = {name: concept.longer_indication for name, concept in concepts.items() if concept.longer_indication}
    assert set(longer) == set(KINDS["longer"])
    assert {name for name, reason in longer.items() if reason.therapy_fits} == set(KINDS["therapy"])
    assert all(reason.citations for reason in longer.values())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            {"icd": "F13.20", "display": "Sedative dependence", "text": "Dependence as prescribed"},
            "Dependence as prescribed",
        ),
        ({"icd": "F14.20", "display": "Cocaine dependence, uncomplicated"}, "Cocaine dependence, uncomplicated"),
        ({"icd": "F14.20"}, ""),
    ],
)
def test_the_words_of_the_record_reach_the_case(row: dict[str, str], words: str) -> None:
    (found,) = read(entry(row)).present.values()
    assert found.words == words
