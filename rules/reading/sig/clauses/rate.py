"""How often: the rates of a written dosage, in figures, words, Latin or the codes of a hospital."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.clauses.combined import combine
from rules.reading.sig.draft import Joint, Range, SigDraft, SigLine, SigRate
from rules.reading.sig.scan.cursor import Cursor, NumberRange
from rules.reading.sig.scan.marks import Lexeme
from rules.reading.sig.scan.numbers import read_numbers

DAY = "d"
# After "once" these say when, so that "once" adds nothing.
TELLS_WHEN = (
    WordKind.MOMENT,
    WordKind.MOMENT_WORD,
    WordKind.AT,
    WordKind.DAY,
    WordKind.DAYS,
    WordKind.ON,
    WordKind.CLOCK,
)


def read_rate(cursor: Cursor, up_to: bool = False) -> SigRate | None:
    """The rate that begins at the place, which is passed; None if none stands here."""
    begin = cursor.position
    for read in (_whole, partial(_counted, up_to=up_to), _hourly, _every):
        rate = read(cursor)
        if rate is not None:
            return rate
        cursor.position = begin
    return None


def _whole(cursor: Cursor) -> SigRate | None:
    """A rate in one word: ``bid``, ``daily``, ``q6h`` as a code."""
    mark = cursor.accept(WordKind.RATE)
    if mark is None:
        return None
    rate, place = of_code(mark, cursor.words), cursor.position
    if cursor.sign("-") or cursor.at(WordKind.TO, WordKind.OR) or cursor.peek().text == "/":
        cursor.next()
        other = cursor.accept(WordKind.RATE)
        between = _between(rate, of_code(other, cursor.words)) if other else None
        if between is not None:
            return between
        cursor.position = place
    return rate


def _between(one: SigRate, other: SigRate) -> SigRate | None:
    """``daily to bid``: from the rarer to the more frequent of two rates without moments, None if they are no range."""
    if one.when or one.days or other.when or other.days or one.unit != other.unit:
        return None
    if one.every == other.every:
        low, high = sorted((one.times[1], other.times[1]))
        return SigRate((low, high), one.every, one.unit)
    if one.times == other.times:
        return SigRate(one.times, (min(one.every[0], other.every[0]), max(one.every[1], other.every[1])), one.unit)
    return None


def of_code(mark: Lexeme, words: SigWords) -> SigRate:
    """The rate that a word stands for."""
    timing = words.rates[mark.code]
    return SigRate((timing.times, timing.times), timing.every, timing.unit, timing.when, timing.days)


def _counted(cursor: Cursor, up_to: bool) -> SigRate | None:
    """``twice a day``, ``2 to 3 times daily``, ``once every 3 days``, ``4 times in 24 hours``."""
    numbers = _how_often(cursor)
    if numbers is None:
        return None
    times = (None if up_to else numbers[0], numbers[1])
    of_days = cursor.peek(-1).kind is WordKind.PERIOD
    # "twice by mouth a day".
    cursor.skip(",", WordKind.ROUTE)
    period = _period(cursor)
    return None if period is None else SigRate(times, period[0], period[1], of_days=of_days)


def _how_often(cursor: Cursor) -> Range | None:
    counted = cursor.accept(WordKind.COUNTED)
    if counted is not None and counted.value is not None:
        low = high = counted.value
        if cursor.at(WordKind.OR, WordKind.TO) or cursor.sign("-"):
            place = cursor.position
            cursor.next()
            other = cursor.accept(WordKind.COUNTED)
            if other is None or other.value is None:
                cursor.position = place
                numbers = _how_often_again(cursor)
                return (low, numbers.high) if numbers else (low, high)
            high = other.value
        return min(low, high), max(low, high)
    numbers = read_numbers(cursor)
    if numbers is None or numbers.loose:
        return None
    if (
        cursor.at(WordKind.PERIOD)
        and cursor.peek().code == DAY
        and cursor.at(WordKind.PER_PERIOD, WordKind.PER, WordKind.EVERY, WordKind.RATE, ahead=1)
    ):
        cursor.next()
    elif cursor.accept(WordKind.TIMES) is None or cursor.at(WordKind.NUMBER):
        return None
    return numbers.low, numbers.high


def _how_often_again(cursor: Cursor) -> NumberRange | None:
    """``to 3 times`` of ``once to 3 times``."""
    place = cursor.position
    cursor.next()
    numbers = read_numbers(cursor)
    if numbers is None or cursor.accept(WordKind.TIMES) is None:
        cursor.position = place
        return None
    return numbers


def _period(cursor: Cursor) -> tuple[Range, str] | None:
    """The period behind a number of times."""
    cursor.skip(",")
    mark = cursor.peek()
    if mark.kind is WordKind.PER_PERIOD:
        cursor.next()
        return (ONE, ONE), mark.code
    if mark.kind is WordKind.RATE:
        rate = of_code(mark, cursor.words)
        if rate.times != (ONE, ONE) or rate.when or rate.days:
            return None
        cursor.next()
        return rate.every, rate.unit
    if mark.kind in (WordKind.PER, WordKind.EVERY, WordKind.IN):
        place = cursor.position
        cursor.next()
        found = _length(cursor)
        if found is None:
            cursor.position = place
        return found
    return None


def _length(cursor: Cursor) -> tuple[Range, str] | None:
    """``4 to 6 hours``, ``day``, ``other day``, ``third day``."""
    cursor.accept(WordKind.ARTICLE)
    ordinal = cursor.accept(WordKind.ORDINAL)
    if ordinal is not None and ordinal.value is not None:
        period = cursor.accept(WordKind.PERIOD)
        return None if period is None else ((ordinal.value, ordinal.value), period.code)
    numbers = read_numbers(cursor)
    if numbers is not None:
        cursor.skip("-")
    period = cursor.accept(WordKind.PERIOD)
    if period is None or (numbers is not None and numbers.low <= 0):
        return None
    return ((ONE, ONE) if numbers is None else (numbers.low, numbers.high)), period.code


def _hourly(cursor: Cursor) -> SigRate | None:
    """``6 hourly``, ``4-6 hrly``, ``hourly``."""
    place = cursor.position
    numbers = read_numbers(cursor)
    cursor.skip("-")
    if cursor.accept(WordKind.HOURLY) is None or (numbers is not None and numbers.low <= 0):
        cursor.position = place
        return None
    return SigRate((ONE, ONE), (ONE, ONE) if numbers is None else (numbers.low, numbers.high), "h")


def _every(cursor: Cursor) -> SigRate | None:
    """``every 4-6 hours``, ``q6h``, ``every other day``, ``every other night``, ``every Monday`` (left to the days)."""
    if not cursor.at(WordKind.EVERY):
        return None
    every = cursor.next()
    if cursor.follows(WordKind.ORDINAL, WordKind.MOMENT_WORD):
        ordinal, moment = cursor.next(), cursor.next()
        if ordinal.value is not None:
            return SigRate((ONE, ONE), (ordinal.value, ordinal.value), "d", (moment.code,))
    if cursor.at(WordKind.PERIOD) and not every.text.isascii():
        return None
    place = cursor.position
    found = _length(cursor)
    if found is None:
        # "Every 6 hourly".
        cursor.position = place
        return _hourly(cursor) if cursor.at(WordKind.NUMBER) else None
    # "every 4 hours to 6 hours" and "q4h-q6h".
    return SigRate((ONE, ONE), found[0], found[1])


def read_per_period(cursor: Cursor) -> SigRate | None:
    """``a day``, ``/24 hours`` behind a dose: so much in each."""
    begin = cursor.position
    if cursor.at(WordKind.PER_PERIOD, WordKind.PER):
        found = _period(cursor)
        if found is not None:
            return SigRate((ONE, ONE), found[0], found[1])
    cursor.position = begin
    return None


def add_rate(cursor: Cursor, draft: SigDraft, rate: SigRate, first: Lexeme) -> None:
    """Put a rate to the line: its first, the same again, one that combines with it, or a contradiction."""
    last = cursor.peek(-1)
    draft.note(first, last, f"rate: {rate.shown}")
    line = draft.line
    if draft.pending is Joint.AND and line.doses and (line.rate is not None or line.single):
        line = inherit(draft, first)
    # "Decrease to 1 tablet every 14 days" may say how often it is decreased.
    if line.single or (draft.step.changed and rate.a_day < ONE):
        raise cursor.give_up(first)
    draft.touch(first)
    draft.pending = None
    if line.rate is None:
        line.rate = rate
    elif line.rate.same_as == rate.same_as:
        line.rate = line.rate if line.rate.when or line.rate.days else rate if rate.when or rate.days else line.rate
    else:
        combined = combine(line.rate, rate)
        if combined is None:
            raise cursor.give_up(first)
        line.rate = combined


def inherit(draft: SigDraft, first: Lexeme) -> SigLine:
    """A further line of the same dose: ``1 tablet twice a day and at bedtime``."""
    doses = draft.line.doses
    line = draft.new_line(Joint.AND, first)
    line.doses = list(doses)
    return line


def whole_number(value: Fraction) -> bool:
    """Whether a number can count times."""
    return value.denominator == 1 and value >= ONE
