"""Access to the sandbox: open to everybody, or to holders of an access token that it issued."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Lock
from typing import Any

from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.smart.clients import GRANT, Clients, OAuthError
from cds_service.sandbox.smart.scopes import Grant, grantable_scopes

TOKEN_SECONDS = 300
"""The lifetime of a token, in seconds, short because a hook call needs no more."""

EXPIRED_TOKEN_TEXT = "The access token has expired."

_TOKEN_BYTES = 32
_MAX_TOKENS = 10_000


@dataclass(slots=True)
class Access:
    """The issued tokens, and whether requests need one.

    ``seconds`` is the lifetime of a token; ``clock`` gives the Unix second.
    """

    demanded: bool = False
    seconds: int = TOKEN_SECONDS
    clock: Callable[[], float] = time.time
    clients: Clients = field(default_factory=Clients)
    _grants: dict[str, Grant] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def issue(self, form: Mapping[str, str], basic: str | None, audience: str) -> dict[str, Any]:
        """The OAuth 2 response to a token request of the client-credentials grant.

        Args:
            form: the body.
            basic: the Authorization header.
            audience: the token endpoint's URL, which a client's assertion must name.

        Raises:
            OAuthError: the request is not valid, or its client could not be authenticated.
        """
        if "grant_type" not in form:
            raise OAuthError(400, "invalid_request", "The grant_type is missing.")
        if form["grant_type"] != GRANT:
            raise OAuthError(400, "unsupported_grant_type", f"The sandbox knows {GRANT}.")
        now = self.clock()
        client = self.clients.authenticated(form, basic, audience, now)
        scopes = grantable_scopes(form.get("scope", ""))
        if not scopes:
            raise OAuthError(400, "invalid_scope", "None of the scopes is one that the sandbox grants.")
        token = token_urlsafe(_TOKEN_BYTES)
        with self._lock:
            if len(self._grants) >= _MAX_TOKENS:
                self._grants.pop(next(iter(self._grants)))
            self._grants[token] = Grant(client.id_, scopes, now + self.seconds)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self.seconds,
            "scope": " ".join(scopes),
        }

    def admit(self, authorization: str | None) -> Grant | None:
        """The grant of a request's access token; None, which allows everything, where no token is demanded.

        Raises:
            RefusedError: a token is demanded, and there is none, or it is unknown or has expired.
        """
        if not self.demanded:
            return None
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("The sandbox demands an access token.")
        grant = self._grants.get(token.strip())
        if grant is None:
            raise unauthorized("The access token is not one of the sandbox.", "invalid_token")
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
