"""Strengths in shorthand: a patch's number that stands for micrograms an hour, and a percentage."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rules.knowledge.lexicon.vocabulary import TOPICAL, TRANSDERMAL
from rules.knowledge.listed_product import Per, Strength
from rules.numbers.quantity import MILLIGRAMS_PER, PERCENT
from rules.reading.product.strength import Measure, MeasureKind

PATCH_HOURLY = "patch-strength-read-as-hourly"
FROM_PERCENT = "strength-from-percentage"
ON_THE_SKIN = frozenset({TRANSDERMAL, TOPICAL})


def from_shorthand(
    measures: Sequence[Measure], route: str | None, known: Collection[Strength]
) -> tuple[Strength, str] | None:
    """The one strength that an agent is known in and that the shorthand of its name may mean, with the assumption.

    None where nothing known is meant, or more than one. ``known`` are the strengths that the agent is made in.
    """
    found = {strength: note for strength, note in _meant(measures, route) if strength in known}
    return found.popitem() if len(found) == 1 else None


def _meant(measures: Sequence[Measure], route: str | None) -> Iterator[tuple[Strength, str]]:
    for measure in measures:
        if route == TRANSDERMAL:
            # "50" and "50 mcg" of a patch are what it gives in an hour.
            if measure.kind is MeasureKind.BARE:
                yield Strength(measure.amount * MILLIGRAMS_PER["ug"], Per.HOUR), PATCH_HOURLY
            elif measure.kind is MeasureKind.MASS and measure.per is None:
                yield Strength(measure.amount, Per.HOUR), PATCH_HOURLY
        elif measure.kind is MeasureKind.PERCENT and route not in ON_THE_SKIN:
            # One per cent is a gram in a hundred millilitres.
            yield Strength(measure.amount * PERCENT * MILLIGRAMS_PER["g"], Per.MILLILITRE), FROM_PERCENT
