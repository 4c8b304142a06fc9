"""An exact number whose arithmetic is quick among its like.

It is the standard library's fraction in all that can be seen of it, its name when printed included. Only the work is
less: two of them, or one and a whole number, are reckoned with directly, without asking what kinds of numbers they are.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Any

_new = object.__new__


class FastFraction(Fraction):
    """A fraction. What is reckoned from two of them is one again."""

    __slots__ = ()

    if TYPE_CHECKING:  # the members of the standard library's own
        _numerator: int
        _denominator: int

    def __add__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            one, two = self._denominator, other._denominator
            if one == two:
                return _fast(self._numerator + other._numerator, one)
            return _fast(self._numerator * two + other._numerator * one, one * two)
        if kind is int:
            return _fast(self._numerator + other * self._denominator, self._denominator)
        return Fraction.__add__(self, other)

    def __radd__(self, other: Any) -> Any:
        return self.__add__(other) if type(other) in _KINDS else Fraction.__radd__(self, other)

    def __sub__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            one, two = self._denominator, other._denominator
            if one == two:
                return _fast(self._numerator - other._numerator, one)
            return _fast(self._numerator * two - other._numerator * one, one * two)
        if kind is int:
            return _fast(self._numerator - other * self._denominator, self._denominator)
        return Fraction.__sub__(self, other)

    def __mul__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            return _fast(self._numerator * other._numerator, self._denominator * other._denominator)
        if kind is int:
            return _fast(self._numerator * other, self._denominator)
        return Fraction.__mul__(self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other) if type(other) in _KINDS else Fraction.__rmul__(self, other)

    def __truediv__(self, other: Any) -> Any:
        kind = type(other)
        if (kind is FastFraction or kind is Fraction) and other._numerator > 0:
            return _fast(self._numerator * other._denominator, self._denominator * other._numerator)
        return Fraction.__truediv__(self, other)

    def __eq__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            return self._numerator == other._numerator and self._denominator == other._denominator
        if kind is int:
            return self._numerator == other and self._denominator == 1
        return Fraction.__eq__(self, other)

    def __lt__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            return self._numerator * other._denominator < other._numerator * self._denominator
        if kind is int:
            return self._numerator < other * self._denominator
        return Fraction.__lt__(self, other)

    def __le__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            return self._numerator * other._denominator <= other._numerator * self._denominator
        if kind is int:
            return self._numerator <= other * self._denominator
        return Fraction.__le__(self, other)

    def __gt__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            return self._numerator * other._denominator > other._numerator * self._denominator
        if kind is int:
            return self._numerator > other * self._denominator
        return Fraction.__gt__(self, other)

    def __ge__(self, other: Any) -> Any:
        kind = type(other)
        if kind is FastFraction or kind is Fraction:
            return self._numerator * other._denominator >= other._numerator * self._denominator
        if kind is int:
            return self._numerator >= other * self._denominator
        return Fraction.__ge__(self, other)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self._numerator) if self._denominator == 1 else Fraction.__hash__(self)

    def __bool__(self) -> bool:
        return self._numerator != 0

    def __repr__(self) -> str:
        return f"Fraction({self._numerator}, {self._denominator})"


_KINDS = frozenset({FastFraction, Fraction, int})


def _fast(numerator: int, denominator: int) -> FastFraction:
    """The number of a numerator and a denominator above zero, in lowest terms."""
    if denominator != 1:
        common = gcd(numerator, denominator)
        if common != 1:
            numerator //= common
            denominator //= common
    made: FastFraction = _new(FastFraction)
    made._numerator = numerator
    made._denominator = denominator
    return made
