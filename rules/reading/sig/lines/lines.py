"""The dosage lines of a text that was read: what is stated twice is taken once, steps are numbered, gaps filled.

Nothing is added that the text does not say; a line that fits nowhere makes the whole text unread.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from rules.knowledge.lexicon.sig_words import SigWords
from rules.model import Dosage
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import ONCE_A_DAY, Connector, SigDraft, SigLine, SigStep
from rules.reading.sig.lines.dosages import dosage_of, maxima
from rules.reading.sig.lines.steps import (
    fill_label,
    fill_step,
    how_often,
    slots_of,
    take_turns,
    within_one_day,
    without_echoes,
    without_second_telling,
)
from rules.reading.sig.scan.lexemes import Lexeme, UnreadError
from rules.reading.sig.trace import SigRate

# What a line states of its dose: a comparable value by measure.
Statement = frozenset[tuple[str, Hashable]]


def dosages_of(draft: SigDraft, words: SigWords, fallback: Lexeme) -> tuple[Dosage, ...]:
    """The dosage lines of a draft; an error names ``fallback`` where it can name no line.

    Raises:
        UnreadError: lines contradict each other, or one of them fits nowhere.
    """
    if draft.pending is Connector.EXTRA:
        # "May take extra", and no word of how much.
        raise UnreadError(fallback)
    _drop_dispensed(draft, words)
    steps = [step for step in draft.steps if any(not line.empty for line in step.lines)]
    for step in steps:
        step.lines = [line for line in step.lines if not line.empty]
        for line in step.lines:
            if line.rated and line.as_needed and line.count is not None and line.count[1] <= ONE:
                # "At bedtime as needed x 1" is no single dose: one at a time, or once again.
                line.count = None
        fill_label(step)
    steps = without_second_telling(within_one_day(without_echoes(steps, fallback), fallback))
    for index, step in enumerate(steps):
        fill_step(step, steps[index - 1] if index else None)
        if step.alternating:
            take_turns(step, fallback)
        step.lines = _lines_of(step, fallback)
    _refuse_open_repeat(draft)
    maximum = maxima(draft.limits, steps)
    if not steps:
        steps = [step for step in draft.steps if step.days is not None or any(line.routes for line in step.lines)][:1]
    if draft.limits and not steps:
        steps = [SigStep()]
    if draft.refilled:
        # "For 30 days, 5 refills": so long lasts one supply.
        for step in steps:
            step.days = None
    several = bool(steps[1:])
    return tuple(
        dosage_of(part, step, number if several else None, maximum, words)
        for number, step in enumerate(steps, 1)
        for line in step.lines
        for part in _with_repeats(line)
    )


def _drop_dispensed(draft: SigDraft, words: SigWords) -> None:
    """Drop a last number that belongs to nothing: ``... twice daily 30``, ``... 90 cap, 0 refills``."""
    line = draft.line
    several = len(draft.steps) > 1 or len(draft.step.lines) > 1
    if not several or line.timed or len(line.doses) != 1 or line.connector in (Connector.AND, Connector.EXTRA):
        return
    dose = line.doses[0]
    whole = dose.high.denominator == 1 and dose.low == dose.high and dose.high >= words.dispensed_at_least
    if whole and dose.countable:
        draft.step.lines.pop()
        if not draft.step.lines:
            draft.steps.pop()


def _lines_of(step: SigStep, fallback: Lexeme) -> list[SigLine]:
    """The lines of one step without what is stated twice.

    Raises:
        UnreadError: a line cannot be taken beside those before it.
    """
    if not step.lines[1:]:
        return step.lines
    lines: list[SigLine] = []
    stated = _Stated()
    for line in step.lines:
        if line.connector in (Connector.BARE, Connector.SENTENCE, Connector.COMMA) and stated.repeated_by(line):
            continue
        if line.doses and not line.timed and stated.echoed_by(line):
            continue
        lines.append(line)
        stated.add(line)
    parts = _parts_of_sum(lines)
    if parts is not None:
        return parts
    before = _Stated()
    for line in lines:
        if not before.empty and not before.goes_with(line):
            raise UnreadError(line.first or fallback)
        before.add(line)
    return lines


@dataclass(slots=True)
class _Stated:
    """What lines of a step stated so far, so that a further one is compared with all of them at once."""

    empty: bool = True
    doses: set[Hashable] = field(default_factory=set)
    uses: dict[Hashable, set[Statement]] = field(default_factory=dict)
    slots: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    all_slotted: bool = True
    all_dated: bool = True

    def add(self, line: SigLine) -> None:
        """A further line."""
        slots = frozenset(slots_of(line))
        for dose in line.doses:
            use = (dose.comparable, *_use(line))
            self.doses.add(dose.comparable)
            for key in (use, (use, slots)):
                self.uses.setdefault(key, set()).add(_statement(line))
        self.empty = False
        self.slots |= slots
        self.days.update(line.days)
        self.all_slotted = self.all_slotted and bool(slots)
        self.all_dated = self.all_dated and bool(line.days)

    def repeated_by(self, line: SigLine) -> bool:
        """Whether a line states the same dose at the same times; where either names no moments, those agree."""
        slots = frozenset(slots_of(line))
        uses = [(dose.comparable, *_use(line)) for dose in line.doses]
        keys: list[Hashable] = [(use, named) for use in uses for named in (slots, frozenset())] if slots else [*uses]
        statement = _statement(line)
        return any(_agree(statement, other) for key in keys for other in self.uses.get(key, ()))

    def echoed_by(self, line: SigLine) -> bool:
        """Whether a dose alone repeats that of another line, with its unit: ``15 mL twice a day, swish 15 mL``."""
        if line.connector in (Connector.AND, Connector.EXTRA) or any(dose.unit is None for dose in line.doses):
            return False
        return any(dose.comparable in self.doses for dose in line.doses)

    def goes_with(self, line: SigLine) -> bool:
        """Whether a further line can be taken beside those before it."""
        if not line.timed and line.doses:
            return False
        if line.connector in (Connector.AND, Connector.EXTRA):
            return True
        if line.as_needed and line.connector is Connector.SENTENCE:
            return True
        if line.days and self.all_dated and self.days.isdisjoint(line.days):
            return True
        slots = slots_of(line)
        listed = line.connector in (Connector.COMMA, Connector.SENTENCE)
        return bool(slots) and (self.all_slotted or listed) and self.slots.isdisjoint(slots)


def _statement(line: SigLine) -> Statement:
    """What a line states of its dose, by measure."""
    return frozenset((dose.measure, dose.comparable) for dose in line.doses)


def _agree(one: Statement, other: Statement) -> bool:
    """Whether two statements agree in every measure that both have: one tablet of 150 mg is not one of 100 mg."""
    by_measure = dict(one)
    return all(by_measure.get(measure, value) == value for measure, value in other)


def _use(line: SigLine) -> tuple[Hashable, ...]:
    """When a dose is taken, beside its moments."""
    return tuple(line.days), line.as_needed, how_often(line)


def _parts_of_sum(lines: list[SigLine]) -> list[SigLine] | None:
    """``3 tablets a day, 1 in the morning and 2 at night``: the lines after the first, if that is their sum."""
    if not lines[1:] or lines[0].rate is None or not lines[0].doses or lines[0].moments or lines[0].as_needed:
        return None
    first, *others = lines
    if not others[1:] or others[0].connector in (Connector.AND, Connector.EXTRA):
        return None
    if any(not line.doses or line.rate or not (line.moments or line.clock) for line in others):
        return None
    whole = first.doses[0].high * lines[0].rate.most_per_day
    parts = sum((line.doses[0].high * (len(line.moments) + len(line.clock)) for line in others), Fraction(0))
    return others if parts == whole and first.doses[0].countable == others[0].doses[0].countable else None


def _with_repeats(line: SigLine) -> list[SigLine]:
    """A line that may be repeated is the line, and as many again as needed."""
    if not line.repeats or not line.rated or line.count is not None:
        return [line]
    rate = line.rate or ONCE_A_DAY
    slots = Fraction(max(len(line.moments) + len(line.clock), 1))
    times = rate.times[1] if line.rate and rate != ONCE_A_DAY else slots
    more = SigRate((times * line.repeats, times * line.repeats), rate.every, rate.unit)
    again = replace(
        line, connector=Connector.EXTRA, rate=more, moments=[], clock=[], as_needed=True, repeats=Fraction(0)
    )
    return [line, again]


def _refuse_open_repeat(draft: SigDraft) -> None:
    """Refuse "may repeat" without a number, unless a written maximum bounds it.

    Raises:
        UnreadError: it does not.
    """
    rated = any(line.rated for step in draft.steps for line in step.lines)
    if draft.open_repeat is not None and rated and not draft.limits:
        raise UnreadError(draft.open_repeat)
