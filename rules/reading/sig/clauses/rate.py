"""How often: the rates of a written dosage, in figures, words, Latin or the codes of a hospital."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.draft import Connector, SigDraft, SigLine
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme, NumberRange
from rules.reading.sig.trace import Clause, Range, SigRate

HOUR, DAY = "h", "d"
ONCE = (ONE, ONE)
# Units of the days on which a rate of one day holds.
SPANS = ("d", "wk", "mo")


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


def add_rate(cursor: Cursor, draft: SigDraft, rate: SigRate, first: Lexeme) -> None:
    """Put a rate to the line: its first, the same again, or one that combines with it.

    After a full regimen an interval as long as a supply lasts is that of the supply.

    Raises:
        UnreadError: it contradicts the rate of the line, or may say how often the dose is changed, or how often it is
            supplied.
    """
    line = draft.line
    if _is_of_supply(cursor, line, rate, first):
        draft.note(first, cursor.peek(-1), Clause.SUPPLY)
        return
    draft.note(first, cursor.peek(-1), rate)
    if draft.pending is Connector.AND and line.doses and (line.rate is not None or line.single):
        line = draft.same_dose_again(first)
    # "Decrease to 1 tablet every 14 days" may say how often it is decreased.
    if line.single or (draft.step.changes_dose and rate.most_per_day < ONE):
        raise cursor.error(first)
    draft.begin_line(first)
    draft.pending = None
    if line.rate is None:
        line.rate = rate
    elif line.rate.per_day == rate.per_day:
        if not (line.rate.when or line.rate.days) and (rate.when or rate.days):
            line.rate = rate
    else:
        combined = combine(line.rate, rate)
        if combined is None or not _is_one_statement(cursor, line.rate, rate):
            raise cursor.error(first)
        line.rate = combined


def _is_of_supply(cursor: Cursor, line: SigLine, rate: SigRate, first: Lexeme) -> bool:
    """Whether a rate after a full regimen can only be the interval of the supply.

    Raises:
        UnreadError: a time of the day was named, and the rate may be that of the supply or of the doses.
    """
    days = _interval(rate)
    daily = line.rate is not None and line.rate.most_per_day >= ONE
    full = line.doses and (daily or line.moments or line.clock or (line.as_needed and line.rate is None))
    if not full or days is None:
        return False
    if days in cursor.words.supply_intervals:
        return True
    longest = cursor.words.joined_interval if line.each_day else cursor.words.named_interval
    if line.rate is None and (line.moments or line.clock) and days > longest:
        raise cursor.error(first)
    return False


def _is_one_statement(cursor: Cursor, rate: SigRate, other: SigRate) -> bool:
    """Whether a rate and a later interval are one statement: "twice a day, every other day", not "every 14 days"."""
    intervals = [days for days in map(_interval, (rate, other)) if days is not None]
    return all(days <= cursor.words.joined_interval for days in intervals)


def _interval(rate: SigRate) -> Fraction | None:
    """The days between two doses, the fewest of a range, where they are more than one; None of any other rate."""
    days = rate.every[0] * DAYS_PER[rate.unit]
    return days if days > ONE and rate.times == ONCE and not rate.of_days and not rate.days else None


def read_hour_after_rate(cursor: Cursor, draft: SigDraft) -> None:
    """``daily16``: the hour that a hospital writes after its code."""
    lexeme = cursor.peek()
    if lexeme.kind is not WordKind.NUMBER or lexeme.value is None or lexeme.value.denominator != 1:
        return
    if cursor.adjacent() and lexeme.value <= cursor.words.last_hour and cursor.peek(1).text in ("", ":", ","):
        cursor.next()
        draft.line.clock.append(f"{int(lexeme.value):02d}:00")
        draft.note(lexeme, lexeme, Clause.HOUR_AFTER_RATE)


def combine(rate: SigRate, other: SigRate) -> SigRate | None:
    """The rate that two make together, in whichever order they stand; None if they contradict each other."""
    return _on_days(rate, other) or _on_days(other, rate) or _every_day(rate, other)


def _every_day(rate: SigRate, again: SigRate) -> SigRate | None:
    """``every 12 hours daily``: after a rate of several a day "daily" only says that it is for every day."""
    daily = again.per_day == ONCE and not again.when and not again.days
    return rate if daily and rate.times[0] is not None and rate.per_day[0] > ONE else None


def _on_days(a_day: SigRate, days: SigRate) -> SigRate | None:
    """``twice a day`` and ``every other day`` together; ``6 hourly`` is four times a day on such days."""
    if a_day.unit == HOUR and a_day.times == ONCE and a_day.per_day[0] >= ONE and days.unit != HOUR:
        a_day = SigRate(a_day.per_day, ONCE, DAY, a_day.when, a_day.days)
    if (a_day.every, a_day.unit) != (ONCE, DAY) or a_day.times[0] is None:
        return None
    if days.of_days and days.times[0] is not None:
        low, high = days.times[0] * a_day.times[0], days.times[1] * a_day.times[1]
        return SigRate((low, high), days.every, days.unit, a_day.when)
    if days.unit in SPANS and days.times == ONCE and days.every != ONCE and not days.days:
        return SigRate(a_day.times, days.every, days.unit, a_day.when or days.when)
    return None


def whole_number(value: Fraction) -> bool:
    """Whether a number can count times."""
    return value.denominator == 1 and value >= ONE
