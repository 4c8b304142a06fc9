"""Connections that go only where they may: the address a name stands for is looked at before anything is sent.

A name is resolved once and the address that was looked at is the one that is connected to, so that a name cannot mean
another address a moment later.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection


class ForbiddenAddressError(NewConnectionError):
    """A name stands for an address inside a private network, and the tenant has not allowed that."""


def is_public(address: str) -> bool:
    """Whether an address can be one of the public internet; IPv4 inside IPv6 is looked at as IPv4."""
    try:
        told = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_global(told)


def _is_global(told: IPv4Address | IPv6Address) -> bool:
    if isinstance(told, IPv6Address):
        inner = told.ipv4_mapped or told.sixtofour or (told.teredo and told.teredo[1])
        if inner:
            return _is_global(inner)
    return told.is_global and not told.is_multicast


def _connect(connection: HTTPConnection) -> socket.socket:
    """A socket to the first address of the connection's host that may be reached."""
    host, port = connection.host, connection.port or connection.default_port
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NameResolutionError(host, connection, socket.gaierror(error.errno)) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    # One address that may not be reached is enough: a name that stands for both is not one to trust.
    if not all(map(is_public, addresses)):
        raise ForbiddenAddressError(connection, "the address is inside a private network")
    last: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, port), connection.timeout, connection.source_address, connection.socket_options
            )
        except TimeoutError:
            raise
        except OSError as error:
            last = error
    raise NewConnectionError(connection, "no connection") from last


class _PlainConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class PublicAddressesAdapter(HTTPAdapter):
    """Transport that reaches public addresses only."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Pools whose connections look at the address first."""
        self.poolmanager: PoolManager
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
