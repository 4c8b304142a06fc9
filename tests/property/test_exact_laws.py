"""Is an exact number a fraction in all that can be seen of it?"""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.numbers import FastFraction, exact_ratio

NUMBERS = st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**6)
OPERATIONS = (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.eq, operator.ne, operator.lt, operator.le,
    operator.gt, operator.ge,
)  # fmt: skip


def outcome(operation: Any, one: Any, other: Any) -> Any:
    try:
        return operation(one, other)
    except ZeroDivisionError as error:
        return str(error)


@pytest.mark.parametrize("operation", OPERATIONS)
@given(one=NUMBERS, other=NUMBERS | st.integers(-100, 100))
def test_arithmetic_is_that_of_fractions(operation: Any, one: Fraction, other: Fraction | int) -> None:
    alike = [other] if isinstance(other, int) else [other, FastFraction(other)]
    for each in alike:
        for pair, expected in (((FastFraction(one), each), (one, other)), ((each, FastFraction(one)), (other, one))):
            found, meant = outcome(operation, *pair), outcome(operation, *expected)
            assert (found, hash(found), repr(found)) == (meant, hash(meant), repr(meant))


@given(one=NUMBERS)
def test_it_looks_like_a_fraction(one: Fraction) -> None:
    exact = FastFraction(one)
    assert (exact, hash(exact), repr(exact), str(exact), bool(exact)) == (
        one,
        hash(one),
        repr(one),
        str(one),
        bool(one),
    )
    assert (round(exact, 2), -exact, abs(exact), float(exact)) == (round(one, 2), -one, abs(one), float(one))


@given(above=st.integers(-(10**6), 10**6), below=st.integers(1, 10**6))
def test_a_ratio_is_read_exactly(above: int, below: int) -> None:
    assert exact_ratio(f"{above}/{below}") == Fraction(above, below)


@pytest.mark.parametrize("text", ["1/0", "1/", "/2", "", "x", "1/2/3", "nan", "1e40"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        exact_ratio(text)
