"""Errors as FHIR OperationOutcomes: the one place where a refusal becomes an HTTP status and a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds_service.errors import (
    CallError,
    MalformedRequestError,
    MissingDataError,
    NotAdmittedError,
    NotJsonError,
    OutOfTimeError,
    TooLargeError,
    UnknownAddressError,
    UnknownServiceError,
    WrongContentTypeError,
    WrongHookError,
)

CONTENT_TYPE = "application/fhir+json"

STATUS: Mapping[type[CallError], int] = {
    UnknownServiceError: 404,
    UnknownAddressError: 404,
    OutOfTimeError: 503,
    NotJsonError: 400,
    WrongContentTypeError: 415,
    TooLargeError: 413,
    WrongHookError: 400,
    MalformedRequestError: 400,
    MissingDataError: 412,
    NotAdmittedError: 401,
}
_ISSUES: Mapping[int, tuple[str, str]] = {
    400: ("structure", "The request is not one of HTTP that this service understands."),
    404: ("not-found", "There is nothing at this address."),
    405: ("not-supported", "This address does not answer to this method."),
    408: ("timeout", "The request was not sent in time."),
    413: ("too-long", "The request is larger than this service takes."),
    415: ("not-supported", "The request must be JSON (Content-Type: application/json)."),
}


def outcome(issue: str, text: str, places: tuple[str, ...] = (), hint: str | None = None) -> dict[str, Any]:
    """An OperationOutcome of one error; ``places`` become its expressions, ``hint`` its diagnostics."""
    told: dict[str, Any] = {"severity": "error", "code": issue, "details": {"text": text}}
    if hint:
        told["diagnostics"] = hint
    if places:
        told["expression"] = list(places)
    return {"resourceType": "OperationOutcome", "issue": [told]}


def of_call(error: CallError) -> tuple[int, dict[str, Any]]:
    """The status and the body of a call that cannot be answered."""
    return STATUS[type(error)], outcome(error.issue, error.text, error.places, error.hint)


def of_status(status: int) -> dict[str, Any]:
    """The body for what the web framework itself refuses, without a word of the request in it."""
    issue, text = _ISSUES.get(status, ("processing", f"The request could not be answered (HTTP status {status})."))
    return outcome(issue, text)


def of_defect() -> dict[str, Any]:
    """The body for an error of our own: it says that no judgement was made, and nothing else."""
    text = "The service failed to answer. No judgement was made: the absence of cards means nothing."
    return outcome("exception", text)
