"""How many and how often again: what is dispensed and refilled, and doses that may be repeated."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.clauses.rate import read_rate
from rules.reading.sig.draft import SigDraft
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.trace import Clause, NoDailyRate, SigRate

EVERY = " every"


def skip_supply(cursor: Cursor, draft: SigDraft) -> bool:
    """Skip what is dispensed and refilled, and how often: ``#30``, ``disp 30 tabs every 28 days``, ``2 refills``.

    ::

        supply   = "disp", { ":" | "=" | "-" | "#" | "disp" | "of" | "refills" }, ( amount, [ interval ] | interval )
                 | "refills", { ":" | "=" | "-" | "x" }, [ numbers, [ "times" ] ], [ interval ]
                 | numbers, { "-" }, ( "refills" | "supply" ) ; (* no number after "refills" *)
        amount   = numbers, { "-" }, [ unit | period | "supply" ], [ "for", numbers, period ] ;
        interval = rate of at most one a day | ( "after" | "in" | "per" ), numbers, { "-" }, period ;
    """
    begin = cursor.position
    if cursor.accept(WordKind.DISPENSE):
        cursor.skip(":=- #", WordKind.DISPENSE, WordKind.EQUALS, WordKind.OF, WordKind.REFILL)
        if _skip_interval(cursor) or cursor.accept(WordKind.LENGTH):
            return True
        if cursor.numbers() is not None:
            cursor.skip("-")
            cursor.accept(WordKind.UNIT, WordKind.PERIOD, WordKind.SUPPLY, WordKind.DISPENSE)
            if not _skip_interval(cursor) and cursor.matches(WordKind.FOR, WordKind.NUMBER):
                # "Dispense 84 for 28 days".
                begin = cursor.position
                cursor.next()
                cursor.numbers()
                if cursor.accept(WordKind.PERIOD) is None:
                    cursor.position = begin
            return True
    elif cursor.accept(WordKind.REFILL):
        cursor.skip(":=-", WordKind.EQUALS, WordKind.TIMES)
        if _skip_interval(cursor):
            draft.refilled = True
            return True
        numbers = cursor.numbers()
        draft.refilled = draft.refilled or numbers is None or numbers.high > 0
        cursor.accept(WordKind.TIMES)
        _skip_interval(cursor)
        return True
    else:
        numbers = cursor.numbers()
        cursor.skip("-")
        refills = cursor.at(WordKind.REFILL) and not cursor.at(WordKind.NUMBER, ahead=1)
        if numbers is not None and (refills or cursor.at(WordKind.SUPPLY)):
            cursor.next()
            draft.refilled = draft.refilled or (refills and numbers.high > 0)
            return True
    cursor.position = begin
    return False


def skip_length_supplied(cursor: Cursor, _: SigDraft) -> bool:
    """Skip ``28/7 supply``; False if no "supply" follows."""
    if not cursor.at(WordKind.SUPPLY, WordKind.DISPENSE, ahead=1) or cursor.at(WordKind.NUMBER, ahead=2):
        return False
    cursor.next()
    cursor.next()
    return True


def _skip_interval(cursor: Cursor) -> bool:
    """Skip how often something is supplied: ``every 28 days``, ``weekly``; False if there is no such interval."""
    begin = cursor.position
    if cursor.peek(-1).text.endswith(EVERY):
        # "Fill every 28 days" is one word of the lexicon and a length.
        cursor.numbers()
        cursor.skip("-")
        if cursor.accept(WordKind.PERIOD):
            return True
        cursor.position = begin
    rate = read_rate(cursor)
    if rate is not None and rate.most_per_day <= ONE and not rate.when:
        return True
    cursor.position = begin
    interval = None if cursor.at(WordKind.NUMBER) else _interval(cursor)
    if interval is not None and interval.most_per_day <= ONE:
        return True
    cursor.position = begin
    return False


def read_repeat(cursor: Cursor, draft: SigDraft) -> bool:
    """Read doses that may be taken again: ``may repeat x1``, ``repeat once in 2 hours``, ``may repeat every 4 hours``.

    ::

        repeat   = "may repeat", { "as needed" | times | interval } ;
        times    = "x", number | "once" | number, [ "times" ] ;
        interval = [ "in" | "after" | "per" | "every" ], numbers, { "-" }, period ;
    """
    first = cursor.next()
    times: Fraction | None = None
    every: SigRate | None = None
    interval = needed = False
    while True:
        lexeme = cursor.peek()
        if lexeme.kind is WordKind.AS_NEEDED:
            cursor.next()
            needed = True
        elif lexeme.kind is WordKind.TIMES and cursor.at(WordKind.NUMBER, ahead=1):
            cursor.next()
            times = cursor.next().value
        elif lexeme.kind is WordKind.COUNTED or (
            lexeme.kind is WordKind.NUMBER and (cursor.at(WordKind.TIMES, ahead=1) or cursor.adjacent())
        ):
            times = cursor.next().value
            cursor.accept(WordKind.TIMES)
        else:
            found = _interval(cursor)
            if found is None:
                break
            interval = True
            if lexeme.kind is WordKind.EVERY:
                every = found
    draft.note(first, cursor.peek(-1), Clause.REPEAT)
    draft.no_daily_rate.append(NoDailyRate.NOT_STATED)
    draft.pending = None
    line = draft.line
    if times is not None and times.denominator == 1 and times >= ONE:
        line.repeats = times
        # Where a time was stated, only the repeated dose is as needed.
        line.as_needed = line.as_needed or (needed and not line.rated)
    elif every is not None and line.rate is None and line.doses:
        line.rate, line.as_needed = every, True
    else:
        draft.open_repeat = draft.open_repeat or first
        line.as_needed = line.as_needed or needed
    if interval or times is not None:
        draft.begin_line(first)
    return True


def _interval(cursor: Cursor) -> SigRate | None:
    """One dose ``in 2 hours``, ``every 4 hours``, ``2 hours``; None if there is no interval."""
    begin = cursor.position
    opening = cursor.accept(WordKind.IN, WordKind.BEFORE_AFTER, WordKind.PER, WordKind.EVERY)
    if opening is None and not cursor.at(WordKind.NUMBER):
        return None
    numbers = cursor.numbers()
    cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if numbers is None or period is None:
        cursor.position = begin
        return None
    return SigRate((ONE, ONE), (numbers.low, numbers.high), period.code)
