"""Which readings are remembered, and which are read again?"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from rules.limits import MAX_MEMOISED, MAX_MEMOISED_LENGTH
from rules.model import Dosage, Medication, Period, Timing
from rules.numbers.memo import LazyValues, lazy, memoised, one_judgement


def counted() -> tuple[list[object], Callable[[object], object]]:
    computed: list[object] = []

    @memoised
    def reading(value: object) -> object:
        computed.append(value)
        return value

    return computed, reading


def read(*values: object) -> list[object]:
    """What was read anew when each value came."""
    computed, reading = counted()
    for value in values:
        assert reading(value) == value
    return computed


def test_what_comes_again_is_read_once() -> None:
    assert read("1 tab qhs", "1 tab qhs") == ["1 tab qhs"]
    assert len(read(Medication(text="a"), Medication(text="a"), Medication(text="b"))) == 2


def test_what_is_long_is_not_kept() -> None:
    long = "x" * (MAX_MEMOISED_LENGTH + 1)
    assert read(long, long) == [long, long]
    assert len(read(*[(Dosage(text=long[:300]), Dosage(text=long[:200]))] * 2)) == 2


def test_what_holds_a_date_is_not_kept() -> None:
    dated = Dosage(text="a", timing=Timing(bounds=Period(start=date(2026, 11, 22))))
    assert len(read(dated, dated)) == 2
    assert len(read(dated.undated, dated.undated)) == 1


def test_what_is_long_or_holds_a_date_is_kept_until_the_judgement_ends() -> None:
    long = "x" * (MAX_MEMOISED_LENGTH + 1)
    dated = Dosage(text="a", timing=Timing(bounds=Period(start=date(2026, 11, 22))))
    computed, reading = counted()
    for _ in range(2):
        with one_judgement():
            for value in (long, dated, long, dated):
                assert reading(value) == value
    assert computed == [long, dated, long, dated]


def test_judgements_within_one_are_one() -> None:
    long = "x" * (MAX_MEMOISED_LENGTH + 1)
    computed, reading = counted()
    with one_judgement():
        with one_judgement():
            reading(long)
        reading(long)
    assert computed == [long]


def test_the_least_used_is_forgotten() -> None:
    values = [str(number) for number in range(MAX_MEMOISED + 1)]
    assert len(read(*values, values[0])) == len(values) + 1


def test_a_line_with_dates_is_the_line_without_them_but_for_them() -> None:
    line = Dosage(text="a", timing=Timing(code="BID"))
    dated = line.within(Period(start=date(2026, 11, 22)))
    assert dated != line
    assert dated.undated == line
    assert dated == Dosage(text="a", timing=Timing(code="BID", bounds=Period(start=date(2026, 11, 22))))
    assert Dosage(text="a", timing=dated.timing).undated == line


def test_a_value_with_a_field_changed_is_what_the_standard_library_makes_of_it() -> None:
    line = Dosage(text="a", timing=Timing(code="BID"), as_needed=True)
    assert hash(line) != hash(line.replaced(text="b"))
    assert line.replaced(text="b", as_needed=False) == replace(line, text="b", as_needed=False)


@dataclass(frozen=True, slots=True)
class Doubled(LazyValues):
    number: int
    asked: list[int] = field(default_factory=list, compare=False)

    @lazy
    def twice(self) -> int:
        self.asked.append(self.number)
        return 2 * self.number


def test_a_lazy_attribute_is_worked_out_once_and_when_it_is_asked_for() -> None:
    value = Doubled(4)
    assert value.asked == []
    assert (value.twice, value.twice) == (8, 8)
    assert value.asked == [4]


def test_a_lazy_attribute_is_no_part_of_the_value() -> None:
    value = Doubled(4)
    assert value.twice == 8
    assert value == Doubled(4)
    assert replace(value, number=5).twice == 10
    assert pickle.loads(pickle.dumps(value)) == value
    assert not vars(pickle.loads(pickle.dumps(value)))
