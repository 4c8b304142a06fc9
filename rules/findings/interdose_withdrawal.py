"""Regular use of a short-acting agent: withdrawal between two doses."""

from __future__ import annotations

from datetime import date

from rules.assessment import Considered, Met, Pattern
from rules.findings.case.case import Case
from rules.findings.case.present import BENZODIAZEPINE, agent_names, benzodiazepines_of
from rules.findings.case.results import BY_ANTI_SEIZURE, exempt, not_judged, not_met, not_used_long_enough
from rules.load.half_life import half_life, is_short_acting
from rules.timeline.record import RecordEntry

ID = "interdose-withdrawal"


def judge(case: Case) -> Met | Considered:
    """Met when the half-life of a benzodiazepine, active metabolites included, is short and it is taken regularly.

    Signs of withdrawal on record are named that are newer than its use and not what it is given for.
    """
    parameters = case.knowledge.findings[ID].parameters
    hours = parameters["half_life_hours"].value
    taken = benzodiazepines_of(case.sedatives)
    short = [entry for entry in taken if is_short_acting(entry.agent, hours)]
    if not short:
        unknown = [entry for entry in taken if half_life(entry.agent) is None]
        return not_judged(ID, f"no verified half-life of {unknown[0].agent.name}") if unknown else not_met(ID)
    judged = [entry for entry in short if entry.agent.id not in case.indications.anti_seizure_agents]
    if not judged:
        return exempt(ID, BY_ANTI_SEIZURE)
    # Only the use of short-acting agents counts, not years of a longer-acting one.
    entries = [entry for entry in case.record.entries if is_short_acting(entry.agent, hours)]
    use = case.exposure(entries, BENZODIAZEPINE)
    if use is None or use.pattern is not Pattern.CONTINUOUS:
        return not_met(ID)
    if use.days <= parameters["regular_days"].value:
        return not_used_long_enough(ID, use)
    of_class = [entry for entry in entries if entry.agent.agent_class.id == BENZODIAZEPINE]
    # What is ordered today has not been taken regularly; it is named only where nothing else is.
    named = [entry for entry in judged if not entry.regimen.draft] or judged
    facts = {"agents": agent_names(named), "days": use.days, "possibly_withdrawal": _signs(case, of_class, use.since)}
    return case.met(ID, facts)


def _signs(case: Case, entries: list[RecordEntry], since: date) -> tuple[str, ...]:
    """The signs of withdrawal on record that are dated after the use began, by name.

    None that the orders are for, nor one of the kind of such a reason, or of one on record that is older than the use
    or has no date; none that the record explains otherwise, nor those typical of the sudden end of high doses.
    """
    reasons = {purpose for entry in entries if not entry.regimen.draft for purpose in entry.purposes}
    reasons |= {each.concept for each in case.condition_entries if not (each.recorded and each.recorded > since)}
    kinds = {_kind(case, concept) for concept in reasons if case.knowledge.concepts[concept].indication} - {None}
    found: dict[str, str] = {}
    for condition in case.standing_conditions:
        sign = case.knowledge.concepts[condition.concept].withdrawal
        is_new = condition.recorded is not None and since < condition.recorded <= case.on
        may_be_other = condition.explained or condition.concept in reasons or _kind(case, condition.concept) in kinds
        if sign is not None and not sign.severe and is_new and not may_be_other:
            found.setdefault(condition.concept, condition.name)
    return tuple(found[concept] for concept in sorted(found))


def _kind(case: Case, concept: str) -> str | None:
    """The kind of a reason that a benzodiazepine may be given for: the group of signs that it is one of."""
    known = case.knowledge.concepts[concept]
    return known.withdrawal.group if known.indication and known.withdrawal is not None else None
