"""Clauses that begin with a number, a rate, a length or a unit, and what a number among them belongs to."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.clauses.course import before_something, read_length, read_most_days
from rules.reading.sig.clauses.dose import read_dose, skip_concentration
from rules.reading.sig.clauses.dose_place import add_dose
from rules.reading.sig.clauses.limit import read_limit
from rules.reading.sig.clauses.moment import read_moment
from rules.reading.sig.clauses.rate import read_per_period, read_rate, whole_number
from rules.reading.sig.clauses.rate_place import add_rate, read_hour_after_rate
from rules.reading.sig.draft import Connector, SigDraft
from rules.reading.sig.lines.steps import how_often
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.trace import SigRate

DOSE, DAY = "dose", "d"
# After "up to 3 tablets" these make it a limit of a period.
OF_A_PERIOD = (WordKind.PER_PERIOD, WordKind.PER, WordKind.IN, WordKind.OVER, WordKind.RATE, WordKind.EVERY)
# After "once" these say when, so that "once" adds nothing.
TELLS_WHEN = (
    WordKind.MOMENT,
    WordKind.MOMENT_WORD,
    WordKind.AT,
    WordKind.DAY,
    WordKind.DAYS,
    WordKind.ON,
    WordKind.CLOCK,
)


def skip_concentration_before_dose(cursor: Cursor, draft: SigDraft) -> bool:
    """Skip ``2 mg/mL`` at the beginning of a line."""
    return draft.line.empty and skip_concentration(cursor)


def refuse_number_twice(cursor: Cursor, draft: SigDraft) -> bool:
    """Refuse "2 two times a day" without a dose: two tablets twice a day, or twice a day said twice.

    Raises:
        UnreadError: the text says so.
    """
    if (
        not draft.line.doses
        and cursor.matches(WordKind.NUMBER, WordKind.NUMBER, WordKind.TIMES)
        and cursor.peek().value == cursor.peek(1).value
    ):
        raise cursor.error()
    return False


def rate_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``bid``, ``every 6 hours``, ``twice a day``, ``daily16``; False if there is none.

    ::

        rate clause = rate, [ hour ] ;
    """
    first = cursor.peek()
    rate = read_rate(cursor)
    if rate is None:
        return False
    add_rate(cursor, draft, rate, first)
    read_hour_after_rate(cursor, draft)
    return True


def amount_per_period_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """After a dose: ``per day`` (that much in each), or ``4 a day`` (4 of them in each); False if there is neither.

    ::

        amount per period = per period | numbers, "a day" ;
    """
    line = draft.line
    if not line.doses:
        return False
    begin, first = cursor.position, cursor.peek()
    rate: SigRate | None = None
    if first.kind in (WordKind.PER_PERIOD, WordKind.PER):
        if not line.rated and not before_something(cursor):
            rate = read_per_period(cursor)
    elif not line.timed and draft.pending is not Connector.AND:
        numbers = cursor.numbers()
        period = cursor.accept(WordKind.PER_PERIOD)
        if numbers is not None and period is not None and not numbers.loose and whole_number(numbers.high):
            rate = SigRate((numbers.low, numbers.high), (ONE, ONE), period.code)
    if rate is None:
        cursor.position = begin
        return False
    add_rate(cursor, draft, rate, first)
    draft.line.a_day = True
    return True


def length_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``for 10 days``, ``x 3 doses``; False if there is none."""
    if not read_length(cursor, draft):
        return False
    draft.separated = False
    return True


def moment_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``at bedtime``, ``8 am``, ``on Monday``; False if there is none."""
    if not read_moment(cursor, draft):
        return False
    draft.separated = False
    return True


