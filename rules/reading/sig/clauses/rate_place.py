"""Where a rate belongs: to its line, together with the rate that is there, or to the supply."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.clauses.rate import DAY, HOUR, ONCE
from rules.reading.sig.draft import Connector, SigDraft, SigLine
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme
from rules.reading.sig.trace import Clause, SigRate

# Units of the days on which a rate of one day holds.
SPANS = ("d", "wk", "mo")


def add_rate(cursor: Cursor, draft: SigDraft, rate: SigRate, first: Lexeme) -> None:
    """Put a rate to the line: its first, the same again, or one that combines with it.

    After a full regimen an interval as long as a supply lasts is that of the supply.

    Raises:
        UnreadError: it contradicts the rate of the line, or may say how often the dose is changed, or how often it is
            supplied.
    """
    line = draft.line
    if _is_of_supply(cursor, line, rate, first):
        # "For 5 days every month": so long lasts one supply.
        draft.refilled = True
        draft.note(first, cursor.peek(-1), Clause.SUPPLY)
        return
    draft.note(first, cursor.peek(-1), rate)
    if draft.pending is Connector.AND and line.doses and (line.rate is not None or line.single):
        line = draft.same_dose_again(first)
    # "Decrease to 1 tablet every 14 days" may say how often it is decreased.
    if line.single or (draft.step.changes_dose and rate.most_per_day < ONE):
        raise cursor.error(first)
    draft.begin_line(first)
    draft.pending = None
    if line.rate is None:
        line.rate = rate
    elif line.rate.per_day == rate.per_day:
        if not (line.rate.when or line.rate.days) and (rate.when or rate.days):
            line.rate = rate
    else:
        combined = combine(line.rate, rate)
        if combined is None or not _is_one_statement(cursor, line.rate, rate):
            raise cursor.error(first)
        line.rate = combined


def _is_of_supply(cursor: Cursor, line: SigLine, rate: SigRate, first: Lexeme) -> bool:
    """Whether a rate after a full regimen can only be the interval of the supply.

    Raises:
        UnreadError: a time of the day was named, and the rate may be that of the supply or of the doses.
    """
    days = _interval(rate)
    daily = line.rate is not None and line.rate.most_per_day >= ONE
    full = line.doses and (daily or line.moments or line.clock or (line.as_needed and line.rate is None))
    if not full or days is None:
        return False
    if days in cursor.words.supply_intervals:
        return True
    longest = cursor.words.joined_interval if line.each_day else cursor.words.named_interval
    if line.rate is None and (line.moments or line.clock) and days > longest:
        raise cursor.error(first)
    return False


def _is_one_statement(cursor: Cursor, rate: SigRate, other: SigRate) -> bool:
    """Whether a rate and a later interval are one statement: "twice a day, every other day", not "every 14 days"."""
    intervals = [days for days in map(_interval, (rate, other)) if days is not None]
    return all(days <= cursor.words.joined_interval for days in intervals)


def _interval(rate: SigRate) -> Fraction | None:
    """The days between two doses, the fewest of a range, where they are more than one; None of any other rate."""
    days = rate.every[0] * DAYS_PER[rate.unit]
    return days if days > ONE and rate.times == ONCE and not rate.of_days and not rate.days else None


def read_hour_after_rate(cursor: Cursor, draft: SigDraft) -> None:
    """``daily16``: the hour that a hospital writes after its code."""
    lexeme = cursor.peek()
    if lexeme.kind is not WordKind.NUMBER or lexeme.value is None or lexeme.value.denominator != 1:
        return
    if cursor.adjacent() and lexeme.value <= cursor.words.last_hour and cursor.peek(1).text in ("", ":", ","):
        cursor.next()
        draft.line.clock.append(f"{int(lexeme.value):02d}:00")
        draft.note(lexeme, lexeme, Clause.HOUR_AFTER_RATE)


def combine(rate: SigRate, other: SigRate) -> SigRate | None:
    """The rate that two make together, in whichever order they stand; None if they contradict each other."""
    return _on_days(rate, other) or _on_days(other, rate) or _every_day(rate, other)


def _every_day(rate: SigRate, again: SigRate) -> SigRate | None:
    """``every 12 hours daily``: after a rate of several a day "daily" only says that it is for every day."""
    daily = again.per_day == ONCE and not again.when and not again.days
    return rate if daily and rate.times[0] is not None and rate.per_day[0] > ONE else None


def _on_days(a_day: SigRate, days: SigRate) -> SigRate | None:
    """``twice a day`` and ``every other day`` together; ``6 hourly`` is four times a day on such days."""
    if a_day.unit == HOUR and a_day.times == ONCE and a_day.per_day[0] >= ONE and days.unit != HOUR:
        a_day = SigRate(a_day.per_day, ONCE, DAY, a_day.when, a_day.days)
    if (a_day.every, a_day.unit) != (ONCE, DAY) or a_day.times[0] is None:
        return None
    if days.of_days and days.times[0] is not None:
        low, high = days.times[0] * a_day.times[0], days.times[1] * a_day.times[1]
        return SigRate((low, high), days.every, days.unit, a_day.when)
    if days.unit in SPANS and days.times == ONCE and days.every != ONCE and not days.days:
        return SigRate(a_day.times, days.every, days.unit, a_day.when or days.when)
    return None
