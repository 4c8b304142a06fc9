"""Does the prescriber see why a dose is doubted, on the card and in the working, and only where it is?"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from ehr import assessment, cards, client, lorazepam, order, prefetch, sign
from jsonschema import Draft202012Validator

from cds_service.working.assessment_json import assessment_json, assessment_schema
from cds_service.working.text_page import working
from rules import assess, load_knowledge
from rules.model import Dosage, DoseEntry, Medication, Patient, Quantity, Regimen, Timing

FORTY = "40 tablets (40 mg) a day is more than 2 times the labelled maximum of 10 mg a day"
ON = date(2026, 11, 22)


@pytest.fixture(scope="module")
def http():
    return client()


def detail(http, *drafts: dict, **more) -> str:
    found = cards(http, sign(*drafts, **more))
    assert found
    return found[0]["detail"]


def test_the_order_is_to_be_checked_and_the_figure_is_named(http) -> None:
    draft = order("l", "lorazepam 1 MG Oral Tablet", code="197901", a_day=1, units=40)
    found = cards(http, sign(draft))
    line = next(line for line in found[0]["detail"].splitlines() if "this order" in line)
    # Ashton: 1 mg equals 10 mg of diazepam. It is counted all the same.
    assert "40 mg/day ≈ 400 mg diazepam" in line
    assert line.endswith(f"check the order: {FORTY}")
    (lines,) = assessment(found[0])["contributions"][0]["implausible"]
    assert lines == {
        "agent": "lorazepam",
        "text": FORTY,
        "amount": 40,
        "at_most": 20,
        "unit": "mg a day",
        "basis": "labelled-maximum",
        "source": "us-labels",
    }


def test_orders_beside_the_load_are_checked_too(http) -> None:
    # 40 capsules of 300 mg are 12,000 mg; twice the labelled 3,600 mg are 7,200.
    gabapentin = order("g", "gabapentin 300 MG Oral Capsule", a_day=1, units=40)
    text = detail(http, lorazepam(), prefetch=prefetch(gabapentin))
    assert "gabapentin 300 MG Oral Capsule: check the order: " in text
    assert "(12000 mg) a day is more than 2 times the labelled maximum of 3600 mg a day" in text


def test_an_opioid_without_a_labelled_maximum_is_held_against_the_defined_daily_dose(http) -> None:
    # 400 tablets of 5 mg are 2,000 mg; twenty defined daily doses of 75 mg are 1,500.
    oxycodone = order("o", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=1, units=400)
    text = detail(http, lorazepam(), prefetch=prefetch(oxycodone))
    assert "is more than 20 times the WHO defined daily dose of 75 mg; its label gives no maximum" in text


def test_an_ordinary_order_is_not_questioned(http) -> None:
    assert "check the order" not in detail(
        http, lorazepam(), prefetch=prefetch(order("g", "gabapentin 300 MG Oral Capsule", a_day=3))
    )


def patient(tablets: int) -> Patient:
    dose = Quantity(Fraction(tablets), "tablet")
    regimen = Regimen(
        source="MedicationRequest/r",
        medication=Medication(text="lorazepam 1 mg tablet"),
        dosages=(
            Dosage(
                doses=(DoseEntry(None, dose, dose),),
                timing=Timing(frequency=Fraction(1), period=Fraction(1), period_unit="d"),
            ),
        ),
        authored_on=date(2026, 11, 1),
        status="active",
    )
    return Patient(reference="Patient/p1", born=(date(1980, 5, 2), date(1980, 5, 2)), regimens=(regimen,))


@pytest.mark.parametrize(
    ("tablets", "said"), [(40, FORTY), (12, "above the labelled maximum of 10 mg a day"), (4, None)]
)
def test_the_working_says_it_and_its_json_is_of_the_schema(tablets: int, said: str | None) -> None:
    knowledge = load_knowledge()
    found = assess(patient(tablets), knowledge, ON)
    form = assessment_json(found)
    assert list(Draft202012Validator(assessment_schema()).iter_errors(form)) == []
    (line,) = form["contributions"]
    assert ("implausible" in line) == (tablets == 40)
    lines = " ".join(working(found, knowledge).split())
    assert (said in lines) if said else ("labelled maximum" not in lines)
