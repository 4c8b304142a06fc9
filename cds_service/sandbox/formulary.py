"""The products that can be ordered on the page: those of the knowledge base, grouped by drug."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rules.knowledge import Knowledge, ListedProduct, Per

# RxNorm's term types of a complete product: a generic or branded drug with its strength and form.
ORDERABLE = ("SCD", "SBD")
MAX_DRUGS = 60

# Dose units (ids of the knowledge's vocabulary) of strengths that are stated per volume or weight.
UNITS_OF_STRENGTH = {Per.MILLILITRE: "millilitre", Per.GRAM: "gram"}


class Formulary:
    """The orderable drugs, searched by generic or brand name."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        by_drug: dict[tuple[str, ...], list[ListedProduct]] = {}
        for product in knowledge.products.values():
            if product.term_type in ORDERABLE and all(part.strength for part in product.ingredients):
                by_drug.setdefault(tuple(sorted({part.agent for part in product.ingredients})), []).append(product)
        self._drugs = sorted((self._drug(agents, products) for agents, products in by_drug.items()), key=_by_name)

    def find(self, query: str) -> list[dict[str, Any]]:
        """Up to ``MAX_DRUGS`` drugs in whose names every word of the query begins a word.

        Drugs whose name begins with the query come first, then those with fewer ingredients.
        """
        words = query.casefold().split()
        found = [drug for drug in self._drugs if all(f" {word}" in drug["words"] for word in words)]
        found.sort(key=lambda drug: (not drug["name"].startswith(query.strip().casefold()), drug["agents"]))
        return [{key: drug[key] for key in ("name", "class", "products")} for drug in found[:MAX_DRUGS]]

    def _drug(self, agents: tuple[str, ...], products: Iterable[ListedProduct]) -> dict[str, Any]:
        drug_agents = [self._knowledge.agents[agent] for agent in agents]
        ordered = sorted(products, key=_by_route_and_strength)
        names = [name for agent in drug_agents for name in (agent.name, *agent.names)]
        return {
            "name": " and ".join(agent.name for agent in drug_agents),
            "class": ", ".join(dict.fromkeys(agent.agent_class.name for agent in drug_agents)),
            "products": [self._choice(product) for product in ordered],
            "agents": len(drug_agents),
            # For the search: a space before every word, and brand names without RxNorm's bracket.
            "words": " ".join(["", *names, *(product.name.replace("[", "") for product in ordered)]).casefold(),
        }

    def _choice(self, product: ListedProduct) -> dict[str, Any]:
        singular, plural = self._unit(product)
        return {
            "code": product.code,
            "name": product.name,
            "brand": product.term_type != ORDERABLE[0],
            "route": product.route or "",
            "unit": singular,
            "units": plural,
        }

    def _unit(self, product: ListedProduct) -> tuple[str, str]:
        """Singular and plural of the dose unit: ``tablet``, ``tablets``."""
        vocabulary = self._knowledge.vocabulary
        per = next(part.strength.per for part in product.ingredients if part.strength)
        form = vocabulary.dose_form(product.form)
        unit = vocabulary.unit(UNITS_OF_STRENGTH.get(per, form.unit if form else "each"))
        return (unit.short, unit.plural) if unit else ("unit", "units")


def _by_name(drug: dict[str, Any]) -> str:
    return str(drug["name"])


def _by_route_and_strength(product: ListedProduct) -> tuple[object, ...]:
    strengths = [part.strength.milligrams for part in product.ingredients if part.strength]
    liquid = any(part.strength.per is not Per.UNIT for part in product.ingredients if part.strength)
    return (product.route != "oral", product.release != "immediate", liquid, product.form or "", strengths)
