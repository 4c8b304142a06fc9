"""``_include``: resources that matches refer to, sent with them but not counted in the total."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cds_service.fhir.references import type_and_id
from cds_service.sandbox.fhir_server.parameters import PARAMETERS
from cds_service.sandbox.fhir_server.search import references_at
from cds_service.sandbox.fhir_store.store import Resource, Store

NAMES = ("_include", "_include:iterate")


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One ``_include``: the references at ``parameter`` of resources of ``resource_type``.

    ``target`` narrows them to one type; ``iterates`` follows them from included resources as well.
    """

    resource_type: str
    parameter: str
    target: str | None
    iterates: bool


def read_inclusion(name: str, text: str) -> Inclusion | None:
    """The inclusion that ``_include`` or ``_include:iterate`` asks for; None if it is not supported.

    The text is ``source-type ":" parameter [":" target-type]``.
    """
    resource_type, _, rest = text.partition(":")
    parameter, separator, target = rest.partition(":")
    known = PARAMETERS.get(resource_type, {}).get(parameter)
    if known is None or known.type != "reference" or (separator and target not in known.targets):
        return None
    return Inclusion(resource_type, parameter, target or None, name == NAMES[1])


def included(store: Store, matches: Sequence[Resource], inclusions: Sequence[Inclusion]) -> list[Resource]:
    """The stored resources that the matches refer to: each once, without the matches themselves."""
    seen = {_name(resource) for resource in matches}
    resources: list[Resource] = []
    to_follow, to_iterate = list(matches), list(inclusions)
    while to_follow and to_iterate:
        reached = [item for item in _referred(store, to_follow, to_iterate) if _name(item) not in seen]
        to_follow = list({_name(item): item for item in reached}.values())
        seen.update(_name(item) for item in to_follow)
        resources += to_follow
        to_iterate = [item for item in inclusions if item.iterates]
    return resources


def _referred(store: Store, resources: Iterable[Resource], inclusions: Sequence[Inclusion]) -> Iterable[Resource]:
    for resource in resources:
        for wanted in inclusions:
            if wanted.resource_type != resource["resourceType"]:
                continue
            parameter = PARAMETERS[wanted.resource_type][wanted.parameter]
            for resource_type, id_ in map(type_and_id, references_at(resource, parameter)):
                allowed = wanted.target in (None, resource_type) and resource_type in parameter.targets
                referred = store.read(resource_type, id_) if resource_type and allowed else None
                if referred is not None:
                    yield referred


def _name(resource: Resource) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]
