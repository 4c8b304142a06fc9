"""What connects the clauses of a written dosage: signs, "and", "then", "alternating with", "=".

Each function reads a connector at the position and moves past it. It returns False and changes nothing if there is
none.
"""

from __future__ import annotations

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER
from rules.reading.sig.clauses.course import read_bare_length
from rules.reading.sig.clauses.dose_place import add_dose, read_total
from rules.reading.sig.draft import Connector, SigDraft
from rules.reading.sig.scan.cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor


def separator(cursor: Cursor, draft: SigDraft) -> bool:
    """A comma, a bracket ..., or the end of a sentence: what follows may be a line of its own."""
    sign = cursor.peek().text
    if sign in SENTENCE_SIGNS:
        draft.pending = draft.pending or Connector.SENTENCE
        draft.separated = False
    elif sign in SOFT_SIGNS:
        draft.separated = True
    else:
        return False
    draft.after_comma = sign == ","
    cursor.next()
    return True


def skip_slash(cursor: Cursor, draft: SigDraft) -> bool:
    """``/`` between two clauses."""
    if cursor.peek().text != "/":
        return False
    cursor.next()
    draft.separated = True
    return True


def and_connector(cursor: Cursor, draft: SigDraft) -> bool:
    """``and``, ``plus``: what follows is taken as well."""
    cursor.next()
    draft.pending = Connector.AND
    return True


def additional_connector(cursor: Cursor, draft: SigDraft) -> bool:
    """``an additional``, ``extra``: what follows is taken on top."""
    cursor.next()
    draft.pending = Connector.EXTRA
    return True


def then_connector(cursor: Cursor, draft: SigDraft) -> bool:
    """``then``, ``increase to``: another step."""
    word = cursor.next()
    draft.follows = draft.follows or not (
        draft.steps[1:] or draft.step.lines[1:] or not draft.line.empty or draft.step.days
    )
    draft.new_step()
    draft.step.after_then, draft.step.changes_dose = True, word.kind is WordKind.CHANGE_TO
    return True


def alternating_connector(cursor: Cursor, draft: SigDraft) -> bool:
    """``1 tablet alternating with 2 tablets``, ``alternate 1 tablet and 2 tablets``."""
    cursor.next()
    draft.step.alternating = True
    draft.pending = Connector.AND if draft.line.doses else None
    return True


def skip_stop(cursor: Cursor, draft: SigDraft) -> bool:
    """``then stop``, ``stop after 7 days``, after a line.

    ::

        stop = "stop", [ length ] ; (* the length only of "stop after" *)
    """
    if draft.line.empty:
        return False
    read_bare_length(cursor, draft, cursor.next(), DAYS_PER)
    return True


def equals_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``= 5 mg`` after a dose: the same, and all of it.

    Raises:
        UnreadError: no dose follows.
    """
    if not draft.line.doses:
        return False
    sign = cursor.next()
    doses = read_total(cursor)
    if doses is None:
        raise cursor.error(sign)
    draft.pending = None
    add_dose(cursor, draft, doses)
    return True
