"""What a card offers: draft orders to add, a drafted new start to remove, and the reasons to override it with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from cds_service import logs
from cds_service.cards.draft_resources import coding_of, draft_order
from cds_service.cards.invocation import Invocation
from cds_service.cards.occasion import agents_of
from cds_service.cards.situation import CallSituation
from cds_service.cards.wording.facts import agents_named, is_use_disorder_today
from cds_service.cards.wording.markdown import unbracketed
from cds_service.cards.wording.options import SuggestionText, addition, end_of_order, referral, removal
from cds_service.cards.wording.short_name import short_name
from cds_service.cards.wording.wording import Wording
from cds_service.trust.orderables import Filing, Offer, Orderables, filing_of
from rules.assessment import Assessment, Met
from rules.assessment_facts import TaperSetting
from rules.assessment_lines import Contribution, Standing
from rules.knowledge import Knowledge, Situation

REASON_SYSTEM = "urn:org.benzo-cds:override-reason"
_TAPER_REFERRALS: Mapping[TaperSetting, str] = {
    TaperSetting.INPATIENT: "specialist-taper",
    TaperSetting.SPECIALIST: "specialist-taper",
    TaperSetting.ADDICTION_MEDICINE: "addiction-medicine",
    TaperSetting.PRIMARY_CARE: "taper-referral",
}
# CDS Hooks' types of action.
_ACTIONS = {
    Filing.MEDICATION: "create",
    Filing.REFERRAL: "create",
    Filing.REMOVAL: "delete",
    Filing.END: "update",
}
_RELATIVE_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion: what it asks the EHR to file, and how the detail names the ``option``.

    ``body`` is the suggestion as CDS Hooks has it, still without uuid; None where the EHR cannot file it, and it is
    offered in words alone.
    """

    filing: Filing
    option: str
    body: dict[str, Any] | None

    @property
    def removes(self) -> bool:
        """Whether it removes a draft order."""
        return self.filing is Filing.REMOVAL


def suggestions_on_orders(
    findings: Iterable[Met], situation: CallSituation, invocation: Invocation, orders: Orderables, wording: Wording
) -> Iterator[Suggestion]:
    """The suggestions of the card on the draft orders, as an EHR files ``orders``."""
    by_id = {finding.id: finding for finding in findings}
    yield from _ends(situation, invocation, orders, wording)
    yield from _overdose_reversal(by_id.values(), situation, invocation, orders, wording)
    names = []
    abrupt = by_id.get("abrupt-change")
    if abrupt is not None:
        # What is taken against seizures is no matter of a taper: who treats the seizures is asked.
        names.append("seizure-control" if abrupt.facts.get("anti_seizure") else _review(situation, "taper-referral"))
    if "substance-use" in by_id and is_use_disorder_today(by_id["substance-use"].facts):
        names.append("addiction-medicine")
    if situation.begins_sedative and "insomnia" in situation.assessment.concepts:
        names.append("cbt-i")
    yield from _referrals(names, situation, invocation, orders, wording)
    yield from _removals(situation.assessment, invocation, orders, wording)


def suggestions_on_long_term_use(
    findings: Iterable[Met], situation: CallSituation, invocation: Invocation, orders: Orderables, wording: Wording
) -> Iterator[Suggestion]:
    """The suggestions of the card on long-term use, as an EHR files ``orders``."""
    by_id = {finding.id: finding for finding in findings}
    yield from _overdose_reversal(by_id.values(), situation, invocation, orders, wording)
    taper = by_id.get("taper-referral")
    if taper is not None:
        therapy = "cbt-i" if taper.facts.get("insomnia") else "cbt"
        names = [_TAPER_REFERRALS[TaperSetting(str(taper.facts["setting"]))], therapy]
    else:
        names = [_review(situation, "pharmacist-review")]
        if Situation.LONGER_INDICATION in situation.kinds:
            names.append("cbt")
    yield from _referrals(names, situation, invocation, orders, wording)


def _review(situation: CallSituation, usual: str) -> str:
    """The usual review; of use for a recognised reason that by the specialist who treats it."""
    return "specialist-review" if Situation.LONGER_INDICATION in situation.kinds else usual


def with_uuids(suggestions: Iterable[dict[str, Any]], card_uuid: str) -> list[dict[str, Any]]:
    """Suggestion bodies with the uuids that they have on the card of this uuid."""
    return [
        body | {"uuid": str(uuid5(NAMESPACE_URL, f"{card_uuid}|{index}"))} for index, body in enumerate(suggestions)
    ]


def override_reasons(
    situations: frozenset[Situation], classes: frozenset[str], knowledge: Knowledge
) -> list[dict[str, Any]]:
    """The reasons to override a card that fit it.

    Args:
        situations: those of the card.
        classes: the classes of the agents that it is about.
        knowledge: the reasons, each with where it fits.
    """
    return [
        {"code": reason.code, "system": REASON_SYSTEM, "display": reason.display}
        for reason in knowledge.suggestions.override_reasons
        if reason.fits & situations and (not reason.classes or reason.classes & classes)
    ]


