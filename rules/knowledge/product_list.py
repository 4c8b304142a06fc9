"""The code list: its products by code, each read when it is first asked for, since one record asks for few of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from rules.knowledge.listed_product import ListedProduct
from rules.numbers.memo import LazyValues, lazy


class ProductList(LazyValues, Mapping[str, ListedProduct]):
    """Products by code, in the order of the file; frozen in all that can be seen of it."""

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
