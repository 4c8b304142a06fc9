"""A dosage that is written out in words: read into the same lines that a structured one arrives in, or refused.

Reading goes once from left to right. Every word must have a meaning, or stand where it cannot change the dose (a
reason, a name, a remark); a word or a number that is not understood makes the whole text unread, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from rules.knowledge import Knowledge
from rules.knowledge.dose_words import Forms
from rules.knowledge.sig_kinds import Kind
from rules.model import Dosage, Timing
from rules.quantity import DAYS_PER, ONE
from rules.sig_clause import pass_diagnosis, pass_name, pass_reason, pass_remark, read_limit
from rules.sig_course import end_of_clause, read_date, read_length, read_repeat, read_supply, set_count
from rules.sig_cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor, Unread
from rules.sig_dose import add_dose, read_dose, read_whole
from rules.sig_draft import Draft, Joint, NoDailyRate, SigRate, new_draft
from rules.sig_lines import dosages
from rules.sig_moments import read_hour_behind_rate, read_label, read_moment
from rules.sig_numbers import read_numbers
from rules.sig_rates import TELLS_WHEN, add_rate, inherit, read_per_period, read_rate
from rules.sig_scan import Mark, scan

__all__ = ["NoDailyRate", "ReadSig", "Span", "UnreadableSig", "read_sig"]

REASONS = {
    Kind.AS_DIRECTED: NoDailyRate.AS_DIRECTED,
    Kind.TITRATION: NoDailyRate.TITRATION,
    Kind.PROTOCOL: NoDailyRate.PROTOCOL,
    Kind.INFUSION: NoDailyRate.INFUSION,
}
PASSED = frozenset({Kind.REMARK, Kind.ARTICLE, Kind.RELEASE, Kind.HOUR_MARK, Kind.MONTH, Kind.TOTAL})
# "Reduce by 0.5 mg every week".
BY = " by"
# What makes a text an instruction.
INSTRUCTS = frozenset(
    {Kind.VERB, Kind.RATE, Kind.EVERY, Kind.COUNTED, Kind.TIMES, Kind.PER_PERIOD, Kind.MOMENT, Kind.AS_NEEDED, Kind.HALT}
)
# Reasons that hold even where a rate is stated: the rate is not what will be taken day after day.
OVERRULING = (NoDailyRate.TITRATION, NoDailyRate.PROTOCOL, NoDailyRate.INFUSION)


@dataclass(frozen=True, slots=True)
class Span:
    """Which characters of the text (from ``start`` to before ``end``) gave which value."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class ReadSig:
    """A text that was understood.

    ``dosages`` are its lines; increasing sequences follow one another. ``no_daily_rate`` says why none of them states
    a daily rate, None where one does. ``trace`` tells where each value comes from.
    """

    dosages: tuple[Dosage, ...]
    trace: tuple[Span, ...]
    no_daily_rate: NoDailyRate | None


@dataclass(frozen=True, slots=True)
class UnreadableSig:
    """A text that was not understood: ``words`` stopped the reading, at ``start`` to before ``end``."""

    words: str
    start: int
    end: int


def read_sig(text: str, knowledge: Knowledge) -> ReadSig | UnreadableSig:
    """What a written dosage says, or the words that stopped its reading. Never raises, in time linear in the length."""
    words, forms = knowledge.sig_words, knowledge.forms
    marks = scan(text, words, knowledge.agent_by_name)
    cursor = Cursor(marks, words, len(text))
    draft = new_draft()
    try:
        if not marks:
            raise cursor.give_up()
        _skip_heading(cursor)
        while not cursor.done:
            _step(cursor, draft, forms)
        lines = dosages(draft, words, marks[0])
        reason = _reason(draft, lines)
        if not _says_something(draft, lines, reason):
            raise Unread(marks[0], marks[-1])
    except Unread as unread:
        return UnreadableSig(text[unread.start : unread.end].strip(), unread.start, unread.end)
    return ReadSig(lines, tuple(Span(*span) for span in draft.spans), reason)


def _skip_heading(cursor: Cursor) -> None:
    """Pass a heading before ``Directions:``, where it holds no instruction of its own."""
    for place, mark in enumerate(cursor.marks):
        if mark.kind in INSTRUCTS:
            return
        if mark.kind is Kind.DIRECTIONS and cursor.sign(":", place + 1):
            cursor.position = place
            return


