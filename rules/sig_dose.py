"""The dose of a written dosage: how many of what, and what one of them holds."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.dose_words import Forms, UnitKind
from rules.knowledge.sig_kinds import Kind
from rules.quantity import ONE
from rules.sig_cursor import Cursor
from rules.sig_draft import Draft, Joint, NoDailyRate, SigDose
from rules.sig_numbers import Numbers, read_numbers
from rules.sig_scan import Mark

HOURS = frozenset({"h", "min", "s"})
MILLILITRE = "millilitre"


def read_dose(cursor: Cursor, forms: Forms, up_to: bool = False) -> list[SigDose] | None:
    """The statements of one dose that begin at the place, which are passed; None if no dose stands here."""
    begin = cursor.position
    first = cursor.peek()
    numbers = _numbers(cursor, forms)
    if numbers is None or numbers.high <= 0:
        cursor.position = begin
        return None
    doses = _counted(cursor, numbers, first, forms)
    if doses is None:
        cursor.position = begin
        return None
    if up_to:
        doses = [_changed(dose, low=None) for dose in doses]
    if cursor.accept(Kind.TOTAL):
        doses = [_changed(dose, low=dose.low, total=True) for dose in doses]
    return doses


def _numbers(cursor: Cursor, forms: Forms) -> Numbers | None:
    """How many: a number, "a" before a unit, or nothing before a unit of which one is meant."""
    mark = cursor.peek()
    if cursor.follows(Kind.ARTICLE, Kind.UNIT) and _kind(cursor.peek(1).code, forms) is not None:
        cursor.next()
        return Numbers(ONE, ONE, mark, mark)
    extra = cursor.peek(-1).kind is Kind.ADDITIONAL
    if cursor.at(Kind.UNIT) and (extra or mark.code in cursor.words.unnumbered):
        return Numbers(ONE, ONE, mark, mark)
    return read_numbers(cursor)


def _counted(cursor: Cursor, numbers: Numbers, first: Mark, forms: Forms) -> list[SigDose] | None:
    """The number with its unit, and the content of one unit where that is stated."""
    low, high = numbers.low, numbers.high
    begin = cursor.position
    multiplied = cursor.accept(Kind.TIMES) is not None
    cursor.skip("(")
    inner = read_numbers(cursor) if cursor.at(Kind.NUMBER) else None
    if inner is not None and cursor.at(Kind.UNIT):
        content = cursor.next()
        kind = _kind(content.code, forms)
        cursor.skip(")-", Kind.RELEASE)
        if kind is UnitKind.VOLUME and (cursor.accept(Kind.SPOON) or multiplied):
            return [SigDose(low * inner.low, high * inner.high, content.code, kind, first)]
        if kind in (UnitKind.MASS, UnitKind.RATE) and (multiplied or _is_form(cursor, forms)):
            whole = SigDose(low * inner.low, high * inner.high, content.code, kind, first, total=multiplied)
            form = cursor.accept(Kind.UNIT) if _is_form(cursor, forms) else None
            if form is None:
                return [whole]
            counted = SigDose(low, high, form.code, _kind(form.code, forms), first)
            return [counted, _changed(whole, low=whole.low, strength=True)] if low == high == ONE else [counted]
    cursor.position = begin
    if multiplied and inner is not None:
        return None
    return _plain(cursor, numbers, first, forms)


def _plain(cursor: Cursor, numbers: Numbers, first: Mark, forms: Forms) -> list[SigDose] | None:
    """``2 tablets``, ``5 mg``, ``5 mg tablet``, ``5 mg to 10 mg``, ``2``."""
    low, high = numbers.low, numbers.high
    if cursor.sign("-") and cursor.at(Kind.UNIT, ahead=1) and cursor.glued():
        cursor.next()
    if cursor.at(Kind.UNIT, ahead=1):
        cursor.accept(Kind.ADDITIONAL)
    unit = cursor.accept(Kind.UNIT)
    if unit is None:
        if numbers.loose or cursor.at(Kind.PERIOD, Kind.SPOON, Kind.LENGTH) or _another_number(cursor):
            return None
        if cursor.sign(".") and cursor.glued() and cursor.peek(1).text[:1].isdigit():
            # "2. 5 ml" is two and a half as likely as two.
            return None
        return [SigDose(low, high, None, None, first)]
    kind = _kind(unit.code, forms)
    if cursor.at(Kind.ADDED) and low == high and low.denominator == 1:
        # "One tablet and a half".
        low = high = high + (cursor.next().value or 0)
        if cursor.at(Kind.UNIT) and cursor.peek().code == unit.code:
            cursor.next()
    place = cursor.position
    if cursor.sign("-") or cursor.at(Kind.TO, Kind.OR):
        cursor.next()
        upper = read_numbers(cursor)
        if upper is not None and upper.low == upper.high > high and cursor.peek().code == unit.code:
            cursor.next()
            high = upper.high
        else:
            cursor.position = place
    dose = SigDose(low, high, unit.code, kind, first)
    if kind in (UnitKind.MASS, UnitKind.RATE, None):
        place = cursor.position
        cursor.skip("", Kind.RELEASE)
        if _is_form(cursor, forms):
            if numbers.loose:
                # "1 - 60 mg tablet" is one of 60 mg, or 1 to 60.
                return None
            cursor.next()
            return [_changed(dose, low=dose.low, strength=True)]
        cursor.position = place
    return [dose]


def _another_number(cursor: Cursor) -> bool:
    """Whether a second number follows that does not say how often: "1 2 daily" and "1 5 mg" may mean anything."""
    begin = cursor.position
    another = read_numbers(cursor)
    cursor.skip("-")
    days_of_use = cursor.at(Kind.PERIOD) and cursor.at(Kind.PER_PERIOD, Kind.PER, Kind.EVERY, ahead=1)
    meant = another is None or days_of_use or cursor.at(Kind.TIMES, Kind.HOURLY)
    cursor.position = begin
    return not meant


def _is_form(cursor: Cursor, forms: Forms) -> bool:
    return cursor.at(Kind.UNIT) and _kind(cursor.peek().code, forms) is UnitKind.COUNTABLE


def _kind(unit: str, forms: Forms) -> UnitKind | None:
    known = forms.unit(unit)
    return known.kind if known else None


def _changed(dose: SigDose, low: Fraction | None, strength: bool = False, total: bool = False) -> SigDose:
    return SigDose(low, dose.high, dose.unit, dose.kind, dose.mark, strength or dose.strength, total or dose.total)


def read_whole(cursor: Cursor, forms: Forms) -> list[SigDose] | None:
    """The dose behind an equals sign, which may be a sum: ``= one 5 mg tablet plus one 2 mg tablet``."""
    doses = read_dose(cursor, forms)
    while doses is not None and cursor.at(Kind.PLUS, Kind.AND):
        place, first = cursor.position, cursor.next()
        more = read_dose(cursor, forms)
        if more is None:
            cursor.position = place
            break
        doses = [_sum(cursor, doses, more, first)]
    return None if doses is None else [_changed(dose, low=dose.low, total=True) for dose in doses]


def add_dose(cursor: Cursor, draft: Draft, doses: list[SigDose], bracketed: bool = False) -> None:
    """Put a dose where it belongs: to the line, as another statement of its dose, or into a line of its own."""
    first = doses[0].mark
    line = draft.line
    if doses[0].kind in (UnitKind.MASS, UnitKind.VOLUME) and cursor.at(Kind.PER_PERIOD) and cursor.peek().code in HOURS:
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


def _restate(cursor: Cursor, draft: Draft, doses: list[SigDose]) -> None:
    """A second dose before any time was named: said again, said in another unit, added, or not understood."""
    line, first = draft.line, doses[0].mark
    joined = draft.pending
    draft.pending = None
    if joined in (Joint.AND, Joint.EXTRA):
        line.doses = [_sum(cursor, line.doses, doses, first)]
    elif any(old.same_as(new) for old in line.doses for new in doses):
        return
    elif _is_other_measure(line.doses, doses):
        if line.named and draft.verb and not line.doses[0].countable and doses[0].countable:
            line.doses = doses
        else:
            line.doses.extend(doses)
    elif joined is Joint.SENTENCE and _is_dispensed(line.doses, cursor):
        line.doses = doses
    else:
        raise cursor.give_up(first)


def _is_other_measure(old: list[SigDose], new: list[SigDose]) -> bool:
    return {each.measure for each in old}.isdisjoint(each.measure for each in new)


def _other_strength(old: list[SigDose], new: list[SigDose]) -> bool:
    """Whether both name the strength of one unit, and not the same."""
    before, after = ([(each.high, each.unit) for each in doses if each.strength] for doses in (old, new))
    return bool(before) and bool(after) and before != after


def _sum(cursor: Cursor, old: list[SigDose], new: list[SigDose], first: Mark) -> SigDose:
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
