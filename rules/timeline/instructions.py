"""What a record of a medication says of the dose and of how long it lasts, read when it is first asked for.

Most orders of a record are over, and all that is asked of them is whether they are in force.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from rules.knowledge.knowledge import Knowledge
from rules.model import Dosage, Regimen, Supply
from rules.numbers.memo import memoised
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose, read_instructions, read_worded
from rules.reading.dosage.lines import texts_of
from rules.reading.dosage.text import undated, worded, worded_lines
from rules.reading.product.product import Product
from rules.timeline.window import Window, first_day, supplied_days, window_of


@dataclass(slots=True)
class Instructions:
    """The instructions of a regimen as they hold on a day: ``start`` is its first one, None where it has no date.

    A draft without a date of its own starts on the day, and one that starts later is read as it then holds.
    """

    regimen: Regimen
    product: Product
    knowledge: Knowledge = field(repr=False, compare=False)
    on: date
    start: date | None = field(init=False)
    _dose: DailyDose | NoDailyDose | None = field(init=False, default=None, compare=False)
    _window: Window | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        self.start = first_day(self.regimen) or (self.on if self.regimen.draft else None)

    @property
    def dose(self) -> DailyDose | NoDailyDose:
        """What is taken in a day, or why that cannot be said."""
        if self._dose is None:
            later = self.regimen.draft and self.start is not None and self.start > self.on
            self._dose = self._taken(self.start if later and self.start is not None else self.on)
        return self._dose

    @property
    def window(self) -> Window:
        """From which day to which day it can last."""
        if self._window is None:
            self._window = window_of(self.regimen, self.start, self._days_of_supply)
        return self._window

    @property
    def supplied_days(self) -> Fraction | None:
        """How many days the dispensed units last, where that is known: fewer than the window's days when little was
        supplied for a long time."""
        return self._days_of_supply()

    @property
    def sig(self) -> str:
        """The texts as sent, else what the structure says."""
        return texts_of(self.regimen.dosages) or self.dose.sig

    def _days_of_supply(self) -> Fraction | None:
        supply = self.regimen.supply
        if supply is None or supply.quantity is None:
            return None
        return supplied_days(self.regimen, self._taken(self.on) if self.regimen.draft else self.dose)

    def _taken(self, on: date) -> DailyDose | NoDailyDose:
        lines = undated(self.regimen.dosages)
        instructed = _by_instructions(lines, self.product, self.knowledge)
        if instructed is not None:
            return instructed
        dose = _on_any_day(lines, self.regimen.supply, self.product, self.knowledge)
        if dose is not None:
            return dose
        return read_worded(worded(self.regimen, self.knowledge), self.product, self.knowledge, on)


@memoised
def _by_instructions(dosages: tuple[Dosage, ...], product: Product, knowledge: Knowledge) -> DailyDose | None:
    """The dose of instructions that say the same whatever was dispensed; None of the others."""
    return read_instructions(worded_lines(dosages, knowledge), product, knowledge)


@memoised
def _on_any_day(
    dosages: tuple[Dosage, ...], supply: Supply | None, product: Product, knowledge: Knowledge
) -> DailyDose | NoDailyDose | None:
    """The dose of instructions that say the same on every day: None of those that go by steps or dates."""
    words = worded_lines(dosages, knowledge)
    if words.changes:
        return None
    words = worded(replace(words.regimen, dosages=dosages, supply=supply), knowledge)
    return read_worded(words, product, knowledge, date.min)
