"""From a hook request to what it comes to: read, decide whether there is anything to speak of, complete, judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cds_service.cards.cards import cards_for
from cds_service.cards.invocation import Invocation
from cds_service.config import RequestLimits
from cds_service.errors import TooLargeError
from cds_service.fhir.reader import READ_TYPES, Reading
from cds_service.fhir.record import SentRecord, record_of
from cds_service.fhir.references import requester_of
from cds_service.hooks.body import parse_object, require_sound
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.prefetch import PrefetchedRecord, prefetched_record
from cds_service.hooks.prefetch_completion import NoPrefetchCompletion, PrefetchCompletion
from cds_service.hooks.request import HookRequest, patient_reference, read_request
from cds_service.hooks.response_cache import ResponseCache
from cds_service.hooks.selection import (
    NOT_FOUND,
    holds_depressant,
    holds_wrong_patient_draft,
    is_among,
    selected_sources,
)
from cds_service.services import Service
from cds_service.trust.tenant import Mode, Tenant
from rules import assess
from rules.assessment import Assessment


@dataclass(frozen=True, slots=True)
class Judge:
    """What every call is judged within: how large a request may be, how what was not sent is fetched, and what is
    remembered of the last calls."""

    limits: RequestLimits
    completion: PrefetchCompletion = field(default_factory=NoPrefetchCompletion)
    repeats: ResponseCache = field(default_factory=ResponseCache)

    def evaluate(self, tenant: Tenant, service: Service, received: bytes, on: date) -> Evaluation:
        """What a request of a tenant comes to on a day; ``received`` is its body.

        Raises:
            CallError: the request cannot be read, or lacks what the judgement cannot do without.
        """
        body = parse_object(received, self.limits)
        content = self.repeats.content_of(received, body, tenant, service, on)
        if content is not None:
            known = self.repeats.recall(content, tenant)
            if known is not None:
                return known.of_call(content.hook_instance)
        require_sound(received, body, self.limits)
        evaluation, fetched = self._evaluate(tenant, service, body, on)
        if content is not None and not fetched:
            self.repeats.remember(content, evaluation)
        return evaluation

    def _evaluate(self, tenant: Tenant, service: Service, body: dict[str, Any], on: date) -> tuple[Evaluation, bool]:
        """What a sound request comes to, and whether a FHIR server was asked as well."""
        request = read_request(body, service)
        if request.entries > self.limits.entries:
            raise TooLargeError(f"The request holds more than {self.limits.entries} resources.")
        sent = prefetched_record(request.prefetch, tenant.aliases)
        supply = self.completion.with_drafts(sent, request, tenant)
        call, reading = _read(tenant, service, request, supply)
        drafts = reading.drafts()
        judged = service.drafts is None or holds_depressant(drafts, call.selected, tenant.knowledge)
        # Nothing is asked or fetched for an order that holds no depressant.
        if not judged and not holds_wrong_patient_draft(drafts, call.selected, tenant.knowledge):
            return Evaluation(tenant, service, call, reached=supply.reached), supply is not sent
        completed = self.completion.with_record(supply, request, tenant)
        if completed is not supply:
            call, reading = _read(tenant, service, request, completed)
        # An order for another patient is said beside the record of this one; it is no reason to refuse the call.
        if not judged and completed.lacking:
            return Evaluation(tenant, service, call, reached=completed.reached), completed is not sent
        completed.require()
        assessment = assess(reading.patient(), tenant.knowledge, on, at_discharge=service.at_discharge)
        return _drawn(tenant, service, call, assessment, completed), completed is not sent


def _read(
    tenant: Tenant, service: Service, request: HookRequest, supply: PrefetchedRecord
) -> tuple[Invocation, Reading]:
    record = record_of(supply.entries, request.drafts.entries, READ_TYPES)
    call, found = _invocation(service, request, record)
    record.missing.update(supply.missing)
    record.missing.update((service.drafts or "", str(why)) for why in request.drafts.incomplete)
    if not found:
        record.missing.add(NOT_FOUND)
    return call, Reading.of(record, patient_id=request.patient_id, author=call.requester, zone=tenant.zone)


def _drawn(
    tenant: Tenant, service: Service, call: Invocation, assessment: Assessment, supply: PrefetchedRecord
) -> Evaluation:
    """The cards as the tenant has them, and what would have fired besides."""
    off = tenant.findings_in_mode(Mode.OFF)
    hidden = off | tenant.findings_in_mode(Mode.SHADOW)
    every = cards_for(assessment, call, tenant.knowledge, off, tenant.dialect)
    return Evaluation(
        tenant=tenant,
        service=service,
        invocation=call,
        assessment=assessment,
        cards=every if hidden == off else cards_for(assessment, call, tenant.knowledge, hidden, tenant.dialect),
        would_fire=frozenset(name for card in every for name in card.raised_by),
        reached=supply.reached,
    )


def _invocation(service: Service, request: HookRequest, record: SentRecord) -> tuple[Invocation, bool]:
    """The call as the cards see it, and whether what it says was selected is among the drafts."""
    drafts = tuple(item.source for item in record.resources if item.draft)
    found = True
    selected = frozenset(drafts)
    if service.has_selections and request.selections:
        found = is_among(request.selections, request.drafts.entries)
        selected = selected_sources(request.selections, record) if found else selected
    invocation = Invocation(
        service_id=service.id,
        hook=service.hook,
        hook_instance=request.hook_instance,
        patient_reference=patient_reference(request.patient_id),
        requester=requester_of(request.user_id),
        encounter_id=request.encounter_id,
        drafts=drafts,
        selected=selected,
    )
    return invocation, found
