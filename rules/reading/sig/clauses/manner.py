"""In what manner a dose is taken: at which place, with which device, with what. None of it changes a dose."""

from __future__ import annotations

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.reading.sig.clauses.passed import pass_reason
from rules.reading.sig.scan.cursor import Cursor

# What may stand before a place: "to the", "in each", "at".
BEFORE_SITE = (
    WordKind.TO,
    WordKind.IN,
    WordKind.ON,
    WordKind.AT,
    WordKind.OF,
    WordKind.PER,
    WordKind.EVERY,
    WordKind.ARTICLE,
)
# What may join two places, or two things that it is taken with.
JOINS = (WordKind.AND, WordKind.OR, WordKind.OF)
TAKEN_WITH = (WordKind.REMARK, WordKind.ROUTE)


def pass_manner(cursor: Cursor) -> bool:
    """Pass a place, a device, or "or milk" behind "with food"; False if none of them stands here."""
    return _site(cursor) or _device(cursor) or _another(cursor)


def _site(cursor: Cursor) -> bool:
    """``to the affected area``, ``in each eye``, ``left arm and right knee``."""
    begin = cursor.position
    cursor.skip("", *BEFORE_SITE)
    if not cursor.at(WordKind.SITE):
        cursor.position = begin
        return False
    while cursor.at(WordKind.SITE):
        cursor.next()
        place = cursor.position
        cursor.skip("/&", *JOINS)
        cursor.skip("", *BEFORE_SITE)
        if not cursor.at(WordKind.SITE):
            cursor.position = place
    return True


def _device(cursor: Cursor) -> bool:
    """``via spacer``, ``using an inhaler``: words that are not known are a name here."""
    if cursor.accept(WordKind.MANNER) is None:
        return False
    cursor.skip("", WordKind.ARTICLE, WordKind.UNKNOWN, WordKind.SITE)
    if cursor.follows(WordKind.OR, WordKind.UNKNOWN):
        cursor.next()
        cursor.skip("", WordKind.UNKNOWN)
    return True


def _another(cursor: Cursor) -> bool:
    """``or milk`` behind ``with food``; a dose or a time behind "and" is none of it."""
    if not cursor.at(WordKind.AND, WordKind.OR) or not cursor.at(*TAKEN_WITH, ahead=1) or cursor.position == 0:
        return False
    if cursor.peek(-1).kind not in TAKEN_WITH:
        return False
    cursor.next()
    cursor.next()
    return True


def pass_until(cursor: Cursor) -> bool:
    """Pass an end that is no date: ``until the cough is gone``; False if no words follow."""
    return pass_reason(cursor) is not None
