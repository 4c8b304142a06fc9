"""A tenant: one organisation whose EHR calls, and how it wants to be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum

from cds_service.config import Settings
from cds_service.trust.dialect import MARKDOWN, CardDialect
from rules.knowledge import Knowledge

OPEN = "open"
"""The id of the one tenant where callers are not told apart: on this machine alone, or in a demonstration."""


class Mode(StrEnum):
    """How much of an answer is shown, from all to nothing; the order of the members is that of quietness."""

    ON = "on"
    SHADOW = "shadow"  # judged and recorded, not shown
    OFF = "off"  # not judged


@dataclass(frozen=True, slots=True)
class FhirServer:
    """A FHIR base that may be read for a tenant.

    ``open``: it may be read without a token. ``private``: its address may be inside a private network.
    """

    base: str
    open: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True)
class Tenant:
    """What holds for every call of one tenant.

    ``knowledge`` has the site's and the tenant's own policy in force; ``zone`` is where an instant becomes a day;
    ``aliases`` are its prefetch keys by ours, ``override_reasons`` its codes of reasons by ours. ``services`` and
    ``findings`` hold the modes that differ from ``mode``.
    """

    id: str
    knowledge: Knowledge
    zone: tzinfo
    aliases: Mapping[str, str] = field(default_factory=dict)
    mode: Mode = Mode.ON
    services: Mapping[str, Mode] = field(default_factory=dict)
    findings: Mapping[str, Mode] = field(default_factory=dict)
    dialect: CardDialect = MARKDOWN
    fhir_servers: tuple[FhirServer, ...] = ()
    snooze_days: int | None = None
    override_reasons: Mapping[str, str] = field(default_factory=dict)

    def mode_of(self, service: str) -> Mode:
        """The mode of a service: the quieter of the tenant's and its own."""
        return max(self.mode, self.services.get(service, Mode.ON), key=list(Mode).index)

    def quiet_findings(self, *modes: Mode) -> frozenset[str]:
        """The ids of the findings that stand in one of the modes."""
        return frozenset(name for name, mode in self.findings.items() if mode in modes)


def open_tenant(settings: Settings, knowledge: Knowledge) -> Tenant:
    """The one tenant of a service that does not authenticate its callers."""
    servers = tuple(FhirServer(base, open=True, private=True) for base in settings.fhir_servers)
    return Tenant(OPEN, knowledge, settings.zone, settings.prefetch_aliases, fhir_servers=servers)
