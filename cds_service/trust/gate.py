"""The gate that every call passes: it names the tenant that is calling, or refuses the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cds_service.trust.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is called, below the public address: ``service`` is None for discovery."""

    service: str | None = None
    feedback: bool = False


class Gate(Protocol):
    """Names the tenant of a call."""

    def admit(self, authorization: str | None, endpoint: Endpoint) -> Tenant:
        """The tenant that calls, by the Authorization header of the call.

        Raises:
            NotAdmittedError: the caller is not who it must be; why is logged, and not told.
        """
        ...


@dataclass(frozen=True, slots=True)
class OpenGate:
    """A gate without a lock: every caller is the one tenant. For this machine alone, or a demonstration."""

    tenant: Tenant

    def admit(self, authorization: str | None, endpoint: Endpoint) -> Tenant:  # noqa: ARG002 - nothing is checked
        """The one tenant."""
        return self.tenant
