"""The vocabulary of dosing: units, moments, timing codes, routes, dose forms and plausible bounds, from ``forms.yaml``.

Spellings are looked up in lower case with single spaces (:func:`normalised`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rules.knowledge.figure import Figure
from rules.knowledge.lexicon.characters import seen
from rules.model import CodeSystem, Coding

# The key of the plausible figure for every unit, or every class of agents, that has none of its own.
ANY = "any"
# Ids of routes that the rules ask for by name.
ORAL = "oral"
PARENTERAL = "parenteral"
TOPICAL = "topical"
TRANSDERMAL = "transdermal"
# Between the routes that one text names: "PO or IV".
ROUTES = "/"
BETWEEN_ROUTES = re.compile(r"\s*[/,;&+|]\s*|\s+(?:or|and)\s+", re.IGNORECASE)


class UnitKind(StrEnum):
    """What a dose unit measures."""

    MASS = "mass"
    VOLUME = "volume"
    COUNTABLE = "countable"
    ACTUATION = "actuation"
    DOSE = "dose"
    DROP = "drop"
    BY_WEIGHT = "by-weight"
    RATE = "rate"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class Unit:
    """A dose unit; ``size`` in mg (mass), mL (volume) or micrograms an hour (rate), else 1."""

    id: str
    kind: UnitKind
    size: Fraction
    short: str
    plural: str
    source: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A coded moment of the day, which is ``times`` doses a day; ``single``: one dose only, at once."""

    code: str
    times: Fraction
    name: str
    single: bool


