"""Structured logs: one JSON object a line, never with a value from a request.

Every line begins with ``time``, ``level``, ``event`` and ``process``. Lines of gunicorn and of libraries have the same
form: of a library only the place in its code is written, since its messages may quote addresses and values.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any

import orjson
import structlog

LOGGER = "benzo_cds"
"""Name of the standard library's logger that writes the lines."""
SERVER_LOGGER = "gunicorn.error"
"""The logger of gunicorn: its messages are about processes, and hold nothing of a request."""


def _in_order(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The members that every line has first, so that a line is easy to read."""
    first = {name: event.pop(name) for name in ("time", "level", "event")}
    return first | {"process": os.getpid()} | dict(event)


def _line(event: object, **_: object) -> str:
    try:
        return orjson.dumps(event).decode()
    except orjson.JSONEncodeError:
        # A text that cannot be written in UTF-8: half of a surrogate pair, from a file with such an escape.
        return json.dumps(event, separators=(",", ":"), default=repr)


class JsonLines(logging.Formatter):
    """Writes the records of all loggers as lines of the same form."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        if record.name == LOGGER:
            return record.getMessage()
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        first = {"time": at, "level": record.levelname.lower()}
        process = {"process": record.process}
        error = record.exc_info[1] if record.exc_info else None
        through = {} if error is None else _origin(error)
        if record.name == SERVER_LOGGER:
            return _line(first | {"event": "server"} | process | {"message": record.getMessage()} | through)
        place = f"{PurePath(record.pathname).name}:{record.lineno} {record.funcName}"
        return _line(first | {"event": "library"} | process | {"logger": record.name, "place": place} | through)


_log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger(LOGGER),
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _in_order,
        structlog.processors.JSONRenderer(serializer=_line),
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def configure(level: str) -> None:
    """Send all logs to standard error, from a level such as ``INFO``: those of libraries from ``WARNING``.

    Warnings of Python, and errors that nothing catches, become lines too.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logger, root = logging.getLogger(LOGGER), logging.getLogger()
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(level)
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logger.level))
    logging.captureWarnings(True)
    # What cannot be logged would be printed with its traceback and values, in another form.
    logging.raiseExceptions = False
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda caught: _lost(caught.exc_value)
    threading.excepthook = lambda caught: _lost(caught.exc_value)


def _uncaught(_kind: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    failed(error)


def _lost(error: BaseException | None) -> None:
    """Log an error that ended a thread or a destructor. One that only stops a thread is none."""
    if error is not None and not isinstance(error, SystemExit):
        failed(error)


def cannot_start(problems: Sequence[str]) -> None:
    """Log why the service does not start, in the words that a terminal would show."""
    _log.critical("cannot start", problems=list(problems))


def insecure_demo() -> None:
    """Log that callers are not authenticated, though other machines can reach the service."""
    _log.warning("callers are not authenticated", no="real patients")


def answered(**fields: object) -> None:
    """Log that a call was answered: method, route, service, tenant, status, milliseconds, number of cards.

    ``record`` has the prefetch keys under which no data came, or for a required one that it is empty. For a refused
    call there is ``at_fault``, the faulty parts of the request that every request has. Fields that are None are left
    out.
    """
    _log.info("answered", **{name: value for name, value in fields.items() if value is not None})


def not_admitted(reason: str, issuer_of: str | None = None) -> None:
    """Log that a caller was refused. ``reason`` is one of a fixed list and holds nothing of the token.

    ``issuer_of`` is the tenant whose issuer the token names; the token is not verified, so this may be false.
    """
    _log.warning("not admitted", reason=reason, **({"issuer_of": issuer_of} if issuer_of else {}))


def not_fetched(reason: str, tenant: str, keys: Sequence[str] = ()) -> None:
    """Log that something was not fetched for a call, and why; the address is not logged."""
    _log.warning("not fetched", reason=reason, tenant=tenant, **({"keys": list(keys)} if keys else {}))


def fhir_server_left_alone(tenant: str, reason: str, seconds: float) -> None:
    """Log that a FHIR server kept failing, the last time for this reason, and is not asked for so many seconds."""
    _log.error("fhir server left alone", tenant=tenant, reason=reason, seconds=seconds)


def fhir_server_back(tenant: str) -> None:
    """Log that a FHIR server that was left alone answers again."""
    _log.info("fhir server back", tenant=tenant)


def incomplete(tenant: str, gaps: Mapping[str, Sequence[str]], unread: int) -> None:
    """Log what was missing from a call that was judged, by prefetch key, and how many resources could not be read.

    Cards say in plain words what is missing of the patient's picture; this says how it came to be.
    """
    _log.info("incomplete", tenant=tenant, missing={key: list(whys) for key, whys in gaps.items()}, unread=unread)


def feedback_misfits(tenant: str, service: str, misfits: Mapping[Any, int]) -> None:
    """Log how many answers were to no card that was shown, and why. They are stored, and snooze nothing."""
    _log.warning(
        "feedback to no card", tenant=tenant, service=service, answers={str(why): n for why, n in misfits.items()}
    )


def not_for_patients(tenant: str) -> None:
    """Log that the user of a call is a patient or a relative, who is shown no card."""
    _log.warning("not for patients", tenant=tenant)


def of_another_patient(tenant: str) -> None:
    """Log that all orders on record that were sent with a call are of another patient than the call's."""
    _log.warning("all of another patient", tenant=tenant)


def doubtful_setting(problem: str) -> None:
    """Log at the start what is wrong with a setting though the service starts: it is unknown, or not used."""
    _log.warning("doubtful setting", problem=problem)


def policy_read(digest: str, version: str, tenants: int) -> None:
    """Log that changed files of the policy or of tenants were read and are in force.

    ``digest``: that of the files; ``version``: that of the knowledge with the site's policy; ``tenants``: how many.
    """
    _log.info("policy read", digest=digest, version=version, tenants=tenants)


def policy_refused(digest: str, problems: Sequence[str], quieted: Sequence[str]) -> None:
    """Log that changed files of the policy or of tenants are refused; the last good ones stay in force.

    ``quieted``: the tenants that show less by the modes which could still be read.
    """
    _log.error("policy refused", digest=digest, problems=list(problems), quieted=list(quieted))


def policy_restored(digest: str) -> None:
    """Log that refused files stand again as they are in force."""
    _log.info("policy restored", digest=digest)


def policy_followed(digest: str) -> None:
    """Log that this process answers by the files that the service put in force."""
    _log.info("policy in force", digest=digest)


def store_down(kind: str) -> None:
    """Log that the store failed, with the type of the error; calls are answered without it."""
    _log.error("store down", error=kind)


def store_down_at_start(why: str) -> None:
    """Log that the store cannot be used at start, in the words of the database: they can hold no patient data yet."""
    _log.error("store down at start", why=why)


def store_file_replaced() -> None:
    """Log that another file has taken the place of the store's: from now on that one is the store, if it is one."""
    _log.error("store file replaced")


def store_back() -> None:
    """Log that the store works again."""
    _log.info("store back")


def no_store() -> None:
    """Log that no store can be kept on this machine, so that no call will be recorded."""
    _log.warning("no store")


def not_kept(number: int) -> None:
    """Log how many records of calls were lost: the store was down longer than a process can keep them."""
    _log.error("records lost", number=number)


def own_words_left_out(message: str) -> None:
    """Log that a site's own text for a message failed, so that the shipped one was shown."""
    _log.error("own words left out", reason=message)


def suggestion_left_out() -> None:
    """Log that a card has no suggestion because its resource would not be valid FHIR."""
    _log.warning("suggestion left out")


def failed(error: BaseException) -> None:
    """Log a defect of the program: the type of the error and the lines of its traceback, without any value."""
    _log.error("failed", **_origin(error))


def _origin(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "through": [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
