"""Which strength of a name is that of which of its ingredients."""

from __future__ import annotations

from collections.abc import Sequence

from rules.knowledge.listed_product import Strength
from rules.reading.product.brands import Brands
from rules.reading.product.form import common
from rules.reading.product.strength import StrengthRow
from rules.reading.product.words.mention import IngredientOrder, Mention

AMBIGUOUS = "strength-ambiguous"
WITHOUT_UNIT = "strength-without-unit"


class IngredientStrengths:
    """Gives the strengths of a name to its ingredients, by their order and by what each agent is made in."""

    def __init__(self, brands: Brands) -> None:
        self._brands = brands

    def of(
        self, order: IngredientOrder, rows: Sequence[StrengthRow], end: int
    ) -> tuple[dict[str, Strength], tuple[str, ...]]:
        """The strength of each agent of a name, with the assumptions of what was not certain."""
        found: dict[str, Strength] = {}
        refused: set[str] = set()
        notes: dict[str, None] = {}
        waiting: dict[tuple[str, ...] | None, Mention | None] = {}
        start = 0
        leading = False
        for number, row in enumerate(rows):
            ingredients = [*waiting.values(), *order.between(start, row.start)]
            if leading or (not ingredients and number == 0):
                # "10 mg ... tablets", "5 mg ... / 325 mg ...": the names follow their strengths.
                after = order.between(row.end, rows[number + 1].start if number + 1 < len(rows) else end)
                leading = row.has_unit and bool(after)
                ingredients = after or ingredients
            assigned = self._assign(row, ingredients)
            # A number that is no strength ("1/2 tab") leaves its ingredients waiting for one.
            settled = row.has_unit or any(assigned.values())
            waiting = {} if settled else {mention and mention.agents: mention for mention in ingredients}
            start = row.end
            for mention, agent in _with_agents(ingredients):
                strength, earlier = assigned[agent], found.get(agent)
                if strength is None:
                    notes.update({AMBIGUOUS: None} if row.has_unit and earlier is None else {})
                elif earlier is None:
                    found[agent] = strength
                    notes.update({} if row.has_unit else {WITHOUT_UNIT: None})
                elif order.adds_salt(mention) and earlier.per == strength.per:
                    found[agent] = Strength(earlier.milligrams + strength.milligrams, strength.per)
                elif earlier != strength:
                    refused.add(agent)
        if refused:
            notes[AMBIGUOUS] = None
        return {agent: strength for agent, strength in found.items() if agent not in refused}, tuple(notes)

    def _assign(self, row: StrengthRow, ingredients: Sequence[Mention | None]) -> dict[str, Strength | None]:
        """The strength of each of our agents in a row; None where the row does not tell which one is its."""
        assigned: dict[str, Strength | None] = {}
        for position, mention in enumerate(ingredients):
            if mention is None:
                continue
            in_order = None
            if len(ingredients) == len(row.strengths) and len(mention.agents) == 1:
                in_order = row.strengths[position]
            by_brand = {} if mention.generic else self._brands.strengths(mention.words, row)
            for agent in mention.agents:
                made = self._brands.strengths_of_agent(agent)
                known = {strength for strength in row.strengths if strength in made}
                if agent in by_brand:
                    assigned[agent] = by_brand[agent]
                elif in_order is not None and (in_order in known or (row.has_unit and len(known) != 1)):
                    assigned[agent] = in_order
                else:
                    # A number that the agent is made in, among numbers that it is not, is its own.
                    assigned[agent] = common(known)
        return assigned


def _with_agents(ingredients: Sequence[Mention | None]) -> list[tuple[Mention, str]]:
    return [(mention, agent) for mention in ingredients if mention for agent in mention.agents]
