"""The dose of a written dosage: how many of what, and what one of them holds."""

from __future__ import annotations

from dataclasses import replace

from rules.knowledge.lexicon.vocabulary import UnitKind
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import SigDose
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import Lexeme, NumberRange

# What may come between the concentration of a product and the dose of it.
BEFORE_DOSE = (
    WordKind.NAME,
    WordKind.REMARK,
    WordKind.RELEASE,
    WordKind.VERB,
    WordKind.ROUTE,
    WordKind.DIRECTIONS,
)


def read_dose(cursor: Cursor, up_to: bool = False) -> list[SigDose] | None:
    """The statements of the dose at the position; None if there is none, and the cursor does not move.

    A dose of 0 is not read. ``numbers`` are those of :meth:`Cursor.numbers`, a form is a unit that is counted::

        dose     = how many, ( multiple | single | nothing ), [ "total" ] ;
        how many = numbers | "a" | misheard | nothing ; (* "a" before a unit; none before "patch", after "more" *)
        misheard = "on" | "to" | ... ; (* for "one", "two", between a verb and a unit *)
        multiple = "x", content, [ "spoon" | form ] | content, ( "spoon" | form ) ;
        content  = { "(" }, numbers, ( volume | mass ), { ")" | "-" | release } ; (* "spoon" if volume, form if mass *)
        single   = [ "-" ], [ "additional" ], unit, [ "and a half", [ unit ] ],
                   [ ( "-" | "to" | "or" ), numbers, unit ], [ { release }, form ] ; (* form after a mass *)
        nothing  = ; (* no period, spoon or second number may follow *)

    Args:
        cursor: where it may stand.
        up_to: "up to" comes before it, so that it has no low end.
    """
    begin = cursor.position
    first = cursor.peek()
    numbers = _how_many(cursor)
    if numbers is None or numbers.high <= 0:
        cursor.position = begin
        return None
    doses = _multiple_or_single(cursor, numbers, first)
    # "2 x 0 mL" is not understood.
    if doses is None or any(dose.high <= 0 for dose in doses):
        cursor.position = begin
        return None
    if up_to:
        doses = [replace(dose, low=None) for dose in doses]
    if cursor.accept(WordKind.TOTAL):
        doses = [replace(dose, total=True) for dose in doses]
    return doses


def _how_many(cursor: Cursor) -> NumberRange | None:
    """A number, "a" before a unit, or nothing before a unit of which one is meant."""
    lexeme = cursor.peek()
    if lexeme.kind is WordKind.ARTICLE and cursor.at(WordKind.UNIT, ahead=1) and _kind_of(cursor, cursor.peek(1)):
        cursor.next()
        return NumberRange(ONE, ONE)
    misheard = cursor.words.misheard.get(lexeme.text)
    if misheard is not None and cursor.at(WordKind.VERB, ahead=-1) and cursor.at(WordKind.UNIT, ahead=1):
        # "Take on tablet", "take to tablets".
        cursor.next()
        return NumberRange(misheard, misheard)
    if lexeme.kind is WordKind.UNIT and (
        lexeme.code in cursor.words.unnumbered or cursor.peek(-1).kind is WordKind.ADDITIONAL
    ):
        return NumberRange(ONE, ONE)
    return cursor.numbers()


def _multiple_or_single(cursor: Cursor, numbers: NumberRange, first: Lexeme) -> list[SigDose] | None:
    """The number with its unit, and the content of one unit where that is stated."""
    low, high = numbers.low, numbers.high
    begin = cursor.position
    multiplied = cursor.accept(WordKind.TIMES) is not None
    cursor.skip("(")
    content = cursor.numbers() if cursor.at(WordKind.NUMBER) else None
    if content is not None and cursor.at(WordKind.UNIT):
        unit = cursor.next()
        kind = _kind_of(cursor, unit)
        cursor.skip(")-", WordKind.RELEASE)
        if kind is UnitKind.VOLUME and (cursor.accept(WordKind.SPOON) or multiplied):
            return [SigDose(low * content.low, high * content.high, unit.code, kind, first)]
        if kind in (UnitKind.MASS, UnitKind.RATE) and (multiplied or _at_form(cursor)):
            whole = SigDose(low * content.low, high * content.high, unit.code, kind, first, total=multiplied)
            if not _at_form(cursor):
                return [whole]
            form = cursor.next()
            counted = SigDose(low, high, form.code, _kind_of(cursor, form), first)
            return [counted, replace(whole, strength=True)] if low == high == ONE else [counted]
    cursor.position = begin
    if multiplied and content is not None:
        return None
    return _single(cursor, numbers, first)


