"""Where a dose belongs: to its line, as the same dose said again, or to a line or step of its own."""

from __future__ import annotations

from dataclasses import replace

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.clauses.dose import read_dose
from rules.reading.sig.draft import Joint, NoDailyRate, SigDose, SigDraft
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.marks import Lexeme

HOURS = frozenset({"h", "min", "s"})


def read_whole(cursor: Cursor, vocabulary: DosingVocabulary) -> list[SigDose] | None:
    """The dose behind an equals sign, which may be a sum: ``= one 5 mg tablet plus one 2 mg tablet``."""
    doses = read_dose(cursor, vocabulary)
    while doses is not None and cursor.at(WordKind.PLUS, WordKind.AND):
        place, first = cursor.position, cursor.next()
        more = read_dose(cursor, vocabulary)
        if more is None:
            cursor.position = place
            break
        doses = [_sum(cursor, doses, more, first)]
    return None if doses is None else [replace(dose, total=True) for dose in doses]


def add_dose(cursor: Cursor, draft: SigDraft, doses: list[SigDose], bracketed: bool = False) -> None:
    """Put a dose where it belongs: to the line, as another statement of its dose, or into a line of its own."""
    first = doses[0].mark
    line = draft.line
    if (
        doses[0].kind in (UnitKind.MASS, UnitKind.VOLUME)
        and cursor.at(WordKind.PER_PERIOD)
        and cursor.peek().code in HOURS
    ):
        draft.reasons.append(NoDailyRate.INFUSION)
    if doses[0].kind is UnitKind.FLOW:
        draft.reasons.append(NoDailyRate.INFUSION)
    draft.note(first, cursor.peek(-1), f"dose: {_shown(doses)}")
    if not line.doses:
        line.doses.extend(doses)
        draft.touch(first)
        draft.pending = None
        return
    if draft.step.alternating and draft.pending is Joint.AND:
        draft.new_line(Joint.AND, first).doses.extend(doses)
        return
    if (bracketed or doses[0].total) and draft.pending is None and _is_other_measure(line.doses, doses):
        # "2.5 mL at night (5 mg)", "1.5 tablets daily, 15 mg total".
        line.doses.extend(doses)
        return
    if line.timed or draft.step.days is not None:
        step = draft.step
        closed = step.days is not None and draft.pending in (None, Joint.SENTENCE)
        if closed and _other_strength(line.doses, doses):
            # "One 150 mg tablet for 5 days, one 100 mg tablet for 5 days": one after the other, or both.
            raise cursor.give_up(first)
        if closed if step.label is None or step.label_leads else True:
            draft.new_step()
        else:
            draft.new_line(draft.pending or (Joint.COMMA if draft.listed else Joint.BARE), first)
        draft.touch(first)
        draft.line.doses.extend(doses)
        draft.pending = None
        return
    _restate(cursor, draft, doses)


def _restate(cursor: Cursor, draft: SigDraft, doses: list[SigDose]) -> None:
    """A second dose before any time was named: said again, said in another unit, added, or not understood."""
    line, first = draft.line, doses[0].mark
    joined = draft.pending
    draft.pending = None
    if joined in (Joint.AND, Joint.EXTRA):
        line.doses = [_sum(cursor, line.doses, doses, first)]
    elif any(old.same_as(new) for old in line.doses for new in doses):
        return
    elif _is_other_measure(line.doses, doses):
        if line.doses[0].kind is UnitKind.MASS and doses[0].countable and not _is_one(doses[0], cursor, line.named):
            # "15 mg 1-2 capsules": what one of them holds; "0.5 mg, 1 tablet", "25 mg (half a tablet)": the dose.
            line.doses = doses
        else:
            line.doses.extend(doses)
    elif joined is Joint.SENTENCE and _is_dispensed(line.doses, cursor):
        line.doses = doses
    else:
        raise cursor.give_up(first)


def _is_one(dose: SigDose, cursor: Cursor, named: bool) -> bool:
    """Whether a count behind a mass can only be that mass: one unit, or any number in brackets or behind "="."""
    if dose.total or (cursor.sign(")") and not named):
        return True
    return dose.low == dose.high == ONE and not named


def _is_other_measure(old: list[SigDose], new: list[SigDose]) -> bool:
    return {each.measure for each in old}.isdisjoint(each.measure for each in new)


def _other_strength(old: list[SigDose], new: list[SigDose]) -> bool:
    """Whether both name the strength of one unit, and not the same."""
    before, after = ([(each.high, each.unit) for each in doses if each.strength] for doses in (old, new))
    return bool(before) and bool(after) and before != after


def _sum(cursor: Cursor, old: list[SigDose], new: list[SigDose], first: Lexeme) -> SigDose:
    """``one 5 mg tablet plus one 2 mg tablet``: the sum in the unit that both are stated in."""
    for one in sorted(old, key=lambda dose: dose.countable):
        for other in new:
            if one.unit == other.unit and one.unit is not None and one.low is not None and other.low is not None:
                return SigDose(one.low + other.low, one.high + other.high, one.unit, one.kind, one.mark, total=True)
    raise cursor.give_up(first)


def _is_dispensed(doses: list[SigDose], cursor: Cursor) -> bool:
    """Whether a number before the instruction can be what was dispensed: ``20 tablets. One tablet twice a day``."""
    dose = doses[0]
    whole = dose.high.denominator == 1 and dose.low == dose.high
    return not doses[1:] and dose.countable and whole and dose.high >= cursor.words.dispensed_at_least


def _shown(doses: list[SigDose]) -> str:
    shown = [
        f"{'' if dose.low in (None, dose.high) else f'{dose.low} to '}{dose.high} {dose.unit or ''}" for dose in doses
    ]
    return " = ".join(each.strip() for each in shown)
