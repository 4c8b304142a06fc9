"""Numbers of a written dosage: digits, words, fractions, ranges, and numbers that are said twice."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.scan.cursor import Cursor, NumberRange
from rules.reading.sig.scan.marks import Lexeme

# "1 a 2 tabletas": the article of English is the "to" of Spanish.
SPANISH_TO = "a"
# What makes a single letter a Roman number: "i tab", "i po", "i nocte".
AFTER_ROMAN = (WordKind.UNIT, WordKind.ROUTE, WordKind.TO, WordKind.OR, WordKind.RATE, WordKind.MOMENT, WordKind.EVERY)


def read_numbers(cursor: Cursor) -> NumberRange | None:
    """The number or range at the place, which is passed; None if there is none."""
    begin = cursor.position
    # Whatever a number may belong to asks for it at the same place.
    known = cursor.numbers.get(begin)
    if known is None:
        numbers = _range(cursor)
        if numbers is not None and numbers.low != numbers.high:
            _pass_range_again(cursor, numbers)
        known = cursor.numbers[begin] = (numbers, cursor.position)
    found, cursor.position = known
    return found


def _range(cursor: Cursor) -> NumberRange | None:
    begin = cursor.position
    first = cursor.peek()
    low = _number(cursor)
    if low is None:
        cursor.position = begin
        return None
    high, loose = low, False
    place = cursor.position
    if (
        cursor.sign("-")
        or cursor.at(WordKind.TO, WordKind.OR)
        or (cursor.at(WordKind.ARTICLE) and cursor.peek().text == SPANISH_TO)
    ):
        tight = cursor.glued() and cursor.glued(1)
        joint = cursor.next()
        upper = _number(cursor)
        if upper is None:
            cursor.position = place
        else:
            high, loose = upper, joint.kind is WordKind.SIGN and not tight
    last = cursor.peek(-1)
    return NumberRange(min(low, high), max(low, high), first, last, loose)


def _number(cursor: Cursor) -> Fraction | None:
    """One number: ``2``, ``1 1/2``, ``1-1/2``, ``one and a half``, ``ii``, ``two (2)``."""
    mark = cursor.peek()
    if mark.kind is WordKind.ROMAN:
        single = not mark.text[1:]
        if single and not cursor.at(*AFTER_ROMAN, ahead=1) and not cursor.sign("-", ahead=1):
            return None
    elif mark.kind is not WordKind.NUMBER:
        return None
    cursor.next()
    value = mark.value or Fraction(0)
    whole = value.denominator == 1 and value >= ONE
    if whole and _is_fraction(cursor.peek()):
        value += cursor.next().value or 0
    elif whole and cursor.sign("-") and cursor.glued() and cursor.glued(1) and _is_fraction(cursor.peek(1)):
        cursor.next()
        value += cursor.next().value or 0
    elif whole and (added := cursor.accept(WordKind.ADDED)):
        value += added.value or 0
    _pass_echo(cursor, mark, value)
    if value.denominator > 1:
        _pass_whole(cursor)
    return value


def _pass_whole(cursor: Cursor) -> None:
    """Pass what a fraction is of, before its unit: ``a quarter of a tablet``, ``1/2 a tablet``, ``half of one tab``."""
    begin = cursor.position
    of = cursor.accept(WordKind.OF)
    if cursor.at(WordKind.ARTICLE) or (of and cursor.at(WordKind.NUMBER) and cursor.peek().value == ONE):
        cursor.next()
    if not cursor.at(WordKind.UNIT):
        cursor.position = begin


def _is_fraction(mark: Lexeme) -> bool:
    """A fraction written as one: ``1/2``, ``½``; not ``0.5`` and no word."""
    if mark.kind is not WordKind.NUMBER or mark.value is None or mark.value >= ONE:
        return False
    return mark.shape == "pair" or not mark.text.isascii()


def _pass_echo(cursor: Cursor, mark: Lexeme, value: Fraction) -> None:
    """Pass the same number said again in brackets or in the other writing: ``two (2)``, ``2 (two)``, ``2 two``."""
    other = cursor.peek()
    if cursor.follows("(", WordKind.NUMBER, ")"):
        if cursor.peek(1).value == value:
            cursor.skip("(", WordKind.NUMBER)
            cursor.next()
    elif other.kind is WordKind.NUMBER and other.value == value and other.text.isalpha() is not mark.text.isalpha():
        cursor.next()


def _pass_range_again(cursor: Cursor, numbers: NumberRange) -> None:
    """Pass a range said again, in brackets or in words: ``1-2 (one to two)``, ``1/2 to 1 one-half to one``."""
    begin = cursor.position
    bracket = cursor.sign("(")
    if bracket:
        cursor.next()
    again = _range(cursor)
    same = again is not None and (again.low, again.high) == (numbers.low, numbers.high)
    if not same or (bracket and not cursor.sign(")")):
        cursor.position = begin
    elif bracket:
        cursor.next()
