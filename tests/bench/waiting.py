"""Calls that wait for a slow FHIR server, beside calls of another tenant that bring everything."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import orjson
from callers import PATH
from joserfc import jws
from joserfc.jwk import ECKey
from patients import Population
from serving import Server, processor_of, service

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.services import MEDICATION_REQUESTS as ORDERS

SECONDS = 12
CALLERS, OTHERS, PAUSE = 32, 2, 0.05
_BASE = "https://cds.example/cds-services"
_KEY = ECKey.generate_key("P-384", {"kid": "bench", "use": "sig"})
_HERE = Path(__file__).parent
WAITING, BESIDE = "without prefetch", "of another tenant, with prefetch"


@dataclass(frozen=True)
class Round:
    """One measurement: how long the FHIR server takes, and how many call without a complete prefetch."""

    name: str
    fhir_seconds: float
    callers: int
    pause: float = 0.0
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def brings_orders(self) -> bool:
        """Whether half of the calls bring their orders: the server is too slow for anything."""
        return self.fhir_seconds > 1


ROUNDS = (
    Round("nobody asks it", 0.6, 0),
    Round("0.6 s", 0.6, CALLERS),
    Round("5 s, never left alone", 5.0, CALLERS, settings={"FHIR_FAILURES": "1000"}),
    # A call that is answered at once, since the server is left alone, is not repeated at once.
    Round("5 s", 5.0, CALLERS, pause=0.6),
)


def table(rounds: tuple[Round, ...] = ROUNDS, settings: dict[str, str] | None = None) -> Iterator[str]:
    """The rows: of each group what it was answered and how long that took, and who used how much of the processors."""
    yield "| FHIR server takes | calls | calls/s | p50, ms | p95, ms | slowest, ms | answers |"
    yield "|---|---|--:|--:|--:|--:|---|"
    shares = []
    for each in rounds:
        found, seconds, used = measured(each, settings or {})
        for name, calls in found.items():
            if calls:
                yield f"| {each.name} | {name} | {row(calls, seconds)} |"
        shares.append(f"{each.name}: " + ", ".join(f"{name} {share:.0%}" for name, share in used.items()))
    yield ""
    yield f"Of the processors of this machine ({_cpus()}) took: {'; '.join(shares)}."


def row(calls: list[tuple[float, str]], seconds: float) -> str:
    took = sorted(milliseconds for milliseconds, _ in calls)
    told = ", ".join(f"{count} {what}" for what, count in Counter(what for _, what in calls).most_common())
    p95 = quantiles(took, n=20)[18]
    return f"{len(calls) / seconds:.0f} | {median(took):.0f} | {p95:.0f} | {took[-1]:.0f} | {told}"


def requests(numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
    """The requests of those patients whose orders bring a card today: that it is complete can be seen on it."""
    client = create_app(Settings(remember_seconds=0)).test_client()
    for request in map(Population().request, numbers):
        if client.post(PATH, json=request).get_json()["cards"]:
            yield request


def measured(each: Round, settings: dict[str, str]) -> tuple[dict[str, list[Any]], float, dict[str, float]]:
    """What each group was answered, in how many seconds, and the share of each process of all processors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = {request["context"]["patientId"]: request for request in requests(range(200))}
        prefetch = {patient: request.pop("prefetch") for patient, request in records.items()}
        (folder / "records.json").write_bytes(orjson.dumps(prefetch))
        with _slow_server(folder / "records.json", each.fhir_seconds) as (base, server):
            told = {"TENANTS": str(_tenants(folder, base)), "DEVELOPMENT": "true", "STORE": f"{name}/records.sqlite3"}
            with service(told | each.settings | settings) as ours:
                access = {"access_token": "secret", "token_type": "Bearer", "expires_in": 300, "scope": "x"}
                # Every second call brings its orders at least, so that it is judged whatever the server does.
                bodies = [
                    request
                    | {"fhirServer": base, "fhirAuthorization": access | {"subject": "y"}}
                    | ({"prefetch": {ORDERS: prefetch[patient][ORDERS]}} if each.brings_orders and number % 2 else {})
                    for number, (patient, request) in enumerate(records.items())
                ]
                groups = [
                    _group("slow", WAITING, each.callers, each.pause, bodies, 2_000 if each.callers else 0),
                    _group("other", BESIDE, OTHERS, PAUSE, list(requests(range(1_000, 1_500))), 1_000),
                ]
                _callers(folder, ours, 3, [group | {"tokens": _tokens(group["tenant"], 500)} for group in groups])
                of_server, of_workers, began = processor_of(server.pid), ours.processor(), time.perf_counter()
                found, caller = _callers(folder, ours, SECONDS, groups)
                seconds = time.perf_counter() - began
                of_all = seconds * 1000 * _cpus()
                used = {
                    "the workers": (ours.processor() - of_workers) / of_all,
                    "the FHIR server": (processor_of(server.pid) - of_server) / of_all,
                    "the callers": caller / of_all,
                }
                return found, SECONDS, used


def _group(tenant: str, name: str, callers: int, pause: float, requests: list[Any], calls: int) -> dict[str, Any]:
    bodies = [orjson.dumps(request | {"hookInstance": str(uuid4())}).decode() for request in requests]
    return {"tenant": tenant, "name": name, "callers": callers, "pause": pause, "stagger": 0.02, "bodies": bodies,
            "tokens": _tokens(tenant, calls)}  # fmt: skip


def _callers(
    folder: Path, ours: Server, seconds: float, groups: list[dict[str, Any]]
) -> tuple[dict[str, list[tuple[float, str]]], float]:
    """What each group was answered, and the milliseconds of the processor that the callers took."""
    plan = folder / "plan.json"
    plan.write_bytes(orjson.dumps({"port": ours.port, "seconds": seconds, "groups": groups}))
    before = _of_children()
    ended = subprocess.run([sys.executable, str(_HERE / "callers.py"), str(plan)], capture_output=True, check=True)
    return orjson.loads(ended.stdout), _of_children() - before


def _of_children() -> float:
    """The milliseconds of the processor that the processes took that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


@contextmanager
def _slow_server(records: Path, seconds: float) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(_HERE / "slow_fhir_server.py"), str(port), str(seconds), str(records)]
    )
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/fhir", process
    finally:
        process.terminate()
        process.wait(30)


def _tenants(folder: Path, base: str) -> Path:
    keys = {"keys": [_KEY.as_dict(private=False)]}

    def tenant(name: str) -> dict[str, Any]:
        return {"issuer": f"https://{name}.example/oauth2", "keys": keys, "audiences": [_BASE]}

    path = folder / "tenants.yaml"
    slow = tenant("slow") | {"fhir_servers": [{"base": base, "private": True}]}
    path.write_bytes(orjson.dumps({"tenants": {"slow": slow, "other": tenant("other")}}))
    return path


def _tokens(tenant: str, count: int) -> list[str]:
    """So many tokens of a tenant, each for one call."""
    now = int(time.time())
    claims = {
        "iss": f"https://{tenant}.example/oauth2",
        "aud": f"{_BASE}/benzo-order-sign",
        "iat": now,
        "exp": now + 600,
    }
    header = {"alg": "ES384", "typ": "JWT", "kid": "bench"}

    def token() -> str:
        signed = orjson.dumps(claims | {"jti": str(uuid4())})
        return "Bearer " + jws.serialize_compact(header, signed, _KEY, algorithms=["ES384"])

    return [token() for _ in range(count)]


def _cpus() -> int:
    return os.cpu_count() or 1


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
