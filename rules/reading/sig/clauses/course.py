"""For how long and how many: lengths, counts, dates, repeats, and what is dispensed."""

from __future__ import annotations

from datetime import date

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.model import Period
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.passed import pass_reason
from rules.reading.sig.draft import Joint, NoDailyRate, Range, SigDraft
from rules.reading.sig.scan.cursor import Cursor, NumberRange
from rules.reading.sig.scan.marks import Lexeme
from rules.reading.sig.scan.numbers import read_numbers

DOSE = "dose"
# A length in these is no course of treatment: "swish for 30 seconds".
MOMENTS = frozenset({"s", "min"})
# "Half an hour before meals" says when; "5 mL an hour" how often.
AN = "an "
LONG = frozenset({"d", "wk", "mo", "a"})


def read_length(cursor: Cursor, draft: SigDraft) -> bool:
    """``for 10 days``, ``x 7 days``, ``for a week``, ``x 5/7``, ``30 days``; False if no length stands here."""
    begin, first = cursor.position, cursor.peek()
    opened = cursor.accept(WordKind.FOR, WordKind.TIMES)
    if opened is not None and opened.kind is WordKind.FOR:
        cursor.skip(":", WordKind.UP_TO, WordKind.ARTICLE, WordKind.TIMES)
    short = cursor.accept(WordKind.LENGTH) if opened else None
    if short is not None and short.value is not None:
        days = short.value * DAYS_PER[short.code]
        draft.lasts((days, days), first, short)
        draft.note(first, short, f"length: {days} days")
        return True
    least = cursor.accept(WordKind.AT_LEAST)
    numbers = read_numbers(cursor)
    cursor.skip("-")
    for_a_period = opened and cursor.at(WordKind.PERIOD) and cursor.peek(-1).kind is WordKind.ARTICLE
    if numbers is None and not (for_a_period or before_something(cursor)):
        cursor.position = begin
        return False
    unit = cursor.accept(WordKind.PERIOD)
    if unit is None and before_something(cursor) and (numbers is None or numbers.high < ONE):
        unit = cursor.next()
    if unit is None:
        cursor.position = begin
        return opened is not None and numbers is not None and _count(cursor, draft)
    if cursor.accept(WordKind.APART) or (least and opened):
        # "At least 4 hours apart", "for at least 5 days": no end is stated.
        return True
    return _lasting(cursor, draft, begin, numbers, unit, opened is not None)


def before_something(cursor: Cursor) -> bool:
    """Whether "an hour before ..." stands here: a time, and no rate."""
    if not cursor.at(WordKind.PER_PERIOD) or not cursor.peek().text.startswith(AN):
        return False
    first = cursor.words.single(cursor.peek(1).text.split(" ")[0])
    return first is not None and first.kind is WordKind.BEFORE_AFTER


def _lasting(
    cursor: Cursor, draft: SigDraft, begin: int, numbers: NumberRange | None, unit: Lexeme, opened: bool
) -> bool:
    """A number of periods: a length, a day's supply, or the time before a meal."""
    first = cursor.marks[begin]
    low, high = (ONE, ONE) if numbers is None else (numbers.low, numbers.high)
    if cursor.accept(WordKind.SUPPLY):
        return True
    if cursor.at(WordKind.BEFORE_AFTER) or cursor.follows(".", WordKind.BEFORE_AFTER):
        cursor.skip(".", WordKind.BEFORE_AFTER)
        pass_reason(cursor)
        if cursor.follows(WordKind.OR, WordKind.NUMBER, WordKind.PERIOD, WordKind.BEFORE_AFTER):
            # "One hour before or two hours after a meal".
            cursor.next()
        return True
    if cursor.at(WordKind.SINGLE) or (not opened and unit.code not in LONG and cursor.at(WordKind.MOMENT)):
        # "30 minutes before bed": what follows says when.
        return True
    days = (low * DAYS_PER[unit.code], high * DAYS_PER[unit.code])
    if opened and unit.code in MOMENTS:
        return True
    rate = draft.line.rate
    if not opened and rate is not None and days[0] == days[1] == rate.every[0] * DAYS_PER[rate.unit]:
        # "Every 72 hours (three days)".
        return True
    if days[0] < ONE or (not opened and unit.code not in LONG):
        raise cursor.give_up(first)
    cursor.accept(WordKind.SUPPLY)
    draft.lasts(days, first, unit)
    draft.note(first, unit, f"length: {days[1]} days")
    return True


