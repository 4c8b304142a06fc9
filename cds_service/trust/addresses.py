"""Web addresses: which are of this machine or of a private network, which may be sent a token, their origin, and which
are below a base."""

from __future__ import annotations

from ipaddress import ip_address
from re import fullmatch
from unicodedata import normalize
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from cds_service.config.limits import HOST_PATTERN, MAX_ADDRESS_LENGTH

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


def host_of(header: str) -> str:
    """The host of a Host header in lower case, without its port; empty if the header is none::

    header = host [ ":" port ]
    """
    found = fullmatch(rf"({HOST_PATTERN})(?::\d+)?", header.lower())
    return found[1] if found else ""


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
    """Scheme, host in lower case, and port: the written one or else the default of the scheme; None for what is no
    port."""
    parts = _split(address)
    try:
        port = _DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    except ValueError:
        port = None
    return parts.scheme, (parts.hostname or "").lower(), port


def address_below(base: str, reference: str) -> str | None:
    """The address of a relative reference, or of an absolute one of the same origin, below a base; None if it is not
    below it.

    The paths are compared segment by segment after percent-decoding, so that no spelling of ``..`` or of a slash leads
    out of the base. The address begins with the base as it is written: a server that reads the reference otherwise
    than this function is sent nothing.
    """
    text = reference.strip()
    if len(text) > MAX_ADDRESS_LENGTH:
        return None
    try:
        own, named, joined = urlsplit(base.rstrip("/")), urlsplit(text), urlsplit(urljoin(base.rstrip("/") + "/", text))
        below = _decoded_segments(own.path)
        segments, decoded = joined.path.split("/")[1:], _decoded_segments(joined.path)
        leads_elsewhere = any(map(_is_no_name, _decoded_segments("/" + named.path)))
    except ValueError:
        return None
    is_of_origin = origin(joined.geturl()) == origin(base) and "@" not in named.netloc
    if leads_elsewhere or not is_of_origin or decoded[: len(below)] != below:
        return None
    rest = "".join(f"/{segment}" for segment in segments[len(below) :])
    return f"{own.scheme}://{own.netloc}{own.path}{rest}" + (f"?{joined.query}" if joined.query else "")


def _decoded_segments(path: str) -> list[str]:
    """The segments of a path as the most lenient server reads them.

    Raises:
        ValueError: one is not UTF-8.
    """
    return [_decoded(segment) for segment in path.split("/")[1:]]


def _decoded(text: str) -> str:
    """A text percent-decoded, in the plain forms of its characters, until nothing changes.

    Raises:
        ValueError: it is not UTF-8.
    """
    while (decoded := normalize("NFKC", unquote(text, errors="strict"))) != text:
        text = decoded
    return text


def _is_no_name(segment: str) -> bool:
    """Whether a decoded segment names nothing in its folder: it holds a slash or a control character, or stands for
    the folder itself or the one above, also with parameters (``..;a=b``)."""
    if "/" in segment or "\\" in segment or not segment.isprintable():
        return True
    return bool(segment) and not segment.partition(";")[0].strip(" .")


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")
