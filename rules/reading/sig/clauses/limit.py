"""Written maxima: how much at most, in which time, and whether of this medicine at all."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.course import read_most_days
from rules.reading.sig.clauses.rate import read_rate
from rules.reading.sig.draft import SigDraft, SigLimit
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme
from rules.reading.sig.trace import Clause, DoseAmount, Maximum

DOSE = "dose"
# What the code of a word for a maximum is that says itself that it is a day's; that of one dose has the code DOSE.
DAY = "day"
HOURS = ("h", "min")
BEFORE_AMOUNT = (WordKind.MAXIMUM, WordKind.EQUALS, WordKind.OF, WordKind.UP_TO)


def read_limit(cursor: Cursor, draft: SigDraft) -> bool:
    """A written maximum: ``mdd 2``, ``not more than 4 mg per day``, ``max eight in 24 hours``, ``max 3 times a day``.

    ::

        limit  = "max", { ":" | "-" | "," | "." | "=" | "of" | "up to" | "max" },
                 ( "3/7" | rate | most days | amount ) ;
        amount = numbers, [ unit, [ unit ] ], [ other ], [ "total" ], [ "at a time" | rate | days ], [ other ] ;
                 (* with a rate of several times, so much at each of them *)
        days   = "a day" | code | ( "per" | "in" | "for" | "every" ), [ "a" | "every" ], [ numbers ], { "-" }, period ;
        other  = [ "of" | "for" ], [ "total" ], other substance ; (* "of acetaminophen": no limit of this medicine *)
        code   = "daily" | "weekly" | ... ; (* one dose in a period *)

    Raises:
        UnreadError: no amount follows.
    """
    first = cursor.next()
    while cursor.accept(*BEFORE_AMOUNT) or cursor.sign(":-,."):
        if cursor.sign(":-,."):
            cursor.next()
    if cursor.accept(WordKind.LENGTH):
        # "Max 3/7": three days, or three nights a week; neither raises the dose.
        draft.note(first, cursor.peek(-1), Clause.MAXIMUM_OF_DAYS)
        return True
    begin, kind = cursor.position, cursor.peek().kind
    rate = read_rate(cursor)
    if rate is None and read_most_days(cursor, draft, first):
        return True
    if rate is not None and (
        kind in (WordKind.COUNTED, WordKind.NUMBER) or (kind is WordKind.RATE and rate.times[1] > ONE)
    ):
        _add_limit(cursor, draft, SigLimit(rate.times[1], DOSE, rate.every[0] * DAYS_PER[rate.unit], first))
        return True
    cursor.position = begin
    numbers = cursor.numbers()
    if numbers is None or numbers.high <= 0:
        raise cursor.error(first)
    unit = cursor.accept(WordKind.UNIT)
    if unit is not None and cursor.at(WordKind.UNIT) and _is_mass(cursor, unit):
        cursor.next()
    other = _skip_other_substance(cursor)
    amount, days, stated = _within(cursor, numbers.high, first)
    if other or _skip_other_substance(cursor):
        draft.note(first, cursor.peek(-1), Clause.MAXIMUM_OF_ANOTHER)
        return True
    stated = stated or first.code == DAY
    if first.code == DOSE and not stated:
        days, stated = None, True
    _add_limit(cursor, draft, SigLimit(amount, unit.code if unit else None, days, first, stated))
    return True


def _add_limit(cursor: Cursor, draft: SigDraft, limit: SigLimit) -> None:
    draft.limits.append(limit)
    amount = DoseAmount(limit.amount, limit.amount, limit.unit)
    draft.note(limit.first, cursor.peek(-1), Maximum(amount, limit.days))


def _within(cursor: Cursor, amount: Fraction, first: Lexeme) -> tuple[Fraction, Fraction | None, bool]:
    """The amount of a limit, the days for which it holds (None: of one dose), and whether the text says these."""
    begin = cursor.position
    cursor.accept(WordKind.TOTAL)
    if cursor.accept(WordKind.AT_A_TIME) or (cursor.at(WordKind.SINGLE) and cursor.next()):
        return amount, None, True
    rate = read_rate(cursor)
    if rate is not None and (rate.times[1] > ONE or rate.unit in HOURS or rate.every[0] == ONE):
        # "No more than 1 tablet three times daily": three a day.
        return amount * rate.times[1], rate.every[0] * DAYS_PER[rate.unit], True
    cursor.position = begin
    of_days = _days(cursor, first)
    return amount, of_days, cursor.position != begin


def _days(cursor: Cursor, first: Lexeme) -> Fraction:
    """The days of a limit; one where nothing is said, the reading that allows most."""
    begin = cursor.position
    cursor.accept(WordKind.TOTAL)
    lexeme = cursor.peek()
    if lexeme.kind is WordKind.PER_PERIOD:
        cursor.next()
        return DAYS_PER[lexeme.code]
    if lexeme.kind is WordKind.RATE:
        rate = read_rate(cursor)
        if rate is not None and rate.times == (ONE, ONE) and not rate.when and not rate.days:
            return rate.every[0] * DAYS_PER[rate.unit]
    elif lexeme.kind in (WordKind.PER, WordKind.OVER, WordKind.IN, WordKind.FOR, WordKind.EVERY):
        cursor.next()
        cursor.accept(WordKind.ARTICLE, WordKind.EVERY)
        numbers = cursor.numbers()
        cursor.skip("-")
        period = cursor.accept(WordKind.PERIOD)
        if period is not None:
            return (numbers.high if numbers is not None and numbers.high > 0 else ONE) * DAYS_PER[period.code]
        if lexeme.kind is WordKind.PER:
            raise cursor.error(first)
    cursor.position = begin
    return ONE


def _skip_other_substance(cursor: Cursor) -> bool:
    """Whether the limit is for another substance of a combination; its words are skipped."""
    begin = cursor.position
    cursor.accept(WordKind.OF, WordKind.FOR)
    cursor.accept(WordKind.TOTAL)
    if cursor.accept(WordKind.OTHER_SUBSTANCE):
        return True
    cursor.position = begin
    return False


def _is_mass(cursor: Cursor, unit: Lexeme) -> bool:
    known = cursor.vocabulary.unit(unit.code)
    return known is not None and known.kind is UnitKind.MASS
