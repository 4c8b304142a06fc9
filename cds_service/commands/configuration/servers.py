"""``config check --fetch``: the addresses of keys, the FHIR servers, the store and the clocks, each tried.

They are asked as the service asks them. No token is sent, and nothing of a patient is asked for.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import requests
from urllib3.exceptions import NameResolutionError

from cds_service.commands.configuration.settings import StoreAsServed
from cds_service.config import Settings
from cds_service.config.limits import KEYS_DEADLINE_SECONDS, KEYS_MAX_BYTES, TOKEN_LEEWAY_SECONDS
from cds_service.fhir_client.public_addresses import ForbiddenAddressError, PublicAddressesAdapter
from cds_service.policy.configuration import PolicyConfiguration
from cds_service.timed_connections import TimedAdapter
from cds_service.trust.keys import trusted_keys
from cds_service.trust.tenant import FhirServer
from cds_service.trust.tenants import TrustedTenant
from cds_service.trust.token import suits_algorithm

_ACCEPTS_JSON = {"Accept": "application/json"}
_ACCEPTS_FHIR = {"Accept": "application/fhir+json, application/json;q=0.9"}
_CHUNK_BYTES = 65_536
_STATEMENT, _R4 = "CapabilityStatement", "4."


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried: what it is, and what came of it. ``works`` is None where it could not be tried."""

    what: str
    result: str
    works: bool | None = True

    def __str__(self) -> str:
        return f"{self.what}: {'ok, ' if self.works else ''}{self.result}"


class _FailureError(Exception):
    """What was asked for could not be had; the message says why."""


@dataclass(slots=True)
class _Clocks:
    """How far the clocks of the servers that answered are ahead of this machine's, in seconds, by host.

    A Date header has whole seconds, and its answer was on the way: each difference is known to within ``within``.
    """

    ahead: dict[str, tuple[float, float]] = field(default_factory=dict)

    def note(self, host: str, date: str | None, sent: float, received: float) -> None:
        """Note the Date header of an answer to a request of this time."""
        try:
            told = parsedate_to_datetime(date or "").timestamp()
        except (ValueError, TypeError):
            return
        # The server wrote the second that had begun, at some time between the two.
        self.ahead[host] = told + 0.5 - (sent + received) / 2, 0.5 + (received - sent) / 2

    def tried(self) -> Iterator[Tried]:
        """One line for each clock; one line if there was none to compare with."""
        limits = f"tokens are refused beyond {TOKEN_LEEWAY_SECONDS} s"
        if not self.ahead:
            yield Tried("time", f"not compared, since no server answered with its own ({limits})", None)
        for host, (ahead, within) in self.ahead.items():
            way = "ahead of" if ahead > 0 else "behind"
            told = f"{host} is {abs(ahead):.0f} s {way} this machine, to within {within:.0f} s or so; {limits}"
            yield Tried("time", told, abs(ahead) - within <= TOKEN_LEEWAY_SECONDS)


def servers_tried(
    settings: Settings, configuration: PolicyConfiguration | None, store: StoreAsServed
) -> Iterator[Tried]:
    """Try every server of a configuration; without a usable policy only the store.

    Args:
        settings: those of the service.
        configuration: the tenants with their addresses of keys and FHIR servers.
        store: the store that the service would use.
    """
    clocks = _Clocks()
    if configuration is not None:
        for trusted in configuration.tenants:
            if trusted.jwks_url is not None:
                yield _keys(trusted, trusted.jwks_url, settings, clocks)
            yield from _fhir_servers(trusted.tenant.id, trusted.tenant.fhir_servers, settings, clocks)
        if settings.tenants is None:
            yield from _fhir_servers("without tenants", configuration.open_tenant.fhir_servers, settings, clocks)
    yield Tried("store", store.failure or store.description, store.failure is None)
    yield from clocks.tried()


def _keys(trusted: TrustedTenant, address: str, settings: Settings, clocks: _Clocks) -> Tried:
    what = f"keys of tenant {trusted.tenant.id}, {address}"
    try:
        status, content = _read(address, _ACCEPTS_JSON, settings.ca_file, clocks, KEYS_MAX_BYTES)
        if status != requests.codes.ok:
            raise _FailureError(f"answered with status {status}")
        listed = _object(content).get("keys")
        if not isinstance(listed, list):
            raise _FailureError('answered with something other than a set of keys, {"keys": [...]}')
    except _FailureError as failure:
        return Tried(what, str(failure), works=False)
    keys = trusted_keys(listed, development=settings.development)
    usable = [
        name for name, key in keys.items() if any(suits_algorithm(key, algorithm) for algorithm in trusted.algorithms)
    ]
    if not usable:
        algorithms = ", ".join(sorted(trusted.algorithms))
        return Tried(what, f"none of its {len(listed)} keys can be used with {algorithms}", works=False)
    return Tried(what, f"{len(usable)} of {len(listed)} keys can be used: {', '.join(usable)}")


