"""The lexicon of written dosages: what every phrase means, and the lists that reading needs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import TimingCode
from rules.knowledge.lexicon.word_kinds import Word


@dataclass(frozen=True, slots=True)
class Phrase:
    """The tokens of a phrase, and what it means."""

    tokens: tuple[str, ...]
    word: Word


@dataclass(frozen=True, slots=True)
class SigWords:
    """The lexicon of written dosages, read from ``sig_words.yaml`` and ``forms.yaml``.

    Attributes:
        phrases: by their first token.
        single_words: the phrases of one token.
        longer_phrases: the others by their first two tokens, the longest first.
        misspelt: the right spelling of misspelt tokens.
        rates: whole timings by the code of a word.
        parts_of_day: the number of the part of the day that a moment belongs to.
        late_parts: moments of the evening and night.
        all_meals: moments that stand for every meal.
        bedtimes: moments of going to bed.
        day_patterns: the moments of a day that is written ``1-0-1``, by how many they are.
        clock_halves: the words for ``am`` and ``pm``.
        fractions: the fractions that are written with a slash.
        lengths: the period that the denominator of a length stands for: ``5/7`` are days.
        comma_decimals: the digits that may follow a decimal comma.
        unnumbered: units of which one is meant without a number.
        unit_routes: units that are words for a route too.
        dispensed_at_least: the smallest number that may be a quantity dispensed.
        last_hour: the last hour of a day.
        longest_word: the characters of the longest word.
        most_at_once: the largest number of units that "2 pm" may state.
        supply_intervals: the days between two supplies; after a full regimen they are no rate.
        each_day: what a moment begins with that is named for every day: "every night", "qhs".
        misheard: what is written for a number between a verb and a unit: "take to tablets".
        joined_interval: the longest interval in days that joins with a rate within the day.
        named_interval: the same with a named time of the day.
        widest_range: how many times its low end the high end of a range of milligrams may be.
    """

    phrases: Mapping[str, tuple[Phrase, ...]]
    single_words: Mapping[str, Word]
    longer_phrases: Mapping[tuple[str, str], tuple[Phrase, ...]]
    misspelt: Mapping[str, str]
    rates: Mapping[str, TimingCode]
    parts_of_day: Mapping[str, int]
    late_parts: frozenset[str]
    all_meals: frozenset[str]
    bedtimes: frozenset[str]
    day_patterns: Mapping[int, tuple[str, ...]]
    clock_halves: Mapping[str, frozenset[str]]
    fractions: frozenset[str]
    lengths: Mapping[str, str]
    comma_decimals: frozenset[str]
    unnumbered: frozenset[str]
    unit_routes: frozenset[str]
    dispensed_at_least: Fraction
    last_hour: Fraction
    longest_word: int
    most_at_once: Fraction
    supply_intervals: frozenset[Fraction]
    each_day: tuple[str, ...]
    misheard: Mapping[str, Fraction]
    joined_interval: Fraction
    named_interval: Fraction
    widest_range: Fraction
