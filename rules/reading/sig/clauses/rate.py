"""How often: the rates of a written dosage, in figures, words, Latin or the codes of a hospital."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme, NumberRange
from rules.reading.sig.trace import Range, SigRate

HOUR, DAY = "h", "d"
ONCE = (ONE, ONE)


def read_rate(cursor: Cursor, up_to: bool = False) -> SigRate | None:
    """The rate at the position; None if there is none, and the cursor does not move.

    ::

        rate      = code, [ ( "-" | "/" | "to" | "or" ), code ] | times | hourly | every ;
        times     = how often, { "," | route }, in each ;
        how often = once, [ ( "-" | "to" | "or" ), ( once | numbers, "times" ) ] | numbers, ( "times" | "days" ) ;
        in each   = "a day" | code | ( "per" | "over" | "every" | "in" ), span ; (* code of one dose without a moment *)
        span      = [ "a" ], [ ordinal | numbers, { "-" } ], period ;
        hourly    = [ numbers ], { "-" }, "hourly" ;
        every     = "every", ( ordinal, moment | span | numbers, { "-" }, "hourly" ) ;
        code      = "bid" | "daily" | "q6h" | ... ;
        once      = "once" | "twice" | ... ;
        period    = "hours" | "days" | "weeks" | ... ;

    Args:
        cursor: where it may stand.
        up_to: "up to" comes before it, so that it has no low end.
    """
    begin, kind = cursor.position, cursor.peek().kind
    rate: SigRate | None = None
    if kind is WordKind.RATE:
        rate = _coded(cursor)
    elif kind is WordKind.EVERY:
        rate = _every(cursor)
    elif kind is WordKind.COUNTED:
        rate = _times(cursor, _from_once(cursor), up_to)
    elif kind is WordKind.HOURLY or (numbers := cursor.numbers()) is None:
        rate = _hourly(cursor, None)
    elif cursor.at(WordKind.TIMES, WordKind.PERIOD):
        if not numbers.loose and _count_times(cursor):
            rate = _times(cursor, (numbers.low, numbers.high), up_to)
    else:
        rate = _hourly(cursor, numbers)
    if rate is None:
        cursor.position = begin
    return rate


def _coded(cursor: Cursor) -> SigRate:
    """A rate in one word, or from one to another: ``bid``, ``daily``, ``q6h`` as a code, ``daily to bid``."""
    rate = _of_code(cursor.next(), cursor.words)
    begin = cursor.position
    if cursor.sign("-") or cursor.at(WordKind.TO, WordKind.OR) or cursor.peek().text == "/":
        cursor.next()
        other = cursor.accept(WordKind.RATE)
        between = _between(rate, _of_code(other, cursor.words)) if other else None
        if between is not None:
            return between
        cursor.position = begin
    return rate


def _of_code(lexeme: Lexeme, words: SigWords) -> SigRate:
    timing = words.rates[lexeme.code]
    return SigRate((timing.times, timing.times), timing.every, timing.unit, timing.when, timing.days)


def _between(one: SigRate, other: SigRate) -> SigRate | None:
    """``daily to bid``: from the rarer to the more frequent of two rates without moments, None if they are no range."""
    if one.when or one.days or other.when or other.days or one.unit != other.unit:
        return None
    if one.every == other.every:
        low, high = sorted((one.times[1], other.times[1]))
        return SigRate((low, high), one.every, one.unit)
    if one.times == other.times:
        return SigRate(one.times, (min(one.every[0], other.every[0]), max(one.every[1], other.every[1])), one.unit)
    return None


def _times(cursor: Cursor, how_often: Range, up_to: bool) -> SigRate | None:
    """``twice a day``, ``2 to 3 times daily``, ``once every 3 days``, ``4 times in 24 hours``, from the period on."""
    of_days = cursor.peek(-1).kind is WordKind.PERIOD
    # "twice by mouth a day".
    cursor.skip(",", WordKind.ROUTE)
    in_each = _in_each(cursor)
    if in_each is None:
        return None
    return SigRate((None if up_to else how_often[0], how_often[1]), in_each[0], in_each[1], of_days=of_days)


def _count_times(cursor: Cursor) -> bool:
    """Move past ``times`` after a number, or past ``days`` before "a week"; False if there is neither."""
    if cursor.accept(WordKind.TIMES):
        return not cursor.at(WordKind.NUMBER)
    days_of_use = cursor.next().code == DAY
    return days_of_use and cursor.at(WordKind.PER_PERIOD, WordKind.PER, WordKind.EVERY, WordKind.RATE)


def _from_once(cursor: Cursor) -> Range:
    """``twice``, ``once or twice``, ``once to 3 times``."""
    low = cursor.next().value or ONE
    begin = cursor.position
    if not (cursor.at(WordKind.OR, WordKind.TO) or cursor.sign("-")):
        return low, low
    cursor.next()
    other = cursor.accept(WordKind.COUNTED)
    if other is not None and other.value is not None:
        return min(low, other.value), max(low, other.value)
    numbers = cursor.numbers()
    if numbers is None or cursor.accept(WordKind.TIMES) is None:
        cursor.position = begin
        return low, low
    return low, numbers.high


def _in_each(cursor: Cursor) -> tuple[Range, str] | None:
    """The period after a number of times (shortest, longest), and its unit."""
    cursor.skip(",")
    lexeme = cursor.peek()
    if lexeme.kind is WordKind.PER_PERIOD:
        cursor.next()
        return ONCE, lexeme.code
    if lexeme.kind is WordKind.RATE:
        rate = _of_code(lexeme, cursor.words)
        if rate.times != ONCE or rate.when or rate.days:
            return None
        cursor.next()
        return rate.every, rate.unit
    if lexeme.kind in (WordKind.PER, WordKind.OVER, WordKind.EVERY, WordKind.IN):
        begin = cursor.position
        cursor.next()
        span = _span(cursor)
        if span is None:
            cursor.position = begin
        return span
    return None


def _span(cursor: Cursor) -> tuple[Range, str] | None:
    """``4 to 6 hours``, ``day``, ``other day``, ``third day``."""
    cursor.accept(WordKind.ARTICLE)
    ordinal = cursor.accept(WordKind.ORDINAL)
    if ordinal is not None and ordinal.value is not None:
        period = cursor.accept(WordKind.PERIOD)
        return None if period is None else ((ordinal.value, ordinal.value), period.code)
    numbers = cursor.numbers()
    if numbers is not None:
        cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if period is None or (numbers is not None and numbers.low <= 0):
        return None
    return (ONCE if numbers is None else (numbers.low, numbers.high)), period.code


def _hourly(cursor: Cursor, numbers: NumberRange | None) -> SigRate | None:
    """``hourly``, or, after numbers, ``6 hourly``, ``4-6 hrly``; None if there is no such word."""
    cursor.skip("-")
    if cursor.accept(WordKind.HOURLY) is None or (numbers is not None and numbers.low <= 0):
        return None
    return SigRate(ONCE, ONCE if numbers is None else (numbers.low, numbers.high), HOUR)


def _every(cursor: Cursor) -> SigRate | None:
    """``every 4-6 hours``, ``q6h``, ``every other day``, ``every other night``; not ``every Monday``."""
    every = cursor.next()
    if cursor.matches(WordKind.ORDINAL, WordKind.MOMENT_WORD):
        ordinal, moment = cursor.next(), cursor.next()
        if ordinal.value is not None:
            return SigRate(ONCE, (ordinal.value, ordinal.value), DAY, (moment.code,))
    if cursor.at(WordKind.PERIOD) and not every.text.isascii():
        return None
    begin = cursor.position
    span = _span(cursor)
    if span is None:
        # "Every 6 hourly".
        cursor.position = begin
        return _hourly(cursor, cursor.numbers()) if cursor.at(WordKind.NUMBER) else None
    return SigRate(ONCE, span[0], span[1])


def read_per_period(cursor: Cursor) -> SigRate | None:
    """``a day``, ``/24 hours`` after a dose: so much in each.

    ::

        per period = "a day" | "per", span ;
    """
    begin = cursor.position
    if cursor.at(WordKind.PER_PERIOD, WordKind.PER):
        in_each = _in_each(cursor)
        if in_each is not None:
            return SigRate(ONCE, in_each[0], in_each[1])
    cursor.position = begin
    return None


def whole_number(value: Fraction) -> bool:
    """Whether a number can count times."""
    return value.denominator == 1 and value >= ONE
