"""Reads the vocabulary of dosing in ``forms.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import TypeVar

from rules.knowledge.figure import Figure
from rules.knowledge.lexicon.vocabulary import (
    ANY,
    DoseForm,
    DosingVocabulary,
    Moment,
    Plausible,
    RescueProduct,
    Route,
    TimingCode,
    Unit,
    UnitKind,
    normalised,
)
from rules.knowledge.problem import KnowledgeError, require_defined
from rules.knowledge.readers.section import Section, read_figure
from rules.model import CodeSystem
from rules.numbers.quantity import DAYS_PER, ONE, exact_ratio

Key = TypeVar("Key")
Value = TypeVar("Value")


def read_vocabulary(data: Mapping[str, object]) -> DosingVocabulary:
    """The vocabulary of a parsed ``forms.yaml``.

    Raises:
        KnowledgeError: a part is missing, of the wrong shape, out of range or spelt twice with different meanings.
    """
    top = Section("forms.yaml", data)
    codes = top.section("timing_codes")
    routes, route_words, route_codes = _routes(top.section("routes").section("entries"))
    vocabulary = DosingVocabulary(
        units=_units(top.section("units")),
        periods=_periods(top.section("periods")),
        period_names={key: (names[0], names[-1]) for key, names in _lists(top.section("period_names")).items()},
        moments={
            normalised(code): Moment(code, _positive(entry, "times"), entry.text("name"), _flag(entry, "single"))
            for code, entry in top.section("moments").section("entries").sections()
        },
        days_of_week={key: top.section("days_of_week").text(key) for key in top.section("days_of_week").data},
        timing_codes=_timing_codes(codes),
        as_needed_codes=frozenset(codes.texts("as_needed")),
        as_needed_endings=tuple(normalised(ending) for ending in codes.texts("as_needed_endings")),
        single_codes=frozenset(codes.texts("single")),
        infusion_codes=frozenset(codes.texts("infusion")),
        routes=routes,
        route_words=route_words,
        route_codes=route_codes,
        dose_forms=_dose_forms(top.section("dose_forms")),
        form_excludes={
            route: frozenset(excluded)
            for route, excluded in _lists(top.section("form_excludes").section("entries")).items()
        },
        beside_words=tuple(map(normalised, top.section("beside_words").texts("words"))),
        vein_words=tuple(map(normalised, top.section("by_vein").texts("words"))),
        vein_codes=frozenset((CodeSystem.SNOMED, code) for code in top.section("by_vein").texts("codes")),
        rescue_products=tuple(
            RescueProduct(frozenset(entry.texts("agents")), frozenset(entry.texts("routes")), _flag(entry, "as_needed"))
            for entry in top.section("rescue_products").items("entries")
        ),
        plausible=_plausible(top.section("plausible"), top.day("reviewed")),
        number_words=_numbers(top.section("number_words")),
        time_words=_numbers(top.section("time_words")),
    )
    _resolve(vocabulary)
    return vocabulary


def _units(block: Section) -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for name, entry in block.section("entries").sections():
        unit = Unit(
            id=name,
            kind=entry.choice("kind", UnitKind),
            size=_positive(entry, "size") if entry.has("size") else ONE,
            short=entry.text("short"),
            plural=entry.text_or("plural", entry.text("short")),
            source=entry.text_or("source", block.text("source")),
        )
        for spelling in (name, *entry.texts("spellings")):
            _add(found, normalised(spelling), unit, entry.at("spellings"))
    return found


def _periods(block: Section) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, spellings in _lists(block).items():
        for spelling in spellings:
            _add(found, normalised(spelling), name, block.at(name))
    return found


def _timing_codes(block: Section) -> dict[str, TimingCode]:
    found: dict[str, TimingCode] = {}
    for entry in block.items("entries"):
        codes = entry.texts("codes")
        timing = TimingCode(
            code=codes[0],
            times=_positive(entry, "times"),
            every=entry.range_of("every"),
            unit=entry.text("unit"),
            when=entry.texts("when"),
            days=entry.texts("days"),
        )
        for code in codes:
            _add(found, normalised(code), timing, entry.at("codes"))
    return found


def _routes(block: Section) -> tuple[dict[str, Route], dict[str, str], dict[tuple[CodeSystem, str], str]]:
    routes: dict[str, Route] = {}
    words: dict[str, str] = {}
    codes: dict[tuple[CodeSystem, str], str] = {}
    for name, entry in block.sections():
        routes[name] = Route(name, entry.text("name"), entry.truth("equivalence"))
        for word in (name, *entry.texts("words")):
            _add(words, normalised(word), name, entry.at("words"))
        for code in entry.texts("codes"):
            _add(codes, (CodeSystem.SNOMED, code), name, entry.at("codes"))
    return routes, words, codes


def _dose_forms(block: Section) -> dict[str, DoseForm]:
    found: dict[str, DoseForm] = {}
    for entry in block.items("entries"):
        names = entry.texts("names")
        form = DoseForm(names[0], entry.text("route"), entry.text_or("release", "immediate"), entry.text("unit"))
        for name in names:
            _add(found, normalised(name), form, entry.at("names"))
    return found


def _plausible(block: Section, reviewed: date) -> Plausible:
    clock = block.section("clock_intervals")
    hours = clock.texts("values")
    citation = {key: value for key, value in clock.data.items() if key != "values"}
    return Plausible(
        times_labelled_maximum=_by_name(block.section("times_labelled_maximum"), reviewed),
        times_defined_daily_dose=_by_name(block.section("times_defined_daily_dose"), reviewed),
        units_a_day_at_most=_by_name(block.section("units_a_day_at_most"), reviewed),
        smallest_part=read_figure(block.section("smallest_part"), reviewed),
        part_doubted=read_figure(block.section("part_doubted"), reviewed),
        supply_a_day_at_least=read_figure(block.section("supply_a_day_at_least"), reviewed),
        pieces_a_day_at_least=read_figure(block.section("pieces_a_day_at_least"), reviewed),
        fill_days_above=read_figure(block.section("fill_days_above"), reviewed),
        refilled_days_above=read_figure(block.section("refilled_days_above"), reviewed),
        days_of_supply_at_most=read_figure(block.section("days_of_supply_at_most"), reviewed),
        repeats_at_most=read_figure(block.section("repeats_at_most"), reviewed),
        interval_doubted=read_figure(block.section("interval_doubted"), reviewed),
        interval_at_least=read_figure(block.section("interval_at_least"), reviewed),
        interval_at_most=read_figure(block.section("interval_at_most"), reviewed),
        clock_intervals=tuple(
            read_figure(Section(clock.path, {**citation, "value": value}), reviewed) for value in hours
        ),
        patch_change=read_figure(block.section("patch_change"), reviewed),
    )


def _by_name(block: Section, reviewed: date) -> dict[str, Figure]:
    """Figures by name; that of ``any`` is required."""
    if ANY not in block.data:
        raise KnowledgeError(block.path, f"{ANY} is missing")
    return {name: read_figure(entry, reviewed) for name, entry in block.sections()}


def _resolve(vocabulary: DosingVocabulary) -> None:
    """Refuse a name that one part uses and none defines."""
    unit_ids = {unit.id for unit in vocabulary.units.values()}
    for form in vocabulary.dose_forms.values():
        _require_defined("forms.yaml: dose_forms", (form.route,), set(vocabulary.routes))
        _require_defined("forms.yaml: dose_forms", (form.unit,), unit_ids)
    for route, excluded in vocabulary.form_excludes.items():
        _require_defined("forms.yaml: form_excludes", (route, *excluded), set(vocabulary.routes))
    for timing in vocabulary.timing_codes.values():
        where = f"forms.yaml: timing_codes {timing.code}"
        _require_defined(where, (timing.unit,), set(DAYS_PER))
        _require_defined(where, tuple(normalised(code) for code in timing.when), set(vocabulary.moments))
        _require_defined(where, timing.days, set(vocabulary.days_of_week))
    periods = set(DAYS_PER) & set(vocabulary.period_names)
    _require_defined("forms.yaml: periods", tuple(vocabulary.periods.values()), periods)
    _require_defined("forms.yaml: plausible", tuple(vocabulary.plausible.units_a_day_at_most), {*unit_ids, ANY})
    for rescue in vocabulary.rescue_products:
        _require_defined("forms.yaml: rescue_products", tuple(rescue.routes), set(vocabulary.routes))


def _require_defined(where: str, names: Iterable[str], defined: set[str]) -> None:
    for name in names:
        require_defined(name, defined, where)


def _numbers(block: Section) -> dict[Fraction, str]:
    """Words keyed by a number, which may be written as a fraction."""
    try:
        return {exact_ratio(key): block.text(key) for key in block.data}
    except ValueError:
        raise KnowledgeError(block.path, "every key must be a number") from None


def _lists(block: Section) -> dict[str, tuple[str, ...]]:
    return {key: block.texts(key) for key in block.data}


def _positive(entry: Section, key: str) -> Fraction:
    number = entry.number(key)
    if number <= 0:
        raise KnowledgeError(entry.at(key), "must be above zero")
    return number


def _flag(entry: Section, key: str) -> bool:
    return entry.truth(key) if entry.has(key) else False


def _add(found: dict[Key, Value], key: Key, value: Value, where: str) -> None:
    if found.setdefault(key, value) != value:
        raise KnowledgeError(where, f"{key!r} stands for two different things")
