"""What is passed over in a written dosage, and how far: reasons, remarks, names."""

from __future__ import annotations

from rules.knowledge.lexicon.word_kinds import SKIPPABLE, WordKind
from rules.reading.sig.draft import Joint, SigDraft
from rules.reading.sig.scan.cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor, UnreadError
from rules.reading.sig.scan.marks import Lexeme
from rules.reading.sig.scan.numbers import read_numbers

# Words that join what is passed over to what may have to be read.
JOINING = frozenset(
    {
        WordKind.AND,
        WordKind.OR,
        WordKind.TO,
        WordKind.IN,
        WordKind.ON,
        WordKind.AT,
        WordKind.OF,
        WordKind.PER,
        WordKind.ARTICLE,
        WordKind.TIMES,
    }
)
# What ends a remark without being part of it.
AFTER_REMARK = frozenset(
    {
        WordKind.MAXIMUM,
        WordKind.DISPENSE,
        WordKind.REFILL,
        WordKind.DIAGNOSIS,
        WordKind.STARTING,
        WordKind.DIRECTIONS,
        WordKind.AS_NEEDED,
    }
)
AFTER_PAIN = AFTER_REMARK | {WordKind.REMARK, WordKind.REMARK_START, WordKind.UP_TO, WordKind.MANNER}
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
}


def pass_reason(cursor: Cursor) -> str | None:
    """Pass a reason up to the end of its clause, or to what has a meaning of its own; its words, None if none."""
    begin = cursor.position
    while not cursor.done:
        if cursor.at(WordKind.SCALE):
            cursor.next()
            cursor.skip(":(", WordKind.OF, WordKind.IN, WordKind.PER)
            read_numbers(cursor)
            continue
        if _pass_pain(cursor):
            continue
        if cursor.sign(SOFT_SIGNS):
            if not cursor.at(*SKIPPABLE, ahead=1):
                break
        elif not _is_passed(cursor) or (cursor.at(*JOINING) and not _is_passed(cursor, 1)):
            break
        if cursor.at(WordKind.ROMAN) or _opens_dose(cursor):
            break
        cursor.next()
    passed = cursor.marks[begin : cursor.position]
    return " ".join(mark.text for mark in passed if mark.kind is not WordKind.SIGN) or None


def _pass_pain(cursor: Cursor) -> bool:
    """Pass how strong a pain is: ``pain 4-6``, ``pain (7-10)``, ``pain 4-6/10``; only a range that ends its clause."""
    begin = cursor.position
    if cursor.accept(WordKind.PAIN) is None:
        return False
    bracket = cursor.sign("(")
    cursor.skip("(")
    ranged = _pass_range(cursor)
    if ranged and cursor.peek().text == "/" and cursor.at(WordKind.NUMBER, ahead=1):
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
    if cursor.accept(WordKind.NUMBER) is None or not (cursor.sign("-") or cursor.at(WordKind.TO)):
        return False
    cursor.next()
    return _of_ten(cursor.next())


def _of_ten(mark: Lexeme) -> bool:
    """Whether a mark can be the upper end of a scale: ``6``, ``6/10``."""
    return mark.kind is WordKind.NUMBER or (mark.kind is WordKind.UNKNOWN and mark.text.replace("/", "").isdigit())


def _is_passed(cursor: Cursor, ahead: int = 0) -> bool:
    """Whether a mark can be part of a reason; a verb can where no dose and no time follows it."""
    if cursor.at(WordKind.VERB, ahead=ahead):
        return cursor.at(WordKind.UNKNOWN, WordKind.ORDINAL, WordKind.REMARK, ahead=ahead + 1)
    return cursor.at(*SKIPPABLE, ahead=ahead)


def _opens_dose(cursor: Cursor) -> bool:
    """Whether "a tablet" stands here: a dose, and no part of a reason."""
    return cursor.follows(WordKind.ARTICLE, WordKind.UNIT)


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
        if mark.kind is WordKind.VERB and cursor.at(WordKind.NUMBER, ahead=1):
            return
        if mark.kind is WordKind.MONTH and cursor.at(WordKind.NUMBER, ahead=1):
            cursor.next()
        elif mark.kind not in IN_REMARK and not cursor.sign(SOFT_SIGNS):
            raise UnreadError(begin, mark)
        cursor.next()


def _pass_spacing(cursor: Cursor) -> bool:
    """Pass ``at least 4 hours between doses``: it forbids, and does not say how often."""
    begin = cursor.position
    cursor.accept(WordKind.AT_LEAST)
    if read_numbers(cursor) is not None and cursor.accept(WordKind.PERIOD) and cursor.accept(WordKind.APART):
        return True
    cursor.position = begin
    return False


def pass_name(cursor: Cursor, draft: SigDraft) -> None:
    """Pass the name of a medicine, with its brand in brackets and, where a dose was stated, its strength.

    Raises:
        UnreadError: it is another medicine than before, or a dose of its own follows.
    """
    opened = cursor.next()
    if opened.kind is WordKind.NAME:
        other = bool(draft.agents) and draft.agents != opened.code
        if other or draft.pending is Joint.AND or (draft.line.timed and cursor.at(WordKind.NUMBER)):
            raise cursor.give_up(opened)
        draft.agents = opened.code
    begin = cursor.position
    if opened.kind is WordKind.OF:
        cursor.accept(WordKind.ARTICLE)
    named = [
        WordKind.NAME,
        WordKind.RELEASE,
        WordKind.OTHER_SUBSTANCE,
        *([WordKind.UNKNOWN] if opened.kind is WordKind.OF else []),
    ]
    cursor.skip("", *named)
    if cursor.follows("(", WordKind.UNKNOWN, ")") or cursor.follows("(", WordKind.NAME, ")"):
        cursor.skip("()", WordKind.UNKNOWN, WordKind.NAME)
    if opened.kind is WordKind.OF and cursor.position == begin:
        raise cursor.give_up(opened)
    if draft.line.doses:
        _pass_strength(cursor)
    draft.line.named = True
    if not draft.line.doses and cursor.follows(WordKind.TO, WordKind.NUMBER):
        # "(Increase) lorazepam to 1 mg bid".
        cursor.next()
    cursor.skip(":-")


def _pass_strength(cursor: Cursor) -> None:
    begin = cursor.position
    strength = read_numbers(cursor)
    if strength is not None and cursor.at(WordKind.UNIT):
        cursor.next()
        cursor.skip("", WordKind.RELEASE)
        cursor.accept(WordKind.UNIT)
    else:
        cursor.position = begin


def pass_diagnosis(cursor: Cursor) -> None:
    """Pass the code of a diagnosis, to the next space: ``dx: F41.1``."""
    cursor.next()
    cursor.skip(":=-(", WordKind.DIAGNOSIS, WordKind.EQUALS)
    cursor.next()
    while not cursor.done and cursor.glued() and not cursor.sign(",;)"):
        cursor.next()
