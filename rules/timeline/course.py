"""How long a record orders or supplies a medication: by its lines, by their texts, and by what is dispensed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from rules.knowledge.knowledge import Knowledge
from rules.model import Dosage, RecordKind, Regimen, Supply
from rules.numbers.memo import memoised
from rules.numbers.quantity import ONE, ZERO
from rules.reading.dosage.dispensed import dispensed_portions, is_of_each
from rules.reading.dosage.text import in_turn, steps_of_texts
from rules.reading.product.product import Product
from rules.reading.wording.refusals import Refusal
from rules.timeline.fill import Fill
from rules.timeline.window import Course


def course_of(regimen: Regimen, product: Product | None, knowledge: Knowledge) -> Course:
    """How long a record lasts; ``product`` is None where it was not identified. Never raises."""
    # Dates tell which line follows which, and nothing else of the length.
    lines = tuple(line.undated for line in in_turn(regimen.dosages, knowledge))
    course = _of_lines(lines, knowledge)
    if regimen.supply is None:
        return course
    repeats = regimen.supply.repeats if regimen.kind is RecordKind.REQUEST else ZERO
    supplied = _of_supply(regimen.supply, repeats, product, knowledge)
    return replace(supplied, days=course.days, stepped=course.stepped, of_text=course.of_text, differs=course.differs)


@memoised
def _of_lines(lines: tuple[Dosage, ...], knowledge: Knowledge) -> Course:
    """The course by lines and texts alone."""
    structured = _in_turn((line.sequence, _days(line)) for line in lines)
    texts = steps_of_texts(lines, knowledge)
    written = [_in_turn((step.sequence, _days(step)) for step in steps) for steps in texts]
    both = [(_days(line), days) for line, days in zip(lines, written, strict=True)]
    days = _in_turn(
        (line.sequence, max((each for each in pair if each is not None), default=None))
        for line, pair in zip(lines, both, strict=True)
    )
    steps = {(line.sequence, step.sequence) for line, text in zip(lines, texts, strict=True) for step in text}
    return Course(
        days=days,
        stepped=days is not None and len(steps or {line.sequence for line in lines}) > 1,
        of_text=days is not None and structured is None,
        differs=any(one is not None and other is not None and one != other for one, other in both),
    )


@memoised
def _of_supply(supply: Supply, repeats: Fraction, product: Product | None, knowledge: Knowledge) -> Course:
    """The course by what is dispensed alone."""
    plausible = knowledge.vocabulary.plausible
    too_many = repeats > plausible.repeats_at_most.value
    too_long = supply.days is not None and supply.days > plausible.days_of_supply_at_most.value
    times = ONE + repeats
    days = None if too_many or too_long else supply.days or None
    fill: Fill | None = None
    if supply.quantity is not None and product is not None and not too_many:
        readings = dispensed_portions(supply.quantity, product, knowledge.vocabulary)
        if not isinstance(readings, Refusal):
            largest = max(readings, key=lambda portion: portion.size)
            pieces = is_of_each(supply.quantity, knowledge.vocabulary)
            fill = None if largest.units is None else Fill(largest.units, times, days, pieces, plausible)
    return Course(
        supplied_days=None if days is None else days * times,
        fill_days=days,
        fill=fill,
        refilled=repeats > ZERO,
        supply_not_believed=too_many or too_long,
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
