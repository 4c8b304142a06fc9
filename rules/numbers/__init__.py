"""Exact numbers, quantities with the unit in the type, and the memory of pure functions.

Numbers are fractions: nothing passes through binary floating point, and nothing is rounded before it is compared.
"""

from rules.numbers.fraction import FastFraction
from rules.numbers.memo import HashedOnce, LazyValues, cached, forget_all, hashed_once, lazy, memoised, one_judgement
from rules.numbers.quantity import (
    DAYS_PER,
    DAYS_PER_WEEK,
    HALF,
    HOURS_PER_DAY,
    JSON_DECIMALS,
    MICROGRAMS_PER_MILLIGRAM,
    MILLIGRAMS_PER,
    ONE,
    PERCENT,
    ZERO,
    Amount,
    DiazepamEquivalent,
    MicrogramsPerHour,
    MilligramsPerDay,
    MorphineEquivalent,
    Range,
    UnitsPerDay,
    exact,
    exact_ratio,
)
from rules.numbers.text import about, decimal_text, digits, figure, figure_range, is_exact, rounded, rounded_ratio

__all__ = [
    "DAYS_PER",
    "DAYS_PER_WEEK",
    "HALF",
    "HOURS_PER_DAY",
    "JSON_DECIMALS",
    "MICROGRAMS_PER_MILLIGRAM",
    "MILLIGRAMS_PER",
    "ONE",
    "PERCENT",
    "ZERO",
    "Amount",
    "DiazepamEquivalent",
    "FastFraction",
    "HashedOnce",
    "LazyValues",
    "MicrogramsPerHour",
    "MilligramsPerDay",
    "MorphineEquivalent",
    "Range",
    "UnitsPerDay",
    "about",
    "cached",
    "decimal_text",
    "digits",
    "exact",
    "exact_ratio",
    "figure",
    "figure_range",
    "forget_all",
    "hashed_once",
    "is_exact",
    "lazy",
    "memoised",
    "one_judgement",
    "rounded",
    "rounded_ratio",
]
