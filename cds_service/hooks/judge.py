"""The judgement of a call: its request is read, completed from the FHIR server, assessed, and put into cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from cds_service import logs
from cds_service.cards.cards import cards_for
from cds_service.cards.invocation import Invocation
from cds_service.cards.wording.language import ENGLISH
from cds_service.cards.wording.wording import wording_of
from cds_service.config.limits import RequestLimits
from cds_service.errors import TooLargeError
from cds_service.fhir.bundle import DataStatus, SuppliedData
from cds_service.fhir.medication import MEDICATION_NOT_SENT
from cds_service.fhir.reader import ALL_OF_ANOTHER_PATIENT, ORDERS, READ_TYPES, Reading
from cds_service.fhir.record import record_of
from cds_service.fhir.references import requester_of
from cds_service.hooks.document import parse_object, require_well_formed
from cds_service.hooks.drafts import (
    cannot_be_told,
    is_about_depressant,
    is_misplaced_depressant,
    is_to_be_judged,
    is_unidentified,
    selected_drafts,
)
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.prefetch import DataOrigin, PrefetchedRecord, prefetched_record
from cds_service.hooks.prefetch_completion import NoPrefetchCompletion, PrefetchCompletion
from cds_service.hooks.recorded_orders import endable_orders
from cds_service.hooks.request import HookRequest, patient_reference, read_request
from cds_service.hooks.response_cache import ResponseCache
from cds_service.services import Service
from cds_service.trust.orderables import Filing
from cds_service.trust.tenant import Mode, Tenant
from rules import assess, assess_by_name
from rules.assessment import Assessment
from rules.assessment_facts import IN_PART, REST_NOT_READ
from rules.findings.case import OUT_OF_TIME
from rules.knowledge import Knowledge
from rules.model import Patient, Regimen

_PATIENT = "patient"
_ORDER = "MedicationRequest"


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges calls.

    ``limits``: how large a request may be; ``completion``: fetches what a request did not send; ``response_cache``:
    the evaluations of the latest calls.
    """

    limits: RequestLimits
    completion: PrefetchCompletion = field(default_factory=NoPrefetchCompletion)
    response_cache: ResponseCache = field(default_factory=ResponseCache)

    def evaluate(self, tenant: Tenant, service: Service, received: bytes, on: date) -> Evaluation:
        """The evaluation of a call.

        Args:
            tenant: who calls.
            service: the service that is called.
            received: the body of the request.
            on: the day to judge.

        Raises:
            CallError: the request cannot be read, or lacks data that is required.
        """
        body = parse_object(received, self.limits)
        key = self.response_cache.key_of(received, body, tenant, service, on)
        if key is not None:
            cached = self.response_cache.get(key, tenant)
            if cached is not None:
                return cached.of_call(key.hook_instance)
        require_well_formed(received, body, self.limits)
        evaluation, is_from_request_alone = self._evaluate(tenant, service, body, on)
        if key is not None and is_from_request_alone:
            self.response_cache.put(key, evaluation)
        return evaluation

    def evaluate_by_name(
        self, tenant: Tenant, service: Service, received: bytes, on: date, *, drafts_alone: bool = False
    ) -> Evaluation:
        """What can be told in a short time of a call that ran out of time: see :func:`rules.assess_by_name`.

        Of what was sent alone: nothing is fetched, and nothing is refused for what is missing.

        Args:
            tenant: who calls.
            service: the service that is called, which has draft orders.
            received: the body of the request.
            on: the day to judge.
            drafts_alone: leave out the record, which is then missing.

        Raises:
            CallError: the request cannot be read.
        """
        body = parse_object(received, self.limits)
        require_well_formed(received, body, self.limits)
        request = read_request(body, service)
        if request.entries > self.limits.entries:
            raise TooLargeError(f"The request holds more than {self.limits.entries} resources.")
        sent = prefetched_record(request.prefetch, tenant.aliases)
        if drafts_alone:
            left_out = SuppliedData(DataStatus.ABSENT, incomplete=(OUT_OF_TIME,))
            sent = PrefetchedRecord(dict.fromkeys(sent.by_key, left_out) | {_PATIENT: sent.by_key[_PATIENT]})
        invocation, reading = _read(tenant, service, request, sent, on)
        drafts = [draft for draft in reading.drafts() if draft.source in invocation.selected]
        is_judged = any(is_to_be_judged(draft, tenant.knowledge) for draft in drafts)
        if request.of_patient or (not is_judged and not _lacks_draft(service, invocation, reading)):
            return Evaluation(tenant, service, invocation, origins=sent.origins, out_of_time=True)
        assessment = assess_by_name(reading.patient(), tenant.knowledge, on, at_discharge=service.at_discharge)
        evaluation = self._with_cards(tenant, service, invocation, reading, assessment, sent.origins)
        return replace(evaluation, out_of_time=True)

    def _evaluate(self, tenant: Tenant, service: Service, body: dict[str, Any], on: date) -> tuple[Evaluation, bool]:
        """The evaluation of a well-formed request, and whether it depends on the request alone."""
        request = read_request(body, service)
        if request.entries > self.limits.entries:
            raise TooLargeError(f"The request holds more than {self.limits.entries} resources.")
        sent = prefetched_record(request.prefetch, tenant.aliases)
        with_drafts = sent if request.of_patient else self.completion.with_drafts(sent, request, tenant)
        invocation, reading = _read(tenant, service, request, with_drafts, on)
        drafts = [draft for draft in reading.drafts() if draft.source in invocation.selected]
        is_judged = (
            service.drafts is None
            or _lacks_draft(service, invocation, reading)
            or _has_draft_not_fetched(with_drafts, invocation, reading, tenant.knowledge)
            or any(
                is_about_depressant(draft, tenant.knowledge) or cannot_be_told(draft, tenant.knowledge)
                for draft in drafts
            )
        )
        is_misplaced = any(is_misplaced_depressant(draft, tenant.knowledge) for draft in drafts)
        if request.of_patient:
            logs.not_for_patients(tenant.id)
        # For an order without a depressant no data is required, and none is fetched; nor for a user who is a patient.
        if request.of_patient or (not is_judged and not is_misplaced):
            return Evaluation(tenant, service, invocation, origins=with_drafts.origins), with_drafts is sent
        completed = self.completion.with_record(with_drafts, request, tenant)
        if completed is not with_drafts:
            invocation, reading = _read(tenant, service, request, completed, on)
        if not is_misplaced:  # a draft for another patient is said whatever is known of this one
            completed.require()
        patient = reading.patient()
        origins = completed.origins
        if (ORDERS, ALL_OF_ANOTHER_PATIENT) in patient.missing:
            logs.of_another_patient(tenant.id)
            origins[ORDERS] = DataOrigin.ANOTHER_PATIENT
        elif completed.by_key[ORDERS].status is DataStatus.NO_DATA and _names_unsent_order(
            patient, on, tenant.knowledge
        ):
            origins[ORDERS] = DataOrigin.CONTRADICTED
            patient = replace(patient, missing=tuple(sorted({*patient.missing, (ORDERS, IN_PART)})))
        if service.drafts and _has_draft_not_fetched(completed, invocation, reading, tenant.knowledge):
            patient = replace(patient, missing=tuple(sorted({*patient.missing, (service.drafts, REST_NOT_READ)})))
        assessment = assess(patient, tenant.knowledge, on, at_discharge=service.at_discharge)
        if completed.gaps or patient.unread:
            logs.incomplete(tenant.id, completed.gaps, len(patient.unread))
        return self._with_cards(tenant, service, invocation, reading, assessment, origins), completed is sent

    def _with_cards(
        self,
        tenant: Tenant,
        service: Service,
        invocation: Invocation,
        reading: Reading,
        assessment: Assessment,
        origins: Mapping[str, DataOrigin],
    ) -> Evaluation:
        """The evaluation with the cards of the findings that the tenant shows, and all findings that raise a card."""
        # What is kept of a call holds no record.
        asked = invocation
        if Filing.END in tenant.dialect.orders.files:
            asked = replace(invocation, orders=endable_orders(reading.record, invocation.patient_reference))
        wording = wording_of(tenant.knowledge, ENGLISH, tenant.own_words, tenant.country)
        off = tenant.findings_in_mode(Mode.OFF)
        hidden = off | tenant.findings_in_mode(Mode.SHADOW)
        cards = cards_for(assessment, asked, wording, off, tenant.dialect)
        would_fire = frozenset(finding for card in cards for finding in card.raised_by)
        if hidden != off:
            cards = cards_for(assessment, asked, wording, hidden, tenant.dialect)
        return Evaluation(
            tenant=tenant,
            service=service,
            invocation=invocation,
            assessment=assessment,
            cards=cards,
            would_fire=would_fire,
            origins=origins,
        )


