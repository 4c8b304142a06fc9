"""A medication's name to agents, strengths, form, route and release, by whole words and a table of names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import TRANSDERMAL
from rules.knowledge.listed_product import EXTENDED, IMMEDIATE, Ingredient, Per, Strength
from rules.numbers.memo import memoised
from rules.reading.product.brands import BRACKET, Brands
from rules.reading.product.form import FormReader
from rules.reading.product.mention import ClassNames, IngredientOrder, Mention, NameTable, without_aliases, words_of
from rules.reading.product.shorthand import from_shorthand
from rules.reading.product.spelling import Spelling, Unclear
from rules.reading.product.strength import Measure, NameToken, StrengthRow, read_measures, strength_rows, tokenise
from rules.reading.product.words import EMPTY_WORDS, SEPARATORS, beside_words, is_usable

AMBIGUOUS = "strength-ambiguous"
WITHOUT_UNIT = "strength-without-unit"
PART_NOT_READ = "part-of-name-not-read"
_INNERMOST = re.compile(r"\(([^()]*)\)")
_PACK = re.compile(r"^\s*\{.*\}")


@dataclass(frozen=True, slots=True)
class NameReading:
    """What one name tells. ``ingredients`` is empty where it names no agent; ``usable``: it does name something.

    ``class_named``: it names a class of agents and none of them. ``unclear``: why a word of it could not be told, which
    is near the name of an agent. ``misspelt``: agents that only a misspelt or shortened word names.
    """

    ingredients: tuple[Ingredient, ...]
    usable: bool
    class_named: str | None = None
    unclear: str | None = None
    misspelt: frozenset[str] = frozenset()
    form: str | None = None
    route: str | None = None
    release: str = IMMEDIATE
    package_millilitres: Fraction | None = None
    assumptions: tuple[str, ...] = ()


class NameReader:
    """Reads names by one knowledge base; its tables are built once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._vocabulary = knowledge.vocabulary
        self._forms = FormReader(knowledge.vocabulary)
        self._beside = beside_words(knowledge.vocabulary)
        self._names = NameTable(
            (name, (agent.id, name == name.lower()))
            for agent in knowledge.agents.values()
            for name in dict.fromkeys((agent.id, agent.name, *agent.names))
        )
        self._classes = ClassNames(knowledge.classes.values(), knowledge.name_words.class_names)
        also_known = (
            *self._names.every_word(),
            *self._beside,
            *EMPTY_WORDS,
            *SEPARATORS,
            *self._classes.words,
        )
        self._spelling = Spelling(self._names.single_words(), also_known, knowledge.name_words)
        self._brands = Brands(knowledge.products)
        self.read = memoised(self._read)

    def _read(self, name: str) -> NameReading:
        text = BRACKET.sub(" ", name)
        brands = BRACKET.findall(name)
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
        return reading if reading.usable else NameReading((), is_usable(tokenise(name), self._beside))

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
        vocabulary = {part.form for part in parts}
        routes = {part.route for part in parts}
        return NameReading(
            tuple(ingredients),
            usable=True,
            form=vocabulary.pop() if len(vocabulary) == 1 else None,
            route=routes.pop() if len(routes) == 1 else None,
            release=EXTENDED if any(part.release == EXTENDED for part in parts) else IMMEDIATE,
            package_millilitres=volumes.pop() if len(volumes) == 1 else None,
            assumptions=notes,
        )

    def _read_plain(self, text: str, bracketed: Sequence[str] = ()) -> NameReading:
        tokens = tokenise(text)
        measures = read_measures(tokens, self._vocabulary)
        mentions, unclear = self._mentions(tokens, measures)
        own = without_aliases(mentions)
        spoken = [mention.words for mention in mentions] + [words_of(brand) for brand in bracketed]
        brands = [brand for words in spoken if (brand := self._brands.of(words))]
        told = self._forms.read(tokens, measures, brands)
        # A number inside a name ("... #3") is a part of the name.
        named = {place for mention in mentions for place in range(mention.start, mention.end)}
        rows = [row for row in strength_rows(tokens, measures) if row.start not in named]
        order = IngredientOrder(tokens, mentions, own, self._beside)
        strengths, notes = self._strengths(order, rows, len(tokens))
        agents = dict.fromkeys(agent for mention in own for agent in mention.agents)
        if len(agents) == 1 and len(order.between(0, len(tokens))) == 1:
            (agent,) = agents
            unidentified_in_force = [measure for measure in measures if measure.start not in named]
            short = from_shorthand(unidentified_in_force, told.route, self._brands.strengths_of_agent(agent))
            stated = strengths.get(agent)
            if short is not None and (stated is None or (told.route == TRANSDERMAL and stated.per is Per.UNIT)):
                strengths, notes = {agent: short[0]}, (short[1],)
        misspelt = [mention for mention in own if mention.note]
        part = (PART_NOT_READ,) if agents and unclear else ()
        return NameReading(
            tuple(Ingredient(agent, strengths.get(agent)) for agent in agents),
            usable=bool(agents) or is_usable(tokens, self._beside),
            class_named=None if agents else self._classes.named(tokens),
            unclear=unclear[0].why if unclear and not agents else None,
            misspelt=frozenset(agent for mention in misspelt for agent in mention.agents),
            form=told.form,
            route=told.route,
            release=told.release,
            package_millilitres=told.package_millilitres,
            assumptions=(*dict.fromkeys(mention.note for mention in misspelt if mention.note), *notes, *part),
        )

    def _mentions(
        self, tokens: Sequence[NameToken], measures: Sequence[Measure]
    ) -> tuple[list[Mention], list[Unclear]]:
        """The agents that a name mentions, misspelt ones as well, and the words that may mention one and are unread."""
        exact = self._names.mentions(tokens)
        named = {agent for mention in exact for agent in mention.agents}
        stated = {strength for row in strength_rows(tokens, measures) if row.has_unit for strength in row.strengths}
        read, unclear = exact, []
        for found in self._spelling.mentions(tokens, exact):
            if not named.isdisjoint(found.agents):
                # Beside the name written out it says nothing new.
                continue
            made = {strength for agent in found.agents for strength in self._brands.strengths_of_agent(agent)}
            if isinstance(found, Unclear):
                unclear.append(found)
            elif stated and made and stated.isdisjoint(made):
                why = (
                    f"“{tokens[found.start].text}” may be {found.words[0]}, which is not known in the strength written"
                )
                unclear.append(Unclear(frozenset(found.agents), why))
            else:
                read = [*read, found]
        return sorted(read), unclear

    def _strengths(
        self, order: IngredientOrder, rows: Sequence[StrengthRow], end: int
    ) -> tuple[dict[str, Strength], tuple[str, ...]]:
        """The strength of each agent of a name, with notes on what was not certain."""
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
            by_brand = {} if mention.generic else self._brands.strengths(mention.words, row)
            for agent in mention.agents:
                known = {strength for strength in row.strengths if strength in self._brands.strengths_of_agent(agent)}
                if agent in by_brand:
                    given[agent] = by_brand[agent]
                elif in_order is not None and (in_order in known or (row.has_unit and len(known) != 1)):
                    given[agent] = in_order
                else:
                    # A number that the agent is made in, among numbers that it is not, is its own.
                    given[agent] = known.pop() if len(known) == 1 else None
        return given


_READERS: dict[tuple[int, ...], tuple[Knowledge, NameReader]] = {}


def reader_of(knowledge: Knowledge) -> NameReader:
    """The reader of a knowledge base, built once; there are as many as knowledge bases loaded."""
    key = (id(knowledge.agents), id(knowledge.products), id(knowledge.vocabulary), id(knowledge.name_words))
    entry = _READERS.get(key)
    if entry is None:
        # The knowledge is kept with its reader, so that its id names it for good.
        entry = (knowledge, NameReader(knowledge))
        _READERS[key] = entry
    return entry[1]
