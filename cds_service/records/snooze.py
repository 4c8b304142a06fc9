"""When a card that was answered stays away: for a while, unless things have become worse."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cds_service.cards.occasion import OF_DECREASE
from rules.assessment import Severity

_WHOLE = 1
_LOUDNESS = [severity.value for severity in Severity]


@dataclass(frozen=True, slots=True)
class Said:
    """What a card said: how loudly, the load in mg/d diazepam-equivalent (None: not known), whether that was all of it,
    and the findings that it spoke of.

    ``hazards``: what stood behind it, each thing by a name: every agent, every condition, everything that was not read.
    ``beside``: amounts that are no part of the load, such as the daily dose of an opioid; None where it is not known.
    """

    load: Fraction | None
    complete: bool
    speaks_of: Collection[str]
    indicator: str = Severity.INFO.value
    hazards: Collection[str] = ()
    beside: Mapping[str, Fraction | None] = field(default_factory=dict)


def stays_away(now: Said, answered: Said, rise: Fraction) -> bool:
    """Whether a card says nothing that the answered one did not.

    It does where it is louder, where a finding, an agent, a condition or something unread has joined, where the load or
    the dose of what stands beside it has risen by the share ``rise`` or more, where what was known then is not known
    now, and where what is cut or stopped has fallen by as much again: no answer covers that.
    """
    if _LOUDNESS.index(now.indicator) > _LOUDNESS.index(answered.indicator):
        return False
    if set(now.speaks_of) - set(answered.speaks_of) or set(now.hazards) - set(answered.hazards):
        return False
    if any(_differs(amount, answered.beside.get(name), rise) for name, amount in now.beside.items()):
        return False
    if answered.complete and not now.complete:
        return False
    return not _differs(now.load, answered.load, rise) and not (
        OF_DECREASE & set(now.speaks_of) and _has_fallen(now.load, answered.load, rise)
    )


def _differs(now: Fraction | None, then: Fraction | None, rise: Fraction) -> bool:
    """Whether an amount has risen, or can be told of one of the two alone."""
    if now is None or then is None:
        return now is not then
    # From nothing, any amount is a rise.
    return now > then and now >= then * (_WHOLE + rise)


def _has_fallen(now: Fraction | None, then: Fraction | None, fall: Fraction) -> bool:
    return now is not None and then is not None and now < then and now <= then * (_WHOLE - fall)
