"""The orders being written: which of them are selected, and which may give or stop a CNS depressant."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.fhir.bundle import BundleEntry
from cds_service.fhir.elements import text_of
from cds_service.fhir.record import SentRecord
from cds_service.fhir.references import normalised, references_match
from cds_service.hooks.request import HookRequest
from cds_service.services import Service
from rules.knowledge import Knowledge
from rules.model import Regimen
from rules.reading.dosage.route import administration_of
from rules.reading.product.product import Product, UnknownProduct
from rules.reading.product.resolve import resolve
from rules.timeline.status import exclusion, is_stopping

_SELECTION_NOT_FOUND = (
    "selections",
    "a selected order is not among the drafts; all drafts were taken as selected",
)


def is_about_depressant(draft: Regimen, knowledge: Knowledge) -> bool:
    """Whether a draft gives or stops a CNS depressant.

    One that orders nothing (for another patient, a proposal, entered in error) and a skin cream do not.
    """
    return (exclusion(draft) is None or is_stopping(draft)) and _gives_depressant(draft, knowledge)


def cannot_be_told(draft: Regimen, knowledge: Knowledge) -> bool:
    """Whether a draft orders something that cannot be identified, and so may be a CNS depressant."""
    return exclusion(draft) is None and _is_unknown(draft, knowledge)


def is_unidentified(draft: Regimen, knowledge: Knowledge) -> bool:
    """Whether a draft orders or stops something that cannot be identified."""
    return (exclusion(draft) is None or is_stopping(draft)) and _is_unknown(draft, knowledge)


def is_to_be_judged(draft: Regimen, knowledge: Knowledge) -> bool:
    """Whether a draft may change what is there of depressants, for this patient or by mistake for another."""
    return (
        is_about_depressant(draft, knowledge)
        or is_unidentified(draft, knowledge)
        or is_misplaced_depressant(draft, knowledge)
    )


def _is_unknown(draft: Regimen, knowledge: Knowledge) -> bool:
    return isinstance(resolve(draft.medication, knowledge), UnknownProduct)


def is_misplaced_depressant(draft: Regimen, knowledge: Knowledge) -> bool:
    """Whether a draft gives a CNS depressant to another patient than the one of the call."""
    return draft.another_patient and _gives_depressant(draft, knowledge)


def _gives_depressant(draft: Regimen, knowledge: Knowledge) -> bool:
    product = resolve(draft.medication, knowledge)
    return (
        isinstance(product, Product)
        and any(knowledge.agents[ingredient.agent].agent_class.depressant for ingredient in product.ingredients)
        and administration_of(draft, product, knowledge).exposes
    )


def selected_drafts(service: Service, request: HookRequest, record: SentRecord) -> frozenset[str]:
    """The sources of the selected drafts, or of all drafts: where the hook has no selections, or one of them was not
    sent, which is added to the record's ``missing``.

    A selection is a ``Type/id``, an id alone, or the ``fullUrl`` of an entry.
    """
    drafts = frozenset(item.source for item in record.resources if item.draft)
    if not (service.has_selections and request.selections):
        return drafts
    selections = [normalised(text) for text in request.selections]
    # Also a draft of a type that is not read may be the selected one.
    names = [name for entry in request.drafts.entries for name in _names_of(entry)]
    if not all(any(references_match(name, selection) for name in names) for selection in selections):
        record.missing.add(_SELECTION_NOT_FOUND)
        return drafts
    wanted = [record.name_of(selection) for selection in selections]
    return frozenset(
        item.source
        for item in record.resources
        if item.draft and any(references_match(name, reference) for name in item.names for reference in wanted)
    )


def _names_of(entry: BundleEntry) -> Iterable[str]:
    if entry.full_url:
        yield normalised(entry.full_url)
    if isinstance(entry.resource, dict):
        resource_type, identity = entry.resource.get("resourceType"), text_of(entry.resource.get("id"))
        if identity is not None:
            yield f"{resource_type}/{identity}" if isinstance(resource_type, str) else identity
