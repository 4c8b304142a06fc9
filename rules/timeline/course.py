"""How long a record orders or supplies a medication: by its lines, by their texts, and by what is dispensed."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from rules.knowledge.knowledge import Knowledge
from rules.model import Dosage, RecordKind, Regimen
from rules.numbers.memo import memoised
from rules.numbers.quantity import ZERO
from rules.reading.dosage.text import in_turn, steps_of_texts
from rules.reading.product.product import Product
from rules.timeline.supply import supplied_length
from rules.timeline.window import Course, StatedLength


def course_of(regimen: Regimen, product: Product | None, knowledge: Knowledge) -> Course:
    """How long a record lasts; ``product`` is None where it was not identified. Never raises."""
    # Dates tell which line follows which, and nothing else of the length.
    lines = tuple(line.undated for line in in_turn(regimen.dosages, knowledge))
    repeats = regimen.supply.repeats if regimen.supply and regimen.kind is RecordKind.REQUEST else ZERO
    return Course(
        _stated_length(lines, knowledge), supplied_length(regimen.supply, repeats, product, knowledge.vocabulary)
    )


@memoised
def _stated_length(lines: tuple[Dosage, ...], knowledge: Knowledge) -> StatedLength:
    structured = _in_turn((line.sequence, _days(line)) for line in lines)
    texts = steps_of_texts(lines, knowledge)
    written = [_in_turn((step.sequence, _days(step)) for step in steps) for steps in texts]
    both = [(_days(line), days) for line, days in zip(lines, written, strict=True)]
    days = _in_turn(
        (line.sequence, max((each for each in pair if each is not None), default=None))
        for line, pair in zip(lines, both, strict=True)
    )
    steps = {(line.sequence, step.sequence) for line, text in zip(lines, texts, strict=True) for step in text}
    return StatedLength(
        days=days,
        stepped=days is not None and len(steps or {line.sequence for line in lines}) > 1,
        of_text=days is not None and structured is None,
        differs=any(one is not None and other is not None and one != other for one, other in both),
    )


def _days(line: Dosage) -> Fraction | None:
    """The length of a line by its bounds, at most."""
    return None if line.timing is None else line.timing.bounds_days_max or line.timing.bounds_days


def _in_turn(lengths: Iterable[tuple[int | None, Fraction | None]]) -> Fraction | None:
    """The length of lines by their sequences: equal ones run together, others in turn; None if one has no length."""
    longest: dict[int, Fraction] = {}
    for sequence, days in lengths:
        if days is None:
            return None
        step = sequence if sequence is not None else 0
        longest[step] = max(days, longest.get(step, days))
    return sum(longest.values(), start=ZERO) if longest else None
