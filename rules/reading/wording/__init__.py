"""The words of a reading: numbers, lists, portions, and the reasons why there is no daily dose.

They are parts of sentences; the module of a value puts its sentence together.
"""

from rules.reading.wording.numbers import (
    DAY,
    HOUR,
    counted,
    every,
    in_days,
    named_days,
    number,
    number_word,
    numbers,
    times,
    unit_of,
)
from rules.reading.wording.portion import concentration_words, count_words, hourly_words, mass_words, volume_words
from rules.reading.wording.prose import BETWEEN_TEXTS, UP_TO, article, listed, part_of, together
from rules.reading.wording.refusals import Reason, Refusal, RefusalKind

__all__ = [
    "BETWEEN_TEXTS",
    "DAY",
    "HOUR",
    "UP_TO",
    "Reason",
    "Refusal",
    "RefusalKind",
    "article",
    "concentration_words",
    "count_words",
    "counted",
    "every",
    "hourly_words",
    "in_days",
    "listed",
    "mass_words",
    "named_days",
    "number",
    "number_word",
    "numbers",
    "part_of",
    "times",
    "together",
    "unit_of",
    "volume_words",
]
