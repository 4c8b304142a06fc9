"""A load in words."""

from __future__ import annotations

from fractions import Fraction

from cds_service.cards.wording.wording import Wording
from cds_service.working.numbers import plain
from rules.assessment import Load
from rules.knowledge import Knowledge


def load_figure(load: Load, wording: Wording, before: Load | None = None) -> str:
    """A load in words: "at least" where it is not complete, "not known" where nothing could be read.

    "up to" where a dose is a range or as needed, and "from ... to" where it falls from a known one ``before``. Where a
    newer order may replace an earlier one, both totals are given.
    """
    if load.used is None or (load.used == 0 and not load.complete):
        return wording.say("figures.unknown", {})
    if before is not None and before.used is not None and before.complete and load.complete and before.used > load.used:
        return wording.say("figures.fall", {"before": before.used, "used": load.used})
    if load.used == 0:
        return wording.say("figures.none", {})
    if load.if_replaced < load.used:
        values = {"used": load.used, "one": load.if_replaced, "complete": load.complete}
        return wording.say("figures.replaced", values)
    up_to = load.low < load.used
    return wording.say("figures.load", {"used": load.used, "complete": load.complete, "permits": up_to})


def load_span(load: Load, wording: Wording) -> str:
    """A load with its range, for the load section: ``up to 10 (at least 0) mg/day diazepam-eq``."""
    if not load.used or not load.complete:
        return load_figure(load, wording)
    bounds = band_bounds(wording.knowledge)
    if load.low < load.used == load.if_replaced:
        return wording.say("figures.span", {"low": plain(load.low, bounds), "used": plain(load.used, bounds)})
    return wording.say("figures.load", {"used": load.used, "complete": True, "permits": load.low < load.if_replaced})


def band_bounds(knowledge: Knowledge) -> tuple[Fraction, Fraction]:
    """The bounds of the dose bands, which no shown load may be rounded across."""
    bands = knowledge.policy.bands
    return bands.low_up_to.value, bands.moderate_up_to.value
