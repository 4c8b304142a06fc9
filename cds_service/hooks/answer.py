"""From a hook request to its cards: read, decide whether there is anything to speak of, judge, render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from cds_service.assessment_json import without_empty
from cds_service.cards import cards_for
from cds_service.fhir.reader import READ_TYPES, patient_of
from cds_service.fhir.record import Record, record_of
from cds_service.fhir.references import requester_of
from cds_service.hooks.body import Limits
from cds_service.hooks.errors import TooLargeError
from cds_service.hooks.prefetch import supply_of
from cds_service.hooks.request import HookRequest, Invocation, patient_reference, read_request
from cds_service.hooks.selection import NOT_FOUND, holds_depressant, holds_stray, is_among, selected_sources
from cds_service.hooks.services import Service
from rules import Knowledge, assess


@dataclass(frozen=True, slots=True)
class Judge:
    """What every call is judged by: the knowledge, the zone in which an instant is a day, and the site's keys."""

    knowledge: Knowledge
    zone: tzinfo
    limits: Limits
    aliases: Mapping[str, str]

    def answer(self, service: Service, body: dict[str, Any], on: date) -> dict[str, Any]:
        """The response to a parsed request: its cards, none of them with an empty member.

        Raises:
            CallError: the request cannot be read, or lacks what the judgement cannot do without.
        """
        request = read_request(body, service)
        if request.entries > self.limits.entries:
            raise TooLargeError(f"The request holds more than {self.limits.entries} resources.")
        return {"cards": without_empty(self._cards(service, request, on))}

    def _cards(self, service: Service, request: HookRequest, on: date) -> list[dict[str, Any]]:
        supply = supply_of(request.prefetch, self.aliases)
        record = record_of(supply.entries, request.drafts.entries, READ_TYPES)
        invocation, found = _invocation(service, request, record)
        missing = [*supply.missing, *((service.drafts or "", why) for why in request.drafts.incomplete)]
        if not found:
            missing.append(NOT_FOUND)
        record.missing.update(missing)
        patient = patient_of(record, patient_id=request.patient_id, author=invocation.requester, zone=self.zone)
        # An order for another patient is not judged, so it asks for no data; where there are some, it is said.
        if (
            service.drafts is not None
            and not holds_depressant(patient, invocation.selected, self.knowledge)
            and (supply.lacking or not holds_stray(patient, invocation.selected, self.knowledge))
        ):
            return []
        supply.require()
        assessment = assess(patient, self.knowledge, on, at_discharge=service.at_discharge)
        return cards_for(assessment, invocation, self.knowledge)


def _invocation(service: Service, request: HookRequest, record: Record) -> tuple[Invocation, bool]:
    """The call as the cards see it, and whether what it says was selected is among the drafts."""
    drafts = tuple(item.source for item in record.named if item.draft)
    found = True
    selected = frozenset(drafts)
    if service.selects and request.selections:
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
