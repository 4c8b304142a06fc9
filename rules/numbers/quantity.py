"""Exact numbers, and quantities with the unit in the type.

Numbers are read as text and kept as fractions: none passes through binary floating point, and none is rounded before it
is compared. An :class:`Amount` is a range: what is *used*, and the *low* and *high* that the same evidence also allows.
Amounts of different units do not add.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import ClassVar, Self

from rules.limits import MAX_DIGITS, MAX_MAGNITUDE
from rules.numbers.fraction import FastFraction, lowest_terms

# From low to high.
Range = tuple[Fraction, Fraction]

ZERO: Fraction = FastFraction(0)
ONE: Fraction = FastFraction(1)
HALF: Fraction = FastFraction(1, 2)
PERCENT: Fraction = FastFraction(1, 100)

# The most decimals of a number in JSON.
JSON_DECIMALS = 6
# Milligrams in a unit of mass, and days in a unit of time (UCUM; a month is a twelfth of 365 days).
MILLIGRAMS_PER: dict[str, Fraction] = {
    "ug": FastFraction(1, 1000),
    "mg": ONE,
    "g": FastFraction(1000),
}
DAYS_PER: dict[str, Fraction] = {
    "s": FastFraction(1, 86400),
    "min": FastFraction(1, 1440),
    "h": FastFraction(1, 24),
    "d": ONE,
    "wk": FastFraction(7),
    "mo": FastFraction(365, 12),
    "a": FastFraction(365),
}
DAYS_PER_WEEK: Fraction = FastFraction(7)
HOURS_PER_DAY: Fraction = FastFraction(24)
MICROGRAMS_PER_MILLIGRAM: Fraction = FastFraction(1000)


def exact(value: str | int | float | Decimal | Fraction) -> Fraction:
    """The exact value of a number as it was written.

    A float, which is what a JSON reader gives, is taken at its shortest decimal text: the text that was sent, for up to
    15 significant digits, and not its binary value.

    ::

        number = [ "+" | "-" ] , ( digits , [ "." , [ digits ] ] | "." , digits ) , [ "e" , [ "+" | "-" ] , digits ] ;

    Raises:
        ValueError: not a finite decimal number, or of a magnitude that no dose has (above 10^9, or of more than 30
            digits).
    """
    if isinstance(value, bool):
        raise ValueError("a truth value is not a number")
    if isinstance(value, Fraction):
        number = value
    else:
        text = repr(value) if isinstance(value, float) else str(value)
        if len(text) > MAX_DIGITS:
            raise ValueError("a number of too many digits")
        try:
            decimal = Decimal(text.strip())
        except InvalidOperation:
            raise ValueError("not a decimal number") from None
        if not decimal.is_finite():
            raise ValueError("not a finite number")
        if decimal and abs(decimal.adjusted()) > MAX_DIGITS:
            raise ValueError("a number of a magnitude that no dose has")
        number = lowest_terms(*decimal.as_integer_ratio())
    if not -MAX_MAGNITUDE <= number <= MAX_MAGNITUDE:
        raise ValueError("a number of a magnitude that no dose has")
    return number


def exact_ratio(text: str) -> Fraction:
    """The exact value of a number that may be written as a fraction: ``0.5``, ``1/3``.

    ::

        ratio = number , [ "/" , number ] ;   (* numbers as exact() reads them *)

    Raises:
        ValueError: not a finite number, of a magnitude that no dose has, or a fraction of zero.
    """
    above, slash, below = text.partition("/")
    if not slash:
        return exact(above)
    denominator = exact(below)
    if denominator == 0:
        raise ValueError("a fraction of zero")
    return exact(above) / denominator


@dataclass(frozen=True, slots=True)
class Amount:
    """A range of one unit: 0 <= ``low`` <= ``used`` <= ``high``.

    ``used`` is the value that is compared and shown; ``low`` and ``high`` are the smallest and the largest reading of
    the same evidence. A subclass gives the unit.

    Raises:
        ValueError: the numbers are no such range.
        TypeError: an amount of another unit is added.
    """

    used: Fraction
    low: Fraction
    high: Fraction
    unit: ClassVar[str] = ""

    def __post_init__(self) -> None:
        low, used, high = self.low, self.used, self.high
        # Most amounts are one number: what is the same value need not be compared with itself.
        if low.numerator < 0 or not (low is used or low <= used) or not (used is high or used <= high):
            raise ValueError(f"not a range: low {self.low}, used {self.used}, high {self.high}")

    @classmethod
    def of(cls, used: Fraction, low: Fraction | None = None, high: Fraction | None = None) -> Self:
        """An amount; ``low`` and ``high`` are ``used`` where they are not given."""
        return cls(used, used if low is None else low, used if high is None else high)

    @classmethod
    def none(cls) -> Self:
        """No amount: zero."""
        return cls(ZERO, ZERO, ZERO)

    def __add__(self, other: Self) -> Self:
        if type(other) is not type(self):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} do not add")
        return type(self)(self.used + other.used, self.low + other.low, self.high + other.high)

    def times(self, factor: Fraction) -> Self:
        """The amount times a factor of 0 or more."""
        return type(self)(self.used * factor, self.low * factor, self.high * factor)

    def at_most(self, limit: Fraction) -> Self:
        """The amount with no part above ``limit``."""
        return type(self)(min(self.used, limit), min(self.low, limit), min(self.high, limit))

    def with_low(self, low: Fraction) -> Self:
        """The amount with its low end lowered to ``low``, if that is smaller."""
        return type(self)(self.used, min(self.low, low), self.high)


class MilligramsPerDay(Amount):
    """What is taken of one agent, in milligrams a day."""

    unit = "mg"
    __slots__ = ()


class MicrogramsPerHour(Amount):
    """What a patch delivers of one agent, in micrograms an hour, whatever its change interval."""

    unit = "ug/h"
    __slots__ = ()


class UnitsPerDay(Amount):
    """Countable units (tablets, capsules, patches, millilitres ...) taken in a day."""

    unit = "1/d"
    __slots__ = ()


class DiazepamEquivalent(Amount):
    """Milligrams a day of oral diazepam that one published table holds equal."""

    unit = "mg/d diazepam-equivalent"
    __slots__ = ()


class MorphineEquivalent(Amount):
    """Morphine milligram equivalents (MME) a day."""

    unit = "MME/d"
    __slots__ = ()
