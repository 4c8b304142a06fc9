"""What a dose is for: how far a reason goes, with the strength and the duration of a complaint."""

from __future__ import annotations

from rules.knowledge.lexicon.word_kinds import SKIPPABLE, WordKind
from rules.reading.sig.scan.cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor
from rules.reading.sig.scan.lexemes import Lexeme

# Words that connect a reason to what may have to be read.
CONNECTING = frozenset(
    {
        WordKind.AND,
        WordKind.OR,
        WordKind.TO,
        WordKind.IN,
        WordKind.ON,
        WordKind.AT,
        WordKind.OF,
        WordKind.PER,
        WordKind.OVER,
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
HOW_LONG = (WordKind.LASTING, WordKind.OVER)
# A complaint of so long is a chronic one; a treatment is ordered for days or weeks.
CHRONIC = frozenset({"mo", "a"})
LONG = CHRONIC | {"d", "wk"}
# What shows that a length without "for" is not of a complaint: "anxiety 30 day course", "pain 4 days a week".
AFTER_LENGTH = (
    WordKind.COURSE,
    WordKind.SUPPLY,
    WordKind.BEFORE_AFTER,
    WordKind.APART,
    WordKind.PER_PERIOD,
    WordKind.PER,
    WordKind.EVERY,
    WordKind.RATE,
)


def skip_reason(cursor: Cursor, *, until: bool = False) -> str | None:
    """Skip a reason, to the end of its clause or to what has a meaning of its own; its words, None if there are none.

    ::

        reason     = { scale | pain | duration | soft sign | connecting | skippable | verb } ;
        scale      = "scale", { ":" | "(" | ">" | "of" | "in" | "per" }, [ numbers ] ;
        pain       = "pain", [ "4-6" | "4 to 6" | "(4-6)" | "4-6/10" | ">", "5" ] ; (* only at the end of a clause *)
        connecting = "and" | "or" | "of" | "in" | "a" | ... ; (* like a soft sign, only before a skippable *)
        skippable  = unknown word | name | unit | period | place | ... ; (* no single Roman numeral and no "a tablet" *)
        verb       = "help" | ... ; (* before an unknown word, an ordinal or a remark *)
        duration   = ( "lasting" | "over" ), { "lasting" | "over" | "at least" | "a" }, [ numbers ], { "-" }, period
                   | ( "for" | "x" ), numbers, { "-" }, ( "months" | "years" )
                   | numbers, { "-" }, ( "months" | "years" ) ; (* of the complaint, after it; no "course" *)
    """
    begin = cursor.position
    while not cursor.done:
        kind = cursor.peek().kind
        if kind is WordKind.SCALE:
            cursor.next()
            cursor.skip(":(", *HOW_LONG, WordKind.AT_LEAST, WordKind.OF, WordKind.IN, WordKind.PER)
            cursor.numbers()
        elif kind is WordKind.PAIN:
            _skip_pain(cursor)
        elif cursor.position > begin and _skip_duration(cursor, LONG if until else CHRONIC):
            continue
        elif _goes_on(cursor, kind):
            cursor.next()
        else:
            break
    skipped = cursor.lexemes[begin : cursor.position]
    return " ".join(lexeme.text for lexeme in skipped if lexeme.kind is not WordKind.SIGN) or None


def skip_threshold(cursor: Cursor) -> None:
    """Skip from what score of a scale on a dose is given, "CIWA > 8"::

    threshold = { ":" | "(" | "score" }, ( ">" | "at least" ), [ "=" ], numbers, [ ")" ] ;
    """
    begin = cursor.position
    cursor.skip(":(", WordKind.SCALE)
    compared = cursor.accept(*HOW_LONG, WordKind.AT_LEAST)
    cursor.accept(WordKind.EQUALS)
    if compared is None or cursor.numbers() is None:
        cursor.position = begin
    else:
        cursor.skip(")")


def _skip_duration(cursor: Cursor, unopened: frozenset[str]) -> bool:
    """Skip how long a complaint lasts, "over 2 hours", or for how long it has been there: "x 3 months".

    Days and weeks after "for" and "x" are the length of the treatment: it is ordered for as long. Without these words
    a length in periods of ``unopened`` is not that of the treatment.
    """
    begin = cursor.position
    opening = cursor.accept(*HOW_LONG, WordKind.FOR, WordKind.TIMES)
    if opening is None and not cursor.at(WordKind.NUMBER):
        return False
    of_complaint = opening is None or opening.kind in HOW_LONG
    cursor.skip("", *HOW_LONG, WordKind.AT_LEAST, WordKind.ARTICLE)
    numbers = cursor.numbers()
    cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if opening is None and (period is None or period.code not in unopened or cursor.at(*AFTER_LENGTH)):
        cursor.position = begin
        return False
    if period is not None and (of_complaint or (numbers is not None and period.code in CHRONIC)):
        return True
    cursor.position = begin
    return False


def _goes_on(cursor: Cursor, kind: WordKind) -> bool:
    """Whether a lexeme is part of a reason, or is between parts of it."""
    if kind is WordKind.SIGN:
        return cursor.sign(SOFT_SIGNS) and cursor.at(*SKIPPABLE, ahead=1)
    if kind is WordKind.ROMAN or (kind is WordKind.ARTICLE and cursor.at(WordKind.UNIT, ahead=1)):
        # "a tablet" is a dose.
        return False
    return _in_reason(cursor) and (kind not in CONNECTING or _in_reason(cursor, 1))


def _skip_pain(cursor: Cursor) -> None:
    """Skip "pain" and how strong it is: ``4-6``, ``(7-10)``, ``4-6/10``, ``> 5``; only what ends its clause."""
    cursor.next()
    begin = cursor.position
    bracket = cursor.sign("(")
    cursor.skip("(")
    ranged = _ends_scale(cursor.next()) if cursor.accept(*HOW_LONG, WordKind.AT_LEAST) else _skip_range(cursor)
    if ranged and cursor.peek().text == "/" and cursor.at(WordKind.NUMBER, ahead=1):
        cursor.next()
        cursor.next()
    ends = (
        cursor.sign(")")
        if bracket
        else cursor.done or cursor.sign(SENTENCE_SIGNS | {",", "("}) or cursor.at(*AFTER_PAIN)
    )
    if not ranged or not ends:
        cursor.position = begin
    elif bracket:
        cursor.next()


def _skip_range(cursor: Cursor) -> bool:
    """Skip the two ends of a scale: ``4-6``, ``4 to 6/10``."""
    if cursor.accept(WordKind.NUMBER) is None or not (cursor.sign("-") or cursor.at(WordKind.TO)):
        return False
    cursor.next()
    return _ends_scale(cursor.next())


def _ends_scale(lexeme: Lexeme) -> bool:
    """Whether a lexeme can be the upper end of a scale: ``6``, ``6/10``."""
    if lexeme.kind is WordKind.NUMBER:
        return True
    return lexeme.kind is WordKind.UNKNOWN and lexeme.text.replace("/", "").isdigit()


def _in_reason(cursor: Cursor, ahead: int = 0) -> bool:
    """Whether a lexeme can be part of a reason; a verb can where no dose and no time follows it."""
    if cursor.at(WordKind.VERB, ahead=ahead):
        return cursor.at(WordKind.UNKNOWN, WordKind.ORDINAL, WordKind.REMARK, ahead=ahead + 1)
    return cursor.at(*SKIPPABLE, ahead=ahead)
