"""Strengths: the numbers in a medication's name, alone or in a row (``5-325 mg/15 mL``), and listed ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple
from unicodedata import combining, normalize

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Unit, UnitKind
from rules.knowledge.listed_product import Per, Strength
from rules.model import Quantity
from rules.numbers.quantity import MILLIGRAMS_PER, ONE, ZERO, exact

# A group of three digits after a comma is thousands; a comma before fewer digits is a decimal comma.
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3}){1,3}(?![\d,])(?:\.\d+)?|\d+[.,]\d+|\.\d+|\d+)"
    # "diazepam5mg" is a name and its strength; "T3" and "l0razepam" are words.
    r"|(?P<word>[^\W\d_]{5,}(?=[\d.,]+(?:mg|mcg|ug|g|ml|%)(?![^\W_]))|[^\W\d_][^\W_]*)|(?P<mark>[^\s\w]|_)",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
DASH = "-"
SLASH = "/"
_DASHES = frozenset("‐‑‒–—−")
_PER = frozenset({SLASH, "per"})
_AFTER_ONE = frozenset({")", ",", ";"})
_BETWEEN_VALUES = frozenset({DASH, SLASH})
HOUR = "h"
_PERCENT = "%"


class NameToken(NamedTuple):
    """A word or mark of a name in lower case; ``value`` where it is a number; ``shouted`` where it was in capitals."""

    text: str
    value: Fraction | None
    is_word: bool
    shouted: bool


class MeasureKind(StrEnum):
    """What a number in a name states."""

    MASS = "mass"
    BARE = "bare"
    VOLUME = "volume"
    HOURS = "hours"
    PERCENT = "percent"
    OTHER = "other"


class Measure(NamedTuple):
    """A number with its unit at the tokens ``start`` to ``end``; a mass in mg, a volume in mL.

    ``size`` is the mg of the unit of mass, ``many`` how much of the base it is stated for (15 in "5 mg/15 mL").
    """

    start: int
    end: int
    kind: MeasureKind
    amount: Fraction
    size: Fraction
    many: Fraction
    per: Per | None


class StrengthRow(NamedTuple):
    """One strength, or several written in a row; ``has_unit`` is false for numbers that name no unit of mass."""

    start: int
    end: int
    strengths: tuple[Strength, ...]
    has_unit: bool


def tokenise(text: str) -> list[NameToken]:
    """The words, numbers and marks of a name, in order."""
    tokens = []
    for match in _TOKEN.finditer(text if text.isascii() else _without_accents(text)):
        raw = match.group()
        if match.lastgroup == "number":
            tokens.append(NameToken(raw, _number(raw), False, False))
        elif match.lastgroup == "word":
            tokens.append(NameToken(raw.lower(), None, True, raw.isupper()))
        else:
            tokens.append(NameToken(DASH if raw in _DASHES else raw, None, False, False))
    return tokens


def _without_accents(text: str) -> str:
    """A name as it is compared: "lorazépam" is lorazepam; the micro sign stays what it is."""
    return "".join(part for part in normalize("NFKD", text) if not combining(part))


def _number(raw: str) -> Fraction | None:
    plain = raw.replace(",", "") if _THOUSANDS.fullmatch(raw) else raw.replace(",", ".")
    try:
        return exact("0" + plain if plain.startswith(".") else plain)
    except ValueError:
        return None


def read_measures(tokens: Sequence[NameToken], vocabulary: DosingVocabulary) -> list[Measure]:
    """Every number of a name with what it states."""
    measures = []
    position = 0
    while position < len(tokens):
        value = tokens[position].value
        if value is None:
            position += 1
            continue
        measure = _measure(tokens, position, value, vocabulary)
        measures.append(measure)
        position = measure.end
    return measures


def _measure(tokens: Sequence[NameToken], start: int, value: Fraction, vocabulary: DosingVocabulary) -> Measure:
    end = start + 1
    word = _text(tokens, end)
    if word == DASH and (unit := vocabulary.units.get(_text(tokens, end + 1))) and unit.kind is UnitKind.MASS:
        end += 1
        word = _text(tokens, end)
    if word == _PERCENT:
        return Measure(start, end + 1, MeasureKind.PERCENT, value, ONE, ONE, None)
    if word in vocabulary.periods:
        kind = MeasureKind.HOURS if vocabulary.periods[word] == HOUR else MeasureKind.OTHER
        return Measure(start, end + 1, kind, value, ONE, ONE, None)
    unit = vocabulary.units.get(word)
    if unit is None:
        return Measure(start, end, MeasureKind.BARE, value, ONE, ONE, None)
    end += 1
    if unit.kind is UnitKind.VOLUME:
        return Measure(start, end, MeasureKind.VOLUME, value * unit.size, ONE, ONE, None)
    if unit.kind is not UnitKind.MASS:
        return Measure(start, end, MeasureKind.OTHER, value, ONE, ONE, None)
    amount = value * unit.size
    base = _base(tokens, end, vocabulary)
    if base is None:
        return Measure(start, end, MeasureKind.MASS, amount, unit.size, ONE, None)
    per, many, end = base
    return Measure(start, end, MeasureKind.MASS, amount / many, unit.size, many, per)


def _base(tokens: Sequence[NameToken], start: int, vocabulary: DosingVocabulary) -> tuple[Per, Fraction, int] | None:
    """What a mass is stated for: the kind of base, how much of it, and where it ends."""
    if _text(tokens, start) not in _PER or start + 1 >= len(tokens):
        return None
    position = start + 1
    stated = tokens[position].value
    if stated is not None:
        position += 1
    count = ONE if stated is None else stated
    word = _text(tokens, position)
    if count == ZERO:
        return None
    if stated == ONE and (position >= len(tokens) or tokens[position].text in _AFTER_ONE):
        # Labels write "0.5 mg/1" for one of what is counted.
        return Per.UNIT, ONE, position
    if vocabulary.periods.get(word) == HOUR:
        return Per.HOUR, count, position + 1
    unit = vocabulary.units.get(word)
    if unit is None:
        return None
    many = count * unit.size
    if unit.kind is UnitKind.MASS:
        # "5 mg/325 mg" is two strengths; "20 mg/g" and RxNorm's "0.02 MG/MG" are one.
        if stated is not None and not (stated == ONE and unit.size == MILLIGRAMS_PER["g"]):
            return None
        return Per.GRAM, many / MILLIGRAMS_PER["g"], position + 1
    per = PER_OF_KIND.get(unit.kind)
    return None if per is None else (per, many, position + 1)


PER_OF_KIND = {
    UnitKind.VOLUME: Per.MILLILITRE,
    UnitKind.COUNTABLE: Per.UNIT,
    UnitKind.ACTUATION: Per.ACTUATION,
    UnitKind.DOSE: Per.ACTUATION,
}


def strength_rows(tokens: Sequence[NameToken], measures: Sequence[Measure]) -> list[StrengthRow]:
    """The strengths of a name. Numbers joined by a dash or slash share the last one's unit and base."""
    rows = []
    row: list[Measure] = []
    for measure in measures:
        if measure.kind not in (MeasureKind.MASS, MeasureKind.BARE):
            continue
        joined = row and measure.start == row[-1].end + 1 and tokens[row[-1].end].text in _BETWEEN_VALUES
        if row and not joined:
            rows.append(_row(row))
            row = []
        row.append(measure)
    if row:
        rows.append(_row(row))
    return [found for found in rows if found.strengths]


