"""Which resources that were sent are one record, and what each is called.

A record is its base (the address of its server), its type and its id. The same id on two servers, or with another
product, is another record. Copies are one; of several versions the newest counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from cds_service.fhir.datatypes import codings_of, concept_text
from cds_service.fhir.elements import Element, NotReadableError, code_of, list_of, text_of
from cds_service.fhir.references import reference_of
from cds_service.fhir.timing import instant_of
from rules.model import Unread

SEVERAL_VERSIONS = "several-versions"
VERSION_UNSURE = "version-unsure"
SAME_ID = "same-id"
_MEDICATION = "medication"
_CONDITION = "Condition"
# The statuses in which a record says that the medication is not, or no longer, taken.
_OVER = frozenset(
    {"stopped", "cancelled", "completed", "ended", "on-hold", "entered-in-error", "not-taken", "declined"}
)
# The members that name the product of an order, or of a Medication.
_PRODUCTS = ("medicationCodeableConcept", "medicationReference", "medication", "code")
_REFERENCES = frozenset({"medicationReference", "medication"})
# Members that may differ between two copies of one content.
_ENVELOPE = frozenset({"meta", "text"})
# A version number of more digits is none.
_MAX_DIGITS = len("1000000000") - 1


@dataclass(frozen=True, slots=True)
class SentResource:
    """A resource of a type that is read.

    ``source`` is its name in every output, ``Type/id`` where no other record has that; ``base`` the address of its
    server, empty for the server of the call and where it is not known; ``url`` its own address, if it has one;
    ``aliases`` the addresses of its entries that are no ``Type/id``, such as a urn.
    """

    source: str
    resource_type: str
    resource: Element
    draft: bool
    base: str = ""
    url: str = ""
    aliases: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and its ``Type/id``, which several records may have."""
        identity = text_of(self.resource.get("id"))
        return (self.source, f"{self.resource_type}/{identity}") if identity else (self.source,)

    @property
    def is_medication(self) -> bool:
        """Whether it may tell of a medicine."""
        return self.resource_type.lower().startswith(_MEDICATION)


def told_apart(sent: list[SentResource], unread: list[Unread], *, server_known: bool) -> list[SentResource]:
    """The records among resources of one ``Type/id``, each once.

    Their names differ, but for a draft, which has the name of the record that it may be. What cannot be told apart for
    certain is noted (:data:`SAME_ID`); versions that nothing orders are reported as ``unread``.

    Args:
        sent: the resources.
        unread: what could not be read, which is added to.
        server_known: whether the address of the server of the call is known, so that a resource without one is of it.
    """
    if len(sent) == 1:
        return sent
    copies = _without_copies(sent)
    bases = {item.base for item in copies}
    several = len(bases) > 1 and (server_known or len(bases - {""}) > 1)
    by_name: dict[str, list[SentResource]] = {}
    for item in copies:
        name = item.url if several and item.base else item.source
        by_name.setdefault(name, []).append(item)
    records = [record for name, items in by_name.items() for record in _of_one_server(name, items, unread)]
    if several and not server_known:  # what has no address may be of any of these servers
        records = [item if item.base else _noted(item, SAME_ID) for item in records]
    return records


def _of_one_server(name: str, items: list[SentResource], unread: list[Unread]) -> Iterator[SentResource]:
    """The records of one id on one server: several where their products differ."""
    products = sorted(_by_product(items), key=lambda alike: min(map(_content_of, alike)))
    several = any(sum(any(item.draft is draft for item in alike) for alike in products) > 1 for draft in (False, True))
    for number, alike in enumerate(products, 1):
        own = f"{name}[{number}]" if several else name
        for draft in (False, True):
            versions = [replace(item, source=own) for item in alike if item.draft is draft]
            if versions:
                for newest in _newest(versions, unread):
                    yield _noted(newest, SAME_ID) if several else newest


