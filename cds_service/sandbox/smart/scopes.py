"""The SMART scopes that the sandbox grants: what a token allows for which resource types, and what a launch asks for.

::

    scope = context "/" (type | "*") "." (permissions-v1 | permissions-v2)
    context = "system" | "user" | "patient"
    permissions-v1 = "read" | "write" | "*"
    permissions-v2 = ["c"] ["r"] ["u"] ["d"] ["s"]    (* at least one *)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cds_service.sandbox.fhir_store.store import SERVED_TYPES

# SMART 1's words, as SMART 2's letters for create, read, update, delete and search.
_PERMISSIONS = {"read": "rs", "write": "cud", "*": "cruds"}
_SCOPE = re.compile(r"(system|user|patient)/(\*|[A-Za-z]+)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)")
_OF_A_BACKEND = ("system", "user")
_OF_A_LAUNCH = ("user", "patient")
_OFFLINE = frozenset({"offline_access", "online_access"})
_LAUNCH = {
    "openid": "know who you are",
    "fhirUser": "know who you are",
    "profile": "know who you are",
    "launch": "know which patient's chart is open",
    "launch/patient": "know which patient you choose",
    "offline_access": "keep its access after you leave",
    "online_access": "renew its access while you work",
}
_IN_WORDS = {"c": "create", "r": "read", "u": "change", "d": "delete", "s": "search"}

OFFERED = (
    *(f"{context}/*.{letters}" for context in ("system", "user", "patient") for letters in ("cruds", "rs", "read")),
    *_LAUNCH,
)
"""The scopes that the SMART configuration lists; those with a star may name a type instead."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The scopes granted to a client, until a Unix second. ``patient`` is the id of the patient of a launch."""

    client: str
    scopes: tuple[str, ...]
    until: float
    patient: str | None = None

    def allows(self, resource_type: str, permission: str) -> bool:
        """Whether one of the scopes allows ``permission``, a letter of ``cruds``, for the type."""
        return any(_covers(scope, resource_type, permission) for scope in self.scopes)

    def is_limited(self, resource_type: str, permission: str) -> bool:
        """Whether ``permission`` is not allowed for this type beyond the launch's patient."""
        beyond = (scope for scope in self.scopes if not scope.startswith("patient/"))
        return not any(_covers(scope, resource_type, permission) for scope in beyond)


def grantable_scopes(text: str, contexts: tuple[str, ...] = _OF_A_BACKEND) -> tuple[str, ...]:
    """The resource scopes of a request that the sandbox can grant in these contexts, each once, as ordered there."""
    found = (match for match in map(_SCOPE.fullmatch, text.split()) if match)
    return tuple(
        dict.fromkeys(match[0] for match in found if match[1] in contexts and match[2] in ("*", *SERVED_TYPES))
    )


def launch_scopes(text: str) -> tuple[str, ...]:
    """The scopes of a launch that the sandbox can grant, each once, as ordered in the request."""
    resources = grantable_scopes(text, _OF_A_LAUNCH)
    return tuple(dict.fromkeys(scope for scope in text.split() if scope in _LAUNCH or scope in resources))


def needs_patient(scopes: tuple[str, ...]) -> bool:
    """Whether a launch with these scopes is about one patient."""
    return any(scope in ("launch", "launch/patient") or scope.startswith("patient/") for scope in scopes)


def may_renew(scopes: tuple[str, ...]) -> bool:
    """Whether a launch with these scopes gets a refresh token."""
    return bool(_OFFLINE.intersection(scopes))


def in_words(scopes: tuple[str, ...]) -> list[str]:
    """What each scope lets an app do, for the person who is asked; each sentence once."""
    return list(dict.fromkeys(_LAUNCH.get(scope) or _access_in_words(scope) for scope in scopes))


def _access_in_words(scope: str) -> str:
    match = _SCOPE.fullmatch(scope)
    if match is None:
        return scope
    verbs = " and ".join(_IN_WORDS[letter] for letter in _PERMISSIONS.get(match[3], match[3]))
    what = "every record" if match[2] == "*" else f"{match[2]} records"
    return f"{verbs} {what} of {'this patient' if match[1] == 'patient' else 'all patients'}"


def _covers(scope: str, resource_type: str, permission: str) -> bool:
    match = _SCOPE.fullmatch(scope)
    return match is not None and match[2] in ("*", resource_type) and permission in _PERMISSIONS.get(match[3], match[3])
