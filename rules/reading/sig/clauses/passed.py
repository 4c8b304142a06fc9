"""What is passed over in a written dosage, and how far: reasons, remarks, names."""

from __future__ import annotations

from rules.knowledge.lexicon.word_kinds import WEAK, Kind
from rules.reading.sig.draft import Draft, Joint
from rules.reading.sig.scan.cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor, UnreadError
from rules.reading.sig.scan.marks import Mark
from rules.reading.sig.scan.numbers import read_numbers

# Words that join what is passed over to what may have to be read.
JOINING = frozenset(
    {Kind.AND, Kind.OR, Kind.TO, Kind.IN, Kind.ON, Kind.AT, Kind.OF, Kind.PER, Kind.ARTICLE, Kind.TIMES}
)
# What ends a remark without being part of it.
AFTER_REMARK = frozenset(
    {Kind.MAXIMUM, Kind.DISPENSE, Kind.REFILL, Kind.DIAGNOSIS, Kind.STARTING, Kind.DIRECTIONS, Kind.AS_NEEDED}
)
AFTER_PAIN = AFTER_REMARK | {Kind.REMARK, Kind.OPENER, Kind.UP_TO, Kind.MANNER}
IN_REMARK = WEAK | {
    Kind.VERB, Kind.AS_DIRECTED, Kind.OPENER, Kind.HALT, Kind.FOR, Kind.UNTIL, Kind.DATE, Kind.STOP, Kind.SINGLE,
    Kind.TITRATION,
}  # fmt: skip


def pass_reason(cursor: Cursor) -> str | None:
    """Pass a reason up to the end of its clause, or to what has a meaning of its own; its words, None if none."""
    begin = cursor.position
    while not cursor.done:
        if cursor.at(Kind.SCALE):
            cursor.next()
            cursor.skip(":(", Kind.OF, Kind.IN, Kind.PER)
            read_numbers(cursor)
            continue
        if _pass_pain(cursor):
            continue
        if cursor.sign(SOFT_SIGNS):
            if not cursor.at(*WEAK, ahead=1):
                break
        elif not _is_passed(cursor) or (cursor.at(*JOINING) and not _is_passed(cursor, 1)):
            break
        if cursor.at(Kind.ROMAN) or _opens_dose(cursor):
            break
        cursor.next()
    passed = cursor.marks[begin : cursor.position]
    return " ".join(mark.text for mark in passed if mark.kind is not Kind.SIGN) or None


def _pass_pain(cursor: Cursor) -> bool:
    """Pass how strong a pain is: ``pain 4-6``, ``pain (7-10)``, ``pain 4-6/10``; only a range that ends its clause."""
    begin = cursor.position
    if cursor.accept(Kind.PAIN) is None:
        return False
    bracket = cursor.sign("(")
    cursor.skip("(")
    ranged = _pass_range(cursor)
    if ranged and cursor.peek().text == "/" and cursor.at(Kind.NUMBER, ahead=1):
        cursor.next()
        cursor.next()
    ends = (
        cursor.sign(")")
        if bracket
        else cursor.done or cursor.sign(SENTENCE_SIGNS | {",", "("}) or cursor.at(*AFTER_PAIN)
    )
    if not ranged or not ends:
        cursor.position = begin + 1
    elif bracket:
        cursor.next()
    return True


def _pass_range(cursor: Cursor) -> bool:
    """Pass the two ends of a scale: ``4-6``, ``4 to 6/10``."""
    if cursor.accept(Kind.NUMBER) is None or not (cursor.sign("-") or cursor.at(Kind.TO)):
        return False
    cursor.next()
    return _of_ten(cursor.next())


def _of_ten(mark: Mark) -> bool:
    """Whether a mark can be the upper end of a scale: ``6``, ``6/10``."""
    return mark.kind is Kind.NUMBER or (mark.kind is Kind.UNKNOWN and mark.text.replace("/", "").isdigit())


