"""What becomes of whatever a FHIR server answers: statuses, headers, broken bodies, pages, odd Bundles?

The answers are set with ``responses``, without a socket. What crosses a socket (time limits, slow bodies, busy servers
that are asked again, redirects, foreign addresses) stands in ``test_live.py``.
"""

from __future__ import annotations

import gzip
import itertools
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import responses
from ehr import DAY, assessment, lorazepam, order, sign
from requests import ConnectionError as NoConnection
from requests import ReadTimeout

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.config.limits import FetchLimits
from cds_service.fhir.bundle import DataStatus, Gap, SuppliedData
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient
from cds_service.fhir_client.failures import FetchFailure
from cds_service.fhir_client.pages import all_pages

BASE = "https://ehr.example/fhir"
QUERY = "MedicationRequest?patient=p1"
SEARCH = f"{BASE}/{QUERY}"
OXYCODONE = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
LIMITS = FetchLimits(deadline=5, connect=0.01, pages=5, bytes=20_000, entries=50)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def page(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]} | more


def to(address: str) -> dict[str, Any]:
    return {"link": [{"relation": "self", "url": SEARCH}, {"relation": "next", "url": address}]}


def read(deadline: Deadline | None = None) -> object:
    client = FhirClient(BASE, private=True, limits=LIMITS)
    return client.read(QUERY, "secret", deadline or Deadline(time.monotonic() + 30))


def failure(deadline: Deadline | None = None) -> FetchFailure:
    with pytest.raises(FetchError) as refused:
        read(deadline)
    return refused.value.failure


def search() -> SuppliedData:
    client = FhirClient(BASE, private=True, limits=LIMITS)
    return all_pages(client, "secret", Deadline(time.monotonic() + 30), QUERY)


def names(data: SuppliedData) -> list[str]:
    return [each.get("id", "?") if isinstance(each, dict) else repr(each) for each in data.resources]


# -- statuses

WHOLE = json.dumps(page(OXYCODONE)).encode()
STATUSES = {
    201: FetchFailure.NOT_FHIR,
    202: FetchFailure.NOT_FHIR,
    204: FetchFailure.NOT_FHIR,
    205: FetchFailure.NOT_FHIR,
    206: FetchFailure.NOT_FHIR,
    207: FetchFailure.NOT_FHIR,
    300: FetchFailure.NOT_FHIR,
    301: FetchFailure.REDIRECTED,
    302: FetchFailure.REDIRECTED,
    303: FetchFailure.REDIRECTED,
    304: FetchFailure.NOT_FHIR,
    307: FetchFailure.REDIRECTED,
    308: FetchFailure.REDIRECTED,
    400: FetchFailure.REFUSED,
    401: FetchFailure.NOT_ADMITTED,
    403: FetchFailure.NOT_ALLOWED,
    404: FetchFailure.NOT_FOUND,
    405: FetchFailure.REFUSED,
    406: FetchFailure.REFUSED,
    408: FetchFailure.REFUSED,
    410: FetchFailure.NOT_FOUND,
    412: FetchFailure.REFUSED,
    422: FetchFailure.REFUSED,
    451: FetchFailure.REFUSED,
    500: FetchFailure.FAILED,
    501: FetchFailure.FAILED,
    502: FetchFailure.FAILED,
    504: FetchFailure.FAILED,
    599: FetchFailure.FAILED,
}


@pytest.mark.parametrize("status", [200, 203])
def test_a_status_with_a_whole_resource_is_read(web: responses.RequestsMock, status: int) -> None:
    web.get(SEARCH, body=WHOLE, status=status)
    assert read() == page(OXYCODONE)


ANSWERS = {"bundle": WHOLE, "outcome": json.dumps(OUTCOME).encode(), "no body": b"", "html": b"<html>"}
WITHOUT_A_BODY = (204, 304)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (status, answer)
        for status in STATUSES
        for answer in ANSWERS
        if status not in WITHOUT_A_BODY or not ANSWERS[answer]
    ],
)
def test_no_other_status_is_read_whatever_its_body(web: responses.RequestsMock, status: int, answer: str) -> None:
    """Part of a resource (206), one that has not changed (304) or an error is never taken for the record."""
    web.get(SEARCH, body=ANSWERS[answer], status=status, headers={"Location": "https://foreign.example/"})
    assert failure() is STATUSES[status]
    assert len(web.calls) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry", [None, "0", "", "-1", "0.001", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "１"])
