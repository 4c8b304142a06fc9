"""The service beside an application that does nothing: the same requests to each, in turn, and the ratio."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from uuid import uuid4

import orjson
from joserfc import jws
from joserfc.jwk import ECKey
from patients import Population
from serving import WORKERS, Server, bare, service

_ISSUER, _AUDIENCE = "https://ehr.example/oauth2", "https://cds.example/cds-services"
_KEY = ECKey.generate_key("P-384", {"kid": "bench", "use": "sig"})
_ALGORITHM = "ES384"
_ROUNDS = 10
_WARM = 1_000


@dataclass(frozen=True)
class Configuration:
    """How the service is set: with tenants, whose tokens are checked, or without; with a store in a file, or without;
    and further settings. ``only_again``: measured on what comes again alone."""

    name: str
    tenants: bool = False
    audit: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    only_again: bool = False


CONFIGURATIONS = (
    Configuration("JWT and audit off"),
    Configuration("the same, nothing remembered", settings={"REMEMBER_SECONDS": "0"}, only_again=True),
    Configuration("JWT on", tenants=True),
    Configuration("JWT and audit on", tenants=True, audit=True),
)


@dataclass(frozen=True)
class Requests:
    """What is sent: ``warm`` first and unmeasured, then ``measured``. ``again``: all of one content."""

    name: str
    warm: Sequence[bytes]
    measured: Sequence[bytes]
    again: bool = False


@dataclass(frozen=True)
class Measured:
    """What a server came to: milliseconds at the median and at the 99th percentile, calls a second, CPU ms a call."""

    p50: float
    p99: float
    rate: float
    processor: float


def requests(calls: int) -> Iterator[Requests]:
    """The same request again and again, each time as a call of its own; then requests of which none is sent twice."""
    ordinary, common = Population(), Population(common=True)
    silent, large = Population(sedative=False), Population(300, 200)
    warm = list(ordinary.requests(100_000, _WARM))
    (again,) = ordinary.requests(1_000, 1)
    kilobytes = f"{len(again) / 1000:.0f} kB"
    yield Requests(f"{kilobytes}, one request again and again", renamed(again, 50), renamed(again, calls), again=True)
    yield Requests(f"{kilobytes}, each of another patient", warm, list(ordinary.requests(1_000, calls)))
    yield Requests(
        "the same, common drugs more often", list(common.requests(200_000, _WARM)), list(common.requests(30_000, calls))
    )
    yield Requests("the same, the draft no sedative", warm[:100], list(silent.requests(10_000, calls)))
    (again,) = large.requests(40_000, 1)
    many = max(100, calls // 4)
    name = f"{len(again) / 1000:.0f} kB, one request again and again"
    yield Requests(name, renamed(again, 40), renamed(again, many), again=True)
    yield Requests(
        f"{len(again) / 1000:.0f} kB, each of another patient",
        list(large.requests(50_000, 20)),
        list(large.requests(41_000, many)),
    )


def renamed(body: bytes, count: int) -> list[bytes]:
    """So many calls of one content, each with a ``hookInstance`` of its own, as an EHR gives it."""
    request = orjson.loads(body)
    return [orjson.dumps(request | {"hookInstance": str(uuid4())}) for _ in range(count)]


def compared(calls: int) -> Iterator[str]:
    """The table, row by row."""
    yield "| request | setting | p50, ms | bare | p99, ms | bare | ratio | calls/s | bare | CPU, ms | bare | ratio |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    sets = list(requests(calls))
    with tempfile.TemporaryDirectory() as folder:
        tenants = _tenants(Path(folder))
        for configuration in CONFIGURATIONS:
            settings = configuration.settings | ({"TENANTS": str(tenants)} if configuration.tenants else {})
            settings |= {"STORE": f"{folder}/records.sqlite3" if configuration.audit else "none"}
            with service(settings) as ours, bare() as theirs:
                for sent in (each for each in sets if each.again or not configuration.only_again):
                    one, other = _in_turn(ours, theirs, sent, configuration)
                    yield (
                        f"| {sent.name} | {configuration.name} | {one.p50:.1f} | {other.p50:.1f} | {one.p99:.1f} | "
                        f"{other.p99:.1f} | {one.p99 / other.p99:.1f} | {one.rate:.0f} | {other.rate:.0f} | "
                        f"{one.processor:.2f} | {other.processor:.2f} | {one.processor / other.processor:.1f} |"
                    )


def _in_turn(ours: Server, theirs: Server, sent: Requests, configuration: Configuration) -> tuple[Measured, Measured]:
    """Both servers by turns, a part of the requests at a time, so that what else the machine does meets both."""
    took: dict[Server, list[float]] = {ours: [], theirs: []}
    used: dict[Server, list[float]] = {ours: [], theirs: []}
    rates: dict[Server, list[float]] = {ours: [], theirs: []}
    for server in (ours, theirs):
        # By several callers at once, so that every worker has met some.
        server.rate(sent.warm, [_token(configuration) for _ in sent.warm])
    size = max(1, len(sent.measured) // _ROUNDS)
    for start in range(0, len(sent.measured), size):
        part = sent.measured[start : start + size]
        half = len(part) // 2
        for server in (ours, theirs):
            tokens = [_token(configuration) for _ in part]
            before = server.processor()
            took[server].extend(map(server.call, part[:half], tokens[:half]))
            rates[server].append(server.rate(part[half:], tokens[half:]))
            used[server].append((server.processor() - before) / len(part))

    def measured(server: Server) -> Measured:
        p99 = quantiles(took[server], n=100)[98]
        return Measured(median(took[server]), p99, median(rates[server]), median(used[server]))

    return measured(ours), measured(theirs)


def _tenants(folder: Path) -> Path:
    path = folder / "tenants.yaml"
    keys = {"keys": [_KEY.as_dict(private=False)]}
    tenant = {"issuer": _ISSUER, "keys": keys, "audiences": [_AUDIENCE]}
    path.write_bytes(orjson.dumps({"tenants": {"bench": tenant}}))
    return path


def _token(configuration: Configuration) -> str | None:
    """A token of its own for every call, signed before the call is measured."""
    if not configuration.tenants:
        return None
    now = int(time.time())
    claims = {
        "iss": _ISSUER,
        "aud": f"{_AUDIENCE}/benzo-order-sign",
        "iat": now,
        "exp": now + 300,
        "jti": str(uuid4()),
    }
    header = {"alg": _ALGORITHM, "typ": "JWT", "kid": "bench"}
    signed = jws.serialize_compact(header, orjson.dumps(claims), _KEY, algorithms=[_ALGORITHM])
    return f"Bearer {signed}"


__all__ = ["WORKERS", "compared"]
