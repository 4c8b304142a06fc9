"""The highest daily doses that labels give, and the defined daily doses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.knowledge.figure import Figure, Verification

MILLIGRAMS_A_DAY = "mg/d"
MICROGRAMS_AN_HOUR = "ug/h"


@dataclass(frozen=True, slots=True)
class DoseFigure:
    """A daily dose of an agent by some routes, in mg a day or, of patches, in micrograms an hour.

    ``release`` is ``immediate`` or ``extended``; None: either.
    """

    figure: Figure
    routes: frozenset[str]
    release: str | None = None

    @property
    def hourly(self) -> bool:
        """Whether it is what a patch delivers in an hour."""
        return self.figure.unit == MICROGRAMS_AN_HOUR

    @property
    def is_verified(self) -> bool:
        """Whether a judgement may rest on it; an unverified figure is only shown."""
        return self.figure.verification is not Verification.UNVERIFIED


@dataclass(frozen=True, slots=True)
class MaximumDoses:
    """By agent: the highest daily doses that labels give, and WHO's defined daily doses (which are no maximum).

    ``no_maximum`` are the agents whose labels give no maximum. A dose is implausible only at many times either.
    """

    labelled: Mapping[str, tuple[DoseFigure, ...]]
    no_maximum: frozenset[str]
    no_maximum_source: str
    defined_daily_doses: Mapping[str, tuple[DoseFigure, ...]]
