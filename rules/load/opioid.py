"""Morphine milligram equivalents: the opioid axis, never mixed with the diazepam-equivalent load."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from rules.assessment import OpioidLoad
from rules.assessment_lines import OpioidContribution, OpioidExcluded, OpioidExclusion
from rules.knowledge.agent import Agent, MorphineFactor
from rules.knowledge.lexicon.vocabulary import ORAL, TRANSDERMAL
from rules.numbers.quantity import ZERO, MicrogramsPerHour, MilligramsPerDay, MorphineEquivalent
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry

OPIOID_USE_DISORDER = "opioid-use-disorder"
PRESUMED_TREATMENT = "presumed-opioid-use-disorder"
PAIN = "pain"
TREATMENT = "opioid-use-disorder-treatment"
PARTIAL_AGONIST = "partial-agonist"
# What is left out for one of these reasons may have an MME, so that the total is not complete without it.
MME_NOT_KNOWN = frozenset(
    {OpioidExclusion.DOSE_UNKNOWN, OpioidExclusion.NO_FACTOR, OpioidExclusion.NO_FACTOR_FOR_ROUTE}
)


def treats_opioid_use_disorder(entry: RecordEntry, conditions: Collection[str]) -> bool:
    """Whether an entry is treatment for opioid use disorder.

    The agent is one of its treatments, and it is what the order is for by its reason or its words; or, unless the order
    says that it is for pain, the disorder is among the ``conditions``, or the product or the words let it be presumed.
    """
    if not entry.agent.has(TREATMENT):
        return False
    if OPIOID_USE_DISORDER in entry.purposes:
        return True
    return PAIN not in entry.purposes and (OPIOID_USE_DISORDER in conditions or PRESUMED_TREATMENT in entry.purposes)


def is_presumed_treatment(entry: RecordEntry, conditions: Collection[str]) -> bool:
    """Whether an entry is treatment for opioid use disorder by its product or by words that do not name it."""
    stated = OPIOID_USE_DISORDER in conditions or OPIOID_USE_DISORDER in entry.purposes
    return not stated and treats_opioid_use_disorder(entry, conditions)


def mme_of(entry: RecordEntry, conditions: Collection[str]) -> MorphineEquivalent | None:
    """The MME a day of an opioid entry, None where it adds none or none is known."""
    line = _line_of(entry, conditions)
    return line.mme if isinstance(line, OpioidContribution) else None


def opioid_load(presences: Iterable[Presence], conditions: Collection[str], *, everything_read: bool) -> OpioidLoad:
    """The MME of the present opioids, each with its factor; those that add none are listed with the reason.

    Further copies and rescue products are present and add nothing. Without one that may still be taken the total is not
    complete.

    Args:
        presences: how the entries stand; absent ones and other classes are passed over.
        conditions: the ids of the conditions on record that are beyond doubt.
        everything_read: no record was unreadable, without an identified product, or withheld, so that no further opioid
            may be there.
    """
    contributions: list[OpioidContribution] = []
    excluded: list[OpioidExcluded] = []
    total, complete, present = MorphineEquivalent.none(), everything_read, False
    for presence in presences:
        entry = presence.entry
        if not entry.agent.agent_class.opioid:
            continue
        if presence.possible and not entry.single:
            complete = False
        if not presence.present:
            continue
        present = True
        if not presence.additive or entry.administration.rescue:
            continue
        line = _line_of(entry, conditions)
        if isinstance(line, OpioidExcluded):
            excluded.append(line)
            complete = complete and line.reason not in MME_NOT_KNOWN
            continue
        complete = complete and not entry.dose_is_partial
        low = _line_of(presence.low_of, conditions) if presence.low_of is not None else None
        if isinstance(low, OpioidContribution):
            line = replace(line, mme=line.mme.with_low(low.mme.low))
        contributions.append(line)
        total = total + (line.mme if presence.replacement else line.mme.with_low(ZERO))
    known = bool(contributions) or (complete and not present)
    return OpioidLoad(
        present=present,
        used=total.used if known else None,
        low=total.low,
        high=total.high if complete and known else None,
        complete=complete,
        contributions=tuple(contributions),
        excluded=tuple(excluded),
        permits=any(line.permits for line in contributions),
    )


def _line_of(entry: RecordEntry, conditions: Collection[str]) -> OpioidContribution | OpioidExcluded:
    agent = entry.agent
    if agent.has(PARTIAL_AGONIST):
        text = "no conversion factor is published; counted as opioid exposure"
        return _excluded(entry, OpioidExclusion.PARTIAL_AGONIST, text)
    if treats_opioid_use_disorder(entry, conditions):
        text = "conversion factors do not apply to treatment of opioid use disorder"
        return _excluded(entry, OpioidExclusion.TREATMENT, text)
    if not isinstance(entry.dose, DailyDose):
        if entry.single:
            return _excluded(entry, OpioidExclusion.SINGLE_DOSE, "a single or procedural dose")
        return _excluded(entry, OpioidExclusion.DOSE_UNKNOWN, "its daily dose is not known")
    dose: MilligramsPerDay | MicrogramsPerHour | None = entry.dose.by_agent_hourly.get(agent.id)
    if dose is None:
        dose = entry.dose.by_agent.get(agent.id)
    if dose is None:
        return _excluded(entry, OpioidExclusion.DOSE_UNKNOWN, "its daily dose is not known")
    factor = _factor(agent, entry, dose)
    if factor is None:
        return _without_factor(entry, dose)
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
        permits=entry.permits,
    )


def _factor(agent: Agent, entry: RecordEntry, dose: MilligramsPerDay | MicrogramsPerHour) -> MorphineFactor | None:
    """The agent's factor for the route; a patch's dose has the unit of a transdermal factor only."""
    patch = isinstance(dose, MicrogramsPerHour)
    for factor in agent.morphine_factors:
        if (factor.route == TRANSDERMAL) is patch and factor.route == entry.administration.route:
            return factor
    return None


def _without_factor(entry: RecordEntry, dose: MilligramsPerDay | MicrogramsPerHour) -> OpioidExcluded:
    """An opioid whose dose was read and that the table in use has no factor for, at all or by this route."""
    agent, route = entry.agent, entry.administration.route
    if agent.morphine_factors:
        text = f"no CDC 2022 factor for this route ({route})"
        return replace(_excluded(entry, OpioidExclusion.NO_FACTOR_FOR_ROUTE, text), daily_dose=dose)
    older = [end for figure in agent.older_morphine_factors for end in (figure.low, figure.high)]
    older_factors = (min(older), max(older)) if older and route == ORAL else None
    text = "no CDC 2022 factor" if older_factors is None else "no CDC 2022 factor; older tables differ"
    excluded = _excluded(entry, OpioidExclusion.NO_FACTOR, text)
    return replace(excluded, daily_dose=dose, older_factors=older_factors)


def _excluded(entry: RecordEntry, reason: OpioidExclusion, text: str) -> OpioidExcluded:
    return OpioidExcluded(entry.source, entry.agent.id, entry.standing, reason, text)