def _lacks_draft(service: Service, invocation: Invocation, reading: Reading) -> bool:
    """Whether a selected draft was not sent or could not be read, and may be a CNS depressant."""
    record = reading.record
    all_selected = invocation.selected == frozenset(invocation.drafts)
    return any(
        line.draft and line.medication and (all_selected or line.source in invocation.selected)
        for line in record.unread
    ) or any(what == service.drafts for what, _ in record.missing)


def _names_unsent_order(patient: Patient, on: date, knowledge: Knowledge) -> bool:
    """Whether a draft, or what was dispensed or reported of late, names an order that was not sent."""
    oldest = on - timedelta(days=float(knowledge.policy.concurrency.recency_days.value))
    sent = {regimen.source for regimen in patient.regimens}
    of_late = (regimen for regimen in patient.regimens if regimen.draft or _latest_day(regimen) >= oldest)
    named = {name for regimen in of_late for name in (regimen.prior, *regimen.references) if name}
    return any(name.startswith(f"{_ORDER}/") for name in named - sent)


def _latest_day(regimen: Regimen) -> date:
    """The last day that a record names; the first day of the calendar where it names none."""
    days = (regimen.authored_on, regimen.asserted_on, regimen.effective.start, regimen.effective.end)
    return max((day for day in days if day is not None), default=date.min)