def _by_product(items: list[SentResource]) -> list[list[SentResource]]:
    """The resources by product: those with a code, a name or a reference in common. Only of medications."""
    if len(items) == 1 or not items[0].is_medication:
        return [items]
    parent = list(range(len(items)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = index = parent[parent[index]]
        return index

    first: dict[str, int] = {}
    for index, item in enumerate(items):
        for name in product_names(item.resource):
            parent[root(index)] = root(first.setdefault(name, index))
    products: dict[int, list[SentResource]] = {}
    for index, item in enumerate(items):
        products.setdefault(root(index), []).append(item)
    return list(products.values())


def product_names(resource: Element) -> frozenset[str]:
    """What the product of an order or a Medication is called: codes of known systems, names, references."""
    names: set[str] = set()
    for member in _PRODUCTS:
        for value in list_of(resource.get(member)):
            inner = value.get("concept", value) if isinstance(value, dict) else value
            names.update(_concept_names(inner))
            inner = value.get("reference") if isinstance(value, dict) else None
            reference = reference_of(inner if isinstance(inner, dict) else value) if inner else None
            if reference is None:
                continue
            if not reference.startswith("#"):
                names.add(reference)
                continue
            for contained in list_of(resource.get("contained")):
                if isinstance(contained, dict) and f"#{contained.get('id')}" == reference:
                    names.update(_concept_names(contained.get("code")))
    return frozenset(names or {""})


def _concept_names(concept: object) -> Iterator[str]:
    try:
        codings, text = codings_of(concept), concept_text(concept)
    except NotReadableError:
        return
    for words in (text, *(coding.display for coding in codings)):
        if words:
            yield " ".join(words.lower().split())
    for coding in codings:
        if coding.system and coding.code:
            yield f"{coding.system} {coding.code}"


def _without_copies(items: list[SentResource]) -> list[SentResource]:
    """Each content once, as a draft and as a record, whatever the address; one without an address is kept first. One
    that refers to its product means that of its own server."""
    kept: dict[tuple[object, ...], SentResource] = {}
    for item in sorted(items, key=lambda item: (item.base, item.url, _content_of(item))):
        base = item.base if item.resource.keys() & _REFERENCES else ""
        content = (item.draft, base, _essence(item))
        first = kept.get(content)
        kept[content] = item if first is None else replace(first, aliases=(*first.aliases, *item.aliases))
    return list(kept.values())


def _essence(item: SentResource) -> object:
    """The content of a resource without what may differ between copies; the resource itself if it cannot be written."""
    content = canonical_json({name: value for name, value in item.resource.items() if name not in _ENVELOPE})
    return content or id(item.resource)


def _newest(versions: list[SentResource], unread: list[Unread]) -> Iterator[SentResource]:
    """The version that counts.

    Where nothing tells which of two contents is newer, that is reported as unread. Of a medication the one that stands
    counts then; of a condition both do, each noted: as a hazard the one that stands is believed.
    """
    if len(versions) == 1:
        yield versions[0]
        return
    rank = _order_of(versions)
    ranked = sorted(versions, key=lambda item: (rank(item), _stands(item), canonical_json(item.resource)), reverse=True)
    newest = [item for item in ranked if rank(item) == rank(ranked[0])]
    if len(newest) > 1:
        why = "sent in versions that differ, and nothing says which is the newer"
        unread.append(Unread(newest[0].source, why, newest[0].is_medication))
    if newest[0].resource_type != _CONDITION:
        del newest[1:]
    aliases = tuple(dict.fromkeys(alias for item in ranked for alias in item.aliases))
    note = SEVERAL_VERSIONS if len(newest) == 1 else VERSION_UNSURE
    yield from (_noted(replace(item, aliases=aliases), note) for item in newest)


def _order_of(versions: list[SentResource]) -> Callable[[SentResource], tuple[object, ...]]:
    """What orders versions: what all of them have, their last update, their version number, or both; or nothing."""
    known = [_version(item.resource) for item in versions]
    parts = [part for part in range(2) if all(version[part] is not None for version in known)]
    return lambda item: tuple(_version(item.resource)[part] for part in parts)


def _stands(item: SentResource) -> bool:
    return code_of(item.resource.get("status")) not in _OVER


def _noted(item: SentResource, note: str) -> SentResource:
    return replace(item, notes=(*item.notes, note))


def _content_of(item: SentResource) -> tuple[str, bool]:
    return canonical_json(item.resource), item.draft


def canonical_json(resource: Element) -> str:
    """The content of a resource as text, whatever the order of its members; empty if it cannot be written."""
    try:
        return json.dumps(resource, sort_keys=True, default=str)
    except (ValueError, TypeError, RecursionError):
        return ""


def _version(resource: Element) -> tuple[datetime | None, int | None]:
    """The last update and the version number of a resource, None where it has none that can be read."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return None, None
    number = text_of(meta.get("versionId")) or ""
    is_number = number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS
    return instant_of(meta.get("lastUpdated")), int(number) if is_number else None
