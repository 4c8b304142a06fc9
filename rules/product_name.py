"""A medication's name to agents, strengths, form, route and release, by whole words and a table of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from rules.knowledge import Knowledge
from rules.knowledge.entries import Ingredient, Strength
from rules.product_strength import (
    Measure,
    MeasureKind,
    StrengthRow,
    Token,
    read_measures,
    strength_rows,
    tokenise,
)
from rules.product_words import (
    EMPTY_WORDS,
    INJECTION_WORDS,
    RELEASE_LETTERS,
    RELEASE_WORDS,
    SEPARATORS,
    beside_words,
)

IMMEDIATE = "immediate"
EXTENDED = "extended"
PARENTERAL = "parenteral"
AMBIGUOUS = "strength-ambiguous"
WITHOUT_UNIT = "strength-without-unit"
_BRACKET = re.compile(r"\[(?!\s*[\d.])([^\[\]]*)\]")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_PACK = re.compile(r"^\s*\{.*\}")
_JOINERS = frozenset({"-", "#", ".", "'", "’", "+"})
_FREE = "free"


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


class _Mention(NamedTuple):
    start: int
    end: int
    agents: tuple[str, ...]
    generic: bool
    words: tuple[str, ...]


class _Segment(NamedTuple):
    """One ingredient of a name; ``mention`` None for one that is not ours."""

    mention: _Mention | None


@dataclass(frozen=True, slots=True)
class _Brand:
    """What the code list's products of a brand have in common, and the strengths they come in."""

    strengths: frozenset[tuple[tuple[str, Strength], ...]]
    routes: frozenset[str]
    releases: frozenset[str]


