"""What a card offers: draft orders to add, a drafted new start to remove, and the answers that override it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from cds_service import logs
from cds_service.cards.draft_resources import draft_medication, draft_referral
from cds_service.cards.invocation import Invocation
from cds_service.cards.wording.markdown import plain
from rules.assessment import Assessment, Met, TaperSetting
from rules.knowledge import Knowledge

REASON_SYSTEM = "urn:org.benzo-cds:override-reason"
LONG_TERM_USE = "longTermUse"
STANDARD_REASON = "org.benzo-cds.standard-reason"
_REFERRALS: Mapping[TaperSetting, str] = {
    TaperSetting.SPECIALIST: "specialist-taper",
    TaperSetting.ADDICTION_MEDICINE: "addiction-medicine",
    TaperSetting.PRIMARY_CARE: "taper-review",
}
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+")


def suggestions(
    topic: str,
    card: str,
    findings: tuple[Met, ...],
    assessment: Assessment,
    invocation: Invocation,
    knowledge: Knowledge,
) -> list[dict[str, Any]]:
    """The suggestions of a card, one action each, nothing pre-selected; ``card`` is the card's uuid."""
    offers = (
        _long_term(findings, invocation, knowledge)
        if topic == LONG_TERM_USE
        else _order(findings, assessment, invocation, knowledge)
    )
    return named([{"label": label, "uuid": "", "actions": [action]} for label, action in offers], card)


def named(offers: list[dict[str, Any]], card: str) -> list[dict[str, Any]]:
    """The suggestions with the uuids that they have on the card of this uuid."""
    return [offer | {"uuid": str(uuid5(NAMESPACE_URL, f"{card}|{index}"))} for index, offer in enumerate(offers)]


def override_reasons(knowledge: Knowledge) -> list[dict[str, Any]]:
    """The fixed answers, HL7's wider reason beside each."""
    return [
        {
            "code": reason.code,
            "system": REASON_SYSTEM,
            "display": reason.display,
            "extension": {
                STANDARD_REASON: {
                    "system": reason.standard.system,
                    "code": reason.standard.code,
                    "display": reason.standard.display,
                }
            },
        }
        for reason in knowledge.suggestions.override_reasons
    ]


Offer = tuple[str, dict[str, Any]]


def _order(
    findings: tuple[Met, ...], assessment: Assessment, invocation: Invocation, knowledge: Knowledge
) -> Iterator[Offer]:
    yield from _reversal(findings, invocation, knowledge)
    if any(finding.id == "abrupt-change" for finding in findings):
        yield from _referral("taper-review", invocation, knowledge)
    if "insomnia" in assessment.concepts and assessment.increases:
        yield from _referral("cbt-insomnia", invocation, knowledge)
    yield from _removals(assessment, invocation)


def _removals(assessment: Assessment, invocation: Invocation) -> Iterator[Offer]:
    """The removal of each new start; where several are of one product, with how each is taken."""
    sources = removable(assessment, invocation)
    lines = {line.source: line for line in assessment.lines if line.product}
    products = {source: _shown(lines[source].product) if source in lines else "the new order" for source in sources}
    of_product = Counter(products.values())
    for source, product in products.items():
        taken = _shown(getattr(lines.get(source), "read_as", "")) if of_product[product] > 1 else ""
        told = f"Remove {product} from these orders"
        label = f"Remove {product} ({taken}) from these orders" if taken else told
        yield label, {"type": "delete", "description": told, "resourceId": source}


def _shown(text: str) -> str:
    return plain(text).replace("<", "‹").replace(">", "›")


def _reversal(findings: tuple[Met, ...], invocation: Invocation, knowledge: Knowledge) -> Iterator[Offer]:
    """A reversal agent, where an opioid is present and none is on record."""
    opioid = next((finding for finding in findings if finding.id == "concurrent-opioid"), None)
    if opioid is not None and not opioid.facts.get("reversal_on_record"):
        offer = knowledge.suggestions.overdose_reversal
        yield from _create(f"Add {offer.label} (draft order)", draft_medication, offer, invocation)


def _long_term(findings: tuple[Met, ...], invocation: Invocation, knowledge: Knowledge) -> Iterator[Offer]:
    yield from _reversal(findings, invocation, knowledge)
    taper = next((finding for finding in findings if finding.id == "taper-referral"), None)
    if taper is None:
        yield from _referral("pharmacist-review", invocation, knowledge)
        return
    yield from _referral(_REFERRALS[TaperSetting(str(taper.facts["setting"]))], invocation, knowledge)
    yield from _referral("cbt-insomnia" if taper.facts.get("insomnia") else "cbt", invocation, knowledge)


def _referral(name: str, invocation: Invocation, knowledge: Knowledge) -> Iterator[Offer]:
    referral = knowledge.suggestions.referrals[name]
    yield from _create(referral.label, draft_referral, referral, invocation)


def _create(label: str, build: Any, offer: Any, invocation: Invocation) -> Iterator[Offer]:
    try:
        resource = build(offer, invocation.patient_reference, invocation.requester)
    except ValidationError:
        # An identifier that FHIR forbids; the card stands without this suggestion. The error holds the identifier.
        logs.suggestion_left_out()
        return
    yield label, {"type": "create", "description": label, "resource": resource}


def removable(assessment: Assessment, invocation: Invocation) -> tuple[str, ...]:
    """The sources of drafts that may be offered for removal: new starts only, as the assessment tells them, and only
    where the client has given the draft an id that a relative reference can name."""
    return tuple(s for s in assessment.new_starts if s in invocation.drafts and _RELATIVE.fullmatch(s))
