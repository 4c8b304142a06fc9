"""Are real sigs and hospital codes read rightly, and how many of them? The corpus is not part of the project."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from rules.knowledge import load_knowledge
from rules.model import Timing
from rules.numbers.quantity import DAYS_PER
from rules.reading.sig import ReadSig, UnreadableSig, read_sig

KNOWLEDGE = load_knowledge()
SHARED = Path(os.environ.get("BENZO_CDS_SHARED", Path(__file__).parents[3] / "shared"))
# Labels that contradict their own text, by line of the file: the label says another number than the words beside it.
LABEL_IS_WRONG = {
    125: "the text says twice, the label three times",
    171: "the text says once, the label twice",
    176: "the text says one, the label two",
}
SIG_LABEL = re.compile(r"^(?:(?P<dose>[\d.]+) (?P<unit>\S+))? ?x (?P<times>[\d.]+) /(?P<period>d|wk)$")
COUNTED = {"{tablet}", "{puff}", "[drp]", "[in_us]"}
# Words and figures that say how often, whatever else is in the row; and what may be a dose.
SAYS_RATE = re.compile(
    r"\b(daily|every|each|once|twice|times|bid|tid|qid|qds|tds|qd|qhs|hs|q ?\d|q ?hs|q ?wk|nocte|night|bedtime|morning"
    r"|weekly|a day|/day|hrly|al d|breakfast|q\.\d|q\.o\.d)",
    re.IGNORECASE,
)
SAYS_DOSE = re.compile(
    r"(\d|one|two|three|four|half|una?)[ )]*(po|tab|cap|ml|mg|mcg|gram|puff|spray|drop|gtt|unit|patch|spoon|milli|pill"
    r"|table|cap|vial|c po|(b|t|q)i?d|q|daily|weekly|twice|every|each|or|to|two|sl|bid|in)",
    re.IGNORECASE,
)
# The codes of the file that name no number of doses in a day, week or month.
WITHOUT_RATE = re.compile(
    r"HYDRATION|^X\d|^\dX$|^1X:|ONCE|STAT|HD|BOLUS|^DAYS$|^MR|CALL|TITRATE|INFUSION|DRIP|^ASDIR|^PRN$|^PREOP|CHART|PROTOCOL|NOW"
)


@dataclass(frozen=True)
class Row:
    line: int
    sig: str
    label: str


@cache
def rows() -> tuple[Row, ...]:
    file = SHARED / "corpus" / "sigs.csv"
    if not file.exists():
        pytest.skip("the corpus is not at hand (sigs.csv)")
    with file.open(encoding="utf-8", newline="") as handle:
        return tuple(Row(line, row["sig"], row["label"]) for line, row in enumerate(csv.DictReader(handle), 2))


@cache
def codes() -> tuple[str, ...]:
    file = SHARED / "corpus" / "hospital_frequency_codes.txt"
    if not file.exists():
        pytest.skip("the corpus is not at hand (hospital_frequency_codes.txt)")
    return tuple(line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip())


def a_day(timing: Timing | None) -> Fraction | None:
    """The largest number of doses a day; moments count where no number does."""
    if timing is None:
        return None
    slots = Fraction(len(timing.when) + len(timing.time_of_day))
    times = timing.frequency_max or timing.frequency or slots or (Fraction(1) if timing.day_of_week else None)
    if not times:
        return None
    days = (timing.period or 1) * DAYS_PER[timing.period_unit or "d"]
    share = Fraction(len(timing.day_of_week), 7) if timing.day_of_week else 1
    return max(times, slots) / days * share


def expected(label: str) -> tuple[Fraction | None, Fraction | None] | None:
    """Dose and doses a day of a label, None where it has neither."""
    plain = SIG_LABEL.match(label.strip())
    if plain:
        dose = Fraction(plain["dose"]) if plain["dose"] else None
        return dose, Fraction(plain["times"]) / (7 if plain["period"] == "wk" else 1)
    return None


def structured(label: str) -> Fraction | None:
    """Doses a day of a FHIR ``repeat`` beside the text."""
    found = re.search(r"\{\".*\}", label)
    repeat = json.loads(found.group()) if found else {}
    if not repeat.get("frequency"):
        return None
    days = Fraction(str(repeat.get("period", 1))) * DAYS_PER[repeat.get("periodUnit", "d")]
    share = Fraction(len(repeat["dayOfWeek"]), 7) if repeat.get("dayOfWeek") else 1
    return Fraction(repeat["frequency"]) / days * share


def verdict(row: Row) -> str:
    """How a labelled row was read: ``exact``, ``wrong``, ``unreadable``, or ``no label`` to compare with."""
    wanted = expected(row.label)
    if wanted is None:
        return "no label"
    read = read_sig(row.sig, KNOWLEDGE)
    if isinstance(read, UnreadableSig):
        return "unreadable"
    dose, rate = wanted
    if len(read.dosages) != 1:
        return "wrong"
    line = read.dosages[0]
    got = line.doses[0].high.value if line.doses and line.doses[0].high else None
    return "exact" if got == dose and a_day(line.timing) == rate else "wrong"


def test_labelled_rows_are_read_exactly_and_none_wrongly() -> None:
    verdicts = {row: verdict(row) for row in rows()}
    counted = Counter(kind for row, kind in verdicts.items() if row.line not in LABEL_IS_WRONG)
    del counted["no label"]
    wrong = [row.line for row, kind in verdicts.items() if kind == "wrong"]
    print({**counted, "label contradicts its text": len(LABEL_IS_WRONG)})
    assert sorted(wrong) == sorted(LABEL_IS_WRONG)
    assert counted["exact"] >= 0.98 * counted.total() > 0


def test_texts_beside_structure_say_the_same_or_the_structure_is_named() -> None:
    """The rows with a FHIR timing: agreement, contradiction (the known faults of published examples) and refusal."""
    compared: Counter[str] = Counter()
    for row in rows():
        rate = structured(row.label)
        if rate is None:
            continue
        read = read_sig(row.sig, KNOWLEDGE)
        if isinstance(read, UnreadableSig) or not read.dosages:
            compared["unreadable"] += 1
        elif read.no_daily_rate:
            compared["no rate in the text"] += 1
        else:
            compared["agrees" if a_day(read.dosages[0].timing) == rate else "contradicts"] += 1
    print(dict(compared))
    # Faults of the examples: one tablet daily against four times a day (two rows), eight to two tablets daily against
    # as many times a day (six), twice daily against every second day (one); and every four to six hours is six times at
    # most, against four.
    assert compared["contradicts"] == 10
    assert compared["agrees"] >= 39


def test_rows_with_a_dose_and_a_rate_are_read() -> None:
    stated = [row for row in rows() if SAYS_DOSE.search(row.sig) and SAYS_RATE.search(row.sig)]
    unread = [row for row in stated if isinstance(read_sig(row.sig, KNOWLEDGE), UnreadableSig)]
    everything = Counter(type(read_sig(row.sig, KNOWLEDGE)).__name__ for row in rows())
    print({"state a dose and a rate": len(stated), "of these unread": [row.line for row in unread], **everything})
    assert len(stated) > 300
    assert len(unread) <= 0.05 * len(stated)


def test_every_hospital_code_with_a_rate_has_it_and_every_other_says_so() -> None:
    silent, false = [], []
    for code in codes():
        read = read_sig(code, KNOWLEDGE)
        rate = a_day(read.dosages[0].timing) if isinstance(read, ReadSig) and read.dosages else None
        told = isinstance(read, ReadSig) and read.no_daily_rate is None and rate is not None
        if WITHOUT_RATE.search(code):
            false += [code] if told else []
        elif not told:
            silent.append(code)
    print({"codes": len(codes()), "without a rate": sum(bool(WITHOUT_RATE.search(code)) for code in codes())})
    assert not silent
    assert not false


@pytest.mark.parametrize(
    ("code", "times"),
    [
        ("Q36H", "2/3"),
        ("QTUTHUR", "2/7"),
        ("QODHS", "1/2"),
        ("BIDWM", "2"),
        ("Q6WEEKS", "1/42"),
        ("Q4HWA", "6"),
        ("QIDPCHS", "4"),
    ],
)
def test_the_rate_of_a_hospital_code_is_right(code: str, times: str) -> None:
    assert code in codes()
    read = read_sig(code, KNOWLEDGE)
    assert isinstance(read, ReadSig)
    assert a_day(read.dosages[0].timing) == Fraction(times)


# A length in days or weeks, as it is written in these rows; what is dispensed or comes before a meal is none.
SAYS_LENGTH = re.compile(
    r"(?:\bfor|\bx)\s*(\d+|one|two|three|five|seven|ten)\s*(?:\(\d+\)\s*)?-?\s*"
    r"(days?|d|weeks?|wks?)\b(?! supply| before| a week)",
    re.IGNORECASE,
)
SAYS_ROUTE = {
    "parenteral": re.compile(r"\b(IV|intravenous|IM|SC|subq|subcutaneous)\b", re.IGNORECASE),
    "sublingual": re.compile(r"\b(SL|sublingual|under (the )?tongue)\b", re.IGNORECASE),
    "rectal": re.compile(r"\b(PR|rectally|per rectum)\b", re.IGNORECASE),
    "oral": re.compile(r"\b(po|by mouth|orally)\b", re.IGNORECASE),
}
COUNTS = {"one": 1, "two": 2, "three": 3, "five": 5, "seven": 7, "ten": 10}


def test_a_length_that_a_text_states_is_in_its_lines() -> None:
    missing, stated = [], 0
    for row in rows():
        read = read_sig(row.sig, KNOWLEDGE)
        found = SAYS_LENGTH.findall(row.sig)
        if not found or isinstance(read, UnreadableSig):
            continue
        stated += 1
        wanted = {
            Fraction(COUNTS.get(number.lower()) or int(number)) * (7 if unit.lower().startswith("w") else 1)
            for number, unit in found
        }
        got = {line.timing.bounds_days_max or line.timing.bounds_days for line in read.dosages if line.timing}
        if not wanted <= got:
            missing.append((row.line, row.sig))
    print({"state a length": stated, "missing": missing})
    assert stated > 40
    assert not missing


def test_a_route_that_a_text_states_is_in_its_lines() -> None:
    missing, stated = [], 0
    for row in rows():
        read = read_sig(row.sig, KNOWLEDGE)
        wanted = {route for route, words in SAYS_ROUTE.items() if words.search(row.sig)}
        if not wanted or isinstance(read, UnreadableSig):
            continue
        stated += 1
        got = {route for line in read.dosages for route in (line.route or "").split("/")}
        if not wanted <= got:
            missing.append((row.line, row.sig, wanted, got))
    print({"state a route": stated, "missing": missing})
    assert stated > 40
    assert not missing
