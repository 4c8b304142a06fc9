"""Whether a caller is an operator, who may see the metrics and the performance of the findings."""

from __future__ import annotations

import hmac
from pathlib import Path

from flask import Request

from cds_service.trust.addresses import host_of, is_loopback_host

_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_THIS_MACHINE = "localhost"
_BEARER = "bearer"


def is_operator(call: Request, secret_file: Path | None) -> bool:
    """Whether a call presents the operators' secret: as a bearer token or, in a browser, as the password of any user.

    Without a secret, calls from this machine to this machine, by its own name, that came through no proxy are an
    operator's. The file is read with each call, so that a new secret takes effect without a restart.
    """
    if secret_file is None:
        # A proxy on this machine calls from here too, on behalf of anybody.
        forwarded = any(name in call.headers for name in _FORWARDED)
        # A page in a browser on this machine can have the name of its own site lead here.
        is_named_so = is_loopback_host(host_of(call.headers.get("Host", _THIS_MACHINE)))
        return (call.remote_addr or "").startswith(_LOOPBACK) and is_named_so and not forwarded
    try:
        secret = secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return False
    return bool(secret) and hmac.compare_digest(_presented_secret(call).encode(), secret.encode())


def _presented_secret(call: Request) -> str:
    authorization = call.authorization
    if authorization is None:
        return ""
    return (authorization.token if authorization.type == _BEARER else authorization.password) or ""
