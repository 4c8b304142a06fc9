"""At what times: moments of the day, times by the clock, days of the week, and labels such as "day 1"."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, HALF, HOURS_PER_DAY, ONE
from rules.reading.sig.draft import Connector, SigDraft, SigLine
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme
from rules.reading.sig.trace import ClockTime, Length, Moments, WeekDays

HALF_DAY = HOURS_PER_DAY * HALF
BEFORE_NOON, AFTER_NOON = "am", "pm"
FIRST = "first"
HOUR = "h"
MINUTE, HOUR_AND_MINUTE = "mm", "hhmm"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOMENTS = (WordKind.MOMENT, WordKind.MOMENT_WORD)
BEFORE_MOMENT = (WordKind.EVERY, WordKind.AT, WordKind.IN, WordKind.ON)
# The kinds that a time and days can begin with; "0800" is an unknown word.
TIMES = (WordKind.AT, WordKind.CLOCK, WordKind.NUMBER, WordKind.UNKNOWN)
DAYS = (WordKind.ON, WordKind.EVERY, WordKind.DAY, WordKind.DAYS)
NAMED_DAYS = (WordKind.DAY, WordKind.DAYS)


def read_moment(cursor: Cursor, draft: SigDraft) -> bool:
    """Read a moment, a time or days at the position; False if there is none, and the cursor does not move.

    ::

        when   = [ "every" | "at" | "in" | "on" ], moment | time | days ;
        moment = "at bedtime" | "morning" | "with meals" | ... ;
        time   = [ "at" ], ( "8:30" | "0830" | number, half | number, hours ), [ half ], [ hours ] ;
        half   = "am" | "pm" | "in the evening" | ... ; (* words only after "at" *)
        hours  = "o'clock" | "hours" ; (* "0830" and hours only after "at"; "0830" after another time, too *)
        days   = [ "on" | "every" ], day, { [ and ], day } ;
        day    = "Monday" | ... | "weekdays" | "weekends" | ... ;
        and    = ( "-" | "to" | "," | "/" | "&" | "+" | "and" | "plus" ), [ "and" ], [ "on" | "every" ] ;

    Raises:
        UnreadError: a time and a moment may be the same, there is no dose for it, or the number may be a dose.
    """
    begin, first = cursor.position, cursor.peek()
    explicit = draft.pending is Connector.AND or draft.separated
    if first.kind in BEFORE_MOMENT and cursor.at(*MOMENTS, ahead=1):
        cursor.next()
    if cursor.at(*MOMENTS):
        moment = cursor.next()
        code = moment.code
        line = _line(cursor, draft, first, explicit and bool(draft.line.clock))
        line.moments.append((code, explicit))
        line.each_day = line.each_day or first.kind is WordKind.EVERY or moment.text.startswith(cursor.words.each_day)
        draft.note(first, first, Moments((code,)))
    elif first.kind in TIMES and (time := _clock(cursor, draft)) is not None:
        _line(cursor, draft, first, explicit and bool(draft.line.moments)).clock.append(time)
        draft.note(first, cursor.peek(-1), ClockTime(time))
    elif first.kind in DAYS and (days := _days(cursor)):
        line = _line(cursor, draft, first, mixed=False)
        line.days.extend(day for day in days if day not in line.days)
        draft.note(first, cursor.peek(-1), WeekDays(tuple(days)))
    else:
        cursor.position = begin
        return False
    return True


def _line(cursor: Cursor, draft: SigDraft, first: Lexeme, mixed: bool) -> SigLine:
    """The line that a moment belongs to: a further one of the same dose where "and" follows a rate of its own.

    ``mixed``: a time by the clock is named beside a moment, "in the morning and at 3 pm".

    Raises:
        UnreadError: the two may be the same time, "in the morning, 8 am", or there is no dose to be taken at both.
    """
    line = draft.line
    if mixed and line.rate is None:
        if draft.pending is not Connector.AND or not line.doses:
            raise cursor.error(first)
        line = draft.same_dose_again(first)
    rate = line.rate
    several = rate is not None and (rate.times != (ONE, ONE) or rate.every != (ONE, ONE) or rate.unit != "d")
    alone = not (line.moments or line.clock)
    if draft.pending is Connector.AND and line.doses and ((several and alone) or line.single):
        line = draft.same_dose_again(first)
    if line.single:
        raise cursor.error(first)
    draft.begin_line(first)
    draft.pending = None
    return line


def _clock(cursor: Cursor, draft: SigDraft) -> str | None:
    """``8am``, ``at 8:30 pm``, ``08:00``, ``at 22:00``, ``at 0800``; without "at" after another time as well."""
    at, another = cursor.accept(WordKind.AT), bool(draft.line.clock)
    lexeme = cursor.peek()
    hour: Fraction
    minutes = "00"
    if lexeme.kind is WordKind.CLOCK:
        cursor.next()
        parts = lexeme.text.split(":")
        hour, minutes = Fraction(int(parts[0])), parts[1]
    elif (at or another) and lexeme.text.isdigit() and len(lexeme.text) == len(HOUR_AND_MINUTE):
        cursor.next()
        hour = Fraction(int(lexeme.text[: -len(MINUTE)]))
        minutes = lexeme.text[-len(MINUTE) :]
    elif lexeme.kind is WordKind.NUMBER and lexeme.value is not None and lexeme.value.denominator == 1:
        cursor.next()
        hour = lexeme.value
        if _half(cursor, at) is None and not (at and (cursor.at(WordKind.HOUR_MARK) or _at_hours(cursor))):
            return None
        if not (at or another or cursor.adjacent() or lexeme.text[:1] == "0") and _may_be_dose(
            lexeme, hour, cursor, draft
        ):
            return None
    else:
        return None
    half = _half(cursor, at)
    if half is not None:
        cursor.next()
        if not ONE <= hour <= HALF_DAY:
            return None
        hour = hour % HALF_DAY + (HALF_DAY if half == AFTER_NOON else 0)
    if cursor.accept(WordKind.HOUR_MARK) is None and at and _at_hours(cursor):
        cursor.next()
    if hour > cursor.words.last_hour or int(minutes) >= DAYS_PER["h"] / DAYS_PER["min"]:
        return None
    return f"{int(hour):02d}:{minutes}"


def _may_be_dose(lexeme: Lexeme, hour: Fraction, cursor: Cursor, draft: SigDraft) -> bool:
    """Whether "2 pm" is a dose in the evening: it opens a line of bare numbers, "1 am and 2 pm".

    Raises:
        UnreadError: it follows a dose with a unit and a moment, "1 tab am and 2 pm": two of them, or at two o'clock.
    """
    line = draft.line
    if not line.doses:
        return hour <= cursor.words.most_at_once
    if not line.moments:
        return False
    if hour > cursor.words.most_at_once or line.doses[0].unit is not None:
        raise cursor.error(lexeme)
    return True


def _at_hours(cursor: Cursor) -> bool:
    """Whether the lexeme is "hours", as in ``a las 22 horas``."""
    return cursor.at(WordKind.PERIOD) and cursor.peek().code == HOUR


def _half(cursor: Cursor, at: Lexeme | None) -> str | None:
    """Whether the lexeme says before or after noon; after "at" also in words: ``at 5 in the evening``."""
    text = cursor.peek().text if cursor.at(WordKind.MOMENT_WORD) or (at and cursor.at(WordKind.MOMENT)) else ""
    halves = cursor.words.clock_halves
    return next((half for half in (BEFORE_NOON, AFTER_NOON) if text in halves[half]), None)


def _days(cursor: Cursor) -> list[str]:
    """``on Monday, Wednesday and Friday``, ``Mon/Wed/Fri``, ``Monday to Friday``, ``every Sunday``, ``weekdays``."""
    cursor.accept(WordKind.ON, WordKind.EVERY)
    named: list[str] = []
    spans: list[bool] = []
    while cursor.at(*NAMED_DAYS):
        named.append(cursor.next().code)
        position = cursor.position
        span = cursor.sign("-") or cursor.at(WordKind.TO)
        if span or cursor.sign(",/&+") or cursor.at(WordKind.AND, WordKind.PER, WordKind.PLUS):
            cursor.next()
            cursor.accept(WordKind.AND)
            cursor.accept(WordKind.ON, WordKind.EVERY)
        if not cursor.at(*NAMED_DAYS):
            cursor.position = position
            break
        spans.append(span)
    match named, spans:
        case [first, last], [True] if first in WEEK and last in WEEK:
            return _from_to(first, last)
    return list(dict.fromkeys(day for days in named for day in days.split()))


def _from_to(first: str, last: str) -> list[str]:
    begin, end = WEEK.index(first), WEEK.index(last)
    return list(WEEK[begin : end + 1]) if begin <= end else list(WEEK[begin:] + WEEK[: end + 1])


def read_label(cursor: Cursor, draft: SigDraft) -> bool:
    """Read the place of a step in a course, ``day 1``, ``days 2 to 5``, ``week 3``; False if there is none.

    ::

        label = [ "on" | "for" ], [ "the" ], ( "first", period | period, numbers ), { ":" | "-" | "," } ;
                (* no unit and no "times" after the numbers *)

    Raises:
        UnreadError: the label does not follow the one before it.
    """
    first = cursor.peek()
    label = _label(cursor)
    if label is None:
        return False
    low, high, unit = label
    before = next((step.label for step in reversed(draft.steps) if step.label), None)
    expected = before[1] + ONE if before else ONE
    if low != expected or high < low or (before and before[-1] != unit):
        raise cursor.error(first)
    if draft.step.label:
        draft.new_step()
    draft.step.label_first = draft.line.empty
    days = (high - low + ONE) * DAYS_PER[unit]
    draft.set_length((days, days), first, cursor.peek(-1))
    draft.step.label = label
    draft.note(first, cursor.peek(-1), Length(days))
    cursor.skip(":-,")
    return True


def _label(cursor: Cursor) -> tuple[Fraction, Fraction, str] | None:
    """The first and the last period of a label, and their unit."""
    begin = cursor.position
    cursor.accept(WordKind.ON, WordKind.FOR)
    cursor.accept(WordKind.ARTICLE)
    if cursor.at(WordKind.REMARK) and cursor.peek().text == FIRST and cursor.at(WordKind.PERIOD, ahead=1):
        cursor.next()
        return ONE, ONE, cursor.next().code
    if cursor.matches(WordKind.PERIOD, WordKind.NUMBER):
        period = cursor.next()
        numbers = cursor.numbers()
        if (
            numbers is not None
            and not cursor.at(WordKind.UNIT, WordKind.TIMES)
            and numbers.high.denominator == 1 == numbers.low.denominator
        ):
            return numbers.low, numbers.high, period.code
    cursor.position = begin
    return None
