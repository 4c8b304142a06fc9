"""The discovery document: what ``GET /cds-services`` answers."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson

from cds_service.services import SERVICES


def discovery(*, versions: bool = False) -> dict[str, Any]:
    """Every service with its title, description, prefetch templates and usage requirements; with ``versions`` also
    those of the specification and of the hook."""
    return {"services": [service.entry(versions=versions) for service in SERVICES.values()]}


@cache
def discovery_body(*, versions: bool = False) -> bytes:
    """The document as JSON; it does not change while the program runs."""
    return orjson.dumps(discovery(versions=versions))
