"""What can be wrong with a call, a command or the configuration, as named errors.

A message names the place and never the data that stood there.
"""

from __future__ import annotations

from collections.abc import Sequence

CANNOT = 2
"""Exit status of a command that could not do what it was asked."""


class CommandError(Exception):
    """A command cannot do what it was asked; the message says why, and quotes nothing of a patient's file."""


class ConfigurationError(ValueError):
    """A part of the configuration cannot be used. ``problems`` name the place and what is wrong, without secrets."""

    hint: str | None = None
    """Which command tells more."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class CallError(Exception):
    """A call that cannot be answered. ``issue`` is the FHIR issue type, ``places`` the faulty parts of the request."""

    issue = "invalid"

    def __init__(self, text: str, *places: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.places = places
        self.hint = hint


class UnknownServiceError(CallError):
    """There is no service of that id."""

    issue = "not-found"

    def __init__(self) -> None:
        super().__init__("There is no such service.", hint="GET /cds-services lists the services.")


class UnknownAddressError(CallError):
    """There is nothing at this address, or nothing that this caller may see."""

    issue = "not-found"

    def __init__(self) -> None:
        super().__init__("There is nothing at this address.")


class UnknownHostError(CallError):
    """The call names another host than one of this machine, where callers are not authenticated."""

    issue = "forbidden"

    def __init__(self) -> None:
        super().__init__(
            "The call is addressed to another host than this machine.",
            hint="Without tenants, BENZO_CDS_ALLOWED_HOSTS lists the further hosts that this service may be called by.",
        )


class OutOfTimeError(CallError):
    """The judgement took longer than a call may take."""

    issue = "timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The call took longer than {seconds:g} seconds and was given up. No judgement was made: the absence of "
            "cards means nothing."
        )


class SlowCallerError(CallError):
    """The caller did not send its request in time."""

    issue = "timeout"

    def __init__(self) -> None:
        super().__init__("The request was not sent in time.")


class BrokenBodyError(CallError):
    """The body breaks off, or its chunks are none of HTTP."""

    issue = "structure"

    def __init__(self) -> None:
        super().__init__("The body of the request is not one of HTTP, or breaks off.")


class NotJsonError(CallError):
    """The body is not JSON, from the line and column that the message names."""

    issue = "structure"


class WrongContentTypeError(CallError):
    """The body is declared to be other than JSON, or compressed."""

    issue = "not-supported"


class TooLargeError(CallError):
    """The body exceeds one of the operational limits."""

    issue = "too-long"


class WrongHookError(CallError):
    """The request is of another hook than the service answers."""

    issue = "value"

    def __init__(self, expected: str) -> None:
        super().__init__(f"This service answers the hook {expected}; the request is of another hook.", "hook")


class MalformedRequestError(CallError):
    """A member of the request is missing or of the wrong type. ``problems`` are pairs of a place and what is wrong."""

    issue = "structure"

    def __init__(self, problems: Sequence[tuple[str, str]], hint: str | None = None) -> None:
        text = "; ".join(f"{place} {problem}" for place, problem in problems)
        super().__init__(f"The request cannot be read: {text}.", *(place for place, _ in problems), hint=hint)


class MissingDataError(CallError):
    """Data that the judgement needs was not sent (HTTP 412 in CDS Hooks)."""

    issue = "incomplete"


class TooManyCallsError(CallError):
    """A tenant calls more often than it may. ``retry_after``: seconds until it may call again."""

    issue = "throttled"

    def __init__(self, tenant: str, retry_after: int) -> None:
        super().__init__(
            "There are more calls than this service answers for one client in a minute. No judgement was made: the "
            "absence of cards means nothing."
        )
        self.tenant = tenant
        self.retry_after = retry_after


class NotAdmittedError(CallError):
    """The caller could not be authenticated.

    ``reason``, and ``issuer_of``, the tenant whose issuer the token names, are for the log alone: an attacker learns
    nothing from the response.
    """

    issue = "login"

    def __init__(self, reason: str) -> None:
        super().__init__("The call is not authorised.")
        self.reason = reason
        self.issuer_of: str | None = None
