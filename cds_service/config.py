"""The configuration: every operational limit, from environment variables that begin with ``BENZO_CDS_``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from ssl import create_default_context
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, HttpUrl, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cds_service.services import PREFETCH

PREFIX = "BENZO_CDS_"

MAX_TEXT_LENGTH = 2_000
"""The longest name, instruction or diagnosis that is read for its meaning, in characters: reading takes time by length.
Not to be set: the longest RxNorm name has 345."""

MAX_MEMOISED_LENGTH = 2_000
"""The longest element - a medication's codes, a dosage, a quantity - that is remembered once it was read, in bytes."""
MAX_MEMOISED = 4_096
"""So many elements of a kind are remembered by one process, the least used forgotten first."""

RESPONSE_CACHE_MAX_BYTES = 4_000_000
"""Of the last calls, so many bytes of requests are remembered by one process with what they came to."""
RESPONSE_CACHE_MIN_BYTES = 10_000
"""What a smaller request counts as: what it came to takes that much memory and more."""

MAX_EXTENSION_BYTES = 20_000
"""What a card carries in its extension, as JSON: of a longer assessment the rest is counted."""
MAX_EVIDENCE = 24
MAX_EVIDENCE_LENGTH = 120
"""Of one instruction, so many pieces of words are told with what they gave, each of so many characters at most."""

