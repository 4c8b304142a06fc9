"""The JSON Web Tokens of CDS Hooks: verified against a tenant's settings, with one reason for each kind of refusal.

Nothing in a token decides how it is verified. Its algorithm must be one of the tenant's and suit the key, the key is
the tenant's own, and an address of keys in its header must be one that the tenant has listed.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds_service.config.limits import MAX_TOKEN_LENGTH, MAX_TOKEN_SECONDS, TOKEN_LEEWAY_SECONDS
from cds_service.errors import NotAdmittedError
from cds_service.json_document import Outline, parse, refuse_duplicate_members
from cds_service.trust.keys import KeyRing, NoKeyError, TrustedKey

_KEY_KINDS: Mapping[str, tuple[type[ECKey] | type[RSAKey], str | None]] = {
    "ES384": (ECKey, "P-384"),
    "ES256": (ECKey, "P-256"),
    "RS384": (RSAKey, None),
    "RS256": (RSAKey, None),
}
_REGISTRIES = {
    algorithm: jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False) for algorithm in _KEY_KINDS
}
_SCHEME = "bearer"
_TYPE = "jwt"
_PARTS = 3
_MAX_NAME_LENGTH = 512


@dataclass(frozen=True, slots=True)
class ExpectedClaims:
    """The claims that a token of a tenant must have for one endpoint.

    ``audiences``: the accepted values of ``aud``; ``tenant_claim`` and ``subject`` are compared where they are set;
    ``key_addresses``: the values that ``jku`` may have in the header; they are compared and never fetched here.
    """

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    keys: KeyRing
    key_addresses: tuple[str, ...] = ()
    tenant_claim: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """The parts of a token before its signature is verified: only to find the tenant that it claims."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A verified token: its id, and the second of the Unix clock until which it could be replayed."""

    identity: str
    until: int


def parse_authorization(authorization: str | None) -> UnverifiedToken:
    """The token of an Authorization header, parsed but not verified::

        header = "Bearer" token
        token = part "." part "." part    (* base64url: JSON header, JSON claims, signature *)

    Raises:
        NotAdmittedError: there is no token, or it is none of this form.
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
    return UnverifiedToken(text, _decoded(parts[0]), _decoded(parts[1]))


def verify(token: UnverifiedToken, expected: ExpectedClaims, now: float) -> VerifiedToken:
    """Verify the signature and the claims of a token at a second of the Unix clock.

    Raises:
        NotAdmittedError: with the first thing that is wrong.
    """
    key = _key_of(token.header, expected)
    algorithm = token.header["alg"]
    try:
        # The algorithm was checked by _key_of; the library reads nothing else from the header.
        jws.deserialize_compact(token.text, key.key, algorithms=[algorithm], registry=_REGISTRIES[algorithm])
    except (JoseError, ValueError, TypeError):
        raise NotAdmittedError("the signature does not fit") from None
    return _verify_claims(token.claims, expected, now)


def _key_of(header: Mapping[str, Any], expected: ExpectedClaims) -> TrustedKey:
    algorithm, identity = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in expected.algorithms or algorithm not in _KEY_KINDS:
        raise NotAdmittedError("the algorithm is not one of the tenant's")
    if str(header.get("typ", "")).lower() != _TYPE:
        raise NotAdmittedError("not declared to be a JWT")
    if "crit" in header:
        raise NotAdmittedError("the header asks for what is not known")
    if header.get("jku") is not None and header["jku"] not in expected.key_addresses:
        raise NotAdmittedError("names another address of keys")
    if not isinstance(identity, str) or not 0 < len(identity) <= _MAX_NAME_LENGTH:
        raise NotAdmittedError("names no key")
    try:
        key = expected.keys.key(identity)
    except NoKeyError as error:
        raise NotAdmittedError(str(error)) from None
    if not suits_algorithm(key, algorithm):
        raise NotAdmittedError("the algorithm does not fit the key")
    return key


def suits_algorithm(key: TrustedKey, algorithm: str) -> bool:
    """Whether a key is of the kind that an algorithm needs, and is not restricted to another algorithm."""
    kind, curve = _KEY_KINDS[algorithm]
    is_kind = isinstance(key.key, kind) and (not isinstance(key.key, ECKey) or key.key.curve_name == curve)
    return is_kind and key.algorithm in (None, algorithm)


def _verify_claims(claims: Mapping[str, Any], expected: ExpectedClaims, now: float) -> VerifiedToken:
    if claims.get("iss") != expected.issuer:
        raise NotAdmittedError("another issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not any(a in expected.audiences for a in audiences if isinstance(a, str)):
        raise NotAdmittedError("meant for another audience")
    if expected.tenant_claim is not None and claims.get("tenant") != expected.tenant_claim:
        raise NotAdmittedError("another tenant")
    if expected.subject is not None and claims.get("sub") != expected.subject:
        raise NotAdmittedError("another subject")
    expires, issued = _numeric_date(claims, "exp"), _numeric_date(claims, "iat")
    if expires <= now - TOKEN_LEEWAY_SECONDS:
        raise NotAdmittedError("expired")
    if issued > now + TOKEN_LEEWAY_SECONDS:
        raise NotAdmittedError("issued in the future")
    if "nbf" in claims and _numeric_date(claims, "nbf") > now + TOKEN_LEEWAY_SECONDS:
        raise NotAdmittedError("not valid yet")
    if not 0 < expires - issued <= MAX_TOKEN_SECONDS:
        raise NotAdmittedError("lives too long")
    identity = claims.get("jti")
    if not isinstance(identity, str) or not 0 < len(identity) <= _MAX_NAME_LENGTH:
        raise NotAdmittedError("has no id of its own")
    return VerifiedToken(identity, int(expires) + TOKEN_LEEWAY_SECONDS)


def _numeric_date(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAdmittedError(f"{name} is missing, or no time")
    return value


def _decoded(part: str) -> Mapping[str, Any]:
    try:
        # Where a member stands there twice, its signer and its reader could take different ones.
        text = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        value = parse(text)
        refuse_duplicate_members(text, value, Outline.of(text))
    except ValueError:
        raise NotAdmittedError("the token cannot be read") from None
    if not isinstance(value, dict):
        raise NotAdmittedError("the token cannot be read")
    return value
