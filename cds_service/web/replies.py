"""Responses of the web framework with a JSON body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response


def json_response(body: Mapping[str, Any], status: int = 200, content_type: str = "application/json") -> Response:
    """The response with a body."""
    return Response(orjson.dumps(body), status, content_type=content_type)
