"""Is a written dosage read as a pharmacist reads it? The rows are in dosage.yaml."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from rules.knowledge import Ingredient, Per, Strength, load_knowledge
from rules.model import Dosage, DoseEntry, MaximumDose, Medication, Period, Quantity, Regimen, Supply, Timing
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose, texts_of
from rules.reading.dosage.reconcile import read_daily_dose
from rules.reading.product.product import Product

ON = date(2026, 11, 22)
TABLE = yaml.load((Path(__file__).parent / "dosage.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
KNOWLEDGE = load_knowledge()
REFUSED = {"refused", "single", "reads", "sig"}
TAKEN = {"units", "days a week", "occasions", "assumptions", "reads", "sig"}


def product(name: str) -> Product:
    entry = TABLE["products"][name]
    ingredients = []
    for agent, strength in entry["strengths"].items():
        amount, _, per = strength.partition(" mg per ")
        ingredients.append(Ingredient(agent, Strength(Fraction(amount), Per(per)) if per else None))
    millilitres = Fraction(entry["millilitres"]) if "millilitres" in entry else None
    return Product(tuple(ingredients), name, form=entry["form"], package_millilitres=millilitres)


def quantity(text: str | dict[str, str]) -> Quantity:
    if isinstance(text, dict):
        return Quantity(Fraction(text["value"]), text["unit"], text["code"])
    value, _, unit = text.partition(" ")
    return Quantity(Fraction(value), unit or None)


def span(text: str) -> tuple[str | None, str | None, str]:
    """The ends and the unit of "1 tablet", "1 to 2 tablet", "up to 2 tablet", "at least 1 tablet"."""
    if text.startswith("at least "):
        value, _, unit = text.removeprefix("at least ").partition(" ")
        return value, None, unit
    if text.startswith("up to "):
        value, _, unit = text.removeprefix("up to ").partition(" ")
        return None, value, unit
    low, to, rest = text.partition(" to ")
    if not to:
        value, _, unit = text.partition(" ")
        return value, value, unit
    high, _, unit = rest.partition(" ")
    return low, high, unit


def number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def dose(text: str | dict[str, str], kind: str | None = None) -> DoseEntry:
    if isinstance(text, dict):
        both = quantity(text)
        return DoseEntry(kind, both, both)
    low, high, unit = span(text)
    ends = [None if end is None else Quantity(Fraction(end), unit or None) for end in (low, high)]
    return DoseEntry(kind, *ends)


def doses(line: dict) -> tuple[DoseEntry, ...]:
    stated = line.get("dose", [])
    if isinstance(stated, list):
        found = [dose(text, kind) for entry in stated for kind, text in entry.items()]
    else:
        found = [dose(stated)]
    if "rate" in line:
        found.append(DoseEntry(None, quantity(line["rate"]), quantity(line["rate"]), is_rate=True))
    return tuple(found)


def timing(line: dict) -> Timing | None:
    if not {
        "times",
        "every",
        "when",
        "at",
        "on",
        "code",
        "code text",
        "count",
        "lasting",
        "events",
        "from",
        "days",
    } & set(line):
        return None
    frequency = span(line["times"]) if "times" in line else (None, None, "")
    period = span(line["every"]) if "every" in line else (None, None, "")
    return Timing(
        frequency=number(frequency[0]),
        frequency_max=number(frequency[1]) if frequency[1] != frequency[0] else None,
        period=number(period[0]),
        period_max=number(period[1]) if period[1] != period[0] else None,
        period_unit=period[2] or None,
        when=tuple(line.get("when", ())),
        time_of_day=tuple(line.get("at", ())),
        day_of_week=tuple(line.get("on", ())),
        count=number(line.get("count")),
        duration=number(line["lasting"].split()[0]) if "lasting" in line else None,
        duration_unit=line["lasting"].split()[1] if "lasting" in line else None,
        events=tuple(date.fromisoformat(day) for day in line.get("events", ())),
        code=line.get("code"),
        code_text=line.get("code text"),
        bounds=Period(
            date.fromisoformat(line["from"]) if "from" in line else None,
            date.fromisoformat(line["to"]) if "to" in line else None,
        ),
        bounds_days=number(line.get("days")),
    )


def dosage(line: dict) -> Dosage:
    maximum: tuple[MaximumDose, ...] = ()
    if "at most" in line:
        amount, _, days = line["at most"].partition(" in ")
        maximum = (MaximumDose(quantity(amount), Fraction(days.split()[0])),)
    return Dosage(
        text=line.get("text"),
        sequence=int(line["sequence"]) if "sequence" in line else None,
        doses=doses(line),
        timing=timing(line),
        as_needed=line.get("as needed") == "true",
        maximum=maximum,
        single_maximum=quantity(line["at a time"]) if "at a time" in line else None,
        instructions=tuple(line.get("also", ())),
        text_too_long=line.get("too long") == "true",
    )


def regimen(row: dict) -> Regimen:
    lines = row.get("dosage", [])
    supply = None
    if "supply" in row:
        given = row["supply"]
        repeats = Fraction(given.get("repeats", "0"))
        dispensed = quantity(given["quantity"]) if "quantity" in given else None
        supply = Supply(dispensed, number(given.get("days")), repeats)
    return Regimen(
        source="MedicationRequest/r",
        medication=Medication(),
        dosages=tuple(dosage(line) for line in (lines if isinstance(lines, list) else [lines])),
        authored_on=date.fromisoformat(row["starts"]) if "starts" in row else None,
        supply=supply,
    )


def ends(text: str) -> tuple[Fraction, Fraction, Fraction]:
    """Low, used and high of an expected range: the high end is what counts."""
    low, _, high = text.partition(" to ")
    return Fraction(low), Fraction(high or low), Fraction(high or low)


@pytest.mark.parametrize("row", TABLE["rows"], ids=lambda row: row["name"])
def test_a_dosage_is_read_as_the_table_says(row: dict) -> None:
    read = read_daily_dose(regimen(row), product(row["product"]), KNOWLEDGE, ON)
    expect = row["expect"]
    if "refused" in expect:
        assert set(expect) <= REFUSED
        assert isinstance(read, NoDailyDose), read
        assert read.reason.value == expect["refused"]
        if "single" in expect:
            assert read.single == (expect["single"] == "true")
        assert read.read_as
    else:
        assert isinstance(read, DailyDose), read
        found = {agent: (each.low, each.used, each.high) for agent, each in read.by_agent.items()}
        found |= {f"{agent} ug/h": (each.low, each.used, each.high) for agent, each in read.by_agent_hourly.items()}
        assert found == {agent: ends(text) for agent, text in expect.items() if agent not in TAKEN}
        assert sorted(read.assumptions) == sorted(expect.get("assumptions", []))
        if "units" in expect:
            assert read.units is not None
            assert (read.units.low, read.units.used, read.units.high) == ends(expect["units"])
        if "days a week" in expect:
            assert read.days_per_week == Fraction(expect["days a week"])
        assert read.partly_read == ("part-of-dosage-not-read" in expect.get("assumptions", []))
        assert read.occasions == frozenset(expect.get("occasions", []))
    if "reads" in expect:
        assert read.read_as == expect["reads"]
    if "sig" in expect:
        assert (texts_of(regimen(row).dosages) or read.words) == expect["sig"]


def test_every_product_of_the_table_is_used() -> None:
    assert {row["product"] for row in TABLE["rows"]} == set(TABLE["products"])


def test_no_two_rows_have_one_name() -> None:
    names = [row["name"] for row in TABLE["rows"]]
    assert len(set(names)) == len(names)
