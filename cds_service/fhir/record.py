"""The resources of one patient's record, each once and with a name, sorted for the reader.

A resource may be sent several times, in overlapping searches and pages. Copies count once; of several versions the
newest counts. Names and order do not depend on the order in which the resources were sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from cds_service.fhir.bundle import BundleEntry, entries_of
from cds_service.fhir.elements import Element, text_of
from cds_service.fhir.references import normalised
from cds_service.fhir.timing import instant_of
from rules.model import Unread

SEVERAL_VERSIONS = "several-versions"
_MEDICATION = "medication"
_FORMULARY_PAGE = "MedicationKnowledge"
# Members that may differ between two copies of one content.
_ENVELOPE = frozenset({"meta", "text"})
# A version number of more digits is none.
_MAX_DIGITS = len("1000000000") - 1


@dataclass(frozen=True, slots=True)
class SentResource:
    """A resource of a type that is read. ``source`` is its name in every output, ``Type/id``."""

    source: str
    resource_type: str
    resource: Element
    draft: bool
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class SentRecord:
    """All that was sent: the resources that are read, their other names, what cannot be read, and what is missing.

    ``aliases``: the sources by the other references that mean them; ``missing``: what was asked for and not supplied,
    or only in part, as ``(what, why)``.
    """

    resources: list[SentResource] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    missing: set[tuple[str, str]] = field(default_factory=set)

    def name_of(self, reference: str) -> str:
        """The source that a reference means, or the reference itself if it is no alias."""
        return self.aliases.get(reference, reference)

    def of_type(self, resource_type: str) -> list[SentResource]:
        """The resources of one type."""
        return [item for item in self.resources if item.resource_type == resource_type]


def record_of(resources: Iterable[object], drafts: Iterable[object], types: frozenset[str]) -> SentRecord:
    """The record and the drafts. Never raises.

    Args:
        resources: the record: what :func:`~cds_service.fhir.bundle.entries_of` takes.
        drafts: the orders being written, in the same forms.
        types: the types of resource that are read. Others are ignored, but for unknown ones that may be medications.
    """
    record = SentRecord()
    by_lower_case = {name.lower(): name for name in types}
    not_resources = unknown = 0
    versions: dict[tuple[bool, str], list[SentResource]] = {}
    unidentified: list[SentResource] = []
    for draft, entry in _entries(record, resources, drafts):
        resource = entry.resource
        resource_type = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource_type, str) or not resource_type:
            not_resources += 1
            continue
        if resource_type not in types:
            spelt = by_lower_case.get(resource_type.strip().lower())
            if spelt is None:
                unknown += _may_be_medication(resource_type)
                continue
            resource_type, resource = spelt, {**resource, "resourceType": spelt}
        source = _source(resource, resource_type, entry.full_url)
        if entry.full_url and source:
            alias = normalised(entry.full_url)
            record.aliases[alias] = min(source, record.aliases.get(alias, source))
        if source:
            versions.setdefault((draft, source), []).append(SentResource(source, resource_type, resource, draft))
        else:
            unidentified.append(SentResource("", resource_type, resource, draft))
    record.resources.extend(_newest(copies, record) for copies in versions.values())
    record.resources.extend(_numbered(unidentified))
    record.resources.sort(key=lambda item: (item.draft, item.source))
    record.unread.extend(
        Unread(f"entry[{number}]", "not an object with a resourceType") for number in range(1, not_resources + 1)
    )
    record.unread.extend(
        Unread(f"Medication...[{number}]", "of a type that this service does not know")
        for number in range(1, unknown + 1)
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


def _canonical_json(resource: Element) -> str:
    """The content of a resource as text, whatever the order of its members; empty if it cannot be written."""
    try:
        return json.dumps(resource, sort_keys=True, default=str)
    except (ValueError, TypeError, RecursionError):
        return ""


def _source(resource: Element, resource_type: str, full_url: str | None) -> str | None:
    identity = text_of(resource.get("id"))
    if identity:
        return f"{resource_type}/{identity}"
    return normalised(full_url) if full_url and full_url.strip() else None


def _numbered(unidentified: list[SentResource]) -> list[SentResource]:
    """Resources without an id, named by type and number in the order of their content. Copies in the record are one
    resource; two equal drafts are two orders."""
    numbered = []
    seen: set[tuple[str, str]] = set()
    counts: dict[str, int] = {}
    for content, item in sorted(
        ((_canonical_json(item.resource), item) for item in unidentified), key=lambda pair: (pair[1].draft, pair[0])
    ):
        if not item.draft and content:
            if (item.resource_type, content) in seen:
                continue
            seen.add((item.resource_type, content))
        counts[item.resource_type] = counts.get(item.resource_type, 0) + 1
        numbered.append(replace(item, source=f"{item.resource_type}[{counts[item.resource_type]}]"))
    return numbered


def _newest(copies: list[SentResource], record: SentRecord) -> SentResource:
    """The version that counts. Where nothing tells which of two contents is newer, the record has one unread."""
    first = copies[0]
    if len(copies) == 1 or all(_have_same_content(first.resource, other.resource) for other in copies[1:]):
        return first
    ranked = sorted(copies, key=lambda item: (_version(item.resource), _canonical_json(item.resource)), reverse=True)
    newest = ranked[0]
    if any(
        _version(item.resource) == _version(newest.resource) and not _have_same_content(item.resource, newest.resource)
        for item in ranked[1:]
    ):
        is_medication = newest.resource_type.lower().startswith(_MEDICATION)
        record.unread.append(
            Unread(newest.source, "sent in versions that differ, and nothing says which is the newer", is_medication)
        )
    return replace(newest, notes=(SEVERAL_VERSIONS,))


def _may_be_medication(resource_type: str) -> bool:
    """Whether a resource of a type that is not read may tell of a medicine that is taken."""
    return resource_type.strip().lower().startswith(_MEDICATION) and resource_type != _FORMULARY_PAGE


def _have_same_content(one: Element, other: Element) -> bool:
    try:
        if one == other:
            return True
        names = (one.keys() | other.keys()) - _ENVELOPE
        return all(one.get(name) == other.get(name) for name in names)
    except RecursionError:  # nested too deeply to compare: not known to be the same
        return False


def _version(resource: Element) -> tuple[object, int]:
    """The last update and the version number of a resource."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return instant_of(None), 0
    number = text_of(meta.get("versionId")) or ""
    is_number = number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS
    return instant_of(meta.get("lastUpdated")), int(number) if is_number else 0
