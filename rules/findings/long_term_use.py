"""Continuous use beyond four weeks, three months or a year."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import Considered, Exposure, Met, Pattern
from rules.findings.case.case import Case
from rules.findings.case.present import BENZODIAZEPINE, Entries, agent_names
from rules.findings.case.results import BY_ANTI_SEIZURE, exempt, not_met, not_used_long_enough
from rules.timeline.record import RecordEntry

ID = "long-term-use"
HYPNOTIC = "hypnotic"
INSOMNIA = "insomnia"


def judge(case: Case) -> Met | Considered:
    """Met when continuous exposure is longer than the first threshold; which of the three drives the wording."""
    use = case.longest_use_without_anti_seizure
    if use is None:
        treated = [entry for entry in case.view.present if entry.agent.id in case.indications.anti_seizure_agents]
        if case.longest_use is not None and any(entry.agent.agent_class.in_load for entry in treated):
            return exempt(ID, BY_ANTI_SEIZURE)
        return not_met(ID)
    if use.pattern is Pattern.INTERMITTENT:
        return not_met(ID)
    parameters = case.knowledge.findings[ID].parameters
    first, second, third = (parameters[name].value for name in ("first_days", "second_days", "third_days"))
    if use.days <= first:
        return not_used_long_enough(ID, use)
    taken = _taken(case, use, first)
    facts = {
        "days": use.days,
        "since": use.since,
        "at_least": use.at_least,
        "beyond_days": max(days for days in (first, second, third) if use.days > days),
        "may_still_be_taken": not case.within_grace(use),
        "until": use.until,
        "agents": agent_names(taken),
        "for_sleep": agent_names(filter(_is_for_sleep, taken)),
        "review_months": parameters["review_months"].value,
        "longer_indications": case.indications.longer_indication_names,
        "therapy_fits": _therapy_fits(case),
    }
    return case.met(ID, facts)


def _is_for_sleep(entry: RecordEntry) -> bool:
    """Whether a benzodiazepine is taken to sleep: it is a hypnotic, or its order says so."""
    is_benzodiazepine = entry.agent.agent_class.id == BENZODIAZEPINE
    return is_benzodiazepine and (entry.agent.has(HYPNOTIC) or INSOMNIA in entry.purposes)


def _therapy_fits(case: Case) -> bool:
    """Whether cognitive behavioural therapy is worth offering: not where all reasons for use are ones that it does not
    treat."""
    reasons = (case.knowledge.concepts[name].longer_indication for name in case.indications.longer_indications)
    fits = [reason.therapy_fits for reason in reasons if reason is not None]
    return any(fits) or not fits


def _taken(case: Case, use: Exposure, least: Fraction) -> Entries:
    """What was used for so long: of the class of that use the sedatives present on record, else (supply over) those of
    the record's history; only the agents of more than ``least`` days of use of their own, where there are such."""
    sedatives = [
        entry
        for entry in case.record.entries
        if entry.agent.agent_class.in_load
        and entry.agent.id not in case.indications.anti_seizure_agents
        and not entry.regimen.draft
    ]
    by_class: dict[str, list[RecordEntry]] = {}
    for entry in sedatives:
        by_class.setdefault(entry.agent.agent_class.id, []).append(entry)
    used = [entry for name, entries in by_class.items() if case.exposure(entries, name) == use for entry in entries]
    taken = [entry for entry in used if entry in case.now.present] or used
    by_agent: dict[str, list[RecordEntry]] = {}
    for entry in used:
        by_agent.setdefault(entry.agent.id, []).append(entry)
    own = {name: case.exposure(entries, entries[0].agent.agent_class.id) for name, entries in by_agent.items()}
    long = {name for name, each in own.items() if each is not None and each.days > least}
    return tuple(entry for entry in taken if entry.agent.id in long) or tuple(taken)
