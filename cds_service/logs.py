"""Structured logs: one JSON object a line, and never a value from a request in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import orjson

FIELDS = "fields"
_log = logging.getLogger("benzo_cds")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON. An exception is its type and where it arose, never its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        told |= getattr(record, FIELDS, {})
        if record.exc_info and record.exc_info[1] is not None:
            told |= _origin(record.exc_info[1])
        return orjson.dumps(told).decode()


def configure(level: str) -> None:
    """Send our logs, as JSON, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    _log.handlers = [handler]
    _log.propagate = False
    _log.setLevel(level)


def answered(**fields: object) -> None:
    """Log that a call was answered: method, route, service, status, milliseconds, number of cards."""
    _log.info("answered", extra={FIELDS: {name: value for name, value in fields.items() if value is not None}})


def not_admitted(reason: str) -> None:
    """Log that a caller was refused, and why; the reason is one of our own words, and holds nothing of the token."""
    _log.warning("not admitted", extra={FIELDS: {"reason": reason}})


def not_fetched(reason: str, tenant: str) -> None:
    """Log that nothing was fetched for a call, and why; the address that was named is not repeated."""
    _log.warning("not fetched", extra={FIELDS: {"reason": reason, "tenant": tenant}})


def tenants_read(number: int) -> None:
    """Log that a changed file of tenants is in force."""
    _log.info("tenants read", extra={FIELDS: {"tenants": number}})


def tenants_refused(problems: Sequence[str]) -> None:
    """Log that a changed file of tenants cannot be used, and that the last good one stays in force."""
    _log.error("tenants refused", extra={FIELDS: {"problems": list(problems)}})


def store_down(kind: str) -> None:
    """Log that the store cannot be used, and by what kind of error; calls are answered without it."""
    _log.error("store down", extra={FIELDS: {"error": kind}})


def store_back() -> None:
    """Log that the store can be used again."""
    _log.info("store back")


def no_store() -> None:
    """Log that there is no place for a store, and that nothing will be kept of calls."""
    _log.warning("no store")


def not_kept(number: int) -> None:
    """Log that records of calls are lost: the store was down for longer than one process can keep them."""
    _log.error("records lost", extra={FIELDS: {"number": number}})


def failed(error: BaseException) -> None:
    """Log a defect of our own: the type of the error and the lines it went through, without any value."""
    _log.error("failed", extra={FIELDS: _origin(error)})


def _origin(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "through": [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
