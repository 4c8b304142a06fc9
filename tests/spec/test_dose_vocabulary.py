"""Is the vocabulary of dosing sound, and is a mistake in it refused by name?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

import rules.knowledge
from rules.knowledge import DosingVocabulary, KnowledgeError, UnitKind
from rules.knowledge.readers.vocabulary import read_vocabulary
from rules.model import CodeSystem, Coding

FILE = Path(rules.knowledge.__file__).parent / "data" / "forms.yaml"
DATA = yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.fixture(scope="module")
def vocabulary() -> DosingVocabulary:
    return read_vocabulary(DATA)


@pytest.mark.parametrize(
    ("spelling", "kind", "size"),
    [
        ("MG", UnitKind.MASS, "1"),
        ("mcg", UnitKind.MASS, "0.001"),
        ("{Capsule}", UnitKind.COUNTABLE, "1"),
        ("TAB", UnitKind.COUNTABLE, "1"),
        ("tbl", UnitKind.COUNTABLE, "1"),
        ("428673006", UnitKind.COUNTABLE, "1"),
        ("419702001", UnitKind.COUNTABLE, "1"),
        ("{mL}", UnitKind.VOLUME, "1"),
        ("mg/kg", UnitKind.BY_WEIGHT, "1"),
        ("mcg/hr", UnitKind.RATE, "1"),
        ("mg/h", UnitKind.RATE, "1000"),
        ("Teaspoon", UnitKind.VOLUME, "5"),
    ],
)
def test_a_unit_is_known_by_its_spellings(
    vocabulary: DosingVocabulary, spelling: str, kind: UnitKind, size: str
) -> None:
    unit = vocabulary.unit(spelling)
    assert unit is not None
    assert (unit.kind, unit.size) == (kind, Fraction(size))


def test_what_is_not_a_unit_is_not_guessed(vocabulary: DosingVocabulary) -> None:
    assert vocabulary.unit("tabletop") is None
    assert vocabulary.unit("") is None
    assert vocabulary.unit(None) is None


@pytest.mark.parametrize(
    ("words", "codings", "route"),
    [
        ("PO", (), "oral"),
        (None, (Coding(CodeSystem.SNOMED, "26643006"),), "oral"),
        (None, (Coding(CodeSystem.SNOMED, "47625008"),), "parenteral"),
        (None, (Coding(None, "x", "Oral route (qualifier value)"),), "oral"),
        (None, (Coding(None, "IVP"),), "parenteral"),
        ("intranasal", (), "nasal"),
        ("somewhere", (), None),
        (None, (), None),
    ],
)
def test_a_route_is_read_from_code_display_or_words(
    vocabulary: DosingVocabulary, words: str | None, codings: tuple[Coding, ...], route: str | None
) -> None:
    found = vocabulary.route(words, codings)
    assert (found.id if found else None) == route


@pytest.mark.parametrize(
    ("route", "applies"),
    [("oral", True), ("sublingual", True), (None, True), ("parenteral", False), ("rectal", False), ("nasal", False)],
)
def test_oral_figures_apply_by_route(vocabulary: DosingVocabulary, route: str | None, applies: bool) -> None:
    assert vocabulary.has_equivalence(route) is applies


@pytest.mark.parametrize(
    ("agent", "route", "as_needed", "rescue"),
    [
        ("diazepam", "rectal", False, True),
        ("midazolam", "nasal", False, True),
        ("diazepam", "oral", True, False),
        ("lorazepam", "nasal", True, True),
        ("lorazepam", "buccal", False, False),
    ],
)
def test_rescue_products_go_by_agent_and_route(
    vocabulary: DosingVocabulary, agent: str, route: str, as_needed: bool, rescue: bool
) -> None:
    assert vocabulary.is_rescue(agent, route, as_needed) is rescue


@pytest.mark.parametrize(
    ("form", "route", "release"),
    [
        ("Oral Tablet", "oral", "immediate"),
        ("Extended Release Oral Tablet", "oral", "extended"),
        ("modified-release tablets", "oral", "extended"),
        ("Transdermal System", "transdermal", "extended"),
        ("Rectal Gel", "rectal", "immediate"),
        ("Topical Cream", "topical", "immediate"),
    ],
)
def test_a_dose_form_gives_route_and_release(vocabulary: DosingVocabulary, form: str, route: str, release: str) -> None:
    found = vocabulary.dose_form(form)
    assert found is not None
    assert (found.route, found.release) == (route, release)


def spelt_twice(data: dict) -> None:
    data["units"]["entries"]["tablet"]["spellings"].append("mg")


def route_undefined(data: dict) -> None:
    data["dose_forms"]["entries"][0]["route"] = "aural"


def moment_undefined(data: dict) -> None:
    data["timing_codes"]["entries"][0]["when"] = ["TEATIME"]


def size_of_nothing(data: dict) -> None:
    data["units"]["entries"]["teaspoon"]["size"] = "0"


def uncited(data: dict) -> None:
    del data["plausible"]["interval_at_most"]["source"]


def no_common_bound(data: dict) -> None:
    del data["plausible"]["units_a_day_at_most"]["any"]


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        (spelt_twice, "two different things"),
        (route_undefined, "aural"),
        (moment_undefined, "teatime"),
        (size_of_nothing, "above zero"),
        (uncited, "source"),
        (no_common_bound, "any is missing"),
    ],
)
def test_a_mistake_in_the_data_is_refused_by_name(mistake: Callable[[dict], None], named: str) -> None:
    data = copy.deepcopy(DATA)
    mistake(data)
    with pytest.raises(KnowledgeError, match=named):
        read_vocabulary(data)