@dataclass(frozen=True, slots=True)
class TimingCode:
    """A whole timing in one code: ``times`` doses every ``every`` (low to high) ``unit`` (UCUM)."""

    code: str
    times: Fraction
    every: tuple[Fraction, Fraction]
    unit: str
    when: tuple[str, ...]
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A route of administration; ``equivalence``: the oral equivalence figures are applied to it."""

    id: str
    name: str
    equivalence: bool


@dataclass(frozen=True, slots=True)
class DoseForm:
    """A dose form: its route, its release (``immediate`` or ``extended``) and the unit that is counted."""

    name: str
    route: str
    release: str
    unit: str


@dataclass(frozen=True, slots=True)
class RescueProduct:
    """Agents that, by these routes, are kept for a seizure; ``as_needed``: only where ordered as needed."""

    agents: frozenset[str]
    routes: frozenset[str]
    as_needed: bool


@dataclass(frozen=True, slots=True)
class Plausible:
    """The bounds of plausible doses and intervals.

    Attributes:
        times_labelled_maximum: by class of agents, how many times its labelled maximum a dose may be.
        times_defined_daily_dose: by class of agents, the same for the defined daily dose.
        units_a_day_at_most: by unit id, the most units in a day (patches: worn at a time).
        smallest_part: the smallest part of one unit that another reading of a dose may come to.
        part_doubted: a dose of a smaller part of one unit than this is implausible.
        supply_a_day_at_least: dispensed units a day below which more may be taken than they give.
        pieces_a_day_at_least: the fewest a day of a quantity of "each", which may count packages.
        fill_days_above: units that last so many days or fewer are no supply of what is taken every day.
        refilled_days_above: the same of units that are dispensed again, or are said to last longer.
        days_of_supply_at_most, repeats_at_most: more of either is not believed.
        interval_doubted: the days between doses above which a tablet that is taken daily is doubted; a week is not.
        interval_at_least, interval_at_most: the bounds of the interval between doses, each in its own unit.
        clock_intervals: intervals in hours that a period of as many days may stand for.
        patch_change: the longest plausible interval between changes of a patch.

    The key ``any`` stands for every class or unit that has no figure of its own.
    """

    times_labelled_maximum: Mapping[str, Figure]
    times_defined_daily_dose: Mapping[str, Figure]
    units_a_day_at_most: Mapping[str, Figure]
    smallest_part: Figure
    part_doubted: Figure
    supply_a_day_at_least: Figure
    pieces_a_day_at_least: Figure
    fill_days_above: Figure
    refilled_days_above: Figure
    days_of_supply_at_most: Figure
    repeats_at_most: Figure
    interval_doubted: Figure
    interval_at_least: Figure
    interval_at_most: Figure
    clock_intervals: tuple[Figure, ...]
    patch_change: Figure

    def units_limit(self, unit: str) -> Fraction:
        """The most units of a kind that are plausible in a day."""
        return self.units_a_day_at_most.get(unit, self.units_a_day_at_most[ANY]).value

    @property
    def units_source(self) -> str:
        """The source of the bounds of units."""
        return self.units_a_day_at_most[ANY].source

    def labelled_times(self, agent_class: str) -> Fraction:
        """How many times its labelled maximum a dose of an agent of this class may be and still be plausible."""
        return self.times_labelled_maximum.get(agent_class, self.times_labelled_maximum[ANY]).value

    def daily_dose_times(self, agent_class: str) -> Fraction:
        """How many defined daily doses it may be, where no labelled maximum is known."""
        return self.times_defined_daily_dose.get(agent_class, self.times_defined_daily_dose[ANY]).value


@dataclass(frozen=True, slots=True, eq=False)
class DosingVocabulary:
    """The vocabulary of dosing; mappings by spelling have normalised keys.

    Attributes:
        units, moments, timing_codes, dose_forms: by spelling or code.
        periods: the UCUM unit of time of a spelling.
        period_names: the singular and plural name of a UCUM unit of time.
        days_of_week: the name of a day, by its code.
        as_needed_codes, single_codes, infusion_codes: the frequency codes that say so.
        as_needed_endings: what a frequency code ends with where it is as needed.
        routes: by id; ``route_words`` gives the id of a spelling, ``route_codes`` that of a code.
        form_excludes: by the route of a form, the routes that a product of such a form is not given by.
        beside_words: those of an order that is taken beside another of the same medicine.
        vein_words: the words of an order that is given by vein or as an infusion; ``vein_codes`` those of its route.
        rescue_products: the agents that are kept for a seizure, by route.
        number_words, time_words: the words for a number ("one half"), and for how often ("twice").
    """

    units: Mapping[str, Unit]
    periods: Mapping[str, str]
    period_names: Mapping[str, tuple[str, str]]
    moments: Mapping[str, Moment]
    days_of_week: Mapping[str, str]
    timing_codes: Mapping[str, TimingCode]
    as_needed_codes: frozenset[str]
    as_needed_endings: tuple[str, ...]
    single_codes: frozenset[str]
    infusion_codes: frozenset[str]
    routes: Mapping[str, Route]
    route_words: Mapping[str, str]
    route_codes: Mapping[tuple[CodeSystem, str], str]
    dose_forms: Mapping[str, DoseForm]
    form_excludes: Mapping[str, frozenset[str]]
    beside_words: tuple[str, ...]
    vein_words: tuple[str, ...]
    vein_codes: frozenset[tuple[CodeSystem, str]]
    rescue_products: tuple[RescueProduct, ...]
    plausible: Plausible
    number_words: Mapping[Fraction, str]
    time_words: Mapping[Fraction, str]

    def unit(self, spelling: str | None) -> Unit | None:
        """The unit of a spelling or code; None if there is none that is known."""
        return self.units.get(normalised(spelling)) if spelling else None

    def dose_form(self, name: str | None) -> DoseForm | None:
        """The dose form of a name; None if there is none that is known."""
        return self.dose_forms.get(normalised(name)) if name else None

    def route(self, words: str | None, codings: Iterable[Coding] = ()) -> Route | None:
        """The route of the codes, else of their displays, else of the words; None if none of them is known."""
        entries = tuple(codings)
        for coding in entries:
            if coding.system and coding.code and (coding.system, coding.code) in self.route_codes:
                return self.routes[self.route_codes[coding.system, coding.code]]
        for text in (*(coding.display for coding in entries), *(coding.code for coding in entries), words):
            # A display may carry SNOMED CT's semantic tag: "Oral route (qualifier value)".
            found = self.route_words.get(normalised((text or "").partition("(")[0]))
            if found:
                return self.routes[found]
        return None

    def routes_named(self, words: str | None, codings: Iterable[Coding] = ()) -> tuple[Route, ...]:
        """Every route of the codes, else of their displays, else of the words: ``PO or IV`` are two."""
        entries = tuple(codings)
        coded = (self.route_codes.get((each.system, each.code)) for each in entries if each.system and each.code)
        found = {name: self.routes[name] for name in coded if name}
        if not found:
            for text in (*(each.display for each in entries), *(each.code for each in entries), words):
                found |= {route.id: route for part in _alternatives(text) if (route := self.route(part)) is not None}
        return tuple(found.values())

    def route_ids(self, words: str | None, codings: Iterable[Coding] = ()) -> frozenset[str]:
        """The ids of every route that is named."""
        return frozenset(route.id for route in self.routes_named(words, codings))

    def has_equivalence(self, route: str | None) -> bool:
        """Whether the oral equivalence figures apply to a route id; None, no route stated, is taken as oral."""
        return route is None or route not in self.routes or self.routes[route].equivalence

    def is_rescue(self, agent: str, route: str | None, as_needed: bool) -> bool:
        """Whether an agent by this route is a rescue product, and so no part of a daily load."""
        return any(
            agent in rescue.agents and route in rescue.routes and (as_needed or not rescue.as_needed)
            for rescue in self.rescue_products
        )


def _alternatives(text: str | None) -> tuple[str, ...]:
    """The text, and the parts of "IV/PO", "PO or IV"."""
    if not text:
        return ()
    parts = BETWEEN_ROUTES.split(text)
    return (text, *parts) if parts[1:] else (text,)


def normalised(text: str) -> str:
    """A text as names and spellings are compared: lower case, single spaces."""
    return " ".join(seen(text).lower().split())
