"""Access to the sandbox: open to everybody, or to holders of an access token that it issued."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.smart.authorizations import (
    CODE_SECONDS,
    CONSENT_SECONDS,
    LAUNCH_SECONDS,
    REFRESH_SECONDS,
    Authorization,
    OneTimeTokens,
)
from cds_service.sandbox.smart.clients import Clients
from cds_service.sandbox.smart.scopes import Grant

TOKEN_SECONDS = 300
"""The lifetime of a token, in seconds, short because a hook call needs no more."""

EXPIRED_TOKEN_TEXT = "The access token has expired."

_MAX_TOKENS = 10_000


@dataclass(slots=True)
class Access:
    """The issued tokens, and whether requests need one.

    Attributes:
        demanded: whether a request needs a token.
        seconds: the lifetime of an access token.
        clock: gives the Unix second.
        clients: the registered clients.
        launches: the patients of EHR launches, by what the app is given as ``launch``.
        consents: the queries of authorization requests that wait for a person's answer.
        codes: the authorizations whose code was not exchanged yet.
        refreshes: the authorizations that can be renewed.
    """

    demanded: bool = False
    seconds: int = TOKEN_SECONDS
    clock: Callable[[], float] = time.time
    clients: Clients = field(default_factory=Clients)
    launches: OneTimeTokens[str] = field(default_factory=lambda: OneTimeTokens(LAUNCH_SECONDS))
    consents: OneTimeTokens[str] = field(default_factory=lambda: OneTimeTokens(CONSENT_SECONDS))
    codes: OneTimeTokens[Authorization] = field(default_factory=lambda: OneTimeTokens(CODE_SECONDS))
    refreshes: OneTimeTokens[Authorization] = field(default_factory=lambda: OneTimeTokens(REFRESH_SECONDS))
    _grants: dict[str, tuple[Grant, Authorization | None]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def remember(self, token: str, grant: Grant, authorization: Authorization | None = None) -> None:
        """Accept this access token from now on, as long as the authorization that it came of is not revoked."""
        with self._lock:
            if len(self._grants) >= _MAX_TOKENS:
                self._grants.pop(next(iter(self._grants)))
            self._grants[token] = grant, authorization

    def admit(self, authorization: str | None) -> Grant | None:
        """The grant of a request's access token; None, which allows everything, where no token is demanded.

        Raises:
            RefusedError: a token is demanded, and there is none, or it is unknown, revoked or expired.
        """
        if not self.demanded:
            return None
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("The sandbox demands an access token.")
        grant, given = self._grants.get(token.strip(), (None, None))
        if grant is None:
            raise unauthorized("The access token is not one of the sandbox.", "invalid_token")
        if given is not None and given.revoked:
            raise unauthorized("The access token was revoked.", "invalid_token")
        if grant.until <= self.clock():
            raise unauthorized(EXPIRED_TOKEN_TEXT, "invalid_token")
        return grant


def unauthorized(text: str, error: str | None = None) -> RefusedError:
    """The refusal (401) of a request without a valid token; ``error`` is a code of RFC 6750."""
    challenge = f', error="{error}", error_description="{text}"' if error else ""
    return RefusedError(401, "login", text, headers={"WWW-Authenticate": f'Bearer realm="sandbox"{challenge}'})


def require_permission(grant: Grant | None, resource_type: str, permission: str) -> None:
    """Check that a grant allows ``permission``, a letter of ``cruds``, for a resource type.

    Raises:
        RefusedError: none of its scopes does (403).
    """
    if grant is not None and not grant.allows(resource_type, permission):
        raise RefusedError(
            403,
            "forbidden",
            "The scopes of the token do not allow this.",
            headers={"WWW-Authenticate": 'Bearer realm="sandbox", error="insufficient_scope"'},
        )