def _single(cursor: Cursor, numbers: NumberRange, first: Lexeme) -> list[SigDose] | None:
    """``2 tablets``, ``5 mg``, ``5 mg tablet``, ``5 mg to 10 mg``, ``2``."""
    low, high = numbers.low, numbers.high
    if cursor.sign("-") and cursor.at(WordKind.UNIT, ahead=1) and cursor.adjacent():
        cursor.next()
    if cursor.at(WordKind.UNIT, ahead=1):
        cursor.accept(WordKind.ADDITIONAL)
    unit = cursor.accept(WordKind.UNIT)
    if unit is None:
        return None if numbers.loose or _counts_something_else(cursor) else [SigDose(low, high, None, None, first)]
    kind = _kind_of(cursor, unit)
    if cursor.at(WordKind.ADDED) and low == high and low.denominator == 1:
        # "One tablet and a half".
        low = high = high + (cursor.next().value or 0)
        if cursor.at(WordKind.UNIT) and cursor.peek().code == unit.code:
            cursor.next()
    begin = cursor.position
    if cursor.sign("-") or cursor.at(WordKind.TO, WordKind.OR):
        cursor.next()
        upper = cursor.numbers()
        if upper is not None and upper.low == upper.high > high and cursor.peek().code == unit.code:
            cursor.next()
            high = upper.high
        else:
            cursor.position = begin
    if kind is UnitKind.MASS and low * cursor.words.widest_range < high:
        # "5-325 mg" are the strengths of two agents.
        return None
    known = cursor.vocabulary.unit(unit.code)
    dose = SigDose(low, high, unit.code, kind, first, size=known.size if known and known.size else ONE)
    if kind in (UnitKind.MASS, UnitKind.RATE, None):
        begin = cursor.position
        cursor.skip("", WordKind.RELEASE)
        if _at_form(cursor):
            if numbers.loose:
                # "1 - 60 mg tablet" is one of 60 mg, or 1 to 60.
                return None
            cursor.next()
            return [replace(dose, strength=True)]
        cursor.position = begin
    return [dose]


def _counts_something_else(cursor: Cursor) -> bool:
    """Whether a number without a unit may be no dose: a period, a spoon, a second number or the rest of it follows."""
    if cursor.at(WordKind.PERIOD, WordKind.SPOON, WordKind.LENGTH) or _another_number(cursor):
        return True
    # "2. 5 ml" is two and a half as likely as two.
    return cursor.sign(".") and cursor.adjacent() and cursor.peek(1).text[:1].isdigit()


def _another_number(cursor: Cursor) -> bool:
    """Whether a second number follows that does not say how often: "1 2 daily" and "1 5 mg" may mean anything."""
    begin = cursor.position
    another = cursor.numbers()
    if another is None:
        return False
    cursor.skip("-")
    days_of_use = cursor.at(WordKind.PERIOD) and cursor.at(WordKind.PER_PERIOD, WordKind.PER, WordKind.EVERY, ahead=1)
    how_often = days_of_use or cursor.at(WordKind.TIMES, WordKind.HOURLY)
    cursor.position = begin
    return not how_often


def _at_form(cursor: Cursor) -> bool:
    """Whether the lexeme is a unit that is counted, such as a tablet."""
    return cursor.at(WordKind.UNIT) and _kind_of(cursor, cursor.peek()) is UnitKind.COUNTABLE


def _kind_of(cursor: Cursor, unit: Lexeme) -> UnitKind | None:
    known = cursor.vocabulary.unit(unit.code)
    return known.kind if known else None


def skip_concentration(cursor: Cursor) -> bool:
    """Skip ``2 mg/mL``, ``10 mg/5 mL`` before a dose in millilitres: it is the product's, and no dose.

    ::

        concentration = numbers, mass, "per", [ numbers ], volume ; (* before { sign | name | verb }, numbers, volume *)
    """
    begin = cursor.position
    mass, unit = cursor.numbers(), cursor.accept(WordKind.UNIT)
    per = cursor.accept(WordKind.PER)
    if mass is None or unit is None or per is None or _kind_of(cursor, unit) is not UnitKind.MASS:
        cursor.position = begin
        return False
    cursor.numbers()
    is_volume = cursor.at(WordKind.UNIT) and _kind_of(cursor, cursor.next()) is UnitKind.VOLUME
    after = cursor.position
    cursor.skip(":,;.)-", *BEFORE_DOSE)
    dose = cursor.numbers()
    follows = dose is not None and cursor.at(WordKind.UNIT) and _kind_of(cursor, cursor.peek()) is UnitKind.VOLUME
    cursor.position = after if is_volume and follows else begin
    return is_volume and follows