GC_THRESHOLDS = (50_000, 20, 100)
"""After how many new objects Python's collector looks for those that nothing leads to, and how often for older ones."""
REQUEST_HEAD_SECONDS = 10.0
"""How long a caller may take to send the head of a request."""
MAX_TOKEN_LENGTH = 16_000
"""The longest token of a caller that is looked at, in characters."""
MAX_TOKEN_SECONDS = 3_600
"""The longest time between a token's issue and its end, in seconds."""
TOKEN_LEEWAY_SECONDS = 60
"""How far the clocks of a caller and of this service may differ, in seconds."""
MAX_REMEMBERED_TOKENS = 200_000
"""How many ids of tokens one process remembers where there is no shared store."""
TENANTS_CHECK_SECONDS = 2.0
"""How often it is looked whether the file of tenants has changed."""
STORE_RETRY_SECONDS = 5.0
"""How long a store that failed is left alone."""
MAX_UNSAVED_CALLS = 10_000
"""How many calls one process keeps for a store that is down, to be written once it is back."""
MAX_RETENTION_DAYS = 36_500
REPORT_SECONDS = 20.0
"""The longest time for reading the store for the page of how the findings do."""
CARD_REPEAT_SECONDS = 3_600
"""How long after a card was shown at order-select it is not repeated at order-sign, unchanged."""
KEYS_MAX_BYTES = 200_000
"""The largest set of public keys that is read from an address."""
KEYS_DEADLINE_SECONDS = 3.0
"""How long fetching a set of public keys may take in all."""
KEYS_MAX_AGE_SECONDS = 600.0
"""How long fetched keys are used before they are fetched again."""
KEYS_REFETCH_SECONDS = 30.0
"""The shortest time between two fetches of keys from one address, whatever tokens say."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How large the body of a request may be.

    ``bytes``; ``depth``: levels of nested objects and lists; ``entries``: resources in prefetch and drafts together. No
    single list may have more members than there may be resources.
    """

    bytes: int
    depth: int
    entries: int


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much may be fetched from a FHIR server for one call.

    Times in seconds; ``deadline`` is for all reads of one call together. ``bytes`` is for each answer, ``pages`` for
    each search.
    """

    deadline: float = 1.5
    connect: float = 0.5
    pages: int = 20
    bytes: int = 10_000_000
    entries: int = 10_000
    connections: int = 6
    references: int = 50
    page_size: int = 200


class Settings(BaseSettings):
    """The settings of one process. The field's name in capitals, after the prefix, is its environment variable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    timezone: str = Field(default="UTC", description="Zone in which a day begins, such as America/New_York")
    site_policy: Path | None = Field(default=None, description="YAML file with the site's own policy")
    base_url: HttpUrl | None = Field(default=None, description="Public address of this service, as EHRs call it")
    tenants: Path | None = Field(default=None, description="YAML file of the tenants whose EHRs may call")
    development: bool = Field(
        default=False, description="Take addresses of this machine, and keys that anybody can sign with"
    )
    insecure_demo: bool = Field(
        default=False, description="A demonstration without tenants beyond this machine; every response says so"
    )
    store: str | None = Field(
        default=None,
        description="What is kept of calls: a file (SQLite), postgresql://user@host/name, or none; "
        "if not set, a file of the user who runs it",
    )
    store_password_file: Path | None = Field(default=None, description="File with the password of the store's user")
    store_key_file: Path | None = Field(
        default=None, description="File with the secret that patients' names in the store are made with"
    )
    store_seconds: Annotated[float, Field(ge=0.1, le=30)] = Field(
        default=1.0, description="Longest time for one use of the store; beyond it a call is answered without it"
    )
    retention_days: Annotated[int, Field(ge=1, le=MAX_RETENTION_DAYS)] = Field(
        default=2_192, description="How long `store purge` leaves records of calls and answers (six years)"
    )
    prefetch_aliases: dict[str, str] = Field(
        default_factory=dict, description='The site\'s prefetch keys by ours, as JSON: {"theirs": "conditions"}'
    )
    fhir_servers: list[str] = Field(
        default_factory=list,
        description="Without tenants: FHIR bases that may be read, as JSON, with or without a token",
    )
    fhir_deadline_seconds: Annotated[float, Field(gt=0, le=30)] = Field(
        default=1.5, description="Longest time for all that is fetched for one call"
    )
    fhir_connect_seconds: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.5, description="Longest time for connecting to a FHIR server"
    )
    fhir_max_pages: Annotated[int, Field(ge=1, le=1_000)] = Field(default=20, description="Most pages of one search")
    fhir_max_bytes: Annotated[int, Field(ge=10_000, le=100_000_000)] = Field(
        default=10_000_000, description="Largest answer of a FHIR server, in bytes"
    )
    fhir_connections: Annotated[int, Field(ge=1, le=50)] = Field(
        default=6, description="Reads at the same time for one call"
    )
    fhir_page_size: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=200, description="Resources asked for in one page"
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities that certificates of keys and FHIR servers may be of, in place of the "
        "well-known ones",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=8088, description="Port to listen on")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(default=2, description="Processes that answer")
    call_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5.0, description="Longest time for reading and judging one call; beyond it 503"
    )
    remember_seconds: Annotated[int, Field(ge=0, le=3_600)] = Field(
        default=120,
        description="How long a process remembers what a call came to, for the same call again; 0: never",
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=300)] = Field(
        default=30, description="Longest time for one answer, whatever it waits for; beyond it the process is replaced"
    )
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = Field(
        default=0, description="How long it is still answered after a SIGTERM, while /health/ready says draining"
    )
    finish_seconds: Annotated[int, Field(ge=1, le=300)] = Field(
        default=15, description="Longest time for finishing the calls in hand when stopping"
    )
    max_requests: Annotated[int, Field(ge=0, le=10_000_000)] = Field(
        default=0, description="Calls after which a process is replaced by a fresh one; 0: never"
    )
    cors_origins: list[str] = Field(
        default_factory=list, description='Origins of pages that may call, as JSON: ["https://ehr.example"]'
    )
    metrics_secret_file: Path | None = Field(
        default=None, description="File with the secret that opens /metrics; without one it is for this machine alone"
    )
    max_body_bytes: Annotated[int, Field(ge=10_000, le=100_000_000)] = Field(
        default=5_000_000, description="Largest request, in bytes"
    )
    max_depth: Annotated[int, Field(ge=20, le=500)] = Field(
        default=64, description="Deepest nesting of objects and lists in a request"
    )
    max_entries: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=10_000, description="Most resources in a request"
    )
    discovery_max_age: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=3_600, description="Seconds for which a client may keep the list of services"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="What is logged")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        time_zone(name)
        return name

    @field_validator("cors_origins")
    @classmethod
    def _plain_origins(cls, origins: list[str]) -> list[str]:
        if not all(is_origin(origin) for origin in origins):
            raise ValueError("each must be one origin, such as https://ehr.example, without a path or a *")
        return origins

    @field_validator("ca_file")
    @classmethod
    def _usable_authorities(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                create_default_context(cafile=path)
            except (OSError, ValueError):
                raise ValueError("there is no such file, or it holds no certificate in PEM") from None
        return path

    @field_validator("site_policy", "tenants", "metrics_secret_file", "store_password_file")
    @classmethod
    def _readable_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path

    @field_validator("prefetch_aliases")
    @classmethod
    def _known_keys(cls, aliases: dict[str, str]) -> dict[str, str]:
        if any(key not in PREFETCH for key in aliases.values()):
            raise ValueError(f"each alias must stand for one of {', '.join(PREFETCH)}")
        if len(set(aliases.values())) < len(aliases):
            raise ValueError("two aliases stand for the same key")
        return aliases

    @property
    def zone(self) -> tzinfo:
        """The zone in which an instant becomes a day."""
        return time_zone(self.timezone)

    @property
    def request_limits(self) -> RequestLimits:
        """How large a request may be."""
        return RequestLimits(self.max_body_bytes, self.max_depth, self.max_entries)

    @property
    def fetch_limits(self) -> FetchLimits:
        """How much may be fetched for one call."""
        return FetchLimits(
            deadline=self.fhir_deadline_seconds,
            connect=self.fhir_connect_seconds,
            pages=self.fhir_max_pages,
            bytes=self.fhir_max_bytes,
            entries=self.max_entries,
            connections=self.fhir_connections,
            page_size=self.fhir_page_size,
        )

    def site_policy_text(self) -> str | None:
        """The text of the site's policy, None where there is no such file."""
        return None if self.site_policy is None else self.site_policy.read_text(encoding="utf-8")


def explain(error: ValidationError) -> Iterator[str]:
    """What is wrong with the configuration, one line for each variable; values are not repeated."""
    for item in error.errors(include_input=False, include_url=False):
        name = PREFIX + "_".join(map(str, item["loc"])).upper()
        field = Settings.model_fields.get(str(item["loc"][0])) if item["loc"] else None
        meant = f" ({field.description})" if field is not None else ""
        yield f"{name}: {item['msg'].removeprefix('Value error, ')}{meant}"


def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name.

    Raises:
        ValueError: there is no such zone.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone of the IANA database, such as America/New_York") from None


def is_origin(text: str) -> bool:
    """Whether a text is one origin, as a browser sends it: scheme, host and port, and nothing more."""
    try:
        parts = urlsplit(text)
        plain = parts.port is None or parts.port > 0
    except ValueError:
        return False
    host = parts.hostname or ""
    return (
        plain
        and bool(host)
        and "*" not in host
        and text == f"{parts.scheme}://{parts.netloc}"
        and (parts.scheme in ("http", "https") and "@" not in parts.netloc)
    )