class NameReader:
    """Reads names by one knowledge base; its tables are built once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._forms = knowledge.forms
        self._beside = beside_words(knowledge.forms)
        self._names = _index(
            (name, (agent.id, name == name.lower()))
            for agent in knowledge.agents.values()
            for name in dict.fromkeys((agent.id, agent.name, *agent.names))
        )
        self._classes = {
            word: found.name
            for found in knowledge.classes.values()
            if found.depressant
            for word in (found.name.lower(), found.plural.lower())
        }
        self._dose_forms = _index((name, (name, True)) for name in knowledge.forms.dose_forms)
        self._brands: dict[tuple[str, ...], _Brand] = {}
        self._known: dict[str, set[Strength]] = {}
        self._learn(knowledge)
        # The same few names come again and again; the cache's own bound keeps it small.
        self.read = lru_cache(self._read)

    def _learn(self, knowledge: Knowledge) -> None:
        brands: dict[tuple[str, ...], list[tuple[tuple[tuple[str, Strength], ...], str | None, str]]] = {}
        for product in knowledge.products.values():
            strengths = tuple((entry.agent, entry.strength) for entry in product.ingredients if entry.strength)
            for agent, strength in strengths:
                self._known.setdefault(agent, set()).add(strength)
            for brand in _BRACKET.findall(product.name):
                words = tuple(token.text for token in tokenise(brand) if token.is_word or token.value is not None)
                brands.setdefault(words, []).append((strengths, product.route, product.release))
        for words, entries in brands.items():
            # Component rows say no form, so nothing of route and release.
            formed = [entry for entry in entries if entry[1]]
            self._brands[words] = _Brand(
                frozenset(entry[0] for entry in entries),
                frozenset(route for _, route, _ in formed if route),
                frozenset(release for _, _, release in formed),
            )

    def _read(self, name: str) -> NameReading:
        brackets = _BRACKET.findall(name)
        text = name
        while (shorter := _BRACKET.sub(" ", text)) != text:
            text = shorter
        if _PACK.match(text):
            return self._read_pack(text)
        reading = self._read_plain(text)
        if reading.ingredients:
            return reading
        for bracket in brackets:
            tokens = tokenise(bracket)
            mention = self._match(tokens, 0) if tokens else None
            if mention is not None:
                found = self._read_plain(f"{bracket} {text}")
                if found.ingredients:
                    return found
        return reading if reading.usable or not brackets else NameReading((), _is_usable(tokenise(name), self._beside))

    def _read_pack(self, text: str) -> NameReading:
        """A pack lists its parts in parentheses; a strength that differs between them is not one strength."""
        parts = [self._read_plain(part) for part in _INNERMOST.findall(text)]
        volumes = {part.package_millilitres for part in parts if part.package_millilitres}
        parts = [part for part in parts if part.ingredients]
        strengths: dict[str, set[Strength | None]] = {}
        for part in parts:
            for entry in part.ingredients:
                strengths.setdefault(entry.agent, set()).add(entry.strength)
        notes = [AMBIGUOUS] if any(len(found) > 1 for found in strengths.values()) else []
        routes = {part.route for part in parts}
        forms = {part.form for part in parts}
        return NameReading(
            tuple(Ingredient(a, next(iter(found)) if len(found) == 1 else None) for a, found in strengths.items()),
            usable=True,
            form=forms.pop() if len(forms) == 1 else None,
            route=routes.pop() if len(routes) == 1 else None,
            release=EXTENDED if any(part.release == EXTENDED for part in parts) else IMMEDIATE,
            package_millilitres=volumes.pop() if len(volumes) == 1 else None,
            assumptions=tuple(notes),
        )

    def _read_plain(self, text: str) -> NameReading:
        tokens = tokenise(text)
        mentions = self._mentions(tokens)
        if not mentions:
            measures = read_measures(tokens, self._forms)
            return NameReading(
                (),
                _is_usable(tokens, self._beside),
                self._class_named(tokens),
                package_millilitres=_leading_volume(measures),
            )
        generic = {agent for mention in mentions if mention.generic for agent in mention.agents}
        # A brand beside its generic name is the same ingredient once more.
        own = [mention for mention in mentions if mention.generic or not generic.issuperset(mention.agents)]
        measures = read_measures(tokens, self._forms)
        strengths, notes = self._strengths(tokens, mentions, own, strength_rows(tokens, measures))
        form, form_tokens = self._form(tokens)
        brands = [self._brands[mention.words] for mention in mentions if mention.words in self._brands]
        route = self._route(tokens, form, form_tokens, brands)
        return NameReading(
            tuple(
                Ingredient(agent, strengths.get(agent))
                for agent in dict.fromkeys(agent for mention in own for agent in mention.agents)
            ),
            usable=True,
            form=form,
            route=route,
            release=self._release(tokens, measures, form, route, brands),
            package_millilitres=_package(measures, route),
            assumptions=tuple(notes),
        )

    def _mentions(self, tokens: Sequence[Token]) -> list[_Mention]:
        found = []
        position = 0
        while position < len(tokens):
            mention = self._match(tokens, position)
            if mention is None:
                position += 1
                continue
            position = mention.end
            following = position + 1 if position < len(tokens) and tokens[position].text == "-" else position
            if following < len(tokens) and tokens[following].text == _FREE:
                continue
            found.append(mention)
        return found

    def _match(self, tokens: Sequence[Token], start: int) -> _Mention | None:
        matched = _longest(self._names, tokens, start)
        if matched is None:
            return None
        words, holders, end = matched
        agents = tuple(sorted(agent for agent, _ in holders))
        return _Mention(start, end, agents, all(generic for _, generic in holders), words)

    def _strengths(
        self, tokens: Sequence[Token], mentions: list[_Mention], own: list[_Mention], rows: list[StrengthRow]
    ) -> tuple[dict[str, Strength], list[str]]:
        found: dict[str, Strength] = {}
        notes: dict[str, None] = {}
        refused: set[str] = set()
        start = 0
        for number, row in enumerate(rows):
            segments = self._segments(tokens, mentions, own, start, row.start)
            if not segments and number == 0:
                # "10 mg diazepam tablets": the names follow their strength.
                end = rows[1].start if len(rows) > 1 else len(tokens)
                segments = self._segments(tokens, mentions, own, row.end, end)
            start = row.end
            for agent, strength in self._assign(row, segments).items():
                if strength is None:
                    if row.has_unit and agent not in found:
                        notes[AMBIGUOUS] = None
                    continue
                if not row.has_unit:
                    notes[WITHOUT_UNIT] = None
                earlier = found.get(agent)
                if earlier is None:
                    found[agent] = strength
                elif _is_further_salt(tokens, segments, agent) and earlier.per == strength.per:
                    found[agent] = Strength(earlier.milligrams + strength.milligrams, strength.per)
                elif earlier != strength:
                    refused.add(agent)
        if refused:
            notes[AMBIGUOUS] = None
        return {agent: strength for agent, strength in found.items() if agent not in refused}, list(notes)

    def _assign(self, row: StrengthRow, segments: list[_Segment]) -> dict[str, Strength | None]:
        """The strength of each of our agents in a row; None where the row does not tell which is its."""
        given: dict[str, Strength | None] = {}
        for place, segment in enumerate(segments):
            if segment.mention is None:
                continue
            agents = segment.mention.agents
            in_order = row.strengths[place] if len(segments) == len(row.strengths) and len(agents) == 1 else None
            by_brand = self._by_brand(segment.mention, row)
            for agent in agents:
                known = [strength for strength in row.strengths if strength in self._known.get(agent, ())]
                if agent in by_brand:
                    given[agent] = by_brand[agent]
                elif in_order is not None and row.has_unit and (in_order in known or len(known) != 1):
                    given[agent] = in_order
                elif len(set(known)) == 1:
                    given[agent] = known[0]
                else:
                    given[agent] = in_order if in_order in known else None
        return given

    def _by_brand(self, mention: _Mention, row: StrengthRow) -> dict[str, Strength]:
        """The strengths of the one product of a brand that is made of the row's numbers."""
        if mention.generic or len(row.strengths) == 1 or mention.words not in self._brands:
            return {}
        fitting = [
            product
            for product in self._brands[mention.words].strengths
            if product and {strength for _, strength in product} <= set(row.strengths)
        ]
        return dict(fitting[0]) if len(fitting) == 1 else {}

    def _segments(
        self, tokens: Sequence[Token], mentions: list[_Mention], own: list[_Mention], start: int, end: int
    ) -> list[_Segment]:
        """The ingredients named between two tokens, ours and others, in order."""
        at = {mention.start: mention for mention in mentions}
        segments: list[_Segment] = []
        mention: _Mention | None = None
        foreign = alias = False
        depth = 0
        position = start
        while position <= end:
            text = tokens[position].text if position < end else ","
            if position in at and position < end:
                found = at[position]
                if found in own:
                    mention = mention or found
                else:
                    alias = True
                position = found.end
                continue
            if text in SEPARATORS:
                if mention is not None:
                    segments.append(_Segment(mention))
                elif foreign and not alias and (depth == 0 or segments):
                    segments.append(_Segment(None))
                mention, foreign, alias = None, False, False
                depth += (text == "(") - (text == ")" and depth > 0)
            elif tokens[position].is_word and len(text) > 1 and text not in self._beside and depth == 0:
                foreign = True
            elif tokens[position].is_word and text not in self._beside and depth > 0 and len(text) > 1:
                # In parentheses only a list that holds one of ours is a list of ingredients.
                foreign = _holds_own(tokens, own, position)
            position += 1
        return segments

    def _form(self, tokens: Sequence[Token]) -> tuple[str | None, range]:
        best: tuple[str, ...] = ()
        where = range(0)
        for position in range(len(tokens)):
            matched = _longest(self._dose_forms, tokens, position)
            if matched is not None and len(matched[0]) >= len(best):
                best, where = matched[0], range(position, matched[-1])
                name = matched[1][0][0]
        return (name, where) if best else (None, where)

    def _route(
        self, tokens: Sequence[Token], form: str | None, form_tokens: range, brands: Iterable[_Brand]
    ) -> str | None:
        routes = self._forms.route_words
        of_form = self._forms.dose_forms[form].route if form else None
        if form is not None and any(word in routes for word in form.split()):
            return of_form
        capitals = all(token.shouted for token in tokens if token.is_word)
        for position, token in enumerate(tokens):
            if position in form_tokens or token.text not in routes or not token.is_word:
                continue
            # "in", "pr" and their like are routes only where they are written as abbreviations.
            if len(token.text) > len("iv") or (token.shouted and not capitals):
                return routes[token.text]
        if any(token.text in INJECTION_WORDS for token in tokens):
            return PARENTERAL
        if of_form is not None:
            return of_form
        common = {route for brand in brands for route in brand.routes}
        return common.pop() if len(common) == 1 else None

    def _release(
        self,
        tokens: Sequence[Token],
        measures: Iterable[Measure],
        form: str | None,
        route: str | None,
        brands: Iterable[_Brand],
    ) -> str:
        if form is not None and self._forms.dose_forms[form].release == EXTENDED:
            return EXTENDED
        if any(token.text in RELEASE_WORDS or token.text in RELEASE_LETTERS for token in tokens if token.is_word):
            return EXTENDED
        if any(measure.kind is MeasureKind.HOURS for measure in measures) and route != PARENTERAL:
            return EXTENDED
        releases = {release for brand in brands for release in brand.releases}
        return EXTENDED if releases == {EXTENDED} else IMMEDIATE

    def _class_named(self, tokens: Sequence[Token]) -> str | None:
        words = " " + " ".join(token.text for token in tokens if token.is_word) + " "
        for word, name in self._classes.items():
            if f" {word.replace('-', ' ')} " in words:
                return name
        return None


