"""Written maxima: how much at most, in which time, and whether of this medicine at all."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.rate import read_rate
from rules.reading.sig.draft import SigDraft, SigLimit
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.marks import Lexeme
from rules.reading.sig.scan.numbers import read_numbers

DOSE = "dose"


def read_limit(cursor: Cursor, draft: SigDraft, vocabulary: DosingVocabulary) -> None:
    """A written maximum: ``mdd 2``, ``not more than 4 mg per day``, ``max eight in 24 hours``, ``max 3 times a day``.

    Raises:
        UnreadError: no amount follows.
    """
    first = cursor.next()
    while cursor.accept(WordKind.MAXIMUM, WordKind.EQUALS, WordKind.OF, WordKind.UP_TO) or cursor.sign(":-,."):
        if cursor.sign(":-,."):
            cursor.next()
    if cursor.accept(WordKind.LENGTH):
        # "Max 3/7": three days, or three nights a week; neither raises the dose.
        draft.note(first, cursor.peek(-1), "maximum of days")
        return
    place = cursor.position
    rate = read_rate(cursor)
    told = cursor.marks[place].kind if rate is not None else None
    if rate is not None and (
        told in (WordKind.COUNTED, WordKind.NUMBER) or (told is WordKind.RATE and rate.times[1] > ONE)
    ):
        days = rate.every[0] * DAYS_PER[rate.unit]
        draft.limits.append(SigLimit(rate.times[1], DOSE, days, first))
        draft.note(first, cursor.peek(-1), f"maximum: {rate.times[1]} doses in {days} days")
        return
    cursor.position = place
    numbers = read_numbers(cursor)
    if numbers is None or numbers.high <= 0:
        raise cursor.give_up(first)
    unit = cursor.accept(WordKind.UNIT)
    if unit is not None and _is_mass(unit.code, vocabulary) and cursor.at(WordKind.UNIT):
        cursor.next()
    other = _pass_substance(cursor)
    days = _days(cursor, first)
    if other or _pass_substance(cursor):
        draft.note(first, cursor.peek(-1), "maximum of another substance")
        return
    draft.limits.append(SigLimit(numbers.high, unit.code if unit else None, days, first))
    draft.note(first, cursor.peek(-1), f"maximum: {numbers.high} {unit.code if unit else ''} in {days} days")


def _days(cursor: Cursor, first: Lexeme) -> Fraction:
    """The days of a limit; one where nothing is said: a limit for longer is none that is larger."""
    begin = cursor.position
    cursor.accept(WordKind.TOTAL)
    mark = cursor.peek()
    if mark.kind is WordKind.PER_PERIOD:
        cursor.next()
        return DAYS_PER[mark.code]
    if mark.kind is WordKind.RATE:
        rate = read_rate(cursor)
        if rate is not None and rate.times == (ONE, ONE) and not rate.when and not rate.days:
            return rate.every[0] * DAYS_PER[rate.unit]
    elif mark.kind in (WordKind.PER, WordKind.IN, WordKind.FOR, WordKind.EVERY):
        cursor.next()
        cursor.accept(WordKind.ARTICLE, WordKind.EVERY)
        numbers = read_numbers(cursor)
        cursor.skip("-")
        period = cursor.accept(WordKind.PERIOD)
        if period is not None:
            return (numbers.high if numbers is not None and numbers.high > 0 else ONE) * DAYS_PER[period.code]
        if mark.kind is WordKind.PER:
            raise cursor.give_up(first)
    cursor.position = begin
    return ONE


def _pass_substance(cursor: Cursor) -> bool:
    """Whether the limit is for another substance of a combination; the words are passed."""
    begin = cursor.position
    cursor.accept(WordKind.OF, WordKind.FOR)
    cursor.accept(WordKind.TOTAL)
    if cursor.accept(WordKind.OTHER_SUBSTANCE):
        return True
    cursor.position = begin
    return False


def _is_mass(unit: str, vocabulary: DosingVocabulary) -> bool:
    known = vocabulary.unit(unit)
    return known is not None and known.kind is UnitKind.MASS
