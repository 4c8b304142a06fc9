"""What exempts a case from findings that hold: an acute state that is being treated, a setting in which one is watched.

The policy of a finding names the exemptions that it has.
"""

from __future__ import annotations

from collections.abc import Callable

from rules.findings.case.case import Case
from rules.findings.case.present import depressants_of
from rules.knowledge.policy import Exemption


def exemption_from(case: Case, finding: str, holds: Callable[[Case], bool]) -> str | None:
    """What exempts from a finding that holds, None if nothing does.

    What treats alcohol withdrawal exempts where nothing else is ordered, or where the finding holds without what is and
    not without the treatment. What is monitored exempts where the finding rests on it alone: it holds without all other
    depressants, and not without those that are monitored.

    Args:
        case: the case, for which the finding holds.
        finding: its id.
        holds: whether it holds for a case.
    """
    exempt_in = case.knowledge.findings[finding].exempt_in
    if Exemption.ALCOHOL_WITHDRAWAL in exempt_in and _is_of_withdrawal(case, holds):
        return Exemption.ALCOHOL_WITHDRAWAL.value
    if Exemption.TAPER_UNDER_WAY in exempt_in and case.taper is not None:
        return Exemption.TAPER_UNDER_WAY.value
    if Exemption.LONGER_INDICATION in exempt_in and case.indications.longer_indications:
        return Exemption.LONGER_INDICATION.value
    if Exemption.MONITORED_SETTING in exempt_in and case.monitored:
        others = frozenset(entry for entry in depressants_of(case.view.present) if entry not in case.monitored)
        if holds(case.without(others)) and not holds(case.without(case.monitored)):
            return Exemption.MONITORED_SETTING.value
    return None


def _is_of_withdrawal(case: Case, holds: Callable[[Case], bool]) -> bool:
    """Whether a finding that holds rests on orders that treat acute alcohol withdrawal, and on no others ordered."""
    treatment = case.indications.for_alcohol_withdrawal
    if not treatment or case.indications.treats_withdrawal_alone:
        return bool(treatment)
    others = frozenset(entry for entry in case.drafts if entry not in treatment)
    return holds(case.without(others)) and not holds(case.without(treatment))
