"""A second round of attacks on the connection, each by its name: bytes that two readers of HTTP could read differently.

They are sent to the running service without its proxy. ``test_proxy.py`` sends the like through the proxy.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from ehr import lorazepam, sign
from served import Served, served

SIGN = "/cds-services/benzo-order-sign"
BODY = json.dumps(sign(lorazepam())).encode()
CHUNKED = "Transfer-Encoding: chunked"
HIDDEN = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served"), workers=1) as running:
        yield running


def call(*lines: str, body: bytes = b"") -> bytes:
    """A call with further lines in its head."""
    first = [f"POST {SIGN} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*first, *lines, "", ""]).encode() + body


def whole(*lines: str) -> bytes:
    return call(f"Content-Length: {len(BODY)}", *lines, body=BODY)


def get(target: str, *lines: str, host: str = "localhost", version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {target} HTTP/{version}", f"Host: {host}", *lines, "", ""]).encode()


def chunk(content: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(content), extension, content)


PIECES = [BODY[place : place + 7] for place in range(0, len(BODY), 7)]
END = b"0\r\n\r\n"
ATTACKS: dict[str, tuple[bytes, int]] = {
    # chunks
    "a chunk of no size": (call(CHUNKED, body=b"marigold\r\n{}\r\n" + END), 400),
    "a chunk of a negative size": (call(CHUNKED, body=b"-2\r\n{}\r\n" + END), 400),
    "a chunk of a size with a sign": (call(CHUNKED, body=b"+2\r\n{}\r\n" + END), 400),
    "a chunk of a size in another notation": (call(CHUNKED, body=b"0x2\r\n{}\r\n" + END), 400),
    "a chunk of a size with underscores": (call(CHUNKED, body=b"0_2\r\n{}\r\n" + END), 400),
    "a chunk of a size in other digits": (call(CHUNKED, body="２\r\n{}\r\n".encode() + END), 400),
    "a chunk longer than its size": (call(CHUNKED, body=b"2\r\n{}xx" + END), 400),
    "an extension with a bare carriage return": (call(CHUNKED, body=chunk(BODY, b";a=\rb") + END), 400),
    "a host among the trailers": (call(CHUNKED, body=chunk(BODY) + b"0\r\nHost : x\r\n\r\n"), 400),
    "a length and chunks": (call("Content-Length: 5", CHUNKED, body=END + HIDDEN), 400),
    "chunks and a length": (call(CHUNKED, "Content-Length: 5", body=END + HIDDEN), 400),
    "chunks twice": (call(CHUNKED, CHUNKED, body=END), 400),
    "chunks of a name alike": (call("Transfer-Encoding: xchunked", body=END), 400),
    "chunks before another coding": (call("Transfer-Encoding: chunked, gzip", body=END), 400),
    "chunks in HTTP 1.0": (call(CHUNKED, body=END).replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400),
    "chunks by a header with a space": (call("Transfer-Encoding : chunked", body=END), 400),
    "chunks by a header after a vertical tab": (call("Transfer-Encoding:\x0bchunked", body=END), 400),
    # lengths
    "two lengths": (call("Content-Length: 2", "Content-Length: 3", body=b"{}x"), 400),
    "two lengths in one line": (call("Content-Length: 2, 2", body=b"{}"), 400),
    "a length with a sign": (call("Content-Length: +2", body=b"{}"), 400),
    "a length in another notation": (call("Content-Length: 0x2", body=b"{}"), 400),
    "a length in other digits": (call("Content-Length: ２", body=b"{}"), 400),
    "a negative length": (call("Content-Length: -2", body=b"{}"), 400),
    "an empty length": (call("Content-Length:", body=b"{}"), 400),
    "a length of 400 digits": (call("Content-Length: " + "9" * 400, body=b"{}"), 413),
    # heads
    "a folded header": (whole("X-Folded: a\r\n b: c"), 400),
    "a NUL in a header": (whole("X-Nul: a\0b"), 400),
    "a bare carriage return in a header": (whole("X-Return: a\rb: c"), 400),
    "a space before the colon": (whole("X-Space : a"), 400),
    "a header without a colon": (whole("X-Nothing"), 400),
    "line feeds for line ends": (whole().replace(b"\r\n", b"\n"), 400),
    "five hundred headers": (whole(*(f"X-{number}: a" for number in range(500))), 400),
    "a header of 100,000 letters": (whole("X-Long: " + "a" * 100_000), 400),
    "two hosts": (get("/metrics", "Host: foreign.example"), 400),
    "a host with a folded name": (get("/metrics", "Host:\tforeign.example"), 400),
    "letters that are no ASCII in the path": ("GET /metricsé HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), 400),
    "a space in the path": (get("/metrics x"), 400),
    "a NUL in the path": (get("/metrics\0"), 400),
    "no path": (b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a version that is none": (get("/metrics", version="9.9"), 400),
    "HTTP 2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "the line of a proxy before": (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n" + HIDDEN, 400),
    # targets
    "a tunnel": (b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "the server as a whole": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "a trace": (b"TRACE /cds-services HTTP/1.1\r\nHost: localhost\r\nX-Secret: marigold\r\n\r\n", 405),
    "a method that overrides another": (get("/cds-services/benzo-order-sign", "X-HTTP-Method-Override: POST"), 405),
    "a whole address of another host": (get("http://foreign.example/metrics", host="foreign.example"), 421),
    "a folder above": (get("/cds-services/../metrics"), 404),
    "an encoded folder above": (get("/cds-services/%2e%2e/metrics"), 404),
    "an encoded slash": (get("/cds-services/..%2fmetrics"), 404),
    "a folder above with parameters": (get("/cds-services/..;/metrics"), 404),
    "a backslash": (get("/cds-services/..\\metrics"), 405),
    "another spelling of an address": (get("/Metrics"), 404),
    "an address with parameters": (get("/metrics;x=1"), 404),
    "an address with a NUL, encoded": (get("/metrics%00"), 404),
    # headers that could lead elsewhere
    "a path below which the service stands": (get("/cds-services/metrics", "SCRIPT_NAME: /cds-services"), 405),
    "a path below which it stands, in dashes": (get("/cds-services/metrics", "Script-Name: /cds-services"), 405),
    "another path": (get("/nothing", "PATH_INFO: /metrics", "X-Original-URL: /metrics"), 404),
    "a caller of this machine behind a proxy": (get("/metrics", "X-Forwarded-For: 127.0.0.1"), 404),
    "a prefix of a proxy": (get("/health/live", "X-Forwarded-Prefix: /metrics", "X-Forwarded-Host: x"), 200),
    "an address of the environment": (get("/metrics", "REMOTE_ADDR: 127.0.0.1", "Via: 1.1 x"), 404),
    "another body type by an underscore": (whole("CONTENT_TYPE: text/plain", "CONTENT_LENGTH: 1"), 200),
    "an upgrade": (get("/health/live", "Connection: Upgrade", "Upgrade: h2c"), 200),
    # what HTTP allows
    "an extension of a chunk": (call(CHUNKED, body=chunk(BODY, b";a=b") + END), 200),
    "a body in many chunks": (call(CHUNKED, body=b"".join(map(chunk, PIECES)) + END), 200),
    "waiting to be told to go on": (whole("Expect: 100-continue"), 200),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_the_connection(service: Served, attack: str) -> None:
    sent, status = ATTACKS[attack]
    answered = service.raw(sent).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert answered.split(b" ", 2)[1] == str(status).encode(), answered[:200]
    # One answer, and nothing of what was sent: the rest of the bytes is no request of its own.
    assert answered.count(b"HTTP/1.") == 1
    assert b"# HELP" not in answered
    assert b"marigold" not in answered + service.printed().encode()
    if status >= 400:
        assert b'"resourceType":"OperationOutcome"' in answered
        assert b'"exception"' not in answered


def test_a_second_request_in_the_same_bytes_is_not_answered(service: Served) -> None:
    """Each connection has one request, so that none can be smuggled behind another."""
    assert service.raw(whole() + HIDDEN).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("slash", ["//metrics", "///health/ready", "/%2fmetrics"])
def test_slashes_open_no_more_than_one_does(service: Served, slash: str) -> None:
    answered = service.raw(get(slash, "X-Forwarded-For: 203.0.113.9"))
    assert b"# HELP" not in answered


def test_no_attack_was_a_defect_and_none_cost_a_worker(service: Served) -> None:
    workers = service.workers()
    for sent, _ in ATTACKS.values():
        service.raw(sent)
    assert '"event":"failed"' not in service.printed()
    assert service.workers() == workers
    assert service.post(SIGN, BODY).status_code == 200


def test_callers_that_go_away_are_no_defect(service: Served) -> None:
    """In the middle of the head, of the body, of a chunk, and before the answer."""
    for sent in (b"POST ", call("Content-Length: 1000", body=b"{"), call(CHUNKED, body=b"3e8\r\n{"), whole()):
        with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answered = connection.recv(65_536)
        assert not answered or answered.startswith((b"HTTP/1.1 400", b"HTTP/1.1 200"))
    assert service.post(SIGN, BODY).status_code == 200
    assert '"event":"failed"' not in service.printed()
