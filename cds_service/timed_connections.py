"""Connections to other machines whose whole answer, head and body, must come within the read timeout.

A timeout of a socket is for each of its reads: a server that sends one byte a second would never exceed it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from http.client import HTTPResponse
from socket import socket
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class _TimedReader(io.RawIOBase):
    """What comes from a socket, for so many seconds from now."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        super().__init__()
        self._raw = raw
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._until:
            raise TimeoutError
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedResponse(HTTPResponse):
    """A response that is read for as long as its socket may take for one read when it begins."""

    def __init__(self, sock: socket, *arguments: Any, **options: Any) -> None:
        """Begin to read."""
        super().__init__(sock, *arguments, **options)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), seconds))


class TimedHttpConnection(HTTPConnection):
    """A connection without TLS."""

    response_class = TimedResponse


class TimedHttpsConnection(HTTPSConnection):
    """A connection with TLS."""

    response_class = TimedResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = TimedHttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = TimedHttpsConnection


class TimedAdapter(HTTPAdapter):
    """A transport for requests with such connections."""

    pools: ClassVar[Mapping[str, type[HTTPConnectionPool]]] = {"http": _HttpPool, "https": _HttpsPool}
    """By scheme."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Create pools of these connections."""
        self.poolmanager: PoolManager
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = dict(self.pools)
