"""The dose of a written dosage: how many of what, and what one of them holds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import SigDose
from rules.reading.sig.scan.cursor import Cursor, NumberRange
from rules.reading.sig.scan.marks import Lexeme
from rules.reading.sig.scan.numbers import read_numbers

# What may stand between the concentration of a product and the dose of it.
BEFORE_DOSE = (WordKind.NAME, WordKind.REMARK, WordKind.RELEASE, WordKind.VERB, WordKind.ROUTE, WordKind.DIRECTIONS)


def read_dose(cursor: Cursor, vocabulary: DosingVocabulary, up_to: bool = False) -> list[SigDose] | None:
    """The statements of one dose that begin at the place, which are passed; None if no dose stands here."""
    begin = cursor.position
    first = cursor.peek()
    numbers = _numbers(cursor, vocabulary)
    if numbers is None or numbers.high <= 0:
        cursor.position = begin
        return None
    doses = _counted(cursor, numbers, first, vocabulary)
    # "2 x 0 mL" is no dose of nothing: it is not understood.
    if doses is None or any(dose.high <= 0 for dose in doses):
        cursor.position = begin
        return None
    if up_to:
        doses = [_changed(dose, low=None) for dose in doses]
    if cursor.accept(WordKind.TOTAL):
        doses = [_changed(dose, low=dose.low, total=True) for dose in doses]
    return doses


def _numbers(cursor: Cursor, vocabulary: DosingVocabulary) -> NumberRange | None:
    """How many: a number, "a" before a unit, or nothing before a unit of which one is meant."""
    mark = cursor.peek()
    if cursor.follows(WordKind.ARTICLE, WordKind.UNIT) and _kind(cursor.peek(1).code, vocabulary) is not None:
        cursor.next()
        return NumberRange(ONE, ONE, mark, mark)
    extra = cursor.peek(-1).kind is WordKind.ADDITIONAL
    if cursor.at(WordKind.UNIT) and (extra or mark.code in cursor.words.unnumbered):
        return NumberRange(ONE, ONE, mark, mark)
    return read_numbers(cursor)


def _counted(cursor: Cursor, numbers: NumberRange, first: Lexeme, vocabulary: DosingVocabulary) -> list[SigDose] | None:
    """The number with its unit, and the content of one unit where that is stated."""
    low, high = numbers.low, numbers.high
    begin = cursor.position
    multiplied = cursor.accept(WordKind.TIMES) is not None
    cursor.skip("(")
    inner = read_numbers(cursor) if cursor.at(WordKind.NUMBER) else None
    if inner is not None and cursor.at(WordKind.UNIT):
        content = cursor.next()
        kind = _kind(content.code, vocabulary)
        cursor.skip(")-", WordKind.RELEASE)
        if kind is UnitKind.VOLUME and (cursor.accept(WordKind.SPOON) or multiplied):
            return [SigDose(low * inner.low, high * inner.high, content.code, kind, first)]
        if kind in (UnitKind.MASS, UnitKind.RATE) and (multiplied or _is_form(cursor, vocabulary)):
            whole = SigDose(low * inner.low, high * inner.high, content.code, kind, first, total=multiplied)
            form = cursor.accept(WordKind.UNIT) if _is_form(cursor, vocabulary) else None
            if form is None:
                return [whole]
            counted = SigDose(low, high, form.code, _kind(form.code, vocabulary), first)
            return [counted, _changed(whole, low=whole.low, strength=True)] if low == high == ONE else [counted]
    cursor.position = begin
    if multiplied and inner is not None:
        return None
    return _plain(cursor, numbers, first, vocabulary)


def _plain(cursor: Cursor, numbers: NumberRange, first: Lexeme, vocabulary: DosingVocabulary) -> list[SigDose] | None:
    """``2 tablets``, ``5 mg``, ``5 mg tablet``, ``5 mg to 10 mg``, ``2``."""
    low, high = numbers.low, numbers.high
    if cursor.sign("-") and cursor.at(WordKind.UNIT, ahead=1) and cursor.glued():
        cursor.next()
    if cursor.at(WordKind.UNIT, ahead=1):
        cursor.accept(WordKind.ADDITIONAL)
    unit = cursor.accept(WordKind.UNIT)
    if unit is None:
        if numbers.loose or cursor.at(WordKind.PERIOD, WordKind.SPOON, WordKind.LENGTH) or _another_number(cursor):
            return None
        if cursor.sign(".") and cursor.glued() and cursor.peek(1).text[:1].isdigit():
            # "2. 5 ml" is two and a half as likely as two.
            return None
        return [SigDose(low, high, None, None, first)]
    kind = _kind(unit.code, vocabulary)
    if cursor.at(WordKind.ADDED) and low == high and low.denominator == 1:
        # "One tablet and a half".
        low = high = high + (cursor.next().value or 0)
        if cursor.at(WordKind.UNIT) and cursor.peek().code == unit.code:
            cursor.next()
    place = cursor.position
    if cursor.sign("-") or cursor.at(WordKind.TO, WordKind.OR):
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
    known = vocabulary.unit(unit.code)
    dose = SigDose(low, high, unit.code, kind, first, size=known.size if known and known.size else ONE)
    if kind in (UnitKind.MASS, UnitKind.RATE, None):
        place = cursor.position
        cursor.skip("", WordKind.RELEASE)
        if _is_form(cursor, vocabulary):
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
    days_of_use = cursor.at(WordKind.PERIOD) and cursor.at(WordKind.PER_PERIOD, WordKind.PER, WordKind.EVERY, ahead=1)
    meant = another is None or days_of_use or cursor.at(WordKind.TIMES, WordKind.HOURLY)
    cursor.position = begin
    return not meant


def _is_form(cursor: Cursor, vocabulary: DosingVocabulary) -> bool:
    return cursor.at(WordKind.UNIT) and _kind(cursor.peek().code, vocabulary) is UnitKind.COUNTABLE


def _kind(unit: str, vocabulary: DosingVocabulary) -> UnitKind | None:
    known = vocabulary.unit(unit)
    return known.kind if known else None


def _changed(dose: SigDose, low: Fraction | None, strength: bool = False, total: bool = False) -> SigDose:
    return replace(dose, low=low, strength=strength or dose.strength, total=total or dose.total)


def pass_concentration(cursor: Cursor, vocabulary: DosingVocabulary) -> bool:
    """Pass ``2 mg/mL``, ``10 mg/5 mL`` before a dose in millilitres: it is the product's, and no dose."""
    begin = cursor.position
    mass = read_numbers(cursor)
    is_mass = cursor.at(WordKind.UNIT) and _kind(cursor.next().code, vocabulary) is UnitKind.MASS
    if mass is None or not is_mass or cursor.accept(WordKind.PER) is None:
        cursor.position = begin
        return False
    read_numbers(cursor)
    is_volume = cursor.at(WordKind.UNIT) and _kind(cursor.next().code, vocabulary) is UnitKind.VOLUME
    behind = cursor.position
    cursor.skip(":,;.)-", *BEFORE_DOSE)
    dose = read_numbers(cursor)
    follows = dose is not None and cursor.at(WordKind.UNIT) and _kind(cursor.peek().code, vocabulary) is UnitKind.VOLUME
    cursor.position = behind if is_volume and follows else begin
    return is_volume and follows