def _count(cursor: Cursor, draft: SigDraft) -> bool:
    """``x 3 doses``, ``for 3 doses``, ``x3``, ``x1``: so many doses in all."""
    begin, opened = cursor.position, cursor.next()
    numbers = read_numbers(cursor)
    unit = cursor.accept(WordKind.UNIT)
    if (
        numbers is None
        or (unit is not None and unit.code != DOSE)
        or (unit is None and opened.kind is not WordKind.TIMES)
    ):
        cursor.position = begin
        return False
    if unit is None and cursor.at(WordKind.TIMES) and not cursor.at(WordKind.NUMBER, WordKind.PERIOD, ahead=1):
        # "x 3 times".
        cursor.next()
    if unit is None and cursor.at(
        WordKind.TIMES, WordKind.HOURLY, WordKind.EVERY, WordKind.NUMBER, WordKind.RATE, WordKind.PER_PERIOD
    ):
        cursor.position = begin
        return False
    set_count(draft, (numbers.low, numbers.high), opened, cursor.peek(-1))
    return True


def set_count(draft: SigDraft, count: Range, first: Lexeme, last: Lexeme) -> None:
    """So many doses in all; one alone is no daily rate."""
    draft.line.count = count
    draft.line.single = count[1] <= ONE and not draft.line.rated
    draft.touch(first)
    draft.note(first, last, f"count: {count[1]}")
    if count[1] <= ONE:
        draft.reasons.append(NoDailyRate.SINGLE)


def read_supply(cursor: Cursor) -> bool:
    """What is dispensed and refilled: ``#30``, ``disp 30 tabs``, ``2 refills``, ``30 day supply``; it is passed."""
    begin = cursor.position
    if cursor.accept(WordKind.DISPENSE):
        cursor.skip(":=- #", WordKind.DISPENSE, WordKind.EQUALS, WordKind.OF)
        if read_numbers(cursor) is not None:
            cursor.skip("-")
            cursor.accept(WordKind.UNIT, WordKind.PERIOD)
            return True
    elif cursor.accept(WordKind.REFILL):
        cursor.skip(":=-", WordKind.EQUALS, WordKind.TIMES)
        read_numbers(cursor)
        return True
    else:
        numbers = read_numbers(cursor)
        cursor.skip("-")
        refilled = cursor.at(WordKind.REFILL) and not cursor.at(WordKind.NUMBER, ahead=1)
        if numbers is not None and (refilled or cursor.at(WordKind.SUPPLY)):
            cursor.next()
            return True
    cursor.position = begin
    return False


def read_date(cursor: Cursor, draft: SigDraft) -> bool:
    """``starting January 23, 2015``, ``until 2015-01-23``, ``from Jan 15-20, 2015``; what is not a date is left."""
    begin, opened = cursor.position, cursor.next()
    cursor.accept(WordKind.ON, WordKind.AT)
    written = _date(cursor)
    if written is None:
        cursor.position = begin
        return False
    first, last = written
    bounds = draft.step.bounds
    if opened.kind is WordKind.STARTING:
        draft.step.bounds = Period(first or bounds.start, last if last != first else bounds.end)
        if first is None:
            draft.step.bounds = bounds
    elif last is None:
        raise cursor.give_up(opened)
    else:
        draft.step.bounds = Period(bounds.start, last)
    draft.note(opened, cursor.peek(-1), "date")
    return True


def _date(cursor: Cursor) -> tuple[date | None, date | None] | None:
    """One date or the two ends of a span; None for an end that is not a full date. None if no date stands here."""
    written = cursor.accept(WordKind.DATE)
    if written is not None:
        try:
            day = date.fromisoformat(written.text)
        except ValueError:
            return None, None
        return day, day
    if not cursor.follows(WordKind.MONTH, WordKind.NUMBER):
        return None
    month = cursor.next()
    days = read_numbers(cursor)
    cursor.skip(",")
    year = cursor.accept(WordKind.NUMBER)
    if days is None or year is None or year.value is None or month.value is None:
        return None, None
    try:
        low, high = (date(int(year.value), int(month.value), int(day)) for day in (days.low, days.high))
    except (ValueError, OverflowError):
        return None, None
    return low, high


def end_of_clause(draft: SigDraft, sign: str, sentence: bool) -> None:
    """A comma or the end of a sentence: what follows may be a line of its own."""
    draft.listed = sign == ","
    if sentence:
        draft.pending = draft.pending or Joint.SENTENCE
        draft.comma = False
    else:
        draft.comma = True
