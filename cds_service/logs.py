"""Structured logs: one JSON object a line, and never a value from a request in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping, Sequence
from pathlib import PurePath
from typing import Any

import orjson
import structlog

NAME = "benzo_cds"
"""The logger of the standard library that our lines come out of."""


def _in_order(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how grave and what first, so that a line can be read by eye."""
    return {name: event.pop(name) for name in ("at", "level", "event")} | dict(event)


def _line(event: object, **_: object) -> str:
    return orjson.dumps(event).decode()


_log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger(NAME),
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _in_order,
        structlog.processors.JSONRenderer(serializer=_line),
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def configure(level: str) -> None:
    """Send our logs to standard error."""
    logger, handler = logging.getLogger(NAME), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(level)


def answered(**fields: object) -> None:
    """Log that a call was answered: method, route, service, tenant, status, milliseconds, number of cards, and of a
    refused one which part of the request was at fault, where that is a part every request has."""
    _log.info("answered", **{name: value for name, value in fields.items() if value is not None})


def not_admitted(reason: str, issuer_of: str | None = None) -> None:
    """Log that a caller was refused, and why; the reason is one of our own words, and holds nothing of the token.

    ``issuer_of`` is the tenant that the token says it is of, which may be a lie.
    """
    _log.warning("not admitted", reason=reason, **({"issuer_of": issuer_of} if issuer_of else {}))


def not_fetched(reason: str, tenant: str, keys: Sequence[str] = ()) -> None:
    """Log that something was not fetched for a call, and why; the address that was named is not repeated."""
    _log.warning("not fetched", reason=reason, tenant=tenant, **({"keys": list(keys)} if keys else {}))


def tenants_read(number: int) -> None:
    """Log that a changed file of tenants is in force."""
    _log.info("tenants read", tenants=number)


def tenants_refused(problems: Sequence[str]) -> None:
    """Log that a changed file of tenants cannot be used, and that the last good one stays in force."""
    _log.error("tenants refused", problems=list(problems))


def store_down(kind: str) -> None:
    """Log that the store cannot be used, and by what kind of error; calls are answered without it."""
    _log.error("store down", error=kind)


def store_down_at_start(why: str) -> None:
    """Log that the store cannot be used as the service starts, in the database's words: no call has been taken yet."""
    _log.error("store down at start", why=why)


def store_back() -> None:
    """Log that the store can be used again."""
    _log.info("store back")


def no_store() -> None:
    """Log that there is no place for a store, and that nothing will be kept of calls."""
    _log.warning("no store")


def not_kept(number: int) -> None:
    """Log that records of calls are lost: the store was down for longer than one process can keep them."""
    _log.error("records lost", number=number)


def suggestion_left_out() -> None:
    """Log that a card goes without a suggestion, since its resource would not be valid FHIR."""
    _log.warning("suggestion left out")


def failed(error: BaseException) -> None:
    """Log a defect of our own: the type of the error and the lines it went through, without any value."""
    _log.error("failed", **_origin(error))


def _origin(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "through": [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
