"""A JSON Web Token of CDS Hooks: checked against what a tenant is known by, a named refusal for each way to be wrong.

Nothing that a token says of itself decides how it is checked: the algorithm must be one of the tenant's and fit the
key, the key is the tenant's own, and an address of keys in the header must be the tenant's.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds_service.config import MAX_TOKEN_LENGTH, MAX_TOKEN_SECONDS, TOKEN_LEEWAY
from cds_service.errors import NotAdmittedError
from cds_service.trust.keys import KeyRing, NoKeyError, TrustedKey

_FITS: Mapping[str, tuple[type[ECKey] | type[RSAKey], str | None]] = {
    "ES384": (ECKey, "P-384"),
    "ES256": (ECKey, "P-256"),
    "RS384": (RSAKey, None),
    "RS256": (RSAKey, None),
}
_REGISTRIES = {algorithm: jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False) for algorithm in _FITS}
_SCHEME = "bearer"
_TYPE = "jwt"
_PARTS = 3
_MAX_NAME_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token of a tenant must say.

    ``audiences`` are the addresses that this call may be meant for; ``tenant_claim`` and ``subject`` are compared where
    they are set. ``jwks_url`` is the only address of keys that a token may name.
    """

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    keys: KeyRing
    jwks_url: str | None = None
    tenant_claim: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Unverified:
    """The parts of a token before its signature is checked: good for finding whose it says it is, and nothing else."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A token that was checked: its id, and the second until which it could be used again."""

    identity: str
    until: int


def unverified(authorization: str | None) -> Unverified:
    """The token of an Authorization header, taken apart and not yet trusted.

    Raises:
        NotAdmittedError: there is none, or it is no such token.
    """
    if not authorization:
        raise NotAdmittedError("no authorization")
    scheme, _, text = authorization.strip().partition(" ")
    text = text.strip()
    if scheme.lower() != _SCHEME or not text:
        raise NotAdmittedError("not a bearer token")
    if len(text) > MAX_TOKEN_LENGTH:
        raise NotAdmittedError("the token is too long")
    parts = text.split(".")
    if len(parts) != _PARTS:
        raise NotAdmittedError("not a signed token")
    return Unverified(text, _object(parts[0]), _object(parts[1]))


def verify(token: Unverified, expected: Expected, now: float) -> Admitted:
    """Check a token at a second of the Unix clock.

    Raises:
        NotAdmittedError: with the first thing that is wrong.
    """
    key = _key_of(token.header, expected)
    algorithm = token.header["alg"]
    try:
        # Only what was looked at above decides; the header is not asked again.
        jws.deserialize_compact(token.text, key.key, algorithms=[algorithm], registry=_REGISTRIES[algorithm])
    except (JoseError, ValueError, TypeError):
        raise NotAdmittedError("the signature does not fit") from None
    return _checked(token.claims, expected, now)


def _key_of(header: Mapping[str, Any], expected: Expected) -> TrustedKey:
    algorithm, identity = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in expected.algorithms or algorithm not in _FITS:
        raise NotAdmittedError("the algorithm is not one of the tenant's")
    if str(header.get("typ", "")).lower() != _TYPE:
        raise NotAdmittedError("not declared to be a JWT")
    if "crit" in header:
        raise NotAdmittedError("the header asks for what is not known")
    if "jku" in header and header["jku"] != expected.jwks_url:
        raise NotAdmittedError("names another address of keys")
    if not isinstance(identity, str) or not 0 < len(identity) <= _MAX_NAME_LENGTH:
        raise NotAdmittedError("names no key")
    try:
        key = expected.keys.key(identity)
    except NoKeyError as error:
        raise NotAdmittedError(str(error)) from None
    if not fits(key, algorithm):
        raise NotAdmittedError("the algorithm does not fit the key")
    return key


def fits(key: TrustedKey, algorithm: str) -> bool:
    """Whether a key is of the kind that an algorithm needs, and not said to be for another."""
    kind, curve = _FITS[algorithm]
    right = isinstance(key.key, kind) and (not isinstance(key.key, ECKey) or key.key.curve_name == curve)
    return right and key.algorithm in (None, algorithm)


def _checked(claims: Mapping[str, Any], expected: Expected, now: float) -> Admitted:
    if claims.get("iss") != expected.issuer:
        raise NotAdmittedError("another issuer")
    meant_for = claims.get("aud")
    audiences = [meant_for] if isinstance(meant_for, str) else meant_for
    if not isinstance(audiences, list) or not any(a in expected.audiences for a in audiences if isinstance(a, str)):
        raise NotAdmittedError("meant for another audience")
    if expected.tenant_claim is not None and claims.get("tenant") != expected.tenant_claim:
        raise NotAdmittedError("another tenant")
    if expected.subject is not None and claims.get("sub") != expected.subject:
        raise NotAdmittedError("another subject")
    expires, issued = _second(claims, "exp"), _second(claims, "iat")
    if expires <= now - TOKEN_LEEWAY:
        raise NotAdmittedError("expired")
    if issued > now + TOKEN_LEEWAY:
        raise NotAdmittedError("issued in the future")
    if "nbf" in claims and _second(claims, "nbf") > now + TOKEN_LEEWAY:
        raise NotAdmittedError("not valid yet")
    if not 0 < expires - issued <= MAX_TOKEN_SECONDS:
        raise NotAdmittedError("lives too long")
    identity = claims.get("jti")
    if not isinstance(identity, str) or not 0 < len(identity) <= _MAX_NAME_LENGTH:
        raise NotAdmittedError("has no id of its own")
    return Admitted(identity, int(expires) + TOKEN_LEEWAY)


def _second(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAdmittedError(f"{name} is missing, or no time")
    return value


def _object(part: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        raise NotAdmittedError("the token cannot be read") from None
    if not isinstance(value, dict):
        raise NotAdmittedError("the token cannot be read")
    return value