def _step(cursor: Cursor, draft: Draft, forms: Forms) -> None:
    """Read what stands at the place.

    Raises:
        Unread: it is not understood.
    """
    mark = cursor.peek()
    if mark.kind is Kind.SIGN:
        _sign(cursor, draft)
    elif _joint(cursor, draft, forms) or _flag(cursor, draft, forms):
        return
    elif mark.kind is Kind.RATE and draft.line.rated and cursor.at(Kind.MAXIMUM, ahead=1):
        cursor.next()
    elif mark.kind in (Kind.NAME, Kind.OF, Kind.OTHER_SUBSTANCE):
        pass_name(cursor, draft)
    elif mark.kind is Kind.OPENER:
        pass_remark(cursor)
    elif mark.kind is Kind.DIAGNOSIS:
        pass_diagnosis(cursor)
    elif mark.kind is Kind.MAXIMUM:
        read_limit(cursor, draft, forms)
    elif mark.kind is Kind.UP_TO:
        _up_to(cursor, draft, forms)
    elif mark.kind is Kind.REPEAT:
        read_repeat(cursor, draft)
    elif mark.kind in (Kind.STARTING, Kind.UNTIL):
        _dated(cursor, draft)
    elif mark.kind is Kind.DIRECTIONS:
        _directions(cursor, draft)
    elif not (_figure(cursor, draft, forms) or _reasoned(cursor, draft)):
        raise cursor.give_up()


def _sign(cursor: Cursor, draft: Draft) -> None:
    if not cursor.sign(SENTENCE_SIGNS | SOFT_SIGNS):
        raise cursor.give_up()
    end_of_clause(draft, cursor.next().text in SENTENCE_SIGNS)


def _joint(cursor: Cursor, draft: Draft, forms: Forms) -> bool:
    """Words that say how the next line follows."""
    mark = cursor.peek()
    if mark.kind in (Kind.AND, Kind.PLUS):
        draft.pending = Joint.AND
    elif mark.kind is Kind.ADDITIONAL:
        draft.pending = Joint.EXTRA
    elif mark.kind in (Kind.THEN, Kind.CHANGE_TO):
        draft.new_step()
        draft.step.changed = mark.kind is Kind.CHANGE_TO
    elif mark.kind is Kind.STOP:
        if draft.line.empty:
            return False
    elif mark.kind is not Kind.EQUALS or not draft.line.doses:
        return False
    cursor.next()
    if mark.kind is Kind.EQUALS:
        doses = read_whole(cursor, forms)
        if doses is None:
            raise cursor.give_up(mark)
        draft.pending = None
        add_dose(cursor, draft, doses)
    return True


def _flag(cursor: Cursor, draft: Draft, forms: Forms) -> bool:
    """Words that stand for themselves."""
    mark = cursor.peek()
    if mark.kind is Kind.VERB:
        draft.verb = True
    elif mark.kind is Kind.ROUTE:
        draft.line.route = draft.line.route or mark.code
        draft.note(mark, mark, f"route: {mark.code}")
    elif mark.kind is Kind.AS_NEEDED:
        _as_needed(cursor, draft)
        return True
    elif mark.kind is Kind.SINGLE:
        if not draft.line.timed:
            set_count(draft, (ONE, ONE), mark, mark)
    elif mark.kind in REASONS:
        draft.reasons.append(REASONS[mark.kind])
        draft.note(mark, mark, REASONS[mark.kind].value)
        if mark.text.endswith(BY):
            _pass_change(cursor, forms)
            return True
    elif mark.kind is Kind.SCALE:
        pass_reason(cursor)
        return True
    elif mark.kind is Kind.PER and mark.text == "/":
        draft.comma = True
    elif mark.kind is Kind.IN and cursor.at(Kind.ROUTE, ahead=1):
        cursor.next()
    elif mark.kind not in PASSED or (mark.kind is Kind.ARTICLE and cursor.at(Kind.UNIT, ahead=1)):
        return False
    cursor.next()
    if mark.kind is Kind.AS_DIRECTED and cursor.at(Kind.NUMBER) and cursor.glued():
        cursor.next()
    draft.comma = draft.comma and mark.kind is not Kind.VERB
    return True