_Entry = tuple[str, bool]
_Table = dict[str, list[tuple[tuple[str, ...], tuple[_Entry, ...]]]]


def _index(entries: Iterable[tuple[str, _Entry]]) -> _Table:
    """A table of names by their first word, the longest first."""
    by_words: dict[tuple[str, ...], list[_Entry]] = {}
    for name, entry in entries:
        words = tuple(token.text for token in tokenise(name) if token.is_word or token.value is not None)
        held = by_words.setdefault(words, [])
        if words and entry not in held and entry[0] not in {agent for agent, _ in held}:
            held.append(entry)
    table: _Table = {}
    for words in sorted((words for words in by_words if words), key=len, reverse=True):
        table.setdefault(words[0], []).append((words, tuple(by_words[words])))
    return table


def _longest(
    table: _Table, tokens: Sequence[Token], start: int
) -> tuple[tuple[str, ...], tuple[_Entry, ...], int] | None:
    """The longest name that begins at a token, with where it ends; dashes between its words do not count."""
    for words, entries in table.get(tokens[start].text, ()):
        position = start
        for word in words:
            if position > start:
                while position < len(tokens) and tokens[position].text in _JOINERS:
                    position += 1
            if position >= len(tokens) or tokens[position].text != word:
                break
            position += 1
        else:
            return words, entries, position
    return None


