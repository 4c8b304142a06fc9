"""The dose of a written dosage: how many of what, and what one of them holds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import Forms, UnitKind
from rules.knowledge.lexicon.word_kinds import Kind
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import SigDose
from rules.reading.sig.scan.cursor import Cursor, Numbers
from rules.reading.sig.scan.marks import Mark
from rules.reading.sig.scan.numbers import read_numbers

# What may stand between the concentration of a product and the dose of it.
BEFORE_DOSE = (Kind.NAME, Kind.REMARK, Kind.RELEASE, Kind.VERB, Kind.ROUTE, Kind.DIRECTIONS)


def read_dose(cursor: Cursor, forms: Forms, up_to: bool = False) -> list[SigDose] | None:
    """The statements of one dose that begin at the place, which are passed; None if no dose stands here."""
    begin = cursor.position
    first = cursor.peek()
    numbers = _numbers(cursor, forms)
    if numbers is None or numbers.high <= 0:
        cursor.position = begin
        return None
    doses = _counted(cursor, numbers, first, forms)
    # "2 x 0 mL" is no dose of nothing: it is not understood.
    if doses is None or any(dose.high <= 0 for dose in doses):
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
    if kind is UnitKind.MASS and low * cursor.words.widest_range < high:
        # "5-325 mg" are the strengths of two agents.
        return None
    known = forms.unit(unit.code)
    dose = SigDose(low, high, unit.code, kind, first, size=known.size if known and known.size else ONE)
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
    return replace(dose, low=low, strength=strength or dose.strength, total=total or dose.total)


def pass_concentration(cursor: Cursor, forms: Forms) -> bool:
    """Pass ``2 mg/mL``, ``10 mg/5 mL`` before a dose in millilitres: it is the product's, and no dose."""
    begin = cursor.position
    mass = read_numbers(cursor)
    is_mass = cursor.at(Kind.UNIT) and _kind(cursor.next().code, forms) is UnitKind.MASS
    if mass is None or not is_mass or cursor.accept(Kind.PER) is None:
        cursor.position = begin
        return False
    read_numbers(cursor)
    is_volume = cursor.at(Kind.UNIT) and _kind(cursor.next().code, forms) is UnitKind.VOLUME
    behind = cursor.position
    cursor.skip(":,;.)-", *BEFORE_DOSE)
    dose = read_numbers(cursor)
    follows = dose is not None and cursor.at(Kind.UNIT) and _kind(cursor.peek().code, forms) is UnitKind.VOLUME
    cursor.position = behind if is_volume and follows else begin
    return is_volume and follows
