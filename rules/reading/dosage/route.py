"""How a medication enters the body, by the route of its dosage, else of its product, and what follows from it."""

from __future__ import annotations

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import ORAL, TOPICAL, DosingVocabulary
from rules.model import Coding, Regimen
from rules.numbers.memo import memoised
from rules.reading.dosage.daily_dose import Administration
from rules.reading.dosage.text import is_as_needed, undated
from rules.reading.product.product import Product


def administration_of(regimen: Regimen, product: Product, knowledge: Knowledge) -> Administration:
    """How a medication is given; a stated route takes precedence over the product's."""
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
