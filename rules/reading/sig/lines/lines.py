"""From what was understood to dosage lines: what is said twice is taken once, steps are numbered, gaps filled.

Nothing is added that the text does not say; a line that fits nowhere makes the whole text unread.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from rules.knowledge.lexicon.sig_words import SigWords
from rules.model import Dosage
from rules.reading.sig.draft import ONCE_A_DAY, Joint, SigDraft, SigLine, SigRate, SigStep
from rules.reading.sig.lines.dosages import dosage_of, maxima
from rules.reading.sig.lines.steps import (
    fill_label,
    fill_step,
    how_often,
    said_once,
    slots_of,
    take_turns,
    within_one_day,
    without_echoes,
)
from rules.reading.sig.scan.cursor import UnreadError
from rules.reading.sig.scan.marks import Lexeme

Statement = frozenset[tuple[str, Hashable]]


def dosages(draft: SigDraft, words: SigWords, end: Lexeme) -> tuple[Dosage, ...]:
    """The dosage lines of a draft.

    Raises:
        UnreadError: lines contradict each other, or one of them fits nowhere.
    """
    if draft.pending is Joint.EXTRA:
        # "May take extra", and no word of how much.
        raise UnreadError(end)
    _drop_dispensed(draft, words)
    steps = [step for step in draft.steps if any(not line.empty for line in step.lines)]
    for step in steps:
        step.lines = [line for line in step.lines if not line.empty]
    for step in steps:
        fill_label(step)
    steps = said_once(within_one_day(without_echoes(steps, end), end))
    for place, step in enumerate(steps):
        fill_step(step, steps[place - 1] if place else None)
        if step.alternating:
            take_turns(step, end)
        step.lines = _together(step.lines, end)
    _refuse_open_repeat(draft)
    maximum = maxima(draft.limits, steps)
    if maximum and not steps:
        steps = [SigStep([SigLine(Joint.FIRST)])]
    several = bool(steps[1:])
    return tuple(
        dosage_of(line, step, place + 1 if several else None, maximum, words)
        for place, step in enumerate(steps)
        for given in step.lines
        for line in _repeated(given)
    )


def _drop_dispensed(draft: SigDraft, words: SigWords) -> None:
    """Take away a last number that belongs to nothing: ``... twice daily 30``, ``... 90 cap, 0 refills``."""
    line = draft.line
    alone = len(draft.steps) > 1 or len(draft.step.lines) > 1
    if not alone or line.timed or len(line.doses) != 1 or line.joint in (Joint.AND, Joint.EXTRA):
        return
    dose = line.doses[0]
    whole = dose.high.denominator == 1 and dose.low == dose.high and dose.high >= words.dispensed_at_least
    if whole and dose.countable:
        draft.step.lines.pop()
        if not draft.step.lines:
            draft.steps.pop()


def _together(lines: list[SigLine], end: Lexeme) -> list[SigLine]:
    """The lines of one step without what is said twice."""
    kept: list[SigLine] = []
    said = _Said()
    for line in lines:
        if line.joint in (Joint.BARE, Joint.SENTENCE, Joint.COMMA) and said.again(line):
            continue
        if line.doses and not line.timed and said.echoed(line):
            continue
        kept.append(line)
        said.add(line)
    split = _split(kept)
    if split is not None:
        return split
    before = _Said()
    for line in kept:
        if not before.empty and not before.takes(line):
            raise UnreadError(line.first or end)
        before.add(line)
    return kept


@dataclass(slots=True)
class _Said:
    """What the lines of a step said so far, so that a further one is compared with all of them at once."""

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
            use = (dose.said, *_use(line))
            self.doses.add(dose.said)
            for key in (use, (use, slots)):
                self.uses.setdefault(key, set()).add(_statement(line))
        self.empty = False
        self.slots |= slots
        self.days.update(line.days)
        self.all_slotted = self.all_slotted and bool(slots)
        self.all_dated = self.all_dated and bool(line.days)

    def again(self, line: SigLine) -> bool:
        """Whether a line said the same dose at the same times; where either names no moments, those agree."""
        slots = frozenset(slots_of(line))
        uses = [(dose.said, *_use(line)) for dose in line.doses]
        keys: list[Hashable] = [(use, named) for use in uses for named in (slots, frozenset())] if slots else [*uses]
        mine = _statement(line)
        return any(_agree(mine, other) for key in keys for other in self.uses.get(key, ()))

    def echoed(self, line: SigLine) -> bool:
        """Whether a dose alone repeats that of another line, with its unit: ``15 mL twice a day, swish 15 mL``."""
        if line.joint in (Joint.AND, Joint.EXTRA) or any(dose.unit is None for dose in line.doses):
            return False
        return any(dose.said in self.doses for dose in line.doses)

    def takes(self, line: SigLine) -> bool:
        """Whether a further line can be taken beside those before it."""
        if not line.timed and line.doses:
            return False
        if line.joint in (Joint.AND, Joint.EXTRA):
            return True
        if line.as_needed and line.joint is Joint.SENTENCE:
            return True
        if line.days and self.all_dated and self.days.isdisjoint(line.days):
            return True
        named = slots_of(line)
        listed = line.joint in (Joint.COMMA, Joint.SENTENCE)
        return bool(named) and (self.all_slotted or listed) and self.slots.isdisjoint(named)


def _statement(line: SigLine) -> Statement:
    """What a line says of its dose, by measure."""
    return frozenset((dose.measure, dose.said) for dose in line.doses)


def _agree(one: Statement, other: Statement) -> bool:
    """Whether two statements differ in no measure: one tablet of 150 mg is none of 100 mg."""
    told = dict(one)
    return all(told.get(measure, said) == said for measure, said in other)


def _use(line: SigLine) -> tuple[Hashable, ...]:
    """When a dose is taken, beside its moments."""
    return tuple(line.days), line.as_needed, how_often(line)


def _split(lines: list[SigLine]) -> list[SigLine] | None:
    """``3 tablets a day, 1 in the morning and 2 at night``: the first line is the sum of the others."""
    if not lines[1:] or lines[0].rate is None or not lines[0].doses or lines[0].moments or lines[0].as_needed:
        return None
    first, *others = lines
    if not others[1:] or others[0].joint in (Joint.AND, Joint.EXTRA):
        return None
    if any(not line.doses or line.rate or not (line.moments or line.clock) for line in others):
        return None
    whole = first.doses[0].high * lines[0].rate.a_day
    parts = sum((line.doses[0].high * (len(line.moments) + len(line.clock)) for line in others), Fraction(0))
    return others if parts == whole and first.doses[0].countable == others[0].doses[0].countable else None


def _repeated(line: SigLine) -> list[SigLine]:
    """A line that may be repeated is the line, and as many again as needed."""
    if not line.repeats or not line.rated or line.count is not None:
        return [line]
    rate = line.rate or ONCE_A_DAY
    slots = Fraction(max(len(line.moments) + len(line.clock), 1))
    times = rate.times[1] if line.rate and rate != ONCE_A_DAY else slots
    more = SigRate((times * line.repeats, times * line.repeats), rate.every, rate.unit)
    again = replace(line, joint=Joint.EXTRA, rate=more, moments=[], clock=[], as_needed=True, repeats=Fraction(0))
    return [line, again]


def _refuse_open_repeat(draft: SigDraft) -> None:
    """ "May repeat" without a number is bounded only by a written maximum."""
    rated = any(line.rated for step in draft.steps for line in step.lines)
    if draft.open_repeat is not None and rated and not draft.limits:
        raise UnreadError(draft.open_repeat)
