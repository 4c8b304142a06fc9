"""The invented patients: one chart for each fixture story, with its draft orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from fhir_fixtures import Story, stories

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """One patient of the demonstration.

    ``patient`` is the Patient's id in the sandbox, ``resources`` the whole record with the Patient, and ``drafts`` the
    unsigned orders that the story is about, which are not part of the record.
    """

    slug: str
    title: str
    narrative: str
    patient: str
    resources: tuple[Resource, ...]
    drafts: tuple[Resource, ...]


def charts(on: date) -> tuple[Chart, ...]:
    """The charts of the stories with the date ``on``, ordered by slug; no two resources share a type and id.

    Stories with another date, whose dates would be wrong on this one, and those without exactly one Patient are left
    out.
    """
    selected = [story for story in stories() if story.on == on and len(_patients(story)) == 1]
    # Ids are unique within a story only; in the store of all charts they must differ.
    names = {_relative_reference(patient): patient for story in selected for patient in _patients(story)}
    return tuple(_chart(story, names) for story in selected)


def _chart(story: Story, names: dict[str, Resource]) -> Chart:
    new_ids: dict[str, str] = {}
    for resource in _resources(story.patient):
        if resource["resourceType"] != "Patient":
            new_ids[_relative_reference(resource)] = _free_id(resource, names)
    (patient,) = _patients(story)
    return Chart(
        slug=story.slug,
        title=" ".join(story.title.split()),
        narrative=" ".join(story.narrative.split()),
        patient=patient["id"],
        resources=tuple(_with_new_id(resource, new_ids) for resource in _resources(story.patient)),
        drafts=tuple(_with_new_references(draft, new_ids) for draft in _drafts(story)),
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


def _free_id(resource: Resource, names: dict[str, Resource]) -> str:
    """The resource's id, with a number added where another chart uses it for a different resource."""
    resource_type, original_id, number = resource["resourceType"], str(resource["id"]), 1
    id_ = original_id
    while names.setdefault(f"{resource_type}/{id_}", resource) != resource:
        number += 1
        id_ = f"{original_id}-{number}"
    return id_


def _with_new_id(resource: Resource, new_ids: dict[str, str]) -> Resource:
    renamed: Resource = _with_new_references(resource, new_ids)
    return renamed | {"id": new_ids.get(_relative_reference(resource), resource["id"])}


def _with_new_references(value: Any, new_ids: dict[str, str]) -> Any:
    """The value with every reference to a renamed resource updated."""
    if isinstance(value, dict):
        return {key: _with_new_references(member, new_ids) for key, member in value.items()}
    if isinstance(value, list):
        return [_with_new_references(member, new_ids) for member in value]
    if isinstance(value, str) and value in new_ids:
        return f"{value.partition('/')[0]}/{new_ids[value]}"
    return value


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


def all_resources(of: Iterable[Chart]) -> Iterator[Resource]:
    """The resources of all these charts."""
    for chart in of:
        yield from chart.resources
