"""What a written dosage says beside the dose: remarks, names, places and devices, and how far each goes."""

from __future__ import annotations

from rules.knowledge.lexicon.word_kinds import SKIPPABLE, WordKind
from rules.reading.sig.clauses.reason import AFTER_REMARK
from rules.reading.sig.draft import Connector, SigDraft
from rules.reading.sig.scan.cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor
from rules.reading.sig.scan.lexemes import UnreadError

IN_REMARK = SKIPPABLE | {
    WordKind.VERB,
    WordKind.AS_DIRECTED,
    WordKind.REMARK_START,
    WordKind.STOPS,
    WordKind.FOR,
    WordKind.UNTIL,
    WordKind.DATE,
    WordKind.STOP,
    WordKind.SINGLE,
    WordKind.TITRATION,
    WordKind.REDUCTION,
}
# What may come before a place: "to the", "in each", "at".
BEFORE_SITE = (
    WordKind.TO,
    WordKind.IN,
    WordKind.ON,
    WordKind.AT,
    WordKind.OF,
    WordKind.PER,
    WordKind.OVER,
    WordKind.EVERY,
    WordKind.ARTICLE,
)
BETWEEN_SITES = (WordKind.AND, WordKind.OR, WordKind.OF)
TAKEN_WITH = (WordKind.REMARK, WordKind.ROUTE)


def skip_remark(cursor: Cursor, _: SigDraft) -> bool:
    """Skip a remark to the end of its sentence, or to what is not part of it.

    ::

        remark  = ( "do not" | "warning" | ... ), { spacing | month, [ number ] | soft sign | word of a remark } ;
        spacing = [ "at least" ], numbers, period, "apart" ;

    Raises:
        UnreadError: it holds a number or a word of time, which may concern the dose.
    """
    first = cursor.next()
    while not cursor.done and not cursor.sign(SENTENCE_SIGNS):
        lexeme = cursor.peek()
        if lexeme.kind in AFTER_REMARK:
            return True
        if _skip_spacing(cursor):
            continue
        if lexeme.kind is WordKind.VERB and cursor.at(WordKind.NUMBER, ahead=1):
            return True
        if lexeme.kind is WordKind.MONTH and cursor.at(WordKind.NUMBER, ahead=1):
            cursor.next()
        elif lexeme.kind not in IN_REMARK and not cursor.sign(SOFT_SIGNS):
            raise UnreadError(first, lexeme)
        cursor.next()
    return True


def _skip_spacing(cursor: Cursor) -> bool:
    """Skip ``at least 4 hours between doses``: it forbids, and does not say how often."""
    begin = cursor.position
    cursor.accept(WordKind.AT_LEAST)
    if cursor.numbers() is not None and cursor.accept(WordKind.PERIOD) and cursor.accept(WordKind.APART):
        return True
    cursor.position = begin
    return False


def skip_name(cursor: Cursor, draft: SigDraft) -> bool:
    """Skip the name of a medicine, with its brand in brackets and, where a dose was stated, its strength.

    ::

        name     = ( word | other substance | "of", [ "the" ], part ), { part }, [ "(", word, ")" ],
                   [ strength | "to" ], { ":" | "-" } ; (* strength after a dose, "to" before a number *)
        part     = word | release | other substance ; (* word: a name, after "of" an unknown word too *)
        strength = numbers, unit, { release }, [ unit ] ;

    Raises:
        UnreadError: it is another medicine than before, or a dose of its own follows.
    """
    opening = cursor.next()
    after_of = opening.kind is WordKind.OF
    if opening.kind is WordKind.NAME:
        other = bool(draft.agents) and draft.agents != opening.code
        if other or draft.pending is Connector.AND or (draft.line.timed and cursor.at(WordKind.NUMBER)):
            raise cursor.error(opening)
        draft.agents = opening.code
    begin = cursor.position
    parts = [WordKind.NAME, WordKind.RELEASE, WordKind.OTHER_SUBSTANCE]
    if after_of:
        cursor.accept(WordKind.ARTICLE)
        parts.append(WordKind.UNKNOWN)
    cursor.skip("", *parts)
    if cursor.matches("(", WordKind.UNKNOWN, ")") or cursor.matches("(", WordKind.NAME, ")"):
        cursor.skip("()", WordKind.UNKNOWN, WordKind.NAME)
    if after_of and cursor.position == begin:
        raise cursor.error(opening)
    if draft.line.doses:
        _skip_strength(cursor)
    elif cursor.matches(WordKind.TO, WordKind.NUMBER):
        # "(Increase) lorazepam to 1 mg bid".
        cursor.next()
    draft.line.product_named = True
    cursor.skip(":-")
    return True


def _skip_strength(cursor: Cursor) -> None:
    begin = cursor.position
    strength = cursor.numbers()
    if strength is not None and cursor.at(WordKind.UNIT):
        cursor.next()
        cursor.skip("", WordKind.RELEASE)
        cursor.accept(WordKind.UNIT)
    else:
        cursor.position = begin


def skip_diagnosis(cursor: Cursor, _: SigDraft) -> bool:
    """Skip the code of a diagnosis, to the next space: ``dx: F41.1``."""
    cursor.next()
    cursor.skip(":=-(", WordKind.DIAGNOSIS, WordKind.EQUALS)
    cursor.next()
    while not cursor.done and cursor.adjacent() and not cursor.sign(",;)"):
        cursor.next()
    return True


def skip_site(cursor: Cursor, _: SigDraft) -> bool:
    """Skip ``to the affected area``, ``in each eye``, ``left arm and right knee``; False if there is none.

    ::

        site = { "to" | "in" | "each" | "the" ... }, place, { { "and" | "or" | "/" | "&" }, { "the" ... }, place } ;
    """
    begin = cursor.position
    cursor.skip("", *BEFORE_SITE)
    if not cursor.at(WordKind.SITE):
        cursor.position = begin
        return False
    while cursor.accept(WordKind.SITE):
        begin = cursor.position
        cursor.skip("/&", *BETWEEN_SITES)
        cursor.skip("", *BEFORE_SITE)
        if not cursor.at(WordKind.SITE):
            cursor.position = begin
    return True


def skip_device(cursor: Cursor, _: SigDraft) -> bool:
    """Skip ``via spacer``, ``using an inhaler``: words that are not known are a name here."""
    cursor.next()
    cursor.skip("", WordKind.ARTICLE, WordKind.UNKNOWN, WordKind.SITE)
    if cursor.matches(WordKind.OR, WordKind.UNKNOWN):
        cursor.next()
        cursor.skip("", WordKind.UNKNOWN)
    return True


def skip_alternative(cursor: Cursor, draft: SigDraft) -> bool:
    """Skip ``or milk`` after ``with food``, ``or IV`` after ``PO``; a dose or a time after "and" is not skipped."""
    if not cursor.at(*TAKEN_WITH, ahead=1) or not cursor.at(*TAKEN_WITH, ahead=-1):
        return False
    cursor.next()
    other = cursor.next()
    if other.kind is WordKind.ROUTE:
        draft.name_route(other)
    return True
