"""The settings: environment variables that begin with ``BENZO_CDS_``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from re import fullmatch
from ssl import create_default_context
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from cds_service.config.limits import HOST_PATTERN, MAX_CALLS_PER_MINUTE, MAX_RETENTION_DAYS, FetchLimits, RequestLimits
from cds_service.config.place import time_zone
from cds_service.config.policy_file import read_file, why_unread
from cds_service.errors import ConfigurationError
from cds_service.services import PREFETCH

PREFIX = "BENZO_CDS_"
_NOT_JSON = {"list_type": "must be a list in JSON", "dict_type": "must be an object in JSON"}


class _Environment(EnvSettingsSource):
    """The environment, where a text that is not JSON is left to the validation, which names its variable."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The value of a text that should be JSON."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class Settings(BaseSettings):
    """The settings of one process. The environment variable of a field is the prefix and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    timezone: str = Field(default="UTC", description="Zone in which a day begins, such as America/New_York")
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = Field(
        default=None,
        description="Country whose crisis and treatment services cards name, in two letters; if not set, US, or none "
        "where the time zone is not of the Americas",
    )
    site_policy: Path | None = Field(default=None, description="YAML file with the site's own policy")
    card_wording: Path | None = Field(default=None, description="YAML file with the site's own words for cards")
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
    fhir_calls: Annotated[int, Field(ge=1, le=500)] = Field(
        default=40, description="Calls of one tenant that one process lets wait for its FHIR server at the same time"
    )
    fhir_failures: Annotated[int, Field(ge=1, le=1_000)] = Field(
        default=5, description="Calls in a row that a FHIR server may fail before it is left alone"
    )
    fhir_pause_seconds: Annotated[float, Field(ge=0.1, le=300)] = Field(
        default=5.0, description="How long a FHIR server that kept failing is left alone"
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
        default=5.0,
        description="Longest time for judging one call, what it waits for not counted; beyond it only names are "
        "judged, else 503",
    )
    remember_seconds: Annotated[int, Field(ge=0, le=3_600)] = Field(
        default=120,
        description="How long a process remembers what a call came to, for the same call again; 0: never",
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=300)] = Field(
        default=30, description="Longest time that a process may be busy with one thing; beyond it it is replaced"
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
    allowed_hosts: list[str] = Field(
        default_factory=list,
        description="Without tenants: hosts besides this machine that this service may be called by, as JSON",
    )
    tenant_calls_per_minute: Annotated[int, Field(ge=1, le=MAX_CALLS_PER_MINUTE)] = Field(
        default=6_000, description="Calls of one tenant that one process answers in a minute; beyond it 429"
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
    discovery_versions: bool = Field(
        default=False, description="List each service with the versions of CDS Hooks and of its hook, as 3.0 proposes"
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

    @field_validator("fhir_servers")
    @classmethod
    def _web_addresses(cls, bases: list[str]) -> list[str]:
        if not all(urlsplit(base).scheme in ("http", "https") and urlsplit(base).hostname for base in bases):
            raise ValueError("each must be the address of a FHIR server, such as https://ehr.example/fhir/R4")
        return bases

    @field_validator("allowed_hosts")
    @classmethod
    def _plain_hosts(cls, hosts: list[str]) -> list[str]:
        names = [host.lower() for host in hosts]
        if not all(fullmatch(HOST_PATTERN, name) for name in names):
            raise ValueError("each must be the name or the address of a host, without a scheme, a port or a *")
        return names

    @field_validator("ca_file")
    @classmethod
    def _usable_authorities(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                create_default_context(cafile=path)
            except (OSError, ValueError):
                raise ValueError("there is no such file, or it holds no certificate in PEM") from None
        return path

    @field_validator("site_policy", "card_wording", "tenants", "metrics_secret_file", "store_password_file")
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
        """The time zone in which a day begins."""
        return time_zone(self.timezone)

    @property
    def request_limits(self) -> RequestLimits:
        """The limits of a request."""
        return RequestLimits(self.max_body_bytes, self.max_depth, self.max_entries)

    @property
    def fetch_limits(self) -> FetchLimits:
        """The limits of what is fetched for one call."""
        return FetchLimits(
            deadline=self.fhir_deadline_seconds,
            connect=self.fhir_connect_seconds,
            pages=self.fhir_max_pages,
            bytes=self.fhir_max_bytes,
            entries=self.max_entries,
            connections=self.fhir_connections,
            calls=self.fhir_calls,
            failures=self.fhir_failures,
            pause=self.fhir_pause_seconds,
            page_size=self.fhir_page_size,
        )

    @property
    def known_hosts(self) -> frozenset[str]:
        """The hosts besides this machine that a service without tenants may be called by."""
        own = {self.base_url.host.lower()} if self.base_url is not None and self.base_url.host else set()
        return frozenset(own | set(self.allowed_hosts))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not read
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where settings come from: arguments, else the environment."""
        return init_settings, _Environment(settings_cls)

    def site_policy_text(self) -> str | None:
        """The text of the site's policy; None without one.

        Raises:
            ConfigurationError: the file cannot be read as text.
        """
        return _text_of("SITE_POLICY", self.site_policy)

    def card_wording_text(self) -> str | None:
        """The text of the site's own words for cards; None without any.

        Raises:
            ConfigurationError: the file cannot be read as text.
        """
        return _text_of("CARD_WORDING", self.card_wording)


def _text_of(name: str, path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return read_file(path).text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{PREFIX}{name}: {path.name}: {why_unread(error)}") from None


def explain(error: ValidationError) -> Iterator[str]:
    """What is wrong with the configuration: one line for each variable, without its value."""
    for problem in error.errors(include_input=False, include_url=False):
        setting, *place = map(str, problem["loc"])
        field = Settings.model_fields.get(setting)
        description = f" ({field.description})" if field is not None else ""
        message = _NOT_JSON.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        yield f"{': '.join((PREFIX + setting.upper(), *place))}: {message}{description}"


def is_origin(text: str) -> bool:
    """Whether a text is one origin as browsers send it: scheme, host and port, nothing else."""
    try:
        parts = urlsplit(text)
        valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    host = parts.hostname or ""
    return (
        valid_port
        and bool(host)
        and "*" not in host
        and text == f"{parts.scheme}://{parts.netloc}"
        and (parts.scheme in ("http", "https") and "@" not in parts.netloc)
    )
