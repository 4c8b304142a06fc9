"""Which of the orders being written a hook is about, and whether one of them concerns this service."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.fhir.bundle import BundleEntry
from cds_service.fhir.elements import text_of
from cds_service.fhir.record import SentRecord
from cds_service.fhir.references import normalised, references_match
from rules.knowledge import Knowledge
from rules.model import Regimen
from rules.reading.dosage.route import administration_of
from rules.reading.product.product import Product
from rules.reading.product.resolve import resolve
from rules.timeline.status import exclusion, is_stopping

NOT_FOUND = ("selections", "none of the selected orders is among the drafts; all drafts were taken as selected")


def selected_sources(selections: Iterable[str], record: SentRecord) -> frozenset[str]:
    """The sources of the drafts that are selected: by ``Type/id``, by id alone, or by the entry's URL."""
    wanted = [record.name_of(normalised(text)) for text in selections]
    drafts = [item.source for item in record.resources if item.draft]
    return frozenset(source for source in drafts if any(references_match(source, one) for one in wanted))


def is_among(selections: Iterable[str], entries: Iterable[BundleEntry]) -> bool:
    """Whether one of the selected orders is among what was sent: also one of a type that this service does not read."""
    wanted = [normalised(text) for text in selections]
    return any(references_match(name, one) for entry in entries for name in _names(entry) for one in wanted)


def _names(entry: BundleEntry) -> Iterable[str]:
    if entry.full_url:
        yield normalised(entry.full_url)
    if isinstance(entry.resource, dict):
        kind, identity = entry.resource.get("resourceType"), text_of(entry.resource.get("id"))
        if identity is not None:
            yield f"{kind}/{identity}" if isinstance(kind, str) else identity


def holds_depressant(drafts: Iterable[Regimen], sources: frozenset[str], knowledge: Knowledge) -> bool:
    """Whether one of the drafts of these sources gives a CNS-active agent, or stops one.

    A draft that orders nothing (another patient's, a proposal, one entered in error) and a skin cream do not.
    """
    return any(
        (exclusion(regimen) is None or is_stopping(regimen)) and _gives_depressant(regimen, knowledge)
        for regimen in drafts
        if regimen.draft and regimen.source in sources
    )


def holds_wrong_patient_draft(drafts: Iterable[Regimen], sources: frozenset[str], knowledge: Knowledge) -> bool:
    """Whether one of the drafts of these sources is about a CNS-active agent for another patient than this one."""
    return any(
        regimen.another_patient and _gives_depressant(regimen, knowledge)
        for regimen in drafts
        if regimen.draft and regimen.source in sources
    )


def _gives_depressant(regimen: Regimen, knowledge: Knowledge) -> bool:
    product = resolve(regimen.medication, knowledge)
    return (
        isinstance(product, Product)
        and _is_depressant(product, knowledge)
        and administration_of(regimen, product, knowledge).exposes
    )


def _is_depressant(product: Product, knowledge: Knowledge) -> bool:
    return any(knowledge.agents[ingredient.agent].agent_class.depressant for ingredient in product.ingredients)
