"""When a card that was answered stays away: for a while, unless things have become worse."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

_WHOLE = 1


@dataclass(frozen=True, slots=True)
class Said:
    """What a card said: the load in mg/d diazepam-equivalent (None: not known), whether that was all of it, and the
    findings that it spoke of."""

    load: Fraction | None
    complete: bool
    speaks_of: Collection[str]


def stays_away(now: Said, answered: Said, rise: Fraction) -> bool:
    """Whether a card says nothing that the answered one did not.

    It does where a finding has joined, where the load has risen by the share ``rise`` or more, and where what was known
    then is not known now: no answer covers that.
    """
    if set(now.speaks_of) - set(answered.speaks_of):
        return False
    if now.load is None or answered.load is None:
        return now.load is None and answered.load is None
    if answered.complete and not now.complete:
        return False
    # From nothing, any load is a rise.
    return now.load < answered.load * (_WHOLE + rise) or now.load <= answered.load
