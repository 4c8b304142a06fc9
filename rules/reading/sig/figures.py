"""What a written dosage tells in figures: doses, rates, lengths, moments, and which of them a number belongs to."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.course import before_something, read_length, read_supply, set_count
from rules.reading.sig.clauses.day_pattern import read_pattern
from rules.reading.sig.clauses.dose import pass_concentration, read_dose
from rules.reading.sig.clauses.dose_place import add_dose
from rules.reading.sig.clauses.limit import read_limit
from rules.reading.sig.clauses.moment import read_hour_behind_rate, read_label, read_moment
from rules.reading.sig.clauses.rate import TELLS_WHEN, add_rate, read_per_period, read_rate, whole_number
from rules.reading.sig.draft import Joint, SigDraft, SigRate
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.marks import Lexeme
from rules.reading.sig.scan.numbers import read_numbers

DOSE = "dose"


def read_figure(cursor: Cursor, draft: SigDraft, vocabulary: DosingVocabulary) -> bool:
    """What is told in figures: a label, a rate, a length, a moment, a supply, a dose."""
    begin, first = cursor.position, cursor.peek()
    if read_pattern(cursor, draft, vocabulary):
        return True
    if draft.line.empty and pass_concentration(cursor, vocabulary):
        return True
    label = read_label(cursor)
    if label is not None:
        _label(cursor, draft, label, first)
        return True
    if read_supply(cursor):
        draft.refilled = True
        return True
    if (
        not draft.line.doses
        and cursor.follows(WordKind.NUMBER, WordKind.NUMBER, WordKind.TIMES)
        and first.value == cursor.peek(1).value
    ):
        # "2 two times a day": two tablets twice a day, or twice a day said twice.
        raise cursor.give_up()
    rate = read_rate(cursor)
    if rate is not None:
        add_rate(cursor, draft, rate, first)
        read_hour_behind_rate(cursor, draft)
        return True
    if draft.line.doses and (rate := _so_many(cursor, draft)) is not None:
        add_rate(cursor, draft, rate, first)
        return True
    if read_length(cursor, draft) or read_moment(cursor, draft) or _once(cursor, draft):
        draft.comma = False
        return True
    doses = read_dose(cursor, vocabulary)
    if doses is not None:
        if any(mark.kind is WordKind.ADDITIONAL for mark in cursor.marks[begin : cursor.position]):
            draft.pending = draft.pending or Joint.EXTRA
        add_dose(cursor, draft, doses, bracketed=cursor.sign(")") and cursor.marks[begin - 1].text == "(")
        draft.comma = False
        return True
    cursor.position = begin
    return False


def _so_many(cursor: Cursor, draft: SigDraft) -> SigRate | None:
    """``4 mg per day``: a dose in each period; ``one 5 ml spoon, 4 a day``: so many doses in it."""
    if cursor.at(WordKind.PER_PERIOD, WordKind.PER):
        return None if draft.line.rated or before_something(cursor) else read_per_period(cursor)
    if draft.line.timed or draft.pending is Joint.AND:
        return None
    begin = cursor.position
    numbers = read_numbers(cursor)
    period = cursor.accept(WordKind.PER_PERIOD)
    if numbers is None or period is None or numbers.loose or not whole_number(numbers.high):
        cursor.position = begin
        return None
    return SigRate((numbers.low, numbers.high), (ONE, ONE), period.code)


def _once(cursor: Cursor, draft: SigDraft) -> bool:
    """``once at bedtime`` (the moment says when), ``once``, ``2x``: so many times in all."""
    begin, first = cursor.position, cursor.peek()
    if first.kind is WordKind.COUNTED:
        cursor.next()
        if first.value == ONE and (cursor.at(*TELLS_WHEN) or draft.line.rated):
            return True
        count = first.value or ONE
    else:
        numbers = read_numbers(cursor)
        if numbers is None or numbers.low != numbers.high or cursor.accept(WordKind.TIMES) is None or draft.line.rated:
            cursor.position = begin
            return False
        if numbers.high == ONE and cursor.at(*TELLS_WHEN):
            return True
        count = numbers.high
    if cursor.at(WordKind.NUMBER, WordKind.UNIT):
        cursor.position = begin
        return False
    set_count(draft, (count, count), first, cursor.peek(-1))
    return True


def read_up_to(cursor: Cursor, draft: SigDraft, vocabulary: DosingVocabulary) -> None:
    """``up to 3 times a day``, ``up to 4 mg per day``, ``up to 2 tablets``."""
    first, line = cursor.next(), draft.line
    place = cursor.position
    rate = read_rate(cursor, up_to=True)
    told = cursor.marks[place].kind if rate is not None else None
    if rate is not None and told is WordKind.RATE and not line.rated:
        add_rate(cursor, draft, replace(rate, times=(None, rate.times[1])), first)
        return
    if rate is not None and told in (WordKind.NUMBER, WordKind.COUNTED):
        if line.rated:
            cursor.position = place - 1
            read_limit(cursor, draft, vocabulary)
        else:
            add_rate(cursor, draft, rate, first)
        return
    cursor.position = place
    doses = read_dose(cursor, vocabulary, up_to=True)
    if doses is None:
        raise cursor.give_up(first)
    if (
        line.doses
        and doses[0].unit == DOSE
        and not cursor.at(WordKind.PER_PERIOD, WordKind.PER, WordKind.IN, WordKind.RATE, WordKind.EVERY)
    ):
        set_count(draft, (ONE, doses[0].high), first, cursor.peek(-1))
        return
    if not line.doses:
        add_dose(cursor, draft, doses)
    elif cursor.at(WordKind.PER_PERIOD, WordKind.PER, WordKind.IN, WordKind.RATE, WordKind.EVERY):
        cursor.position = place - 1
        read_limit(cursor, draft, vocabulary)
    elif not line.timed and line.doses[0].unit == doses[0].unit and line.doses[0].high < doses[0].high:
        line.doses = [replace(doses[0], low=line.doses[0].low)]
    else:
        raise cursor.give_up(first)


def _label(cursor: Cursor, draft: SigDraft, label: tuple[Fraction, Fraction, str], first: Lexeme) -> None:
    """``day 1``, ``week 2``: a step of that place and length, which must follow the one before."""
    before = next((step.label for step in reversed(draft.steps) if step.label), None)
    low, high, unit = label
    expected = before[1] + ONE if before else ONE
    if low != expected or high < low or (before and before[-1] != unit):
        raise cursor.give_up(first)
    if draft.step.label:
        draft.new_step()
    draft.step.label_leads = draft.line.empty
    days = (high - low + ONE) * DAYS_PER[unit]
    draft.lasts((days, days), first, cursor.peek(-1))
    draft.step.label = label
    draft.note(first, cursor.peek(-1), f"length: {days} days")
    cursor.skip(":-,")
