"""An opioid together with a benzodiazepine or Z-drug."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import Considered, Met, OpioidLoad, Severity
from rules.assessment_lines import OpioidExclusion
from rules.findings.case.case import Case
from rules.findings.case.change import mme_if_replaced
from rules.findings.case.present import agent_names, opioids_of
from rules.findings.case.reversal import lacks_reversal, reversal_on_record
from rules.load.opioid import is_presumed_treatment, treats_opioid_use_disorder

ID = "concurrent-opioid"
RISK_CONDITIONS = (
    "sleep-apnoea",
    "copd",
    "respiratory-failure",
    "hypoventilation",
    "opioid-use-disorder",
    "alcohol-use-disorder",
    "sedative-use-disorder",
)
INFO_ONLY_CONDITIONS = ("cancer-pain", "sickle-cell")


def judge(case: Case) -> Met | Considered:
    """Met when both are present; at most info for treatment of opioid use disorder, cancer pain and sickle cell."""
    opioids, sedatives = case.opioids, case.sedatives
    if not opioids or not sedatives:
        one_present = bool(opioids or sedatives)
        return case.unmet(ID, only_daily_use_missing=bool(opioids), unidentified_could_complete=one_present)
    treatment = [entry for entry in opioids if treats_opioid_use_disorder(entry, case.exempting)]
    softened = next(
        (case.conditions[concept].name for concept in INFO_ONLY_CONDITIONS if concept in case.exempting), None
    )
    both = case.opioids_if_replaced and case.sedatives_if_replaced
    softer = softened is not None or len(treatment) == len(opioids)
    severity = Severity.WARNING if both and not softer else Severity.INFO
    caution = case.knowledge.findings[ID].parameters["mme_caution"].value
    before = case.opioid_now if case.ordered is not None and case.opioid_now.present else None
    facts = {
        "opioids": agent_names(opioids),
        "sedatives": agent_names(sedatives),
        "prescribed_by": case.prescribed_by((*opioids, *sedatives)),
        "stopped": _ended(case),
        "mme": case.opioid.used,
        "mme_complete": case.opioid.complete,
        "mme_if_replaced": mme_if_replaced(case, case.view) if case.opioid.used is not None else None,
        "mme_permits": case.opioid.permits,
        "mme_before": before.used if before is not None else None,
        "mme_before_complete": before.complete if before is not None else None,
        "above_caution": _reaches(caution, case.opioid),
        "caution": caution,
        "without_factor": _excluded(case, OpioidExclusion.NO_FACTOR),
        "without_factor_for_route": _excluded(case, OpioidExclusion.NO_FACTOR_FOR_ROUTE),
        "dose_unknown": _excluded(case, OpioidExclusion.DOSE_UNKNOWN),
        "treatment_of_opioid_use_disorder": agent_names(treatment),
        "presumed_treatment": any(is_presumed_treatment(entry, case.exempting) for entry in treatment),
        "reversal_on_record": reversal_on_record(case),
        "lacks_reversal": lacks_reversal(case),
        "softened_by": softened,
        "risk_conditions": tuple(
            case.conditions[name].on_record for name in RISK_CONDITIONS if name in case.conditions
        ),
    }
    return case.met(ID, facts, severity=severity)


def _reaches(threshold: Fraction, opioid: OpioidLoad) -> bool | None:
    """Whether the MME reach a threshold; None where too little is known."""
    if opioid.used is not None and opioid.used >= threshold:
        return True
    return False if opioid.complete else None


def _ended(case: Case) -> tuple[str, ...]:
    """The opioids on record that the orders being written stop or replace by another."""
    remaining = {entry.agent.id for entry in case.opioids}
    return agent_names(entry for entry in opioids_of(case.now.present) if entry.agent.id not in remaining)


def _excluded(case: Case, reason: OpioidExclusion) -> tuple[str, ...]:
    """The opioids that add no MME for a reason, by name."""
    agents = {line.agent for line in case.opioid.excluded if line.reason is reason}
    return tuple(sorted(case.knowledge.agents[agent].name for agent in agents))
