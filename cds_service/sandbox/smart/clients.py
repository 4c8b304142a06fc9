"""The clients registered at the sandbox, and how each authenticates at the token endpoint."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from secrets import token_urlsafe
from threading import Lock
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

import orjson
from authlib.oauth2.rfc6749 import ClientMixin
from joserfc import jws, jwt
from joserfc.errors import JoseError

from cds_service.sandbox.smart.scopes import grantable_scopes, launch_scopes
from cds_service.trust.addresses import is_secure
from cds_service.trust.keys import TrustedKey, trusted_keys

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES384", "RS384")
BY_KEY = "private_key_jwt"
BY_SECRET = ("client_secret_basic", "client_secret_post")
PUBLIC = "none"
BACKEND_GRANT = "client_credentials"
LAUNCH_GRANT = "authorization_code"
REFRESH_GRANT = "refresh_token"
# What an app that is launched may do; a backend service only gets tokens for itself.
_GRANTS = ([BACKEND_GRANT], [LAUNCH_GRANT], [LAUNCH_GRANT, REFRESH_GRANT])

MAX_ASSERTION_SECONDS = 300
"""The longest validity of a client assertion, in seconds (SMART Backend Services)."""

_LEEWAY = 5
_MAX_CLIENTS = 1_000
_MAX_NAME = 80
_SECRET_BYTES = 24


class OAuthError(Exception):
    """A refusal of OAuth 2; ``status`` is the HTTP status, ``error`` one of OAuth's error codes."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