def test_a_busy_server_is_asked_again(web: responses.RequestsMock, status: int, retry: str | None) -> None:
    web.get(SEARCH, status=status, headers={} if retry is None else {"Retry-After": retry})
    web.get(SEARCH, json=page(OXYCODONE))
    assert read() == page(OXYCODONE)
    assert len(web.calls) == 2


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry", ["60", "9" * 400])
def test_a_busy_server_that_asks_for_more_time_than_there_is_is_left(
    web: responses.RequestsMock, status: int, retry: str
) -> None:
    web.get(SEARCH, status=status, headers={"Retry-After": retry})
    assert failure() is FetchFailure.BUSY
    assert len(web.calls) == 1


def test_a_server_that_stays_busy_is_left_when_the_time_is_over(web: responses.RequestsMock) -> None:
    web.get(SEARCH, status=503)
    ticks = itertools.count()
    assert failure(Deadline(0.05, lambda: next(ticks) / 1000)) is FetchFailure.BUSY
    assert len(web.calls) > 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoConnection(), FetchFailure.NOT_REACHED),
        (ReadTimeout(), FetchFailure.NOT_IN_TIME),
        (ValueError(), FetchFailure.NOT_REACHED),
    ],
)
def test_a_server_that_does_not_answer(web: responses.RequestsMock, error: Exception, expected: FetchFailure) -> None:
    web.get(SEARCH, body=error)
    assert failure() is expected


# -- what is asked


def test_what_is_asked(web: responses.RequestsMock) -> None:
    web.get(SEARCH, json=page())
    read()
    sent = web.calls[0].request
    assert sent.url == SEARCH
    assert sent.headers["Authorization"] == "Bearer secret"
    assert sent.headers["Accept"] == "application/fhir+json, application/json;q=0.9"
    assert not {"Cookie", "If-None-Match", "Range"} & set(sent.headers)


# -- headers


@pytest.mark.parametrize(
    "content_type",
    [
        "application/fhir+json",
        "application/json",
        "application/fhir+json;charset=utf-8",
        "application/fhir+json; fhirVersion=4.0",
        "application/json+fhir",
        "APPLICATION/JSON",
        "text/json",
        "text/html",
        "text/plain",
        "application/octet-stream",
        "",
        "nonsense",
    ],
)
def test_a_resource_is_read_whatever_it_is_declared_to_be(web: responses.RequestsMock, content_type: str) -> None:
    web.get(SEARCH, body=WHOLE, content_type=content_type)
    assert read() == page(OXYCODONE)


@pytest.mark.parametrize("content_type", ["text/html", "application/fhir+json", "application/fhir+xml"])
@pytest.mark.parametrize("body", [b"<html>Log in</html>", b"<Bundle xmlns='http://hl7.org/fhir'/>", b"Log in", b"\x00"])
def test_what_is_no_json_is_not_read_whatever_it_is_declared_to_be(
    web: responses.RequestsMock, content_type: str, body: bytes
) -> None:
    web.get(SEARCH, body=body, content_type=content_type)
    assert failure() is FetchFailure.NOT_FHIR


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(WHOLE)),
        ("deflate", zlib.compress(WHOLE)),
        ("x-gzip", gzip.compress(WHOLE)),
        ("identity", WHOLE),
    ],
)
def test_a_compressed_resource_is_read(web: responses.RequestsMock, encoding: str, body: bytes) -> None:
    web.get(SEARCH, body=body, headers={"Content-Encoding": encoding})
    assert read() == page(OXYCODONE)


@pytest.mark.parametrize(
    "body", [WHOLE, gzip.compress(WHOLE)[:-40], b"\x1f\x8b" + b"x" * 100], ids=["not compressed", "cut", "nonsense"]
)
def test_a_resource_that_cannot_be_decompressed_is_not_read(web: responses.RequestsMock, body: bytes) -> None:
    web.get(SEARCH, body=body, headers={"Content-Encoding": "gzip"})
    assert failure() in (FetchFailure.BROKE_OFF, FetchFailure.NOT_FHIR)


