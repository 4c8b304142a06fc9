"""A dosage line of the model from a line that was read: its doses, times and limits."""

from __future__ import annotations

from dataclasses import replace

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.vocabulary import ROUTES, TRANSDERMAL
from rules.model import Dosage, DoseEntry, MaximumDose, Quantity, Timing
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import SigDose, SigLimit, SigLine, SigStep
from rules.reading.sig.scan.lexemes import UnreadError

PATCH = "patch"


def maxima(limits: list[SigLimit], steps: list[SigStep]) -> tuple[tuple[MaximumDose, ...], Quantity | None]:
    """The limits of a time, each once, and that of one dose, in the unit of the doses where they name none.

    A limit without a period that is not above one dose may be of one dose as well as of a day, and lowers nothing.

    Raises:
        UnreadError: the doses are in milligrams and a limit is a number alone, which may count tablets.
    """
    doses = [dose for step in steps for line in step.lines for dose in line.doses]
    counted = next((dose for dose in doses if dose.countable), None)
    found: dict[MaximumDose, None] = {}
    at_a_time: list[Quantity] = []
    for limit in limits:
        if limit.unit is None and doses and counted is None:
            raise UnreadError(limit.first)
        unit = limit.unit if limit.unit is not None or counted is None else counted.unit
        amount = Quantity(limit.amount, unit)
        if limit.days is None:
            at_a_time.append(amount)
        else:
            found[MaximumDose(amount, limit.days, period_stated=limit.period_stated)] = None
    single = (
        min(at_a_time, key=lambda amount: amount.value) if len({amount.unit for amount in at_a_time}) == 1 else None
    )
    return tuple(found), single


def dosage_of(
    line: SigLine,
    step: SigStep,
    sequence: int | None,
    maximum: tuple[tuple[MaximumDose, ...], Quantity | None],
    words: SigWords,
) -> Dosage:
    """A line of the model; ``sequence`` is the number of its step, None where there is only one."""
    timing = _timing(line, step, words)
    return Dosage(
        sequence=sequence,
        doses=tuple(_entry(dose) for dose in _whole_doses(line.doses)),
        timing=None if timing == Timing() else timing,
        as_needed=line.as_needed,
        as_needed_for=line.reason if line.as_needed else None,
        maximum=maximum[0],
        # What is stated as a day's amount is taken in as many doses as one likes.
        single_maximum=None if line.a_day else maximum[1],
        route=_route(line),
    )


def _route(line: SigLine) -> str | None:
    """The routes that are named, by their ids; that of a patch where none is."""
    if not line.routes and any(dose.unit == PATCH for dose in line.doses):
        return TRANSDERMAL
    return ROUTES.join(line.routes) or None


def _entry(dose: SigDose) -> DoseEntry:
    low = None if dose.low is None else Quantity(dose.low, dose.unit)
    return DoseEntry(None, low, Quantity(dose.high, dose.unit))


def _whole_doses(doses: list[SigDose]) -> list[SigDose]:
    """The statements of the whole dose; a mass after several tablets may be what one of them holds."""
    counted = next((dose for dose in doses if dose.countable), None)
    if counted is None or doses[0] is not counted:
        return doses
    return [dose for dose in doses if dose.countable or dose.total or _is_of_all(dose, counted)]


def _is_of_all(dose: SigDose, counted: SigDose) -> bool:
    """Whether a mass after a count is that of all units: there is one unit, or both are ranges in one proportion."""
    if counted.low == counted.high:
        return counted.high == ONE
    if dose.low is None or counted.low is None or dose.low == dose.high:
        return False
    return dose.low / dose.high == counted.low / counted.high


def _timing(line: SigLine, step: SigStep, words: SigWords) -> Timing:
    rate = line.rate
    when = _moments(line, words)
    days = (*(rate.days if rate else ()), *line.days)
    length = step.days
    timing = Timing(
        when=tuple(dict.fromkeys(when)),
        time_of_day=tuple(line.clock),
        day_of_week=tuple(dict.fromkeys(days)),
        count=line.count[0] if line.count else None,
        count_max=line.count[1] if line.count and line.count[0] != line.count[1] else None,
        bounds=step.bounds,
        bounds_days=length[0] if length else None,
        bounds_days_max=length[1] if length and length[0] != length[1] else None,
    )
    if rate is None:
        return timing
    low, high = rate.times
    return replace(
        timing,
        frequency=low,
        frequency_max=high if low != high else None,
        period=rate.every[0],
        period_max=rate.every[1] if rate.every[0] != rate.every[1] else None,
        period_unit=rate.unit,
    )


def _moments(line: SigLine, words: SigWords) -> list[str]:
    """The moments of a line and of its rate, each part of the day once unless "and" comes before it."""
    moments: list[tuple[str, bool]] = []
    for code, explicit in [*((code, False) for code in (line.rate.when if line.rate else ())), *line.moments]:
        part = words.parts_of_day.get(code, code)
        if any(code == other for other, _ in moments):
            continue
        if not explicit and any(words.parts_of_day.get(other, other) == part for other, _ in moments):
            continue
        moments.append((code, explicit))
    codes = [
        code
        for index, (code, _) in enumerate(moments)
        if code not in words.all_meals or _says_how_often(moments, index, words)
    ]
    match moments:
        # "In the evening at bedtime" is one time; in a list of three it is two.
        case [(one, _), (other, False)] if {one, other} <= words.late_parts:
            codes = [other]
    # "Twice a day with meals" does not say three times a day.
    if line.rate is not None and len(codes) == 1 and codes[0] in words.all_meals:
        return []
    return codes


def _says_how_often(moments: list[tuple[str, bool]], index: int, words: SigWords) -> bool:
    """Whether "with meals" says how often: not in "morning and evening with meals", but in "with meals and hs"."""
    if index and not moments[index][1]:
        return False
    return all(explicit or code in words.bedtimes for code, explicit in moments[index + 1 :])
