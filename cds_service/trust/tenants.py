"""The tenants of a file, each with its knowledge and with the keys that its tokens are verified with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cds_service.config import Settings
from cds_service.config.place import country_of, time_zone
from cds_service.config.policy_file import why_unread
from cds_service.trust.keys import FetchedKeys, FixedKeys, KeyRing, compromised_key_owners, trusted_keys
from cds_service.trust.tenant import CardDialect, FhirServer, Tenant
from cds_service.trust.tenant_file import TenantBlock, TenantFileError, read_tenants
from cds_service.trust.token import suits_algorithm
from rules import load_knowledge
from rules.knowledge import Knowledge, KnowledgeError, parse_yaml


@dataclass(frozen=True, slots=True)
class TrustedTenant:
    """A tenant with what its tokens must have.

    ``audiences`` are as in the file; one that ends in ``/cds-services`` is the base of the addresses that the tenant
    calls. ``key_addresses`` are the values that a token's ``jku`` may have.
    """

    tenant: Tenant
    issuer: str
    algorithms: frozenset[str]
    audiences: tuple[str, ...]
    keys: KeyRing
    jwks_url: str | None
    key_addresses: tuple[str, ...]
    tenant_claim: str | None
    subject: str | None
    calls_per_minute: int


KnowledgeOf = Callable[[str | None], Knowledge]
"""Gives the knowledge with a site's policy, which is YAML text; None without one."""


@dataclass(slots=True)
class TenantReader:
    """Reads the tenants of a file. Keys that were fetched stay as long as a tenant uses them."""

    settings: Settings
    _fetched_keys: dict[str, FetchedKeys] = field(default_factory=dict)

    def tenants(
        self,
        file: Path,
        read: Callable[[Path], bytes] = Path.read_bytes,
        site_policy: str | None = None,
        own_words: str | None = None,
        knowledge_of: KnowledgeOf = load_knowledge,
    ) -> tuple[TrustedTenant, ...]:
        """The tenants of a file.

        Args:
            file: the path of the file.
            read: reads this file, and the files of keys that it names.
            site_policy: the site's policy, which the tenants' own lie over.
            own_words: the site's own words for cards.
            knowledge_of: the knowledge with a policy.

        Raises:
            TenantFileError: with every mistake of the file.
        """
        try:
            text = read(file).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TenantFileError([f"{file.name}: {why_unread(error)}"]) from None
        listed = read_tenants(text, file.parent, development=self.settings.development, read=read)
        problems: list[str] = []
        tenants = []
        for identity, block in listed.tenants.items():
            try:
                knowledge = knowledge_of(merged_policy(site_policy, block.policy))
                tenant = self._tenant(identity, block, knowledge, own_words).quieted(listed.mode)
                tenants.append(self._trusted(tenant, block))
            except KnowledgeError as error:
                problems += [f"{identity}: policy: {each}" for each in error.each]
            except ValueError as error:
                problems.append(f"{identity}: {error}")
        if problems:
            raise TenantFileError(problems)
        used = {trusted.jwks_url for trusted in tenants}
        self._fetched_keys = {address: keys for address, keys in self._fetched_keys.items() if address in used}
        return tuple(tenants)

    def _tenant(self, identity: str, block: TenantBlock, knowledge: Knowledge, own_words: str | None) -> Tenant:
        settings = self.settings
        return Tenant(
            id=identity,
            knowledge=knowledge,
            zone=settings.zone if block.timezone is None else time_zone(block.timezone),
            aliases=block.prefetch_aliases or settings.prefetch_aliases,
            mode=block.mode,
            services=block.services,
            findings=block.findings,
            dialect=CardDialect(
                block.cards.text, block.cards.tables, block.cards.one_action, block.orders.orderables()
            ),
            fhir_servers=tuple(FhirServer(server.base, server.open, server.private) for server in block.fhir_servers),
            snooze_days=block.snooze_days,
            override_reasons=block.override_reasons,
            country=block.country or settings.country or country_of(block.timezone or settings.timezone),
            own_words=own_words,
        )

    def _trusted(self, tenant: Tenant, block: TenantBlock) -> TrustedTenant:
        return TrustedTenant(
            tenant=tenant,
            issuer=block.issuer,
            algorithms=frozenset(block.algorithms),
            audiences=tuple(block.audiences),
            keys=self._keys(block),
            jwks_url=block.keys.jwks_url,
            key_addresses=block.keys.addresses,
            tenant_claim=block.tenant_claim,
            subject=block.subject,
            calls_per_minute=block.calls_per_minute or self.settings.tenant_calls_per_minute,
        )

    def _keys(self, block: TenantBlock) -> KeyRing:
        listed = block.keys.keys
        if listed is None:
            address = block.keys.jwks_url or ""
            # Keys that were fetched stay when the file changes.
            keys = FetchedKeys(address, self.settings.development, self.settings.ca_file)
            return self._fetched_keys.setdefault(address, keys)
        owners = compromised_key_owners(listed)
        if owners and not self.settings.development:
            raise ValueError(
                f"keys: anybody can sign with this key, it is that of {owners[0]}; for development alone "
                "(BENZO_CDS_DEVELOPMENT)"
            )
        usable = trusted_keys(listed, development=self.settings.development)
        if not usable:
            raise ValueError(
                "keys: none of them can be used: a kid, no use but sig, and EC on P-256 or P-384 or RSA of 2048 bits"
            )
        if not any(suits_algorithm(key, algorithm) for key in usable.values() for algorithm in block.algorithms):
            raise ValueError(f"keys: none of them fits the algorithms {', '.join(block.algorithms)}")
        return FixedKeys(usable)


def merged_policy(site: str | None, own: Mapping[str, Any] | None) -> str | None:
    """The site's policy with the tenant's own merged into it, key by key; the tenant's values win.

    Raises:
        KnowledgeError: the site's policy cannot be read.
    """
    if not own:
        return site
    merged = _merged(parse_yaml(site, "site"), own) if site is not None else dict(own)
    return str(yaml.safe_dump(merged, sort_keys=True, allow_unicode=True))


def _merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in overlay.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
