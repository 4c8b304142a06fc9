"""The highest daily doses that labels give, and the defined daily doses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.knowledge.figure import Figure, Verification

MILLIGRAMS_A_DAY = "mg/d"
MICROGRAMS_AN_HOUR = "ug/h"


@dataclass(frozen=True, slots=True)
class DoseFigure:
    """A daily dose of an agent by some routes, in mg a day or (patches) micrograms an hour; ``release`` None: any."""

    figure: Figure
    routes: frozenset[str]
    release: str | None = None

    @property
    def hourly(self) -> bool:
        """Whether it is what a patch delivers in an hour."""
        return self.figure.unit == MICROGRAMS_AN_HOUR

    @property
    def decides(self) -> bool:
        """Whether anything may rest on it: an unverified figure is only shown."""
        return self.figure.verification is not Verification.UNVERIFIED


@dataclass(frozen=True, slots=True)
class MaximumDoses:
    """By agent: the highest daily doses that labels give, and WHO's defined daily doses.

    ``no_maximum`` are the agents whose labels give none. The first is context and the second no maximum at all: what a
    dose is held against is many times either.
    """

    labelled: Mapping[str, tuple[DoseFigure, ...]]
    no_maximum: frozenset[str]
    no_maximum_source: str
    defined_daily_doses: Mapping[str, tuple[DoseFigure, ...]]