def _pass_change(cursor: Cursor, forms: Forms) -> None:
    """Pass what a dose is changed by, and how often: ``0.5 mg every 2 weeks``."""
    cursor.next()
    read_dose(cursor, forms)
    read_rate(cursor)


def _as_needed(cursor: Cursor, draft: Draft) -> None:
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
    cursor.skip(":,-", Kind.AS_NEEDED)
    if cursor.at(Kind.FOR) and read_length(cursor, draft):
        draft.note(first, first, "as needed")
        return
    cursor.accept(Kind.FOR, Kind.REASON)
    reason = pass_reason(cursor)
    line.reason = line.reason or reason
    draft.note(first, cursor.peek(-1), "as needed")


def _figure(cursor: Cursor, draft: Draft, forms: Forms) -> bool:
    """What is told in figures: a label, a rate, a length, a moment, a supply, a dose."""
    begin, first = cursor.position, cursor.peek()
    label = read_label(cursor)
    if label is not None:
        _label(cursor, draft, label, first)
        return True
    if read_supply(cursor):
        draft.refilled = True
        return True
    rate = read_rate(cursor)
    if rate is not None:
        add_rate(cursor, draft, rate, first)
        read_hour_behind_rate(cursor, draft)
        return True
    if draft.line.doses and (rate := _so_many(cursor, draft)) is not None:
        add_rate(cursor, draft, rate, first)
        return True
    if read_length(cursor, draft) or read_moment(cursor, draft) or _once(cursor, draft):
        draft.comma = False
        return True
    doses = read_dose(cursor, forms)
    if doses is not None:
        if any(mark.kind is Kind.ADDITIONAL for mark in cursor.marks[begin : cursor.position]):
            draft.pending = draft.pending or Joint.EXTRA
        add_dose(cursor, draft, doses)
        draft.comma = False
        return True
    cursor.position = begin
    return False


def _so_many(cursor: Cursor, draft: Draft) -> SigRate | None:
    """``4 mg per day``: a dose in each period; ``one 5 ml spoon, 4 a day``: so many doses in it."""
    if cursor.at(Kind.PER_PERIOD, Kind.PER):
        return None if draft.line.rated else read_per_period(cursor)
    if draft.line.timed or draft.pending is Joint.AND:
        return None
    begin = cursor.position
    numbers = read_numbers(cursor)
    period = cursor.accept(Kind.PER_PERIOD)
    if numbers is None or period is None or numbers.loose:
        cursor.position = begin
        return None
    return SigRate((numbers.low, numbers.high), (ONE, ONE), period.code)


def _once(cursor: Cursor, draft: Draft) -> bool:
    """``once at bedtime`` (the moment says when), ``once``, ``2x``: so many times in all."""
    begin, first = cursor.position, cursor.peek()
    if first.kind is Kind.COUNTED:
        cursor.next()
        if first.value == ONE and (cursor.at(*TELLS_WHEN) or draft.line.rated):
            return True
        count = first.value or ONE
    else:
        numbers = read_numbers(cursor)
        if numbers is None or numbers.low != numbers.high or cursor.accept(Kind.TIMES) is None or draft.line.rated:
            cursor.position = begin
            return False
        if numbers.high == ONE and cursor.at(*TELLS_WHEN):
            return True
        count = numbers.high
    if cursor.at(Kind.NUMBER, Kind.UNIT):
        cursor.position = begin
        return False
    set_count(draft, (count, count), first, cursor.peek(-1))
    return True


def _up_to(cursor: Cursor, draft: Draft, forms: Forms) -> None:
    """``up to 3 times a day``, ``up to 4 mg per day``, ``up to 2 tablets``."""
    first, line = cursor.next(), draft.line
    place = cursor.position
    rate = read_rate(cursor, up_to=True)
    if rate is not None and cursor.marks[place].kind in (Kind.NUMBER, Kind.COUNTED):
        if line.rated:
            cursor.position = place - 1
            read_limit(cursor, draft, forms)
        else:
            add_rate(cursor, draft, rate, first)
        return
    cursor.position = place
    doses = read_dose(cursor, forms, up_to=True)
    if doses is None:
        raise cursor.give_up(first)
    if not line.doses:
        add_dose(cursor, draft, doses)
    elif cursor.at(Kind.PER_PERIOD, Kind.PER, Kind.IN, Kind.RATE, Kind.EVERY):
        cursor.position = place - 1
        read_limit(cursor, draft, forms)
    elif not line.timed and line.doses[0].unit == doses[0].unit and line.doses[0].high < doses[0].high:
        line.doses = [replace(doses[0], low=line.doses[0].low)]
    else:
        raise cursor.give_up(first)


