"""The scopes of SMART that the sandbox grants: what a token may do with which type of resource."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cds_service.sandbox.fhir_server.store import SERVED_TYPES

# create, read, update, delete, search; SMART 1 has words for some of them together.
_WORDS = {"read": "rs", "write": "cud", "*": "cruds"}
_SCOPE = re.compile(r"(system|user)/(\*|[A-Za-z]+)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)")

OFFERED = ("system/*.cruds", "system/*.rs", "system/*.read", "user/*.cruds", "user/*.rs", "user/*.read")
"""Examples that clients can choose from; each may name a type instead of the star."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client may do, until a second of the Unix clock."""

    client: str
    scopes: tuple[str, ...]
    until: float

    def allows(self, kind: str, letter: str) -> bool:
        """Whether one of the scopes allows this letter of ``cruds`` for the type."""
        return any(_covers(scope, kind, letter) for scope in self.scopes)


def understood(text: str) -> tuple[str, ...]:
    """The scopes of a request that the sandbox can grant, each once; the others are not granted."""
    found = (match for match in map(_SCOPE.fullmatch, text.split()) if match)
    return tuple(dict.fromkeys(match[0] for match in found if match[2] in ("*", *SERVED_TYPES)))


def _covers(scope: str, kind: str, letter: str) -> bool:
    match = _SCOPE.fullmatch(scope)
    return match is not None and match[2] in ("*", kind) and letter in _WORDS.get(match[3], match[3])
