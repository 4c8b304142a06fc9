"""An EHR's tokens: key pairs of the tests, tokens as CDS Hooks specifies them, and tokens with one mistake each."""

from __future__ import annotations

import base64
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from cds_service.policy import watch

ISSUER = "https://ehr.example/oauth2"
BASE = "https://cds.example/cds-services"
ES384 = ECKey.generate_key("P-384", {"kid": "es384", "use": "sig", "alg": "ES384"})
OTHER_ES384 = ECKey.generate_key("P-384", {"kid": "es384", "use": "sig"})
ES256 = ECKey.generate_key("P-256", {"kid": "es256", "use": "sig"})
RS384 = RSAKey.generate_key(2048, {"kid": "rs384", "use": "sig"})
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    SMALL_RSA = RSAKey.generate_key(1024, {"kid": "small", "use": "sig"})


def public(*keys: Any) -> dict[str, Any]:
    """The public halves of keys, as a JSON Web Key Set."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    return signed_bytes(json.dumps(header).encode(), json.dumps(claims).encode(), key, header["alg"])


def signed_bytes(header: bytes, payload: bytes, key: Any, algorithm: str = "ES384") -> str:
    """An Authorization header with a good signature over whatever stands in the other two parts."""
    text = b".".join(map(_part, (header, payload)))
    signature = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).sign(text, key)
    return f"Bearer {text.decode()}.{_part(signature).decode()}"


def _part(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def claims(endpoint: str = "/benzo-order-sign", **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    members = {"iss": ISSUER, "aud": BASE + endpoint, "iat": now, "exp": now + 300, "jti": str(uuid4())} | changed
    return {name: value for name, value in members.items() if value is not None}


def token(
    endpoint: str = "/benzo-order-sign", *, key: Any = ES384, header: dict[str, Any] | None = None, **changed: Any
) -> str:
    """An Authorization header; ``header`` and ``changed`` replace members, None leaves one out."""
    members = {"alg": "ES384", "typ": "JWT", "kid": key.kid} | (header or {})
    header = {name: value for name, value in members.items() if value is not None}
    return signed(header, claims(endpoint, **changed), key)


def tenants_file(folder: Path, **blocks: dict[str, Any]) -> Path:
    """A file of tenants. Each block is merged over a complete one."""
    path = folder / "tenants.yaml"
    complete = {"issuer": ISSUER, "keys": public(ES384), "audiences": [BASE]}
    tenants = {name.replace("_", "-"): complete | block for name, block in (blocks or {"general": {}}).items()}
    # Moved into place, as an operator should do it.
    draft = folder / "tenants.draft"
    draft.write_text(json.dumps({"tenants": tenants}), encoding="utf-8")
    draft.replace(path)
    return path


def policy_read_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a service in this process take changed files of the policy and of tenants at the next call."""
    for name in ("POLICY_CHECK_SECONDS", "POLICY_SETTLED_SECONDS"):
        monkeypatch.setattr(watch, name, 0.0)


class KeyServer:
    """A server of keys on this machine that counts its requests."""

    def __init__(self, keys: dict[str, Any]) -> None:
        self.keys: dict[str, Any] | bytes = keys
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.paths: list[str] = []
        self.before: Callable[[], object] = lambda: None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked += 1
                owner.paths.append(self.path)
                owner.before()
                body = owner.keys if isinstance(owner.keys, bytes) else json.dumps(owner.keys).encode()
                self.send_response(owner.status)
                for name, value in owner.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def key_server(keys: dict[str, Any]) -> Iterator[KeyServer]:
    server = KeyServer(keys)
    try:
        yield server
    finally:
        server.stop()
