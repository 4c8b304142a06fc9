"""Is every record of a medication that was sent named in the answer, whatever was changed on the way?

Fixtures are mutated: members are dropped, replaced, wrapped, doubled or moved, at random places. Every record that
still stands where records belong must be in the assessment: in the load, beside it, not counted, not relevant, unread.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.app import create_app
from cds_service.commands.input_file import UnreadableFileError, patient_in, read_file
from cds_service.config import Settings
from cds_service.services import PREFETCH
from fhir_fixtures import quirks, stories
from rules import assess, load_knowledge

KINDS = frozenset(
    (
        *("medicationrequest", "medicationorder", "medicationprescription", "medicationstatement"),
        *("medicationusage", "medicationdispense", "medicationadministration"),
    )
)
KNOWLEDGE = load_knowledge()
SETTINGS = Settings()
DRAFTS = ("draftOrders", "medications", "orders")
# Deeper than this nothing is opened; a mutation nests by far less.
DEEP = 12


def documents() -> list[tuple[str, Any, Any]]:
    """Every fixture that is JSON, as ``(name, day, document)``."""
    found = [(story.slug, story.on, story.request or story.patient) for story in stories()]
    for quirk in quirks():
        if "unreadable" not in quirk.expect:
            found.append((quirk.slug, quirk.on, json.loads(quirk.sent)))
    return found


DOCUMENTS = documents()
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "x", "2026-11-02", "Patient/p", "MedicationRequest", "Bundle", 1e40, "1 tablet"])
)
NAMES = st.sampled_from(["resource", "entry", "reference", "coding", "value", "text"])
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value below its root."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def bent(draw: st.DrawFn) -> tuple[Any, Any]:
    """A fixture with up to four mutations, and its day."""
    _, on, original = draw(st.sampled_from(DOCUMENTS))
    document = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 4))):
        open_places = list(places(document))
        if not open_places:
            break
        *path, key = draw(st.sampled_from(open_places))
        holder = document
        for step in path:
            holder = holder[step]
        how = draw(st.sampled_from(["drop", "replace", "list", "object", "wrap", "double", "move"]))
        if how == "drop":
            del holder[key]
        elif how == "replace":
            holder[key] = draw(VALUES)
        elif how == "list":
            holder[key] = [holder[key]]
        elif how == "object":
            holder[key] = holder[key][0] if isinstance(holder[key], list) and holder[key] else {"value": holder[key]}
        elif how == "wrap":
            holder[key] = {"resource": holder[key]}
        elif how == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif how == "double":
            holder[draw(st.sampled_from(["reference", "dosage", "entry", "medication"]))] = copy.deepcopy(holder[key])
        else:
            other = draw(st.sampled_from(open_places))
            inner = original
            try:
                for step in other:
                    inner = inner[step]
            except (KeyError, IndexError, TypeError):
                continue
            holder[key] = copy.deepcopy(inner)
    return on, document


def records(value: Any, depth: int = 0, url: object = None) -> Iterator[tuple[object, dict[str, Any]]]:
    """The records of medications that stand where records belong, in Bundles, lists and wrappers, with their URLs."""
    if depth > DEEP:
        return
    if isinstance(value, list):
        for item in value:
            yield from records(item, depth + 1)
    elif isinstance(value, dict):
        kind = value.get("resourceType")
        if kind == "Bundle" or (kind is None and "entry" in value):
            inner = value.get("entry")
            for item in inner if isinstance(inner, list) else [inner]:
                yield from records(item, depth + 1)
        elif kind is None and ("resource" in value or "response" in value):
            yield from records(value.get("resource"), depth + 1, value.get("fullUrl"))
        elif isinstance(kind, str) and kind.strip().lower() in KINDS:
            yield url, value


def sent(document: Any) -> Iterator[tuple[object, dict[str, Any]]]:
    """The records that a document sends, on record or as drafts."""
    if not (isinstance(document, dict) and "hook" in document and "resourceType" not in document):
        yield from records(document)
        return
    context = document.get("context")
    prefetch = document.get("prefetch")
    if not isinstance(prefetch, dict):
        prefetch = context.get("prefetch") if isinstance(context, dict) else None
    for key in PREFETCH if isinstance(prefetch, dict) else ():
        yield from records(prefetch.get(key))
    if isinstance(context, dict):
        yield from records(next((context[name] for name in DRAFTS if context.get(name) is not None), None))


def accounted(document: Any, sources: list[str], not_relevant: int) -> None:
    """Assert that the sources of the assessment name every record, but for those that are counted as not relevant.

    A record without an id is named by the URL of its entry, which may be the name of another record, or else by the
    reader, by a name that no other record has.
    """
    named, unidentified = set(), False
    by_url = False
    for url, one in sent(document):
        identity = one.get("id")
        if isinstance(identity, str) and identity.strip():
            named.add(lowered(f"{one['resourceType']}/{identity.strip()}"))
        elif isinstance(identity, int) and not isinstance(identity, bool):
            named.add(lowered(f"{one['resourceType']}/{identity}"))
        elif isinstance(url, str) and url.strip():
            by_url = True
        else:
            unidentified = True
    names = {lowered(source) for source in sources}
    silent = len(named - names) + (unidentified and not names - named) + (by_url and not names)
    assert silent <= not_relevant, (sorted(named - names), sorted(names - named), not_relevant)


def lowered(source: str) -> str:
    """A source with its type in lower case: the reader accepts any case."""
    kind, slash, rest = source.partition("/")
    return f"{kind.strip().lower()}{slash}{rest}"


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(bent())
def test_nothing_that_was_sent_vanishes(drawn: tuple[Any, Any]) -> None:
    on, document = drawn
    try:
        content = read_file(json.dumps(document).encode())
    except UnreadableFileError:
        return  # the whole file is refused, with an error
    patient = patient_in(content, SETTINGS)
    found = assess(patient, KNOWLEDGE, on, at_discharge=content.hook == "encounter-discharge")
    sources = [line.source for line in found.lines] + [line.source for line in patient.unread]
    accounted(document, sources, found.not_relevant)


@pytest.fixture(scope="module")
def http() -> FlaskClient:
    return create_app().test_client()


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(bent())
def test_the_service_answers_or_refuses(http: FlaskClient, drawn: tuple[Any, Any]) -> None:
    _, document = drawn
    hook = document.get("hook") if isinstance(document, dict) else None
    service = f"benzo-{hook}" if isinstance(hook, str) and hook.isascii() and hook.replace("-", "").isalpha() else ""
    response = http.post(f"/cds-services/{service or 'benzo-order-sign'}", json=document)
    assert response.status_code in (200, 400, 404, 412)


def test_the_account_can_fail() -> None:
    """Can the assertion fail? A record is left out of the sources."""
    _, _, document = next(one for one in DOCUMENTS if one[0] == "25-draft-beside-active-order")
    accounted(document, ["MedicationRequest/m1", "MedicationRequest/d1"], 0)
    with pytest.raises(AssertionError):
        accounted(document, ["MedicationRequest/d1"], 0)
