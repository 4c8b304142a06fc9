"""A day written as a row of doses: ``1-0-1`` is one in the morning, none at noon and one at night."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE, exact
from rules.reading.sig.draft import Joint, SigDose, SigDraft
from rules.reading.sig.scan.cursor import Cursor

HALF_SIGN = "½"


def read_pattern(cursor: Cursor, draft: SigDraft, vocabulary: DosingVocabulary) -> bool:
    """Read a row of doses at the place; False if none stands here.

    Raises:
        UnreadError: it may be something else, or a dose beside it says otherwise.
    """
    mark = cursor.accept(WordKind.PATTERN)
    if mark is None:
        return False
    read = [_number(part) for part in mark.text.replace("+", "-").split("-")]
    doses = [dose for dose in read if dose is not None]
    moments = cursor.words.day_patterns.get(len(doses)) if len(doses) == len(read) else None
    line = draft.line
    if moments is None or line.timed or not any(doses) or _is_course(doses) or _counts(cursor):
        raise cursor.give_up(mark)
    unit = _unit(cursor, draft, doses, vocabulary) or SigDose(None, Fraction(0), None, None, mark)
    draft.verb = True
    draft.note(mark, mark, f"dose: {mark.text}")
    for dose, moment in zip(doses, moments, strict=True):
        if not dose:
            continue
        if draft.line.doses and draft.line.doses[0].high == dose and draft.line.moments:
            draft.line.moments.append((moment, True))
            continue
        if draft.line.timed:
            draft.new_line(Joint.AND, mark)
        draft.touch(mark)
        draft.line.doses = [replace(unit, low=dose, high=dose)]
        draft.line.moments.append((moment, True))
    draft.note(mark, mark, f"moment: {', '.join(moments)}")
    return True


def _counts(cursor: Cursor) -> bool:
    """Whether "times" follows, of which the row may be the number; "x 5 days" is none."""
    return cursor.at(WordKind.TIMES) and not cursor.at(WordKind.NUMBER, ahead=1)


def _number(text: str) -> Fraction | None:
    """One of the doses: ``1``, ``0.5``, ``1/2``, ``½``; ``1/0`` is none."""
    above, _, below = text.replace(HALF_SIGN, "1/2").replace(",", ".").partition("/")
    parts = exact(below) if below else ONE
    return exact(above) / parts if parts else None


def _is_course(doses: list[Fraction]) -> bool:
    """Whether the doses only rise or only fall, none of them 0: ``3-2-1`` is a course as likely as a day."""
    steps = [before < after for before, after in pairwise(doses)]
    return all(doses) and all(a != b for a, b in pairwise(doses)) and len(set(steps)) == 1


def _unit(cursor: Cursor, draft: SigDraft, doses: list[Fraction], vocabulary: DosingVocabulary) -> SigDose | None:
    """What is counted: the unit behind the row, or that of "1 tablet" before it; a mass before it is a strength.

    Raises:
        UnreadError: what stands before the row is not its dose.
    """
    for stated in draft.line.doses:
        if stated.kind is not UnitKind.MASS and (
            not stated.countable or {each for each in doses if each} != {stated.high}
        ):
            raise cursor.give_up(stated.mark)
    behind = cursor.accept(WordKind.UNIT)
    if behind is None:
        return next((stated for stated in draft.line.doses if stated.countable), None)
    known = vocabulary.unit(behind.code)
    return SigDose(None, Fraction(0), behind.code, known.kind if known else None, behind)
