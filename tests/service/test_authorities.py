"""Are certificates of a site's own authority taken where the site names it, and not otherwise?"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from caller import ES384, public
from certificates import certificate_in
from pydantic import ValidationError

from cds_service.config import Settings
from cds_service.config.limits import FetchLimits
from cds_service.config.settings import explain
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient
from cds_service.fhir_client.failures import FetchFailure
from cds_service.trust.keys import FetchedKeys, NoKeyError

ANSWER = public(ES384) | {"resourceType": "Bundle"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine that is its own authority; its key stands beside it."""
    return certificate_in(tmp_path_factory.mktemp("authority"))


@contextmanager
def secure_server(certificate: Path) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_keys_and_records_come_from_servers_of_the_sites_own_authority(certificate: Path) -> None:
    with secure_server(certificate) as base:
        assert FetchedKeys(base, True, certificate).key("es384").identity == "es384"
        client = FhirClient(base, True, FetchLimits(), certificate)
        assert client.read("Condition", None, _soon()) == ANSWER


def test_without_it_they_do_not(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with secure_server(certificate) as base:
        with pytest.raises(NoKeyError):
            FetchedKeys(base, True).key("es384")
        with pytest.raises(FetchError, match=FetchFailure.NOT_REACHED):
            FhirClient(base, True, FetchLimits()).read("Condition", None, _soon())


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_a_file_without_a_certificate_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ca.pem"
    for _ in range(2):  # once without the file
        with pytest.raises(ValidationError) as refused:
            Settings(ca_file=file)
        assert "CA_FILE: there is no such file, or it holds no certificate" in next(explain(refused.value))
        file.write_text(text, encoding="utf-8")


def _soon() -> Deadline:

    return Deadline(time.monotonic() + 5)
