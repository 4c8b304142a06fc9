"""Why a read from a FHIR server failed."""

from __future__ import annotations

from enum import StrEnum


class FetchFailure(StrEnum):
    """Why a read failed, in words for a response or a log."""

    NOT_IN_TIME = "the FHIR server did not answer in time"
    NOT_REACHED = "the FHIR server could not be reached"
    NOT_ADMITTED = "the FHIR server did not accept the token"
    NOT_ALLOWED = "the FHIR server does not allow it to be read"
    NOT_FOUND = "the FHIR server has no such resource"
    BUSY = "the FHIR server is busy"
    REFUSED = "the FHIR server refused the request"
    FAILED = "the FHIR server failed"
    NOT_FHIR = "the FHIR server answered with something other than FHIR"
    REDIRECTED = "the FHIR server pointed elsewhere"
    BROKE_OFF = "the FHIR server’s answer broke off, or could not be decompressed"
    TOO_LARGE = "the FHIR server’s answer is too large"
    FOREIGN = "an address is not one of the tenant’s FHIR server"
    FORBIDDEN = "the FHIR server’s address is inside a private network"
    TOO_MANY_PAGES = "the FHIR server has more pages than are read"
    PAGES_IN_A_CIRCLE = "the FHIR server’s pages go in a circle"
    ANSWERED_WITH_ERROR = "the FHIR server answered with an error"
    LEFT_ALONE = "the FHIR server kept failing and is left alone for a moment"
    TOO_MANY_CALLS = "too many calls of this tenant wait for its FHIR server"
    NOT_LISTED = "the FHIR server of the request is not one that this tenant has listed"
    NO_TOKEN = "the request gives no access to its FHIR server"


FAILURES_OF_SERVER = frozenset(
    {
        FetchFailure.NOT_IN_TIME,
        FetchFailure.NOT_REACHED,
        FetchFailure.BROKE_OFF,
        FetchFailure.FAILED,
        FetchFailure.BUSY,
    }
)
PASSING = FAILURES_OF_SERVER | {FetchFailure.LEFT_ALONE, FetchFailure.TOO_MANY_CALLS}
"""Failures of the moment: the next call may read it. The others last until somebody changes the configuration."""
