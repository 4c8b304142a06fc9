"""Calls from pages of other origins: those that a site lists may call, and no cookie or password goes along."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

_SHARED = "/cds-services"
_METHODS = "GET, POST, OPTIONS"
_HEADERS = "Authorization, Content-Type"
_KEPT_SECONDS = "600"


def allow_cross_origin_calls(app: Flask, origins: Collection[str]) -> None:
    """Let pages of the listed origins call the services, and no other address.

    Without a list nothing is said, and browsers refuse. ``Access-Control-Allow-Credentials`` is never sent: who calls
    is known by the token that the page itself holds.
    """
    allowed = frozenset(origins)
    if not allowed:
        return

    @app.after_request
    def crossing(response: Response) -> Response:
        if request.path != _SHARED and not request.path.startswith(f"{_SHARED}/"):
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin not in allowed:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
            response.headers["Access-Control-Max-Age"] = _KEPT_SECONDS
        return response
