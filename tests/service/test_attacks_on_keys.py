"""A second round of attacks by way of key sets and of FHIR servers, each by its name: what a server that a tenant lists
may answer, and where its name may lead."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, OTHER_ES384, RS384, key_server, public, tenants_file, token
from ehr import DAY, logged, lorazepam, sign
from flask.testing import FlaskClient
from joserfc.util import urlsafe_b64encode

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.config.limits import FetchLimits
from cds_service.fhir_client import public_addresses
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient
from cds_service.fhir_client.failures import FetchFailure
from cds_service.trust import keys as key_rings
from cds_service.trust.keys import FetchedKeys, NoKeyError, trusted_keys

SIGN = "/cds-services/benzo-order-sign"
OURS = ES384.as_dict(private=False)
RSA = RS384.as_dict(private=False)


def site(folder: Path, url: str) -> FlaskClient:
    path = tenants_file(folder, general={"keys": {"jwks_url": url}})
    return create_app(Settings(tenants=path, development=True), clock=lambda: DAY).test_client()


def status(http: FlaskClient, authorization: str) -> int:
    return http.post(SIGN, json=sign(lorazepam()), headers={"Authorization": authorization}).status_code


def number(value: int, length: int) -> str:
    return urlsafe_b64encode(value.to_bytes(length)).decode()


KEY_SETS: dict[str, tuple[list[Any], bool]] = {
    # the keys, and whether a token signed with ES384 is admitted by them
    "the private half of the key": ([ES384.as_dict(private=True)], False),
    "a private half of null, which is none": ([OURS | {"d": None}], True),
    "a secret beside the public half": ([OURS | {"k": "c2VjcmV0"}], False),
    "another key's private half": ([OURS, OTHER_ES384.as_dict(private=True) | {"kid": "other"}], True),
    "a secret key of that kid first": ([{"kty": "oct", "k": "c2VjcmV0", "kid": "es384"}, OURS], True),
    "thousands of keys before it": ([{"kty": "EC", "kid": f"k{n}"} for n in range(5_000)] + [OURS], True),
    "hundreds of good keys before it": ([OURS | {"kid": f"k{n}"} for n in range(600)] + [OURS], True),
    "entries that are no keys": ([None, 1, "x", [], {}, OURS], True),
    "for encryption": ([OURS | {"use": "enc"}], False),
    "for a use that is no text": ([OURS | {"use": ["sig"]}], False),
    "restricted to another algorithm": ([OURS | {"alg": "ES256"}], False),
    "an algorithm that is no text": ([OURS | {"alg": ["ES384"]}], True),
    "without a kid": ([{name: OURS[name] for name in ("kty", "crv", "x", "y")}], False),
    "a kid that is a list": ([OURS | {"kid": ["es384"]}], False),
    "of another curve's name": ([OURS | {"crv": "P-256"}], False),
    "of a curve that nobody knows": ([OURS | {"crv": "P-1024"}], False),
    "no point of the curve": ([OURS | {"x": OURS["y"]}], False),
    "the point at infinity": ([OURS | {"x": "", "y": ""}], False),
    "a coordinate in plain base64": ([OURS | {"x": "+/" + OURS["x"][2:]}], False),
    "a coordinate that is a number": ([OURS | {"x": 1}], False),
    "an RSA key under the kid of the other": ([RSA | {"kid": "es384"}], False),
    "an RSA exponent of one": ([RSA | {"kid": "es384", "e": "AQ"}], False),
    "an RSA key of a million bits": ([RSA | {"kid": "es384", "n": number((1 << 900_000) + 1, 112_501)}], False),
    "with a certificate and addresses": ([OURS | {"x5c": ["MIIB"], "x5u": "https://foreign.example/"}], True),
}


@pytest.mark.parametrize("attack", KEY_SETS)
def test_a_key_set_admits_by_its_good_public_keys_alone(tmp_path: Path, attack: str) -> None:
    listed, admits = KEY_SETS[attack]
    with key_server({"keys": listed}) as server:
        http = site(tmp_path, server.url)
        assert status(http, token()) == (200 if admits else 401)
        assert status(http, token(key=OTHER_ES384, header={"kid": "other"})) == 401
        assert http.get("/health/ready").status_code == 200


def test_an_rsa_key_of_an_exponent_of_one_signs_nothing() -> None:
    """With it every text would be its own signature."""
    assert trusted_keys([RSA | {"e": "AQ"}]) == {}


BODIES: dict[str, bytes] = {
    "HTML": b"<html><body>Log in</body></html>",
    "nested beyond reading": b'{"keys": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "keys that are an object": json.dumps({"keys": {"es384": OURS}}).encode(),
    "a list": json.dumps([OURS]).encode(),
    "one key": json.dumps(OURS).encode(),
    "null": b"null",
    "UTF-16": json.dumps(public(ES384)).encode("utf-16"),
    "PEM": ES384.as_pem(private=False),
    "nothing": b"",
}


@pytest.mark.parametrize("attack", BODIES)
def test_what_is_no_key_set_admits_nobody_and_takes_no_known_key_away(
    tmp_path: Path, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with key_server(public(ES384)) as server:
        http = site(tmp_path, server.url)
        assert status(http, token()) == 200
        server.keys = BODIES[attack]
        monkeypatch.setattr(key_rings, "KEYS_MAX_AGE_SECONDS", 0.0)
        monkeypatch.setattr(key_rings, "KEYS_REFETCH_SECONDS", 0.0)
        assert status(http, token()) == 200
        assert status(http, token(header={"kid": "elsewhere"})) == 401
        assert server.asked == 3


@pytest.mark.parametrize("code", [201, 204, 206, 301, 307, 308, 304, 401, 404, 500])
def test_keys_are_taken_with_status_200_alone(tmp_path: Path, code: int) -> None:
    with key_server(public(ES384)) as server, key_server(public(ES384)) as elsewhere:
        server.status, server.headers = code, {"Location": elsewhere.url}
        if code in (204, 304):
            server.keys = b""
        assert status(site(tmp_path, server.url), token()) == 401
        assert elsewhere.asked == 0


def test_a_key_taken_out_of_the_set_admits_nobody_once_the_set_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with key_server(public(ES384)) as server:
        http = site(tmp_path, server.url)
        assert status(http, token()) == 200
        server.keys = public(RS384)
        monkeypatch.setattr(key_rings, "KEYS_MAX_AGE_SECONDS", 0.0)
        monkeypatch.setattr(key_rings, "KEYS_REFETCH_SECONDS", 0.0)
        assert status(http, token()) == 401


@contextmanager
def dripping(first: bytes, drop: bytes) -> Iterator[int]:
    """The port of a server that sends drops without end after its first words, until nobody takes them."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65_536)
                connection.sendall(first)
                while True:
                    connection.sendall(drop)
                    time.sleep(0.01)
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIPS = {
    "a body without end": (HEAD + b"\r\n", b" "),
    "a body of its length": (HEAD + b"Content-Length: 190000\r\n\r\n", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "the size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "the first line": (b"HTTP/1.1 200 ", b"O"),
    "a header": (HEAD + b"X-Long: ", b"x"),
    "going on without end": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("attack", DRIPS)
def test_keys_that_come_a_byte_at_a_time_are_given_up(monkeypatch: pytest.MonkeyPatch, attack: str) -> None:
    """Without a limit for the whole answer this would take as long as the server likes."""
    monkeypatch.setattr(key_rings, "KEYS_DEADLINE_SECONDS", 0.3)
    with dripping(*DRIPS[attack]) as port, pytest.raises(NoKeyError, match="the keys could not be fetched"):
        FetchedKeys(f"http://127.0.0.1:{port}/").key("es384")


@pytest.mark.parametrize("attack", DRIPS)
def test_a_resource_that_comes_a_byte_at_a_time_is_given_up(attack: str) -> None:
    with dripping(*DRIPS[attack]) as port:
        client = FhirClient(f"http://127.0.0.1:{port}/fhir", private=True, limits=FetchLimits())
        with pytest.raises(FetchError) as refused:
            client.read("Patient/p1", "secret", Deadline(time.monotonic() + 0.3))
    assert refused.value.failure is FetchFailure.NOT_IN_TIME


# -- where the name of a FHIR server leads

PRIVATE = {
    "this machine": "127.0.0.1",
    "this machine, otherwise": "127.255.255.254",
    "this network": "0.0.0.1",
    "the addresses of a cloud": "169.254.169.254",
    "a private network of class A": "10.255.0.1",
    "a private network of class B": "172.31.255.254",
    "a carrier's network": "100.127.0.1",
    "for measurements": "198.19.0.1",
    "for examples": "192.0.2.1",
    "for later": "240.0.0.1",
    "everybody": "255.255.255.255",
    "a group": "239.1.1.1",
    "IPv6: this machine": "::1",
    "IPv6: no address": "::",
    "IPv6: mapped": "::ffff:127.0.0.1",
    "IPv6: mapped, in hexadecimal": "::ffff:7f00:1",
    "IPv6: compatible": "::127.0.0.1",
    "IPv6: translated by SIIT": "::ffff:0:7f00:1",
    "IPv6: translated by NAT64": "64:ff9b::7f00:1",
    "IPv6: translated by NAT64, of a cloud": "64:ff9b::a9fe:a9fe",
    "IPv6: translated by a local NAT64": "64:ff9b:1::1",
    "IPv6: 6to4": "2002:7f00:1::1",
    "IPv6: Teredo": "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "IPv6: link-local": "fe80::1",
    "IPv6: link-local with a zone": "fe80::1%eth0",
    "IPv6: ISATAP": "fe80::5efe:7f00:1",
    "IPv6: a site's": "fec0::1",
    "IPv6: unique local": "fdff::1",
    "IPv6: a group": "ff02::1",
    "IPv6: for examples": "2001:db8::1",
    "IPv6: to be dropped": "100::1",
    "no address": "localhost",
    "a number": "2130706433",
    "in octal": "0177.0.0.1",
    "in hexadecimal": "0x7f.0.0.1",
    "cut short": "127.1",
    "with a space": " 127.0.0.1",
    "empty": "",
}


@pytest.mark.parametrize("attack", PRIVATE)
def test_no_spelling_of_a_private_address_is_public(attack: str) -> None:
    assert not public_addresses.is_public(PRIVATE[attack])


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
)
def test_a_public_address_stays_public(address: str) -> None:
    """Also as a network without IPv4 writes it."""
    assert public_addresses.is_public(address)


HOSTS = {
    "a name of this machine": "localhost",
    "a name with a dot behind": "localhost.",
    "a number": "2130706433",
    "in hexadecimal": "0x7f000001",
    "in octal": "0177.0.0.1",
    "cut short": "127.1",
    "mapped": "[::ffff:127.0.0.1]",
    "IPv6": "[::1]",
    "no address at all": "0",
}


@pytest.mark.parametrize("attack", HOSTS)
def test_a_host_that_leads_to_this_machine_is_not_asked_in_any_spelling(attack: str) -> None:
    asked: list[bytes] = []
    with recording(asked) as port:
        client = FhirClient(f"http://{HOSTS[attack]}:{port}/fhir", private=False, limits=FetchLimits(connect=5))
        with pytest.raises(FetchError) as refused:
            client.read("Patient/p1", "secret", Deadline(time.monotonic() + 30))
    assert refused.value.failure in (FetchFailure.FORBIDDEN, FetchFailure.NOT_REACHED)
    assert asked == []


@contextmanager
def recording(asked: list[bytes]) -> Iterator[int]:
    """The port of a server of this machine, by IPv4 and IPv6, that keeps what it is asked."""
    listening = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            asked.append(connection.recv(65_536))
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


Resolver = Callable[..., list[Any]]


def resolving(answers: list[list[str]], port: int) -> Resolver:
    """Names that lead to other addresses each time they are looked up."""
    left = iter(answers)

    def resolve(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(left)]

    return resolve


@pytest.mark.parametrize(
    "addresses", [["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], ["169.254.169.254"]]
)
def test_a_name_with_a_private_address_among_others_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    monkeypatch.setattr(public_addresses.socket, "getaddrinfo", resolving([addresses], 443))
    client = FhirClient("https://ehr.example/fhir", private=False, limits=FetchLimits())
    with pytest.raises(FetchError) as refused:
        client.read("Patient/p1", "secret", Deadline(time.monotonic() + 30))
    assert refused.value.failure is FetchFailure.FORBIDDEN


def test_a_name_that_leads_elsewhere_after_the_check_is_connected_to_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is looked up once, and the address that was checked is the one that is connected to."""
    connected: list[str] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(public_addresses.socket, "getaddrinfo", resolving([["93.184.216.34"], ["127.0.0.1"]], 443))
    monkeypatch.setattr(public_addresses, "create_connection", connect)
    client = FhirClient("https://ehr.example/fhir", private=False, limits=FetchLimits())
    with pytest.raises(FetchError):
        client.read("Patient/p1", "secret", Deadline(time.monotonic() + 30))
    assert connected == ["93.184.216.34"]


def test_the_environment_leads_no_request_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, no password file and no bundle of certificates of the environment."""
    asked: list[bytes] = []
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    with recording(asked) as port, key_server(public(ES384)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        with logged():
            assert status(site(tmp_path, server.url), token()) == 200
    assert asked == []