def clock_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``8 am``, or a number after another time; False if there is none."""
    if not draft.line.clock and not cursor.at(WordKind.MOMENT_WORD, ahead=1):
        return False
    return moment_clause(cursor, draft)


def once_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``once``, ``2x``: a number of doses in all; ``once at bedtime`` counts nothing. False if there is neither.

    ::

        once = ( "once" | "twice" | number, "times" ), but no number or unit ;
    """
    begin, first = cursor.position, cursor.peek()
    if first.kind is WordKind.COUNTED:
        cursor.next()
        count = first.value or ONE
        when = first.value == ONE and (cursor.at(*TELLS_WHEN) or draft.line.rated)
    else:
        numbers = cursor.numbers()
        if numbers is None or numbers.low != numbers.high or cursor.accept(WordKind.TIMES) is None or draft.line.rated:
            cursor.position = begin
            return False
        count = numbers.high
        when = count == ONE and cursor.at(*TELLS_WHEN)
    if not when:
        if cursor.at(WordKind.NUMBER, WordKind.UNIT):
            cursor.position = begin
            return False
        draft.set_count((count, count), first, cursor.peek(-1))
    draft.separated = False
    return True


def _is_raised(draft: SigDraft, days: Fraction, times: Fraction) -> bool:
    """Raise the rate of the line to so many doses in days, if these are more: "twice a day, up to three times"."""
    line = draft.line
    stated = how_often(line)
    if stated is None or times / days <= stated[1] or line.days:
        return False
    line.rate = SigRate((stated[0] * days, times), (days, days), DAY)
    line.moments, line.clock = [], []
    return True


def dose_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``1-2 tablets``, ``5 mg``, ``(10 mg)``; False if there is none."""
    begin = cursor.position
    doses = read_dose(cursor)
    if doses is None:
        return False
    if any(lexeme.kind is WordKind.ADDITIONAL for lexeme in cursor.lexemes[begin : cursor.position]):
        draft.pending = draft.pending or Connector.EXTRA
    bracketed = cursor.sign(")") and cursor.lexemes[begin - 1].text == "("
    add_dose(cursor, draft, doses, bracketed)
    draft.separated = False
    return True


def up_to_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``up to 3 times a day``, ``up to 4 mg per day``, ``up to 2 tablets``.

    ::

        up to = "up to", ( rate | most days | limit | dose ) ;

    Raises:
        UnreadError: neither a rate nor a dose follows, or the dose contradicts that of the line.
    """
    first, line = cursor.next(), draft.line
    begin, kind = cursor.position, cursor.peek().kind
    rate = read_rate(cursor, up_to=True)
    if rate is None and read_most_days(cursor, draft, first):
        return True
    if rate is not None and kind is WordKind.RATE and not line.rated:
        add_rate(cursor, draft, replace(rate, times=(None, rate.times[1])), first)
        return True
    if (
        rate is not None
        and kind is WordKind.RATE
        and _is_raised(draft, rate.times[1] / rate.most_per_day, rate.times[1])
    ):
        draft.note(first, cursor.peek(-1), rate)
        return True
    if rate is not None and kind in (WordKind.NUMBER, WordKind.COUNTED):
        if not line.rated:
            add_rate(cursor, draft, rate, first)
            return True
        _is_raised(draft, rate.times[1] / rate.most_per_day, rate.times[1])
        cursor.position = begin - 1
        return read_limit(cursor, draft)
    cursor.position = begin
    doses = read_dose(cursor, up_to=True)
    if doses is None:
        raise cursor.error(first)
    of_a_period = cursor.at(*OF_A_PERIOD)
    if not line.doses:
        add_dose(cursor, draft, doses)
    elif doses[0].unit == DOSE and not of_a_period:
        draft.set_count((ONE, doses[0].high), first, cursor.peek(-1))
    elif of_a_period:
        cursor.position = begin - 1
        read_limit(cursor, draft)
        dose, limit = line.doses[0], draft.limits[-1]
        if limit.days is not None and limit.amount == doses[0].high and doses[0].unit in (None, dose.unit):
            _is_raised(draft, limit.days, limit.amount / dose.high)
    elif not line.timed and line.doses[0].unit == doses[0].unit and line.doses[0].high < doses[0].high:
        line.doses = [replace(doses[0], low=line.doses[0].low)]
    else:
        raise cursor.error(first)
    return True
