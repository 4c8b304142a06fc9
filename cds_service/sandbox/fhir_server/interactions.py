"""FHIR's interactions with the store: the same for a single request and for an entry of a Bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cds_service.sandbox.fhir_server.inclusion import included
from cds_service.sandbox.fhir_server.paging import Paging, ResultPage, SearchResult, whole_number
from cds_service.sandbox.fhir_server.query import page_token, read_query
from cds_service.sandbox.fhir_server.search import Parameters, find, unknown_parameters
from cds_service.sandbox.fhir_store.bodies import check_resource, check_type
from cds_service.sandbox.fhir_store.refusal import RefusedError, outcome
from cds_service.sandbox.fhir_store.store import Resource, Store

MayRead = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class InteractionResult:
    """The result of one interaction: an HTTP status, and the resource if there is one.

    ``written``: the interaction created this version, or found that a conditional create was already satisfied.
    """

    status: int
    resource: Resource | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class Interactions:
    """The interactions that the sandbox supports. ``most_per_page`` limits every page, whatever ``_count`` says."""

    store: Store
    paging: Paging
    most_per_page: int

    def read(self, resource_type: str, id_: str, *, if_none_match: str | None = None) -> InteractionResult:
        """The newest version of a resource; status 304 where it matches one of the ETags ``if_none_match``.

        Raises:
            RefusedError: it does not exist (404) or was deleted (410).
        """
        versions = self.store.versions(resource_type, id_)
        return self._existing(versions, len(versions), if_none_match)

    def read_version(self, resource_type: str, id_: str, version: str) -> InteractionResult:
        """One version of a resource.

        Raises:
            RefusedError: there is no such version (404), or it is a deletion (410).
        """
        return self._existing(self.store.versions(resource_type, id_), whole_number(version) or 0, None)

    def create(
        self, resource: object, resource_type: str, *, if_none_exist: str | None = None, id_: str | None = None
    ) -> InteractionResult:
        """Store a resource under ``id_`` (default: a new id), unless one matches the search ``if_none_exist``.

        Raises:
            RefusedError: the resource is not valid, or several match.
        """
        checked = check_resource(resource, resource_type)
        with self.store.transaction():
            known = None if if_none_exist is None else self.one_match(resource_type, if_none_exist)
            if known is not None:
                return InteractionResult(200, known, written=True)
            return InteractionResult(201, self.store.create(checked, id_), written=True)

    def update(
        self, resource: object, resource_type: str, id_: str, *, if_match: str | None = None
    ) -> InteractionResult:
        """Store a resource under this id, as its next or first version.

        Raises:
            RefusedError: it is not valid, or the stored version is not ``if_match``.
        """
        checked = check_resource(resource, resource_type, id_)
        with self.store.transaction():
            before = self._unchanged(resource_type, id_, if_match)
            return InteractionResult(201 if before is None else 200, self.store.update(checked), written=True)

    def delete(self, resource_type: str, id_: str, *, if_match: str | None = None) -> InteractionResult:
        """Delete a resource; status 204 even if it does not exist.

        Raises:
            RefusedError: the stored version is not ``if_match``.
        """
        check_type(resource_type)
        with self.store.transaction():
            self._unchanged(resource_type, id_, if_match)
            self.store.delete(resource_type, id_)
        return InteractionResult(204)

    def one_match(self, resource_type: str, query: str) -> Resource | None:
        """The resource that matches a condition (a query string), or None.

        Raises:
            RefusedError: several match, or the condition is empty or not supported.
        """
        parameters = parse_qsl(query, keep_blank_values=True)
        check_type(resource_type)
        if not parameters or unknown_parameters(resource_type, parameters):
            raise RefusedError(400, "not-supported", "The condition is none that the sandbox can search by.")
        found = find(self.store, resource_type, parameters)
        if len(found) > 1:
            raise RefusedError(
                412, "multiple-matches", f"Several resources of type {resource_type} meet the condition."
            )
        return found[0] if found else None

    def search(
        self, resource_type: str, parameters: Parameters, *, lenient: bool = False, max_size: int | None = None
    ) -> ResultPage:
        """The first page of a search, or the page that ``_page`` names. ``max_size`` limits the page further.

        Raises:
            RefusedError: a parameter is not supported and handling is not ``lenient``, or a value is not valid.
        """
        check_type(resource_type)
        token = page_token(parameters)
        if token is not None:
            return self.paging.page(resource_type, token)
        query = read_query(resource_type, parameters, lenient=lenient)
        sizes = (size for size in (query.count, max_size) if size is not None)
        found = tuple(find(self.store, resource_type, query.criteria))
        size = min([self.most_per_page, *sizes])
        return self.paging.first_page(
            SearchResult(resource_type, query.text, found, size, query.inclusions, query.outcomes)
        )

    def searchset(self, page: ResultPage, base: str, may_read: MayRead) -> Resource:
        """The Bundle of a page. Included resources of a type that ``may_read`` forbids are replaced by a warning."""
        result = page.result
        included_resources = included(self.store, page.matches, result.inclusions)
        outcomes = [*result.outcomes, *_withheld(included_resources, may_read)]
        entries = [
            *(_entry(base, resource, "match") for resource in page.matches),
            *(
                _entry(base, resource, "include")
                for resource in included_resources
                if may_read(resource["resourceType"])
            ),
            *({"resource": issue, "search": {"mode": "outcome"}} for issue in outcomes),
        ]
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(result.matches),
            "link": [
                {"relation": relation, "url": f"{base}/{result.resource_type}?{query}".rstrip("?")}
                for relation, query in page.links.items()
            ],
        }
        # FHIR forbids empty arrays.
        return bundle | ({"entry": entries} if entries else {})

    def _existing(
        self, versions: tuple[Resource | None, ...], number: int, if_none_match: str | None
    ) -> InteractionResult:
        if not 1 <= number <= len(versions):
            raise RefusedError(404, "not-found", "There is no such resource here.")
        resource = versions[number - 1]
        if resource is None:
            raise RefusedError(410, "deleted", "The resource was deleted.")
        if if_none_match is not None and etag(resource) in [tag.strip() for tag in if_none_match.split(",")]:
            return InteractionResult(304, resource)
        return InteractionResult(200, resource)

    def _unchanged(self, resource_type: str, id_: str, if_match: str | None) -> Resource | None:
        """The newest version of a resource, after checking that it is the version ``if_match``, if any."""
        current = self.store.read(resource_type, id_)
        if if_match is not None and (current is None or etag(current) != if_match.strip()):
            raise RefusedError(412, "conflict", "The resource is not at the version that If-Match names.")
        return current


def etag(resource: Resource) -> str:
    """The ETag of a stored resource."""
    return f'W/"{resource["meta"]["versionId"]}"'


def _withheld(included_resources: list[Resource], may_read: MayRead) -> list[Resource]:
    types = sorted(
        {resource["resourceType"] for resource in included_resources if not may_read(resource["resourceType"])}
    )
    return [outcome("warning", "suppressed", f"The token does not allow {name} to be included.") for name in types]


def _entry(base: str, resource: Resource, mode: str) -> Resource:
    address = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": address, "resource": resource, "search": {"mode": mode}}