def _dated(cursor: Cursor, draft: Draft) -> None:
    """A date; "start" before a dose, or a day, is an instruction."""
    first = cursor.peek()
    if read_date(cursor, draft):
        return
    cursor.next()
    if first.kind is Kind.UNTIL:
        raise cursor.give_up(first)
    if cursor.follows(Kind.ON, Kind.DAY) or cursor.at(Kind.DAY):
        cursor.accept(Kind.ON)
        cursor.next()
    draft.verb = True


def _directions(cursor: Cursor, draft: Draft) -> None:
    """``Directions:`` sets the instruction apart from what stands before it."""
    mark = cursor.next()
    if not cursor.sign(":"):
        raise cursor.give_up(mark)
    if draft.line.timed or draft.steps[1:]:
        raise cursor.give_up(mark)
    draft.steps = new_draft().steps
    draft.verb = True


def _label(cursor: Cursor, draft: Draft, label: tuple[Fraction, Fraction, str], first: Mark) -> None:
    """``day 1``, ``week 2``: a step of that place and length, which must follow the one before."""
    before = next((step.label for step in reversed(draft.steps) if step.label), None)
    low, high, unit = label
    expected = before[1] + ONE if before else ONE
    if low != expected or high < low or (before and before[-1] != unit):
        raise cursor.give_up(first)
    if draft.step.label:
        draft.new_step()
    draft.step.label_leads = draft.line.empty
    days = (high - low + ONE) * DAYS_PER[unit]
    draft.lasts((days, days), first, cursor.peek(-1))
    draft.step.label = label
    draft.note(first, cursor.peek(-1), f"length: {days} days")
    cursor.skip(":-,")


def _reasoned(cursor: Cursor, draft: Draft) -> bool:
    """A reason, or a word that belongs to the manner of taking."""
    mark = cursor.peek()
    if mark.kind in (Kind.FOR, Kind.REASON):
        cursor.next()
        reason = pass_reason(cursor)
        draft.line.reason = draft.line.reason or reason
        draft.note(mark, cursor.peek(-1), "reason")
        return True
    if mark.kind is Kind.ON and draft.line.doses and _ends_clause(cursor):
        night = cursor.words.rates.get(mark.text)
        if night is not None:
            cursor.next()
            rate = SigRate((night.times, night.times), night.every, night.unit, night.when)
            add_rate(cursor, draft, rate, mark)
            return True
    if mark.kind is Kind.UNIT and mark.text in cursor.words.unit_routes:
        cursor.next()
        return True
    return False


def _ends_clause(cursor: Cursor) -> bool:
    return cursor.sign(SENTENCE_SIGNS | SOFT_SIGNS, 1) or not cursor.peek(1).text or cursor.at(Kind.AS_NEEDED, ahead=1)


def _reason(draft: Draft, lines: tuple[Dosage, ...]) -> NoDailyRate | None:
    """Why the lines state no daily rate, None where they do."""
    overruling = next((reason for reason in OVERRULING if reason in draft.reasons), None)
    if overruling is not None:
        return overruling
    if any(line.maximum or (line.timing is not None and _is_rate(line.timing)) for line in lines):
        return None
    return next(iter(draft.reasons), NoDailyRate.NOT_STATED)


def _is_rate(timing: Timing) -> bool:
    if timing.count is not None and (timing.count_max or timing.count) <= ONE and (timing.frequency or ONE) <= ONE:
        return False
    stated = timing.frequency or timing.frequency_max or timing.period
    return bool(stated or timing.when or timing.time_of_day or timing.day_of_week)


def _says_something(draft: Draft, lines: tuple[Dosage, ...], reason: NoDailyRate | None) -> bool:
    """Whether the text instructs at all; a strength alone ("10 mEq ER tablet") does not."""
    if draft.reasons:
        return True
    if not lines:
        return False
    if draft.verb or reason is None or any(line.as_needed or line.timing for line in lines):
        return True
    return all(dose.high is not None and dose.high.unit in draft.counted_units() for dose in lines[0].doses)
