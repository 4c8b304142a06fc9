"""The grammar of a written dosage: what each word does to the reading."""

from __future__ import annotations

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.course import end_of_clause, read_date, read_length, set_count
from rules.reading.sig.clauses.dose import read_dose
from rules.reading.sig.clauses.dose_place import add_dose, read_whole
from rules.reading.sig.clauses.limit import read_limit
from rules.reading.sig.clauses.manner import pass_manner, pass_until
from rules.reading.sig.clauses.passed import pass_diagnosis, pass_name, pass_reason, pass_remark
from rules.reading.sig.clauses.rate import inherit, read_rate
from rules.reading.sig.clauses.repeat import read_repeat
from rules.reading.sig.draft import Joint, NoDailyRate, SigDraft, new_draft
from rules.reading.sig.figures import read_figure, read_up_to
from rules.reading.sig.scan.cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor
from rules.reading.sig.scan.numbers import read_numbers

REASONS = {
    WordKind.AS_DIRECTED: NoDailyRate.AS_DIRECTED,
    WordKind.TITRATION: NoDailyRate.TITRATION,
    WordKind.PROTOCOL: NoDailyRate.PROTOCOL,
    WordKind.INFUSION: NoDailyRate.INFUSION,
}
PASSED = frozenset(
    {WordKind.REMARK, WordKind.ARTICLE, WordKind.RELEASE, WordKind.HOUR_MARK, WordKind.MONTH, WordKind.TOTAL}
)
# "Increase to 2 tablets after one week", "in one week".
AFTER = frozenset({"after", "in"})
# "Reduce by 0.5 mg every week".
BY = " by"


def read_mark(cursor: Cursor, draft: SigDraft, vocabulary: DosingVocabulary) -> None:
    """Read what stands at the place.

    Raises:
        UnreadError: it is not understood.
    """
    mark = cursor.peek()
    if mark.kind is WordKind.SIGN:
        _sign(cursor, draft)
    elif pass_manner(cursor) or _joint(cursor, draft, vocabulary) or _flag(cursor, draft, vocabulary):
        return
    elif mark.kind is WordKind.RATE and draft.line.rated and cursor.at(WordKind.MAXIMUM, ahead=1):
        cursor.next()
    elif mark.kind in (WordKind.NAME, WordKind.OF, WordKind.OTHER_SUBSTANCE):
        pass_name(cursor, draft)
    elif mark.kind is WordKind.REMARK_START:
        pass_remark(cursor)
    elif mark.kind is WordKind.DIAGNOSIS:
        pass_diagnosis(cursor)
    elif mark.kind is WordKind.MAXIMUM:
        read_limit(cursor, draft, vocabulary)
    elif mark.kind is WordKind.UP_TO:
        read_up_to(cursor, draft, vocabulary)
    elif mark.kind is WordKind.REPEAT:
        read_repeat(cursor, draft)
    elif mark.kind in (WordKind.STARTING, WordKind.UNTIL):
        _dated(cursor, draft)
    elif mark.kind is WordKind.DIRECTIONS:
        _directions(cursor, draft)
    elif not (_changes_after(cursor, draft) or read_figure(cursor, draft, vocabulary) or _reasoned(cursor, draft)):
        raise cursor.give_up()


def _sign(cursor: Cursor, draft: SigDraft) -> None:
    if not cursor.sign(SENTENCE_SIGNS | SOFT_SIGNS):
        raise cursor.give_up()
    sign = cursor.next().text
    end_of_clause(draft, sign, sign in SENTENCE_SIGNS)


def _joint(cursor: Cursor, draft: SigDraft, vocabulary: DosingVocabulary) -> bool:
    """Words that say how the next line follows."""
    mark = cursor.peek()
    if mark.kind in (WordKind.AND, WordKind.PLUS):
        draft.pending = Joint.AND
    elif mark.kind is WordKind.ADDITIONAL:
        draft.pending = Joint.EXTRA
    elif mark.kind in (WordKind.THEN, WordKind.CHANGE_TO):
        draft.new_step()
        draft.step.opened, draft.step.changed = True, mark.kind is WordKind.CHANGE_TO
    elif mark.kind is WordKind.STOP:
        if draft.line.empty:
            return False
    elif mark.kind is WordKind.ALTERNATING:
        # "1 tablet alternating with 2 tablets", "alternate 1 tablet and 2 tablets".
        draft.step.alternating = True
        draft.pending = Joint.AND if draft.line.doses else None
    elif mark.kind is not WordKind.EQUALS or not draft.line.doses:
        return False
    cursor.next()
    if mark.kind is WordKind.EQUALS:
        doses = read_whole(cursor, vocabulary)
        if doses is None:
            raise cursor.give_up(mark)
        draft.pending = None
        add_dose(cursor, draft, doses)
    return True


