"""Whether a caller may see what is for those who run the service: its counts, and how its findings do."""

from __future__ import annotations

import hmac
from pathlib import Path

from flask import Request

_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_BEARER = "bearer"


def is_operator(call: Request, secret_file: Path | None) -> bool:
    """Whether a call presents the secret, as a bearer's or, in a browser, as the password of any name; or, where there
    is no secret, comes from this machine and not by way of a proxy.

    The file is read each time: a new secret is in force without a restart.
    """
    if secret_file is None:
        # A proxy on this machine calls from here as well, on behalf of anybody.
        forwarded = any(name in call.headers for name in _FORWARDED)
        return (call.remote_addr or "").startswith(_LOOPBACK) and not forwarded
    try:
        secret = secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return False
    return bool(secret) and hmac.compare_digest(_presented(call).encode(), secret.encode())


def _presented(call: Request) -> str:
    told = call.authorization
    if told is None:
        return ""
    return (told.token if told.type == _BEARER else told.password) or ""
