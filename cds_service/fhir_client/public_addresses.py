"""Connections to public addresses only: the address of a host is checked before anything is sent.

A name is resolved once, and the address that was checked is the one that is connected to: resolving it again could give
another address.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import ClassVar

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from cds_service.timed_connections import TimedAdapter, TimedHttpConnection, TimedHttpsConnection


class ForbiddenAddressError(NewConnectionError):
    """A host has an address inside a private network, which the tenant has not allowed."""


_GLOBAL_UNICAST = ip_network("2000::/3")
"""What IANA gives to hosts of the internet; the rest of IPv6 is for private networks, translation and the like."""
_TRANSLATED = ip_network("64:ff9b::/96")
"""IPv4 addresses as NAT64 writes them (RFC 6052)."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet. An IPv4 address inside an IPv6 address is checked itself."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_global(ip)


def _is_global(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _TRANSLATED:
            inner = IPv4Address(ip.packed[-4:])
        if inner:
            return _is_global(inner)
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast


def _connect(connection: HTTPConnection) -> socket.socket:
    """A socket to the first address of the connection's host that can be reached, if all its addresses are public."""
    host, port = connection.host, connection.port or connection.default_port
    try:
        resolved = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NameResolutionError(host, connection, socket.gaierror(error.errno)) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in resolved))
    # A name with a public and a private address is not to be trusted.
    if not all(map(is_public, addresses)):
        raise ForbiddenAddressError(connection, "the address is inside a private network")
    last_error: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, port), connection.timeout, connection.source_address, connection.socket_options
            )
        except TimeoutError:
            raise
        except OSError as error:
            last_error = error
    raise NewConnectionError(connection, "no connection") from last_error


class _PublicHttpConnection(TimedHttpConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PublicHttpsConnection(TimedHttpsConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PublicHttpPool(HTTPConnectionPool):
    ConnectionCls = _PublicHttpConnection


class _PublicHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHttpsConnection


class PublicAddressesAdapter(TimedAdapter):
    """A transport for requests that connects to public addresses only."""

    pools: ClassVar[Mapping[str, type[HTTPConnectionPool]]] = {"http": _PublicHttpPool, "https": _PublicHttpsPool}