def _flag(cursor: Cursor, draft: SigDraft, vocabulary: DosingVocabulary) -> bool:
    """Words that stand for themselves."""
    mark = cursor.peek()
    if mark.kind is WordKind.VERB:
        draft.verb = True
    elif mark.kind is WordKind.ROUTE:
        draft.line.route = draft.line.route or mark.code
        draft.note(mark, mark, f"route: {mark.code}")
    elif mark.kind is WordKind.AS_NEEDED:
        _as_needed(cursor, draft)
        return True
    elif mark.kind is WordKind.SINGLE:
        if not draft.line.timed:
            set_count(draft, (ONE, ONE), mark, mark)
    elif mark.kind is WordKind.TITRATION and draft.line.empty and not draft.steps[1:] and not mark.text.endswith(BY):
        draft.headed = True
        draft.note(mark, mark, REASONS[mark.kind].value)
    elif mark.kind in REASONS:
        draft.reasons.append(REASONS[mark.kind])
        draft.note(mark, mark, REASONS[mark.kind].value)
        if mark.text.endswith(BY):
            _pass_change(cursor, vocabulary)
            return True
    elif mark.kind is WordKind.SCALE:
        pass_reason(cursor)
        return True
    elif mark.kind is WordKind.PER and mark.text == "/":
        draft.comma = True
    elif mark.kind is WordKind.IN and cursor.at(WordKind.ROUTE, ahead=1):
        cursor.next()
    elif mark.kind not in PASSED or (mark.kind is WordKind.ARTICLE and cursor.at(WordKind.UNIT, ahead=1)):
        return False
    cursor.next()
    if mark.kind is WordKind.AS_DIRECTED and cursor.at(WordKind.NUMBER) and cursor.glued():
        cursor.next()
    draft.comma = draft.comma and mark.kind is not WordKind.VERB
    return True


def _pass_change(cursor: Cursor, vocabulary: DosingVocabulary) -> None:
    """Pass what a dose is changed by, and how often: ``0.5 mg every 2 weeks``."""
    cursor.next()
    read_dose(cursor, vocabulary)
    read_rate(cursor)


def _as_needed(cursor: Cursor, draft: SigDraft) -> None:
    first = cursor.next()
    line = draft.line
    if draft.pending is Joint.AND and line.rated and line.doses:
        line = inherit(draft, first)
    elif draft.pending is Joint.AND and line.rated:
        draft.pending = None
        pass_reason(cursor)
        return
    draft.pending = None
    line.as_needed = True
    draft.touch(first)
    if cursor.sign(".") and cursor.glued() and len(first.text) < first.end - first.start:
        # The last dot of "p.r.n." ends no sentence.
        cursor.next()
    cursor.skip(":,-", WordKind.AS_NEEDED)
    if cursor.at(WordKind.FOR) and read_length(cursor, draft):
        draft.note(first, first, "as needed")
        return
    cursor.accept(WordKind.FOR, WordKind.REASON)
    reason = pass_reason(cursor)
    line.reason = line.reason or reason
    draft.note(first, cursor.peek(-1), "as needed")


def _dated(cursor: Cursor, draft: SigDraft) -> None:
    """A date; "start" before a dose, or a day, is an instruction."""
    first = cursor.peek()
    if read_date(cursor, draft):
        return
    cursor.next()
    if first.kind is WordKind.UNTIL:
        if not pass_until(cursor):
            raise cursor.give_up(first)
        return
    if cursor.follows(WordKind.ON, WordKind.DAY) or cursor.at(WordKind.DAY):
        cursor.accept(WordKind.ON)
        cursor.next()
    draft.verb = True


def _changes_after(cursor: Cursor, draft: SigDraft) -> bool:
    """``increase to 2 tablets after 1 week``: the step before lasts so long."""
    before = draft.steps[-1 - 1 :][0]
    if cursor.peek().text not in AFTER or not draft.step.changed or before.days is not None or before is draft.step:
        return False
    begin, first = cursor.position, cursor.next()
    numbers = read_numbers(cursor)
    cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if period is None or (numbers is not None and numbers.low <= 0):
        cursor.position = begin
        return False
    low, high = (numbers.low, numbers.high) if numbers else (ONE, ONE)
    before.days = (low * DAYS_PER[period.code], high * DAYS_PER[period.code])
    draft.note(first, period, f"length: {before.days[1]} days")
    return True


def _directions(cursor: Cursor, draft: SigDraft) -> None:
    """``Directions:`` sets the instruction apart from what stands before it; behind one no other may follow."""
    mark = cursor.next()
    colon = cursor.sign(":")
    cursor.skip(":")
    if not draft.line.timed and not draft.steps[1:]:
        draft.steps = new_draft().steps
        draft.verb = True
    elif colon or cursor.at(WordKind.NUMBER) or cursor.follows(WordKind.VERB, WordKind.NUMBER):
        raise cursor.give_up(mark)
    else:
        pass_reason(cursor)


def _reasoned(cursor: Cursor, draft: SigDraft) -> bool:
    """A reason, or a word that belongs to the manner of taking."""
    mark = cursor.peek()
    if mark.kind in (WordKind.FOR, WordKind.REASON):
        cursor.next()
        reason = pass_reason(cursor)
        draft.line.reason = draft.line.reason or reason
        draft.note(mark, cursor.peek(-1), "reason")
        return True
    if mark.kind is WordKind.ON and draft.line.doses and _ends_clause(cursor):
        night = cursor.words.rates.get(mark.text)
        if night is not None:
            cursor.next()
            draft.line.moments.extend((moment, False) for moment in night.when)
            draft.note(mark, mark, f"moment: {', '.join(night.when)}")
            return True
    if mark.kind is WordKind.UNIT and mark.text in cursor.words.unit_routes:
        cursor.next()
        return True
    return False


def _ends_clause(cursor: Cursor) -> bool:
    return (
        cursor.sign(SENTENCE_SIGNS | SOFT_SIGNS, 1) or not cursor.peek(1).text or cursor.at(WordKind.AS_NEEDED, ahead=1)
    )
