"""Web addresses: which are of this machine or of a private network, which may be sent a token, and their origin."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LOCAL = frozenset({"localhost"})


def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine: ``localhost`` or a loopback address."""
    if host.lower() in _LOCAL:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_loopback(address: str) -> bool:
    """Whether the host of an address is this machine."""
    return is_loopback_host(_split(address).hostname or "")


def is_private(address: str) -> bool:
    """Whether the host of an address is written as one of this machine or of a private network. Names are not
    resolved."""
    host = _split(address).hostname or ""
    try:
        return is_loopback_host(host) or not ip_address(host).is_global
    except ValueError:
        return False


def is_secure(address: str) -> bool:
    """Whether nobody can read on the way what is sent to an address: https, or http on this machine."""
    parts = _split(address)
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(parts.hostname))


def origin(address: str) -> tuple[str, str, int | None]:
    """Scheme, host in lower case, and port: the written one or else the default of the scheme."""
    parts = _split(address)
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, (parts.hostname or "").lower(), port or _DEFAULT_PORTS.get(parts.scheme)


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")
