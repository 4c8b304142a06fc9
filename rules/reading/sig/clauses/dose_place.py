"""Where a dose belongs: to its line, as the same dose stated again, or to a line or step of its own."""

from __future__ import annotations

from dataclasses import replace

from rules.knowledge.lexicon.vocabulary import PARENTERAL, UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.clauses.dose import read_dose
from rules.reading.sig.draft import Connector, SigDose, SigDraft
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme
from rules.reading.sig.trace import DoseValue, NoDailyRate

HOURS = frozenset({"h", "min", "s"})


def read_total(cursor: Cursor) -> list[SigDose] | None:
    """The dose after an equals sign, which may be a sum: ``= one 5 mg tablet plus one 2 mg tablet``.

    ::

        total = dose, { ( "plus" | "and" ), dose } ;

    Raises:
        UnreadError: the doses have no unit in common.
    """
    doses = read_dose(cursor)
    while doses is not None and cursor.at(WordKind.PLUS, WordKind.AND):
        begin, first = cursor.position, cursor.next()
        more = read_dose(cursor)
        if more is None:
            cursor.position = begin
            break
        doses = [_sum(cursor, doses, more, first)]
    return None if doses is None else [replace(dose, total=True) for dose in doses]


def add_dose(cursor: Cursor, draft: SigDraft, doses: list[SigDose], bracketed: bool = False) -> None:
    """Put a dose where it belongs: to the line, as another statement of its dose, or into a line of its own.

    Raises:
        UnreadError: it contradicts the dose of the line, or may be the same or another one.
    """
    first = doses[0].first
    line, step = draft.line, draft.step
    if doses[0].kind is UnitKind.FLOW or (
        doses[0].kind in (UnitKind.MASS, UnitKind.VOLUME)
        and cursor.at(WordKind.PER_PERIOD)
        and cursor.peek().code in HOURS
    ):
        draft.no_daily_rate.append(NoDailyRate.INFUSION)
    if doses[0].kind is UnitKind.RATE and PARENTERAL in line.routes:
        draft.no_daily_rate.append(NoDailyRate.INFUSION)
    if doses[0].kind is UnitKind.BY_WEIGHT:
        draft.no_daily_rate.append(NoDailyRate.BY_WEIGHT)
    draft.note(first, cursor.peek(-1), DoseValue(tuple(dose.traced for dose in doses)))
    if not line.doses:
        line.doses.extend(doses)
        draft.begin_line(first)
        draft.pending = None
    elif step.alternating and draft.pending is Connector.AND:
        draft.new_line(Connector.AND, first).doses.extend(doses)
    elif (bracketed or doses[0].total) and draft.pending is None and _other_measure(line.doses, doses):
        # "2.5 mL at night (5 mg)", "1.5 tablets daily, 15 mg total".
        line.doses.extend(doses)
    elif line.timed or step.days is not None:
        ended = step.days is not None and draft.pending in (None, Connector.SENTENCE)
        if ended and _other_strength(line.doses, doses):
            # "One 150 mg tablet for 5 days, one 100 mg tablet for 5 days": one after the other, or both.
            raise cursor.error(first)
        # "Week 1: 1 tab AM, 1/2 tab HS; week 2: ...": the parts of a day of the step that its label opened.
        part_of_day = step.label is not None and step.label_first and bool(line.moments) and not line.rate
        if not part_of_day and (ended if step.label is None or step.label_first else True):
            draft.new_step()
        else:
            draft.new_line(draft.pending or (Connector.COMMA if draft.after_comma else Connector.BARE), first)
        draft.begin_line(first)
        draft.line.doses.extend(doses)
        draft.pending = None
    else:
        _restate(cursor, draft, doses)


def _restate(cursor: Cursor, draft: SigDraft, doses: list[SigDose]) -> None:
    """A second dose before any time was named: stated again, stated in another unit, added, or not understood."""
    line, first = draft.line, doses[0].first
    connector = draft.pending
    draft.pending = None
    if connector in (Connector.AND, Connector.EXTRA):
        line.doses = [_sum(cursor, line.doses, doses, first)]
    elif any(old.same_as(new) for old in line.doses for new in doses):
        return
    elif _other_measure(line.doses, doses):
        if line.doses[0].kind is UnitKind.MASS and doses[0].countable and not _is_that_mass(doses[0], cursor, draft):
            # "15 mg 1-2 capsules": what one of them holds; "0.5 mg, 1 tablet", "25 mg (half a tablet)": the dose.
            line.doses = doses
        else:
            line.doses.extend(doses)
    elif connector is Connector.SENTENCE and _is_dispensed(line.doses, cursor):
        line.doses = doses
    else:
        raise cursor.error(first)


def _is_that_mass(dose: SigDose, cursor: Cursor, draft: SigDraft) -> bool:
    """Whether a count after a mass can only be that mass: one unit, or any number in brackets or after "="."""
    if dose.total:
        return True
    return not draft.line.product_named and (cursor.sign(")") or dose.low == dose.high == ONE)


def _other_measure(old: list[SigDose], new: list[SigDose]) -> bool:
    return {dose.measure for dose in old}.isdisjoint(dose.measure for dose in new)


def _other_strength(old: list[SigDose], new: list[SigDose]) -> bool:
    """Whether both name the strength of one unit, and not the same."""
    before, after = ([(dose.high, dose.unit) for dose in doses if dose.strength] for doses in (old, new))
    return bool(before) and bool(after) and before != after


def _sum(cursor: Cursor, old: list[SigDose], new: list[SigDose], first: Lexeme) -> SigDose:
    """``one 5 mg tablet plus one 2 mg tablet``: the sum in the unit that both are stated in."""
    for one in sorted(old, key=lambda dose: dose.countable):
        for other in new:
            if one.unit == other.unit and one.unit is not None and one.low is not None and other.low is not None:
                return SigDose(one.low + other.low, one.high + other.high, one.unit, one.kind, one.first, total=True)
    raise cursor.error(first)


def _is_dispensed(doses: list[SigDose], cursor: Cursor) -> bool:
    """Whether a number before the instruction can be what was dispensed: ``20 tablets. One tablet twice a day``."""
    dose = doses[0]
    whole = dose.high.denominator == 1 and dose.low == dose.high
    return not doses[1:] and dose.countable and whole and dose.high >= cursor.words.dispensed_at_least
