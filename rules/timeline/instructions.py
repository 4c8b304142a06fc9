"""The daily dose that a regimen gives on a day, read when it is first asked for.

Most orders of a record are over, and all that is asked of them is whether they are in force.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

from rules.knowledge.knowledge import Knowledge
from rules.model import Dosage, Regimen, Supply
from rules.numbers.memo import memoised
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose, read_instructions, read_worded
from rules.reading.dosage.text import undated, worded, worded_lines
from rules.reading.product.product import Product


def dose_reader(regimen: Regimen, product: Product, knowledge: Knowledge) -> Callable[[date], DailyDose | NoDailyDose]:
    """A function of a day: what is taken of the product by the regimen as it holds on that day.

    It reads when it is first called, and once for a day.
    """

    @cache
    def dose_on(on: date) -> DailyDose | NoDailyDose:
        lines = undated(regimen.dosages)
        instructed = _by_instructions(lines, product, knowledge)
        if instructed is not None:
            return instructed
        dose = _on_any_day(lines, regimen.supply, product, knowledge)
        if dose is not None:
            return dose
        return read_worded(worded(regimen, knowledge), product, knowledge, on)

    return dose_on


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