def _is_usable(tokens: Sequence[Token], beside: frozenset[str]) -> bool:
    return any(
        token.is_word and len(token.text) > len("iv") and token.text not in beside and token.text not in EMPTY_WORDS
        for token in tokens
    )


def _holds_own(tokens: Sequence[Token], own: list[_Mention], position: int) -> bool:
    opening = max((place for place in range(position) if tokens[place].text == "("), default=0)
    closing = next((place for place in range(position, len(tokens)) if tokens[place].text == ")"), len(tokens))
    return any(opening < mention.start < closing for mention in own)


def _is_further_salt(tokens: Sequence[Token], segments: list[_Segment], agent: str) -> bool:
    """Whether the agent is named again as one more ingredient ("... / ... terephthalate 0.38 MG")."""
    return any(
        segment.mention is not None
        and agent in segment.mention.agents
        and segment.mention.start > 0
        and tokens[segment.mention.start - 1].text in {"/", "+"}
        for segment in segments
    )


def _leading_volume(measures: Sequence[Measure]) -> Fraction | None:
    first = measures[0] if measures else None
    return first.amount if first is not None and first.kind is MeasureKind.VOLUME and first.start == 0 else None


def _package(measures: Sequence[Measure], route: str | None) -> Fraction | None:
    """The volume of one unit: what RxNorm puts before the name; of an injection, the only volume there is."""
    leading = _leading_volume(measures)
    volumes = [measure.amount for measure in measures if measure.kind is MeasureKind.VOLUME]
    if leading is not None or route != PARENTERAL or len(volumes) != 1:
        return leading
    return volumes[0]


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
