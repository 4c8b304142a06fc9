"""A day written as a row of doses: ``1-0-1`` is one in the morning, none at noon and one at night."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from rules.knowledge.lexicon.vocabulary import UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE, exact
from rules.reading.sig.draft import Connector, SigDose, SigDraft
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.trace import DayPattern, Moments

HALF_SIGN = "½"


def read_day_pattern(cursor: Cursor, draft: SigDraft) -> bool:
    """Read a row of doses at the position, and the unit after it.

    ::

        day  = dose, "-", dose, "-", dose, [ "-", dose ], [ unit ] | the same with "+" for "-" ;
        dose = digit, [ ( "." | "," ), digit, [ digit ] | "/", digit ] | "½" ;

    Raises:
        UnreadError: it may be something else, or a dose beside it says otherwise.
    """
    first = cursor.next()
    parts = [_number(part) for part in first.text.replace("+", "-").split("-")]
    doses = [dose for dose in parts if dose is not None]
    moments = cursor.words.day_patterns.get(len(doses)) if len(doses) == len(parts) else None
    if moments is None or draft.line.timed or not any(doses) or _is_course(doses) or _counts_times(cursor):
        raise cursor.error(first)
    unit = _unit(cursor, draft, doses) or SigDose(None, Fraction(0), None, None, first)
    draft.instructs = True
    draft.note(first, first, DayPattern(first.text))
    for dose, moment in zip(doses, moments, strict=True):
        if not dose:
            continue
        if draft.line.doses and draft.line.doses[0].high == dose and draft.line.moments:
            draft.line.moments.append((moment, True))
            continue
        if draft.line.timed:
            draft.new_line(Connector.AND, first)
        draft.begin_line(first)
        draft.line.doses = [replace(unit, low=dose, high=dose)]
        draft.line.moments.append((moment, True))
    draft.note(first, first, Moments(moments))
    return True


def _counts_times(cursor: Cursor) -> bool:
    """Whether "times" follows, of which the row may be the number; not "x 5 days"."""
    return cursor.at(WordKind.TIMES) and not cursor.at(WordKind.NUMBER, ahead=1)


def _number(text: str) -> Fraction | None:
    """One of the doses: ``1``, ``0.5``, ``1/2``, ``½``; None for ``1/0``."""
    above, _, below = text.replace(HALF_SIGN, "1/2").replace(",", ".").partition("/")
    parts = exact(below) if below else ONE
    return exact(above) / parts if parts else None


def _is_course(doses: list[Fraction]) -> bool:
    """Whether the doses only rise or only fall and none is 0: ``3-2-1`` may be a course as well as a day."""
    steps = [before < after for before, after in pairwise(doses)]
    return all(doses) and all(a != b for a, b in pairwise(doses)) and len(set(steps)) == 1


def _unit(cursor: Cursor, draft: SigDraft, doses: list[Fraction]) -> SigDose | None:
    """What is counted: the unit after the row, or that of "1 tablet" before it; a mass before it is a strength.

    Raises:
        UnreadError: the dose before the row is not that of the row.
    """
    for stated in draft.line.doses:
        if stated.kind is not UnitKind.MASS and (
            not stated.countable or {dose for dose in doses if dose} != {stated.high}
        ):
            raise cursor.error(stated.first)
    after = cursor.accept(WordKind.UNIT)
    if after is None:
        return next((stated for stated in draft.line.doses if stated.countable), None)
    known = cursor.vocabulary.unit(after.code)
    return SigDose(None, Fraction(0), after.code, known.kind if known else None, after)
