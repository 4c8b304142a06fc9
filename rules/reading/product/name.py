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
from rules.reading.product.form import FormReader, common
from rules.reading.product.mention import ClassNameTable, IngredientOrder, Meaning, Mention, NameTable, without_aliases
from rules.reading.product.product import UnknownReason
from rules.reading.product.spelling import Spelling, UnclearWord
from rules.reading.product.strength import (
    Measure,
    StrengthRow,
    read_measures,
    strength_from_shorthand,
    strength_rows,
)
from rules.reading.product.tokens import SEPARATORS, BesideWords, NameToken, tokenise, words_of

AMBIGUOUS = "strength-ambiguous"
WITHOUT_UNIT = "strength-without-unit"
PART_NOT_READ = "part-of-name-not-read"
_INNERMOST = re.compile(r"\(([^()]*)\)")
_PACK = re.compile(r"^\s*\{.*\}")


@dataclass(frozen=True, slots=True)
class NameReading:
    """What one name tells. ``ingredients`` is empty where it names no agent; ``usable``: it does name something.

    ``class_named``: it names a class of agents and none of them. ``unclear``: a word of it that is near the
    name of an agent and is not read. ``misspelt``: agents that only a misspelt or shortened word names.
    """

    ingredients: tuple[Ingredient, ...]
    usable: bool
    class_named: str | None = None
    unclear: UnclearWord | None = None
    misspelt: frozenset[str] = frozenset()
    form: str | None = None
    route: str | None = None
    release: str = IMMEDIATE
    package_millilitres: Fraction | None = None
    assumptions: tuple[str, ...] = ()


class NameReader:
    """Reads names by one knowledge base; its tables are built once, those of the code list when they are asked for.

    ::

        medication = name , { "[" , brand , "]" } | pack ;
        pack       = "{" , { ... "(" , name , ")" ... } , "}" , [ "[" , brand , "]" ] ;
        name       = { our name | other word | strength row | dose form | route | remark | mark } ;
    """

    def __init__(self, knowledge: Knowledge) -> None:
        words = knowledge.name_words
        self._vocabulary = knowledge.vocabulary
        self._forms = FormReader(knowledge.vocabulary, words.beside_drug)
        self._beside = BesideWords(words, knowledge.vocabulary)
        self._names = NameTable(
            (name, Meaning(agent.id, generic=name == name.lower()))
            for agent in knowledge.agents.values()
            for name in dict.fromkeys((agent.id, agent.name, *agent.names))
        )
        self._classes = ClassNameTable(knowledge.classes.values(), words.class_names)
        also_known = (
            *self._names.every_word(),
            *self._beside.words,
            *words.empty,
            *SEPARATORS,
            *self._classes.words,
        )
        self._spelling = Spelling(self._names.single_words(), also_known, words)
        self._brands = Brands(knowledge.products)
        self.read = memoised(self._read)

    def prepare(self) -> None:
        """Reads the whole code list and builds every table that is otherwise built when it is first asked for."""
        self._brands.prepare()
        self._spelling.prepare()

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
        return reading if reading.usable else NameReading((), self._beside.may_name_a_drug(tokenise(name)))

    def _read_pack(self, text: str) -> NameReading:
        """A pack lists its parts in parentheses; a strength that differs between them is not one strength."""
        parts = [self._read_plain(part) for part in _INNERMOST.findall(text)]
        volumes = {part.package_millilitres for part in parts if part.package_millilitres}
        parts = [part for part in parts if part.ingredients]
        strengths: dict[str, set[Strength | None]] = {}
        for part in parts:
            for entry in part.ingredients:
                strengths.setdefault(entry.agent, set()).add(entry.strength)
        return NameReading(
            tuple(Ingredient(agent, common(found)) for agent, found in strengths.items()),
            usable=True,
            form=common(part.form for part in parts),
            route=common(part.route for part in parts),
            release=EXTENDED if any(part.release == EXTENDED for part in parts) else IMMEDIATE,
            package_millilitres=common(volumes),
            assumptions=(AMBIGUOUS,) if any(len(found) > 1 for found in strengths.values()) else (),
        )

    def _read_plain(self, text: str, bracketed: Sequence[str] = ()) -> NameReading:
        tokens = tokenise(text)
        measures = read_measures(tokens, self._vocabulary)
        mentions, unclear = self._mentions(tokens, measures)
        own = without_aliases(mentions)
        names = [mention.words for mention in mentions] + [words_of(brand) for brand in bracketed]
        brands = [brand for words in names if (brand := self._brands.of(words))]
        form = self._forms.read(tokens, measures, brands)
        # A number inside a name ("... #3") is a part of the name.
        in_names = {position for mention in mentions for position in range(mention.start, mention.end)}
        rows = [row for row in strength_rows(tokens, measures) if row.start not in in_names]
        order = IngredientOrder(tokens, mentions, own, self._beside.words)
        strengths, notes = self._strengths(order, rows, len(tokens))
        agents = dict.fromkeys(agent for mention in own for agent in mention.agents)
        if len(agents) == 1 and len(order.between(0, len(tokens))) == 1:
            (agent,) = agents
            numbers = [measure for measure in measures if measure.start not in in_names]
            short = strength_from_shorthand(numbers, form.route, self._brands.strengths_of_agent(agent))
            stated = strengths.get(agent)
            if short is not None and (stated is None or (form.route == TRANSDERMAL and stated.per is Per.UNIT)):
                strengths, notes = {agent: short[0]}, (short[1],)
        misspelt = [mention for mention in own if mention.assumption]
        part_not_read = (PART_NOT_READ,) if agents and unclear else ()
        spelling = dict.fromkeys(mention.assumption for mention in misspelt if mention.assumption)
        return NameReading(
            tuple(Ingredient(agent, strengths.get(agent)) for agent in agents),
            usable=bool(agents) or self._beside.may_name_a_drug(tokens),
            class_named=None if agents else self._classes.class_in(tokens),
            unclear=unclear[0] if unclear and not agents else None,
            misspelt=frozenset(agent for mention in misspelt for agent in mention.agents),
            form=form.form,
            route=form.route,
            release=form.release,
            package_millilitres=form.package_millilitres,
            assumptions=(*spelling, *notes, *part_not_read),
        )

    def _mentions(
        self, tokens: Sequence[NameToken], measures: Sequence[Measure]
    ) -> tuple[list[Mention], list[UnclearWord]]:
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
            if isinstance(found, UnclearWord):
                unclear.append(found)
            elif stated and made and stated.isdisjoint(made):
                word, name = tokens[found.start].text, found.words[0]
                unclear.append(UnclearWord(frozenset(found.agents), word, (name,), UnknownReason.STRENGTH_NOT_MADE))
            else:
                read = [*read, found]
        return sorted(read), unclear

    def _strengths(
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
