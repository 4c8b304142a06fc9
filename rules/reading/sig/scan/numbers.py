"""The numbers of a written dosage: digits, words, fractions, ranges, and numbers that are stated twice.

Each function takes the lexemes and a position, and returns the position after what it read.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import ONE
from rules.reading.sig.scan.lexemes import Lexeme, NumberRange

# "1 a 2 tabletas": the article of English is the "to" of Spanish.
SPANISH_TO = "a"
# What makes a single letter a Roman number: "i tab", "i po", "i nocte".
AFTER_ROMAN = frozenset(
    {
        WordKind.UNIT,
        WordKind.ROUTE,
        WordKind.TO,
        WordKind.OR,
        WordKind.RATE,
        WordKind.MOMENT,
        WordKind.EVERY,
    }
)
NUMBERS = frozenset({WordKind.NUMBER, WordKind.ROMAN})
OUTSIDE = Lexeme(WordKind.SIGN, "", -1, -1)


def numbers_at(lexemes: Sequence[Lexeme], begin: int) -> tuple[NumberRange | None, int]:
    """The number or range that begins at a position (None if there is none), and the position after it.

    ::

        numbers  = range, [ again ] ;
        range    = number, [ ( "-" | "to" | "or" | "a" ), number ] ;
        number   = ( digits | word | roman ), [ fraction ], [ echo ], [ whole ] ;
        roman    = "ii" | ... ; (* one letter only before a unit, a route, a rate, a moment, "to", "or", "every", "-" *)
        fraction = [ "-" ], ( "1/2" | "½" | ... ) | "and a half" ; (* after a whole number *)
        echo     = "(", number, ")" | number ; (* the same; without brackets, in digits for words or words for digits *)
        whole    = "of", [ "a" | "one" ] | "a" ; (* after a fraction, before a unit *)
        again    = range | "(", range, ")" ; (* the same *)
    """
    numbers, position = _range(lexemes, begin)
    if numbers is not None and numbers.low != numbers.high:
        position = _after_range_again(lexemes, position, numbers)
    return numbers, position


def _range(lexemes: Sequence[Lexeme], begin: int) -> tuple[NumberRange | None, int]:
    """``2``, ``1-2``, ``one to two``."""
    low, position = _number(lexemes, begin)
    if low is None:
        return None, begin
    connector = _at(lexemes, position)
    if (
        _is_sign(connector, "-")
        or connector.kind in (WordKind.TO, WordKind.OR)
        or (connector.kind is WordKind.ARTICLE and connector.text == SPANISH_TO)
    ):
        upper, after = _number(lexemes, position + 1)
        if upper is not None:
            tight = _adjacent(lexemes, position) and _adjacent(lexemes, position + 1)
            loose = connector.kind is WordKind.SIGN and not tight
            return NumberRange(min(low, upper), max(low, upper), loose), after
    return NumberRange(low, low), position


def _number(lexemes: Sequence[Lexeme], begin: int) -> tuple[Fraction | None, int]:
    """One number: ``2``, ``1 1/2``, ``1-1/2``, ``one and a half``, ``ii``, ``two (2)``."""
    lexeme, position = _at(lexemes, begin), begin + 1
    following = _at(lexemes, position)
    if lexeme.kind not in NUMBERS:
        return None, begin
    single = lexeme.kind is WordKind.ROMAN and not lexeme.text[1:]
    if single and following.kind not in AFTER_ROMAN and not _is_sign(following, "-"):
        return None, begin
    value = Fraction(0) if lexeme.value is None else lexeme.value
    dash = _is_sign(following, "-") and _adjacent(lexemes, position) and _adjacent(lexemes, position + 1)
    fraction = _at(lexemes, position + 1) if dash else following
    if (_is_fraction(fraction) or following.kind is WordKind.ADDED) and value.denominator == 1 and value >= ONE:
        value += fraction.value or 0
        position += 2 if dash else 1
    position = _after_echo(lexemes, position, lexeme, value)
    return value, position if value.denominator == 1 else _after_whole(lexemes, position)


def _after_whole(lexemes: Sequence[Lexeme], begin: int) -> int:
    """After what a fraction is of, before a unit: ``a quarter of a tablet``, ``1/2 a tablet``, ``half of one tab``."""
    of = _at(lexemes, begin).kind is WordKind.OF
    position = begin + 1 if of else begin
    lexeme = _at(lexemes, position)
    if lexeme.kind is WordKind.ARTICLE or (of and lexeme.kind is WordKind.NUMBER and lexeme.value == ONE):
        position += 1
    return position if _at(lexemes, position).kind is WordKind.UNIT else begin


def _is_fraction(lexeme: Lexeme) -> bool:
    """A fraction written as one: ``1/2``, ``½``; not ``0.5`` and no word."""
    written = lexeme.kind is WordKind.NUMBER and (lexeme.shape == "pair" or not lexeme.text.isascii())
    return written and lexeme.value is not None and lexeme.value < ONE


def _after_echo(lexemes: Sequence[Lexeme], begin: int, stated: Lexeme, value: Fraction) -> int:
    """After the same number, in brackets or in the other writing: ``two (2)``, ``2 (two)``, ``2 two``."""
    echo, inner, closing = _at(lexemes, begin), _at(lexemes, begin + 1), begin + 2
    if _is_sign(echo, "(") and inner.kind is WordKind.NUMBER and _is_sign(_at(lexemes, closing), ")"):
        return closing + 1 if inner.value == value else begin
    same = echo.kind is WordKind.NUMBER and echo.value == value
    return begin + 1 if same and echo.text.isalpha() is not stated.text.isalpha() else begin


def _after_range_again(lexemes: Sequence[Lexeme], begin: int, numbers: NumberRange) -> int:
    """After a range stated again, in brackets or words: ``1-2 (one to two)``, ``1/2 to 1 one-half to one``."""
    bracket = _is_sign(_at(lexemes, begin), "(")
    again, position = _range(lexemes, begin + 1 if bracket else begin)
    if again is None or (again.low, again.high) != (numbers.low, numbers.high):
        return begin
    if bracket and not _is_sign(_at(lexemes, position), ")"):
        return begin
    return position + 1 if bracket else position


def _at(lexemes: Sequence[Lexeme], position: int) -> Lexeme:
    return lexemes[position] if position < len(lexemes) else OUTSIDE


def _is_sign(lexeme: Lexeme, sign: str) -> bool:
    return lexeme.kind is WordKind.SIGN and lexeme.text == sign


def _adjacent(lexemes: Sequence[Lexeme], position: int) -> bool:
    """Whether there is nothing between a lexeme and the one before it."""
    return _at(lexemes, position).start == lexemes[position - 1].end
