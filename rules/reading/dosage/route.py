"""How a medication enters the body, by the dosage where it says, else by the product; and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import ORAL, TOPICAL, DosingVocabulary
from rules.model import Coding, Regimen
from rules.numbers.memo import memoised
from rules.reading.dosage.text import is_as_needed, undated
from rules.reading.product.product import Product


@dataclass(frozen=True, slots=True)
class Administration:
    """``route`` is a route id (``oral`` where nobody says otherwise).

    ``exposes``: the agent reaches the brain at all (a skin cream does not). ``equivalent``: oral equivalence figures
    apply. ``rescue``: kept for a seizure, no part of a daily load.
    """

    route: str
    exposes: bool
    equivalent: bool
    rescue: bool

    @property
    def factor_route(self) -> str:
        """The route that a conversion factor must have been published for."""
        return self.route


def administration_of(regimen: Regimen, product: Product, knowledge: Knowledge) -> Administration:
    """How a medication is given; a stated route beats the product's own."""
    stated = (_stated(line.route, line.route_codes, knowledge.vocabulary) for line in regimen.dosages)
    route = next(filter(None, stated), None) or product.route or ORAL
    administration = _by_route(route, product, knowledge, as_needed=True)
    # The texts are asked only where it makes a difference.
    if not administration.rescue or is_as_needed(undated(regimen.dosages), knowledge):
        return administration
    return _by_route(route, product, knowledge, as_needed=False)


@memoised
def _stated(words: str | None, codings: tuple[Coding, ...], vocabulary: DosingVocabulary) -> str | None:
    route = vocabulary.route(words, codings)
    return None if route is None else route.id


@memoised
def _by_route(route: str, product: Product, knowledge: Knowledge, *, as_needed: bool) -> Administration:
    vocabulary = knowledge.vocabulary
    return Administration(
        route=route,
        exposes=route != TOPICAL and product.route != TOPICAL,
        equivalent=vocabulary.has_equivalence(route),
        rescue=any(vocabulary.is_rescue(ingredient.agent, route, as_needed) for ingredient in product.ingredients),
    )
