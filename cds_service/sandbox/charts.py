"""The invented patients: one chart for each fixture story, with its draft orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from fhir_fixtures import Story, stories

Resource = dict[str, Any]

PRESCRIBER: Resource = {
    "resourceType": "Practitioner",
    "id": "sandbox-prescriber",
    "name": [{"text": "Sandbox prescriber (invented)"}],
}
"""Who opens charts and signs orders in the demonstration."""


START_HERE = (
    "opioid-hydrocodone-on-alprazolam",
    "abrupt-change-clonazepam-halved",
    "taper-referral-diazepam-five-years",
    "discharge-home-alprazolam-forgotten",
    "exempt-palliative-care",
)
"""The stories to see first: a warning, a stop, long-term use, a discharge, and one where nothing is said."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One patient of the demonstration.

    ``patient`` is the Patient's id in the sandbox, ``resources`` the whole record with the Patient, and ``drafts`` the
    unsigned orders that the story is about, which are not part of the record. ``hook`` is the moment that it is about
    and ``shows`` the id of the finding, each ``none`` where there is none.
    """

    slug: str
    title: str
    narrative: str
    hook: str
    shows: str
    patient: str
    resources: tuple[Resource, ...]
    drafts: tuple[Resource, ...]


def charts(on: date) -> tuple[Chart, ...]:
    """The charts of the stories with the date ``on``, ordered by slug; no two resources share a type and id.

    Stories with another date, whose dates would be wrong on this one, and those without exactly one Patient are left
    out.
    """
    return tuple(_chart(story) for story in stories() if story.on == on and len(_patients(story)) == 1)


def _chart(story: Story) -> Chart:
    (patient,) = _patients(story)
    return Chart(
        slug=story.slug,
        title=" ".join(story.title.split()),
        narrative=" ".join(story.narrative.split()),
        hook=story.hook,
        shows=story.shows,
        patient=patient["id"],
        resources=tuple(_resources(story.patient)),
        drafts=tuple(_drafts(story)),
    )


def _patients(story: Story) -> list[Resource]:
    return [resource for resource in _resources(story.patient) if resource["resourceType"] == "Patient"]


def _resources(bundle: Any) -> Iterator[Resource]:
    """The resources of a Bundle that have a type and an id, and so can be stored."""
    for entry in bundle.get("entry", ()) if isinstance(bundle, dict) else ():
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") and resource.get("id"):
            yield resource


def _relative_reference(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _drafts(story: Story) -> Iterator[Resource]:
    """The draft medication orders of the story's request, made valid R4.

    Some vendors put the drug into a sibling entry, or send a category that R4 does not allow.
    """
    context = (story.request or {}).get("context", {})
    orders = list(_resources(context.get("draftOrders") or context.get("medications")))
    by_reference = {_relative_reference(resource): resource for resource in orders}
    for order in orders:
        if order["resourceType"] == "MedicationRequest":
            yield _with_list_of_categories(_with_own_medication(order, by_reference))


def _with_own_medication(order: Resource, by_reference: dict[str, Resource]) -> Resource:
    reference = order.get("medicationReference", {})
    # Some vendors refer to the sibling by an absolute URL.
    sibling = by_reference.get("/".join(reference.get("reference", "").split("/")[-2:]))
    if sibling is None:
        return order
    concept = {"text": reference["display"]} if "display" in reference else {}
    members = {key: value for key, value in order.items() if key != "medicationReference"}
    return members | {"medicationCodeableConcept": concept | sibling.get("code", {})}


def _with_list_of_categories(order: Resource) -> Resource:
    category = order.get("category")
    return order | {"category": [category]} if isinstance(category, dict) else order


def all_resources(of: Iterable[Chart]) -> list[Resource]:
    """The prescriber of the demonstration and the resources of all these charts, each once."""
    found = {_relative_reference(resource): resource for chart in of for resource in chart.resources}
    return [PRESCRIBER, *found.values()]
