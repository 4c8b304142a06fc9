"""A tenant: one organisation whose EHR calls, and how it wants to be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from enum import StrEnum

from cds_service.config import Settings
from cds_service.config.place import DEFAULT_COUNTRY, country_of
from cds_service.services import SERVICES
from cds_service.trust.orderables import Orderables, plain_fhir
from rules.knowledge import Knowledge

OPEN_TENANT = "open"
"""The id of the only tenant where callers are not authenticated: on this machine, or in a demonstration."""


class Mode(StrEnum):
    """What is done with an answer, from the loudest mode to the quietest."""

    ON = "on"
    SHADOW = "shadow"  # judged and recorded, not shown
    OFF = "off"  # not judged

    @classmethod
    def _missing_(cls, value: object) -> Mode | None:
        return written_mode(value) if isinstance(value, str) else None


# In YAML 1.1 a bare off is false and a bare on is true, so that programs write them like that.
_WRITTEN = {**{mode.value: mode for mode in Mode}, "false": Mode.OFF, "true": Mode.ON}


def written_mode(text: str) -> Mode | None:
    """The mode that a text in a file says, in capitals or not; None where it says none."""
    return _WRITTEN.get(text.strip().lower())


def quieter(one: Mode, other: Mode) -> Mode:
    """The one of two modes that shows less."""
    return max(one, other, key=list(Mode).index)


@dataclass(frozen=True, slots=True)
class FhirServer:
    """The base of a FHIR server that may be read for a tenant.

    ``open``: it may be read without a token; ``private``: its address may be inside a private network.
    """

    base: str
    open: bool = False
    private: bool = False


class CardText(StrEnum):
    """How the detail of a card is written."""

    MARKDOWN = "markdown"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class CardDialect:
    """What the EHR of a tenant can show of a card, and do with it.

    ``tables``: whether it can show the orders as a table instead of bullets, in Markdown; ``one_action``: whether a
    suggestion may hold one action only, as all of ours do; ``orders``: what is offered as a suggestion, and by which
    codes; the rest is offered in words.
    """

    text: CardText = CardText.MARKDOWN
    tables: bool = False
    one_action: bool = True
    orders: Orderables = field(default_factory=plain_fhir)

    @property
    def orders_as_table(self) -> bool:
        """Whether orders are written as a table: plain text has none."""
        return self.tables and self.text is CardText.MARKDOWN


MARKDOWN = CardDialect()
"""Markdown with bullets."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """The settings of one tenant.

    ``knowledge`` includes the policies of the site and of the tenant; ``zone`` is the time zone in which an instant
    becomes a day; ``country`` is the one whose services cards name. ``aliases`` maps the tenant's prefetch keys to
    ours, ``override_reasons`` its reason codes to ours.
    ``mode`` is that of the services that ``services`` does not name; ``off`` is that of all. ``findings`` are the modes
    of findings, within the services. ``own_words`` are the site's own words for cards, as YAML.
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
    country: str = DEFAULT_COUNTRY
    own_words: str | None = None

    def mode_of(self, service: str) -> Mode:
        """The mode of a service: its own, or else the tenant's; where the tenant is off, off."""
        return Mode.OFF if self.mode is Mode.OFF else self.services.get(service, self.mode)

    def mode_of_finding(self, finding: str) -> Mode:
        """The mode of a finding within a service that is on."""
        return self.findings.get(finding, Mode.ON)

    def quieted(
        self, mode: Mode, services: Mapping[str, Mode] | None = None, findings: Mapping[str, Mode] | None = None
    ) -> Tenant:
        """This tenant, showing no more than these modes do; itself where it shows no more already."""
        limit = replace(self, mode=mode, services=services or {}, findings=findings or {})
        modes = {name: quieter(self.mode_of(name), limit.mode_of(name)) for name in SERVICES}
        of_findings = {
            name: quieter(self.mode_of_finding(name), limit.mode_of_finding(name)) for name in self.knowledge.findings
        }
        if all(self.mode_of(name) is mode for name, mode in modes.items()) and all(
            self.mode_of_finding(name) is mode for name, mode in of_findings.items()
        ):
            return self
        return replace(self, mode=quieter(self.mode, mode), services=modes, findings=of_findings)

    def findings_in_mode(self, *modes: Mode) -> frozenset[str]:
        """The ids of the findings whose mode is one of these."""
        return frozenset(finding for finding, mode in self.findings.items() if mode in modes)


def open_tenant(settings: Settings, knowledge: Knowledge, own_words: str | None = None) -> Tenant:
    """The one tenant of a service that does not authenticate its callers."""
    servers = tuple(FhirServer(base, open=True, private=True) for base in settings.fhir_servers)
    country = settings.country or country_of(settings.timezone)
    aliases = settings.prefetch_aliases
    return Tenant(
        OPEN_TENANT, knowledge, settings.zone, aliases, fhir_servers=servers, country=country, own_words=own_words
    )
