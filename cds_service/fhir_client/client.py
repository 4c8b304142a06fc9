"""One FHIR server of a tenant: JSON by GET, bounded in time and size, with the caller's token and for nobody else.

What can go wrong has a name, said in plain words without an address or a value. A token goes to the base that the
tenant has listed and to nothing else: not to another origin, not along a redirect.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from cds_service.config import FetchLimits
from cds_service.fhir_client.public_addresses import ForbiddenAddressError, PublicAddressesAdapter
from cds_service.trust.addresses import origin

ACCEPTED: Final = "application/fhir+json, application/json;q=0.9"
_AGAIN = frozenset({requests.codes.too_many_requests, requests.codes.service_unavailable})
_PART = 65_536

NOT_IN_TIME = "the FHIR server did not answer in time"
NOT_REACHED = "the FHIR server could not be reached"
NOT_ADMITTED = "the FHIR server did not accept the token"
NOT_ALLOWED = "the FHIR server does not allow it to be read"
NOT_FOUND = "the FHIR server has no such resource"
BUSY = "the FHIR server is busy"
REFUSED = "the FHIR server refused the request"
FAILED = "the FHIR server failed"
NOT_FHIR = "the FHIR server answered with something other than FHIR"
REDIRECTED = "the FHIR server pointed elsewhere"
TOO_LARGE = "the FHIR server’s answer is too large"
FOREIGN = "an address is not one of the tenant’s FHIR server"
FORBIDDEN = "the FHIR server’s address is inside a private network"

_BY_STATUS = {
    401: NOT_ADMITTED,
    403: NOT_ALLOWED,
    404: NOT_FOUND,
    410: NOT_FOUND,
    429: BUSY,
    503: BUSY,
}


class FetchError(Exception):
    """A read that came to nothing; the message is one of the words of this module."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment after which nothing is waited for."""

    until: float
    clock: Callable[[], float] = time.monotonic

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            FetchError: none.
        """
        left = self.until - self.clock()
        if left <= 0:
            raise FetchError(NOT_IN_TIME)
        return left


@dataclass(slots=True)
class FhirClient:
    """Reads from one base. It is kept between calls, for its connections; tokens and cookies are not.

    ``authorities``: a file of those that its certificate may be of, None for the well-known ones.
    """

    base: str
    private: bool
    limits: FetchLimits
    authorities: Path | None = None
    _session: requests.Session = field(init=False)

    def __post_init__(self) -> None:
        """Open a session that takes nothing from the environment: no proxy, no password, no cookie."""
        size = self.limits.connections
        kind = HTTPAdapter if self.private else PublicAddressesAdapter
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = True if self.authorities is None else str(self.authorities)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, kind(pool_connections=1, pool_maxsize=size, max_retries=0))

    def address(self, reference: str) -> str:
        """The address of a relative reference or query, or of an absolute one that lies within the base.

        Raises:
            FetchError: it lies elsewhere.
        """
        joined = urljoin(self.base + "/", reference)
        own, path = urlsplit(self.base).path, urlsplit(joined).path
        if origin(joined) != origin(self.base) or not (path == own or path.startswith(own + "/")) or ".." in path:
            raise FetchError(FOREIGN)
        return joined

    def read(self, reference: str, token: str | None, deadline: Deadline) -> object:
        """The JSON at an address within the base. Reads that the server was too busy for are tried again in time.

        Raises:
            FetchError: with what went wrong.
        """
        address = self.address(reference)
        pause = self.limits.connect / 4
        while True:
            status, body, wait = self._get(address, token, deadline)
            if status not in _AGAIN:
                return _value(status, body)
            pause = max(pause * 2, wait)
            if pause >= deadline.left():
                raise FetchError(BUSY)
            time.sleep(pause)

    def _get(self, address: str, token: str | None, deadline: Deadline) -> tuple[int, bytes, float]:
        """Status, body and how long to wait before another try."""
        headers = {"Accept": ACCEPTED} | ({"Authorization": f"Bearer {token}"} if token else {})
        left = deadline.left()
        try:
            with self._session.get(
                address,
                headers=headers,
                timeout=(min(self.limits.connect, left), left),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, self._body(answer, deadline), _wait(answer)
        except requests.Timeout:
            raise FetchError(NOT_IN_TIME) from None
        except requests.ConnectionError as error:
            raise FetchError(FORBIDDEN if _is_forbidden(error) else NOT_REACHED) from None
        except (requests.RequestException, HTTPError, UnicodeError, ValueError):
            raise FetchError(NOT_REACHED) from None

    def _body(self, answer: requests.Response, deadline: Deadline) -> bytes:
        """The whole body, as it comes: a server that sends a byte a second is out of time like any other."""
        parts: list[bytes] = []
        size = 0
        while True:
            deadline.left()
            part = answer.raw.read1(_PART, decode_content=True)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if size > self.limits.bytes:
                raise FetchError(TOO_LARGE)


def _value(status: int, body: bytes) -> object:
    if 300 <= status < 400:
        raise FetchError(REDIRECTED)
    if status >= 400:
        raise FetchError(_BY_STATUS.get(status, FAILED if status >= 500 else REFUSED))
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise FetchError(NOT_FHIR) from None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise FetchError(NOT_FHIR)
    return value


def _wait(answer: requests.Response) -> float:
    """The seconds that the server asks to wait; a date is not waited for."""
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isascii() and told.isdecimal() else 0.0


def _is_forbidden(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        reason = getattr(seen, "reason", None)
        if any(isinstance(item, ForbiddenAddressError) for item in (seen, reason, *seen.args)):
            return True
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        seen = inner or seen.__cause__ or seen.__context__
    return False
