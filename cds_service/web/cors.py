"""Calls from web pages of other origins (CORS): those that a site lists may call the services, without credentials."""

from __future__ import annotations

import re
from collections.abc import Collection

from flask import Flask, Response, request
from flask_cors import CORS

_SERVICES = re.compile(r"/cds-services(?:/|\Z)")
_PREFLIGHT_SECONDS = 600


def allow_cross_origin_calls(app: Flask, origins: Collection[str]) -> None:
    """Let pages of the listed origins call the services, and no other address.

    Without a list no header is sent, and browsers refuse. ``Access-Control-Allow-Credentials`` is never sent: a caller
    is known by the token that the page itself holds.

    Args:
        app: the application; register its other ``after_request`` functions first.
        origins: scheme, host and port of each, as :func:`cds_service.config.is_origin` accepts them.
    """
    if not origins:
        return
    CORS(
        app,
        resources=_SERVICES,
        # As patterns, since Flask-Cors ignores the case of a plain text.
        origins=[re.compile(rf"{re.escape(origin)}\Z") for origin in origins],
        methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type"],
        max_age=_PREFLIGHT_SECONDS,
        always_send=False,
        vary_header=False,
        intercept_exceptions=False,  # every error has a handler, so that its response passes here as well
    )

    # Flask-Cors would set Vary for listed origins alone: a shared cache could then give them the answer to another.
    @app.after_request
    def vary_by_origin(response: Response) -> Response:
        if _SERVICES.match(request.path):
            response.vary.add("Origin")
        return response
