"""Does a schedule that is written as American, British, Spanish or hospital practice writes it read back as itself?"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from rules.knowledge import load_knowledge
from rules.model import Dosage, Timing
from rules.reading.sig import NoDailyRate, ReadSig, UnreadableSig, read_sig

KNOWLEDGE = load_knowledge()
DAYS_PER = {"h": Fraction(1, 24), "d": Fraction(1), "wk": Fraction(7)}


@dataclass(frozen=True)
class Practice:
    """How one practice writes: verbs, doses with their value and unit, rates a day, moments, reasons and maxima."""

    verbs: list[str]
    doses: list[tuple[str, tuple[str, str], str | None]]
    rates: list[tuple[str, str]]
    moments: list[tuple[str, str]]
    as_needed: list[str]
    maxima: list[tuple[str, int]]
    manners: list[str] = field(default_factory=lambda: [""])


AMERICAN = Practice(
    verbs=["", "take ", "Take ", "give ", "patient to take "],
    doses=[
        ("1 tab", ("1", "1"), "tablet"),
        ("1t", ("1", "1"), "tablet"),
        ("i tab", ("1", "1"), "tablet"),
        ("i-ii tabs", ("1", "2"), "tablet"),
        ("1-2 tablets", ("1", "2"), "tablet"),
        ("one-half tablet", ("1/2", "1/2"), "tablet"),
        ("1/2 of a tablet", ("1/2", "1/2"), "tablet"),
        ("0.5-1 tab", ("1/2", "1"), "tablet"),
        ("1.5 tabs", ("3/2", "3/2"), "tablet"),
        ("one tablet and a half", ("3/2", "3/2"), "tablet"),
        ("2 (two) capsules", ("2", "2"), "capsule"),
        ("1 to 2 (one to two) caps", ("1", "2"), "capsule"),
        ("2 caps.", ("2", "2"), "capsule"),
        ("0.25 mg", ("1/4", "1/4"), "milligram"),
        (".5mg", ("1/2", "1/2"), "milligram"),
        ("5-10 mg", ("5", "10"), "milligram"),
    ],
    rates=[
        ("po bid", "2"),
        ("q12h", "2"),
        ("po q 8 hrs", "3"),
        ("by mouth three times a day", "3"),
        ("PO TID", "3"),
        ("4 (four) times daily", "4"),
        ("every 6 (six) hours", "4"),
        ("q.i.d.", "4"),
        ("every other day", "1/2"),
        ("3x weekly", "3/7"),
        ("tiw", "3/7"),
        ("once every 3 days", "1/3"),
        ("every 12 hours daily", "2"),
        ("twice a day every day", "2"),
    ],
    moments=[("qhs", "HS"), ("q hs", "HS"), ("nightly at bedtime", "HS"), ("q am", "MORN"), ("every morning", "MORN")],
    as_needed=["prn", "prn anxiety", "as needed for sleep", "if needed", "prn pain 4-6", "as needed for pain (7-10)"],
    maxima=[("mdd 4", 4), ("max 3 per day", 3), ("Max Daily Amount: 2", 2), ("not to exceed 6/24 hours", 6)],
    manners=["", " with food or milk", ", disp #60", ". Wait at least 4 hours between doses"],
)
BRITISH = Practice(
    verbs=["", "Take ", "TAKE "],
    doses=[
        ("ONE", ("1", "1"), None),
        ("HALF a tablet", ("1/2", "1/2"), "tablet"),
        ("one or two", ("1", "2"), None),
        ("ii", ("2", "2"), None),
        ("TWO tablets", ("2", "2"), "tablet"),
        ("7.5mg", ("15/2", "15/2"), "milligram"),
        ("2-5mg", ("2", "5"), "milligram"),
        ("one 5ml spoonful", ("5", "5"), "millilitre"),
        ("2 x 5ml spoonfuls", ("10", "10"), "millilitre"),
    ],
    rates=[
        ("BD", "2"),
        ("tds", "3"),
        ("QDS", "4"),
        ("6 hourly", "4"),
        ("to be taken every 6 hourly", "4"),
        ("to be taken THREE times a day", "3"),
        ("on alternate days", "1/2"),
        ("once a week", "1/7"),
    ],
    moments=[("nocte", "HS"), ("mane", "MORN"), ("at NIGHT", "NIGHT"), ("to be taken at night", "NIGHT")],
    as_needed=["prn", "when required", "as required for anxiety", "if required"],
    maxima=[("max 8 in 24 hours", 8), ("no more than 3 in a day", 3), ("max 4/24hrs", 4), ("maximum of 2 daily", 2)],
    manners=["", " as dir", " with or after food"],
)
SPANISH = Practice(
    verbs=["", "tomar ", "tome ", "dar ", "Tomar "],
    doses=[
        ("1 comprimido", ("1", "1"), "tablet"),
        ("1 comp", ("1", "1"), "tablet"),
        ("una tableta", ("1", "1"), "tablet"),
        ("medio comprimido", ("1/2", "1/2"), "tablet"),
        ("media tableta", ("1/2", "1/2"), "tablet"),
        ("un comprimido y medio", ("3/2", "3/2"), "tablet"),
        ("1 a 2 tabletas", ("1", "2"), "tablet"),
        ("dos cápsulas", ("2", "2"), "capsule"),
        ("0,5 mg", ("1/2", "1/2"), "milligram"),
    ],
    rates=[
        ("cada 8 horas", "3"),
        ("c/12 h", "2"),
        ("c/8h", "3"),
        ("dos veces al día", "2"),
        ("3 veces al día", "3"),
        ("cada 24 horas", "1"),
        ("al día", "1"),
        ("en días alternos", "1/2"),
        ("una vez por semana", "1/7"),
    ],
    moments=[
        ("al acostarse", "HS"),
        ("antes de dormir", "HS"),
        ("por la noche", "NIGHT"),
        ("cada noche", "NIGHT"),
        ("por la mañana", "MORN"),
    ],
    as_needed=["si precisa", "si dolor", "según sea necesario", "en caso necesario", "PRN ansiedad"],
    maxima=[("máximo 3 al día", 3), ("no más de 4 al día", 4), ("dosis máxima diaria 2", 2)],
    manners=["", " por vía oral", " con alimentos"],
)
HOSPITAL = Practice(
    verbs=[""],
    doses=[
        ("1 tab(s), Oral,", ("1", "1"), "tablet"),
        ("0.5 mg, PO,", ("1/2", "1/2"), "milligram"),
        ("1 mg PO", ("1", "1"), "milligram"),
        ("2 cap, Oral,", ("2", "2"), "capsule"),
        ("5 mL, Oral,", ("5", "5"), "millilitre"),
    ],
    rates=[("BID", "2"), ("Q8H", "3"), ("q6hr", "4"), ("TID", "3"), ("Daily", "1"), ("QOD", "1/2"), ("Q72H", "1/3")],
    moments=[("QHS", "HS"), ("QAM", "MORN"), ("Nightly", "HS")],
    as_needed=["PRN", "PRN anxiety", "PRN: anxiety"],
    maxima=[("max 4 doses in 24 hours", 4)],
    manners=["", ", # 30, 0 Refill(s)", ", x 30 Day(s)", " ATC"],
)
practices = st.sampled_from([AMERICAN, BRITISH, SPANISH, HOSPITAL])


def a_day(timing: Timing | None) -> Fraction:
    assert timing is not None
    assert timing.frequency is not None
    assert timing.period is not None
    return timing.frequency / (timing.period * DAYS_PER[timing.period_unit or ""])


def lines(sig: str) -> tuple[Dosage, ...]:
    read = read_sig(sig, KNOWLEDGE)
    assert isinstance(read, ReadSig), f"{sig!r}: {read}"
    return read.dosages


def dose_of(line: Dosage) -> tuple[tuple[Fraction, Fraction], str | None]:
    (dose,) = line.doses
    assert dose.low is not None
    assert dose.high is not None
    return (dose.low.value, dose.high.value), dose.high.unit


def exact(ends: tuple[str, str]) -> tuple[Fraction, Fraction]:
    return Fraction(ends[0]), Fraction(ends[1])


@given(st.data(), practices)
def test_a_rate_reads_back_in_every_practice(data: st.DataObject, practice: Practice) -> None:
    verb, manner = data.draw(st.sampled_from(practice.verbs)), data.draw(st.sampled_from(practice.manners))
    words, ends, unit = data.draw(st.sampled_from(practice.doses))
    rate, times = data.draw(st.sampled_from(practice.rates))
    reason = data.draw(st.sampled_from(["", *practice.as_needed]))
    # "One to be taken" alone is British for one tablet; "half a tablet to be taken" is plain too.
    (line,) = lines(f"{verb}{words} {rate}{f' {reason}' if reason else ''}{manner}")
    assert dose_of(line) == (exact(ends), unit)
    assert a_day(line.timing) == Fraction(times)
    assert line.as_needed == bool(reason)


@given(st.data(), practices)
def test_a_moment_reads_back_in_every_practice(data: st.DataObject, practice: Practice) -> None:
    words, ends, unit = data.draw(st.sampled_from(practice.doses))
    moment, code = data.draw(st.sampled_from(practice.moments))
    reason = data.draw(st.sampled_from(["", *practice.as_needed]))
    (line,) = lines(f"{data.draw(st.sampled_from(practice.verbs))}{words} {moment}{f' {reason}' if reason else ''}")
    assert dose_of(line) == (exact(ends), unit)
    assert line.timing is not None
    assert line.timing.when == (code,)
    assert line.as_needed == bool(reason)


@given(st.data(), practices, st.sampled_from([" ", ", ", ". ", "; ", " ("]))
def test_a_maximum_reads_back_in_every_practice(data: st.DataObject, practice: Practice, joint: str) -> None:
    words, _, unit = data.draw(st.sampled_from([each for each in practice.doses if each[2] in (None, "tablet")]))
    rate, _ = data.draw(st.sampled_from(practice.rates))
    maximum, most = data.draw(st.sampled_from(practice.maxima))
    reason = data.draw(st.sampled_from(practice.as_needed))
    (line,) = lines(f"{words} {rate} {reason}{joint}{maximum}")
    (limit,) = line.maximum
    assert (limit.amount.value, limit.amount.unit in (unit, "dose"), limit.period_days) == (most, True, 1)


DAYS = {
    3: ("MORN", "NOON", "NIGHT"),
    4: ("MORN", "NOON", "EVE", "NIGHT"),
}


@given(
    st.lists(st.sampled_from(["0", "1", "2", "½", "1/2", "1.5"]), min_size=3, max_size=4),
    st.sampled_from("-+"),
    st.sampled_from(["", " tab", " comprimidos"]),
)
def test_a_day_written_as_a_row_reads_back(row: list[str], joint: str, unit: str) -> None:
    values = [Fraction(1, 2) if each == "½" else Fraction(each) for each in row]
    # A row that only rises or only falls may be a course.
    assume(any(values) and (0 in values or (values != sorted(set(values)) and values != sorted(set(values))[::-1])))
    found: dict[str, Fraction] = {}
    for line in lines(joint.join(row) + unit):
        (low, high), _ = dose_of(line)
        assert low == high
        assert line.timing is not None
        found |= dict.fromkeys(line.timing.when, high)
    assert found == {moment: value for moment, value in zip(DAYS[len(row)], values, strict=True) if value}


AMOUNTS = st.sampled_from(["1/2", "1", "1.5", "2", "3"])


@given(AMOUNTS, AMOUNTS, st.sampled_from([" alternating with ", " alternate with ", " alternando con "]))
def test_doses_that_take_turns_are_averaged(one: str, other: str, joint: str) -> None:
    first, second = lines(f"{one} mg{joint}{other} mg every other day")
    assert [dose_of(first)[0][1], dose_of(second)[0][1]] == [Fraction(one), Fraction(other)]
    assert [a_day(first.timing), a_day(second.timing)] == [Fraction(1, 2), Fraction(1, 2)]


@given(
    AMOUNTS,
    AMOUNTS,
    st.sampled_from(
        [("in the morning", "at night"), ("qam", "qhs"), ("por la mañana", "por la noche"), ("mane", "nocte")]
    ),
    st.sampled_from([" and ", " then ", ", ", " plus ", "; ", " & ", " y ", " luego "]),
)
def test_two_doses_of_one_day_add_whatever_joins_them(one: str, two: str, when: tuple[str, str], joint: str) -> None:
    read = lines(f"{one} mg {when[0]}{joint}{two} mg {when[1]}")
    assert [dose_of(line)[0][1] for line in read] == [Fraction(one), Fraction(two)]
    assert {line.sequence for line in read} == {None}


LENGTHS = [("x 7 days", 7), ("for 1 week", 7), ("x 2 weeks", 14), ("for 5/7", 5), ("x3d", 3), ("por 7 días", 7)]


@given(
    st.lists(st.tuples(AMOUNTS, st.sampled_from(LENGTHS)), min_size=2, max_size=4),
    st.sampled_from(["", "taper: ", "tapering schedule: "]),
    st.sampled_from([" then ", ", ", ". Then ", " followed by ", " luego "]),
    st.sampled_from(["", ", then stop", " y suspender", ", then off"]),
)
def test_a_course_reads_back_in_every_practice(
    steps: list[tuple[str, tuple[str, int]]], heading: str, joint: str, end: str
) -> None:
    half = len(steps) // 2
    # A course that is said twice is one.
    assume(
        len(steps) % 2
        or [(Fraction(a), b[1]) for a, b in steps[:half]] != [(Fraction(a), b[1]) for a, b in steps[half:]]
    )
    read = lines(heading + joint.join(f"{dose} mg at bedtime {length}" for dose, (length, _) in steps) + end)
    assert [dose_of(line)[0][1] for line in read] == [Fraction(dose) for dose, _ in steps]
    assert [line.timing.bounds_days for line in read if line.timing] == [days for _, (_, days) in steps]


@given(
    st.sampled_from(["1 tab {}", "take 1 tablet {}", "1 mg po {}"]),
    st.sampled_from([("qd", "bid", 1, 2), ("bid", "tid", 2, 3), ("tid", "qid", 3, 4)]),
    st.sampled_from(["-", " to ", " or ", "/"]),
)
def test_from_one_rate_to_another_is_a_range(shape: str, rates: tuple[str, str, int, int], joint: str) -> None:
    (line,) = lines(shape.format(f"{rates[0]}{joint}{rates[1]}"))
    assert line.timing is not None
    assert (line.timing.frequency, line.timing.frequency_max) == (rates[2], rates[3])


@given(
    st.sampled_from(["lorazepam", "clonazepam", "Xanax"]),
    st.sampled_from(["zolpidem", "Ambien", "temazepam", "oxycodone"]),
    st.sampled_from([" and ", ", ", "; ", " with ", " plus ", ". "]),
    st.sampled_from(["{} 10 mg qhs", "{} qhs", "take {} 5 mg at night", "{} 10 mg"]),
)
def test_a_second_medicine_is_never_read_as_the_first(one: str, two: str, joint: str, rest: str) -> None:
    text = f"{one} 1 mg bid{joint}{rest.format(two)}"
    assert isinstance(read_sig(text, KNOWLEDGE), UnreadableSig), text


@given(
    st.sampled_from(["1 tab bid", "take 2 tablets at bedtime", "5 mg tid prn anxiety", "1 comp cada 8 horas"]),
    st.sampled_from(
        [
            "except {}", "instead of {}", "not {}", "skip {}", "unless {}", "was {}", "previously {}", "without {}",
            "less {}", "minus {}", "half of the dose {}", "double the dose {}", "excepto {}", "en vez de {}",
        ]
    ),
    st.sampled_from(["Sunday", "2 tablets", "the morning dose", "5 mg", "on weekends", "in the evening"]),
)  # fmt: skip
def test_what_turns_a_dose_around_is_not_read_past(sig: str, turn: str, what: str) -> None:
    for text in (f"{sig} {turn.format(what)}", f"{turn.format(what)}, {sig}"):
        assert isinstance(read_sig(text, KNOWLEDGE), UnreadableSig), text


@given(
    st.sampled_from(["1 tab bid", "2 mg tid", "1 tablet at bedtime"]),
    st.sampled_from(
        ["titrate to effect", "taper as directed", "increase by 1 mg every week", "disminuir gradualmente"]
    ),
)
def test_a_titration_overrules_the_rate_beside_it(sig: str, words: str) -> None:
    read = read_sig(f"{sig}, {words}", KNOWLEDGE)
    assert isinstance(read, ReadSig)
    assert read.no_daily_rate is NoDailyRate.TITRATION


@given(
    st.sampled_from(["1 tab bid", "2 mg tid", "1 tablet at bedtime"]),
    st.sampled_from(["reduce by", "decrease by", "then taper by", "reducing by"]),
    st.sampled_from(["1 mg", "10%", "half a tablet", "0.25 mg"]),
    st.sampled_from(["every week", "weekly", "every 2 weeks", "per month", "fortnightly"]),
)
def test_a_dose_that_falls_is_the_dose_to_begin_with(sig: str, by: str, amount: str, every: str) -> None:
    alone, falling = read_sig(sig, KNOWLEDGE), read_sig(f"{sig}, {by} {amount} {every}", KNOWLEDGE)
    assert isinstance(alone, ReadSig)
    assert isinstance(falling, ReadSig)
    assert falling.dosages == alone.dosages
    assert falling.no_daily_rate is None
    assert falling.reduction is not None
    assert falling.reduction.every_days >= 7
