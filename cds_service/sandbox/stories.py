"""The invented patients: each fixture story as one chart of the sandbox, with the orders that it is about."""

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

    ``patient`` is the Patient's id in the sandbox, ``resources`` the whole record (the Patient included), and
    ``drafts`` the orders that the story is about, not yet signed and so no part of the record.
    """

    slug: str
    title: str
    narrative: str
    patient: str
    resources: tuple[Resource, ...]
    drafts: tuple[Resource, ...]


def charts(on: date) -> tuple[Chart, ...]:
    """The charts of the stories that are told on the day ``on``, by slug; no two resources share a type and id.

    A story told on another day is left out, because its dates would not be true; so is one without exactly one Patient.
    """
    told = [story for story in stories() if story.on == on and len(_patients(story)) == 1]
    # A story tells of one patient and names its resources as it likes; in one store the names must differ.
    taken = {_name(patient): patient for story in told for patient in _patients(story)}
    return tuple(_chart(story, taken) for story in told)


def _chart(story: Story, taken: dict[str, Resource]) -> Chart:
    new_ids: dict[str, str] = {}
    for resource in _resources(story.patient):
        if resource["resourceType"] != "Patient":
            new_ids[_name(resource)] = _free(resource, taken)
    (patient,) = _patients(story)
    return Chart(
        slug=story.slug,
        title=" ".join(story.title.split()),
        narrative=" ".join(story.narrative.split()),
        patient=patient["id"],
        resources=tuple(_renamed(resource, new_ids) for resource in _resources(story.patient)),
        drafts=tuple(_referring(draft, new_ids) for draft in _drafts(story)),
    )


def _patients(story: Story) -> list[Resource]:
    return [resource for resource in _resources(story.patient) if resource["resourceType"] == "Patient"]


def _resources(bundle: Any) -> Iterator[Resource]:
    """What can be stored: resources with a type and an id."""
    for entry in bundle.get("entry", ()) if isinstance(bundle, dict) else ():
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") and resource.get("id"):
            yield resource


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _free(resource: Resource, taken: dict[str, Resource]) -> str:
    """The resource's id, numbered where another chart has it for something else."""
    kind, own, number = resource["resourceType"], str(resource["id"]), 1
    id_ = own
    while taken.setdefault(f"{kind}/{id_}", resource) != resource:
        number += 1
        id_ = f"{own}-{number}"
    return id_


def _renamed(resource: Resource, new_ids: dict[str, str]) -> Resource:
    renamed: Resource = _referring(resource, new_ids)
    return renamed | {"id": new_ids.get(_name(resource), resource["id"])}


def _referring(value: Any, new_ids: dict[str, str]) -> Any:
    """The same with every reference to a renamed resource following it."""
    if isinstance(value, dict):
        return {key: _referring(member, new_ids) for key, member in value.items()}
    if isinstance(value, list):
        return [_referring(member, new_ids) for member in value]
    if isinstance(value, str) and value in new_ids:
        return f"{value.partition('/')[0]}/{new_ids[value]}"
    return value


def _drafts(story: Story) -> Iterator[Resource]:
    """The draft medication orders of the story's request, as an order-entry page of our own would write them.

    Vendors name the drug in a sibling entry, or send a category that R4 does not allow; the sandbox keeps valid R4.
    """
    context = (story.request or {}).get("context", {})
    orders = list(_resources(context.get("draftOrders") or context.get("medications")))
    named = {_name(resource): resource for resource in orders}
    for order in orders:
        if order["resourceType"] == "MedicationRequest":
            yield _with_list_of_categories(_with_own_medication(order, named))


def _with_own_medication(order: Resource, named: dict[str, Resource]) -> Resource:
    reference = order.get("medicationReference", {})
    # Vendors refer to the sibling by an absolute address.
    sibling = named.get("/".join(reference.get("reference", "").split("/")[-2:]))
    if sibling is None:
        return order
    concept = {"text": reference["display"]} if "display" in reference else {}
    kept = {key: value for key, value in order.items() if key != "medicationReference"}
    return kept | {"medicationCodeableConcept": concept | sibling.get("code", {})}


def _with_list_of_categories(order: Resource) -> Resource:
    category = order.get("category")
    return order | {"category": [category]} if isinstance(category, dict) else order


def every_resource(of: Iterable[Chart]) -> Iterator[Resource]:
    """What the sandbox is filled with."""
    for chart in of:
        yield from chart.resources