@dataclass(slots=True)
class Client(ClientMixin):
    """One client, with a secret, with public keys, or, if it is launched in a browser, with neither.

    ``used_assertions`` are the ids of assertions that were used, with the Unix second until which each is remembered.
    The methods are those that Authlib asks of a client.
    """

    id_: str
    method: str
    grants: Sequence[str] = (BACKEND_GRANT,)
    name: str = ""
    redirect_uris: Sequence[str] = ()
    secret: str | None = None
    keys: Mapping[str, TrustedKey] = field(default_factory=dict)
    used_assertions: dict[str, float] = field(default_factory=dict)

    def get_client_id(self) -> str:
        """Its id."""
        return self.id_

    def get_default_redirect_uri(self) -> str:
        """None, as an empty text: every request must name its redirect URI, as SMART demands."""
        return ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it registered this redirect URI, character by character."""
        return redirect_uri in self.redirect_uris

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may ask a person for this."""
        return response_type == "code" and LAUNCH_GRANT in self.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may get tokens in this way."""
        return grant_type in self.grants

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        """Those of the scopes that it can be granted."""
        text = scope if isinstance(scope, str) else " ".join(scope or ())
        return " ".join(launch_scopes(text) if LAUNCH_GRANT in self.grants else grantable_scopes(text))


class Clients:
    """The registered clients, in memory, the oldest dropped first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._lock = Lock()

    def register(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Register a client by its metadata (RFC 7591) and return its id and credentials.

        Raises:
            OAuthError: the metadata ask for something unsupported, or hold no usable key.
        """
        method, grants = (
            metadata.get("token_endpoint_auth_method", BY_SECRET[0]),
            metadata.get("grant_types", [BACKEND_GRANT]),
        )
        methods = (BY_KEY, *BY_SECRET) if grants == [BACKEND_GRANT] else (BY_KEY, *BY_SECRET, PUBLIC)
        if grants not in _GRANTS or method not in methods:
            known = f"The sandbox knows {BACKEND_GRANT} by a secret or by keys, and {LAUNCH_GRANT} with PKCE."
            raise OAuthError(400, "invalid_client_metadata", known)
        name = metadata.get("client_name", "")
        client = Client(str(uuid4()), method, tuple(grants), name[:_MAX_NAME] if isinstance(name, str) else "")
        response: dict[str, Any] = {
            "client_id": client.id_,
            "grant_types": grants,
            "token_endpoint_auth_method": method,
        }
        if grants != [BACKEND_GRANT]:
            client.redirect_uris = _redirect_uris(metadata.get("redirect_uris"))
            response |= {"redirect_uris": client.redirect_uris, "response_types": ["code"]}
        if method == BY_KEY:
            client.keys = _keys(metadata.get("jwks"))
        elif method != PUBLIC:
            client.secret = token_urlsafe(_SECRET_BYTES)
            response |= {"client_secret": client.secret, "client_secret_expires_at": 0}
        with self._lock:
            if len(self._clients) >= _MAX_CLIENTS:
                self._clients.pop(next(iter(self._clients)))
            self._clients[client.id_] = client
        return response

    def find(self, id_: str) -> Client | None:
        """The client with this id."""
        return self._clients.get(id_)

    def authenticated(self, form: Mapping[str, str], basic: str | None, audience: str, now: float) -> Client:
        """The client that sent a token request.

        Args:
            form: the body.
            basic: the Authorization header.
            audience: the token endpoint's URL, which an assertion must name.
            now: the Unix second.

        Raises:
            OAuthError: the client could not be authenticated.
        """
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise OAuthError(400, "invalid_request", "The type of the assertion is not that of a JWT.")
            return self._by_assertion(form["client_assertion"], audience, now)
        id_, secret = _basic_credentials(basic) if basic else (form.get("client_id", ""), form.get("client_secret", ""))
        client = self._clients.get(id_)
        if client is not None and client.method == PUBLIC and not secret:
            return client
        if client is None or client.secret is None or not compare_digest(client.secret.encode(), secret.encode()):
            raise _invalid_client("The client or its secret is not known.")
        return client

    def _by_assertion(self, assertion: str, audience: str, now: float) -> Client:
        claims, header = _unverified(assertion)
        client = self._clients.get(str(claims.get("iss")))
        key = client.keys.get(str(header.get("kid"))) if client else None
        if client is None or key is None:
            raise _invalid_client("The client or its key is not known.")
        client_id_claim: jwt.ClaimsOption = {"essential": True, "value": client.id_}
        registry = jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=_LEEWAY,
            iss=client_id_claim,
            sub=client_id_claim,
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            verified = jwt.decode(assertion, key.key, algorithms=list(ALGORITHMS)).claims
            registry.validate(verified)
        except (JoseError, ValueError, TypeError):
            raise _invalid_client("The assertion is not signed, or does not say, what it must.") from None
        if verified["exp"] > now + MAX_ASSERTION_SECONDS + _LEEWAY:
            raise _invalid_client("The assertion is good for longer than five minutes.")
        with self._lock:
            client.used_assertions = {id_: end for id_, end in client.used_assertions.items() if end > now}
            if str(verified["jti"]) in client.used_assertions:
                raise _invalid_client("The assertion was used before.")
            client.used_assertions[str(verified["jti"])] = verified["exp"] + _LEEWAY
        return client


def _redirect_uris(sent: object) -> list[str]:
    """The redirect URIs of a registration: https, or http on this machine, without user, fragment or odd characters."""
    uris = sent if isinstance(sent, list) else []
    if not uris or not all(isinstance(uri, str) and _is_redirect_uri(uri) for uri in uris):
        raise OAuthError(400, "invalid_redirect_uri", "redirect_uris must be https, or http on this machine.")
    return uris


def _is_redirect_uri(uri: str) -> bool:
    plain = re.fullmatch(r"[!-~]+", uri) and not re.search(r"""["'\\<>^`{|}#@;,*]""", uri)
    return bool(plain) and is_secure(uri)


def _keys(jwks: object) -> dict[str, TrustedKey]:
    keys_sent = jwks.get("keys") if isinstance(jwks, dict) else None
    # Anybody may register here, so well-known development keys are accepted.
    keys = trusted_keys(keys_sent, development=True) if isinstance(keys_sent, list) else {}
    if not keys:
        raise OAuthError(400, "invalid_client_metadata", "jwks holds no public key with a kid that can be used.")
    return keys


def _unverified(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The claims and header of an assertion before verification: only used to find the client and its key."""
    try:
        parts = jws.extract_compact(assertion.encode())
        claims = orjson.loads(parts.payload)
    except (JoseError, ValueError, TypeError):
        raise _invalid_client("The assertion is no JWT.") from None
    if not isinstance(claims, dict):
        raise _invalid_client("The assertion is no JWT.")
    return claims, parts.headers()


def _basic_credentials(basic: str) -> tuple[str, str]:
    scheme, _, text = basic.partition(" ")
    try:
        decoded = b64decode(text, validate=True).decode() if scheme.lower() == "basic" else ""
    except (NotBase64Error, UnicodeDecodeError):
        decoded = ""
    id_, _, secret = decoded.partition(":")
    return unquote_plus(id_), unquote_plus(secret)


def _invalid_client(why: str) -> OAuthError:
    return OAuthError(401, "invalid_client", why)
