"""Which of the orders being written a hook is about, and whether one of them concerns this service."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.fhir.record import Record
from cds_service.fhir.references import normalised, references_match
from rules.knowledge import Knowledge
from rules.model import Patient
from rules.product import Product, resolve

NOT_FOUND = ("selections", "none of the selected orders is among the drafts; all drafts were taken as selected")


def selected_sources(selections: Iterable[str], record: Record) -> frozenset[str]:
    """The sources of the drafts that are selected: by ``Type/id``, by id alone, or by the entry's URL."""
    wanted = [record.name_of(normalised(text)) for text in selections]
    drafts = [item.source for item in record.named if item.draft]
    return frozenset(source for source in drafts if any(references_match(source, one) for one in wanted))


def holds_depressant(patient: Patient, sources: frozenset[str], knowledge: Knowledge) -> bool:
    """Whether one of the drafts of these sources holds a CNS-active agent. An order that stops one does as well."""
    return any(
        regimen.draft
        and regimen.source in sources
        and _is_depressant(resolve(regimen.medication, knowledge), knowledge)
        for regimen in patient.regimens
    )


def _is_depressant(product: object, knowledge: Knowledge) -> bool:
    return isinstance(product, Product) and any(
        knowledge.agents[ingredient.agent].agent_class.depressant for ingredient in product.ingredients
    )
