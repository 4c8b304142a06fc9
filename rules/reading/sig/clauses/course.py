"""For how long and how many: lengths, counts and dates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.model import Period
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.reason import skip_reason
from rules.reading.sig.draft import SigDraft
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme, NumberRange
from rules.reading.sig.trace import Clause, Length

DOSE = "dose"
# A length in these is no course of treatment: "swish for 30 seconds".
SHORT = frozenset({"s", "min"})
LONG = frozenset({"d", "wk", "mo", "a"})
# What the last word of a time may be.
ENDS_A_TIME = (
    WordKind.RATE,
    WordKind.HOURLY,
    WordKind.PERIOD,
    WordKind.PER_PERIOD,
    WordKind.MOMENT,
    WordKind.MOMENT_WORD,
    WordKind.AS_NEEDED,
)
# "Half an hour before meals" says when; "5 mL an hour" how often.
AN = "an "
A = "a "
# Between a quantity and its days.
OF_EACH = frozenset({"/", "per"})


def read_length(cursor: Cursor, draft: SigDraft) -> bool:
    """Read ``for 10 days``, ``x 7 days``, ``for a week``, ``x 5/7``, ``30 days``; False if there is no length.

    ::

        length  = [ opening ], "5/7", [ "course" | "supply" ] | [ opening ], periods | opening, count ;
                  (* without an opening "5/7" only where it can be no date: at the end of a time, "twice a day 5/7" *)
        opening = "for", { ":" | "up to" | "a" | "x" } | "x" ;
        periods = [ "at least" ], [ numbers ], { "-" }, period, [ "apart" | "supply" | "course" | before ] ;
                  (* without numbers only "for a week" and "an hour before" *)
        before  = { "." | "before" | "after" }, [ reason ], [ "or" ] ;

    Raises:
        UnreadError: the step has another length, or it is shorter than a day and no time before something.
    """
    begin, first = cursor.position, cursor.peek()
    of_each = cursor.peek(-1).text in OF_EACH
    opening = cursor.accept(WordKind.FOR, WordKind.TIMES)
    if opening is not None and opening.kind is WordKind.FOR:
        cursor.skip(":", WordKind.UP_TO, WordKind.ARTICLE, WordKind.TIMES)
    short = cursor.accept(WordKind.LENGTH) if opening or _ends_a_time(cursor, draft) else None
    if short is not None and short.value is not None:
        days = short.value * DAYS_PER[short.code]
        if cursor.accept(WordKind.SUPPLY) or (
            not cursor.at(WordKind.NUMBER, ahead=1) and cursor.accept(WordKind.DISPENSE)
        ):
            return True
        cursor.accept(WordKind.COURSE)
        draft.set_length((days, days), first, short)
        draft.note(first, short, Length(days))
        return True
    if opening is not None and opening.kind is WordKind.FOR and _is_a_period(cursor):
        # "For a week": the phrase holds its article.
        _add_length(cursor, draft, first, None, cursor.next(), opened=True)
        return True
    at_least = cursor.accept(WordKind.AT_LEAST)
    numbers = cursor.numbers()
    cursor.skip("-")
    for_a_period = opening and cursor.at(WordKind.PERIOD) and cursor.peek(-1).kind is WordKind.ARTICLE
    if numbers is None and not (for_a_period or before_something(cursor)):
        cursor.position = begin
        return False
    period = cursor.accept(WordKind.PERIOD)
    if period is None and before_something(cursor) and (numbers is None or numbers.high < ONE):
        period = cursor.next()
    if period is None:
        cursor.position = begin
        return opening is not None and numbers is not None and _read_count(cursor, draft)
    if cursor.accept(WordKind.APART) or (at_least and opening):
        # "At least 4 hours apart", "for at least 5 days": no end is stated.
        return True
    if of_each and any(line.rated for line in draft.step.lines):
        # "28 tablets/28 days": what is supplied for them.
        return True
    _add_length(cursor, draft, first, numbers, period, opening is not None)
    return True


def read_most_days(cursor: Cursor, draft: SigDraft, first: Lexeme) -> bool:
    """Read ``7 days`` after "max" or "up to": the length of the step at most; False if there is no such length.

    ::

        most days = length ; (* of days or longer *)
    """
    return read_bare_length(cursor, draft, first, LONG)


def read_bare_length(cursor: Cursor, draft: SigDraft, first: Lexeme, units: Collection[str]) -> bool:
    """Read ``7 days`` as the length of the step; False, and nothing read, if there is no length in these units.

    ::

        length = numbers, { "-" }, period ;
    """
    begin = cursor.position
    numbers = cursor.numbers()
    cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if numbers is None or period is None or period.code not in units:
        cursor.position = begin
        return False
    days = (numbers.low * DAYS_PER[period.code], numbers.high * DAYS_PER[period.code])
    draft.set_length(days, first, period)
    draft.note(first, period, Length(days[1]))
    return True


def _ends_a_time(cursor: Cursor, draft: SigDraft) -> bool:
    """Whether the position is behind a time of the line, so that "5/7" is five days; behind "from" it is a date."""
    before = -2 if cursor.sign(",(", -1) else -1
    return draft.line.timed and cursor.at(*ENDS_A_TIME, ahead=before)


def _is_a_period(cursor: Cursor) -> bool:
    """Whether the position is at "a week", as one phrase, and no time before something."""
    lexeme = cursor.peek()
    return lexeme.kind is WordKind.PER_PERIOD and lexeme.code in LONG and lexeme.text.startswith(A)


def before_something(cursor: Cursor) -> bool:
    """Whether the position is at "an hour before ...", which is a time and no rate."""
    if not cursor.at(WordKind.PER_PERIOD) or not cursor.peek().text.startswith(AN):
        return False
    word = cursor.words.single_words.get(cursor.peek(1).text.split(" ")[0])
    return word is not None and word.kind is WordKind.BEFORE_AFTER


def _add_length(
    cursor: Cursor, draft: SigDraft, first: Lexeme, numbers: NumberRange | None, period: Lexeme, opened: bool
) -> None:
    """A number of periods: the length of the step, a day's supply, or the time before a meal.

    Raises:
        UnreadError: it is none of them, or the step has another length.
    """
    low, high = (ONE, ONE) if numbers is None else (numbers.low, numbers.high)
    if cursor.accept(WordKind.SUPPLY):
        return
    course = cursor.accept(WordKind.COURSE) is not None
    if cursor.at(WordKind.BEFORE_AFTER) or cursor.matches(".", WordKind.BEFORE_AFTER):
        cursor.skip(".", WordKind.BEFORE_AFTER)
        skip_reason(cursor)
        if cursor.matches(WordKind.OR, WordKind.NUMBER, WordKind.PERIOD, WordKind.BEFORE_AFTER):
            # "One hour before or two hours after a meal".
            cursor.next()
        return
    if cursor.at(WordKind.SINGLE) or (not opened and period.code not in LONG and cursor.at(WordKind.MOMENT)):
        # "30 minutes before bed": what follows says when.
        return
    days = (low * DAYS_PER[period.code], high * DAYS_PER[period.code])
    if opened and period.code in SHORT:
        return
    rate = draft.line.rate
    if not opened and rate is not None and days[0] == days[1] == rate.every[0] * DAYS_PER[rate.unit]:
        # "Every 72 hours (three days)".
        return
    if days[0] < ONE or (not opened and not course and period.code not in LONG):
        raise cursor.error(first)
    if cursor.accept(WordKind.SUPPLY):
        return
    draft.set_length(days, first, period)
    draft.note(first, period, Length(days[1]))


def _read_count(cursor: Cursor, draft: SigDraft) -> bool:
    """Read ``x 3 doses``, ``for 3 doses``, ``x3``, ``x1``: a number of doses in all.

    ::

        count = ( "for" | "x" ), numbers, "doses" | "x", numbers, [ "times" ] ; (* no rate after it *)
    """
    begin, opening = cursor.position, cursor.next()
    numbers = cursor.numbers()
    unit = cursor.accept(WordKind.UNIT)
    if (
        numbers is None
        or (unit is not None and unit.code != DOSE)
        or (unit is None and opening.kind is not WordKind.TIMES)
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
    draft.set_count((numbers.low, numbers.high), opening, cursor.peek(-1))
    return True


def read_course(cursor: Cursor, draft: SigDraft) -> bool:
    """Read ``course of 7 days``; False if no length follows.

    ::

        course = "course", { ":" | "of" | "is" }, length ;
    """
    begin = cursor.position
    cursor.next()
    cursor.skip(":-=", WordKind.OF, WordKind.EQUALS)
    if not read_length(cursor, draft):
        cursor.position = begin
        return False
    return True


def read_date(cursor: Cursor, draft: SigDraft) -> bool:
    """Read ``starting January 23, 2015``, ``until 2015-01-23``, ``from Jan 15-20, 2015``; False if there is no date.

    ::

        date = ( "starting" | "until" ), [ "on" | "at" ], ( "2015-01-23" | month, numbers, { "," }, year ) ;

    Raises:
        UnreadError: the end is not a full date.
    """
    begin, opening = cursor.position, cursor.next()
    cursor.accept(WordKind.ON, WordKind.AT)
    written = _date(cursor)
    if written is None:
        cursor.position = begin
        return False
    first, last = written
    bounds = draft.step.bounds
    if opening.kind is WordKind.STARTING:
        if first is not None:
            draft.step.bounds = Period(first, last if last != first else bounds.end)
    elif last is None:
        raise cursor.error(opening)
    else:
        draft.step.bounds = Period(bounds.start, last)
    draft.note(opening, cursor.peek(-1), Clause.DATE)
    return True


def _date(cursor: Cursor) -> tuple[date | None, date | None] | None:
    """One date or the two ends of a span; None for an end that is not a full date. None if there is no date."""
    written = cursor.accept(WordKind.DATE)
    if written is not None:
        try:
            day = date.fromisoformat(written.text)
        except ValueError:
            return None, None
        return day, day
    if not cursor.matches(WordKind.MONTH, WordKind.NUMBER):
        return None
    month = cursor.next()
    days = cursor.numbers()
    cursor.skip(",")
    year = cursor.accept(WordKind.NUMBER)
    if days is None or year is None or year.value is None or month.value is None:
        return None, None
    try:
        low, high = (date(int(year.value), int(month.value), int(day)) for day in (days.low, days.high))
    except (ValueError, OverflowError):
        return None, None
    return low, high