def _has_draft_not_fetched(
    record: PrefetchedRecord, invocation: Invocation, reading: Reading, knowledge: Knowledge
) -> bool:
    """Whether a selected draft cannot be told since the medication that it refers to could not be fetched."""
    return record.drafts_not_fetched and any(
        draft.source in invocation.selected and MEDICATION_NOT_SENT in draft.notes and is_unidentified(draft, knowledge)
        for draft in reading.drafts()
    )


def _read(
    tenant: Tenant, service: Service, request: HookRequest, prefetched: PrefetchedRecord, on: date
) -> tuple[Invocation, Reading]:
    record = record_of(prefetched.entries, request.drafts.entries, READ_TYPES, request.access.server)
    record.missing.update(prefetched.missing)
    if request.drafts.incomplete:
        record.missing.add((service.drafts or "", IN_PART))
    selected = selected_drafts(service, request, record)
    invocation = Invocation(
        service_id=service.id,
        hook=service.hook,
        hook_instance=request.hook_instance,
        patient_reference=patient_reference(request.patient_id),
        requester=requester_of(request.user_id),
        encounter_id=request.encounter_id,
        drafts=tuple(item.source for item in record.resources if item.draft),
        selected=selected,
    )
    return invocation, Reading.of(
        record,
        patient_id=request.patient_id,
        author=invocation.requester,
        encounter=request.encounter_id,
        zone=tenant.zone,
        on=on,
    )
