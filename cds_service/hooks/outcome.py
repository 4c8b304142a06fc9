"""Errors as HTTP statuses with a FHIR OperationOutcome as their body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds_service.errors import (
    BrokenBodyError,
    CallError,
    MalformedRequestError,
    MissingDataError,
    NotAdmittedError,
    NotJsonError,
    OutOfTimeError,
    SlowCallerError,
    TooLargeError,
    TooManyCallsError,
    UnknownAddressError,
    UnknownHostError,
    UnknownServiceError,
    WrongContentTypeError,
    WrongHookError,
)

CONTENT_TYPE = "application/fhir+json"

STATUS: Mapping[type[CallError], int] = {
    UnknownServiceError: 404,
    UnknownAddressError: 404,
    UnknownHostError: 421,
    OutOfTimeError: 503,
    SlowCallerError: 408,
    BrokenBodyError: 400,
    NotJsonError: 400,
    WrongContentTypeError: 415,
    TooLargeError: 413,
    WrongHookError: 400,
    MalformedRequestError: 400,
    MissingDataError: 412,
    NotAdmittedError: 401,
    TooManyCallsError: 429,
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
    """An OperationOutcome with one issue.

    Args:
        issue: FHIR's issue type.
        text: the details.
        places: the paths of the members at fault, as its expressions.
        hint: its diagnostics.
    """
    details: dict[str, Any] = {"severity": "error", "code": issue, "details": {"text": text}}
    if hint:
        details["diagnostics"] = hint
    if places:
        details["expression"] = list(places)
    return {"resourceType": "OperationOutcome", "issue": [details]}


def outcome_of_error(error: CallError) -> tuple[int, dict[str, Any]]:
    """The status and the body for a call that cannot be answered."""
    return STATUS[type(error)], outcome(error.issue, error.text, error.places, error.hint)


def outcome_of_status(status: int) -> dict[str, Any]:
    """The body for a request that the web framework refuses with a status. It quotes nothing of the request."""
    issue, text = _ISSUES.get(status, ("processing", f"The request could not be answered (HTTP status {status})."))
    return outcome(issue, text)


def outcome_of_defect() -> dict[str, Any]:
    """The body for a defect of this program: no judgement was made."""
    text = "The service failed to answer. No judgement was made: the absence of cards means nothing."
    return outcome("exception", text)
