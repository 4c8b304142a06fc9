"""Transactions and batches: the interactions of one Bundle, carried out all or none, or each by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import parse_qsl

from cds_service.sandbox.fhir_server.bundle_entry import METHODS, TransactionEntry, read_entry, refuse_overlaps
from cds_service.sandbox.fhir_server.bundle_references import BundleReferences
from cds_service.sandbox.fhir_server.interactions import InteractionResult, Interactions, MayRead, etag
from cds_service.sandbox.fhir_store.bodies import check_resource, check_type
from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import Resource, new_id

_PERMISSIONS = {"DELETE": "d", "POST": "c", "PUT": "u", "GET": "r"}

Allow = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Processor:
    """Processes Bundles.

    Args:
        interactions: the interactions of the server.
        base: the base URL, without a slash at the end.
        allow: called with a resource type and a letter of ``cruds``; raises ``RefusedError`` if that is not allowed.
        may_read: whether resources of a type may be included in a searchset.
        returns_resource: whether written resources are sent back.
    """

    interactions: Interactions
    base: str
    allow: Allow
    may_read: MayRead
    returns_resource: bool = True

    def process(self, bundle: Resource) -> Resource:
        """The Bundle of responses, in the order of the entries.

        Raises:
            RefusedError: it is no transaction or batch, or an entry of a transaction failed; nothing was then written.
        """
        bundle_type, entries = bundle.get("type"), bundle.get("entry", [])
        if bundle.get("resourceType") != "Bundle" or bundle_type not in ("transaction", "batch"):
            raise RefusedError(400, "structure", "The body is neither a transaction nor a batch.")
        if not isinstance(entries, list):
            raise RefusedError(400, "structure", "The entries are no list.", expression="Bundle.entry")
        if bundle_type == "transaction":
            responses = self._transaction(entries)
        else:
            responses = [self._batch_entry(index, value) for index, value in enumerate(entries)]
        answer: Resource = {"resourceType": "Bundle", "type": f"{bundle_type}-response"}
        return answer | ({"entry": responses} if responses else {})

    def _batch_entry(self, index: int, value: object) -> Resource:
        try:
            return self._response(self._carry_out(self._read(index, value), {}))
        except RefusedError as refused:
            return {"response": {"status": _status(refused.status), "outcome": refused.outcome}}

    def _transaction(self, values: Sequence[object]) -> list[Resource]:
        entries = [self._read(index, value) for index, value in enumerate(values)]
        refuse_overlaps(entries)
        responses: dict[str, Resource] = {}
        names: dict[str, str] = {}
        with self.interactions.store.transaction():
            for method in METHODS:
                if method == "POST":
                    # After the deletions, so that a condition does not match a resource that is being deleted.
                    entries = [self._with_id(entry) for entry in entries]
                    names = {entry.full_url: entry.target for entry in entries if entry.full_url and entry.id_}
                for entry in entries:
                    if entry.method == method:
                        responses[entry.expression] = self._response(self._carry_out(entry, names))
        return [responses[entry.expression] for entry in entries]

    def _read(self, index: int, value: object) -> TransactionEntry:
        """The entry, after checking that it is allowed and that its resource is valid."""
        entry = read_entry(index, value)
        with entry.locating_refusals():
            check_type(entry.resource_type)
            searches = entry.condition("ifNoneExist") is not None or (entry.method == "GET" and entry.id_ is None)
            needed = "" if searches and entry.method == "GET" else _PERMISSIONS[entry.method]
            for permission in needed + ("s" if searches else ""):
                self.allow(entry.resource_type, permission)
            if entry.method in ("POST", "PUT"):
                check_resource(entry.resource, entry.resource_type, entry.id_)
        return entry

    def _with_id(self, entry: TransactionEntry) -> TransactionEntry:
        """A create with the id that its resource will have or already has, so that other entries can refer to it."""
        if entry.method != "POST":
            return entry
        condition = entry.condition("ifNoneExist")
        with entry.locating_refusals():
            known = None if condition is None else self.interactions.one_match(entry.resource_type, condition)
        return replace(entry, id_=new_id() if known is None else known["id"])

    def _carry_out(self, entry: TransactionEntry, names: dict[str, str]) -> InteractionResult:
        interactions, resource_type, id_ = self.interactions, entry.resource_type, entry.id_
        with entry.locating_refusals():
            if entry.method == "GET":
                return self._get(entry)
            if entry.method == "DELETE" and id_ is not None:
                return interactions.delete(resource_type, id_, if_match=entry.condition("ifMatch"))
            resource = BundleReferences(names, interactions.one_match).resolved(entry.resource)
            if entry.method == "PUT" and id_ is not None:
                return interactions.update(resource, resource_type, id_, if_match=entry.condition("ifMatch"))
            known = None if id_ is None else interactions.store.read(resource_type, id_)
            if known is not None:
                return InteractionResult(HTTPStatus.OK, known, written=True)
            condition = entry.condition("ifNoneExist") if id_ is None else None
            return interactions.create(resource, resource_type, if_none_exist=condition, id_=id_)

    def _get(self, entry: TransactionEntry) -> InteractionResult:
        interactions = self.interactions
        if entry.id_ is None:
            page = interactions.search(entry.resource_type, parse_qsl(entry.query, keep_blank_values=True))
            return InteractionResult(HTTPStatus.OK, interactions.searchset(page, self.base, self.may_read))
        if entry.version is not None:
            return interactions.read_version(entry.resource_type, entry.id_, entry.version)
        return interactions.read(entry.resource_type, entry.id_, if_none_match=entry.condition("ifNoneMatch"))

    def _response(self, result: InteractionResult) -> Resource:
        response: Resource = {"status": _status(result.status)}
        resource = result.resource
        if resource is None:
            return {"response": response}
        if resource["resourceType"] == "Bundle":
            return {"resource": resource, "response": response}
        name = f"{resource['resourceType']}/{resource['id']}"
        response |= {"etag": etag(resource), "lastModified": resource["meta"]["lastUpdated"]}
        if result.written:
            response["location"] = f"{name}/_history/{resource['meta']['versionId']}"
        shown = result.status != HTTPStatus.NOT_MODIFIED and (self.returns_resource or not result.written)
        return ({"fullUrl": f"{self.base}/{name}", "resource": resource} if shown else {}) | {"response": response}


def _status(index: int) -> str:
    status = HTTPStatus(index)
    return f"{status.value} {status.phrase}"
