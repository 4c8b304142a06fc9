"""The real service and its store in one process, asked at simulated times: what was shown or answered before counts."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from cds_service.app import create_app, parts_of
from cds_service.config import Settings

EXTENSION = "org.benzo-cds.assessment"

Card = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A hook called. ``name`` is told once in a run; ``at`` has no zone and is UTC."""

    name: str
    at: datetime
    body: dict[str, Any]

    @property
    def hook(self) -> str:
        """The hook's name."""
        return str(self.body["hook"])


class _StoreAtSimulatedTimes:
    """A call store whose every instant is that of the clock: the application takes the instants from the machine."""

    def __init__(self, store: Any, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not callable(method):
            return method

        def at_simulated_time(*values: Any, **named: Any) -> Any:
            return method(*map(self._simulated, values), **{key: self._simulated(each) for key, each in named.items()})

        return at_simulated_time

    def _simulated(self, value: Any) -> Any:
        return self._clock.at.replace(tzinfo=UTC) if isinstance(value, datetime) else value


@dataclass(slots=True)
class Clock:
    """The simulated instant."""

    at: datetime = datetime(2000, 1, 1)


class SimulatedService:
    """The service at simulated times. Counts the calls of each hook in ``asked``."""

    def __init__(self, client: FlaskClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self.asked: Counter[str] = Counter()

    def cards(self, call: Call) -> list[Card]:
        """The cards that are shown, as they were sent. A status other than 200 is a card of that indicator."""
        self._clock.at = call.at
        reply = self._client.post(f"/cds-services/benzo-{call.hook}", json=call.body)
        self.asked[call.hook] += 1
        if reply.status_code != 200:
            return [{"indicator": str(reply.status_code), "summary": "", "source": {"topic": {"code": "status"}}}]
        return list(reply.get_json()["cards"])

    def override(self, card: Card, hook: str, reason: str, at: datetime) -> None:
        """Override a card with a reason, by its code."""
        self._clock.at = at
        item = {
            "card": card["uuid"],
            "outcome": "overridden",
            "overrideReason": {"reason": {"code": reason}},
            "outcomeTimestamp": at.isoformat() + "Z",
        }
        reply = self._client.post(f"/cds-services/benzo-{hook}/feedback", json={"feedback": [item]})
        assert reply.status_code == 200, reply.get_data(as_text=True)


def facts_of(card: Card, hook: str) -> Card:
    """What is kept of a card: hook, indicator, topic, findings with severities, load, words."""
    assessment = card.get("extension", {}).get(EXTENSION, {})
    load = assessment.get("load", {})
    return {
        "hook": hook,
        "indicator": card["indicator"],
        "topic": card["source"]["topic"]["code"],
        "findings": {each["id"]: each["severity"] for each in assessment.get("findings", [])},
        "load": (load.get("with_order") or load.get("current") or {}).get("used"),
        "summary": card["summary"],
        "detail": card.get("detail", ""),
    }


@contextmanager
def simulated_service(*, store: bool = True) -> Iterator[SimulatedService]:
    """The service with a store of its own in a folder that is deleted afterwards; or, for cards alone, without one."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        kept = str(Path(folder) / "records.sqlite3") if store else "none"
        settings = Settings(store=kept, remember_seconds=0, store_seconds=30)
        parts = parts_of(settings)
        parts = replace(parts, call_store=_StoreAtSimulatedTimes(parts.call_store, clock))
        app = create_app(settings, clock=lambda: clock.at.date(), parts=parts)
        yield SimulatedService(app.test_client(), clock)
