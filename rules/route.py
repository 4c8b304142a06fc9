"""The way a medication enters the body: by the dosage where it says, else by the product; and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge import Knowledge
from rules.model import Regimen
from rules.product import Product

# Route ids of the vocabulary that the rules themselves need to know.
ORAL = "oral"
TOPICAL = "topical"


@dataclass(frozen=True, slots=True)
class Way:
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


def way_of(regimen: Regimen, product: Product, knowledge: Knowledge) -> Way:
    """The way of a regimen; a stated route beats the product's own."""
    forms = knowledge.forms
    stated = next(
        (named for dosage in regimen.dosages if (named := forms.route(dosage.route, dosage.route_codes)) is not None),
        None,
    )
    route = stated.id if stated is not None else product.route or ORAL
    as_needed = any(dosage.as_needed for dosage in regimen.dosages)
    return Way(
        route=route,
        exposes=route != TOPICAL and product.route != TOPICAL,
        equivalent=forms.has_equivalence(route),
        rescue=any(forms.is_rescue(ingredient.agent, route, as_needed) for ingredient in product.ingredients),
    )
