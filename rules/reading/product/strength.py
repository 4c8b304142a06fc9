"""Strengths: the numbers in a medication's name, alone, in a row (``5-325 mg/15 mL``) or in shorthand; listed ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from rules.knowledge.lexicon.vocabulary import TOPICAL, TRANSDERMAL, DosingVocabulary, Unit, UnitKind
from rules.knowledge.listed_product import Per, Strength
from rules.model import Quantity
from rules.numbers.quantity import MILLIGRAMS_PER, ONE, PERCENT, ZERO
from rules.reading.product.words.tokens import DASH, SLASH, NameToken, text_at

PATCH_HOURLY = "patch-strength-read-as-hourly"
FROM_PERCENT = "strength-from-percentage"
HOUR = "h"
PER_OF_KIND = {
    UnitKind.VOLUME: Per.MILLILITRE,
    UnitKind.COUNTABLE: Per.UNIT,
    UnitKind.ACTUATION: Per.ACTUATION,
    UnitKind.DOSE: Per.ACTUATION,
}
# What a percentage is of, by the unit of a form: mass in mass of a powder, mass in volume of a liquid.
PER_CENT_OF = {"sachet": Per.GRAM, "millilitre": Per.MILLILITRE}
_BEFORE_BASE = frozenset({SLASH, "per"})
_AFTER_ONE = frozenset({")", ",", ";"})
_BETWEEN_VALUES = frozenset({DASH, SLASH})
_ON_THE_SKIN = frozenset({TRANSDERMAL, TOPICAL})
_PERCENT_SIGN = "%"


class MeasureKind(StrEnum):
    """What a number in a name states."""

    MASS = "mass"
    BARE = "bare"
    VOLUME = "volume"
    HOURS = "hours"
    PERCENT = "percent"
    OTHER = "other"


class Base(NamedTuple):
    """What a mass is stated for: ``amount`` of ``per``; it ends before the token ``end``. In "5 mg/15 mL": 15 mL."""

    per: Per
    amount: Fraction
    end: int


class Measure(NamedTuple):
    """A number with its unit at the tokens ``start`` to ``end``.

    ``amount`` of a mass is in mg (for one of its base, if it has one), of a volume in mL. ``unit_milligrams`` are the
    mg of the unit of mass, ``base_amount`` how much of the base was written ("5 mg/15 mL": 15).
    """

    start: int
    end: int
    kind: MeasureKind
    amount: Fraction
    unit_milligrams: Fraction = ONE
    base_amount: Fraction = ONE
    per: Per | None = None


class StrengthRow(NamedTuple):
    """One strength, or several written in a row; ``has_unit`` is false for numbers that name no unit of mass."""

    start: int
    end: int
    strengths: tuple[Strength, ...]
    has_unit: bool


def read_measures(tokens: Sequence[NameToken], vocabulary: DosingVocabulary) -> list[Measure]:
    """Every number of a name with what it states.

    ::

        measure = number , [ "%" | period | [ "-" ] , mass unit , [ base ] | other unit ] ;
        base    = ( "/" | "per" ) , [ number ] , ( unit | hour ) | ( "/" | "per" ) , "1" ;
    """
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
    word = text_at(tokens, end)
    if word == DASH and (unit := vocabulary.units.get(text_at(tokens, end + 1))) and unit.kind is UnitKind.MASS:
        end += 1
        word = text_at(tokens, end)
    if word == _PERCENT_SIGN:
        return Measure(start, end + 1, MeasureKind.PERCENT, value)
    if word in vocabulary.periods:
        kind = MeasureKind.HOURS if vocabulary.periods[word] == HOUR else MeasureKind.OTHER
        return Measure(start, end + 1, kind, value)
    unit = vocabulary.units.get(word)
    if unit is None:
        return Measure(start, end, MeasureKind.BARE, value)
    end += 1
    if unit.kind is UnitKind.VOLUME:
        return Measure(start, end, MeasureKind.VOLUME, value * unit.size)
    if unit.kind is not UnitKind.MASS:
        return Measure(start, end, MeasureKind.OTHER, value)
    amount = value * unit.size
    base = _base(tokens, end, vocabulary)
    if base is None:
        return Measure(start, end, MeasureKind.MASS, amount, unit.size)
    return Measure(start, base.end, MeasureKind.MASS, amount / base.amount, unit.size, base.amount, base.per)


def _base(tokens: Sequence[NameToken], start: int, vocabulary: DosingVocabulary) -> Base | None:
    """What a mass is stated for, if anything."""
    if text_at(tokens, start) not in _BEFORE_BASE or start + 1 >= len(tokens):
        return None
    position = start + 1
    stated = tokens[position].value
    if stated is not None:
        position += 1
    count = ONE if stated is None else stated
    word = text_at(tokens, position)
    if count == ZERO:
        return None
    if stated == ONE and (position >= len(tokens) or tokens[position].text in _AFTER_ONE):
        # Labels write "0.5 mg/1" for one of what is counted.
        return Base(Per.UNIT, ONE, position)
    if vocabulary.periods.get(word) == HOUR:
        return Base(Per.HOUR, count, position + 1)
    unit = vocabulary.units.get(word)
    if unit is None:
        return None
    amount = count * unit.size
    if unit.kind is UnitKind.MASS:
        # "5 mg/325 mg" is two strengths; "20 mg/g" and RxNorm's "0.02 MG/MG" are one.
        if stated is not None and not (stated == ONE and unit.size == MILLIGRAMS_PER["g"]):
            return None
        return Base(Per.GRAM, amount / MILLIGRAMS_PER["g"], position + 1)
    per = PER_OF_KIND.get(unit.kind)
    return None if per is None else Base(per, amount, position + 1)


def strength_rows(tokens: Sequence[NameToken], measures: Sequence[Measure]) -> list[StrengthRow]:
    """The strengths of a name. Numbers joined by a dash or slash share the last one's unit and base.

    ::

        row = measure , { ( "-" | "/" ) , measure } ;   (* masses and numbers without a unit *)
    """
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
    return [row for row in rows if row.strengths]


def _row(measures: Sequence[Measure]) -> StrengthRow:
    with_unit = [measure for measure in measures if measure.kind is MeasureKind.MASS]
    last = with_unit[-1] if with_unit else None
    strengths = []
    for measure in measures:
        amount, per = measure.amount, measure.per
        if last is not None:
            if measure.kind is MeasureKind.BARE:
                amount, per = amount * last.unit_milligrams / last.base_amount, last.per
            elif per is None and last.per is not None:
                amount, per = amount / last.base_amount, last.per
        if amount > ZERO:
            strengths.append(Strength(amount, per or Per.UNIT))
    return StrengthRow(measures[0].start, measures[-1].end, tuple(strengths), last is not None)


def strength_from_shorthand(
    measures: Sequence[Measure], route: str | None, known: Collection[Strength], counted: str = ""
) -> tuple[Strength, str] | None:
    """The strength that a patch's bare number or a percentage stands for, with the assumption that says so.

    A percentage of a powder or a liquid needs no known strength: one per cent is 10 mg in a gram, or in a millilitre.

    Args:
        measures: the numbers of the name.
        route: the route id that the name tells, if any.
        known: the strengths that the agent is made in.
        counted: the unit id of the form that the name tells, if any.

    Returns:
        None where no known strength may be meant, or more than one.
    """
    per = PER_CENT_OF.get(counted) if route not in _ON_THE_SKIN else None
    if per is not None:
        shares = {measure.amount for measure in measures if measure.kind is MeasureKind.PERCENT}
        shares = {share for share in shares if share > ZERO}
        return (Strength(shares.pop() * PERCENT * MILLIGRAMS_PER["g"], per), FROM_PERCENT) if len(shares) == 1 else None
    found = {strength: note for strength, note in _shorthand(measures, route) if strength in known}
    return found.popitem() if len(found) == 1 else None


def _shorthand(measures: Sequence[Measure], route: str | None) -> Iterator[tuple[Strength, str]]:
    for measure in measures:
        if route == TRANSDERMAL:
            # "50" and "50 mcg" of a patch are what it gives in an hour.
            if measure.kind is MeasureKind.BARE:
                yield Strength(measure.amount * MILLIGRAMS_PER["ug"], Per.HOUR), PATCH_HOURLY
            elif measure.kind is MeasureKind.MASS and measure.per is None:
                yield Strength(measure.amount, Per.HOUR), PATCH_HOURLY
        elif measure.kind is MeasureKind.PERCENT and route not in _ON_THE_SKIN:
            # One per cent is a gram in a hundred millilitres.
            yield Strength(measure.amount * PERCENT * MILLIGRAMS_PER["g"], Per.MILLILITRE), FROM_PERCENT


def listed_strength(amount: Quantity | None, base: Quantity | None, vocabulary: DosingVocabulary) -> Strength | None:
    """The strength of an ingredient that a medication lists: ``amount`` per ``base``.

    Returns:
        None where it is not a mass for a base that the vocabulary knows.
    """
    unit = _unit(amount, vocabulary)
    if amount is None or unit is None or unit.kind is not UnitKind.MASS or amount.value <= ZERO:
        return None
    milligrams = amount.value * unit.size
    if base is None:
        return Strength(milligrams, Per.UNIT)
    if base.value <= ZERO:
        return None
    base_unit = _unit(base, vocabulary)
    if base_unit is None:
        period = vocabulary.periods.get((base.code or base.unit or "").lower())
        if period == HOUR:
            return Strength(milligrams / base.value, Per.HOUR)
        # "1" of something the vocabulary does not know is one of what is counted.
        return Strength(milligrams, Per.UNIT) if period is None and base.value == ONE else None
    if base_unit.kind is UnitKind.MASS:
        return Strength(milligrams / (base.value * base_unit.size) * MILLIGRAMS_PER["g"], Per.GRAM)
    per = PER_OF_KIND.get(base_unit.kind)
    return None if per is None else Strength(milligrams / (base.value * base_unit.size), per)


def _unit(quantity: Quantity | None, vocabulary: DosingVocabulary) -> Unit | None:
    return None if quantity is None else vocabulary.unit(quantity.code) or vocabulary.unit(quantity.unit)
