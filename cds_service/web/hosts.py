"""The names that a service without tenants may be called by.

Where callers are not authenticated, only this machine may call. A browser on it runs pages of other sites, and such a
site can let its own name lead to this machine (DNS rebinding): its page would then read every answer. The Host of
such a call is still the name of that site.
"""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, request

from cds_service.errors import UnknownHostError
from cds_service.trust.addresses import host_of, is_loopback_host


def require_known_host(app: Flask, further: Collection[str]) -> None:
    """Refuse calls under another name than one of this machine or a listed one, with or without a port.

    Args:
        app: the application.
        further: names or addresses besides those of this machine, in lower case.
    """

    @app.before_request
    def check() -> None:
        header = request.headers.get("Host")
        # Every browser sends one.
        if header is None:
            return
        host = host_of(header)
        if not is_loopback_host(host) and host not in further:
            raise UnknownHostError
