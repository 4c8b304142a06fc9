"""What this service holds to where publications leave a choice: windows, bands, ages, and one block per finding.

Every figure carries its citation and the bounds within which a site may set its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.assessment import Severity
from rules.knowledge.figure import Figure


@dataclass(frozen=True, slots=True)
class FindingPolicy:
    """What the site decides of one finding, and what the finding's page says.

    ``raises``: it may raise a card on its own, at most at ``severity``. ``parameters`` are its thresholds.
    """

    id: str
    title: str
    on: bool
    raises: bool
    severity: Severity
    parameters: Mapping[str, Figure]
    references: tuple[str, ...]
    page: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConcurrencyPolicy:
    """Windows that decide which orders are in force together (days), and what may be a switch (percent of load)."""

    recency_days: Figure
    grace_days: Figure
    out_of_supply_days: Figure
    lapsed_mention_days: Figure
    renewal_overlap_days: Figure
    switch_percent: Figure


@dataclass(frozen=True, slots=True)
class ExposurePolicy:
    """What makes use over time continuous: gaps bridged (days), days covered (percent), and use too sparse to be so
    (known days of use in a week)."""

    bridge_days: Figure
    coverage_percent: Figure
    sparse_days_per_week: Figure


@dataclass(frozen=True, slots=True)
class BandPolicy:
    """Upper ends, inclusive, of the low and the moderate withdrawal-risk band, in mg/d diazepam-equivalent."""

    low_up_to: Figure
    moderate_up_to: Figure


@dataclass(frozen=True, slots=True)
class AgePolicy:
    """Ages in years: from which a patient is in scope, and from which an older adult."""

    adult: Figure
    older: Figure


@dataclass(frozen=True, slots=True)
class SnoozePolicy:
    """How long an answered card stays away (days), and the rise of the load that brings it back (percent)."""

    days: Figure
    rise_percent: Figure


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole policy, thresholds of single findings apart (these stand in their :class:`FindingPolicy`).

    ``equivalence_basis`` is the mg of oral diazepam that every equivalence figure is stated for.
    ``include_substitution``: substitution figures are added to the load (a site's choice).
    ``critical``: findings that a site lets warn as critical; none as shipped.
    """

    concurrency: ConcurrencyPolicy
    exposure: ExposurePolicy
    bands: BandPolicy
    age: AgePolicy
    snooze: SnoozePolicy
    equivalence_basis: Figure
    include_substitution: bool
    critical: frozenset[str]
