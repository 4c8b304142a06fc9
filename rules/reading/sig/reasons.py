"""Clauses that say what a dose is for, and whether it is taken only then; and how long one dose takes.

Each function reads a clause at the position and moves past it. It returns False and changes nothing if there is none.
"""

from __future__ import annotations

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.course import read_length
from rules.reading.sig.clauses.reason import skip_reason
from rules.reading.sig.draft import Connector, SigDraft
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.trace import Clause

COMPLAINTS = (WordKind.COMPLAINT, WordKind.PAIN)
# At most so many words that are not known may stand before it: "muscle spasms".
BEFORE_COMPLAINT = (WordKind.UNKNOWN,)


def as_needed_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``prn``, ``as needed for anxiety``, ``if needed for 3 days``.

    ::

        as needed = "prn", [ "." ], { ":" | "," | "-" | "prn" },
                    ( length | { route }, [ "for" | "to help" ], [ reason ] ) ;
    """
    first = cursor.next()
    line = draft.line
    if draft.pending is Connector.AND and line.rated:
        if not line.doses:
            draft.pending = None
            skip_reason(cursor)
            return True
        line = draft.same_dose_again(first)
    draft.pending = None
    line.as_needed = True
    draft.begin_line(first)
    if cursor.sign(".") and cursor.adjacent() and len(first.text) < first.end - first.start:
        # The last dot of "p.r.n." ends no sentence.
        cursor.next()
    cursor.skip(":,-", WordKind.AS_NEEDED)
    if cursor.at(WordKind.FOR) and read_length(cursor, draft):
        draft.note(first, first, Clause.AS_NEEDED)
        return True
    while cursor.at(WordKind.ROUTE):
        draft.name_route(cursor.next())
    cursor.accept(WordKind.FOR, WordKind.REASON)
    reason = skip_reason(cursor)
    line.reason = line.reason or reason
    draft.note(first, cursor.peek(-1), Clause.AS_NEEDED)
    return True


def complaint_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``anxiety``, ``muscle spasms`` after a complete instruction, where "for" was left out; False elsewhere.

    ::

        complaint = { unknown word }, "anxiety" | ..., [ reason ] ; (* after a dose and a time *)
    """
    line, ahead = draft.line, 0
    while cursor.at(WordKind.UNKNOWN, ahead=ahead) and ahead <= len(BEFORE_COMPLAINT):
        ahead += 1
    if not line.doses or not line.timed or draft.pending is Connector.AND or not cursor.at(*COMPLAINTS, ahead=ahead):
        return False
    first = cursor.peek()
    reason = skip_reason(cursor)
    line.reason = line.reason or reason
    draft.note(first, cursor.peek(-1), Clause.REASON)
    return True


def over_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``over 5 minutes``: how long one dose takes, and neither how often nor for how long it is given.

    ::

        over = ( "over" | "lasting" ), [ "a" ], [ numbers ], { "-" }, period ; (* of less than a day *)

    Raises:
        UnreadError: it is a day or more, in which so much may be taken.
    """
    begin, first = cursor.position, cursor.next()
    cursor.accept(WordKind.ARTICLE, WordKind.AT_LEAST)
    numbers = cursor.numbers()
    cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if period is None:
        cursor.position = begin
        return False
    if (numbers.high if numbers else ONE) * DAYS_PER[period.code] >= ONE:
        raise cursor.error(first)
    draft.over = draft.over or first
    draft.note(first, period, Clause.DURATION)
    return True


def reason_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``for anxiety``, ``to help you sleep``."""
    first = cursor.next()
    reason = skip_reason(cursor)
    draft.line.reason = draft.line.reason or reason
    draft.note(first, cursor.peek(-1), Clause.REASON)
    return True


def skip_scale(cursor: Cursor, _: SigDraft) -> bool:
    """``pain scale 4-6``."""
    skip_reason(cursor)
    return True