def _is_passed(cursor: Cursor, ahead: int = 0) -> bool:
    """Whether a mark can be part of a reason; a verb can where no dose and no time follows it."""
    if cursor.at(Kind.VERB, ahead=ahead):
        return cursor.at(Kind.UNKNOWN, Kind.ORDINAL, Kind.REMARK, ahead=ahead + 1)
    return cursor.at(*WEAK, ahead=ahead)


def _opens_dose(cursor: Cursor) -> bool:
    """Whether "a tablet" stands here: a dose, and no part of a reason."""
    return cursor.follows(Kind.ARTICLE, Kind.UNIT)


def pass_remark(cursor: Cursor) -> None:
    """Pass a remark up to the end of its sentence.

    Raises:
        UnreadError: a number or a word of time stands in it, which may say something of the dose.
    """
    begin = cursor.next()
    while not cursor.done and not cursor.sign(SENTENCE_SIGNS):
        mark = cursor.peek()
        if mark.kind in AFTER_REMARK:
            return
        if _pass_spacing(cursor):
            continue
        if mark.kind is Kind.VERB and cursor.at(Kind.NUMBER, ahead=1):
            return
        if mark.kind is Kind.MONTH and cursor.at(Kind.NUMBER, ahead=1):
            cursor.next()
        elif mark.kind not in IN_REMARK and not cursor.sign(SOFT_SIGNS):
            raise UnreadError(begin, mark)
        cursor.next()


def _pass_spacing(cursor: Cursor) -> bool:
    """Pass ``at least 4 hours between doses``: it forbids, and does not say how often."""
    begin = cursor.position
    cursor.accept(Kind.AT_LEAST)
    if read_numbers(cursor) is not None and cursor.accept(Kind.PERIOD) and cursor.accept(Kind.APART):
        return True
    cursor.position = begin
    return False


def pass_name(cursor: Cursor, draft: Draft) -> None:
    """Pass the name of a medicine, with its brand in brackets and, where a dose was stated, its strength.

    Raises:
        UnreadError: it is another medicine than before, or a dose of its own follows.
    """
    opened = cursor.next()
    if opened.kind is Kind.NAME:
        other = bool(draft.agents) and draft.agents != opened.code
        if other or draft.pending is Joint.AND or (draft.line.timed and cursor.at(Kind.NUMBER)):
            raise cursor.give_up(opened)
        draft.agents = opened.code
    begin = cursor.position
    if opened.kind is Kind.OF:
        cursor.accept(Kind.ARTICLE)
    named = [Kind.NAME, Kind.RELEASE, Kind.OTHER_SUBSTANCE, *([Kind.UNKNOWN] if opened.kind is Kind.OF else [])]
    cursor.skip("", *named)
    if cursor.follows("(", Kind.UNKNOWN, ")") or cursor.follows("(", Kind.NAME, ")"):
        cursor.skip("()", Kind.UNKNOWN, Kind.NAME)
    if opened.kind is Kind.OF and cursor.position == begin:
        raise cursor.give_up(opened)
    if draft.line.doses:
        _pass_strength(cursor)
    draft.line.named = True
    if not draft.line.doses and cursor.follows(Kind.TO, Kind.NUMBER):
        # "(Increase) lorazepam to 1 mg bid".
        cursor.next()
    cursor.skip(":-")


def _pass_strength(cursor: Cursor) -> None:
    begin = cursor.position
    strength = read_numbers(cursor)
    if strength is not None and cursor.at(Kind.UNIT):
        cursor.next()
        cursor.skip("", Kind.RELEASE)
        cursor.accept(Kind.UNIT)
    else:
        cursor.position = begin


def pass_diagnosis(cursor: Cursor) -> None:
    """Pass the code of a diagnosis, to the next space: ``dx: F41.1``."""
    cursor.next()
    cursor.skip(":=-(", Kind.DIAGNOSIS, Kind.EQUALS)
    cursor.next()
    while not cursor.done and cursor.glued() and not cursor.sign(",;)"):
        cursor.next()
