"""A medication's name to agents, strengths, form, route and release, by whole words and a table of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rules.knowledge import Knowledge
from rules.knowledge.entries import AgentClass, Ingredient, Strength
from rules.product_form import EXTENDED, IMMEDIATE, Brand, FormReader
from rules.product_mention import IngredientOrder, Mention, NameTable, Words, without_aliases, words_of
from rules.product_strength import StrengthRow, Token, read_measures, strength_rows, tokenise
from rules.product_words import EMPTY_WORDS, beside_words

AMBIGUOUS = "strength-ambiguous"
WITHOUT_UNIT = "strength-without-unit"
# RxNorm's brand; a bracket that opens with a number is part of the name.
_BRACKET = re.compile(r"\[(?!\s*[\d.])([^\[\]]*)\]")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_PACK = re.compile(r"^\s*\{.*\}")


@dataclass(frozen=True, slots=True)
class NameReading:
    """What one name tells. ``ingredients`` is empty where it names no agent; ``usable``: it does name something.

    ``class_named``: it names a class of agents and none of them.
    """

    ingredients: tuple[Ingredient, ...]
    usable: bool
    class_named: str | None = None
    form: str | None = None
    route: str | None = None
    release: str = IMMEDIATE
    package_millilitres: Fraction | None = None
    assumptions: tuple[str, ...] = ()


class NameReader:
    """Reads names by one knowledge base; its tables are built once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._vocabulary = knowledge.forms
        self._forms = FormReader(knowledge.forms)
        self._beside = beside_words(knowledge.forms)
        self._names = NameTable(
            (name, (agent.id, name == name.lower()))
            for agent in knowledge.agents.values()
            for name in dict.fromkeys((agent.id, agent.name, *agent.names))
        )
        self._classes = _class_names(knowledge.classes.values())
        self._brands = _brands(knowledge)
        self._known: dict[str, set[Strength]] = {}
        for product in knowledge.products.values():
            for ingredient in product.ingredients:
                if ingredient.strength is not None:
                    self._known.setdefault(ingredient.agent, set()).add(ingredient.strength)
        # The same few names come again and again; the cache's own bound keeps it small.
        self.read = lru_cache(self._read)

    def _read(self, name: str) -> NameReading:
        text = _BRACKET.sub(" ", name)
        brands = _BRACKET.findall(name)
        if _PACK.match(text):
            return self._read_pack(text)
        reading = self._read_plain(text, brands)
        if reading.ingredients:
            return reading
        for brand in brands:
            # Only a brand's own name counts: "[... (for patients taking ...)]" names drugs that are not in it.
            tokens = tokenise(brand)
            if tokens and self._names.longest(tokens, 0) is not None:
                return self._read_plain(f"{brand.partition('(')[0]} {text}")
        return reading if reading.usable else NameReading((), _is_usable(tokenise(name), self._beside))

    def _read_pack(self, text: str) -> NameReading:
        """A pack lists its parts in parentheses; a strength that differs between them is not one strength."""
        parts = [self._read_plain(part) for part in _INNERMOST.findall(text)]
        volumes = {part.package_millilitres for part in parts if part.package_millilitres}
        parts = [part for part in parts if part.ingredients]
        strengths: dict[str, set[Strength | None]] = {}
        for part in parts:
            for entry in part.ingredients:
                strengths.setdefault(entry.agent, set()).add(entry.strength)
        ingredients = []
        notes: tuple[str, ...] = ()
        for agent, found in strengths.items():
            if len(found) > 1:
                notes = (AMBIGUOUS,)
            ingredients.append(Ingredient(agent, found.pop() if len(found) == 1 else None))
        forms = {part.form for part in parts}
        routes = {part.route for part in parts}
        return NameReading(
            tuple(ingredients),
            usable=True,
            form=forms.pop() if len(forms) == 1 else None,
            route=routes.pop() if len(routes) == 1 else None,
            release=EXTENDED if any(part.release == EXTENDED for part in parts) else IMMEDIATE,
            package_millilitres=volumes.pop() if len(volumes) == 1 else None,
            assumptions=notes,
        )

    def _read_plain(self, text: str, bracketed: Sequence[str] = ()) -> NameReading:
        tokens = tokenise(text)
        measures = read_measures(tokens, self._vocabulary)
        mentions = self._names.mentions(tokens)
        own = without_aliases(mentions)
        spoken = [mention.words for mention in mentions] + [words_of(brand) for brand in bracketed]
        brands = [brand for words in spoken if (brand := self._brand(words))]
        told = self._forms.read(tokens, measures, brands)
        # A number inside a name ("... #3") is a part of the name.
        named = {place for mention in mentions for place in range(mention.start, mention.end)}
        rows = [row for row in strength_rows(tokens, measures) if row.start not in named]
        order = IngredientOrder(tokens, mentions, own, self._beside)
        strengths, notes = self._strengths(order, rows, len(tokens))
        agents = dict.fromkeys(agent for mention in own for agent in mention.agents)
        return NameReading(
            tuple(Ingredient(agent, strengths.get(agent)) for agent in agents),
            usable=bool(agents) or _is_usable(tokens, self._beside),
            class_named=None if agents else self._class_named(tokens),
            form=told.form,
            route=told.route,
            release=told.release,
            package_millilitres=told.package_millilitres,
            assumptions=notes,
        )

    def _strengths(
        self, order: IngredientOrder, rows: Sequence[StrengthRow], end: int
    ) -> tuple[dict[str, Strength], tuple[str, ...]]:
        """The strength of each agent of a name, with notes on what was not certain."""
        found: dict[str, Strength] = {}
        refused: set[str] = set()
        notes: dict[str, None] = {}
        waiting: dict[tuple[str, ...] | None, Mention | None] = {}
        start = 0
        for number, row in enumerate(rows):
            ingredients = [*waiting.values(), *order.between(start, row.start)]
            if not ingredients and number == 0:
                # "10 mg ... tablets": the names follow their strength.
                ingredients = order.between(row.end, rows[1].start if len(rows) > 1 else end)
            given = self._assign(row, ingredients)
            # A number that is no strength ("1/2 tab") leaves its ingredients waiting for one.
            settled = row.has_unit or any(given.values())
            waiting = {} if settled else {entry and entry.agents: entry for entry in ingredients}
            start = row.end
            for mention, agent, strength in [(m, agent, given[agent]) for m in ingredients if m for agent in m.agents]:
                earlier = found.get(agent)
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
        given: dict[str, Strength | None] = {}
        for place, mention in enumerate(ingredients):
            if mention is None:
                continue
            in_order = None
            if len(ingredients) == len(row.strengths) and len(mention.agents) == 1:
                in_order = row.strengths[place]
            by_brand = self._by_brand(mention, row)
            for agent in mention.agents:
                known = {strength for strength in row.strengths if strength in self._known.get(agent, ())}
                if agent in by_brand:
                    given[agent] = by_brand[agent]
                elif in_order is not None and (in_order in known or (row.has_unit and len(known) != 1)):
                    given[agent] = in_order
                else:
                    # A number that the agent is made in, among numbers that it is not, is its own.
                    given[agent] = known.pop() if len(known) == 1 else None
        return given

    def _by_brand(self, mention: Mention, row: StrengthRow) -> dict[str, Strength]:
        """The strengths of the one product of a brand that is made of the row's numbers."""
        brand = None if mention.generic or len(row.strengths) == 1 else self._brand(mention.words)
        if brand is None:
            return {}
        stated = set(row.strengths)
        fitting = [product for product in brand.strengths if product and {found for _, found in product} <= stated]
        return dict(fitting[0]) if len(fitting) == 1 else {}

    def _brand(self, words: Words) -> Brand | None:
        """The brand of a name, or of its first words ("... XR" is written without XR in the code list)."""
        while words and words not in self._brands:
            words = words[:-1]
        return self._brands.get(words)

    def _class_named(self, tokens: Sequence[Token]) -> str | None:
        words = " " + " ".join(token.text for token in tokens if token.is_word) + " "
        return next((name for spelling, name in self._classes.items() if f" {spelling} " in words), None)


