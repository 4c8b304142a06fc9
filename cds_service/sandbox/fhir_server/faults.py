"""What a FHIR server does wrong in real life, done on purpose: for trying out what a client then says.

A fault is set for the whole server, so that a client meets it that sends no special header.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from threading import Lock
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cds_service.sandbox.fhir_server.refusal import RefusedError
from cds_service.sandbox.fhir_server.store import SERVED_TYPES, Resource
from cds_service.sandbox.smart.access import EXPIRED, not_admitted

ELSEWHERE = "https://elsewhere.invalid/fhir"
"""A next page of another server; by RFC 2606 no name below ``invalid`` is ever anybody's."""

HEADER = "Benzo-CDS-Sandbox-Fault"
"""Names the fault in the answer that has it, for whoever looks at what went over the wire."""

_ON_PURPOSE = "(This fault was set on purpose.)"


class FaultKind(StrEnum):
    """Each fault by its name. Those of pages break the second page of a search, or the way to it."""

    THROTTLED = "throttled"
    SLOW = "slow"
    FAILED = "failed"
    ERROR_OUTCOME = "error-outcome"
    EXPIRED_TOKEN = "expired-token"
    CUT_PAGE = "cut-page"
    FAILED_PAGE = "failed-page"
    FOREIGN_PAGE = "foreign-page"
    LOOPING_PAGE = "looping-page"


OF_PAGES = frozenset({FaultKind.CUT_PAGE, FaultKind.FAILED_PAGE, FaultKind.FOREIGN_PAGE, FaultKind.LOOPING_PAGE})


def _served(kind: str) -> str:
    if kind not in SERVED_TYPES:
        raise ValueError("the sandbox does not keep this type")
    return kind


ServedType = Annotated[str, AfterValidator(_served)]


class Fault(BaseModel):
    """One fault: of which types of resource (all if none is named), how many times (None: until it is taken back).

    ``seconds`` is how long a slow answer takes, and what a throttled one says in Retry-After.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    types: tuple[ServedType, ...] = ()
    times: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[int, Field(ge=0, le=600)] = 5


class Faults:
    """The faults of one server, set and taken back while it runs."""

    def __init__(self, faults: Iterable[Fault] = (), *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._faults = list(faults)
        self._lock = Lock()
        self._sleep = sleep

    def set(self, told: Mapping[str, Any]) -> None:
        """Put the faults of a ``{"faults": [...]}`` in the place of those before.

        Raises:
            RefusedError: one of them is none; those before stay.
        """
        listed = told.get("faults")
        if not isinstance(listed, list):
            raise RefusedError(400, "structure", "The faults are a list.", place="faults")
        try:
            faults = [Fault.model_validate(each) for each in listed]
        except ValidationError as error:
            wrong = sorted({".".join(map(str, item["loc"])) for item in error.errors()})
            kinds = ", ".join(FaultKind)
            raise RefusedError(400, "value", f"No such fault; see: {', '.join(wrong)}. Kinds: {kinds}.") from None
        with self._lock:
            self._faults = faults

    def told(self) -> dict[str, Any]:
        """The faults that are still to be met."""
        with self._lock:
            return {"faults": [fault.model_dump(mode="json", exclude_defaults=True) for fault in self._faults]}

    def meet(self, kind: str | None) -> FaultKind | None:
        """Let a request about a type of resource meet the fault that is set for it; returns which one it was.

        Raises:
            RefusedError: the fault is to be refused.
        """
        fault = self._taken(kind, frozenset(FaultKind) - OF_PAGES)
        if fault is None:
            return None
        if fault.kind is not FaultKind.SLOW:
            raise _refusal(fault)
        self._sleep(fault.seconds)
        return fault.kind

    def page_size(self, kind: str) -> int | None:
        """The size of pages while one of them is to be broken: one resource, or a small record would have no second."""
        with self._lock:
            return 1 if any(_concerns(fault, kind, OF_PAGES) for fault in self._faults) else None

    def broken_page(self, kind: str, number: int, *, is_last: bool) -> FaultKind | None:
        """How a page of a search, counted from 1, is to be broken; None if it is to be whole."""
        behind_first = frozenset() if number == 1 else OF_PAGES - {FaultKind.FOREIGN_PAGE}
        fault = self._taken(kind, behind_first | (frozenset() if is_last else {FaultKind.FOREIGN_PAGE}))
        return None if fault is None else fault.kind

    def _taken(self, kind: str | None, among: frozenset[FaultKind]) -> Fault | None:
        """The first fault that concerns the type, counted as met once."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if not _concerns(fault, kind, among):
                    continue
                if fault.times is not None:
                    left = fault.times - 1
                    self._faults[place : place + 1] = [fault.model_copy(update={"times": left})] if left else []
                return fault
        return None


def broken(fault: FaultKind, bundle: Resource) -> bytes:
    """The page of a search as the fault leaves it.

    Raises:
        RefusedError: nothing is left of it.
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
        refusal = not_admitted(EXPIRED, "invalid_token")
        refusal.headers |= headers
        return refusal
    # Some servers say that a search failed with a status that says that all is well.
    status = 200 if fault.kind is FaultKind.ERROR_OUTCOME else 500
    return RefusedError(status, "exception", f"The server failed. {_ON_PURPOSE}", headers=headers)


def _concerns(fault: Fault, kind: str | None, among: frozenset[FaultKind]) -> bool:
    return fault.kind in among and (not fault.types or kind in fault.types)
