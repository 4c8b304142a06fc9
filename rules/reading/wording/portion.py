"""One dose in words: ``two 1 mg tablets``, ``0.5 mL of 2 mg/mL``, ``one 25 microgram/h patch``.

``strength`` and ``millilitres`` (of one unit) are those of the product: the strength of its only ingredient, None where
it is not known or where several ingredients have one each.
"""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Unit
from rules.knowledge.listed_product import Per, Strength
from rules.numbers.quantity import MICROGRAMS_PER_MILLIGRAM
from rules.numbers.text import figure
from rules.reading.wording.numbers import number, number_word
from rules.reading.wording.prose import part_of

# How a concentration is printed.
PRINTED_PER = {Per.MILLILITRE: "mL", Per.GRAM: "g"}


def count_words(
    value: Fraction, unit: Unit, strength: Strength | None, millilitres: Fraction | None, vocabulary: DosingVocabulary
) -> str:
    """``two 1 mg tablets``, ``60 tablets of 1 mg``, ``half of a 1 mg tablet``, ``one ampoule (2 mL of 2 mg/mL)``."""
    count, name = number(value, vocabulary), _name(value, unit)
    if strength is not None and strength.per is Per.MILLILITRE:
        if not millilitres:
            return f"{count} {name}"
        return f"{count} {name} ({figure(value * millilitres)} mL{concentration_words(strength, millilitres)})"
    size = ""
    if strength is not None:
        size = f"{figure(strength.milligrams)} mg"
        if strength.per is Per.HOUR:
            size = f"{figure(strength.milligrams * MICROGRAMS_PER_MILLIGRAM)} microgram/h"
    if value < 1:
        return part_of(count, f"{size} {name}".strip())
    if size and number_word(value, vocabulary) is None:
        return f"{count} {name} of {size}"
    return " ".join(part for part in (count, size, name) if part)


def volume_words(value: Fraction, unit: Unit | None, vocabulary: DosingVocabulary) -> str:
    """``0.5 mL``, ``two teaspoons (10 mL)``; without a unit ``value`` are millilitres."""
    if unit is None or unit.size == 1:
        return f"{figure(value)} mL"
    return f"{number(value, vocabulary)} {_name(value, unit)} ({figure(value * unit.size)} mL)"


def concentration_words(strength: Strength | None, millilitres: Fraction | None) -> str:
    """`` of 2 mg/mL``, `` of 1 mg/g``, `` of 1 mg in 5 mL``; empty without a strength."""
    if strength is None:
        return ""
    words = f" of {figure(strength.milligrams)} mg"
    if strength.per in PRINTED_PER:
        return f"{words}/{PRINTED_PER[strength.per]}"
    return f"{words} in {figure(millilitres)} mL" if millilitres else ""


def mass_words(value: Fraction, unit: Unit) -> str:
    """``0.5 mg``, as it was written."""
    return f"{figure(value)} {unit.short}"


def hourly_words(micrograms: Fraction) -> str:
    """``25 micrograms an hour by patch``."""
    return f"{figure(micrograms)} micrograms an hour by patch"


def _name(value: Fraction, unit: Unit) -> str:
    return unit.short if value <= 1 else unit.plural
