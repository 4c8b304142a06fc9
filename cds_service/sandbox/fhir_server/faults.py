"""Faults of real FHIR servers, produced on purpose to see how a client handles them.

A fault is set for the whole server, so that it reaches a client without any special header.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from threading import Lock
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import SERVED_TYPES, Resource
from cds_service.sandbox.smart.access import EXPIRED_TOKEN_TEXT, unauthorized

ELSEWHERE = "https://elsewhere.invalid/fhir"
"""The next page of a foreign server: RFC 2606 reserves ``invalid``, so no such host can exist."""

HEADER = "Benzo-CDS-Sandbox-Fault"
"""The header of a faulty response, with the fault's name, for whoever reads the traffic."""

_ON_PURPOSE = "(This fault was set on purpose.)"


class FaultKind(StrEnum):
    """The faults by name. Those of ``PAGE_FAULTS`` concern the second page of a search, or the link to it."""

    THROTTLED = "throttled"
    SLOW = "slow"
    FAILED = "failed"
    ERROR_OUTCOME = "error-outcome"
    EXPIRED_TOKEN = "expired-token"
    CUT_PAGE = "cut-page"
    FAILED_PAGE = "failed-page"
    FOREIGN_PAGE = "foreign-page"
    LOOPING_PAGE = "looping-page"


PAGE_FAULTS = frozenset({FaultKind.CUT_PAGE, FaultKind.FAILED_PAGE, FaultKind.FOREIGN_PAGE, FaultKind.LOOPING_PAGE})


def _served(kind: str) -> str:
    if kind not in SERVED_TYPES:
        raise ValueError("the sandbox does not keep this type")
    return kind


ServedType = Annotated[str, AfterValidator(_served)]


class Fault(BaseModel):
    """One fault, as a member of the ``faults`` that the server accepts.

    ``types``: the resource types that it concerns; empty for all. ``times``: how many requests it affects; None for all
    until it is removed. ``seconds``: the delay of a slow response, and the Retry-After of a throttled one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    types: tuple[ServedType, ...] = ()
    times: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[int, Field(ge=0, le=600)] = 5


class Faults:
    """The faults of one server, which can change while it runs. Safe to use from several threads."""

    def __init__(self, faults: Iterable[Fault] = (), *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._faults = list(faults)
        self._lock = Lock()
        self._sleep = sleep

    def set(self, body: Mapping[str, Any]) -> None:
        """Replace all faults by those of a body ``{"faults": [...]}``.

        Raises:
            RefusedError: one of them is not valid; the faults then stay as they were.
        """
        members = body.get("faults")
        if not isinstance(members, list):
            raise RefusedError(400, "structure", "The faults are a list.", expression="faults")
        try:
            faults = [Fault.model_validate(member) for member in members]
        except ValidationError as error:
            invalid = sorted({".".join(map(str, item["loc"])) for item in error.errors()})
            kinds = ", ".join(FaultKind)
            raise RefusedError(400, "value", f"No such fault; see: {', '.join(invalid)}. Kinds: {kinds}.") from None
        with self._lock:
            self._faults = faults

    def as_json(self) -> dict[str, Any]:
        """The faults that are still set, as :meth:`set` accepts them."""
        with self._lock:
            return {"faults": [fault.model_dump(mode="json", exclude_defaults=True) for fault in self._faults]}

    def apply(self, resource_type: str | None) -> FaultKind | None:
        """Apply the fault that is set for a request about this type, and return which one it was.

        Raises:
            RefusedError: the fault refuses the request.
        """
        fault = self._take(resource_type, frozenset(FaultKind) - PAGE_FAULTS)
        if fault is None:
            return None
        if fault.kind is not FaultKind.SLOW:
            raise _refusal(fault)
        self._sleep(fault.seconds)
        return fault.kind

    def page_size(self, resource_type: str) -> int | None:
        """1 while a fault of pages is set, so that even a small record has a second page; else None."""
        with self._lock:
            return 1 if any(_concerns(fault, resource_type, PAGE_FAULTS) for fault in self._faults) else None

    def page_fault(self, resource_type: str, number: int, *, is_last: bool) -> FaultKind | None:
        """The fault of this page (counted from 1) of a search, or None."""
        # Only the link of a page that is not the last can lead elsewhere; the other faults begin on the second page.
        kinds: frozenset[FaultKind] = frozenset() if number == 1 else PAGE_FAULTS - {FaultKind.FOREIGN_PAGE}
        fault = self._take(resource_type, kinds if is_last else kinds | {FaultKind.FOREIGN_PAGE})
        return None if fault is None else fault.kind

    def _take(self, resource_type: str | None, kinds: frozenset[FaultKind]) -> Fault | None:
        """The first fault of these kinds that concerns the type; its ``times`` is counted down."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not _concerns(fault, resource_type, kinds):
                    continue
                if fault.times is not None:
                    left = fault.times - 1
                    self._faults[index : index + 1] = [fault.model_copy(update={"times": left})] if left else []
                return fault
        return None


def corrupted(fault: FaultKind, bundle: Resource) -> bytes:
    """The body of a page of a search with this fault.

    Raises:
        RefusedError: the fault is that the page fails.
    """
    if fault is FaultKind.FAILED_PAGE:
        raise RefusedError(500, "exception", f"The page failed. {_ON_PURPOSE}", headers={HEADER: fault})
    links = {link["relation"]: link["url"] for link in bundle["link"]}
    if fault is FaultKind.FOREIGN_PAGE:
        links["next"] = f"{ELSEWHERE}?{links['next'].partition('?')[2]}"
    if fault is FaultKind.LOOPING_PAGE:
        links["next"] = links["self"]
    whole = orjson.dumps(bundle | {"link": [{"relation": name, "url": url} for name, url in links.items()]})
    return whole[: len(whole) // 2] if fault is FaultKind.CUT_PAGE else whole


def _refusal(fault: Fault) -> RefusedError:
    headers: dict[str, str] = {HEADER: fault.kind}
    if fault.kind is FaultKind.THROTTLED:
        headers["Retry-After"] = str(fault.seconds)
        return RefusedError(429, "throttled", f"Too many requests. {_ON_PURPOSE}", headers=headers)
    if fault.kind is FaultKind.EXPIRED_TOKEN:
        refusal = unauthorized(EXPIRED_TOKEN_TEXT, "invalid_token")
        refusal.headers |= headers
        return refusal
    # Some servers report a failed search by an OperationOutcome with status 200.
    status = 200 if fault.kind is FaultKind.ERROR_OUTCOME else 500
    return RefusedError(status, "exception", f"The server failed. {_ON_PURPOSE}", headers=headers)


def _concerns(fault: Fault, resource_type: str | None, kinds: frozenset[FaultKind]) -> bool:
    return fault.kind in kinds and (not fault.types or resource_type in fault.types)
