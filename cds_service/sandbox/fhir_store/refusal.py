"""A refused request, and the OperationOutcome that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds_service.sandbox.fhir_store.store import Resource


class RefusedError(Exception):
    """A request, or an entry of a Bundle, that is not carried out.

    Args:
        status: the HTTP status.
        code: FHIR's issue type.
        text: the diagnostics.
        expression: the FHIRPath of the element at fault, where it is known.
        headers: further headers of the response.
    """

    def __init__(
        self, status: int, code: str, text: str, *, expression: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.expression = expression
        self.headers = dict(headers or {})

    def at(self, expression: str) -> RefusedError:
        """The same refusal with the FHIRPath of the element at fault."""
        return RefusedError(self.status, self.code, self.text, expression=expression, headers=self.headers)

    @property
    def outcome(self) -> Resource:
        """The refusal as an OperationOutcome."""
        return outcome("error", self.code, self.text, self.expression)


def outcome(severity: str, code: str, text: str, expression: str = "") -> Resource:
    """An OperationOutcome of one issue."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if expression:
        issue["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