def test_a_resource_compressed_by_an_unknown_method_is_not_read(web: responses.RequestsMock) -> None:
    web.get(SEARCH, body=b"\x28\xb5\x2f\xfd" + b"x" * 100, headers={"Content-Encoding": "marigold"})
    assert failure() is FetchFailure.NOT_FHIR


def test_a_bomb_is_not_read(web: responses.RequestsMock) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    web.get(SEARCH, body=bomb, headers={"Content-Encoding": "gzip"})
    assert failure() is FetchFailure.TOO_LARGE


def test_a_body_shorter_than_it_is_declared_is_not_read(web: responses.RequestsMock) -> None:
    web.get(SEARCH, body=WHOLE, headers={"Content-Length": str(len(WHOLE) + 10)}, auto_calculate_content_length=False)
    assert failure() is FetchFailure.BROKE_OFF


# -- bodies

TEXT = WHOLE.decode()
BODIES = {
    "empty": b"",
    "spaces": b"  \n",
    "cut in a text": WHOLE[: len(WHOLE) // 2],
    "cut before the last brace": WHOLE[:-1],
    "two values": WHOLE + WHOLE,
    "more behind": WHOLE + b"<!-- -->",
    "a comma too many": TEXT.replace('"entry": [', '"entry": [,').encode(),
    "single quotes": TEXT.replace('"', "'").encode(),
    "a comment": b"/* */" + WHOLE,
    "NaN": TEXT.replace('"value": 1', '"value": NaN').encode(),
    "Infinity": TEXT.replace('"value": 1', '"value": Infinity').encode(),
    "a member twice": TEXT.replace('"status": "active"', '"status": "active", "status": "stopped"').encode(),
    "the entries twice": TEXT.replace('"entry": ', '"entry": [], "entry": ').encode(),
    "a member twice by an escape": TEXT.replace(
        '"status": "active"', '"status": "active", "st\\u0061tus": "stopped"'
    ).encode(),
    "UTF-16": TEXT.encode("utf-16"),
    "latin 1": TEXT.replace("oxycodone", "oxycodoné").encode("latin-1"),
    "a lone surrogate": TEXT.replace("oxycodone", "\\ud800").encode(),
    "a surrogate in UTF-8": WHOLE.replace(b"oxycodone", b"\xed\xa0\x80"),
    "deep": b'{"resourceType": "Bundle", "entry": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "null": b"null",
    "a list": b"[" + WHOLE + b"]",
    "a text": b'"Bundle"',
    "a number": b"1",
    "no type": b'{"entry": []}',
    "a type that is no text": b'{"resourceType": ["Bundle"]}',
    "an error of another kind": b'{"error": "unauthorized"}',
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_no_whole_resource_is_not_read(web: responses.RequestsMock, case: str) -> None:
    assert BODIES[case] != WHOLE
    web.get(SEARCH, body=BODIES[case])
    assert failure() is FetchFailure.NOT_FHIR


def test_a_byte_order_mark_is_no_part_of_a_resource(web: responses.RequestsMock) -> None:
    web.get(SEARCH, body=b"\xef\xbb\xbf" + WHOLE)
    assert read() == page(OXYCODONE)


@pytest.mark.parametrize("over", [0, 1])
def test_a_resource_is_read_up_to_its_largest_size(web: responses.RequestsMock, over: int) -> None:
    body = WHOLE + b" " * (LIMITS.bytes - len(WHOLE) + over)
    web.get(SEARCH, body=body)
    if over:
        assert failure() is FetchFailure.TOO_LARGE
    else:
        assert read() == page(OXYCODONE)


# -- Bundles


@dataclass(frozen=True)
class Found:
    """What a first page comes to."""

    status: DataStatus = DataStatus.DATA
    ids: list[str] = field(default_factory=lambda: ["oxy"])
    incomplete: tuple[str, ...] = ()


NOTHING = Found(DataStatus.NO_DATA, [])


def entry(resource: Any, mode: str | None = None) -> dict[str, Any]:
    return {"resource": resource} | ({} if mode is None else {"search": {"mode": mode}})


def issue(severity: str, code: str) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


MEDICATION = {"resourceType": "Medication", "id": "m1", "code": {"text": "oxycodone"}}
BUNDLES = {
    "a searchset": (page(OXYCODONE), Found()),
    "an empty searchset": (page(total=0), NOTHING),
    "without entries": ({"resourceType": "Bundle", "type": "searchset"}, NOTHING),
    "entries null": (page(entry=None), NOTHING),
    "another type of Bundle": (page(OXYCODONE, type="collection"), Found()),
    "no type of Bundle": (page(OXYCODONE, type=None), Found()),
    "answers of a batch": (page(entry=[{"response": {"status": "200 OK"}, "resource": page(OXYCODONE)}]), Found()),
    "a batch of which one failed": (
        page(entry=[entry(OXYCODONE), {"response": {"status": "500"}}]),
        Found(incomplete=(Gap.PART_FAILED,)),
    ),
    "a total that is more": (page(OXYCODONE, total=2), Found(incomplete=(Gap.FEWER_THAN_TOTAL,))),
    "a total that is less": (page(OXYCODONE, total=0), Found()),
    "a total that is no number": (page(OXYCODONE, total="many"), Found()),
    "an entry without a resource": (
        page(entry=[entry(OXYCODONE), {"fullUrl": "x"}]),
        Found(ids=["oxy", "?"], incomplete=(Gap.EMPTY_ENTRY,)),
    ),
    "an entry with an empty resource": (
        page(entry=[entry(OXYCODONE), entry({})]),
        Found(incomplete=(Gap.EMPTY_ENTRY,)),
    ),
    "an entry null": (page(entry=[entry(OXYCODONE), None]), Found(incomplete=(Gap.EMPTY_ENTRY,))),
    "an included Medication": (
        page(entry=[entry(OXYCODONE, "match"), entry(MEDICATION, "include")], total=1),
        Found(ids=["oxy", "m1"]),
    ),
    "an included Medication and one too few": (
        page(entry=[entry(OXYCODONE, "match"), entry(MEDICATION, "include")], total=2),
        Found(ids=["oxy", "m1"], incomplete=(Gap.FEWER_THAN_TOTAL,)),
    ),
    "a hint beside the results": (
        page(entry=[entry(OXYCODONE), entry(issue("information", "informational"), "outcome")], total=1),
        Found(),
    ),
    "a warning that nothing was found": (
        page(entry=[entry(issue("warning", "not-found"), "outcome")], total=0),
        NOTHING,
    ),
    "a warning that some were withheld": (
        page(entry=[entry(OXYCODONE), entry(issue("warning", "suppressed"), "outcome")]),
        Found(incomplete=(Gap.WARNED,)),
    ),
    "an error beside the results": (
        page(entry=[entry(OXYCODONE), entry(issue("error", "timeout"), "outcome")]),
        Found(incomplete=(Gap.PART_FAILED,)),
    ),
    "an error in place of results": (
        page(entry=[entry(OUTCOME, "outcome")]),
        Found(DataStatus.ERROR, [], (Gap.IS_ERROR,)),
    ),
    "an error with status 200": (OUTCOME, Found(DataStatus.ERROR, [], (Gap.IS_ERROR,))),
    "a warning with status 200": (issue("warning", "not-found"), NOTHING),
    "a warning of what is lacking with status 200": (
        issue("warning", "incomplete"),
        Found(DataStatus.NO_DATA, [], (Gap.WARNED,)),
    ),
    "an outcome without an issue": ({"resourceType": "OperationOutcome"}, Found(DataStatus.ERROR, [], (Gap.IS_ERROR,))),
    "one resource": (OXYCODONE, Found()),
    "a next link without an address": (
        page(OXYCODONE, link=[{"relation": "next"}]),
        Found(incomplete=(Gap.HAS_MORE_PAGES,)),
    ),
    "a next link with an empty address": (page(OXYCODONE, **to("")), Found(incomplete=(Gap.HAS_MORE_PAGES,))),
    "a next link that is a list": (
        page(OXYCODONE, link=[{"relation": "next", "url": ["x"]}]),
        Found(incomplete=(Gap.HAS_MORE_PAGES,)),
    ),
    "links of other relations": (page(OXYCODONE, link=[{"relation": "last", "url": SEARCH}, None, 1]), Found()),
    "links that are none": (page(OXYCODONE, link="x"), Found()),
}


@pytest.mark.parametrize("case", BUNDLES)
def test_a_bundle_is_read_and_what_it_lacks_is_said(web: responses.RequestsMock, case: str) -> None:
    body, expected = BUNDLES[case]
    web.get(SEARCH, json=body)
    found = search()
    assert (found.status, names(found), found.incomplete) == (expected.status, expected.ids, expected.incomplete)
    assert found.next_url is None


# -- pages

SECOND = order("second", "lorazepam 1 MG Oral Tablet")
NEXT_LINKS = {
    "absolute": f"{BASE}?_getpages=2",
    "below the base": f"{BASE}/MedicationRequest?page=2",
    "a query": "?page=2",
    "a relative path": "MedicationRequest?page=2",
    "from the root of the host": "/fhir/MedicationRequest?page=2",
    "with a port": "https://ehr.example:443/fhir/MedicationRequest?page=2",
    "without a scheme": "//ehr.example/fhir/MedicationRequest?page=2",
}


@pytest.mark.parametrize("case", NEXT_LINKS)
def test_a_next_link_is_followed(web: responses.RequestsMock, case: str) -> None:
    web.get(SEARCH, json=page(OXYCODONE, **to(NEXT_LINKS[case]), total=2))
    for address in (f"{BASE}?_getpages=2", f"{BASE}/?page=2", f"{BASE}/MedicationRequest?page=2"):
        web.get(address, json=page(SECOND, total=2))
    found = search()
    assert (names(found), found.incomplete) == (["oxy", "second"], ())
    assert [call.request.headers["Authorization"] for call in web.calls] == ["Bearer secret"] * 2


BAD_LINKS = {
    "of another origin": "https://foreign.example/fhir?page=2",
    "of a sibling": "https://ehr.example/fhir2?page=2",
    "above the base": f"{BASE}/%2e%2e/admin?page=2",
    "of another scheme": "http://ehr.example/fhir?page=2",
    "of no scheme of the web": "file:///etc/passwd",
    "no address at all": "https://[",
}


@pytest.mark.parametrize("case", BAD_LINKS)
def test_a_next_link_elsewhere_is_said(web: responses.RequestsMock, case: str) -> None:
    web.get(SEARCH, json=page(OXYCODONE, **to(BAD_LINKS[case])))
    found = search()
    assert (names(found), found.incomplete) == (["oxy"], (FetchFailure.FOREIGN,))
    assert len(web.calls) == 1


@pytest.mark.parametrize("back", [SEARCH, f"{BASE}?page=2", f"{BASE}?page=3"], ids=["the first", "itself", "two"])
def test_pages_that_lead_back_end_and_are_said(web: responses.RequestsMock, back: str) -> None:
    web.get(SEARCH, json=page(OXYCODONE, **to(f"{BASE}?page=2")))
    web.get(f"{BASE}?page=2", json=page(SECOND, **to(back)))
    web.get(f"{BASE}?page=3", json=page(**to(f"{BASE}?page=2")))
    found = search()
    assert (names(found), found.incomplete) == (["oxy", "second"], (FetchFailure.PAGES_IN_A_CIRCLE,))


@pytest.mark.parametrize("number", [4, 5, 6])
def test_pages_are_read_up_to_the_most(web: responses.RequestsMock, number: int) -> None:
    web.get(SEARCH, json=page(OXYCODONE, **to("?page=2")))
    for current in range(2, number + 1):
        more = to(f"?page={current + 1}") if current < number else {}
        web.get(f"{BASE}/?page={current}", json=page(order(f"o{current}", "x"), **more))
    found = search()
    assert len(names(found)) == min(number, LIMITS.pages)
    assert found.incomplete == ((FetchFailure.TOO_MANY_PAGES,) if number > LIMITS.pages else ())


def test_resources_are_read_up_to_the_most(web: responses.RequestsMock) -> None:
    many = [order(f"o{number}", "x") for number in range(LIMITS.entries)]
    web.get(SEARCH, json=page(*many[:30], **to("?page=2")))
    web.get(f"{BASE}/?page=2", json=page(*many[:20], **to("?page=3")))
    found = search()
    assert (len(names(found)), found.incomplete) == (50, (FetchFailure.TOO_MANY_PAGES,))


@pytest.mark.parametrize("status", [401, 404, 410, 500])
def test_pages_before_one_that_fails_are_kept(web: responses.RequestsMock, status: int) -> None:
    web.get(SEARCH, json=page(OXYCODONE, **to("?page=2"), total=2))
    web.get(f"{BASE}/?page=2", status=status)
    found = search()
    assert names(found) == ["oxy"]
    assert found.incomplete == (STATUSES[status],)


@pytest.mark.parametrize(
    "case", ["an error with status 200", "an error in place of results", "a batch of which one failed"]
)
def test_a_later_page_that_is_an_error_is_said(web: responses.RequestsMock, case: str) -> None:
    body, expected = BUNDLES[case]
    web.get(SEARCH, json=page(SECOND, **to("?page=2")))
    web.get(f"{BASE}/?page=2", json=body)
    found = search()
    assert names(found) == ["second", *expected.ids]
    assert found.incomplete == expected.incomplete


def test_empty_pages_are_no_end(web: responses.RequestsMock) -> None:
    web.get(SEARCH, json=page(**to("?page=2")))
    web.get(f"{BASE}/?page=2", json=page(**to("?page=3")))
    web.get(f"{BASE}/?page=3", json=page(OXYCODONE))
    assert names(search()) == ["oxy"]


def test_entries_of_all_pages_make_up_the_total(web: responses.RequestsMock) -> None:
    web.get(SEARCH, json=page(OXYCODONE, **to("?page=2"), total=3))
    web.get(f"{BASE}/?page=2", json=page(SECOND, total=3))
    found = search()
    assert (names(found), found.incomplete) == (["oxy", "second"], (Gap.FEWER_THAN_TOTAL,))


# -- a whole call


def called(web: responses.RequestsMock, **found: Any) -> dict[str, Any]:
    """The one card of a call that sends nothing but its draft, lorazepam."""
    for key in ("MedicationStatement", "MedicationDispense", "Condition", "MedicationRequest"):
        web.get(f"{BASE}/{key}", json=found.get(key, page()))
    web.get(f"{BASE}/Patient/p1", json={"resourceType": "Patient", "id": "p1", "birthDate": "1980-05-02"})
    app = create_app(Settings(fhir_servers=[BASE]), clock=lambda: DAY)
    more = {"fhirServer": BASE, "prefetch": {}}
    (card,) = (
        app.test_client().post("/cds-services/benzo-order-sign", json=sign(lorazepam(), **more)).get_json()["cards"]
    )
    return dict(card)


def referring(identity: str) -> dict[str, Any]:
    record = order("oxy", "x", a_day=4)
    del record["medicationCodeableConcept"]
    return record | {"medicationReference": {"reference": f"Medication/{identity}"}}


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, OUTCOME), (410, OUTCOME), (200, OUTCOME), (200, page()), (200, OXYCODONE), (200, []), (500, {})],
)
def test_a_medication_that_cannot_be_had_is_said(web: responses.RequestsMock, status: int, body: Any) -> None:
    web.get(f"{BASE}/Medication/gone", json=body, status=status)
    card = called(web, MedicationRequest=page(referring("gone")))
    assert "could not be identified" in card["detail"]
    assert "opioid" not in assessment(card) or not assessment(card)["opioid"].get("present")


def test_a_medication_that_can_be_had_is_counted(web: responses.RequestsMock) -> None:
    known = MEDICATION | {"code": {"text": "oxycodone hydrochloride 5 MG Oral Tablet"}}
    web.get(f"{BASE}/Medication/m1", json=known)
    assert "oxycodone" in called(web, MedicationRequest=page(referring("m1")))["summary"]


def test_a_search_that_found_another_type_is_said(web: responses.RequestsMock) -> None:
    assert "the problem list" in called(web, Condition=page({"resourceType": "Patient", "id": "p1"}))["detail"]
