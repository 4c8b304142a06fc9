"""Whose dose is read? A judgement that does not rest on a dose leaves it unread, however the record stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from rules import assess, load_knowledge
from rules.assessment import Assessment
from rules.knowledge import Knowledge
from rules.model import Dosage, DoseEntry, Medication, Patient, Quantity, RecordKind, Regimen, Supply, Timing
from rules.reading.dosage import reconcile
from rules.reading.dosage.daily_dose import DailyDose
from rules.reading.product.product import Product

ON = date(2026, 11, 22)
DIAZEPAM, OXYCODONE = "diazepam 5 MG Oral Tablet", "oxycodone hydrochloride 5 MG Oral Tablet"


def order(
    name: str, drug: str, days_ago: int, *, status: str = "active", text: str = "1 tablet twice daily"
) -> Regimen:
    return Regimen(
        source=f"MedicationRequest/{name}",
        medication=Medication(text=drug),
        kind=RecordKind.REQUEST,
        status=status,
        intent="order",
        dosages=(Dosage(text=text),),
        authored_on=ON - timedelta(days=days_ago),
        supply=Supply(None, Fraction(30)),
    )


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the products whose doses were read, in order."""
    products: list[str] = []
    original = reconcile._dose_for_any_supply

    def noted(dosages: tuple[Dosage, ...], product: Product, knowledge: Knowledge) -> DailyDose | None:
        products.append(product.name)
        return original(dosages, product, knowledge)

    monkeypatch.setattr(reconcile, "_dose_for_any_supply", noted)
    return products


def judged(*regimens: Regimen) -> Assessment:
    return assess(Patient(reference="Patient/a", regimens=regimens), load_knowledge(), ON)


def test_an_order_in_force_is_read_once(read: list[str]) -> None:
    assert judged(order("a", DIAZEPAM, 10)).contributions[0].daily_dose.used == 10
    assert read == [DIAZEPAM]


@pytest.mark.parametrize("status", ["active", "completed", "stopped", "on-hold"])
def test_an_order_that_was_over_long_ago_is_not_read(read: list[str], status: str) -> None:
    found = judged(order("a", DIAZEPAM, 300, status=status))
    assert [line.sig for line in found.not_counted] == ["1 tablet twice daily"]
    assert found.exposure["benzodiazepine"] is None
    assert read == []


def test_an_order_of_the_latest_use_is_read(read: list[str]) -> None:
    found = judged(order("a", DIAZEPAM, 45, status="completed"), order("b", DIAZEPAM, 10), order("c", DIAZEPAM, 200))
    use = found.exposure["benzodiazepine"]
    assert use is not None
    assert use.since == ON - timedelta(days=45)
    assert read == [DIAZEPAM] * 2


def test_an_opioid_that_is_over_is_not_read(read: list[str]) -> None:
    judged(order("a", OXYCODONE, 45, status="completed"))
    assert read == []


def test_a_single_dose_does_not_hide_the_use_before_it(read: list[str]) -> None:
    single = order("b", DIAZEPAM, 100, status="completed", text="1 tablet once before the procedure")
    found = judged(order("a", DIAZEPAM, 170, status="completed"), single)
    assert found.exposure["benzodiazepine"] is None
    assert read


def test_an_order_that_is_over_is_read_where_it_has_no_text_to_show(read: list[str]) -> None:
    one = Quantity(Fraction(1), "tablet")
    line = Dosage(doses=(DoseEntry(None, one, one),), timing=Timing(code="BID"))
    (over,) = judged(replace(order("a", DIAZEPAM, 300), dosages=(line,))).not_counted
    assert over.sig == "one 5 mg tablet twice a day"
    assert read == [DIAZEPAM]
