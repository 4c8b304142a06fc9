"""What the sandbox refuses, and the OperationOutcome that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Resource = dict[str, Any]


class RefusedError(Exception):
    """A request, or an entry of one, that is not carried out.

    ``status`` is the HTTP status, ``code`` an issue type of FHIR, ``place`` the FHIRPath of what was wrong where it is
    known, and ``headers`` go with the answer.
    """

    def __init__(
        self, status: int, code: str, text: str, *, place: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.place = place
        self.headers = dict(headers or {})

    def at(self, place: str) -> RefusedError:
        """The same refusal, said of this place."""
        return RefusedError(self.status, self.code, self.text, place=place, headers=self.headers)

    @property
    def outcome(self) -> Resource:
        """The refusal as an OperationOutcome."""
        return outcome("error", self.code, self.text, self.place)


def outcome(severity: str, code: str, text: str, place: str = "") -> Resource:
    """An OperationOutcome of one issue."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if place:
        issue["expression"] = [place]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
