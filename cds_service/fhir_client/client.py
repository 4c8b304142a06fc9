"""A client for one FHIR server of a tenant: JSON by GET, bounded in time and size.

A token is sent to the base that the tenant has listed and to no other origin, also not along a redirect. A failure is a
:class:`FetchFailure`, whose words quote neither an address nor a value.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import requests
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Retry

from cds_service.config.limits import FetchLimits
from cds_service.fhir_client.failures import FetchFailure
from cds_service.fhir_client.public_addresses import ForbiddenAddressError, PublicAddressesAdapter
from cds_service.json_document import JsonSyntaxError, Outline, parse, refuse_duplicate_members
from cds_service.timed_connections import TimedAdapter
from cds_service.trust.addresses import address_below

ACCEPTED: Final = "application/fhir+json, application/json;q=0.9"
_RETRIED = frozenset({requests.codes.too_many_requests, requests.codes.service_unavailable})
_WHOLE = frozenset({200, 203})
"""The statuses with a whole resource; 203 is that of a proxy between."""
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 65_536


_BY_STATUS = {
    401: FetchFailure.NOT_ADMITTED,
    403: FetchFailure.NOT_ALLOWED,
    404: FetchFailure.NOT_FOUND,
    410: FetchFailure.NOT_FOUND,
    429: FetchFailure.BUSY,
    503: FetchFailure.BUSY,
}


class FetchError(Exception):
    """A read failed."""

    def __init__(self, failure: FetchFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time, by ``clock``, after which nothing is waited for."""

    until: float
    clock: Callable[[], float] = time.monotonic

    def left(self) -> float:
        """The seconds that are left.

        Raises:
            FetchError: none are.
        """
        left = self.until - self.clock()
        if left <= 0:
            raise FetchError(FetchFailure.NOT_IN_TIME)
        return left


class _OnceAgain(Retry):
    """Asks once again where a connection is closed before there is an answer: a server closes those that were idle for
    long, perhaps just when one is used again."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """The tries that are left. A server that takes too long is not asked again."""
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


_ONCE_AGAIN = _OnceAgain(total=1, connect=0, status=0, redirect=0, other=0, respect_retry_after_header=False)


@dataclass(slots=True)
class FhirClient:
    """Reads below one base. It is kept between calls for its connections; it keeps no token and no cookie.

    ``private``: whether the server may be inside a private network; ``authorities``: a PEM file of the certificate
    authorities to trust, None for the well-known ones.
    """

    base: str
    private: bool
    limits: FetchLimits
    authorities: Path | None = None
    _session: requests.Session = field(init=False)

    def __post_init__(self) -> None:
        """Open a session that takes nothing from the environment: no proxy, no password, no cookie."""
        size = self.limits.calls * self.limits.connections
        adapter = TimedAdapter if self.private else PublicAddressesAdapter
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = True if self.authorities is None else str(self.authorities)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter(pool_connections=1, pool_maxsize=size, max_retries=_ONCE_AGAIN))

    def close(self) -> None:
        """Close the connections that are kept open. A later read opens one again."""
        self._session.close()

    def address(self, reference: str) -> str:
        """The address of a relative reference or query, or of an absolute one below the base.

        Raises:
            FetchError: it is not below the base.
        """
        address = address_below(self.base, reference)
        if address is None:
            raise FetchError(FetchFailure.FOREIGN)
        return address

    def read(self, reference: str, token: str | None, deadline: Deadline) -> object:
        """The FHIR resource at an address below the base, as parsed JSON. A busy server is asked again in time.

        Raises:
            FetchError: the read failed.
        """
        address = self.address(reference)
        pause = self.limits.connect / 4
        while True:
            status, body, retry_after = self._get(address, token, deadline)
            if status not in _RETRIED:
                return _resource(status, body)
            pause = max(pause * 2, retry_after)
            if pause >= deadline.left():
                raise FetchError(FetchFailure.BUSY)
            time.sleep(pause)

    def _get(self, address: str, token: str | None, deadline: Deadline) -> tuple[int, bytes, float]:
        """The status, the body, and the seconds that the server asks to wait before another try."""
        headers = {"Accept": ACCEPTED} | ({"Authorization": f"Bearer {token}"} if token else {})
        left = deadline.left()
        try:
            with self._session.get(
                address,
                headers=headers,
                timeout=(min(self.limits.connect, left), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, self._body(response, deadline), _retry_after(response)
        except (requests.Timeout, ReadTimeoutError):
            raise FetchError(FetchFailure.NOT_IN_TIME) from None
        except requests.ConnectionError as error:
            failure = FetchFailure.FORBIDDEN if _is_forbidden(error) else FetchFailure.NOT_REACHED
            raise FetchError(failure) from None
        except HTTPError:  # the body is read without requests
            raise FetchError(FetchFailure.BROKE_OFF) from None
        except (requests.RequestException, UnicodeError, ValueError):
            raise FetchError(FetchFailure.NOT_REACHED) from None

    def _body(self, response: requests.Response, deadline: Deadline) -> bytes:
        """The whole body. The deadline is checked with each chunk: a server may send one byte a second."""
        chunks: list[bytes] = []
        size = 0
        while True:
            deadline.left()
            chunk = response.raw.read1(_CHUNK_BYTES, decode_content=True)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            size += len(chunk)
            if size > self.limits.bytes:
                raise FetchError(FetchFailure.TOO_LARGE)


def _resource(status: int, body: bytes) -> object:
    if status in _REDIRECTED:
        raise FetchError(FetchFailure.REDIRECTED)
    if status >= 400:
        raise FetchError(_BY_STATUS.get(status, FetchFailure.FAILED if status >= 500 else FetchFailure.REFUSED))
    if status not in _WHOLE:
        raise FetchError(FetchFailure.NOT_FHIR)
    try:
        value = parse(body)
        refuse_duplicate_members(body, value, Outline.of(body))
    except JsonSyntaxError:
        raise FetchError(FetchFailure.NOT_FHIR) from None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise FetchError(FetchFailure.NOT_FHIR)
    return value


def _retry_after(response: requests.Response) -> float:
    """The seconds of Retry-After; 0 where it is absent or a date."""
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isascii() and seconds.isdecimal() else 0.0


def _is_forbidden(error: BaseException) -> bool:
    """Whether a connection failed for its private address: that error stands somewhere among its causes."""
    cause: BaseException | None = error
    while cause is not None:
        reason = getattr(cause, "reason", None)
        if any(isinstance(item, ForbiddenAddressError) for item in (cause, reason, *cause.args)):
            return True
        inner = cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None
        cause = inner or cause.__cause__ or cause.__context__
    return False
