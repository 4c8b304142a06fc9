"""``_include``: the resources that matches refer to, sent along with them and not counted among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cds_service.fhir.references import type_and_id
from cds_service.sandbox.fhir_server.parameters import PARAMETERS
from cds_service.sandbox.fhir_server.search import references_at
from cds_service.sandbox.fhir_server.store import Resource, Store

NAMES = ("_include", "_include:iterate")


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One ``_include``: what is referred to at ``parameter`` of resources of type ``kind``.

    ``target`` narrows it to one type; with ``iterates``, it is followed from what was included as well.
    """

    kind: str
    parameter: str
    target: str | None
    iterates: bool


def inclusion(name: str, text: str) -> Inclusion | None:
    """What ``_include`` or ``_include:iterate`` asks for; None if the sandbox cannot follow it."""
    kind, _, rest = text.partition(":")
    parameter, separator, target = rest.partition(":")
    known = PARAMETERS.get(kind, {}).get(parameter)
    if known is None or known.type != "reference" or (separator and target not in known.targets):
        return None
    return Inclusion(kind, parameter, target or None, name == NAMES[1])


def included(store: Store, matches: Sequence[Resource], inclusions: Sequence[Inclusion]) -> list[Resource]:
    """What the matches refer to and is kept here: each resource once, and none that is a match itself."""
    seen = {_name(resource) for resource in matches}
    found: list[Resource] = []
    waiting, following = list(matches), list(inclusions)
    while waiting and following:
        reached = [each for each in _referred(store, waiting, following) if _name(each) not in seen]
        waiting = list({_name(each): each for each in reached}.values())
        seen.update(_name(each) for each in waiting)
        found += waiting
        following = [each for each in inclusions if each.iterates]
    return found


def _referred(store: Store, resources: Iterable[Resource], inclusions: Sequence[Inclusion]) -> Iterable[Resource]:
    for resource in resources:
        for wanted in inclusions:
            if wanted.kind != resource["resourceType"]:
                continue
            parameter = PARAMETERS[wanted.kind][wanted.parameter]
            for kind, id_ in map(type_and_id, references_at(resource, parameter)):
                allowed = wanted.target in (None, kind) and kind in parameter.targets
                referred = store.read(kind, id_) if kind and allowed else None
                if referred is not None:
                    yield referred


def _name(resource: Resource) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]
