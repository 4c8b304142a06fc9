"""Two rates of one dose: what they are together, as in ``twice a day, every other day``."""

from __future__ import annotations

from rules.numbers.quantity import ONE
from rules.reading.sig.draft import SigRate

DAY, HOUR = "d", "h"


def combine(rate: SigRate, other: SigRate) -> SigRate | None:
    """The rate that two make together, in whichever order they stand; None if they contradict each other."""
    return _combined(rate, other) or _combined(other, rate) or _said_daily(rate, other)


def _said_daily(rate: SigRate, again: SigRate) -> SigRate | None:
    """``every 12 hours daily``: behind a rate of several a day "daily" only says that it is for every day."""
    daily = again.same_as == (ONE, ONE) and not again.when and not again.days
    return rate if daily and rate.times[0] is not None and rate.same_as[1] > ONE else None


def _combined(a_day: SigRate, days: SigRate) -> SigRate | None:
    """``twice a day`` and ``every other day`` together; ``6 hourly`` is four times a day on such days."""
    if a_day.unit == HOUR and a_day.times == (ONE, ONE) and a_day.same_as[1] >= ONE and days.unit != HOUR:
        a_day = SigRate((a_day.same_as[1], a_day.same_as[0]), (ONE, ONE), DAY, a_day.when, a_day.days)
    if (a_day.every, a_day.unit) != ((ONE, ONE), "d") or a_day.times[0] is None:
        return None
    if days.of_days and days.times[0] is not None:
        low, high = days.times[0] * a_day.times[0], days.times[1] * a_day.times[1]
        return SigRate((low, high), days.every, days.unit, a_day.when)
    if days.unit in ("d", "wk", "mo") and days.times == (ONE, ONE) and days.every != (ONE, ONE) and not days.days:
        return SigRate(a_day.times, days.every, days.unit, a_day.when or days.when)
    return None
