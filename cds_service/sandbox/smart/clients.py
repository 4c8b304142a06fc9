"""The clients that registered themselves at the sandbox, and how each proves that a request for a token is its own."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from secrets import token_urlsafe
from threading import Lock
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError

from cds_service.trust.keys import TrustedKey, trusted

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES384", "RS384")
BY_KEY = "private_key_jwt"
BY_SECRET = ("client_secret_basic", "client_secret_post")
GRANT = "client_credentials"

MAX_ASSERTION_SECONDS = 300
"""Seconds that an assertion may still be good for, by SMART."""

_LEEWAY = 5
_MAX_CLIENTS = 1_000
_SECRET_BYTES = 24


class OAuthError(Exception):
    """A refusal in the form of OAuth 2: ``error`` is one of its codes."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


@dataclass(slots=True)
class Client:
    """One client: it has a secret, or keys to sign with. ``used`` are the ids of its assertions, with their ends."""

    id_: str
    method: str
    secret: str | None = None
    keys: Mapping[str, TrustedKey] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)


class Clients:
    """Whoever registered since the process began."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._lock = Lock()

    def register(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Register a client by RFC 7591 and return what it must know.

        Raises:
            OAuthError: it asks for what the sandbox does not do, or brings no usable key.
        """
        method, grants = told.get("token_endpoint_auth_method", BY_SECRET[0]), told.get("grant_types", [GRANT])
        if grants != [GRANT] or method not in (BY_KEY, *BY_SECRET):
            raise OAuthError(400, "invalid_client_metadata", f"The sandbox knows {GRANT}, by a secret or by keys.")
        client = Client(str(uuid4()), method)
        answer: dict[str, Any] = {"client_id": client.id_, "grant_types": grants, "token_endpoint_auth_method": method}
        if method == BY_KEY:
            client.keys = _keys(told.get("jwks"))
        else:
            client.secret = token_urlsafe(_SECRET_BYTES)
            answer |= {"client_secret": client.secret, "client_secret_expires_at": 0}
        with self._lock:
            if len(self._clients) >= _MAX_CLIENTS:
                self._clients.pop(next(iter(self._clients)))
            self._clients[client.id_] = client
        return answer

    def authenticated(self, form: Mapping[str, str], basic: str | None, audience: str, now: float) -> Client:
        """The client that a request for a token comes from, by its form or its Authorization header.

        Raises:
            OAuthError: it does not prove to be one.
        """
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise OAuthError(400, "invalid_request", "The type of the assertion is not that of a JWT.")
            return self._by_assertion(form["client_assertion"], audience, now)
        id_, secret = _pair(basic) if basic else (form.get("client_id", ""), form.get("client_secret", ""))
        client = self._clients.get(id_)
        if client is None or client.secret is None or not compare_digest(client.secret.encode(), secret.encode()):
            raise _unproven("The client or its secret is not known.")
        return client

    def _by_assertion(self, assertion: str, audience: str, now: float) -> Client:
        claims, header = _unverified(assertion)
        client = self._clients.get(str(claims.get("iss")))
        key = client.keys.get(str(header.get("kid"))) if client else None
        if client is None or key is None:
            raise _unproven("The client or its key is not known.")
        told: jwt.ClaimsOption = {"essential": True, "value": client.id_}
        rules = jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=_LEEWAY,
            iss=told,
            sub=told,
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            verified = jwt.decode(assertion, key.key, algorithms=list(ALGORITHMS)).claims
            rules.validate(verified)
        except (JoseError, ValueError, TypeError):
            raise _unproven("The assertion is not signed, or does not say, what it must.") from None
        if verified["exp"] > now + MAX_ASSERTION_SECONDS + _LEEWAY:
            raise _unproven("The assertion is good for longer than five minutes.")
        with self._lock:
            client.used = {id_: until for id_, until in client.used.items() if until > now}
            if str(verified["jti"]) in client.used:
                raise _unproven("The assertion was used before.")
            client.used[str(verified["jti"])] = verified["exp"] + _LEEWAY
        return client


def _keys(told: object) -> dict[str, TrustedKey]:
    listed = told.get("keys") if isinstance(told, dict) else None
    # Anybody may register here, so a published key is as good as another.
    keys = trusted(listed, development=True) if isinstance(listed, list) else {}
    if not keys:
        raise OAuthError(400, "invalid_client_metadata", "jwks holds no public key with a kid that can be used.")
    return keys


def _unverified(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an assertion says of itself: good for finding whose it is, and nothing else."""
    try:
        parts = jws.extract_compact(assertion.encode())
        claims = orjson.loads(parts.payload)
    except (JoseError, ValueError, TypeError):
        raise _unproven("The assertion is no JWT.") from None
    if not isinstance(claims, dict):
        raise _unproven("The assertion is no JWT.")
    return claims, parts.headers()


def _pair(basic: str) -> tuple[str, str]:
    scheme, _, text = basic.partition(" ")
    try:
        decoded = b64decode(text, validate=True).decode() if scheme.lower() == "basic" else ""
    except (NotBase64Error, UnicodeDecodeError):
        decoded = ""
    id_, _, secret = decoded.partition(":")
    return unquote_plus(id_), unquote_plus(secret)


def _unproven(why: str) -> OAuthError:
    return OAuthError(401, "invalid_client", why)
