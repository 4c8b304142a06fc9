"""The total diazepam-equivalent load lies in the moderate or high band, or above the site's threshold."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from rules.assessment import Band, Considered, Met, Pattern, Severity
from rules.findings.case.case import Case
from rules.findings.case.results import not_judged, not_met
from rules.load.total import band_of

ID = "total-load"


def judge(case: Case) -> Met | Considered:
    """Met in the moderate or high band of the default table; a warning if the band is high in every table."""
    load = case.load
    threshold = case.knowledge.findings[ID].parameters.get("site_threshold")
    over_site = threshold is not None and load.used is not None and load.used > threshold.value
    if load.used is None:
        return not_judged(ID, "no dose of the sedatives on record could be read")
    if load.band is Band.LOW and not over_site:
        if not load.complete:
            return not_judged(ID, "the known part is below the threshold, and the load is not complete")
        return not_met(ID)
    bands = {name: table.band for name, table in load.by_table.items()}
    facts = {
        "used": load.used,
        "band": load.band,
        "band_depends_on_table": len({band for band in bands.values() if band is not None}) > 1,
        "over_site_threshold": over_site,
        "complete": load.complete,
    }
    return case.met(ID, facts, severity=_severity(case, threshold.value if threshold is not None else None))


def _severity(case: Case, threshold: Fraction | None) -> Severity:
    by_table = [case.replacement_load(case.view, table) for table in case.knowledge.tables.values()]
    high_in_all = all(band_of(used, case.knowledge.policy.bands) is Band.HIGH for used in by_table)
    crossed = threshold is not None and _crosses(case, threshold)
    return Severity.WARNING if (high_in_all and _established(case)) or crossed else Severity.INFO


def _crosses(case: Case, threshold: Fraction) -> bool:
    """Whether the order takes the load over the site's threshold, by the replacement reading."""
    return case.replacement_load(case.now) <= threshold < case.replacement_load(case.view)


def _established(case: Case) -> bool:
    """Whether use is, or by the length of the order becomes, as long as the policy's ``established_days``."""
    days = case.knowledge.findings[ID].parameters["established_days"].value
    use = case.longest_use
    steady = use is not None and use.pattern is Pattern.CONTINUOUS
    if use is not None and steady and use.days >= days:
        return True
    for entry in case.drafts:
        sedative = entry.agent.agent_class.in_load and entry.daily_use
        if not sedative or entry.start is None or entry.window.end is None:
            continue
        begun: date = use.since if use is not None and steady and case.within_grace(use) else entry.start
        if (entry.window.end - begun).days + 1 >= days:
            return True
    return False
