"""The form, route, release and package that a medication's name tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.knowledge.listed_product import EXTENDED, IMMEDIATE
from rules.reading.product.brands import Brand
from rules.reading.product.mention import NameTable
from rules.reading.product.strength import Measure, MeasureKind, NameToken
from rules.reading.product.words import INJECTION_WORDS, PLAIN_WORDS_TOO, RELEASE_LETTERS, RELEASE_WORDS

PARENTERAL = "parenteral"


@dataclass(frozen=True, slots=True)
class NamedForm:
    """What a name tells beside its agents; ``form`` is a name that the vocabulary of dose forms knows."""

    form: str | None
    route: str | None
    release: str
    package_millilitres: Fraction | None


class FormReader:
    """Reads the form of names by one vocabulary."""

    def __init__(self, vocabulary: DosingVocabulary) -> None:
        self._vocabulary = vocabulary
        self._table = NameTable((name, (name, True)) for name in vocabulary.dose_forms)

    def read(self, tokens: Sequence[NameToken], measures: Sequence[Measure], brands: Collection[Brand]) -> NamedForm:
        """The form of a name; what it leaves open is filled from what all products of its brand have in common."""
        form, place = self._form(tokens)
        route = self._route(tokens, form, place, brands)
        release = self._release(tokens, measures, form, route, brands)
        return NamedForm(form, route, release, _package(measures, route))

    def _form(self, tokens: Sequence[NameToken]) -> tuple[str | None, range]:
        """The longest dose form named (of equals the last), and where it stands."""
        best: tuple[str | None, range] = (None, range(0))
        length = 0
        for position in range(len(tokens)):
            found = self._table.longest(tokens, position)
            if found is not None and len(found.words) >= length:
                best, length = (found.entries[0][0], range(position, found.end)), len(found.words)
        return best

    def _route(
        self, tokens: Sequence[NameToken], form: str | None, place: range, brands: Collection[Brand]
    ) -> str | None:
        words = self._vocabulary.route_words
        of_form = self._vocabulary.dose_forms[form].route if form else None
        if form is not None and any(word in words for word in form.split()):
            return of_form
        capitals = all(token.shouted for token in tokens if token.is_word)
        for position, token in enumerate(tokens):
            if token.text not in words or not token.is_word or position in place:
                continue
            # "in" and "pr" are words of their own: routes only where they alone are written in capitals.
            if token.text not in PLAIN_WORDS_TOO or (token.shouted and not capitals):
                return words[token.text]
        if any(token.text in INJECTION_WORDS for token in tokens):
            return PARENTERAL
        return of_form or _common(route for brand in brands for route in brand.routes)

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
        if any(token.text in RELEASE_WORDS or token.text in RELEASE_LETTERS for token in tokens):
            return EXTENDED
        # RxNorm writes the hours a product lasts before its name, hospitals after it.
        if route != PARENTERAL and any(measure.kind is MeasureKind.HOURS for measure in measures):
            return EXTENDED
        return _common(release for brand in brands for release in brand.releases) or IMMEDIATE


def _common(values: Iterable[str]) -> str | None:
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _package(measures: Sequence[Measure], route: str | None) -> Fraction | None:
    """The volume of one unit: what RxNorm puts before the name; of an injection, the only volume there is."""
    volumes = [measure for measure in measures if measure.kind is MeasureKind.VOLUME]
    if volumes and volumes[0].start == 0:
        return volumes[0].amount
    return volumes[0].amount if route == PARENTERAL and len(volumes) == 1 else None
