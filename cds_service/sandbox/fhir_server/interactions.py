"""The interactions of FHIR with the store, one by one: the same whether asked alone or as an entry of a Bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cds_service.sandbox.fhir_server.bodies import check_kind, check_resource
from cds_service.sandbox.fhir_server.inclusion import included
from cds_service.sandbox.fhir_server.paging import Finding, Paging, ResultPage, whole_number
from cds_service.sandbox.fhir_server.query import page_asked, read_query
from cds_service.sandbox.fhir_server.refusal import RefusedError, outcome
from cds_service.sandbox.fhir_server.search import Parameters, find, unknown_parameters
from cds_service.sandbox.fhir_server.store import Resource, Store

MayRead = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Done:
    """What an interaction came to: an HTTP status, and the resource where there is one to show.

    ``written`` says that the resource stands at this version because of, or as asked by, the interaction.
    """

    status: int
    resource: Resource | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class Interactions:
    """What can be done with the sandbox's resources. ``most_per_page`` bounds every page, whatever ``_count`` says."""

    store: Store
    paging: Paging
    most_per_page: int

    def read(self, kind: str, id_: str, *, unless: str | None = None) -> Done:
        """The resource as it stands; 304 without it where it is still at one of the ETags ``unless``.

        Raises:
            RefusedError: it is not there, or not there any more.
        """
        versions = self.store.versions(kind, id_)
        return self._shown(versions, len(versions), unless)

    def read_version(self, kind: str, id_: str, version: str) -> Done:
        """The resource as it stood at a version.

        Raises:
            RefusedError: there is no such version, or it is a deletion.
        """
        return self._shown(self.store.versions(kind, id_), whole_number(version) or 0, None)

    def create(self, resource: object, kind: str, *, if_none_exist: str | None = None, id_: str | None = None) -> Done:
        """Keep a resource under a new id (``id_`` where it was chosen before), unless one matches ``if_none_exist``.

        Raises:
            RefusedError: it is not valid, or several match.
        """
        checked = check_resource(resource, kind)
        with self.store.all_or_nothing():
            known = None if if_none_exist is None else self.one_match(kind, if_none_exist)
            if known is not None:
                return Done(200, known, written=True)
            return Done(201, self.store.create(checked, id_), written=True)

    def update(self, resource: object, kind: str, id_: str, *, if_match: str | None = None) -> Done:
        """Keep a resource under this id, as a further version or as the first one.

        Raises:
            RefusedError: it is not valid, or the resource is not at the version ``if_match``.
        """
        checked = check_resource(resource, kind, id_)
        with self.store.all_or_nothing():
            before = self._unchanged(kind, id_, if_match)
            return Done(201 if before is None else 200, self.store.update(checked), written=True)

    def delete(self, kind: str, id_: str, *, if_match: str | None = None) -> Done:
        """Delete a resource; there is nothing wrong with one that is not there.

        Raises:
            RefusedError: the resource is not at the version ``if_match``.
        """
        check_kind(kind)
        with self.store.all_or_nothing():
            self._unchanged(kind, id_, if_match)
            self.store.delete(kind, id_)
        return Done(204)

    def one_match(self, kind: str, query: str) -> Resource | None:
        """The one resource that matches a condition, or None if none does.

        Raises:
            RefusedError: several do, or the condition is none.
        """
        parameters = parse_qsl(query, keep_blank_values=True)
        check_kind(kind)
        if not parameters or unknown_parameters(kind, parameters):
            raise RefusedError(400, "not-supported", "The condition is none that the sandbox can search by.")
        found = find(self.store, kind, parameters)
        if len(found) > 1:
            raise RefusedError(412, "multiple-matches", f"Several resources of type {kind} meet the condition.")
        return found[0] if found else None

    def search(
        self, kind: str, parameters: Parameters, *, lenient: bool = False, most: int | None = None
    ) -> ResultPage:
        """The first page of a search, or the page that ``_page`` names. ``most`` bounds the page further.

        Raises:
            RefusedError: a parameter is not known and the client is not ``lenient``, or has no such value.
        """
        check_kind(kind)
        token = page_asked(parameters)
        if token is not None:
            return self.paging.turn(kind, token)
        query = read_query(kind, parameters, lenient=lenient)
        sizes = (size for size in (query.count, most) if size is not None)
        found = tuple(find(self.store, kind, query.criteria))
        size = min([self.most_per_page, *sizes])
        return self.paging.begin(Finding(kind, query.text, found, size, query.inclusions, query.outcomes))

    def searchset(self, page: ResultPage, base: str, may_read: MayRead) -> Resource:
        """The Bundle of a page. Of what is included, only types that ``may_read`` allows; what is left out is said."""
        asked = page.finding
        along = included(self.store, page.matches, asked.inclusions)
        said = [*asked.outcomes, *_withheld(along, may_read)]
        entries = [
            *(_entry(base, resource, "match") for resource in page.matches),
            *(_entry(base, resource, "include") for resource in along if may_read(resource["resourceType"])),
            *({"resource": each, "search": {"mode": "outcome"}} for each in said),
        ]
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(asked.found),
            "link": [
                {"relation": relation, "url": f"{base}/{asked.kind}?{query}".rstrip("?")}
                for relation, query in page.links.items()
            ],
        }
        # FHIR forbids empty arrays.
        return bundle | ({"entry": entries} if entries else {})

    def _shown(self, versions: tuple[Resource | None, ...], number: int, unless: str | None) -> Done:
        if not 1 <= number <= len(versions):
            raise RefusedError(404, "not-found", "There is no such resource here.")
        resource = versions[number - 1]
        if resource is None:
            raise RefusedError(410, "deleted", "The resource was deleted.")
        if unless is not None and etag(resource) in [tag.strip() for tag in unless.split(",")]:
            return Done(304, resource)
        return Done(200, resource)

    def _unchanged(self, kind: str, id_: str, if_match: str | None) -> Resource | None:
        """The resource as it stands, which is the version that the client knows, if it says which one it knows."""
        current = self.store.read(kind, id_)
        if if_match is not None and (current is None or etag(current) != if_match.strip()):
            raise RefusedError(412, "conflict", "The resource is not at the version that If-Match names.")
        return current


def etag(resource: Resource) -> str:
    """The version of a kept resource as HTTP writes it."""
    return f'W/"{resource["meta"]["versionId"]}"'


def _withheld(along: list[Resource], may_read: MayRead) -> list[Resource]:
    kinds = sorted({resource["resourceType"] for resource in along if not may_read(resource["resourceType"])})
    return [outcome("warning", "suppressed", f"The token does not allow {kind} to be included.") for kind in kinds]


def _entry(base: str, resource: Resource, mode: str) -> Resource:
    address = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": address, "resource": resource, "search": {"mode": mode}}
