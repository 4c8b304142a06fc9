"""What a product alone tells that it is for, whatever its order says: a depot that is made for one disorder only."""

from __future__ import annotations

from collections.abc import Iterator

from rules.knowledge.agent import Agent, ProductPurpose
from rules.knowledge.listed_product import Per
from rules.model import Medication
from rules.reading.product.product import Product
from rules.reading.product.words.tokens import tokenise


def purposes_of_product(medication: Medication, product: Product, agent: Agent, route: str) -> frozenset[str]:
    """The ids of the concepts that an agent in a product is for, by the product alone.

    Args:
        medication: the product as it was sent, with its names and codes.
        product: what it was read as.
        agent: one of its agents.
        route: how it is given.
    """
    return frozenset(
        purpose.condition for purpose in agent.purposes if _tells(purpose, medication, product, agent, route)
    )


def _tells(purpose: ProductPurpose, medication: Medication, product: Product, agent: Agent, route: str) -> bool:
    if purpose.least is not None and route not in purpose.not_by:
        strengths = (part.strength for part in product.ingredients if part.agent == agent.id)
        if any(
            strength is not None and strength.per is not Per.HOUR and strength.milligrams >= purpose.least.value
            for strength in strengths
        ):
            return True
    if any(part.agent in purpose.beside for part in product.ingredients):
        return True
    if any((coding.system, coding.code) in purpose.codes for coding in medication.codings):
        return True
    return any(token.text in purpose.names for name in _names(medication) for token in tokenise(name))


def _names(medication: Medication) -> Iterator[str]:
    yield from filter(None, (medication.text, *(coding.display for coding in medication.codings)))
