"""Does a schedule that is written out in any idiom read back as itself, and does arbitrary text do no harm?"""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from counted_calls import calls_of
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rules.knowledge import load_knowledge
from rules.model import Dosage, Timing
from rules.reading.sig import ReadSig, UnreadableSig, read_sig

KNOWLEDGE = load_knowledge()
WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
HALVES = {Fraction(1, 2): "half a", Fraction(3, 2): "one and a half", Fraction(5, 2): "two and a half"}
# A rate as doses in a period, with ways to write it.
RATES = {
    ("1", "1", "d"): ["daily", "qd", "once daily", "once a day", "every day", "1 time a day", "every 24 hours", "q24h"],
    ("2", "1", "d"): ["bid", "twice daily", "twice a day", "2 times a day", "two times daily", "BD", "b.i.d.", "q12h"],
    ("3", "1", "d"): ["tid", "tds", "three times a day", "3x/day", "every 8 hours", "q8h", "tres veces al día"],
    ("4", "1", "d"): ["qid", "QDS", "four times daily", "4 times/day", "q6h", "every six hours", "6 hourly"],
    ("6", "1", "d"): ["q4h", "every 4 hours", "q 4 hr", "4 hourly", "6 times a day"],
    ("1", "2", "d"): ["every other day", "qod", "on alternate days", "every 2 days", "every second day", "q48h"],
    ("1", "7", "d"): ["weekly", "once a week", "every week", "once weekly", "qwk", "every 7 days"],
    ("3", "7", "d"): ["three times weekly", "3 times a week", "3x/week", "three nights per week"],
}
REMARKS = [
    "",
    " po",
    " by mouth",
    " with food",
    " for anxiety",
    " #30",
    ". Do not drive",
    ", 2 refills",
    " as directed",
]
NUMBERS = [Fraction(halves, 2) for halves in range(1, 13)]
numbers = st.sampled_from(NUMBERS)
Rate = tuple[str, str, str]


def written(value: Fraction, style: int) -> str:
    """A number in figures, words, or both."""
    if value.denominator == 1:
        whole = int(value)
        return [str(whole), WORDS[whole], f"{whole} ({WORDS[whole]})", f"{WORDS[whole]} ({whole})"][style]
    whole = int(value)
    mixed = f"{whole} 1/2" if whole else "1/2"
    return [str(float(value)), HALVES.get(value, str(float(value))), mixed, mixed.replace(" ", "-")][style]


def a_day(timing: Timing | None) -> Fraction:
    assert timing is not None
    assert timing.frequency is not None
    assert timing.period is not None
    days = {"h": Fraction(1, 24), "d": Fraction(1), "wk": Fraction(7)}[timing.period_unit or ""]
    return timing.frequency / (timing.period * days)


def only(sig: str) -> Dosage:
    read = read_sig(sig, KNOWLEDGE)
    assert isinstance(read, ReadSig), f"{sig!r}: {read}"
    assert len(read.dosages) == 1, sig
    return read.dosages[0]


UNITS = [(" tab", "tablet"), (" tablets", "tablet"), (" capsule(s)", "capsule"), ("", None)]
FIGURES = {word: figure for figure, word in WORDS.items()} | {"tres": 3}


def number_first(phrase: str) -> int | None:
    """The number that a phrase begins with, in figures or words."""
    first = phrase.split()[0]
    figures = re.match(r"\d+", first)
    return int(figures[0]) if figures else FIGURES.get(first)


@st.composite
def doses_at_a_rate(draw: st.DrawFn) -> tuple[tuple[Fraction, int], tuple[str, str | None], tuple[Rate, str]]:
    """A dose with the style of its number, its unit, and a rate with the phrase for it.

    Without a unit, "2 two times a day" and "six 6 hourly" may be a dose and a rate, or one number said twice, and "half
    a twice daily" is no English: those are left out.
    """
    unit = draw(st.sampled_from(UNITS))
    rate = draw(st.sampled_from(sorted(RATES)))
    phrase = draw(st.sampled_from(RATES[rate]))
    dose = draw(st.sampled_from([dose for dose in NUMBERS if unit[0] or dose != number_first(phrase)]))
    style = draw(st.sampled_from([0, 1, 2, 3] if unit[0] or dose != Fraction(1, 2) else [0, 2, 3]))
    return (dose, style), unit, (rate, phrase)


