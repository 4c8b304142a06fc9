"""Who may read the sandbox: everybody, or whoever brings a token that it gave out itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Lock
from typing import Any

from cds_service.sandbox.fhir_server.refusal import RefusedError
from cds_service.sandbox.smart.clients import GRANT, Clients, OAuthError
from cds_service.sandbox.smart.scopes import Grant, understood

TOKEN_SECONDS = 300
"""How long a token is good for: not longer than a call of a hook needs."""

EXPIRED = "The access token has expired."

_TOKEN_BYTES = 32
_MAX_TOKENS = 10_000


@dataclass(slots=True)
class Access:
    """The tokens that were given out, and whether one is demanded. ``clock`` gives the second of the Unix clock."""

    demanded: bool = False
    seconds: int = TOKEN_SECONDS
    clock: Callable[[], float] = time.time
    clients: Clients = field(default_factory=Clients)
    _grants: dict[str, Grant] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def issue(self, form: Mapping[str, str], basic: str | None, audience: str) -> dict[str, Any]:
        """A token for a request of the client-credentials grant, as OAuth 2 answers with it.

        Raises:
            OAuthError: it is none, or does not come from a client that is known.
        """
        if "grant_type" not in form:
            raise OAuthError(400, "invalid_request", "The grant_type is missing.")
        if form["grant_type"] != GRANT:
            raise OAuthError(400, "unsupported_grant_type", f"The sandbox knows {GRANT}.")
        now = self.clock()
        client = self.clients.authenticated(form, basic, audience, now)
        scopes = understood(form.get("scope", ""))
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
        """What the bearer of a token may do; None, which is everything, where no token is demanded.

        Raises:
            RefusedError: a token is demanded and none, or none that is still good, was brought.
        """
        if not self.demanded:
            return None
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise not_admitted("The sandbox demands an access token.")
        grant = self._grants.get(token.strip())
        if grant is None:
            raise not_admitted("The access token is not one of the sandbox.", "invalid_token")
        if grant.until <= self.clock():
            raise not_admitted(EXPIRED, "invalid_token")
        return grant


def not_admitted(text: str, error: str | None = None) -> RefusedError:
    """The refusal of a request without a token that is good; ``error`` is a code of RFC 6750."""
    told = f', error="{error}", error_description="{text}"' if error else ""
    return RefusedError(401, "login", text, headers={"WWW-Authenticate": f'Bearer realm="sandbox"{told}'})


def require(grant: Grant | None, kind: str, letter: str) -> None:
    """Refuse what a token does not allow.

    Raises:
        RefusedError: none of its scopes allows this letter of ``cruds`` for the type.
    """
    if grant is not None and not grant.allows(kind, letter):
        raise RefusedError(
            403,
            "forbidden",
            "The scopes of the token do not allow this.",
            headers={"WWW-Authenticate": 'Bearer realm="sandbox", error="insufficient_scope"'},
        )
