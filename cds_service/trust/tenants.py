"""The current tenants: read from their file, and again when it changes; a bad file leaves the last good one in use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cds_service import logs
from cds_service.config import TENANTS_CHECK_SECONDS, Settings, country_of, time_zone
from cds_service.trust.keys import FetchedKeys, FixedKeys, KeyRing, compromised_key_owners, trusted_keys
from cds_service.trust.tenant import CardDialect, FhirServer, Tenant
from cds_service.trust.tenant_file import TenantBlock, TenantFileError, key_files, read_tenants
from cds_service.trust.token import suits_algorithm
from rules import load_knowledge
from rules.knowledge import parse_yaml


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


FileStamp = tuple[int, int, int, int]
FileStamps = tuple[FileStamp | None, ...]
"""The device, number, time of change and size of files; None for a file that does not exist."""


@dataclass(slots=True)
class Tenants:
    """The tenants of a file. A changed file is used whole or not at all; ``problems`` are those of a refused file."""

    path: Path
    settings: Settings
    clock: Callable[[], float] = time.monotonic
    problems: tuple[str, ...] = ()
    _stamps: FileStamps = ()
    _key_files: tuple[Path, ...] = ()
    _current: tuple[TrustedTenant, ...] = ()
    _checked_at: float = 0.0
    _fetched_keys: dict[str, FetchedKeys] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Read the file.

        Raises:
            TenantFileError: it cannot be used.
        """
        self._current = self._read()
        self._checked_at = self.clock()

    def current(self) -> tuple[TrustedTenant, ...]:
        """The tenants now. The file is checked for changes every ``TENANTS_CHECK_SECONDS``."""
        now = self.clock()
        if now - self._checked_at >= TENANTS_CHECK_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._checked_at = now
                self._reload_if_changed()
            finally:
                self._lock.release()
        return self._current

    def _reload_if_changed(self) -> None:
        try:
            # After a refusal an unchanged stamp is that of the last good file, which was put back.
            if _stamps_of(self.path, *self._key_files) == self._stamps and not self.problems:
                return
            self._current = self._read()
            self.problems = ()
            logs.tenants_read(len(self._current))
        except TenantFileError as error:
            if self.problems != tuple(error.problems):
                logs.tenants_refused(error.problems)
            self.problems = tuple(error.problems)

    def _read(self) -> tuple[TrustedTenant, ...]:
        own_stamp = _stamps_of(self.path)
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise TenantFileError([f"{self.path.name}: {error.strerror or 'cannot be read'}"]) from None
        except UnicodeDecodeError:
            raise TenantFileError([f"{self.path.name}: cannot be read as text"]) from None
        files = key_files(text, self.path.parent)
        # Taken before the key files are read: a change during the reading is seen the next time.
        stamps = own_stamp + _stamps_of(*files)
        blocks = read_tenants(text, self.path.parent, development=self.settings.development)
        problems: list[str] = []
        tenants = []
        for identity, block in blocks.items():
            try:
                tenants.append(self._tenant(identity, block))
            except ValueError as error:
                problems.append(f"{identity}: {error}")
        if problems:
            raise TenantFileError(problems)
        self._key_files, self._stamps = files, stamps
        return tuple(tenants)

    def _tenant(self, identity: str, block: TenantBlock) -> TrustedTenant:
        settings = self.settings
        knowledge = load_knowledge(merged_policy(settings.site_policy_text(), block.policy))
        tenant = Tenant(
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
        )
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
            calls_per_minute=block.calls_per_minute or settings.tenant_calls_per_minute,
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
            raise ValueError(f"keys: anybody can sign with this key, it is that of {owners[0]}")
        usable = trusted_keys(listed, development=self.settings.development)
        if not usable:
            raise ValueError(
                "keys: none of them can be used: a kid, no use but sig, and EC on P-256 or P-384 or RSA of 2048 bits"
            )
        if not any(suits_algorithm(key, algorithm) for key in usable.values() for algorithm in block.algorithms):
            raise ValueError(f"keys: none of them fits the algorithms {', '.join(block.algorithms)}")
        return FixedKeys(usable)


def _stamps_of(*files: Path) -> FileStamps:
    return tuple(map(_stamp_of, files))


def _stamp_of(file: Path) -> FileStamp | None:
    """The stamp of a file, or of the one that a symbolic link leads to.

    The time of its contents is not in it: tools keep or set that time, so that a new file may have the old one's.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns, status.st_size


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
