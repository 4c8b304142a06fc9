"""The gate that every call passes: it names the tenant that calls, or refuses the call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cds_service.errors import NotAdmittedError
from cds_service.trust.call_rate import CallRate
from cds_service.trust.replay import ReplayGuard
from cds_service.trust.tenant import Tenant
from cds_service.trust.tenants import TrustedTenant
from cds_service.trust.token import ExpectedClaims, UnverifiedToken, parse_authorization, verify

_BASE = "/cds-services"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint that is called: discovery where ``service`` is None, else that service, or its feedback."""

    service: str | None = None
    feedback: bool = False


class Gate(Protocol):
    """Names the tenant of a call."""

    def admit(self, authorization: str | None, endpoint: Endpoint) -> Tenant:
        """The tenant that calls. ``authorization``: the header of the call.

        Raises:
            NotAdmittedError: the caller cannot be admitted. The reason is for the log, not for the caller.
            TooManyCallsError: the tenant calls too often.
        """
        ...


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Admits every caller as the one tenant: for this machine alone, or a demonstration.

    ``tenant`` gives the tenant as it is set now.
    """

    tenant: Callable[[], Tenant]

    def admit(self, authorization: str | None, endpoint: Endpoint) -> Tenant:  # noqa: ARG002 - nothing is checked
        """The one tenant."""
        return self.tenant()


@dataclass(frozen=True, slots=True)
class TenantGate:
    """Admits the calls of tenants, by their tokens. ``tenants`` gives them as they are set now."""

    tenants: Callable[[], Sequence[TrustedTenant]]
    replay: ReplayGuard
    clock: Callable[[], float] = time.time
    rate: CallRate = field(default_factory=CallRate)

    def admit(self, authorization: str | None, endpoint: Endpoint) -> Tenant:
        """The tenant that calls.

        Raises:
            NotAdmittedError: the token is missing, of no tenant, invalid, or was used before.
            TooManyCallsError: the token is valid, and its tenant calls too often.
        """
        token = parse_authorization(authorization)
        claimed = self._claimed_tenant(token)
        now = self.clock()
        try:
            verified = verify(token, _expected_claims(claimed, endpoint), now)
            # Before the store is asked, so that too many calls do not reach it.
            self.rate.require(claimed.tenant.id, claimed.calls_per_minute)
            self.replay.use(claimed.tenant.id, verified, now)
            # Only now, so that a token that others replay does not use up the tenant's calls.
            self.rate.count(claimed.tenant.id, claimed.calls_per_minute)
        except NotAdmittedError as error:
            error.issuer_of = claimed.tenant.id
            raise
        return claimed.tenant

    def _claimed_tenant(self, token: UnverifiedToken) -> TrustedTenant:
        """The tenant that the token claims: the one of its issuer; among several, the one of its tenant claim."""
        issuer, claim = token.claims.get("iss"), token.claims.get("tenant")
        of_issuer = [tenant for tenant in self.tenants() if tenant.issuer == issuer]
        if not of_issuer:
            raise NotAdmittedError("another issuer")
        for tenant in of_issuer:
            if tenant.tenant_claim is not None and tenant.tenant_claim == claim:
                return tenant
        for tenant in of_issuer:
            if tenant.tenant_claim is None:
                return tenant
        raise NotAdmittedError("another tenant")


def _expected_claims(tenant: TrustedTenant, endpoint: Endpoint) -> ExpectedClaims:
    return ExpectedClaims(
        issuer=tenant.issuer,
        audiences=frozenset(address for base in tenant.audiences for address in _accepted_audiences(base, endpoint)),
        algorithms=tenant.algorithms,
        keys=tenant.keys,
        key_addresses=tenant.key_addresses,
        tenant_claim=tenant.tenant_claim,
        subject=tenant.subject,
    )


def _accepted_audiences(audience: str, endpoint: Endpoint) -> tuple[str, ...]:
    """The audiences that a call of an endpoint may have, for an audience of the tenants' file.

    A base that ends in ``/cds-services`` stands for the addresses below it: the endpoint's own, and for feedback that
    of its service too. Any other audience stands for itself.
    """
    base = audience.rstrip("/")
    if not base.endswith(_BASE):
        return (audience,)
    if endpoint.service is None:
        return (base,)
    service = f"{base}/{endpoint.service}"
    return (f"{service}/feedback", service) if endpoint.feedback else (service,)
