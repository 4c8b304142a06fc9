"""The gate with a lock: the tenant whose token fits, or nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cds_service.errors import NotAdmittedError
from cds_service.trust.gate import Endpoint
from cds_service.trust.replay import ReplayGuard
from cds_service.trust.tenant import Tenant
from cds_service.trust.tenants import Tenants, TrustedTenant
from cds_service.trust.token import Expected, Unverified, unverified, verify

_BASE = "/cds-services"


@dataclass(frozen=True, slots=True)
class TenantGate:
    """Admits the calls of the tenants of a file."""

    tenants: Tenants
    replay: ReplayGuard
    clock: Callable[[], float] = time.time

    def admit(self, authorization: str | None, endpoint: Endpoint) -> Tenant:
        """The tenant that calls.

        Raises:
            NotAdmittedError: the token is missing, is nobody's, does not fit, or was used before.
        """
        token = unverified(authorization)
        caller = self._said_to_be(token)
        now = self.clock()
        try:
            admitted = verify(token, _expected(caller, endpoint), now)
            self.replay.use(caller.tenant.id, admitted, now)
        except NotAdmittedError as error:
            error.issuer_of = caller.tenant.id
            raise
        return caller.tenant

    def _said_to_be(self, token: Unverified) -> TrustedTenant:
        """The tenant that the token says it is of, by issuer and, where several share one, by its tenant claim."""
        issuer, claim = token.claims.get("iss"), token.claims.get("tenant")
        of_issuer = [each for each in self.tenants.in_force() if each.issuer == issuer]
        if not of_issuer:
            raise NotAdmittedError("another issuer")
        for each in of_issuer:
            if each.tenant_claim is not None and each.tenant_claim == claim:
                return each
        for each in of_issuer:
            if each.tenant_claim is None:
                return each
        raise NotAdmittedError("another tenant")


def _expected(caller: TrustedTenant, endpoint: Endpoint) -> Expected:
    return Expected(
        issuer=caller.issuer,
        audiences=frozenset(address for each in caller.audiences for address in _addresses(each, endpoint)),
        algorithms=caller.algorithms,
        keys=caller.keys,
        jwks_url=caller.jwks_url,
        tenant_claim=caller.tenant_claim,
        subject=caller.subject,
    )


def _addresses(audience: str, endpoint: Endpoint) -> tuple[str, ...]:
    """What a call of an endpoint may be meant for: below a base its own address (feedback that of its service as well),
    else the audience as it stands."""
    base = audience.rstrip("/")
    if not base.endswith(_BASE):
        return (audience,)
    if endpoint.service is None:
        return (base,)
    service = f"{base}/{endpoint.service}"
    return (f"{service}/feedback", service) if endpoint.feedback else (service,)
