"""Transactions and batches: several interactions in one Bundle, all or none of them, or each for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import parse_qsl

from cds_service.sandbox.fhir_server.bodies import check_kind, check_resource
from cds_service.sandbox.fhir_server.bundle_entry import METHODS, TransactionEntry, read_entry, refuse_overlaps
from cds_service.sandbox.fhir_server.interactions import Done, Interactions, MayRead, etag
from cds_service.sandbox.fhir_server.linking import Links
from cds_service.sandbox.fhir_server.refusal import RefusedError
from cds_service.sandbox.fhir_server.store import Resource, new_id

_LETTERS = {"DELETE": "d", "POST": "c", "PUT": "u", "GET": "r"}

Allow = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Processor:
    """Carries Bundles out.

    ``allow`` refuses a type and a letter of ``cruds`` that the caller has no right to. ``shows`` says whether what was
    written is sent back.
    """

    interactions: Interactions
    base: str
    allow: Allow
    may_read: MayRead
    shows: bool = True

    def process(self, bundle: Resource) -> Resource:
        """The Bundle of answers, in the order of the entries.

        Raises:
            RefusedError: it is neither kind of Bundle; or an entry of a transaction failed, and nothing was done.
        """
        kind, entries = bundle.get("type"), bundle.get("entry", [])
        if bundle.get("resourceType") != "Bundle" or kind not in ("transaction", "batch"):
            raise RefusedError(400, "structure", "The body is neither a transaction nor a batch.")
        if not isinstance(entries, list):
            raise RefusedError(400, "structure", "The entries are no list.", place="Bundle.entry")
        done = (
            self._transaction(entries) if kind == "transaction" else [*map(self._alone, range(len(entries)), entries)]
        )
        answer: Resource = {"resourceType": "Bundle", "type": f"{kind}-response"}
        return answer | ({"entry": done} if done else {})

    def _alone(self, number: int, value: object) -> Resource:
        try:
            return self._told(self._carry_out(self._read(number, value), {}))
        except RefusedError as refused:
            return {"response": {"status": _status(refused.status), "outcome": refused.outcome}}

    def _transaction(self, values: Sequence[object]) -> list[Resource]:
        entries = [self._read(number, value) for number, value in enumerate(values)]
        refuse_overlaps(entries)
        done: dict[str, Resource] = {}
        names: dict[str, str] = {}
        with self.interactions.store.all_or_nothing():
            for method in METHODS:
                if method == "POST":
                    # After the deletions: a condition must not find what is being deleted.
                    entries = [self._named(entry) for entry in entries]
                    names = {entry.full_url: entry.target for entry in entries if entry.full_url and entry.id_}
                for entry in entries:
                    if entry.method == method:
                        done[entry.place] = self._told(self._carry_out(entry, names))
        return [done[entry.place] for entry in entries]

    def _read(self, number: int, value: object) -> TransactionEntry:
        """The entry, once it is known that the caller may ask for it and that what it brings is valid."""
        entry = read_entry(number, value)
        with entry.answering():
            check_kind(entry.kind)
            searches = entry.condition("ifNoneExist") is not None or (entry.method == "GET" and entry.id_ is None)
            own = "" if searches and entry.method == "GET" else _LETTERS[entry.method]
            for letter in own + ("s" if searches else ""):
                self.allow(entry.kind, letter)
            if entry.method in ("POST", "PUT"):
                check_resource(entry.resource, entry.kind, entry.id_)
        return entry

    def _named(self, entry: TransactionEntry) -> TransactionEntry:
        """A creation with the id that the resource is going to have, or has already, so that others can refer to it."""
        if entry.method != "POST":
            return entry
        condition = entry.condition("ifNoneExist")
        with entry.answering():
            known = None if condition is None else self.interactions.one_match(entry.kind, condition)
        return replace(entry, id_=new_id() if known is None else known["id"])

    def _carry_out(self, entry: TransactionEntry, names: dict[str, str]) -> Done:
        own, kind, id_ = self.interactions, entry.kind, entry.id_
        with entry.answering():
            if entry.method == "GET":
                return self._got(entry)
            if entry.method == "DELETE" and id_ is not None:
                return own.delete(kind, id_, if_match=entry.condition("ifMatch"))
            resource = Links(names, own.one_match).followed(entry.resource)
            if entry.method == "PUT" and id_ is not None:
                return own.update(resource, kind, id_, if_match=entry.condition("ifMatch"))
            known = None if id_ is None else own.store.read(kind, id_)
            if known is not None:
                return Done(HTTPStatus.OK, known, written=True)
            condition = entry.condition("ifNoneExist") if id_ is None else None
            return own.create(resource, kind, if_none_exist=condition, id_=id_)

    def _got(self, entry: TransactionEntry) -> Done:
        own = self.interactions
        if entry.id_ is None:
            page = own.search(entry.kind, parse_qsl(entry.query, keep_blank_values=True))
            return Done(HTTPStatus.OK, own.searchset(page, self.base, self.may_read))
        if entry.version is not None:
            return own.read_version(entry.kind, entry.id_, entry.version)
        return own.read(entry.kind, entry.id_, unless=entry.condition("ifNoneMatch"))

    def _told(self, done: Done) -> Resource:
        response: Resource = {"status": _status(done.status)}
        resource = done.resource
        if resource is None:
            return {"response": response}
        if resource["resourceType"] == "Bundle":
            return {"resource": resource, "response": response}
        name = f"{resource['resourceType']}/{resource['id']}"
        response |= {"etag": etag(resource), "lastModified": resource["meta"]["lastUpdated"]}
        if done.written:
            response["location"] = f"{name}/_history/{resource['meta']['versionId']}"
        shown = done.status != HTTPStatus.NOT_MODIFIED and (self.shows or not done.written)
        return ({"fullUrl": f"{self.base}/{name}", "resource": resource} if shown else {}) | {"response": response}


def _status(number: int) -> str:
    status = HTTPStatus(number)
    return f"{status.value} {status.phrase}"
