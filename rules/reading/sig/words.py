"""Clauses that begin with a word of their own: routes, reasons, dates, and why no daily rate is stated.

Each function reads a clause at the position and moves past it. It returns False and changes nothing if there is none.
"""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.course import read_date
from rules.reading.sig.clauses.dose import read_dose
from rules.reading.sig.clauses.rate import read_rate
from rules.reading.sig.clauses.reason import skip_reason, skip_threshold
from rules.reading.sig.draft import SigDraft
from rules.reading.sig.scan.cursor import SENTENCE_SIGNS, SOFT_SIGNS, Cursor
from rules.reading.sig.trace import Length, Moments, NoDailyRate, Reduction

NO_DAILY_RATE = {
    WordKind.AS_DIRECTED: NoDailyRate.AS_DIRECTED,
    WordKind.TITRATION: NoDailyRate.TITRATION,
    WordKind.PROTOCOL: NoDailyRate.PROTOCOL,
    WordKind.INFUSION: NoDailyRate.INFUSION,
}
# "As a single dose at bedtime" is taken every day.
SAYS_WHEN = (WordKind.RATE, WordKind.EVERY, WordKind.COUNTED, WordKind.MOMENT, WordKind.PER_PERIOD)
# "Increase to 2 tablets after one week", "in one week".
AFTER = frozenset({"after", "in"})
# "Increase by 0.5 mg every week".
BY = " by"


def skip_word(cursor: Cursor, _: SigDraft) -> bool:
    """A word that changes nothing here."""
    cursor.next()
    return True


def skip_article(cursor: Cursor, _: SigDraft) -> bool:
    """``the``; before a unit, "a tablet", it is a dose."""
    if cursor.at(WordKind.UNIT, ahead=1):
        return False
    cursor.next()
    return True


def verb_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``take``, ``inject``."""
    cursor.next()
    draft.instructs, draft.separated = True, False
    return True


def route_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``by mouth``, ``IV``, ``IV/PO``: all that are named are kept."""
    draft.name_route(cursor.next())
    return True


def skip_in_route(cursor: Cursor, _: SigDraft) -> bool:
    """``in`` before a word for a route: the place, and no route of a medicine."""
    if not cursor.at(WordKind.ROUTE, ahead=1):
        return False
    cursor.next()
    cursor.next()
    return True


def single_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``once only``, ``stat``."""
    word = cursor.next()
    if not draft.line.timed and not cursor.at(*SAYS_WHEN):
        draft.set_count((ONE, ONE), word, word)
    return True


def no_daily_rate_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``as directed``, ``titrate``, ``per protocol``, ``infuse over``: why no daily rate is stated.

    ::

        no daily rate = "increase by", [ dose ], [ rate ] | "as directed", [ number without a space before it ]
                      | "titrate" | "per protocol", [ threshold ] | "infuse" | ... ;
    """
    word = cursor.next()
    reason = NO_DAILY_RATE[word.kind]
    draft.note(word, word, reason)
    if word.text.endswith(BY):
        draft.no_daily_rate.append(reason)
        read_dose(cursor)
        read_rate(cursor)
    elif reason is NoDailyRate.TITRATION and draft.line.empty and not draft.steps[1:]:
        draft.titration_heading = True
    else:
        draft.no_daily_rate.append(reason)
        if reason is NoDailyRate.AS_DIRECTED and cursor.at(WordKind.NUMBER) and cursor.adjacent():
            cursor.next()
        if reason is NoDailyRate.PROTOCOL:
            skip_threshold(cursor)
    return True


