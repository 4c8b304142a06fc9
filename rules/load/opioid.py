"""Morphine milligram equivalents: the opioid axis, never mixed with the diazepam-equivalent load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rules.assessment import OpioidLoad
from rules.assessment_lines import OpioidContribution, OpioidExcluded
from rules.findings.case.conditions import PresentCondition
from rules.knowledge.agent import Agent, MorphineFactor
from rules.numbers.quantity import MicrogramsPerHour, MilligramsPerDay, MorphineEquivalent
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.record import RecordEntry

OPIOID_USE_DISORDER = "opioid-use-disorder"
TREATMENT = "opioid-use-disorder-treatment"
PARTIAL_AGONIST = "partial-agonist"


@dataclass(frozen=True, slots=True)
class OpioidPlace:
    """A present opioid entry; ``adds`` is false for a second copy that is present and adds nothing."""

    entry: RecordEntry
    adds: bool
    in_low: bool


def treats_opioid_use_disorder(entry: RecordEntry, conditions: Mapping[str, PresentCondition]) -> bool:
    """Whether an entry is treatment for opioid use disorder.

    It is where the agent is one of its treatments and the disorder is on record, or the product itself says so: a
    partial agonist combined with a reversal agent.
    """
    if not entry.agent.has(TREATMENT):
        return False
    combined = any(companion.agent_class.reversal for companion in entry.companions)
    return OPIOID_USE_DISORDER in conditions or (combined and entry.agent.has(PARTIAL_AGONIST))


def morphine_of(entry: RecordEntry, conditions: Mapping[str, PresentCondition]) -> MorphineEquivalent | None:
    """The MME of an opioid entry, None where it adds none or none is known."""
    reading = _convert(entry, conditions)
    return reading.mme if isinstance(reading, OpioidContribution) else None


def opioid_load(
    places: Iterable[OpioidPlace], conditions: Mapping[str, PresentCondition], *, everything_read: bool
) -> OpioidLoad:
    """The MME of the present opioids, each with its factor; what adds none is listed with the reason.

    ``everything_read``: no record was unreadable, nameless or withheld, so that no further opioid may be there.
    """
    contributions: list[OpioidContribution] = []
    excluded: list[OpioidExcluded] = []
    total, complete, present = MorphineEquivalent.none(), everything_read, False
    for place in places:
        present = True
        if not place.adds:
            continue
        reading = _convert(place.entry, conditions)
        if isinstance(reading, OpioidExcluded):
            excluded.append(reading)
            complete = complete and reading.reason in _NO_MME_BY_NATURE
            continue
        complete = complete and not place.entry.dose_is_partial
        contributions.append(reading)
        counted = reading.mme if place.in_low else MorphineEquivalent(reading.mme.used, Fraction(0), reading.mme.high)
        total = total + counted
    known = bool(contributions) or (complete and not present)
    return OpioidLoad(
        present=present,
        used=total.used if known else None,
        low=total.low,
        high=total.high if complete and known else None,
        complete=complete,
        contributions=tuple(contributions),
        excluded=tuple(excluded),
    )


_NO_MME_BY_NATURE = frozenset({"opioid-use-disorder-treatment", "partial-agonist", "rescue-product", "single-dose"})


def _convert(entry: RecordEntry, conditions: Mapping[str, PresentCondition]) -> OpioidContribution | OpioidExcluded:
    agent = entry.agent
    if agent.has(PARTIAL_AGONIST):
        return _excluded(entry, "partial-agonist", "no conversion factor is published; counted as opioid exposure")
    if treats_opioid_use_disorder(entry, conditions):
        return _excluded(entry, TREATMENT, "conversion factors do not apply to treatment of opioid use disorder")
    if not isinstance(entry.dose, DailyDose):
        if entry.single:
            return _excluded(entry, "single-dose", "a single or procedural dose")
        return _excluded(entry, "dose-unknown", "its daily dose is not known")
    dose: MilligramsPerDay | MicrogramsPerHour | None = entry.dose.by_agent_hourly.get(agent.id)
    if dose is None:
        dose = entry.dose.by_agent.get(agent.id)
    if dose is None:
        return _excluded(entry, "dose-unknown", "its daily dose is not known")
    factor = _factor(agent, entry, dose)
    if factor is None:
        return _excluded(
            entry, "no-factor", f"no verified conversion factor for this route ({entry.administration.route})"
        )
    figure = factor.factor
    return OpioidContribution(
        source=entry.source,
        agent=agent.id,
        product=entry.product.name,
        standing=entry.standing,
        daily_dose=dose,
        factor=figure.value,
        mme=MorphineEquivalent(dose.used * figure.value, dose.low * figure.value, dose.high * figure.value),
        reference=figure.source,
        read_as=entry.dose.read_as,
    )


def _factor(agent: Agent, entry: RecordEntry, dose: MilligramsPerDay | MicrogramsPerHour) -> MorphineFactor | None:
    """The agent's factor for the route; a patch's dose has the unit of a transdermal factor only."""
    patch = isinstance(dose, MicrogramsPerHour)
    for factor in agent.morphine_factors:
        if (factor.route == "transdermal") is patch and factor.route == entry.administration.factor_route:
            return factor
    return None


def _excluded(entry: RecordEntry, reason: str, text: str) -> OpioidExcluded:
    return OpioidExcluded(entry.source, entry.agent.id, entry.standing, reason, text)
