"""What findings judge: the case, the conditions on record, what the orders being written change, and the results.

A finding asks the :class:`Case`. Several share :func:`judge_hazard`, the judgement of a sedative beside a condition.
"""

from rules.findings.case.age import Age, age_on
from rules.findings.case.case import Case
from rules.findings.case.change import increases, lengths, mme_if_replaced, raised, rises_elsewhere, taken_over
from rules.findings.case.conditions import PatientCondition, PatientConditions, read_conditions
from rules.findings.case.exemptions import exemption_from
from rules.findings.case.hazard import judge_hazard
from rules.findings.case.indications import ACUTE_ALCOHOL_WITHDRAWAL, SEIZURE_DISORDER
from rules.findings.case.pace import (
    Fall,
    Level,
    fall,
    first_too_fast,
    in_load,
    level_on,
    levels_ahead,
    levels_before,
    of_another_hand,
    rises_ahead,
    steepest,
    too_fast,
)
from rules.findings.case.present import (
    BENZODIAZEPINE,
    GABAPENTINOID,
    OXYBATE,
    Entries,
    agent_names,
    benzodiazepines_of,
    cns_active_of,
    depressants_of,
    opioids_of,
    sedatives_of,
)
from rules.findings.case.results import (
    BIRTH_DATE_IN_PART,
    BIRTH_DATE_TO_COME,
    BY_ANTI_SEIZURE,
    CONDITIONS_NOT_SUPPLIED,
    DOSES,
    NO_BIRTH_DATE,
    ORDERS_NOT_SUPPLIED,
    OUT_OF_TIME,
    TURNED_OFF,
    UNDER_AGE,
    exempt,
    not_judged,
    not_met,
    not_used_long_enough,
)
from rules.findings.case.reversal import lacks_reversal, reversal_on_record
from rules.findings.case.start import begun, begun_by_orders, new_starts, removable, started_sedatives
from rules.findings.case.taper import has_begun, has_new_condition, taper_of, why_not_judged
from rules.findings.case.unknowns import DRAFTS, ORDERS

__all__ = [
    "ACUTE_ALCOHOL_WITHDRAWAL",
    "BENZODIAZEPINE",
    "BIRTH_DATE_IN_PART",
    "BIRTH_DATE_TO_COME",
    "BY_ANTI_SEIZURE",
    "CONDITIONS_NOT_SUPPLIED",
    "DOSES",
    "DRAFTS",
    "GABAPENTINOID",
    "NO_BIRTH_DATE",
    "ORDERS",
    "ORDERS_NOT_SUPPLIED",
    "OUT_OF_TIME",
    "OXYBATE",
    "SEIZURE_DISORDER",
    "TURNED_OFF",
    "UNDER_AGE",
    "Age",
    "Case",
    "Entries",
    "Fall",
    "Level",
    "PatientCondition",
    "PatientConditions",
    "age_on",
    "agent_names",
    "begun",
    "begun_by_orders",
    "benzodiazepines_of",
    "cns_active_of",
    "depressants_of",
    "exempt",
    "exemption_from",
    "fall",
    "first_too_fast",
    "has_begun",
    "has_new_condition",
    "in_load",
    "increases",
    "judge_hazard",
    "lacks_reversal",
    "lengths",
    "level_on",
    "levels_ahead",
    "levels_before",
    "mme_if_replaced",
    "new_starts",
    "not_judged",
    "not_met",
    "not_used_long_enough",
    "of_another_hand",
    "opioids_of",
    "raised",
    "read_conditions",
    "removable",
    "reversal_on_record",
    "rises_ahead",
    "rises_elsewhere",
    "sedatives_of",
    "started_sedatives",
    "steepest",
    "taken_over",
    "taper_of",
    "too_fast",
    "why_not_judged",
]