def reduction_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``reduce by 2 mg every 2 weeks``, ``reduce by 10 % weekly``: how the dose before it falls from then on.

    Where it is not said by how much or how often, or a dose falls that is one of several steps, no daily rate is
    stated::

        reduction = "reduce by", [ dose ], [ rate | "per week" ] ; (* one amount; "%" is a unit *)
    """
    word = cursor.next()
    doses = read_dose(cursor) or []
    interval = _interval(cursor)
    amounts = [dose for dose in doses if dose.low == dose.high]
    if draft.reduction is not None or draft.steps[1:] or interval is None or not amounts or len(doses) > 1:
        draft.note(word, word, NoDailyRate.TITRATION)
        draft.no_daily_rate.append(NoDailyRate.TITRATION)
        return True
    first = draft.step.days[1] if draft.step.days is not None else interval
    # The dose to begin with is not over when it first falls.
    draft.step.days = None
    draft.reduction = Reduction(amounts[0].high * amounts[0].size, amounts[0].unit, interval, first)
    draft.note(word, cursor.peek(-1), draft.reduction)
    return True


def _interval(cursor: Cursor) -> Fraction | None:
    """The days of ``every 2 weeks``, ``fortnightly``, ``per week``; None where it is not one of days or more."""
    period = cursor.accept(WordKind.PER_PERIOD)
    if period is not None:
        return DAYS_PER[period.code]
    rate = read_rate(cursor)
    if rate is None or rate.every[0] != rate.every[1] or rate.times != (ONE, ONE):
        return None
    days = rate.every[0] * DAYS_PER[rate.unit]
    return days if days >= ONE else None


def every_night_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``on`` at the end of a clause is Latin, ``omni nocte``: every night."""
    word = cursor.peek()
    timing = cursor.words.rates.get(word.text)
    ends = cursor.sign(SENTENCE_SIGNS | SOFT_SIGNS, 1) or cursor.at(WordKind.AS_NEEDED, ahead=1)
    if timing is None or not draft.line.doses or not (ends or not cursor.peek(1).text):
        return False
    cursor.next()
    draft.line.moments.extend((moment, False) for moment in timing.when)
    draft.note(word, word, Moments(timing.when))
    return True


def skip_unit_route(cursor: Cursor, _: SigDraft) -> bool:
    """A unit that is a word for a route too."""
    if cursor.peek().text not in cursor.words.unit_routes:
        return False
    cursor.next()
    return True


def dated_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """A date; "start" before a dose, or a day, is an instruction; "until" something happens states no date.

    ::

        dated = date | "starting", [ [ "on" ], weekday ] | "until", reason ;

    Raises:
        UnreadError: "until" and no words that follow.
    """
    first = cursor.peek()
    if read_date(cursor, draft):
        return True
    cursor.next()
    if first.kind is WordKind.UNTIL:
        if skip_reason(cursor, until=True) is None:
            raise cursor.error(first)
        return True
    if cursor.matches(WordKind.ON, WordKind.DAY) or cursor.at(WordKind.DAY):
        cursor.accept(WordKind.ON)
        cursor.next()
    draft.instructs = True
    return True


def changes_after_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``increase to 2 tablets after 1 week``: the step before lasts a week.

    ::

        changes after = ( "after" | "in" ), [ numbers, [ "-" ] ], period ;
    """
    before = draft.steps[-2:][0]
    if (
        cursor.peek().text not in AFTER
        or not draft.step.changes_dose
        or before.days is not None
        or before is draft.step
    ):
        return False
    begin, first = cursor.position, cursor.next()
    numbers = cursor.numbers()
    cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if period is None or (numbers is not None and numbers.low <= 0):
        cursor.position = begin
        return False
    low, high = (numbers.low, numbers.high) if numbers else (ONE, ONE)
    before.days = (low * DAYS_PER[period.code], high * DAYS_PER[period.code])
    draft.note(first, period, Length(before.days[1]))
    return True


def directions_clause(cursor: Cursor, draft: SigDraft) -> bool:
    """``Directions:`` separates the instruction from what comes before it; a second instruction is refused.

    ::

        directions = "directions", { ":" }, [ reason, after an instruction ] ;

    Raises:
        UnreadError: one instruction comes before it and another after it.
    """
    word = cursor.next()
    colon = cursor.sign(":")
    cursor.skip(":")
    if not draft.line.timed and not draft.steps[1:]:
        draft.start_over()
        draft.instructs = True
    elif colon or cursor.at(WordKind.NUMBER) or cursor.matches(WordKind.VERB, WordKind.NUMBER):
        raise cursor.error(word)
    else:
        skip_reason(cursor)
    return True


def skip_rate_of_maximum(cursor: Cursor, draft: SigDraft) -> bool:
    """``daily`` before "max" after a rate: the period of the maximum, whose rule says a day."""
    if not draft.line.rated or not cursor.at(WordKind.MAXIMUM, ahead=1):
        return False
    cursor.next()
    return True
