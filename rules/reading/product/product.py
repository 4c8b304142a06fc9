"""What a medication turned out to be: a product of ours, another drug, or one that cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.listed_product import IMMEDIATE, Ingredient
from rules.numbers.memo import HashedOnce, hashed_once


@hashed_once
@dataclass(frozen=True, slots=True)
class Product(HashedOnce):
    """A product that holds at least one agent of ours.

    ``name`` is what to print: the name as sent, with what a misspelt one was read as, else the code list's. A strength
    is None where only the agent is known. ``release`` is ``immediate`` or ``extended``; ``package_millilitres`` the
    volume of one unit; ``code`` the RxCUI it was resolved by, if any.
    """

    ingredients: tuple[Ingredient, ...]
    name: str
    form: str | None = None
    route: str | None = None
    release: str = IMMEDIATE
    package_millilitres: Fraction | None = None
    code: str | None = None
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownProduct:
    """A record that may hold one of our agents and does not tell which; ``why`` says what was missing."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class NotRelevant:
    """A medication with a usable name that holds no agent of ours."""

    name: str


Resolved = Product | UnknownProduct | NotRelevant
