"""The kinds of words in a written dosage, and the meaning of a word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class WordKind(StrEnum):
    """The kinds of words in a written dosage, most of them named as in ``sig_words.yaml``."""

    # Formed from the text itself, whatever the lexicon holds.
    UNKNOWN = "unknown"
    SIGN = "sign"
    CLOCK = "clock"
    DATE = "date"
    LENGTH = "length"
    NAME = "name"
    PATTERN = "pattern"
    # With a value or a code.
    NUMBER = "number"
    ADDED = "added"
    ROMAN = "roman"
    ORDINAL = "ordinal"
    COUNTED = "counted"
    MONTH = "month"
    RATE = "rate"
    PERIOD = "period"
    PER_PERIOD = "per_period"
    MOMENT = "moment"
    MOMENT_WORD = "moment_word"
    DAY = "day"
    DAYS = "days"
    UNIT = "unit"
    MAXIMUM = "maximum"
    ROUTE = "route"
    # Words of the grammar.
    ARTICLE = "article"
    TIMES = "times"
    EVERY = "every"
    PER = "per"
    OVER = "over"
    LASTING = "lasting"
    AT_A_TIME = "at_a_time"
    COURSE = "course"
    COMPLAINT = "complaint"
    HOURLY = "hourly"
    IN = "in"
    AT = "at"
    ON = "on"
    OF = "of"
    OR = "or"
    TO = "to"
    AND = "and"
    PLUS = "plus"
    FOR = "for"
    THEN = "then"
    CHANGE_TO = "change_to"
    STOP = "stop"
    UP_TO = "up_to"
    REPEAT = "repeat"
    ADDITIONAL = "additional"
    TOTAL = "total"
    EQUALS = "equals"
    DISPENSE = "dispense"
    REFILL = "refill"
    SUPPLY = "supply"
    STARTING = "starting"
    UNTIL = "until"
    SCALE = "scale"
    BEFORE_AFTER = "before_after"
    DIRECTIONS = "directions"
    DIAGNOSIS = "diagnosis"
    HOUR_MARK = "hour_mark"
    SPOON = "spoon"
    RELEASE = "release"
    OTHER_SUBSTANCE = "other_substance"
    AS_NEEDED = "as_needed"
    REASON = "reason"
    AS_DIRECTED = "as_directed"
    TITRATION = "titration"
    REDUCTION = "reduction"
    SINGLE = "single"
    PROTOCOL = "protocol"
    INFUSION = "infusion"
    VERB = "verb"
    REMARK = "remark"
    REMARK_START = "remark_start"
    STOPS = "stops"
    SITE = "site"
    MANNER = "manner"
    AT_LEAST = "at_least"
    APART = "apart"
    ALTERNATING = "alternating"
    PAIN = "pain"


# Kinds that a reason or a remark may hold without saying anything about the dose.
SKIPPABLE = frozenset(
    {
        WordKind.UNKNOWN,
        WordKind.NAME,
        WordKind.MOMENT_WORD,
        WordKind.UNIT,
        WordKind.PERIOD,
        WordKind.ROUTE,
        WordKind.ARTICLE,
        WordKind.IN,
        WordKind.AT,
        WordKind.ON,
        WordKind.OF,
        WordKind.OR,
        WordKind.TO,
        WordKind.AND,
        WordKind.PER,
        WordKind.TIMES,
        WordKind.SPOON,
        WordKind.RELEASE,
        WordKind.OTHER_SUBSTANCE,
        WordKind.REMARK,
        WordKind.BEFORE_AFTER,
        WordKind.HOUR_MARK,
        WordKind.ROMAN,
        WordKind.TOTAL,
        WordKind.MONTH,
        WordKind.REASON,
        WordKind.ORDINAL,
        WordKind.SCALE,
        WordKind.SITE,
        WordKind.MANNER,
        WordKind.PAIN,
        WordKind.COMPLAINT,
        WordKind.OVER,
        WordKind.COURSE,
        WordKind.AT_A_TIME,
    }
)


@dataclass(frozen=True, slots=True)
class Word:
    """The meaning of a word: its kind, with the id (``code``, of a unit, a moment, a timing ...) or the number."""

    kind: WordKind
    code: str = ""
    value: Fraction | None = None
