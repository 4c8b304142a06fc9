"""A medication's name cut into words, numbers and marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from rules.knowledge.lexicon.scanner import Scanner
from rules.numbers.memo import memoised
from rules.numbers.quantity import exact
from rules.reading.product.words.characters import LOST, legible

DASH = "-"
SLASH = "/"
# What stands between the ingredients of a name.
SEPARATORS = frozenset({"/", "-", "&", "+", ",", ";", "|", "(", ")", "and", "with", "w"})
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SCANNER = Scanner(
    {
        # A group of three digits after a comma is thousands; a comma before fewer digits is a decimal comma.
        "number": r"\d{1,3}(?:,\d{3}){1,3}(?![\d,])(?:\.\d+)?|\d+[.,]\d+|\.\d+|\d+",
        # A boundary of letter and figure is a boundary of words: "diazepam5mg", "D5W".
        "word": rf"(?:[^\W\d_]|{LOST})+",
        "mark": r"[^\s\w]|_",
    }
)

Words = tuple[str, ...]


class NameToken(NamedTuple):
    """A word, number or mark of a name, in lower case.

    ``value``: where it is a number. ``in_capitals``: it was written so. ``joined``: it follows the token before it
    without a space. ``mended``: it was written in parts, or with figures for letters.
    """

    text: str
    value: Fraction | None
    is_word: bool
    in_capitals: bool
    joined: bool = False
    mended: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is written in figures; one that is too large has no value."""
        return not self.is_word and self.text[-1:].isdigit()


def tokenise(text: str) -> list[NameToken]:
    """The tokens of a name in its legible spelling, in order; white space is left out. Never raises.

    ::

        name   = { number | word | mark | white space } ;
        number = digits , [ ( "." | "," ) , digits ] | "." , digits
               | thousands , { "," , three digits } , [ "." , digits ] ;
        word   = letter , { letter } ;
        mark   = any other character ;
    """
    tokens = []
    last = 0
    for kind, raw, start, end in _SCANNER.pieces(text):
        joined, last = 0 < start == last, end
        if kind == "number":
            tokens.append(NameToken(raw, _number(raw), False, False, joined))
        elif kind == "word":
            tokens.append(NameToken(raw.lower(), None, True, raw.isupper(), joined))
        else:
            tokens.append(NameToken(raw, None, False, False, joined))
    return tokens


def words_of(name: str) -> Words:
    """The words and numbers of a name, without its marks."""
    if name.isascii() and name.isalpha():
        return (name.lower(),)
    return tuple(token.text for token in tokenise(legible(name)) if token.is_word or token.value is not None)


def text_at(tokens: Sequence[NameToken], position: int) -> str:
    """The text of a token; empty after the last one."""
    return tokens[position].text if position < len(tokens) else ""


@memoised
def _number(raw: str) -> Fraction | None:
    """The value of a number as written; None where it is too long or too large to be one of a medication."""
    plain = raw.replace(",", "") if _THOUSANDS.fullmatch(raw) else raw.replace(",", ".")
    try:
        return exact("0" + plain if plain.startswith(".") else plain)
    except ValueError:
        return None
