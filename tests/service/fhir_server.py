"""A FHIR server of the tests, on this machine: it answers as it is told to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Reply:
    """One answer; ``drip`` sends it a byte at a time with that many seconds between."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
Answer = Reply | Callable[[int], Reply]


class FhirServer:
    """Answers by the path below its base, without the query; unknown searches are empty, unknown reads are 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.cookies: list[str | None] = []
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = urlsplit(self.path).path.removeprefix("/fhir/")
                with owner._lock:
                    owner.asked.append(self.path)
                    owner.tokens.append(self.headers.get("Authorization"))
                    owner.cookies.append(self.headers.get("Cookie"))
                    times = sum(urlsplit(each).path == urlsplit(self.path).path for each in owner.asked)
                exact = self.path.removeprefix("/fhir/").removeprefix("/fhir")
                found = owner.answers.get(exact, owner.answers.get(path))
                if found is None:
                    found = Reply({"resourceType": "OperationOutcome"}, 404) if "/" in path else Reply(EMPTY)
                reply = found if isinstance(found, Reply) else found(times)
                self._send(reply)

            def _send(self, reply: Reply) -> None:
                time.sleep(reply.delay)
                body = reply.encoded()
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/fhir+json")
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    if reply.drip:
                        for place in range(len(body)):
                            self.wfile.write(body[place : place + 1])
                            self.wfile.flush()
                            time.sleep(reply.drip)
                    else:
                        self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}/fhir"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def page(self, *resources: dict[str, Any], after: str | None = None, total: int | None = None) -> dict[str, Any]:
        """A searchset; ``after`` is the address of the next page."""
        told: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [
                {"fullUrl": f"{self.base}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources
            ],
        }
        if total is not None:
            told["total"] = total
        if after is not None:
            told["link"] = [{"relation": "next", "url": after}]
        return told

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def fhir_server() -> Iterator[FhirServer]:
    server = FhirServer()
    try:
        yield server
    finally:
        server.stop()