def _fhir_servers(owner: str, servers: tuple[FhirServer, ...], settings: Settings, clocks: _Clocks) -> Iterator[Tried]:
    for server in servers:
        what = f"FHIR server of {owner}, {server.base}"
        try:
            yield Tried(what, _capability(server, settings, clocks))
        except _FailureError as failure:
            yield Tried(what, str(failure), works=False)


def _capability(server: FhirServer, settings: Settings, clocks: _Clocks) -> str:
    """What a FHIR server says of itself.

    Raises:
        _FailureError: it could not be asked, or is no FHIR server of R4.
    """
    address = f"{server.base.rstrip('/')}/metadata"
    status, content = _read(
        address, _ACCEPTS_FHIR, settings.ca_file, clocks, settings.fhir_max_bytes, public=not server.private
    )
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        return f"reached; /metadata asks for a token ({status}), so its version is not known"
    if status != requests.codes.ok:
        raise _FailureError(f"/metadata answered with status {status}")
    statement = _object(content)
    if statement.get("resourceType") != _STATEMENT:
        raise _FailureError(f"/metadata answered with something other than a {_STATEMENT}")
    version = str(statement.get("fhirVersion", "unknown"))
    if not version.startswith(_R4):
        raise _FailureError(f"is of FHIR {version}; R4 is read")
    return f"FHIR {version}"


def _object(content: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _FailureError("answered with something other than JSON") from None
    return value if isinstance(value, dict) else {}


def _read(
    address: str, headers: dict[str, str], authorities: Path | None, clocks: _Clocks, most: int, *, public: bool = False
) -> tuple[int, bytes]:
    """The status and the body at an address, asked for as the service does: without redirects, proxies or passwords of
    the environment.

    Raises:
        _FailureError: there was no answer, or it is too large.
    """
    host = urlsplit(address).netloc
    with requests.Session() as session:
        session.trust_env = False
        session.verify = True if authorities is None else str(authorities)
        for scheme in ("https://", "http://"):
            session.mount(scheme, PublicAddressesAdapter() if public else TimedAdapter())
        sent = time.time()
        try:
            with session.get(
                address, headers=headers, timeout=KEYS_DEADLINE_SECONDS, allow_redirects=False, stream=True
            ) as answer:
                clocks.note(host, answer.headers.get("Date"), sent, time.time())
                if answer.is_redirect:
                    raise _FailureError(f"leads elsewhere (status {answer.status_code}), which is not followed")
                content = b""
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    content += chunk
                    if len(content) > most or time.time() - sent > 2 * KEYS_DEADLINE_SECONDS:
                        raise _FailureError("its answer is too large, or takes too long")
                return answer.status_code, content
        except requests.RequestException as error:
            raise _FailureError(_why(error)) from None


def _why(error: requests.RequestException) -> str:
    """Why there was no answer, in words for who mends it."""
    causes: list[BaseException] = [error]
    while (below := causes[-1].__cause__ or causes[-1].__context__ or _reason(causes[-1])) and below not in causes:
        causes.append(below)
    if any(isinstance(cause, ForbiddenAddressError) for cause in causes):
        return "its address is inside a private network, which the tenant has not allowed (private: true)"
    if isinstance(error, requests.exceptions.SSLError):
        return f"its certificate is not trusted: {_last(causes)}"
    if any(isinstance(cause, NameResolutionError | socket.gaierror) for cause in causes):
        return "its name cannot be resolved"
    if isinstance(error, requests.Timeout):
        return f"no answer within {KEYS_DEADLINE_SECONDS:g} seconds"
    refused = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    return f"cannot be reached: {refused[-1] if refused else type(error).__name__}"


def _reason(error: BaseException) -> BaseException | None:
    """What an error of urllib3 names as its reason."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    return inner if isinstance(inner, BaseException) else None


def _last(causes: list[BaseException]) -> str:
    """The words of the innermost error that has any."""
    return next((str(cause) for cause in reversed(causes) if str(cause)), type(causes[0]).__name__)
