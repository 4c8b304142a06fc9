"""The SMART scopes that the sandbox grants: what a token allows for which resource types.

::

    scope = context "/" (type | "*") "." (permissions-v1 | permissions-v2)
    context = "system" | "user"
    permissions-v1 = "read" | "write" | "*"
    permissions-v2 = ["c"] ["r"] ["u"] ["d"] ["s"]    (* at least one *)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cds_service.sandbox.fhir_store.store import SERVED_TYPES

# SMART 1's words, as SMART 2's letters for create, read, update, delete and search.
_PERMISSIONS = {"read": "rs", "write": "cud", "*": "cruds"}
_SCOPE = re.compile(r"(system|user)/(\*|[A-Za-z]+)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)")

OFFERED = ("system/*.cruds", "system/*.rs", "system/*.read", "user/*.cruds", "user/*.rs", "user/*.read")
"""The scopes that the SMART configuration lists; each may name a type instead of the star."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The scopes granted to a client, until a Unix second."""

    client: str
    scopes: tuple[str, ...]
    until: float

    def allows(self, resource_type: str, permission: str) -> bool:
        """Whether one of the scopes allows ``permission``, a letter of ``cruds``, for the type."""
        return any(_covers(scope, resource_type, permission) for scope in self.scopes)


def grantable_scopes(text: str) -> tuple[str, ...]:
    """The scopes of a request that the sandbox can grant, each once, in the order requested."""
    found = (match for match in map(_SCOPE.fullmatch, text.split()) if match)
    return tuple(dict.fromkeys(match[0] for match in found if match[2] in ("*", *SERVED_TYPES)))


def _covers(scope: str, resource_type: str, permission: str) -> bool:
    match = _SCOPE.fullmatch(scope)
    return match is not None and match[2] in ("*", resource_type) and permission in _PERMISSIONS.get(match[3], match[3])
