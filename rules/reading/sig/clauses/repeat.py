"""Doses that may be taken again: ``may repeat x1``, ``repeat once in 2 hours``."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import NoDailyRate, SigDraft, SigRate
from rules.reading.sig.scan.cursor import Cursor, NumberRange
from rules.reading.sig.scan.numbers import read_numbers


def read_repeat(cursor: Cursor, draft: SigDraft) -> None:
    """``may repeat x1``, ``repeat once in 2 hours``, ``may repeat every 4 hours``."""
    first = cursor.next()
    times: Fraction | None = None
    every: SigRate | None = None
    interval = False
    while True:
        mark = cursor.peek()
        if cursor.accept(WordKind.AS_NEEDED):
            draft.line.as_needed = True
        elif cursor.at(WordKind.TIMES) and cursor.at(WordKind.NUMBER, ahead=1):
            cursor.next()
            times = cursor.next().value
        elif (
            mark.kind is WordKind.COUNTED
            or (cursor.follows(WordKind.NUMBER, WordKind.TIMES))
            or (mark.kind is WordKind.NUMBER and cursor.glued())
        ):
            times = cursor.next().value
            cursor.accept(WordKind.TIMES)
        elif cursor.at(WordKind.IN, WordKind.BEFORE_AFTER, WordKind.PER, WordKind.NUMBER, WordKind.EVERY):
            place, opened = cursor.position, cursor.next()
            numbers = read_numbers(cursor) if opened.kind is not WordKind.NUMBER else _again(cursor)
            cursor.skip("-")
            unit = cursor.accept(WordKind.PERIOD)
            if numbers is None or unit is None:
                cursor.position = place
                break
            interval = True
            if opened.kind is WordKind.EVERY:
                every = SigRate((ONE, ONE), (numbers.low, numbers.high), unit.code)
        else:
            break
    last = cursor.peek(-1)
    draft.note(first, last, "repeat")
    draft.reasons.append(NoDailyRate.NOT_STATED)
    draft.pending = None
    line = draft.line
    if times is not None and times.denominator == 1 and times >= ONE:
        line.repeats = times
    elif every is not None and line.rate is None and line.doses:
        line.rate, line.as_needed = every, True
    else:
        draft.open_repeat = draft.open_repeat or first
    if interval or times is not None:
        draft.touch(first)


def _again(cursor: Cursor) -> NumberRange | None:
    """The number that was just passed, read anew."""
    cursor.position -= 1
    return read_numbers(cursor)
