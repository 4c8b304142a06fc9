"""The resources of one patient's record, each once, each with a name: what the reader walks over.

The same resource may be sent several times (overlapping searches, pages). Copies are one; of several versions the
newest counts. Names and order depend on what was sent, never on the order in which it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from cds_service.fhir.bundle import BundleEntry, entries_of
from cds_service.fhir.dates import instant_of
from cds_service.fhir.elements import Element, text_of
from cds_service.fhir.references import normalised
from rules.model import Unread

SEVERAL_VERSIONS = "several-versions"
_DRUG = "medication"
_KNOWLEDGE = "MedicationKnowledge"  # a page of a formulary
# What may differ between two copies of one content.
_ENVELOPE = frozenset({"meta", "text"})


@dataclass(frozen=True, slots=True)
class Named:
    """A resource of a known type with its name in every output (``Type/id``)."""

    source: str
    kind: str
    resource: Element
    draft: bool
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class SentRecord:
    """All that was sent: resources by type, other names of each, what was no resource, and what is missing."""

    named: list[Named] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    missing: set[tuple[str, str]] = field(default_factory=set)

    def name_of(self, reference: str) -> str:
        """The name of what a reference means: ``Type/id`` where it is known by another name, else as it stands."""
        return self.aliases.get(reference, reference)

    def of_kind(self, kind: str) -> list[Named]:
        """The resources of one type."""
        return [item for item in self.named if item.kind == kind]


def record_of(resources: Iterable[object], drafts: Iterable[object], kinds: frozenset[str]) -> SentRecord:
    """The record and the drafts, of the types in ``kinds``; other resources are left alone. Never raises."""
    record = SentRecord()
    spellings = {kind.lower(): kind for kind in kinds}
    strangers = unknown = 0
    pending: list[tuple[bool, BundleEntry]] = []
    for draft, values, what in ((False, resources, "resources"), (True, drafts, "draftOrders")):
        for value in values:
            if isinstance(value, BundleEntry):
                pending.append((draft, value))
                continue
            supplied = entries_of(value)
            record.missing.update((what, why) for why in supplied.incomplete)
            pending.extend((draft, entry) for entry in supplied.entries)
    versions: dict[tuple[bool, str], list[Named]] = {}
    unidentified: list[Named] = []
    for draft, entry in pending:
        resource = entry.resource
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(resource, dict) or not isinstance(kind, str) or not kind:
            strangers += 1
            continue
        if kind not in kinds:
            spelt = spellings.get(kind.strip().lower())
            if spelt is None:
                unknown += _may_be_drug(kind)
                continue
            kind, resource = spelt, {**resource, "resourceType": spelt}
        source = _name(resource, kind, entry.full_url)
        if entry.full_url and source:
            alias = normalised(entry.full_url)
            record.aliases[alias] = min(source, record.aliases.get(alias, source))
        if source:
            versions.setdefault((draft, source), []).append(Named(source, kind, resource, draft))
        else:
            unidentified.append(Named("", kind, resource, draft))
    record.named.extend(_newest(copies, record) for copies in versions.values())
    record.named.extend(_numbered(unidentified))
    record.named.sort(key=lambda item: (item.draft, item.source))
    record.unread.extend(
        Unread(f"entry[{number}]", "not an object with a resourceType") for number in range(1, strangers + 1)
    )
    record.unread.extend(
        Unread(f"Medication...[{number}]", "of a type that this service does not know")
        for number in range(1, unknown + 1)
    )
    return record


def content_of(resource: Element) -> str:
    """The content of a resource as one text, the same for the same content whatever the order of its members."""
    try:
        return json.dumps(resource, sort_keys=True, default=str)
    except (ValueError, TypeError, RecursionError):
        return ""


def _name(resource: Element, kind: str, full_url: str | None) -> str | None:
    identity = text_of(resource.get("id"))
    if identity:
        return f"{kind}/{identity}"
    return normalised(full_url) if full_url and full_url.strip() else None


def _numbered(unidentified: list[Named]) -> list[Named]:
    """Resources without an id, named by type and number; the number follows from the content. Copies in the record are
    one; two drafts alike are two orders."""
    found = []
    seen: set[tuple[str, str]] = set()
    counts: dict[str, int] = {}
    for content, item in sorted(
        ((content_of(item.resource), item) for item in unidentified), key=lambda pair: (pair[1].draft, pair[0])
    ):
        if not item.draft and content:
            if (item.kind, content) in seen:
                continue
            seen.add((item.kind, content))
        counts[item.kind] = counts.get(item.kind, 0) + 1
        found.append(Named(f"{item.kind}[{counts[item.kind]}]", item.kind, item.resource, item.draft))
    return found


def _newest(copies: list[Named], record: SentRecord) -> Named:
    """The one version that counts. If nothing tells which of two contents is newer, the other is reported unread."""
    first = copies[0]
    if len(copies) == 1 or all(_same(first.resource, other.resource) for other in copies[1:]):
        return first
    ranked = sorted(copies, key=lambda item: (_version(item.resource), content_of(item.resource)), reverse=True)
    newest = ranked[0]
    rivals = [
        item
        for item in ranked[1:]
        if _version(item.resource) == _version(newest.resource) and not _same(item.resource, newest.resource)
    ]
    if rivals:
        record.unread.append(
            Unread(newest.source, "sent in versions that differ, and nothing says which is the newer", _is_drug(newest))
        )
    return Named(newest.source, newest.kind, newest.resource, newest.draft, (SEVERAL_VERSIONS,))


def _may_be_drug(kind: str) -> bool:
    """Whether a resource of a type that is not read may tell of a medicine that is taken."""
    return kind.strip().lower().startswith(_DRUG) and kind != _KNOWLEDGE


def _is_drug(item: Named) -> bool:
    return item.kind.lower().startswith(_DRUG)


def _same(one: Element, other: Element) -> bool:
    try:
        if one == other:
            return True
        names = (one.keys() | other.keys()) - _ENVELOPE
        return all(one.get(name) == other.get(name) for name in names)
    except RecursionError:  # nested too deeply to compare: not known to be the same
        return False


def _version(resource: Element) -> tuple[object, int]:
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return instant_of(None), 0
    number = text_of(meta.get("versionId")) or ""
    is_number = number.isascii() and number.isdecimal() and len(number) < len("1000000000")
    return instant_of(meta.get("lastUpdated")), int(number) if is_number else 0
