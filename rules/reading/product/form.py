"""The form, route, release and package that a medication's name tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from rules.knowledge.lexicon.name_words import BesideDrug
from rules.knowledge.lexicon.vocabulary import PARENTERAL, DosingVocabulary
from rules.knowledge.listed_product import EXTENDED, IMMEDIATE
from rules.reading.product.brands import Brand
from rules.reading.product.strength import Measure, MeasureKind
from rules.reading.product.words.mention import Meaning, NameTable
from rules.reading.product.words.tokens import NameToken

_WITHIN = "in"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class FormReading:
    """What a name tells beside its agents; ``form`` is a name that the vocabulary of dose forms knows."""

    form: str | None
    route: str | None
    release: str
    package_millilitres: Fraction | None


class FormReader:
    """Reads the form of names by one vocabulary."""

    def __init__(self, vocabulary: DosingVocabulary, words: BesideDrug, fluids: Iterable[str]) -> None:
        """A reader of forms; ``fluids`` are the short names of what drugs are given in."""
        self._vocabulary = vocabulary
        self._words = words
        self._fluids = NameTable((name, Meaning(name, generic=True)) for name in fluids)
        self._table = NameTable((name, Meaning(name, generic=True)) for name in vocabulary.dose_forms)

    def read(self, tokens: Sequence[NameToken], measures: Sequence[Measure], brands: Collection[Brand]) -> FormReading:
        """The form of a name; what it leaves open is filled from what all products of its brand have in common."""
        form, positions = self._form(tokens)
        route = self._route(tokens, measures, form, positions, brands)
        release = self._release(tokens, measures, form, route, brands)
        return FormReading(form, route, release, _package(measures, route))

    def _form(self, tokens: Sequence[NameToken]) -> tuple[str | None, range]:
        """The longest dose form named (of equals the last), and where it stands."""
        best: tuple[str | None, range] = (None, range(0))
        length = 0
        for position in range(len(tokens)):
            match = self._table.longest(tokens, position)
            if match is not None and len(match.words) >= length:
                best, length = (match.meanings[0].id, range(position, match.end)), len(match.words)
        return best

    def _route(
        self,
        tokens: Sequence[NameToken],
        measures: Sequence[Measure],
        form: str | None,
        form_at: range,
        brands: Collection[Brand],
    ) -> str | None:
        routes = self._vocabulary.route_words
        of_form = self._vocabulary.dose_forms[form].route if form else None
        if form is not None and any(word in routes for word in form.split()):
            return of_form
        for position, token in enumerate(tokens):
            if token.text not in routes or not token.is_word or position in form_at:
                continue
            if token.text not in self._words.route_if_in_capitals:
                return routes[token.text]
            all_in_capitals = all(each.in_capitals for each in tokens if each.is_word)
            if token.in_capitals and not all_in_capitals and not self._is_preposition(tokens, measures, position):
                return routes[token.text]
        texts = {token.text for token in tokens}
        if not texts.isdisjoint(self._words.injection) or (_WITHIN in texts and self._is_in_a_fluid(tokens)):
            return PARENTERAL
        return of_form or common(route for brand in brands for route in brand.routes)

    def _is_preposition(self, tokens: Sequence[NameToken], measures: Sequence[Measure], position: int) -> bool:
        """Whether a word that may be a route says what the drug is in: "IN D5W", "IN 0.9% sodium chloride"."""
        after = position + 1
        for measure in measures:
            if measure.start == after and measure.kind in (MeasureKind.PERCENT, MeasureKind.VOLUME):
                after = measure.end
        return after < len(tokens) and tokens[after].is_word and tokens[after].text not in self._words.remarks

    def _is_in_a_fluid(self, tokens: Sequence[NameToken]) -> bool:
        """Whether a name says that the drug is in a base fluid: "in D5W", "in NS 50 mL"."""
        return any(
            token.text == _WITHIN and position + 1 < len(tokens) and self._fluids.longest(tokens, position + 1)
            for position, token in enumerate(tokens)
        )

    def _release(
        self,
        tokens: Sequence[NameToken],
        measures: Sequence[Measure],
        form: str | None,
        route: str | None,
        brands: Collection[Brand],
    ) -> str:
        if form is not None and self._vocabulary.dose_forms[form].release == EXTENDED:
            return EXTENDED
        if not self._words.extended_release.isdisjoint(token.text for token in tokens):
            return EXTENDED
        # RxNorm writes the hours a product lasts before its name, hospitals after it.
        if route != PARENTERAL and any(measure.kind is MeasureKind.HOURS for measure in measures):
            return EXTENDED
        return common(release for brand in brands for release in brand.releases) or IMMEDIATE


def common(values: Iterable[Value]) -> Value | None:
    """The one value that all of them are; None where they differ, or there are none."""
    different = set(values)
    return different.pop() if len(different) == 1 else None


def _package(measures: Sequence[Measure], route: str | None) -> Fraction | None:
    """The volume of one unit: what RxNorm puts before the name; of an injection, the only volume there is."""
    volumes = [measure for measure in measures if measure.kind is MeasureKind.VOLUME]
    if volumes and volumes[0].start == 0:
        return volumes[0].amount
    return volumes[0].amount if route == PARENTERAL and len(volumes) == 1 else None
