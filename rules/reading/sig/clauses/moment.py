"""At what times: moments of the day, times by the clock, and days of the week."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, HALF, HOURS_PER_DAY, ONE
from rules.reading.sig.clauses.rate import inherit
from rules.reading.sig.draft import Joint, SigDraft, SigLine
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.marks import Lexeme
from rules.reading.sig.scan.numbers import read_numbers

HALF_DAY = HOURS_PER_DAY * HALF
BEFORE_NOON, AFTER_NOON = "am", "pm"
FIRST = "first"
HOUR = "h"
MINUTE, HOUR_AND_MINUTE = "mm", "hhmm"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_moment(cursor: Cursor, draft: SigDraft) -> bool:
    """Read a moment, a time or days at the place; False if none stands here."""
    begin, first = cursor.position, cursor.peek()
    explicit = draft.pending is Joint.AND or draft.comma
    if cursor.at(WordKind.MOMENT, WordKind.MOMENT_WORD, ahead=1):
        cursor.accept(WordKind.EVERY, WordKind.AT, WordKind.IN, WordKind.ON)
    if cursor.at(WordKind.MOMENT, WordKind.MOMENT_WORD):
        code = cursor.next().code
        _line(cursor, draft, first, explicit and bool(draft.line.clock)).moments.append((code, explicit))
        draft.note(first, first, f"moment: {code}")
        return True
    place = cursor.position
    time = _clock(cursor, draft)
    if time is not None:
        _line(cursor, draft, first, explicit and bool(draft.line.moments)).clock.append(time)
        draft.note(first, cursor.peek(-1), f"time: {time}")
        return True
    cursor.position = place
    days = _days(cursor)
    if days:
        line = _line(cursor, draft, first, mixed=False)
        line.days.extend(day for day in days if day not in line.days)
        draft.note(first, cursor.peek(-1), f"days: {', '.join(days)}")
        return True
    cursor.position = begin
    return False


def _line(cursor: Cursor, draft: SigDraft, first: Lexeme, mixed: bool) -> SigLine:
    """The line that a moment belongs to: a further one of the same dose where "and" follows a rate of its own.

    ``mixed``: a time by the clock is named beside a moment, "in the morning and at 3 pm".

    Raises:
        UnreadError: the two may be the same time, "in the morning, 8 am", or there is no dose to be taken at both.
    """
    line = draft.line
    if mixed and line.rate is None:
        if draft.pending is not Joint.AND or not line.doses:
            raise cursor.give_up(first)
        line = inherit(draft, first)
    rate = line.rate
    several = rate is not None and (rate.times != (ONE, ONE) or rate.every != (ONE, ONE) or rate.unit != "d")
    alone = not (line.moments or line.clock)
    if draft.pending is Joint.AND and line.doses and ((several and alone) or line.single):
        line = inherit(draft, first)
    if line.single:
        raise cursor.give_up(first)
    draft.touch(first)
    draft.pending = None
    return line


def _clock(cursor: Cursor, draft: SigDraft) -> str | None:
    """``8am``, ``at 8:30 pm``, ``08:00``, ``at 22:00``, ``at 0800``; without "at" behind another time as well."""
    at, another = cursor.accept(WordKind.AT), bool(draft.line.clock)
    mark = cursor.peek()
    hour: Fraction
    minutes = "00"
    if mark.kind is WordKind.CLOCK:
        cursor.next()
        parts = mark.text.split(":")
        hour, minutes = Fraction(int(parts[0])), parts[1]
    elif (at or another) and mark.text.isdigit() and len(mark.text) == len(HOUR_AND_MINUTE):
        cursor.next()
        hour = Fraction(int(mark.text[: -len(MINUTE)]))
        minutes = mark.text[-len(MINUTE) :]
    elif mark.kind is WordKind.NUMBER and mark.value is not None and mark.value.denominator == 1:
        cursor.next()
        hour = mark.value
        if _half(cursor, at) is None and not (at and (cursor.at(WordKind.HOUR_MARK) or _is_hour(cursor))):
            return None
        if not (at or another or cursor.glued() or mark.text[:1] == "0") and _may_be_dose(mark, hour, cursor, draft):
            return None
    else:
        return None
    half = _half(cursor, at)
    if half is not None:
        cursor.next()
        if not ONE <= hour <= HALF_DAY:
            return None
        hour = hour % HALF_DAY + (HALF_DAY if half == AFTER_NOON else 0)
    if cursor.accept(WordKind.HOUR_MARK) is None and at and _is_hour(cursor):
        cursor.next()
    if hour > cursor.words.last_hour or int(minutes) >= DAYS_PER["h"] / DAYS_PER["min"]:
        return None
    return f"{int(hour):02d}:{minutes}"


def _may_be_dose(mark: Lexeme, hour: Fraction, cursor: Cursor, draft: SigDraft) -> bool:
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
        raise cursor.give_up(mark)
    return True


def _is_hour(cursor: Cursor) -> bool:
    """Whether "hours" stands here, as in ``a las 22 horas``."""
    return cursor.at(WordKind.PERIOD) and cursor.peek().code == HOUR


def _half(cursor: Cursor, at: Lexeme | None) -> str | None:
    """Whether the mark says before or after noon; behind "at" also in words: ``at 5 in the evening``."""
    text = cursor.peek().text if cursor.at(WordKind.MOMENT_WORD) or (at and cursor.at(WordKind.MOMENT)) else ""
    halves = cursor.words.clock_halves
    return next((half for half in (BEFORE_NOON, AFTER_NOON) if text in halves[half]), None)


def _days(cursor: Cursor) -> list[str]:
    """``on Monday, Wednesday and Friday``, ``Mon/Wed/Fri``, ``Monday to Friday``, ``every Sunday``, ``weekdays``."""
    cursor.accept(WordKind.ON, WordKind.EVERY)
    named: list[str] = []
    spans: list[bool] = []
    while cursor.at(WordKind.DAY, WordKind.DAYS):
        named.append(cursor.next().code)
        place = cursor.position
        span = cursor.sign("-") or cursor.at(WordKind.TO)
        if span or cursor.sign(",/&+") or cursor.at(WordKind.AND, WordKind.PER, WordKind.PLUS):
            cursor.next()
            cursor.accept(WordKind.AND)
            cursor.accept(WordKind.ON, WordKind.EVERY)
        if not cursor.at(WordKind.DAY, WordKind.DAYS):
            cursor.position = place
            break
        spans.append(span)
    match named, spans:
        case [first, last], [True] if first in WEEK and last in WEEK:
            return _span(first, last)
    return list(dict.fromkeys(day for days in named for day in days.split()))


def _span(first: str, last: str) -> list[str]:
    begin, end = WEEK.index(first), WEEK.index(last)
    return list(WEEK[begin : end + 1]) if begin <= end else list(WEEK[begin:] + WEEK[: end + 1])


def read_hour_behind_rate(cursor: Cursor, draft: SigDraft) -> None:
    """``daily16``: the hour that a hospital writes behind its code."""
    mark = cursor.peek()
    if not cursor.at(WordKind.NUMBER) or not cursor.glued() or mark.value is None or mark.value.denominator != 1:
        return
    if mark.value <= cursor.words.last_hour and (cursor.peek(1).text in ("", ":", ",")):
        cursor.next()
        draft.line.clock.append(f"{int(mark.value):02d}:00")
        draft.note(mark, mark, "time")


def read_label(cursor: Cursor) -> tuple[Fraction, Fraction, str] | None:
    """``day 1``, ``days 2 to 5``, ``week 3``: the place of a step in a course."""
    begin = cursor.position
    cursor.accept(WordKind.ON, WordKind.FOR)
    cursor.accept(WordKind.ARTICLE)
    if cursor.at(WordKind.REMARK) and cursor.peek().text == FIRST and cursor.at(WordKind.PERIOD, ahead=1):
        cursor.next()
        return ONE, ONE, cursor.next().code
    if cursor.follows(WordKind.PERIOD, WordKind.NUMBER):
        period = cursor.next()
        numbers = read_numbers(cursor)
        if (
            numbers is not None
            and not cursor.at(WordKind.UNIT, WordKind.TIMES)
            and numbers.high.denominator == 1 == numbers.low.denominator
        ):
            return numbers.low, numbers.high, period.code
    cursor.position = begin
    return None
