"""A medication's name to agents, strengths, form, route and release, by whole words and a table of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rules.knowledge.agent import Agent
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import TRANSDERMAL
from rules.knowledge.listed_product import EXTENDED, IMMEDIATE, Ingredient, Per, Strength
from rules.limits import MAX_NAME_READERS
from rules.numbers.memo import cached, memoised
from rules.reading.product.beside import BesideWords, is_unread
from rules.reading.product.brands import BRACKET, Brands
from rules.reading.product.form import FormReader, common
from rules.reading.product.ingredient_strength import AMBIGUOUS, IngredientStrengths
from rules.reading.product.name_reading import NameReading
from rules.reading.product.product import UnknownReason
from rules.reading.product.strength import (
    StrengthRow,
    read_measures,
    strength_from_shorthand,
    strength_rows,
)
from rules.reading.product.words.boundaries import WordBoundaries
from rules.reading.product.words.characters import legible
from rules.reading.product.words.combinations import Combinations
from rules.reading.product.words.further_names import FurtherNames
from rules.reading.product.words.mention import (
    ClassNameTable,
    IngredientOrder,
    Meaning,
    Mention,
    NameTable,
    without_aliases,
)
from rules.reading.product.words.spelling import MISSPELT, Spelling, UnclearWord
from rules.reading.product.words.tokens import SEPARATORS, NameToken, tokenise, words_of
from rules.reading.product.words.unlisted import UnlistedWords

PART_NOT_READ = "part-of-name-not-read"
_INNERMOST = re.compile(r"\(([^()]*)\)")
_PACK = re.compile(r"^\s*\{.*\}")


class NameReader:
    """Reads names by one knowledge base; its tables are built once, those of the code list when they are asked for.

    ::

        medication = name , { "[" , brand , "]" } | pack ;
        pack       = "{" , { ... "(" , name , ")" ... } , "}" , [ "[" , brand , "]" ] ;
        name       = { our name | other word | strength row | dose form | route | remark | mark } ;
    """

    def __init__(self, knowledge: Knowledge) -> None:
        agents = knowledge.agents.values()
        count_only = {agent.id for agent in agents if agent.agent_class.counts_only}
        listed = [
            (name, Meaning(agent.id, generic=name == name.lower())) for agent in agents for name in _names_of(agent)
        ]
        # Brands of other countries are known as they are written; only the others are read misspelt, cut or glued.
        brands = [
            (name, Meaning(agent, generic=False))
            for name, held in knowledge.brand_names.items()
            for agent in held.agents
        ]
        lesser = [
            (name, Meaning(agent, generic=False))
            for name, held in knowledge.brand_names.items()
            for agent in held.lesser
        ]
        named = [entry for entry in listed if entry[1].id not in count_only]
        further_names = [entry for entry in (*listed, *brands) if entry[1].id in count_only]
        # Agents that only count are other drugs to the names of ours, and are known as they are written.
        written = frozenset(name.lower() for name, _ in further_names if name.isalpha())
        words = replace(knowledge.name_words, others=knowledge.name_words.others | written)
        self._vocabulary = knowledge.vocabulary
        self._forms = FormReader(knowledge.vocabulary, words.beside_drug, words.fluids_and_supplies.fluids)
        self._beside = BesideWords(words, knowledge.vocabulary)
        names = NameTable(named)
        self._names = NameTable((*named, *(entry for entry in brands if entry[1].id not in count_only)))
        self._further = FurtherNames((*further_names, *lesser), words.first_word_at_least)
        self._classes = ClassNameTable(knowledge.classes.values(), words.class_names)
        also_known = (
            *self._names.every_word(),
            *self._beside.words,
            *words.empty,
            *SEPARATORS,
            *self._classes.words,
        )
        single = names.single_words()
        unlicensed = {name.lower() for agent in agents if agent.source for name in _names_of(agent)}
        class_of = {agent.id: agent.agent_class.id for agent in agents}
        self._spelling = Spelling(single, also_known, words, unlicensed, class_of)
        self._combinations = Combinations(knowledge.products, single, words, self._beside.words)
        parts = (*self._beside.words, *self._combinations.partner_names)
        self._boundaries = WordBoundaries(
            single, names.several_words(), parts, self._spelling, words.written_together_at_least
        )
        self._unlisted = UnlistedWords(
            single, self._spelling, self._combinations, words, knowledge.classes, self._beside.words
        )
        self._others = words.others | words.substances | set(self._combinations.partner_names)
        fluids = {word for fluid in words.fluids_and_supplies.fluids for word in words_of(fluid)}
        self._no_ingredients = self._beside.words | fluids
        self._brands = Brands(knowledge.products)
        self._strengths = IngredientStrengths(self._brands)
        self.read = memoised(self._read)

    def prepare(self) -> None:
        """Reads the whole code list and builds every table that is otherwise built when it is first asked for."""
        self._brands.prepare()
        self._spelling.prepare()
        self._combinations.prepare()

    def _read(self, sent: str) -> NameReading:
        name = legible(sent)
        text, brands = BRACKET.sub(" ", name), BRACKET.findall(name)
        if not text.strip():
            # Brackets around the whole set off no brand.
            text, brands = " ".join(brands), []
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
        if reading.usable or reading.unclear or reading.class_named or reading.container:
            return reading
        tokens = tokenise(name)
        return NameReading((), self._beside.may_name_a_drug(tokens), unread=any(map(is_unread, tokens)))

    def _read_pack(self, text: str) -> NameReading:
        """A pack lists its parts in parentheses; a strength that differs between them is not one strength."""
        every_part = [self._read_plain(part) for part in _INNERMOST.findall(text)]
        volumes = {part.package_millilitres for part in every_part if part.package_millilitres}
        parts = [part for part in every_part if part.ingredients]
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
            also_holds=tuple({entry.agent: entry for part in every_part for entry in part.also_holds}.values()),
        )

    def _read_plain(self, text: str, bracketed: Sequence[str] = ()) -> NameReading:
        tokens = self._boundaries.mended(tokenise(text))
        measures = read_measures(tokens, self._vocabulary)
        every_row = strength_rows(tokens, measures)
        mentions, unclear = self._mentions(tokens, every_row)
        own = without_aliases(mentions)
        names = [mention.words for mention in mentions] + [words_of(brand) for brand in bracketed]
        brands = [brand for words in names if (brand := self._brands.of(words))]
        form = self._forms.read(tokens, measures, brands)
        # A number inside a name ("... #3") is a part of the name.
        in_names = {position for mention in mentions for position in range(mention.start, mention.end)}
        rows = [row for row in every_row if row.start not in in_names]
        order = IngredientOrder(tokens, mentions, own, self._no_ingredients)
        strengths, notes = self._strengths.of(order, rows, len(tokens))
        agents = dict.fromkeys(agent for mention in own for agent in mention.agents)
        if len(agents) == 1 and len(order.between(0, len(tokens))) == 1:
            (agent,) = agents
            numbers = [measure for measure in measures if measure.start not in in_names]
            unit = self._vocabulary.dose_forms[form.form].unit if form.form else ""
            short = strength_from_shorthand(numbers, form.route, self._brands.strengths_of_agent(agent), unit)
            stated = strengths.get(agent)
            if short is not None and (stated is None or (form.route == TRANSDERMAL and stated.per is Per.UNIT)):
                strengths, notes = {agent: short[0]}, (short[1],)
        misspelt = [mention for mention in own if mention.assumption]
        unread = not text.isascii() and any(map(is_unread, tokens))
        part_not_read = (PART_NOT_READ,) if agents and (unclear or unread) else ()
        spelling = dict.fromkeys(mention.assumption for mention in misspelt if mention.assumption)
        return NameReading(
            tuple(Ingredient(agent, strengths.get(agent)) for agent in agents),
            usable=bool(agents) or self._beside.may_name_a_drug(tokens) or self._beside.names_fluid(tokens, measures),
            container=not agents and self._beside.names_container(tokens, measures),
            unread=unread,
            names_other=not self._others.isdisjoint(token.text for token in tokens),
            class_named=None if agents else self._classes.class_in(tokens),
            unclear=unclear[0] if unclear and not agents else None,
            misspelt=frozenset(agent for mention in misspelt for agent in mention.agents),
            form=form.form,
            route=form.route,
            release=form.release,
            package_millilitres=form.package_millilitres,
            assumptions=(*spelling, *notes, *part_not_read),
            also_holds=self._further_agents_in(tokens, every_row),
        )

    def _further_agents_in(self, tokens: Sequence[NameToken], rows: Sequence[StrengthRow]) -> tuple[Ingredient, ...]:
        """The agents of a name that only count, as they are written."""
        mentions = self._further.mentions(tokens)
        if not mentions:
            return ()
        own = without_aliases(mentions)
        order = IngredientOrder(tokens, mentions, own, self._no_ingredients)
        strengths, _ = self._strengths.of(order, rows, len(tokens))
        agents = dict.fromkeys(agent for mention in own for agent in mention.agents)
        return tuple(Ingredient(agent, strengths.get(agent)) for agent in agents)

    def _mentions(
        self, tokens: Sequence[NameToken], rows: Sequence[StrengthRow]
    ) -> tuple[list[Mention], list[UnclearWord]]:
        """The agents that a name mentions, misspelt ones as well, and the words that may mention one and are unread."""
        exact = [
            mention._replace(assumption=MISSPELT)
            if any(token.mended for token in tokens[mention.start : mention.end])
            else mention
            for mention in self._names.mentions(tokens)
        ]
        named = {agent for mention in exact for agent in mention.agents}
        stated = {strength for row in rows if row.has_unit for strength in row.strengths}
        read, unclear = exact, []
        for found in self._unlisted.mentions(tokens, exact):
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


def _names_of(agent: Agent) -> Iterable[str]:
    return dict.fromkeys((agent.id, agent.name, *agent.names))


@dataclass(frozen=True, slots=True, eq=False)
class _Names:
    """What names are read by in a knowledge base: the same for policies that change no agent and no product."""

    knowledge: Knowledge

    @property
    def _parts(self) -> tuple[int, ...]:
        held = self.knowledge
        return id(held.agents), id(held.products), id(held.vocabulary), id(held.name_words)

    def __hash__(self) -> int:
        return hash(self._parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Names) and self._parts == other._parts


@lru_cache(maxsize=MAX_NAME_READERS)
def _reader_by(names: _Names) -> NameReader:
    return NameReader(names.knowledge)


@cached
def reader_of(knowledge: Knowledge) -> NameReader:
    """The reader of a knowledge base, built once."""
    return _reader_by(_Names(knowledge))
