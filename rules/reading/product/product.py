"""What a medication turned out to be: a product of ours, another drug, or one that is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rules.knowledge.listed_product import IMMEDIATE, Ingredient
from rules.numbers.memo import HashedOnce, hashed_once


@hashed_once
@dataclass(frozen=True, slots=True)
class Product(HashedOnce):
    """A product that holds at least one agent of ours.

    ``name`` is what to print: the name as sent, with what a misspelt one was read as, else the code list's. A strength
    is None where only the agent is known. ``release`` is ``immediate`` or ``extended``; ``package_millilitres`` the
    volume of one unit; ``code`` the RxCUI it was resolved by, if any. ``also_holds`` are agents in it
    of which no strength is stated and no dose is read: the lesser ones of a brand, and those that only count in older
    adults; where nothing else is in it, these are the ingredients.
    """

    ingredients: tuple[Ingredient, ...]
    name: str
    form: str | None = None
    route: str | None = None
    release: str = IMMEDIATE
    package_millilitres: Fraction | None = None
    code: str | None = None
    assumptions: tuple[str, ...] = ()
    also_holds: tuple[str, ...] = ()


class UnknownReason(StrEnum):
    """Why a product is unknown."""

    CODE_NOT_VERIFIED = "code-not-verified"
    CLASS_ONLY = "class-only"
    UNCLEAR_WORD = "unclear-word"
    STRENGTH_NOT_MADE = "strength-not-made"
    STEM = "stem-of-a-class"
    TOO_MANY_WORDS = "too-many-words"
    OTHER_LETTERS = "other-letters"
    NO_NAME = "no-name"


@dataclass(frozen=True, slots=True)
class UnknownProduct:
    """A record that may hold one of our agents and does not tell which.

    ``word`` is the word of its name that is not read, if it is one; ``may_be`` are the drugs that the word may mean, or
    the class that the name names.
    """

    name: str
    reason: UnknownReason
    word: str = ""
    may_be: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The reason as a clause, for the working and the cards."""
        drugs = " or ".join(self.may_be)
        word = f"“{self.word}” may be {drugs}"
        return {
            UnknownReason.CODE_NOT_VERIFIED: "the code is not verified and no name of a known drug was sent with it",
            UnknownReason.CLASS_ONLY: f"names a class of drugs ({drugs}) and no drug",
            UnknownReason.UNCLEAR_WORD: f"{word}, and is not read",
            UnknownReason.STRENGTH_NOT_MADE: f"{word}, which is not known in the strength written",
            UnknownReason.STEM: f"“{self.word}” ends like the names of {drugs}, and is not known",
            UnknownReason.TOO_MANY_WORDS: f"has more words that are not known than are compared, from “{self.word}” on",
            UnknownReason.OTHER_LETTERS: "its name is in letters that are not read",
            UnknownReason.NO_NAME: "no known code and no usable name",
        }[self.reason]


@dataclass(frozen=True, slots=True)
class NotRelevant:
    """A medication with a usable name that holds no agent of ours."""

    name: str


Resolved = Product | UnknownProduct | NotRelevant
