"""Is a dosage in words read as a pharmacist reads it? The rows are in sigs.yaml."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from rules.knowledge import load_knowledge
from rules.model import Dosage, DoseEntry, Quantity, Timing
from rules.reading.sig import ReadSig, UnreadableSig, read_sig
from rules.reading.sig.trace import Clause, DayPattern, DoseAmount, DoseValue, Maximum, RouteCode, SigRate

KNOWLEDGE = load_knowledge()
ROWS = yaml.load((Path(__file__).parent / "sigs.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def shown(read: ReadSig | UnreadableSig) -> str:
    """A reading in the notation of the table."""
    if isinstance(read, UnreadableSig):
        return f"unread: {read.words}".strip()
    text = ""
    for place, dosage in enumerate(read.dosages):
        if place:
            text += " + " if dosage.sequence == read.dosages[place - 1].sequence else " then "
        text += line(dosage)
    if read.reduction:
        fall, unit = read.reduction, read.reduction.unit or ""
        text += f" less {quantity(Quantity(fall.amount, unit)) if unit != 'percent' else f'{fall.amount} %'}"
        text += f" in {fall.every_days} d" + (
            f" after {fall.first_days} d" if fall.first_days != fall.every_days else ""
        )
    if read.no_daily_rate:
        text += f" no rate ({read.no_daily_rate})"
    return text.strip()


def line(dosage: Dosage) -> str:
    parts = [" = ".join(entry(dose) for dose in dosage.doses), *timing(dosage.timing or Timing())]
    if dosage.route and dosage.route != "oral":
        parts.append(f"by {dosage.route}")
    if dosage.as_needed:
        parts.append("as needed")
    for limit in dosage.maximum:
        parts.append(f"at most {quantity(limit.amount)} in {limit.period_days if limit.period_stated else '?'} d")
    if dosage.single_maximum:
        parts.append(f"at most {quantity(dosage.single_maximum)} at a time")
    return " ".join(part for part in parts if part)


def quantity(amount: Quantity) -> str:
    unit = KNOWLEDGE.vocabulary.unit(amount.unit)
    name = unit.short if unit else amount.unit or ""
    return f"{amount.value} {'doses' if name == 'dose' else name}".strip()


def entry(dose: DoseEntry) -> str:
    assert dose.high is not None
    if dose.low is None:
        return f"up to {quantity(dose.high)}"
    assert dose.low.unit == dose.high.unit
    return quantity(dose.high) if dose.low.value == dose.high.value else f"{dose.low.value} to {quantity(dose.high)}"


def timing(parsed: Timing) -> list[str]:
    parts = []
    if parsed.frequency is not None or parsed.frequency_max is not None:
        most, longest = parsed.frequency_max, parsed.period_max
        times = str(parsed.frequency) if most is None else f"{parsed.frequency} to {most}"
        every = str(parsed.period) if longest is None else f"{parsed.period} to {longest}"
        parts.append(f"{times.replace('None to', 'up to')} in {every} {parsed.period_unit}")
    if parsed.when or parsed.time_of_day:
        parts.append(f"at {' '.join((*parsed.when, *parsed.time_of_day))}")
    if parsed.day_of_week:
        parts.append(f"on {' '.join(parsed.day_of_week)}")
    if parsed.count is not None:
        parts.append(f"{parsed.count} doses")
    if parsed.bounds_days is not None:
        parts.append(f"for {parsed.bounds_days} d")
    return parts


@pytest.mark.parametrize(("sig", "expected"), [tuple(row) for row in ROWS], ids=lambda text: text[:60])
def test_a_text_is_read_as_the_table_says(sig: str, expected: str) -> None:
    assert shown(read_sig(sig, KNOWLEDGE)) == expected


def test_there_are_enough_rows_and_none_is_there_twice() -> None:
    assert len(ROWS) >= 150
    assert len({sig for sig, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    "sig", [sig for sig, expected in ROWS if not expected.startswith("unread")], ids=lambda s: s[:60]
)
def test_every_dose_and_rate_is_traced_to_its_words(sig: str) -> None:
    read = read_sig(sig, KNOWLEDGE)
    assert isinstance(read, ReadSig)
    for span in read.trace:
        assert 0 <= span.start < span.end <= len(sig)
        assert sig[span.start : span.end].strip()
    if any(dosage.doses for dosage in read.dosages):
        assert any(isinstance(span.value, DoseValue | DayPattern) for span in read.trace)


def test_a_value_is_traced_to_the_very_words_that_gave_it() -> None:
    sig = "take 1-2 tabs po bid prn anxiety mdd 2"
    read = read_sig(sig, KNOWLEDGE)
    assert isinstance(read, ReadSig)
    assert [(sig[span.start : span.end], span.value) for span in read.trace] == [
        ("1-2 tabs", DoseValue((DoseAmount(Fraction(1), Fraction(2), "tablet"),))),
        ("po", RouteCode("oral")),
        ("bid", SigRate((Fraction(2), Fraction(2)), (Fraction(1), Fraction(1)), "d")),
        ("prn anxiety", Clause.AS_NEEDED),
        ("mdd 2", Maximum(DoseAmount(Fraction(2), Fraction(2), None), Fraction(1))),
    ]
