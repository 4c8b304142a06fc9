"""The products of the code list: agents with their strengths, form, route and release."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

# How a product releases its drug.
IMMEDIATE = "immediate"
EXTENDED = "extended"
RELEASES = (IMMEDIATE, EXTENDED)
# RxNorm's kinds of terms, the most specific first: products, packs, components.
TERM_TYPES = ("SBD", "SCD", "BPCK", "GPCK", "SBDC", "SCDC")


class Per(StrEnum):
    """What a strength is stated for."""

    UNIT = "unit"
    MILLILITRE = "mL"
    HOUR = "h"
    ACTUATION = "actuation"
    GRAM = "g"


@dataclass(frozen=True, slots=True)
class Strength:
    """Milligrams of one agent per ``per``."""

    milligrams: Fraction
    per: Per


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An agent in a product; ``strength`` is None where only the agent is known."""

    agent: str
    strength: Strength | None


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product of the code list: agents with strengths, form, route and release.

    ``code`` is its RxCUI, ``term_type`` one of :data:`TERM_TYPES`. ``form`` and ``route`` are names of ``forms.yaml``;
    None where the list states none. ``release`` is one of :data:`RELEASES`. ``package_millilitres`` is the volume of
    one countable unit (a 2 mL syringe) where the name states it.
    """

    code: str
    term_type: str
    name: str
    ingredients: tuple[Ingredient, ...]
    form: str | None
    route: str | None
    release: str
    package_millilitres: Fraction | None = None
