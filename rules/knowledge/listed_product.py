"""The products of the code list: agents with their strengths, form, route and release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache

from rules.numbers.memo import LazyValues, lazy

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


class ProductList(LazyValues, Mapping[str, ListedProduct]):
    """The products of the code list by code, in the order of the file.

    Each is read when it is first asked for, as one record asks for few of them; in all that can be seen the list is
    frozen.
    """

    __slots__ = ("_agents_of", "_names", "_product")

    def __init__(
        self,
        names: Mapping[str, str],
        agents_of: Callable[[str], Sequence[str]],
        read: Callable[[str], ListedProduct],
    ) -> None:
        """A list of the products that have names.

        Args:
            names: the name of each product, by code.
            agents_of: gives the agents of the product of a code.
            read: gives the product of a code.
        """
        self._names = names
        self._agents_of = agents_of
        self._product = cache(read)

    def __getitem__(self, code: str) -> ListedProduct:
        if code not in self._names:
            raise KeyError(code)
        return self._product(code)

    def __contains__(self, code: object) -> bool:
        return code in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def names(self) -> Mapping[str, str]:
        """The name of each product, by code."""
        return self._names

    @lazy
    def codes_by_agent(self) -> Mapping[str, Sequence[str]]:
        """The codes of the products that hold an agent, by agent."""
        found: dict[str, list[str]] = {}
        for code in self._names:
            for agent in self._agents_of(code):
                found.setdefault(agent, []).append(code)
        return found

    def strengths_of(self, agent: str) -> frozenset[Strength]:
        """The strengths that an agent is made in, alone or with others."""
        return frozenset(
            ingredient.strength
            for code in self.codes_by_agent.get(agent, ())
            for ingredient in self[code].ingredients
            if ingredient.agent == agent and ingredient.strength is not None
        )
