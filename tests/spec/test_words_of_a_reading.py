"""Are the parts of a sentence what people write: numbers, ranges, lists, lengths of time, and reasons?"""

from __future__ import annotations

from fractions import Fraction

import pytest

from rules.knowledge import load_knowledge
from rules.numbers import decimal_text, digits, figure, figure_range, rounded
from rules.reading.wording import (
    Reason,
    Refusal,
    RefusalKind,
    counted,
    every,
    in_days,
    listed,
    number,
    numbers,
    together,
)

VOCABULARY = load_knowledge().vocabulary
ONCE = (Fraction(1), Fraction(1))


@pytest.mark.parametrize(
    ("value", "in_a_sentence", "about", "exact"),
    [
        ("20", "20", "20", "20"),
        ("1/2", "0.5", "0.5", "0.5"),
        ("1/16", "0.0625", "0.0625", "0.0625"),
        ("1/3", "0.33", "about 0.33", "1/3"),
        ("1/32", "0.03", "about 0.03", "0.03125"),
        ("1/300", "0.003333", "about 0.003333", "1/300"),
        ("1000000000", "1000000000", "1000000000", "1000000000"),
    ],
)
def test_a_number_in_digits(value: str, in_a_sentence: str, about: str, exact: str) -> None:
    number = Fraction(value)
    assert (figure(number), rounded(number), decimal_text(number)) == (in_a_sentence, about, exact)


def test_a_number_is_rounded_half_to_even_and_has_no_trailing_zeros() -> None:
    assert [digits(Fraction(each), 1) for each in ("0.25", "0.35", "2.00", "1.96")] == ["0.2", "0.4", "2", "2"]
    assert digits(Fraction(1, 7)) == "0.142857"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [("2", "2", "2"), ("0", "2", "0 to 2"), ("0", "3/7", "0 to about 0.43"), ("1/7", "3/7", "about 0.14 to 0.43")],
)
def test_a_range_says_about_once(low: str, high: str, words: str) -> None:
    assert figure_range(Fraction(low), Fraction(high)) == words


def test_items_are_listed() -> None:
    assert [listed(items) for items in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
    assert listed(["a", "", "b"]) == "a and b"
    assert (listed("abcd", 3), listed("abc", 3)) == ("a, b and 2 more", "a, b and c")
    assert [together(items) for items in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a, and b", "a, b, and c"]


def test_small_numbers_are_words() -> None:
    assert [number(Fraction(each), VOCABULARY) for each in ("1", "3/2", "1/2", "13", "1/7")] == [
        "one", "one and a half", "half", "13", "0.14",
    ]  # fmt: skip
    assert numbers(Fraction(1), Fraction(3), VOCABULARY) == "one to three"
    assert numbers(Fraction(8), Fraction(30), VOCABULARY) == "8 to 30"


def test_times_and_lengths_are_words() -> None:
    six = (Fraction(6), Fraction(6))
    assert every((Fraction(2), Fraction(2)), ONCE, "d", VOCABULARY) == "twice a day"
    assert every((Fraction(0), Fraction(3)), ONCE, "d", VOCABULARY) == "up to three times a day"
    assert every(ONCE, six, "h", VOCABULARY) == "every 6 hours"
    assert [in_days(Fraction(each), VOCABULARY) for each in ("1", "7", "3", "1/2", "1/24")] == [
        "a day", "a week", "in 3 days", "in 12 hours", "an hour",
    ]  # fmt: skip
    assert (counted(Fraction(1), ("day", "days")), counted(Fraction(2), ("day", "days"))) == ("1 day", "2 days")


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.name)
def test_a_reason_names_its_detail_or_has_none(reason: Reason) -> None:
    words = Refusal(reason, "{detail}").words
    assert ("{detail}" in words) == ("{}" in reason.words)
    assert words == words.strip(" .")


def test_a_reason_says_what_it_means_for_the_line() -> None:
    assert Refusal(Reason.NO_DOSE).is_unknown
    assert Refusal(Reason.NAMED_DATES).is_single
    assert Reason.BY_WEIGHT.kind is RefusalKind.NOT_DAILY
    assert len({reason.words for reason in Reason}) == len(Reason.__members__)
