"""The values of the scan: a lexeme of a written dosage, a number among them, and where reading stopped."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.word_kinds import WordKind


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A word, phrase, number or sign of a text, from character ``start`` to before ``end``.

    ``code`` is the id (of a unit, a moment ...) and ``value`` the number that it stands for. ``shape`` is ``pair``
    where a number was written as a fraction.
    """

    kind: WordKind
    text: str
    start: int
    end: int
    code: str = ""
    value: Fraction | None = None
    shape: str = ""


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A number or a range. ``loose``: the dash between its ends has spaces around it and may mean something else."""

    low: Fraction
    high: Fraction
    loose: bool = False


class UnreadError(Exception):
    """Reading stopped at these lexemes, which stand from ``start`` to before ``end`` of the text."""

    def __init__(self, first: Lexeme, last: Lexeme | None = None) -> None:
        super().__init__(first.text)
        self.start = first.start
        self.end = (last or first).end