@given(
    st.sampled_from(["", "take ", "Take ", "TAKE "]),
    doses_at_a_rate(),
    st.booleans(),
    st.sampled_from(REMARKS),
    st.booleans(),
)
def test_a_schedule_in_any_idiom_reads_back_as_itself(
    verb: str,
    schedule: tuple[tuple[Fraction, int], tuple[str, str | None], tuple[Rate, str]],
    as_needed: bool,
    remark: str,
    shout: bool,
) -> None:
    (dose, style), unit, ((times, days, _), phrase) = schedule
    sig = f"{verb}{written(dose, style)}{unit[0]} {phrase}{' prn' if as_needed else ''}{remark}"
    line = only(sig.upper() if shout else sig)
    assert [(each.low.value, each.high.value) for each in line.doses if each.low and each.high] == [(dose, dose)]
    assert {each.high.unit for each in line.doses if each.high} == {unit[1]}
    assert a_day(line.timing) == Fraction(times) / Fraction(days)
    assert line.as_needed == as_needed


@given(
    st.integers(1, 80).map(lambda quarters: Fraction(quarters, 4)),
    st.sampled_from([("mg", 1), ("mcg", 1000), (" milligrams", 1), (" MG", 1)]),
    st.sampled_from(["tid", "3 times a day", "every 8 hours"]),
    st.integers(1, 90),
)
def test_a_mass_and_a_length_read_back(dose: Fraction, unit: tuple[str, int], rate: str, days: int) -> None:
    amount = f"{float(dose * unit[1]):.2f}".rstrip("0").rstrip(".")
    line = only(f"{amount}{unit[0]} {rate} for {days} days")
    (stated,) = line.doses
    assert stated.high is not None
    known = KNOWLEDGE.vocabulary.unit(stated.high.unit)
    assert known is not None
    assert stated.high.value * known.size == dose
    assert line.timing is not None
    assert line.timing.bounds_days == days


@given(numbers, numbers, st.sampled_from([" and ", ", ", "; "]), st.sampled_from(["am", "the morning"]))
def test_two_moments_with_doses_of_their_own_read_back(one: Fraction, two: Fraction, joint: str, morning: str) -> None:
    read = read_sig(f"take {written(one, 0)} tab in {morning}{joint}{written(two, 0)} tab at bedtime", KNOWLEDGE)
    assert isinstance(read, ReadSig), read
    assert [
        (line.doses[0].high.value, line.timing.when) for line in read.dosages if line.doses[0].high and line.timing
    ] == [
        (one, ("MORN",)),
        (two, ("HS",)),
    ]


@given(
    st.lists(st.tuples(numbers, st.integers(1, 30)), min_size=2, max_size=5),
    st.sampled_from([" then ", ", then ", ". Then "]),
)
def test_a_course_of_steps_reads_back(steps: list[tuple[Fraction, int]], joint: str) -> None:
    # Two halves that are the same are one course said twice.
    half = len(steps) // 2
    assume(len(steps) % 2 or steps[:half] != steps[half:])
    sig = joint.join(f"{written(dose, 0)} mg daily x {days} days" for dose, days in steps)
    read = read_sig(sig, KNOWLEDGE)
    assert isinstance(read, ReadSig), read
    found = [
        (line.doses[0].high.value, line.timing.bounds_days)
        for line in read.dosages
        if line.doses[0].high and line.timing
    ]
    assert found == steps
    assert [line.sequence for line in read.dosages] == list(range(1, len(steps) + 1))


@given(
    numbers,
    st.integers(1, 12),
    st.sampled_from(["mdd {}", "max {} per day", "not more than {} in 24 hours", "Maximum daily dose: {}"]),
)
def test_a_written_maximum_reads_back(dose: Fraction, most: int, phrase: str) -> None:
    line = only(f"{written(dose, 0)} tab q4h prn {phrase.format(most)}")
    (maximum,) = line.maximum
    assert (maximum.amount.value, maximum.amount.unit, maximum.period_days) == (most, "tablet", 1)


def sound(read: ReadSig | UnreadableSig, text: str) -> None:
    """No reading invents: nothing is 0 or below unless the text says 0, and every span lies in the text."""
    if isinstance(read, UnreadableSig):
        assert 0 <= read.start <= read.end <= len(text)
        assert read.words == text[read.start : read.end].strip()
        return
    for line in read.dosages:
        for entry in line.doses:
            assert entry.high is not None
            assert entry.high.value > 0
        assert all(each.amount.value > 0 for each in line.maximum)
        if line.timing is not None and line.timing.period is not None:
            assert line.timing.period > 0
    assert all(0 <= span.start <= span.end <= len(text) for span in read.trace)