def standard_reasons(offered: Iterable[Mapping[str, Any]], knowledge: Knowledge) -> dict[str, dict[str, str]]:
    """HL7's reasons that mean what the offered ones mean, by our codes; none for a reason that HL7 has no code for."""
    standard = {reason.code: reason.standard for reason in knowledge.suggestions.override_reasons if reason.standard}
    codes = (reason["code"] for reason in offered)
    return {code: coding_of(standard[code]) for code in codes if code in standard}


def _suggestion(filing: Filing, text: SuggestionText, orders: Orderables, **target: Any) -> Suggestion:
    """A suggestion of one action, nothing pre-selected. ``target``: what an action of this kind needs."""
    if filing not in orders.files:
        return Suggestion(filing, text.option, None)
    action = {"type": _ACTIONS[filing], "description": text.description, **target}
    return Suggestion(filing, text.option, {"label": text.label, "uuid": "", "actions": [action]})


def _ends(
    situation: CallSituation, invocation: Invocation, orders: Orderables, wording: Wording
) -> Iterator[Suggestion]:
    """The end of each earlier order that a draft of another dose takes over: the order as it was sent, now stopped."""
    ordered = [
        line for line in situation.ordered if isinstance(line, Contribution) and line.source in invocation.drafts
    ]
    ended: set[str] = set()
    for line in situation.earlier:
        order = invocation.orders.get(line.source)
        changed = any(new.agent == line.agent and new.daily_dose != line.daily_dose for new in ordered)
        taken_over = changed and line.source in situation.assessment.taken_over
        if order is not None and taken_over and line.source not in ended:
            ended.add(line.source)
            text = end_of_order(line, wording, is_draft=True)
            yield _suggestion(Filing.END, text, orders, resource={**order, "status": "stopped"})


def _overdose_reversal(
    findings: Iterable[Met], situation: CallSituation, invocation: Invocation, orders: Orderables, wording: Wording
) -> Iterator[Suggestion]:
    """A reversal agent, on a card that speaks of an opioid which one would be kept for."""
    named = frozenset(name for finding in findings for name in agents_of(finding))
    opioids = (agent for agent in agents_named(named, wording.knowledge) if agent.agent_class.opioid)
    if situation.assessment.lacks_reversal and any(opioids):
        offer = wording.knowledge.suggestions.overdose_reversal
        yield from _creation(offer, addition(offer, wording), invocation, orders)


def _referrals(
    names: Iterable[str], situation: CallSituation, invocation: Invocation, orders: Orderables, wording: Wording
) -> Iterator[Suggestion]:
    """The referrals of these names that fit the situation."""
    for name in names:
        offer = wording.knowledge.suggestions.referrals[name]
        if not offer.unless & situation.kinds:
            yield from _creation(offer, referral(offer), invocation, orders)


def _creation(offer: Offer, text: SuggestionText, invocation: Invocation, orders: Orderables) -> Iterator[Suggestion]:
    filing = filing_of(offer)
    try:
        resource = draft_order(offer, orders, invocation.patient_reference, invocation.requester)
    except ValidationError:
        # An identifier of the request is not valid in FHIR. The error quotes it, so it is not logged.
        logs.suggestion_left_out()
        return
    if resource is None:
        yield Suggestion(filing, text.option, None)
    else:
        yield _suggestion(filing, text, orders, resource=resource)


def _removals(
    assessment: Assessment, invocation: Invocation, orders: Orderables, wording: Wording
) -> Iterator[Suggestion]:
    """The removal of each new start, by its short name; of several of one name, with how each is taken."""
    # An order on record may have the id of a draft.
    ordered = [line for line in assessment.lines if line.standing is Standing.ORDERED]
    lines = {line.source: line for line in ordered if line.product}
    agents: dict[str, list[str]] = {}
    for line in ordered:
        agents.setdefault(line.source, []).append(line.agent)
    names = {
        source: unbracketed(short_name(lines[source].product, agents[source], wording.knowledge))
        if source in lines
        else ""
        for source in _removable(assessment, invocation)
    }
    of_name = Counter(names.values())
    for source, name in names.items():
        taken = unbracketed(getattr(lines.get(source), "read_as", "")) if of_name[name] > 1 else ""
        yield _suggestion(Filing.REMOVAL, removal(name, taken, wording), orders, resourceId=source)


def _removable(assessment: Assessment, invocation: Invocation) -> tuple[str, ...]:
    """The sources of the drafts that may be offered for removal: new starts whose id a relative reference can name."""
    return tuple(
        source
        for source in assessment.new_starts
        if source in invocation.drafts and _RELATIVE_REFERENCE.fullmatch(source)
    )
