"""In which Bundles, lists and wrappers the resources come."""

from __future__ import annotations

from typing import Any

from harmless import harmless
from harmless.sent import Sent

_REQUESTS = "medicationRequests"


def _outcome(severity: str, code: str) -> dict[str, Any]:
    issue = {"severity": severity, "code": code, "diagnostics": "Told by the server."}
    return {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome", "issue": [issue]}}


@harmless()
def bundle_split(sent: Sent) -> None:
    """Two Bundles hold what one did."""
    bundle = sent.bundle(_REQUESTS)
    if bundle is not None:
        entries = bundle.get("entry", [])
        half = len(entries) // 2
        sent.prefetch[_REQUESTS] = [
            {"resourceType": "Bundle", "type": "searchset", "entry": part}
            for part in (entries[:half], entries[half:])
            if part
        ]


@harmless()
def bundle_within_a_bundle(sent: Sent) -> None:
    """A batch answers with one Bundle for each search."""
    bundle = sent.bundle(_REQUESTS)
    if bundle is not None:
        answer = {"resource": bundle, "response": {"status": "200 OK"}}
        sent.prefetch[_REQUESTS] = {"resourceType": "Bundle", "type": "batch-response", "entry": [answer]}


@harmless()
def list_for_bundle(sent: Sent) -> None:
    """A list of the resources."""
    bundle = sent.bundle(_REQUESTS)
    if bundle is not None and not any("urn:" in str(entry.get("fullUrl")) for entry in bundle.get("entry", [])):
        sent.prefetch[_REQUESTS] = [entry["resource"] for entry in bundle.get("entry", []) if "resource" in entry]


@harmless()
def bundle_in_the_old_wrapper(sent: Sent) -> None:
    """The wrapper of CDS Hooks before 1.0."""
    bundle = sent.bundle(_REQUESTS)
    if bundle is not None:
        sent.prefetch[_REQUESTS] = {"response": {"status": "200 OK"}, "resource": bundle}


@harmless()
def bundle_of_another_type(sent: Sent) -> None:
    """What kind of Bundle it is changes nothing in it."""
    for bundle in sent.bundles():
        bundle["type"] = sent.picked("collection", "searchset", "batch", "history", "")
        bundle.pop("total", None)


@harmless()
def server_warns(sent: Sent) -> None:
    """A server's remark on a search takes nothing from what it found."""
    bundle = sent.bundle(_REQUESTS)
    if bundle is not None:
        severity, code = sent.picked(
            ("warning", "processing"), ("information", "informational"), ("warning", "not-supported")
        )
        bundle.setdefault("entry", []).insert(sent.picked(0, len(bundle.get("entry", []))), _outcome(severity, code))


@harmless()
def server_says_incomplete(sent: Sent) -> None:
    """Results that a server calls incomplete are results."""
    bundle = sent.bundle(_REQUESTS)
    if bundle is not None:
        code = sent.picked("incomplete", "timeout", "suppressed", "throttled")
        bundle.setdefault("entry", []).append(_outcome("warning", code))


@harmless()
def next_page_not_sent(sent: Sent) -> None:
    """Of a search in pages the first is a result."""
    bundle = sent.bundle(_REQUESTS)
    if bundle is not None:
        bundle["link"] = [{"relation": "next", "url": "https://ehr.example/r4/MedicationRequest?page=2"}]


@harmless()
def entries_in_another_order(sent: Sent) -> None:
    """The order of entries says nothing."""
    for bundle in sent.bundles():
        bundle.get("entry", []).reverse()


@harmless()
def entries_twice(sent: Sent) -> None:
    """A resource that is sent twice is one."""
    for bundle in sent.bundles():
        if all(entry.get("resource", {}).get("id") for entry in bundle.get("entry", [])):
            bundle["entry"] = [*bundle.get("entry", []), *bundle.get("entry", [])]
            bundle.pop("total", None)


@harmless()
def entries_without_search_mode(sent: Sent) -> None:
    """Why an entry is in the Bundle changes nothing in it."""
    for bundle in sent.bundles():
        for entry in bundle.get("entry", []):
            mode = sent.picked(None, "include", "MATCH")
            entry.pop("search", None)
            if mode is not None:
                entry["search"] = {"mode": mode}


@harmless()
def drafts_as_a_list(sent: Sent) -> None:
    """A list of the drafts."""
    context, entries = sent.body["context"], sent.entries("draftOrders")
    if entries and "draftOrders" in context and not any("urn:" in str(entry.get("fullUrl")) for entry in entries):
        context["draftOrders"] = [entry["resource"] for entry in entries if "resource" in entry]


@harmless()
def statements_among_the_orders(sent: Sent) -> None:
    """Under which key a record was fetched says nothing."""
    for key in ("medicationStatements", "medicationDispenses"):
        entries = sent.entries(key)
        if entries and sent.bundle(_REQUESTS) is not None:
            sent.add(_REQUESTS, *(entry["resource"] for entry in entries if "resource" in entry))
            sent.prefetch[key] = None


@harmless()
def empty_for_none(sent: Sent) -> None:
    """An empty Bundle is no data, as null is."""
    for key in ("medicationStatements", "medicationDispenses"):
        if sent.prefetch.get(key, ...) is None:
            sent.prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "total": 0}


@harmless()
def unknown_members(sent: Sent) -> None:
    """Members that FHIR does not know are not read."""
    for order in sent.orders():
        order["vendorNote"] = {"text": "draft"}
        order["extension"] = [*order.get("extension", []), {"url": "https://ehr.example/x", "valueString": "Topical"}]
    sent.prefetch["vendorData"] = {"resourceType": "Bundle", "type": "collection", "entry": []}
