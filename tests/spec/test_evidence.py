"""Can a pharmacist see which words of the instructions gave which value, and which were not understood?"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from rules import Patient, assess, load_knowledge
from rules.model import Dosage, DoseEntry, Medication, Quantity, Regimen, Timing
from rules.reading.sig import SigReading, evidence, read_sig, readings_of

KNOWLEDGE = load_knowledge()
ON = date(2026, 11, 22)
FILE = Path(__file__).parent / "sigs.yaml"
SIGS = [sig for sig, _ in yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)]


def evidence_of(sig: str) -> list[tuple[str, str]]:
    reading = SigReading(sig, 0, read_sig(sig, KNOWLEDGE))
    return [(piece.words, piece.gave) for piece in reading.evidence(KNOWLEDGE.vocabulary)]


@pytest.mark.parametrize(
    ("sig", "expected"),
    [
        ("take 1/2-1 tab po bid prn anxiety, mdd 2 tabs",
         [("1/2-1 tab", "half to 1 tablet"), ("po", "route: oral"), ("bid", "twice a day"),
          ("prn anxiety", "as needed"), ("mdd 2 tabs", "not over 2 tablets a day")]),
        ("1 in am and 2 at bedtime",
         [("1", "a dose of 1"), ("in am", "in the morning"), ("2", "a dose of 2"), ("at bedtime", "at bedtime")]),
        ("0.25 mg q4-6h", [("0.25 mg", "0.25 mg"), ("q4-6h", "every 4 to 6 hours")]),
        ("half a tablet 2-3 times a day",
         [("half a tablet", "half of a tablet"), ("2-3 times a day", "two to three times a day")]),
        ("2 puffs up to 3 times a day",
         [("2 puffs", "2 actuations"), ("up to 3 times a day", "up to three times a day")]),
        ("1 tab Mon/Wed/Fri for 2 weeks",
         [("1 tab", "1 tablet"), ("Mon/Wed/Fri", "on Monday, Wednesday and Friday"), ("for 2 weeks", "for 14 days")]),
        ("2 mg daily x 7 days then 1.5 mg daily",
         [("2 mg", "2 mg"), ("daily", "once a day"), ("x 7 days", "for 7 days"),
          ("1.5 mg", "1.5 mg"), ("daily", "once a day")]),
        ("1 tab at 8 am", [("1 tab", "1 tablet"), ("at 8 am", "at 08:00")]),
        ("taper as directed", [("taper as directed", "a dose that changes")]),
        ("1 tab bid flurb", [("flurb", "not understood")]),
        ("", []),
    ],
)  # fmt: skip
def test_words_are_shown_with_what_they_gave(sig: str, expected: list[tuple[str, str]]) -> None:
    assert evidence_of(sig) == expected


@pytest.mark.parametrize("sig", SIGS, ids=lambda sig: sig[:60])
def test_the_words_stand_where_it_says_and_have_a_meaning_in_plain_words(sig: str) -> None:
    shown = f"  {sig} "
    for piece in SigReading(shown, 0, read_sig(shown, KNOWLEDGE)).evidence(KNOWLEDGE.vocabulary):
        assert sig.strip()[piece.start : piece.start + len(piece.words)] == piece.words
        assert piece.words
        assert piece.gave
        # No fraction, code or notation of the parser's own.
        assert not any(sign in piece.gave for sign in ("/", "=", "_", " in 1 ", ": 1"))


def test_a_second_text_is_found_behind_the_first() -> None:
    texts = ["1 tab in the morning ", None, "1 tab in the morning ", "2 tabs at bedtime"]
    reads = [None if text is None else read_sig(text, KNOWLEDGE) for text in texts]
    sig = "; ".join(text.strip() for text in texts if text)
    found = evidence(readings_of(texts, reads), KNOWLEDGE.vocabulary)
    assert [sig[piece.start : piece.start + len(piece.words)] for piece in found] == [
        "1 tab", "in the morning", "2 tabs", "at bedtime"
    ]  # fmt: skip


def order(dosage: Dosage, status: str = "active") -> Regimen:
    return Regimen(
        source="MedicationRequest/r",
        medication=Medication(text="lorazepam 1 mg tablet"),
        dosages=(dosage,),
        authored_on=date(2026, 11, 1),
        status=status,
    )


def test_a_contribution_carries_the_words_of_its_order() -> None:
    (line,) = assess(Patient(regimens=(order(Dosage(text="1 tab bid")),)), KNOWLEDGE, ON).contributions
    assert [(piece.words, piece.gave) for piece in line.read_from] == [("1 tab", "1 tablet"), ("bid", "twice a day")]


def test_an_order_that_is_not_counted_for_its_text_carries_the_words_that_stopped_it() -> None:
    (line,) = assess(Patient(regimens=(order(Dosage(text="1 tab bid flurb")),)), KNOWLEDGE, ON).not_counted
    assert [(piece.words, piece.start, piece.gave) for piece in line.read_from] == [("flurb", 10, "not understood")]


def test_a_text_that_is_not_understood_beside_a_structured_dose_is_shown_as_well() -> None:
    one = Quantity(1, "tablet")
    dosage = Dosage(text="1 tab bid flurb", doses=(DoseEntry(None, one, one),), timing=Timing(code="BID"))
    (line,) = assess(Patient(regimens=(order(dosage),)), KNOWLEDGE, ON).contributions
    assert [piece.words for piece in line.read_from] == ["flurb"]


def test_an_order_that_is_over_carries_none() -> None:
    (line,) = assess(Patient(regimens=(order(Dosage(text="1 tab bid"), "completed"),)), KNOWLEDGE, ON).not_counted
    assert line.read_from == ()
