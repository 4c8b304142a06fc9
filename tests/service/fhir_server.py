"""A FHIR server of the tests, on this machine: it gives the replies that a test sets, and records its requests."""

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
    """One reply, sent after ``delay`` seconds; with ``drip``, one byte every so many seconds."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
Answer = Reply | Callable[[int], Reply]


class _Server(ThreadingHTTPServer):
    request_queue_size = 500  # many calls read at the same time


class FhirServer:
    """Replies by the path below its base, without the query. Other searches are empty, other reads are 404."""

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
                    times = sum(urlsplit(asked).path == urlsplit(self.path).path for asked in owner.asked)
                exact = self.path.removeprefix("/fhir/").removeprefix("/fhir")
                answer = owner.answers.get(exact, owner.answers.get(path))
                if answer is None:
                    answer = Reply({"resourceType": "OperationOutcome"}, 404) if "/" in path else Reply(EMPTY)
                self._send(answer if isinstance(answer, Reply) else answer(times))

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
                        for index in range(len(body)):
                            self.wfile.write(body[index : index + 1])
                            self.wfile.flush()
                            time.sleep(reply.drip)
                    else:
                        self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}/fhir"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def page(self, *resources: dict[str, Any], after: str | None = None, total: int | None = None) -> dict[str, Any]:
        """A searchset; ``after`` is the address of the next page."""
        bundle: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [
                {"fullUrl": f"{self.base}/{resource['resourceType']}/{resource['id']}", "resource": resource}
                for resource in resources
            ],
        }
        if total is not None:
            bundle["total"] = total
        if after is not None:
            bundle["link"] = [{"relation": "next", "url": after}]
        return bundle

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
