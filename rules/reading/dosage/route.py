"""How a medication enters the body, by the route of its dosage, else of its text, else of its product.

Where several routes are named, the one with the larger load counts. A route by which the product's form is not given is
not believed: the form's counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import ORAL, PARENTERAL, TOPICAL, TRANSDERMAL, DosingVocabulary, Route
from rules.knowledge.listed_product import Per
from rules.model import Dosage, Regimen
from rules.numbers.memo import memoised
from rules.reading.condition.text import phrases
from rules.reading.dosage.daily_dose import Administration
from rules.reading.dosage.text import TextReading, is_as_needed, read_texts, undated
from rules.reading.product.product import Product

ROUTE_NOT_OF_FORM = "route-contradicts-form"
SEVERAL_ROUTES = "several-routes-larger-load-counted"


@dataclass(frozen=True, slots=True)
class RouteReading:
    """The route of a dosage, codes of what was assumed, and whether it is by vein or an infusion."""

    route: str
    assumptions: tuple[str, ...] = ()
    by_vein: bool = False


def reaches_brain(product: Product, knowledge: Knowledge) -> bool:
    """Whether a product is an exposure at all: a skin cream is none."""
    return _own_route(product, knowledge.vocabulary) != TOPICAL


def administration_of(regimen: Regimen, product: Product, knowledge: Knowledge) -> Administration:
    """How a medication is given."""
    lines = undated(regimen.dosages)
    route = route_of(lines, product, knowledge)
    administration = _by_route(route, product, knowledge, as_needed=True)
    # The texts are asked only where it makes a difference.
    if not administration.rescue or is_as_needed(lines, knowledge):
        return administration
    return _by_route(route, product, knowledge, as_needed=False)


@memoised
def route_of(lines: tuple[Dosage, ...], product: Product, knowledge: Knowledge) -> RouteReading:
    """The route of dosage lines of a product. Never raises."""
    vocabulary = knowledge.vocabulary
    texts = read_texts(lines, knowledge)
    of_form = _route_of_form(texts.filled, product, vocabulary)
    named = list(dict.fromkeys(_named(lines, texts, vocabulary)))
    excluded = vocabulary.form_excludes.get(of_form or "", frozenset())
    possible = [route for route in named if route.id not in excluded]
    assumptions = [ROUTE_NOT_OF_FORM] if len(possible) < len(named) else []
    if len({route.equivalence for route in possible}) > 1:
        assumptions.append(SEVERAL_ROUTES)
    route = max(possible, key=_load_of).id if possible else of_form or ORAL
    # Where no route is stated, an infusion is by vein.
    may_be = route == PARENTERAL or (not possible and of_form is None)
    return RouteReading(
        route, tuple(assumptions), may_be and _is_by_vein(lines, product, vocabulary, is_injected=route == PARENTERAL)
    )


def _is_by_vein(
    lines: tuple[Dosage, ...], product: Product, vocabulary: DosingVocabulary, *, is_injected: bool
) -> bool:
    """Whether codes, words or the product's name say that it is given by vein or as an infusion; or a rate of what is
    injected."""
    said = [product.name]
    for line in lines:
        if any((coding.system, coding.code) in vocabulary.vein_codes for coding in line.route_codes):
            return True
        if is_injected and any(dose.is_rate for dose in line.doses):
            return True
        timing = line.timing
        coded = () if timing is None else (timing.code, timing.code_text)
        said.extend(text for text in (line.route, line.text, *line.instructions, *coded) if text)
    return any(phrases(vocabulary.vein_words).search(text.lower()) for text in said)


def _named(lines: tuple[Dosage, ...], texts: TextReading, vocabulary: DosingVocabulary) -> Iterator[Route]:
    """The routes of the lines' own elements, then those of their texts."""
    for line in lines:
        yield from vocabulary.routes_named(line.route, line.route_codes)
    for steps in texts.steps:
        for line in steps:
            yield from vocabulary.routes_named(line.route)


def _load_of(route: Route) -> tuple[bool, bool]:
    """A sort key: what is converted before what is not, and what reaches the brain before what does not."""
    return route.equivalence, route.id != TOPICAL


def _own_route(product: Product, vocabulary: DosingVocabulary) -> str | None:
    """The route that a product's name tells, unless its form excludes that: a "topical patch" is a patch."""
    form = vocabulary.dose_form(product.form)
    if form is not None and product.route in vocabulary.form_excludes.get(form.route, frozenset()):
        return form.route
    return product.route


def _route_of_form(lines: tuple[Dosage, ...], product: Product, vocabulary: DosingVocabulary) -> str | None:
    """The route of the product's form; without one, that of a strength per hour, or of the unit that is counted."""
    own = _own_route(product, vocabulary)
    if own is not None:
        return own
    if any(part.strength is not None and part.strength.per is Per.HOUR for part in product.ingredients):
        return TRANSDERMAL
    for line in lines:
        for entry in line.doses:
            quantity = entry.high or entry.low
            unit = quantity and (vocabulary.unit(quantity.code) or vocabulary.unit(quantity.unit))
            form = vocabulary.dose_form(unit.short) if unit else None
            if form is not None:
                return form.route
    return None


@memoised
def _by_route(reading: RouteReading, product: Product, knowledge: Knowledge, *, as_needed: bool) -> Administration:
    vocabulary = knowledge.vocabulary
    # Tablets are kept for no seizure: by mouth or in the cheek they are part of the load.
    own = _own_route(product, vocabulary)
    rescue = own != ORAL and any(
        vocabulary.is_rescue(ingredient.agent, reading.route, as_needed) for ingredient in product.ingredients
    )
    return Administration(
        route=reading.route,
        exposes=own != TOPICAL,
        equivalent=vocabulary.has_equivalence(reading.route),
        rescue=rescue,
        assumptions=reading.assumptions,
        by_vein=reading.by_vein,
    )