def _row(measures: Sequence[Measure]) -> StrengthRow:
    with_unit = [measure for measure in measures if measure.kind is MeasureKind.MASS]
    last = with_unit[-1] if with_unit else None
    strengths = []
    for measure in measures:
        amount, per = measure.amount, measure.per
        if last is not None:
            if measure.kind is MeasureKind.BARE:
                amount, per = amount * last.size / last.many, last.per
            elif per is None and last.per is not None:
                amount, per = amount / last.many, last.per
        if amount > ZERO:
            strengths.append(Strength(amount, per or Per.UNIT))
    return StrengthRow(measures[0].start, measures[-1].end, tuple(strengths), last is not None)


def _text(tokens: Sequence[NameToken], position: int) -> str:
    return tokens[position].text if position < len(tokens) else ""


def stated_strength(amount: Quantity | None, base: Quantity | None, vocabulary: DosingVocabulary) -> Strength | None:
    """The strength of a listed ingredient: ``amount`` per ``base``; None where it is not a mass for a known base."""
    unit = _unit(amount, vocabulary)
    if amount is None or unit is None or unit.kind is not UnitKind.MASS or amount.value <= ZERO:
        return None
    milligrams = amount.value * unit.size
    if base is None:
        return Strength(milligrams, Per.UNIT)
    if base.value <= ZERO:
        return None
    many = _unit(base, vocabulary)
    if many is None:
        period = vocabulary.periods.get((base.code or base.unit or "").lower())
        if period == HOUR:
            return Strength(milligrams / base.value, Per.HOUR)
        # "1" of something the vocabulary does not know is one of what is counted.
        return Strength(milligrams, Per.UNIT) if period is None and base.value == ONE else None
    if many.kind is UnitKind.MASS:
        return Strength(milligrams / (base.value * many.size) * MILLIGRAMS_PER["g"], Per.GRAM)
    per = PER_OF_KIND.get(many.kind)
    return None if per is None else Strength(milligrams / (base.value * many.size), per)


def _unit(quantity: Quantity | None, vocabulary: DosingVocabulary) -> Unit | None:
    return None if quantity is None else vocabulary.unit(quantity.code) or vocabulary.unit(quantity.unit)
