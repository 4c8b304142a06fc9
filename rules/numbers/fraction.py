"""A fraction whose arithmetic is fast with others of its type.

The standard library's :class:`~fractions.Fraction` asks for the type of each operand before it works. Here two
fractions, or a fraction and an integer, are worked with directly; everything else is left to the standard library. In
all that can be seen, the printed name included, it is a ``Fraction``.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Any

_new = object.__new__


class FastFraction(Fraction):
    """A fraction; arithmetic with fractions and integers gives one again."""

    __slots__ = ()

    if TYPE_CHECKING:  # the slots of the base class
        _numerator: int
        _denominator: int

    def __add__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            ours, theirs = self._denominator, other._denominator
            if ours == theirs:
                return lowest_terms(self._numerator + other._numerator, ours)
            return lowest_terms(self._numerator * theirs + other._numerator * ours, ours * theirs)
        if other_type is int:
            return lowest_terms(self._numerator + other * self._denominator, self._denominator)
        return Fraction.__add__(self, other)

    def __radd__(self, other: Any) -> Any:
        return self.__add__(other) if type(other) in _OPERANDS else Fraction.__radd__(self, other)

    def __sub__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            ours, theirs = self._denominator, other._denominator
            if ours == theirs:
                return lowest_terms(self._numerator - other._numerator, ours)
            return lowest_terms(self._numerator * theirs - other._numerator * ours, ours * theirs)
        if other_type is int:
            return lowest_terms(self._numerator - other * self._denominator, self._denominator)
        return Fraction.__sub__(self, other)

    def __mul__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            return lowest_terms(self._numerator * other._numerator, self._denominator * other._denominator)
        if other_type is int:
            return lowest_terms(self._numerator * other, self._denominator)
        return Fraction.__mul__(self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other) if type(other) in _OPERANDS else Fraction.__rmul__(self, other)

    def __truediv__(self, other: Any) -> Any:
        other_type = type(other)
        if (other_type is FastFraction or other_type is Fraction) and other._numerator > 0:
            return lowest_terms(self._numerator * other._denominator, self._denominator * other._numerator)
        return Fraction.__truediv__(self, other)

    def __eq__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            return self._numerator == other._numerator and self._denominator == other._denominator
        if other_type is int:
            return self._numerator == other and self._denominator == 1
        return Fraction.__eq__(self, other)

    def __lt__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            return self._numerator * other._denominator < other._numerator * self._denominator
        if other_type is int:
            return self._numerator < other * self._denominator
        return Fraction.__lt__(self, other)

    def __le__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            return self._numerator * other._denominator <= other._numerator * self._denominator
        if other_type is int:
            return self._numerator <= other * self._denominator
        return Fraction.__le__(self, other)

    def __gt__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            return self._numerator * other._denominator > other._numerator * self._denominator
        if other_type is int:
            return self._numerator > other * self._denominator
        return Fraction.__gt__(self, other)

    def __ge__(self, other: Any) -> Any:
        other_type = type(other)
        if other_type is FastFraction or other_type is Fraction:
            return self._numerator * other._denominator >= other._numerator * self._denominator
        if other_type is int:
            return self._numerator >= other * self._denominator
        return Fraction.__ge__(self, other)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self._numerator) if self._denominator == 1 else Fraction.__hash__(self)

    def __bool__(self) -> bool:
        return self._numerator != 0

    def __repr__(self) -> str:
        return f"Fraction({self._numerator}, {self._denominator})"


_OPERANDS = frozenset({FastFraction, Fraction, int})


def lowest_terms(numerator: int, denominator: int) -> FastFraction:
    """The fraction of two integers in lowest terms; ``denominator`` is above zero."""
    if denominator != 1:
        divisor = gcd(numerator, denominator)
        if divisor != 1:
            numerator //= divisor
            denominator //= divisor
    fraction: FastFraction = _new(FastFraction)
    fraction._numerator = numerator
    fraction._denominator = denominator
    return fraction
