"""The tenants of a configuration in lines: keys, audiences, policy, and the modes in force of services and findings."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.cards.offers import offers_as_filed
from cds_service.policy.configuration import PolicyConfiguration, policy_label
from cds_service.services import SERVICES
from cds_service.trust.keys import FixedKeys
from cds_service.trust.tenant import Mode, Tenant
from cds_service.trust.tenants import TrustedTenant


def tenant_lines(configuration: PolicyConfiguration) -> Iterator[str]:
    """Each tenant with its keys, audiences and policy, the modes in force, and what its EHR files."""
    for trusted in configuration.tenants:
        yield _line_of(trusted)
        yield f"  policy {policy_label(trusted.tenant)}"
        yield from (f"  {line}" for line in _modes(trusted.tenant))
        yield from (f"  {line}" for line in offers_as_filed(trusted.tenant.dialect.orders, trusted.tenant.knowledge))


def _line_of(trusted: TrustedTenant) -> str:
    keys = f"from {trusted.jwks_url}"
    if isinstance(trusted.keys, FixedKeys):
        addresses = f", jku {' or '.join(trusted.key_addresses)}" if trusted.key_addresses else ""
        keys = f"{', '.join(trusted.keys.keys)} of the file{addresses}"
    tenant = trusted.tenant
    return f"tenant {tenant.id}: mode {tenant.mode}; keys {keys}; audiences {', '.join(trusted.audiences)}"


def _modes(tenant: Tenant) -> Iterator[str]:
    """The mode in force of every service, and of every finding that is not on wherever its service is."""
    for service in SERVICES:
        mode, own = tenant.mode_of(service), tenant.services.get(service)
        said = f" (the tenant is {tenant.mode}, this service {own})" if own not in (None, tenant.mode) else ""
        yield f"service {service}: {mode}{said}"
    for finding, policy in tenant.knowledge.findings.items():
        mode = tenant.mode_of_finding(finding)
        if not policy.on:
            yield f"finding {finding}: off (by the policy)"
        elif mode is not Mode.ON:
            yield f"finding {finding}: {mode} (in every service)"
    yield "other findings: as their service"
