"""A FHIR server that is not ours, on this machine: HAPI FHIR, started by ``scripts/independent-fhir-server``."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

SCRIPT = Path(__file__).parents[2] / "scripts" / "independent-fhir-server"
PATIENCE = 300
UNAVAILABLE = 69
"""What the script ends with where this machine cannot have the server."""

Resource = Mapping[str, Any]


class UnavailableError(Exception):
    """The server cannot be had on this machine; the message says why."""


class TooSlowError(Exception):
    """The server does not start in time here."""


@dataclass(frozen=True)
class IndependentServer:
    """The running server."""

    base: str

    def get(self, path: str) -> Any:
        return self._ask("GET", path).json()

    @contextmanager
    def loaded(self, transaction: Resource) -> Iterator[Any]:
        """Hold what a transaction puts meanwhile; what is given is the response, or what was said against it."""
        names = [entry["request"]["url"] for entry in transaction["entry"]]
        answer = self._ask("POST", "", json=transaction)
        try:
            yield answer.json()
        finally:
            for name in names:
                self._ask("DELETE", name).raise_for_status()

    @contextmanager
    def holding(self, resources: Iterable[Resource]) -> Iterator[dict[str, str]]:
        """Hold the resources meanwhile, under their own ids; what is given are those refused, and what was said."""
        named = {f"{each.get('resourceType')}/{each.get('id')}": each for each in resources}
        # One by one: of what stands in one Bundle, one that cannot be parsed would cost all the others.
        answers = {name: self._ask("PUT", name, json=each) for name, each in named.items()}
        refused = {name: answer.text for name, answer in answers.items() if not answer.ok}
        try:
            yield refused
        finally:
            for name in named.keys() - refused.keys():
                self._ask("DELETE", name).raise_for_status()

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, f"{self.base}/{path}", timeout=PATIENCE, **more)


@contextmanager
def independent_server(folder: Path) -> Iterator[IndependentServer]:
    """The server, ready to be asked; its storage is empty, and is gone with it.

    Raises:
        UnavailableError: it cannot be had on this machine.
        TooSlowError: it has not started in five minutes.
    """
    log = folder / "independent-server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [SCRIPT, "start"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink, text=True
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            raise TooSlowError(f"HAPI FHIR did not start within {PATIENCE} seconds")
        base = process.stdout.readline().strip()
        printed = log.read_text(encoding="utf-8", errors="replace")
        if not base and process.wait(PATIENCE) == UNAVAILABLE:
            raise UnavailableError(printed.strip())
        assert base, printed
        yield IndependentServer(base)
    finally:
        # The end of its input is what ends it.
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
