"""Calls from web pages of other origins (CORS): those that a site lists may call, without credentials."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flask import Flask, Response, request
from flask_cors import CORS

_PREFLIGHT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class CrossOriginCalls:
    """What pages of other origins may do.

    ``paths`` matches the beginning of the addresses, ``headers`` are those that a call may carry, and ``exposed`` those
    of the response that the page may read.
    """

    paths: re.Pattern[str]
    methods: Sequence[str]
    headers: Sequence[str] = ("Authorization", "Content-Type")
    exposed: Sequence[str] = ()


SERVICES = CrossOriginCalls(re.compile(r"/cds-services(?:/|\Z)"), ("GET", "POST", "OPTIONS"))
"""The CDS Hooks services, and no other address of the service."""


def allow_cross_origin_calls(app: Flask, origins: Collection[str], calls: CrossOriginCalls = SERVICES) -> None:
    """Let pages of the listed origins make these calls, and no others.

    Without a list no header is sent, and browsers refuse. ``Access-Control-Allow-Credentials`` is never sent: a caller
    is known by the token that the page itself holds.

    Args:
        app: the application; register its other ``after_request`` functions first.
        origins: scheme, host and port of each, as :func:`cds_service.config.settings.is_origin` accepts them.
        calls: what they may call.
    """
    if not origins:
        return
    CORS(
        app,
        resources=calls.paths,
        # As patterns, since Flask-Cors ignores the case of a plain text.
        origins=[re.compile(rf"{re.escape(origin)}\Z") for origin in origins],
        methods=list(calls.methods),
        allow_headers=list(calls.headers),
        expose_headers=list(calls.exposed),
        max_age=_PREFLIGHT_SECONDS,
        always_send=False,
        vary_header=False,
        intercept_exceptions=False,  # every error has a handler, so that its response passes here as well
    )

    # Flask-Cors would set Vary for listed origins alone: a shared cache could then give them the answer to another.
    @app.after_request
    def vary_by_origin(response: Response) -> Response:
        if calls.paths.match(request.path):
            response.vary.add("Origin")
        return response
