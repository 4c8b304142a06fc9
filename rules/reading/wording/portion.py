"""How one dose of a product is told: ``two 1 mg tablets``, ``0.5 mL of 2 mg/mL``, ``one 25 microgram/h patch``."""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Unit
from rules.knowledge.listed_product import Per
from rules.numbers.quantity import MICROGRAMS_PER_MILLIGRAM
from rules.numbers.text import figure
from rules.reading.product.product import Product
from rules.reading.wording.numbers import in_digits, number
from rules.reading.wording.prose import part_of

# How a concentration is printed.
PRINTED_PER = {Per.MILLILITRE: "mL", Per.GRAM: "g"}


def described(value: Fraction, unit: Unit, product: Product, vocabulary: DosingVocabulary) -> str:
    """``two 1 mg tablets``, ``60 tablets of 1 mg``: the strength is named where one ingredient makes it plain."""
    first, *others = product.ingredients
    count, name, strength = number(value, vocabulary), _name(value, unit), ""
    if not others and first.strength is not None and first.strength.per is Per.MILLILITRE:
        volume = product.package_millilitres
        return f"{count} {name} ({figure(value * volume)} mL{concentration(product)})" if volume else f"{count} {name}"
    if not others and first.strength is not None:
        strength = f"{figure(first.strength.milligrams)} mg"
        if first.strength.per is Per.HOUR:
            strength = f"{figure(first.strength.milligrams * MICROGRAMS_PER_MILLIGRAM)} microgram/h"
    if value < 1:
        return part_of(count, f"{strength} {name}".strip())
    if strength and in_digits(count):
        return f"{count} {name} of {strength}"
    return " ".join(part for part in (count, strength, name) if part)


def volume_words(value: Fraction, unit: Unit | None, vocabulary: DosingVocabulary) -> str:
    """``0.5 mL``, ``two teaspoons (10 mL)``."""
    if unit is None or unit.size == 1:
        return f"{figure(value)} mL"
    return f"{number(value, vocabulary)} {_name(value, unit)} ({figure(value * unit.size)} mL)"


def concentration(product: Product) -> str:
    """``of 2 mg/mL``, ``of 1 mg/g``, ``of 1 mg in 5 mL``; nothing where several ingredients have one each."""
    first, *others = product.ingredients
    if others or first.strength is None:
        return ""
    strength = f" of {figure(first.strength.milligrams)} mg"
    if first.strength.per in PRINTED_PER:
        return f"{strength}/{PRINTED_PER[first.strength.per]}"
    return f"{strength} in {figure(product.package_millilitres)} mL" if product.package_millilitres else ""


def _name(value: Fraction, unit: Unit) -> str:
    return unit.short if value <= 1 else unit.plural