@given(st.text(max_size=300))
@example("1 tab bid" * 40)
@example("½⅓¼1½ tab")
@example("İ" * 20 + "1 tab bid")
@settings(max_examples=300)
def test_any_text_is_read_or_refused(text: str) -> None:
    sound(read_sig(text, KNOWLEDGE), text)


PHRASES = sorted({" ".join(phrase.tokens) for group in KNOWLEDGE.sig_words.phrases.values() for phrase in group})
PIECES = st.one_of(
    st.sampled_from(PHRASES),
    st.integers(0, 10**7).map(str),
    st.sampled_from(
        [
            "1/2",
            "1-2",
            "1,5",
            "08:00",
            "2026-11-22",
            ".",
            ",",
            ";",
            "(",
            ")",
            "-",
            "=",
            "+",
            "/",
            "x",
            "xyzzy",
            "\n",
            "",
        ]
    ),
)


@given(st.lists(PIECES, max_size=25), st.sampled_from([" ", "", ", "]))
@settings(max_examples=600)
def test_any_soup_of_known_words_is_read_or_refused(pieces: list[str], joint: str) -> None:
    text = joint.join(pieces)
    sound(read_sig(text, KNOWLEDGE), text)


@given(st.sampled_from(["take 1 tablet {} twice daily", "{} 1 tablet bid", "1 tab bid {}", "1 {} tab bid"]))
@example("take 1 tablet twice daily, {}")
def test_a_word_that_is_not_understood_stops_the_reading(shape: str) -> None:
    for stranger in ("flurb", "except", "not", "<"):
        text = shape.format(stranger)
        assert isinstance(read_sig(text, KNOWLEDGE), UnreadableSig), text


@given(
    numbers,
    st.sampled_from(["for pain {}", "prn anxiety {}", "do not drive {}", "of flurb {}", "#30 {}"]),
    st.integers(1, 9),
)
def test_no_number_is_swallowed(dose: Fraction, clause: str, number: int) -> None:
    """A number within a reason, a name or a remark makes the text unread: it may be a dose."""
    text = f"{written(dose, 0)} tab bid {clause.format(number)}"
    assert isinstance(read_sig(text, KNOWLEDGE), UnreadableSig), text


SHAPES = [
    "1 tab bid prn pain then ",
    "1-",
    "(",
    "every ",
    "1 1/2 ",
    "prn",
    "for pain and ",
    "may repeat ",
    "x",
    "q4h ",
    "1 mg + ",
    "of x ",
    "max 4 ",
    "1-2 (",
    "q",
    "1 tab bid max 4, then ",
    "1 tab hs. ",
    "".join(f"{number} tab bid prn. " for number in range(1, 1000)),
    "".join(f"{number} tab bid and " for number in range(1, 1000)),
    "a ",
    "/ ",
    "in the ",
    "for anxiety lasting over ",
    "1 tab tid every 28 days ",
    "refill every 28 days ",
    "1 mg daily x 1 day then 2 mg daily x 1 day then ",
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape[:30])
def test_reading_takes_calls_in_proportion_to_the_length(shape: str) -> None:
    short, long = ((shape * length)[:length] for length in (1000, 10000))
    # Counted, not timed: a busy machine changes nothing of it. `make bench` has the times.
    assert calls(long) < 12 * calls(short)


@given(st.lists(PIECES, min_size=1, max_size=2), st.sampled_from(["", "1 tab bid ", "1 tab bid prn pain "]))
@example(["a"], "")
@example(["/"], "")
@example(["the", "to"], "1 tab bid ")
@example(["over", "a"], "1 tab bid prn pain ")
@settings(max_examples=40, deadline=None)
def test_any_words_repeated_take_steps_in_proportion(pieces: list[str], begin: str) -> None:
    """A reader that goes over the rest of the text at every word takes thousands of calls for each character."""
    unit = " ".join(pieces) + " "
    text = (begin + unit * (4000 // len(unit)))[:4000]
    assert calls(text) < 1000 * len(text)


def calls(text: str) -> int:
    """How many calls reading a sig takes."""
    return calls_of(lambda: read_sig(text, KNOWLEDGE))
