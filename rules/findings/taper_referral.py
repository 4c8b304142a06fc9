"""A supervised taper may be worth a referral, and in which setting."""

from __future__ import annotations

from rules.assessment import Band, Considered, Exposure, Met, Pattern
from rules.assessment_facts import TaperSetting
from rules.findings.case.case import Case
from rules.findings.case.conditions import PatientCondition
from rules.findings.case.results import (
    BY_ANTI_SEIZURE,
    exempt,
    not_met,
    not_used_long_enough,
)
from rules.knowledge.policy import Exemption
from rules.load.opioid import OPIOID_USE_DISORDER, treats_opioid_use_disorder
from rules.reading.dosage.reconcile import REDUCED

ID = "taper-referral"
# What makes inpatient care worth considering by Recommendation 5: harm that is near, severe or complicated withdrawal
# now or before, however long ago; further what makes a taper a matter for specialists, and for addiction medicine.
EVER = ("withdrawal-seizure",)
NEAR_HARM = ("alcohol-withdrawal", "suicidal-ideation")
COMPLICATING = ("provoked-seizure", "seizure-disorder", "pregnancy")
USE_DISORDERS = ("alcohol-use-disorder", "opioid-use-disorder", "sedative-use-disorder", "stimulant-use-disorder")
OTHER_AXES = ("oxybate", "opioid")


def judge(case: Case) -> Met | Considered:
    """Met on long-term use, or on a high load or high-risk combination beyond the shorter threshold.

    An order that lowers the dose by its own text is a taper, whether or not all of its steps are on pace.
    """
    use = case.longest_use_without_anti_seizure
    if use is None:
        present = any(entry.agent.agent_class.in_load for entry in case.view.present)
        return exempt(ID, BY_ANTI_SEIZURE) if case.longest_use is not None and present else not_met(ID)
    if use.pattern is Pattern.INTERMITTENT:
        return not_met(ID)
    parameters = case.knowledge.findings[ID].parameters
    hazards = _hazards(case)
    high_risk = hazards and use.days > parameters["high_load_days"].value
    if use.days < parameters["long_term_days"].value and not high_risk:
        return not_used_long_enough(ID, use)
    if case.indications.in_alcohol_withdrawal:
        return exempt(ID, Exemption.ALCOHOL_WITHDRAWAL.value)
    if any(REDUCED in entry.dose.assumptions for entry in case.sedatives):
        return exempt(ID, Exemption.TAPER_UNDER_WAY.value)
    return case.met(ID, _facts(case, use, hazards))


def _hazards(case: Case) -> tuple[str, ...]:
    """What makes the use hazardous, in words."""
    found = ["high load"] if case.load.band is Band.HIGH else []
    classes = {entry.agent.agent_class.id: entry.agent.agent_class.name for entry in case.depressants}
    found.extend(f"with {name}" for key, name in sorted(classes.items()) if key in OTHER_AXES)
    if len({entry.agent.id for entry in case.sedatives}) > 1:
        found.append("more than one sedative-hypnotic")
    return tuple(found)


def _facts(case: Case, use: Exposure, hazards: tuple[str, ...]) -> dict[str, object]:
    setting, because = _setting(case)
    return {
        "days": use.days,
        "at_least": use.at_least,
        "because": hazards,
        "setting": setting,
        "setting_because": because,
        "insomnia": "insomnia" in case.conditions,
        "may_still_be_taken": not case.within_grace(use),
    }


def _counts(case: Case, condition: PatientCondition) -> bool:
    """Whether a condition tells of a setting: dependence that may come of a medicine as prescribed is no use disorder,
    but that of opioids which is treated as one."""
    if not condition.on_record.may_be_prescribed:
        return True
    is_of_opioids = condition.concept == OPIOID_USE_DISORDER
    return is_of_opioids and any(treats_opioid_use_disorder(entry, case.exempting) for entry in case.opioids)


def _setting(case: Case) -> tuple[TaperSetting, tuple[str, ...]]:
    """In which setting a taper is best supervised, and by which conditions; never by the load alone."""
    ever = {name: condition for name, condition in case.condition_history.items() if name in EVER}
    on_record = {**ever, **case.conditions}
    found: dict[TaperSetting, tuple[str, ...]] = {
        setting: tuple(
            on_record[name].name for name in concepts if name in on_record and _counts(case, on_record[name])
        )
        for setting, concepts in (
            (TaperSetting.INPATIENT, (*EVER, *NEAR_HARM)),
            (TaperSetting.SPECIALIST, COMPLICATING),
            (TaperSetting.ADDICTION_MEDICINE, USE_DISORDERS),
        )
    }
    setting = next((setting for setting, names in found.items() if names), TaperSetting.PRIMARY_CARE)
    return setting, tuple(name for names in found.values() for name in names)
