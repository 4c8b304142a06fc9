"""A supervised taper may be worth a referral, and in which setting."""

from __future__ import annotations

from rules.assessment import Band, Considered, Exposure, Met, Pattern, TaperSetting
from rules.findings.case.case import (
    ACUTE_ALCOHOL_WITHDRAWAL,
    BY_ALCOHOL_WITHDRAWAL,
    BY_ANTI_SEIZURE,
    Case,
    exempt,
    not_judged,
    not_met,
)
from rules.load.equivalence import in_load

ID = "taper-referral"
_EVER = ("withdrawal-seizure", "provoked-seizure")
_COMPLICATED = (*_EVER, "alcohol-withdrawal", "alcohol-use-disorder", "pregnancy", "seizure-disorder")
_USE_DISORDERS = ("opioid-use-disorder", "sedative-use-disorder", "stimulant-use-disorder")
_OTHER_AXES = ("oxybate", "opioid")


def judge(case: Case) -> Met | Considered:
    """Met on long-term use, or on a high load or high-risk combination beyond the shorter threshold."""
    treated = case.anti_seizure_agents()
    use = case.longest_use(without=treated)
    if use is None or use.pattern is Pattern.INTERMITTENT:
        if use is None and case.longest_use() is not None and any(in_load(e.agent) for e in case.view.present()):
            return exempt(ID, BY_ANTI_SEIZURE)
        return not_met(ID)
    long_term, shorter = case.parameter(ID, "long_term_days"), case.parameter(ID, "high_load_days")
    hazardous = _hazards(case)
    if use.days < long_term and not (use.days > shorter and hazardous):
        waiting = use.at_least and (use.days <= shorter or not hazardous)
        return not_judged(ID, f"on record for at least {use.days} days") if waiting else not_met(ID)
    if case.exempted_by(ACUTE_ALCOHOL_WITHDRAWAL):
        return exempt(ID, BY_ALCOHOL_WITHDRAWAL)
    return case.met(ID, _facts(case, use, hazardous))


def _hazards(case: Case) -> tuple[str, ...]:
    found = ["high load"] if case.load.band is Band.HIGH else []
    classes = {entry.agent.agent_class.id: entry.agent.agent_class.name for entry in case.depressants()}
    found.extend(f"with {name}" for key, name in sorted(classes.items()) if key in _OTHER_AXES)
    if len({entry.agent.id for entry in case.sedatives()}) > 1:
        found.append("more than one sedative-hypnotic")
    return tuple(found)


def _facts(case: Case, use: Exposure, hazardous: tuple[str, ...]) -> dict[str, object]:
    # An earlier withdrawal seizure makes a taper complicated however long ago it was resolved.
    on_record = {**case.past_conditions, **case.conditions}
    complicated = tuple(
        on_record[name].name
        for name in _COMPLICATED
        if name in case.conditions or (name in _EVER and name in on_record)
    )
    disorders = tuple(case.conditions[name].name for name in _USE_DISORDERS if name in case.conditions)
    high = case.load.band is Band.HIGH
    if complicated or high:
        setting = TaperSetting.SPECIALIST
    else:
        setting = TaperSetting.ADDICTION_MEDICINE if disorders else TaperSetting.PRIMARY_CARE
    return {
        "days": use.days,
        "at_least": use.at_least,
        "because": hazardous,
        "setting": setting,
        "setting_because": (*complicated, *disorders, *(("high load",) if high else ())),
        "insomnia": "insomnia" in case.conditions,
        "may_still_be_taken": not case.still_supplied(use),
    }
