"""The tenants in force: read from their file, read again when it changes, never worse than the last good file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cds_service import logs
from cds_service.config import TENANTS_LOOKED_AT_SECONDS, Settings, known_zone
from cds_service.trust.dialect import CardDialect
from cds_service.trust.keys import FetchedKeys, FixedKeys, KeyRing, refused, trusted
from cds_service.trust.tenant import FhirServer, Tenant
from cds_service.trust.tenant_file import TenantBlock, TenantFileError, key_files, read_tenants
from cds_service.trust.token import fits
from rules import load_knowledge
from rules.knowledge import KnowledgeError, parse_yaml


@dataclass(frozen=True, slots=True)
class TrustedTenant:
    """A tenant with what its tokens must say. ``audiences`` are as written; those that end in ``/cds-services`` are
    the base of the addresses that it calls."""

    tenant: Tenant
    issuer: str
    algorithms: frozenset[str]
    audiences: tuple[str, ...]
    keys: KeyRing
    jwks_url: str | None
    tenant_claim: str | None
    subject: str | None


Stamp = tuple[tuple[int, int] | None, ...]
"""When files were written, and how large they are; None for one that is not there."""


@dataclass(slots=True)
class Tenants:
    """The tenants of a file. A changed file is taken whole or not at all; ``problems`` are those of a refused one."""

    path: Path
    settings: Settings
    clock: Callable[[], float] = time.monotonic
    problems: tuple[str, ...] = ()
    _stamp: Stamp = ()
    _beside: tuple[Path, ...] = ()
    _in_force: tuple[TrustedTenant, ...] = ()
    _looked_at: float = 0.0
    _rings: dict[str, FetchedKeys] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Read the file.

        Raises:
            TenantFileError: it cannot be used.
        """
        self._in_force = self._read()
        self._looked_at = self.clock()

    def in_force(self) -> tuple[TrustedTenant, ...]:
        """The tenants now."""
        now = self.clock()
        if now - self._looked_at >= TENANTS_LOOKED_AT_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._looked_at = now
                self._look_again()
            finally:
                self._lock.release()
        return self._in_force

    def _look_again(self) -> None:
        try:
            # The same stamp after a refusal: the last good file was put back.
            if _stamp(self.path, *self._beside) == self._stamp and not self.problems:
                return
            self._in_force = self._read()
            self.problems = ()
            logs.tenants_read(len(self._in_force))
        except TenantFileError as error:
            if self.problems != tuple(error.problems):
                logs.tenants_refused(error.problems)
            self.problems = tuple(error.problems)

    def _read(self) -> tuple[TrustedTenant, ...]:
        own = _stamp(self.path)
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise TenantFileError([f"{self.path.name}: {error.strerror or 'cannot be read'}"]) from None
        except UnicodeDecodeError:
            raise TenantFileError([f"{self.path.name}: cannot be read as text"]) from None
        beside = key_files(text, self.path.parent)
        # Before the files of keys are read: what changes meanwhile is seen the next time.
        stamp = own + _stamp(*beside)
        blocks = read_tenants(text, self.path.parent, development=self.settings.development)
        problems: list[str] = []
        found = []
        for identity, block in blocks.items():
            try:
                found.append(self._tenant(identity, block))
            except ValueError as error:
                problems.append(f"{identity}: {error}")
        if problems:
            raise TenantFileError(problems)
        self._beside, self._stamp = beside, stamp
        return tuple(found)

    def _tenant(self, identity: str, block: TenantBlock) -> TrustedTenant:
        settings = self.settings
        knowledge = load_knowledge(policy_text(settings.site_text(), block.policy))
        tenant = Tenant(
            id=identity,
            knowledge=knowledge,
            zone=settings.zone if block.timezone is None else known_zone(block.timezone),
            aliases=block.prefetch_aliases or settings.prefetch_aliases,
            mode=block.mode,
            services=block.services,
            findings=block.findings,
            dialect=CardDialect(block.cards.text, block.cards.tables, block.cards.one_action),
            fhir_servers=tuple(FhirServer(each.base, each.open, each.private) for each in block.fhir_servers),
            snooze_days=block.snooze_days,
            override_reasons=block.override_reasons,
        )
        return TrustedTenant(
            tenant=tenant,
            issuer=block.issuer,
            algorithms=frozenset(block.algorithms),
            audiences=tuple(block.audiences),
            keys=self._keys(block),
            jwks_url=block.keys.jwks_url,
            tenant_claim=block.tenant_claim,
            subject=block.subject,
        )

    def _keys(self, block: TenantBlock) -> KeyRing:
        listed = block.keys.keys
        if listed is None:
            address = block.keys.jwks_url or ""
            # Keys that were fetched outlive a change of the file.
            made = FetchedKeys(address, self.settings.development, self.settings.ca_file)
            return self._rings.setdefault(address, made)
        known = refused(listed)
        if known and not self.settings.development:
            raise ValueError(f"keys: anybody can sign with this key, it is that of {known[0]}")
        usable = trusted(listed, development=self.settings.development)
        if not usable:
            raise ValueError(
                "keys: none of them can be used: a kid, no use but sig, and EC on P-256 or P-384 or RSA of 2048 bits"
            )
        if not any(fits(key, algorithm) for key in usable.values() for algorithm in block.algorithms):
            raise ValueError(f"keys: none of them fits the algorithms {', '.join(block.algorithms)}")
        return FixedKeys(usable)


def _stamp(*files: Path) -> Stamp:
    found: list[tuple[int, int] | None] = []
    for file in files:
        try:
            told = file.stat()
        except OSError:
            found.append(None)
        else:
            found.append((told.st_mtime_ns, told.st_size))
    return tuple(found)


def policy_text(site: str | None, own: Mapping[str, Any] | None) -> str | None:
    """The site's policy with the tenant's own laid over it, key by key.

    Raises:
        KnowledgeError: the site's policy cannot be read.
    """
    if not own:
        return site
    merged = _over(parse_yaml(site, "site"), own) if site is not None else dict(own)
    return str(yaml.safe_dump(merged, sort_keys=True, allow_unicode=True))


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        lower = result.get(key)
        both = isinstance(lower, dict) and isinstance(value, dict)
        result[key] = _over(lower, value) if both and isinstance(lower, dict) else value
    return result


__all__ = ["KnowledgeError", "Tenants", "TrustedTenant", "policy_text"]
