"""The policy: what this service does where publications leave a choice. Windows, bands, ages and one block per finding.

Every figure has its citation, and the bounds within which a site may set its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.assessment import Severity
from rules.knowledge.figure import Figure


class Exemption(StrEnum):
    """What a finding may be exempt in, though it holds."""

    ALCOHOL_WITHDRAWAL = "acute-alcohol-withdrawal"
    MONITORED_SETTING = "monitored-setting"
    TAPER_UNDER_WAY = "taper-under-way"
    LONGER_INDICATION = "longer-indication"


@dataclass(frozen=True, slots=True)
class FindingPolicy:
    """The policy of one finding, and the texts of its page.

    ``on``: it is judged at all. ``exempt_in``: where it does not apply though it holds. ``raises``: it may raise a card
    on its own, at most at ``severity``; ``quiet_in_taper``: none where a taper on pace is under way. ``parameters`` are
    its thresholds by name; one that is not set is left out. ``references`` are ids of sources. ``page`` holds the texts
    of its page by part (``summary``, ``fires_when`` ...).
    """

    id: str
    title: str
    on: bool
    raises: bool
    severity: Severity
    parameters: Mapping[str, Figure]
    references: tuple[str, ...]
    page: Mapping[str, str]
    exempt_in: frozenset[Exemption] = frozenset()
    quiet_in_taper: bool = False


@dataclass(frozen=True, slots=True)
class ConcurrencyPolicy:
    """Which orders are in force together (days), and what may be a switch (percent of the load).

    ``may_continue_days``: how long after its window an order may still be taken, if that window had at least
    ``course_days``. ``order_may_continue_days``: how old the latest evidence of an active order of unknown length may
    be for it to be taken still. ``begins_within_days``: an order that begins so soon may be taken already.
    ``stay_days``: how recent an inpatient order supersedes the order of home.
    ``recency_days``: how long an active order of unknown length counts from its latest evidence. ``grace_days``: how
    long an active order counts after its window. ``out_of_supply_days``: how long after its window a patient is taken
    to be out of supply. ``lapsed_mention_days``: how long after its window a lapsed order is mentioned.
    ``renewal_overlap_days``: the overlap up to which an order renews another. ``switch_percent``: how much two loads
    may differ in a possible switch. ``table_rise_percent``: how much another table must differ to be told.
    """

    recency_days: Figure
    grace_days: Figure
    out_of_supply_days: Figure
    lapsed_mention_days: Figure
    renewal_overlap_days: Figure
    may_continue_days: Figure
    course_days: Figure
    order_may_continue_days: Figure
    begins_within_days: Figure
    stay_days: Figure
    switch_percent: Figure
    table_rise_percent: Figure


@dataclass(frozen=True, slots=True)
class ExposurePolicy:
    """What makes use over time continuous.

    ``bridge_days``: the longest gap between orders that is bridged. ``coverage_percent``: the share of days that must
    be supplied. ``sparse_days_per_week``: use on this many days a week, or fewer, is intermittent.
    """

    bridge_days: Figure
    coverage_percent: Figure
    sparse_days_per_week: Figure


@dataclass(frozen=True, slots=True)
class BandPolicy:
    """The upper ends, inclusive, of the low and the moderate band of withdrawal risk, in mg/d diazepam-equivalent."""

    low_up_to: Figure
    moderate_up_to: Figure


@dataclass(frozen=True, slots=True)
class AgePolicy:
    """Ages in years: from ``adult`` a patient is in scope, from ``older`` an older adult."""

    adult: Figure
    older: Figure


@dataclass(frozen=True, slots=True)
class ExemptionPolicy:
    """How long what exempts from every finding counts: ``visit_days`` where it was noted at a visit."""

    visit_days: Figure


@dataclass(frozen=True, slots=True)
class SnoozePolicy:
    """How many days an answered card is not shown again, and the rise of the load, in percent, that brings it back."""

    days: Figure
    rise_percent: Figure


@dataclass(frozen=True, slots=True)
class RepeatPolicy:
    """How long a card that a user was shown is not shown to that user again, unless something is worse or new.

    ``order_minutes``: from the selection of an order to its signing; ``chart_days``: on opening the chart.
    """

    order_minutes: Figure
    chart_days: Figure


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy, except what belongs to one finding (:class:`FindingPolicy`).

    ``equivalence_basis`` is the mg of oral diazepam that every equivalence figure is stated for.
    ``include_substitution``: substitution figures are added to the load. ``critical``: the findings that may warn as
    critical; none as shipped.
    """

    concurrency: ConcurrencyPolicy
    exposure: ExposurePolicy
    bands: BandPolicy
    age: AgePolicy
    exemption: ExemptionPolicy
    snooze: SnoozePolicy
    repeat: RepeatPolicy
    equivalence_basis: Figure
    include_substitution: bool
    critical: frozenset[str]