def _class_names(classes: Iterable[AgentClass]) -> dict[str, str | None]:
    """The classes by their names, the longest first; None for a class that depresses nothing."""
    found = {
        " ".join(words_of(spelling)): entry.name if entry.depressant else None
        for entry in classes
        for spelling in (entry.name, entry.plural)
    }
    return dict(sorted(found.items(), key=lambda item: len(item[0]), reverse=True))


def _brands(knowledge: Knowledge) -> Mapping[Words, Brand]:
    """The brands of the code list's products. Component rows say no form, so nothing of route and release."""
    strengths: dict[Words, set[tuple[tuple[str, Strength], ...]]] = {}
    routes: dict[Words, set[str]] = {}
    releases: dict[Words, set[str]] = {}
    for product in knowledge.products.values():
        made_of = tuple((entry.agent, entry.strength) for entry in product.ingredients if entry.strength)
        for words in {words_of(brand) for brand in _BRACKET.findall(product.name)}:
            strengths.setdefault(words, set()).add(made_of)
            if product.route is not None:
                routes.setdefault(words, set()).add(product.route)
                releases.setdefault(words, set()).add(product.release)
    return {
        words: Brand(frozenset(made_of), frozenset(routes.get(words, ())), frozenset(releases.get(words, ())))
        for words, made_of in strengths.items()
    }


def _is_usable(tokens: Sequence[Token], beside: frozenset[str]) -> bool:
    """Whether any word could be the name of a drug: longer than an abbreviation, and no form, unit or remark."""
    return any(
        token.is_word and len(token.text) > len("iv") and token.text not in beside and token.text not in EMPTY_WORDS
        for token in tokens
    )


_READERS: dict[tuple[int, int, int], tuple[Knowledge, NameReader]] = {}


def reader_of(knowledge: Knowledge) -> NameReader:
    """The reader of a knowledge base, built once; there are as many as knowledge bases loaded."""
    key = (id(knowledge.agents), id(knowledge.products), id(knowledge.forms))
    entry = _READERS.get(key)
    if entry is None:
        # The knowledge is kept with its reader, so that its id names it for good.
        entry = (knowledge, NameReader(knowledge))
        _READERS[key] = entry
    return entry[1]
