"""The resources of one patient's record, each once and with a name, sorted for the reader.

A resource may be sent several times, in overlapping searches and pages (:mod:`~cds_service.fhir.identity`). Names and
order do not depend on the order in which the resources were sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from cds_service.fhir.bundle import BundleEntry, entries_of
from cds_service.fhir.elements import Element, text_of
from cds_service.fhir.identity import SentResource, canonical_json, product_names, told_apart
from cds_service.fhir.references import address_of, normalised, read_reference, type_and_id
from rules.model import Unread

_MEDICATION = "medication"
_FORMULARY_PAGE = "MedicationKnowledge"
_URN = "urn:"
_ENTRY, _UNKNOWN_TYPE = "entry", "Medication..."
_WHY_NOT_READ = {
    _ENTRY: "not an object with a resourceType",
    _UNKNOWN_TYPE: "of a type that this service does not know",
}


@dataclass(slots=True)
class SentRecord:
    """All that was sent: the resources that are read, their other names, what cannot be read, and what is missing.

    ``aliases``: the sources by the addresses of their entries, where these are no ``Type/id``; ``missing``: what was
    asked for and not supplied, or only in part, as ``(what, why)``; ``server``: the address of the server of the call.
    """

    resources: list[SentResource] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    missing: set[tuple[str, str]] = field(default_factory=set)
    server: str = ""
    _by_id: dict[str, list[SentResource]] | None = None
    _by_alias: dict[str, list[SentResource]] = field(default_factory=dict)
    _meant: dict[tuple[str, str, bool, frozenset[str], bool | None], list[SentResource]] = field(default_factory=dict)
    _by_product: dict[int, dict[str, SentResource]] = field(default_factory=dict)

    def of_type(self, resource_type: str) -> list[SentResource]:
        """The resources of one type."""
        return [item for item in self.resources if item.resource_type == resource_type]

    def name_of(self, reference: str) -> str:
        """The source of the entry with this address (normalised), or the reference itself."""
        return self.aliases.get(reference, reference)

    def meant_by(
        self, reference: str, by: SentResource, types: Collection[str], *, drafts: bool | None = None
    ) -> list[SentResource]:
        """The resources of some types that a reference in the resource ``by`` can mean.

        They are of the server that it names, or else of that of the resource; where there is none such, of the server
        of the call; a reference without an address may mean any. ``drafts``: only what was sent with the drafts, or
        only what was not.
        """
        read = read_reference(reference)
        base = self._local(read.server) if read.server else by.base
        asked = (read.name, base, bool(read.server), frozenset(types), drafts)
        if asked not in self._meant:
            self._meant[asked] = self._meant_by(*asked)
        return self._meant[asked]

    def _meant_by(
        self, name: str, base: str, is_absolute: bool, types: frozenset[str], drafts: bool | None
    ) -> list[SentResource]:
        identity, found = self._found(name)
        wanted = type_and_id(name)[0] if identity else None
        found = [
            item
            for item in found
            if item.resource_type in types and wanted in (None, item.resource_type) and drafts in (None, item.draft)
        ]
        for meant in (base, ""):
            of_base = [item for item in found if item.base == meant]
            if of_base:
                return of_base
        return [] if is_absolute else found

    def order_of(self, by: SentResource, reference: str, types: Collection[str]) -> str:
        """The source of the order that a reference in a resource means; the reference, normalised, if it was not sent.

        Of several orders with one id it is the one with the product of ``by``, in the record rather than a draft.
        """
        meant = self.meant_by(reference, by, types)
        if not meant:
            return self.name_of(normalised(reference))
        if len(meant) == 1:
            return meant[0].source
        by_product = self._by_product.get(id(meant))
        if by_product is None:
            by_product = self._by_product[id(meant)] = {}
            for item in sorted(meant, key=lambda item: (item.draft, item.source)):
                for name in ("", *product_names(item.resource)):
                    by_product.setdefault(name, item)
        alike = [by_product[name] for name in product_names(by.resource) if name and name in by_product]
        first = min(alike, key=lambda item: (item.draft, item.source), default=by_product[""])
        return first.source

    def _found(self, name: str) -> tuple[str, list[SentResource]]:
        """The id of a normalised reference, and the resources with it, which are of any type and any server."""
        if self._by_id is None:
            self._by_id = {}
            for item in self.resources:
                identity = text_of(item.resource.get("id")) or type_and_id(item.source)[1]
                self._by_id.setdefault(unquote(identity), []).append(item)
                self._by_id.setdefault(f"{_URN}uuid:{identity.lower()}", []).append(item)
                for alias in dict.fromkeys(item.aliases):
                    self._by_alias.setdefault(alias, []).append(item)
        if name in self._by_alias:
            return "", self._by_alias[name]
        if name.startswith(_URN):
            return "", self._by_id.get(name, [])
        identity = unquote(type_and_id(name)[1])
        return identity, self._by_id.get(identity, [])

    def _local(self, base: str) -> str:
        return "" if base == self.server else base


def record_of(
    resources: Iterable[object], drafts: Iterable[object], types: frozenset[str], server: str | None = None
) -> SentRecord:
    """The record and the drafts. Never raises.

    Args:
        resources: the record: what :func:`~cds_service.fhir.bundle.entries_of` takes.
        drafts: the orders being written, in the same forms.
        types: the types of resource that are read. Others are ignored, but for unknown ones that may be medications.
        server: the address of the FHIR server of the call.
    """
    record = SentRecord(server=address_of(server or ""))
    by_lower_case = {name.lower(): name for name in types}
    not_read: dict[str, list[tuple[bool, BundleEntry]]] = {_ENTRY: [], _UNKNOWN_TYPE: []}
    identified: dict[str, list[SentResource]] = {}
    unidentified: list[SentResource] = []
    for draft, entry in _entries(record, resources, drafts):
        resource = entry.resource
        resource_type = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource_type, str) or not resource_type:
            not_read[_ENTRY].append((draft, entry))
            continue
        if resource_type not in types:
            spelt = by_lower_case.get(resource_type.strip().lower())
            if spelt is None:
                if _may_be_medication(resource_type):
                    not_read[_UNKNOWN_TYPE].append((draft, entry))
                continue
            resource_type, resource = spelt, {**resource, "resourceType": spelt}
        item = _sent_resource(resource, resource_type, entry.full_url, record, draft=draft)
        if item.source:
            identified.setdefault(item.source, []).append(item)
        else:
            unidentified.append(item)
    for sent in identified.values():
        record.resources.extend(told_apart(sent, record.unread, server_known=bool(record.server)))
    record.resources.extend(_numbered(unidentified))
    record.resources.sort(key=lambda item: (item.draft, item.source))
    for item in record.resources:
        for alias in item.aliases:
            record.aliases.setdefault(alias, item.source)
    record.unread.extend(
        Unread(f"{name}[{number}]", _WHY_NOT_READ[name], entry.medication, entry.condition, draft)
        for name, sent in not_read.items()
        for number, (draft, entry) in enumerate(sent, 1)
    )
    return record


def _entries(
    record: SentRecord, resources: Iterable[object], drafts: Iterable[object]
) -> Iterator[tuple[bool, BundleEntry]]:
    """Every entry, with whether it is a draft; what is missing is added to the record."""
    for draft, values, what in ((False, resources, "resources"), (True, drafts, "draftOrders")):
        for value in values:
            if isinstance(value, BundleEntry):
                yield draft, value
                continue
            supplied = entries_of(value)
            record.missing.update((what, str(gap)) for gap in supplied.incomplete)
            for entry in supplied.entries:
                yield draft, entry


def _sent_resource(
    resource: Element, resource_type: str, full_url: str | None, record: SentRecord, *, draft: bool
) -> SentResource:
    """The resource with its ``Type/id``, or else the address of its entry, as its source; empty if it has neither."""
    identity = text_of(resource.get("id"))
    address = read_reference(full_url or "")
    alias = address.name
    source = f"{resource_type}/{identity}" if identity else alias
    if full_url and source and alias:
        if address.resource_type is None:
            return SentResource(source, resource_type, resource, draft, aliases=(alias,))
        base = address.server
        if base and base != record.server and (source == alias or unquote(source) == unquote(alias)):
            url = full_url.strip().partition("/_history/")[0].rstrip("/")
            return SentResource(source, resource_type, resource, draft, base, url)
    return SentResource(source, resource_type, resource, draft)


def _numbered(unidentified: list[SentResource]) -> list[SentResource]:
    """Resources without an id, named by type and number in the order of their content. Copies in the record are one
    resource; two equal drafts are two orders."""
    numbered = []
    seen: set[tuple[str, str]] = set()
    counts: dict[str, int] = {}
    for content, item in sorted(
        ((canonical_json(item.resource), item) for item in unidentified), key=lambda pair: (pair[1].draft, pair[0])
    ):
        if not item.draft and content:
            if (item.resource_type, content) in seen:
                continue
            seen.add((item.resource_type, content))
        counts[item.resource_type] = counts.get(item.resource_type, 0) + 1
        numbered.append(replace(item, source=f"{item.resource_type}[{counts[item.resource_type]}]"))
    return numbered


def _may_be_medication(resource_type: str) -> bool:
    """Whether a resource of a type that is not read may tell of a medicine that is taken."""
    return resource_type.strip().lower().startswith(_MEDICATION) and resource_type != _FORMULARY_PAGE
