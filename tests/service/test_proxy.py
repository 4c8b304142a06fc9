"""Does the proxy of the guide pass on what EHRs send, and nothing else: idle callers, half requests, other addresses?

nginx runs ``deploy/nginx.conf`` itself; only the places of files, the ports and the address of the service are others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from caller import ES384, public, tenants_file, token
from certificates import certificate_in
from ehr import lorazepam, prefetch, sign
from proxy import NOT_THERE, Proxy, nginx, proxy, read_to_the_end
from served import Served, served

SERVICE = "/cds-services/benzo-order-sign"
EHR_BASE = "https://cds.example/cds-services"


@dataclass
class Site:
    """A service with one tenant behind the proxy."""

    proxy: Proxy
    service: Served
    certificate: Path

    def post(self, body: Any, path: str = SERVICE, **headers: str) -> requests.Response:
        signed = {"Authorization": token(aud=EHR_BASE + path.removeprefix("/cds-services"))} | headers
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(
            self.proxy.base + path,
            data=data,
            headers={"Content-Type": "application/json"} | signed,
            verify=str(self.certificate),
            timeout=60,
        )

    def get(self, path: str) -> requests.Response:
        return requests.get(self.proxy.base + path, verify=str(self.certificate), timeout=60)

    def calls(self) -> list[str | None]:
        """The routes of the requests that reached the service."""
        lines = [json.loads(line) for line in self.service.printed().splitlines() if '"answered"' in line]
        return [line.get("route") for line in lines if line.get("route") != "/health/live"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if nginx() is None:
        if os.environ.get("CI"):
            pytest.fail(NOT_THERE)
        pytest.skip(NOT_THERE)
    folder = tmp_path_factory.mktemp("proxy")
    certificate = certificate_in(folder)
    tenants = tenants_file(folder, general={"keys": public(ES384), "audiences": [EHR_BASE]})
    with (
        served(folder, tenants=str(tenants), workers=1) as service,
        proxy(folder, certificate, service.port) as before,
    ):
        yield Site(before, service, certificate)


def head(*lines: str, path: str = SERVICE) -> bytes:
    """The head of a signed call, with further lines."""
    signed = token(aud=EHR_BASE + path.removeprefix("/cds-services"))
    first = [f"POST {path} HTTP/1.1", "Host: cds.example", "Connection: close", f"Authorization: {signed}"]
    return "\r\n".join([*first, "Content-Type: application/json", *lines, "", ""]).encode()


def test_a_signed_call_passes(site: Site) -> None:
    answer = site.post(sign(lorazepam()))
    assert answer.status_code == 200
    assert answer.json()["cards"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert site.get("/cds-services").status_code == 401
    for page in ("/about", "/about/style.css", "/source-attributes", "/source-attributes.json"):
        assert site.get(page).status_code == 200


def test_a_large_call_passes_whole(site: Site) -> None:
    """Larger than what the proxy keeps in memory."""
    body = sign(
        lorazepam(), prefetch=prefetch(*(lorazepam(f"old-{number}", note="x" * 1_000) for number in range(500)))
    )
    assert len(json.dumps(body)) > 500_000
    assert site.post(body).status_code == 200


IDLE = {
    "nothing is sent": None,
    "only TLS": b"",
    "part of a line": b"POST " + SERVICE.encode(),
    "part of a head": b"POST " + SERVICE.encode() + b" HTTP/1.1\r\nHost: cds.example\r\n",
}


def test_callers_that_send_no_whole_head_are_closed_by_the_proxy_and_keep_nobody_waiting(site: Site) -> None:
    before = site.calls()
    idle = []
    for sent in IDLE.values():
        for _ in range(20):
            connection = site.proxy.connect() if sent is None else site.proxy.secure()
            connection.sendall(sent or b"")
            idle.append(connection)
    assert site.post(sign(lorazepam())).status_code == 200
    answers = [read_to_the_end(connection) for connection in idle]
    for connection in idle:
        connection.close()
    assert all(not answer or answer.startswith(b"HTTP/1.1 408") for answer in answers)
    assert len(answers) == 80
    assert len(site.calls()) == len(before) + 1


BODY = json.dumps(sign(lorazepam())).encode()
CHUNKED = "Transfer-Encoding: chunked"
HALF = {
    "a body that never comes": (head("Content-Length: 1000") + b"{", (b"408",)),
    "a chunk that never comes": (head(CHUNKED) + b"3e8\r\n{", (b"408",)),
    "a chunk of no size": (head(CHUNKED) + b"marigold\r\n{}\r\n0\r\n\r\n", (b"400",)),
    "a chunk of a negative size": (head(CHUNKED) + b"-2\r\n{}\r\n0\r\n\r\n", (b"400",)),
    "a chunk of a size beyond all numbers": (head(CHUNKED) + b"f" * 40 + b"\r\n{}\r\n0\r\n\r\n", (b"400", b"413")),
    "two lengths": (head("Content-Length: 2", "Content-Length: 3") + b"{}", (b"400",)),
    "a length and chunks": (head("Content-Length: 5", CHUNKED) + b"0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n", (b"400",)),
    "chunks of another name": (head("Transfer-Encoding: xchunked") + b"0\r\n\r\n", (b"400", b"501")),
    "chunks twice": (head("Transfer-Encoding: chunked, identity") + b"0\r\n\r\n", (b"400", b"501")),
    "chunks behind a tab": (head("Transfer-Encoding:\tchunked, x") + b"0\r\n\r\n", (b"400", b"501")),
    "a folded header": (head("X-Folded: a\r\n b: c", "Content-Length: 2") + b"{}", (b"400", b"401", b"200")),
    "a NUL in a header": (head("X-Nul: a\0b", "Content-Length: 2") + b"{}", (b"400",)),
    "a NUL in the path": (head("Content-Length: 2", path=SERVICE + "\0") + b"{}", (b"400",)),
    "a body beyond the limit": (head("Content-Length: 5300000") + b"{", (b"413",)),
    "no host": (b"GET /cds-services HTTP/1.1\r\n\r\n", (b"400",)),
    "two hosts": (b"GET /cds-services HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", (b"400",)),
    "no HTTP": (b"\x16\x03\x01\r\n\r\n", (b"400",)),
    "a tunnel": (b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", (b"400", b"405")),
    "a trace": (b"TRACE /cds-services HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", (b"405",)),
}


@pytest.mark.parametrize("case", HALF)
def test_a_request_that_is_no_whole_one_ends_at_the_proxy(site: Site, case: str) -> None:
    before = site.calls()
    sent, statuses = HALF[case]
    answer = site.proxy.raw(sent)
    # nginx ends a connection whose body does not come, with or without a word.
    assert answer.startswith(tuple(b"HTTP/1.1 " + status for status in statuses)) or (b"408" in statuses and not answer)
    assert site.calls() == before


def test_chunks_are_joined_by_the_proxy(site: Site) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:100], BODY[100:]))
    answer = site.proxy.raw(head(CHUNKED) + chunks + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"cards"' in answer


def test_what_is_sent_behind_a_whole_request_is_a_request_of_its_own(site: Site) -> None:
    """Nothing behind the body of one call reaches the service as the beginning of another."""
    before = site.calls()
    call = head(f"Content-Length: {len(BODY)}").replace(b"Connection: close\r\n", b"") + BODY
    answer = site.proxy.raw(call + b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (answer.count(b"HTTP/1.1 200"), answer.count(b"HTTP/1.1 404")) == (1, 1)
    assert site.calls() == [*before, "/cds-services/<identity>"]


HIDDEN = [
    "/metrics",
    "/METRICS",
    "/health/ready",
    "/review/performance",
    "/openapi.json",
    "/",
    "/%6detrics",
    "//metrics",
    "/./metrics",
    "/cds-services/../metrics",
    "/cds-services/%2e%2e/metrics",
    "/cds-services/..%2fmetrics",
    "/cds-services/%252e%252e/metrics",
    "/cds-services/..;/metrics",
    "/cds-services/..%5cmetrics",
    "/cds-services/%2e%2e%2fhealth%2fready",
    "/about/../metrics",
    "/about/metrics",
    "/metrics/../cds-servicesx",
    "/cds-services-x",
]


@pytest.mark.parametrize("path", HIDDEN)
def test_what_is_for_operations_is_behind_no_spelling_of_an_address(site: Site, path: str) -> None:
    answer = site.proxy.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400", b"HTTP/1.1 405"))
    assert not {"/metrics", "/health/ready", "/review/performance", "/openapi.json"} & set(site.calls())


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1/metrics", "https://cds.example/metrics", "http://localhost:1/health/ready"]
)
def test_a_whole_address_in_the_first_line_leads_to_its_path(site: Site, target: str) -> None:
    answer = site.proxy.raw(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404")
    assert "/metrics" not in site.calls()


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "X-Original-URL"])
def test_a_forwarded_header_of_a_caller_opens_nothing(site: Site, name: str) -> None:
    answer = requests.get(
        site.proxy.base + "/cds-services",
        headers={name: "127.0.0.1", "Host": "127.0.0.1"},
        verify=str(site.certificate),
        timeout=60,
    )
    assert answer.status_code == 401


def test_the_log_of_the_proxy_tells_nothing_of_a_patient_or_a_token(site: Site) -> None:
    marked = f"{SERVICE}?patient=Marigold"
    assert (
        site.post(sign(lorazepam()), marked, Referer="https://Marigold", **{"User-Agent": "Marigold"}).status_code
        == 401
    )
    assert site.get("/Patient/Marigold").status_code == 404
    assert site.get("/cds-services/Marigold").status_code == 405
    assert site.get("/cds-services/marigold/feedback").status_code == 405
    assert site.get("/about/marigold").status_code == 404
    assert site.get("/about").status_code == 200
    site.proxy.raw(b"MARIGOLD /Marigold HTTP/1.1\r\nHost: Marigold\r\nConnection: close\r\n\r\n")
    site.proxy.raw(b'GET /%4darigold"\\x?Marigold HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    written = (site.certificate.parent / "access.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in written.splitlines()]
    assert {"time", "event", "method", "path", "status", "seconds"} <= set(lines[0])
    assert {200, 401, 404} <= {line["status"] for line in lines}
    pages = {"/about", "/about/style.css", "/source-attributes", "/source-attributes.json"}
    known = {"/cds-services", SERVICE, *pages, "other"}
    assert {line["path"] for line in lines} <= known
    told = written + (site.certificate.parent / "errors.log").read_text(encoding="utf-8")
    assert not [mark for mark in ("marigold", "bearer", "?", "eyj") if mark in told.lower()]


def test_an_ehr_of_many_hospitals_behind_one_address_is_not_held_up(site: Site) -> None:
    with ThreadPoolExecutor(50) as callers:
        answers = list(callers.map(lambda _: site.get("/cds-services").status_code, range(300)))
    assert set(answers) == {401}
