"""The file of tenants: one block for each organisation whose EHR calls, checked to the last key.

The file is YAML (JSON is YAML as well); its scalars are read as text and then as what the key asks for::

    tenants:
      general-hospital:
        issuer: https://fhir.general.example/oauth2
        keys: {jwks_url: https://fhir.general.example/oauth2/jwks}
        audiences: [https://cds.general.example/cds-services]
        fhir_servers: [{base: https://fhir.general.example/api/FHIR/R4}]
        timezone: America/New_York
        mode: shadow
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from re import fullmatch
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from cds_service.config import known_zone
from cds_service.errors import ConfigurationError
from cds_service.services import PREFETCH, SERVICES
from cds_service.trust.addresses import is_inside, is_loopback, is_secure
from cds_service.trust.dialect import CardText
from cds_service.trust.keys import has_private_half
from cds_service.trust.tenant import Mode
from rules.knowledge import KnowledgeError, load_knowledge, parse_yaml

_TENANTS = "tenants"
_ID = r"^[a-z0-9][a-z0-9-]{0,62}$"
_SET = 'must hold a set of keys, {"keys": [...]}'
_WORDS = {
    "missing": "is missing",
    "model_type": "must be a block of keys and values",
    "dict_type": "must be a block of keys and values",
    "list_type": "must be a list, also where it holds one thing",
}

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Algorithm = Literal["ES384", "RS384", "ES256", "RS256"]


class TenantFileError(ConfigurationError):
    """The file of tenants cannot be used."""

    hint = "`benzo-cds config check` explains the configuration."

    def __init__(self, problems: list[str]) -> None:
        super().__init__(*problems)


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeySource(_Block):
    """Where the public keys of a tenant are: an address, a file beside the tenants' file, or the keys themselves."""

    jwks_url: Text | None = None
    jwks_file: Path | None = None
    keys: list[dict[str, Any]] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(value is not None for value in (self.jwks_url, self.jwks_file, self.keys)) != 1:
            raise ValueError("give exactly one of jwks_url, jwks_file and keys")
        if self.jwks_url is not None and not is_secure(self.jwks_url):
            raise ValueError("jwks_url must begin with https:// (http:// only on this machine)")
        return self


class FhirServerBlock(_Block):
    """A FHIR base of a tenant."""

    base: Text
    open: bool = False
    private: bool = False

    @field_validator("base")
    @classmethod
    def _plain_address(cls, base: str) -> str:
        parts = urlsplit(base)
        if not is_secure(base):
            raise ValueError("must begin with https:// (http:// only on this machine)")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must be an address without a user, a query or a fragment")
        return base.rstrip("/")


class CardsBlock(_Block):
    """What the EHR can show."""

    text: CardText = CardText.MARKDOWN
    tables: bool = False
    one_action: bool = True


class TenantBlock(_Block):
    """One tenant of the file."""

    issuer: Text
    keys: KeySource
    audiences: Annotated[list[Text], Field(min_length=1)]
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = ["ES384", "RS384"]
    tenant_claim: Text | None = None
    subject: Text | None = None
    fhir_servers: list[FhirServerBlock] = []
    prefetch_aliases: dict[str, str] = {}
    timezone: str | None = None
    mode: Mode = Mode.ON
    services: dict[str, Mode] = {}
    findings: dict[str, Mode] = {}
    policy: dict[str, Any] | None = None
    cards: CardsBlock = CardsBlock()
    override_reasons: dict[str, str] = {}
    snooze_days: Annotated[int, Field(ge=0, le=366)] | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            known_zone(name)
        return name

    @field_validator("services")
    @classmethod
    def _known_services(cls, modes: dict[str, Mode]) -> dict[str, Mode]:
        _known("service", modes, SERVICES)
        return modes

    @field_validator("findings")
    @classmethod
    def _known_findings(cls, modes: dict[str, Mode]) -> dict[str, Mode]:
        _known("finding", modes, load_knowledge().findings)
        return modes

    @field_validator("override_reasons")
    @classmethod
    def _known_reasons(cls, codes: dict[str, str]) -> dict[str, str]:
        ours = [each.code for each in load_knowledge().suggestions.override_reasons]
        _known("override reason", codes.values(), ours)
        return codes

    @field_validator("prefetch_aliases")
    @classmethod
    def _known_keys(cls, aliases: dict[str, str]) -> dict[str, str]:
        _known("prefetch key", aliases.values(), PREFETCH)
        if len(set(aliases.values())) < len(aliases):
            raise ValueError("two aliases stand for the same key")
        return aliases


class _KeyFileError(ValueError):
    """A file of keys is there, and is no set of keys."""


def read_tenants(text: str, folder: Path, *, development: bool = False) -> dict[str, TenantBlock]:
    """The tenants of a file by id; files that it names are looked for in ``folder``.

    Raises:
        TenantFileError: every mistake of the file, each with its place.
    """
    try:
        tree = parse_yaml(text, _TENANTS)
    except KnowledgeError as error:
        raise TenantFileError([str(error)]) from None
    told = tree.get(_TENANTS)
    if set(tree) != {_TENANTS} or not isinstance(told, dict) or not told:
        raise TenantFileError([f"the file must hold one key, {_TENANTS}, with a block for each tenant"])
    found: dict[str, TenantBlock] = {}
    problems: list[str] = []
    for identity, block in told.items():
        if not fullmatch(_ID, str(identity)):
            problems.append(f"{identity}: an id is of small letters, digits and hyphens, 63 at most")
        try:
            found[identity] = TenantBlock.model_validate(_with_files(block, folder))
        except ValidationError as error:
            problems += [f"{identity}: {line}" for line in _lines(error)]
        except OSError as error:
            problems.append(f"{identity}: keys.jwks_file: {error.strerror or 'cannot be read'}")
        except _KeyFileError as error:
            problems.append(f"{identity}: keys.jwks_file: {error}")
    problems += _across(found, development)
    if problems:
        raise TenantFileError(problems)
    return found


def key_files(text: str, folder: Path) -> tuple[Path, ...]:
    """The files of keys that a file of tenants names.

    Raises:
        TenantFileError: it cannot be read.
    """
    try:
        told = parse_yaml(text, _TENANTS).get(_TENANTS)
    except KnowledgeError as error:
        raise TenantFileError([str(error)]) from None
    files = (_key_file(block, folder) for block in (told.values() if isinstance(told, dict) else ()))
    return tuple(file for file in files if file is not None)


def _key_file(block: object, folder: Path) -> Path | None:
    keys = block.get("keys") if isinstance(block, dict) else None
    return folder / str(keys["jwks_file"]) if isinstance(keys, dict) and set(keys) == {"jwks_file"} else None


def _with_files(block: object, folder: Path) -> object:
    """The block with the keys of the file it names in it."""
    file = _key_file(block, folder)
    if file is None or not isinstance(block, dict):
        return block
    try:
        read = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError:
        raise _KeyFileError(f"is not JSON; it {_SET}") from None
    listed = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(listed, list):
        raise _KeyFileError(_SET)
    return block | {"keys": {"keys": listed}}


def _lines(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_input=False, include_url=False):
        what = _WORDS.get(item["type"], item["msg"].removeprefix("Value error, "))
        if item["type"] == "extra_forbidden":
            what = _unknown_key(tuple(map(str, item["loc"])))
        yield f"{'.'.join(map(str, item['loc'])) or 'block'}: {what}"


def _unknown_key(place: tuple[str, ...]) -> str:
    """What may have been meant by a key that there is not."""
    blocks: dict[str, type[_Block]] = {"keys": KeySource, "fhir_servers": FhirServerBlock, "cards": CardsBlock}
    known = blocks[place[0]] if len(place) > 1 and place[0] in blocks else TenantBlock
    close = get_close_matches(place[-1], known.model_fields, 1)
    return "no such key" + (f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known.model_fields)}")


def _across(tenants: dict[str, TenantBlock], development: bool) -> Iterator[str]:
    """What one block alone cannot show, and what only a developer may do."""
    callers: dict[tuple[str, str | None], str] = {}
    for identity, block in tenants.items():
        caller = (block.issuer, block.tenant_claim)
        if caller in callers:
            yield f"{identity}: the same issuer and tenant_claim as {callers[caller]}; a token must tell them apart"
        callers.setdefault(caller, identity)
        for address in (block.keys.jwks_url, *(server.base for server in block.fhir_servers)):
            if address and not development and is_loopback(address):
                yield f"{identity}: {address}: an address of this machine is for development (BENZO_CDS_DEVELOPMENT)"
        for server in block.fhir_servers:
            if not server.private and is_inside(server.base) and (development or not is_loopback(server.base)):
                yield f"{identity}: {server.base}: an address inside a private network is read with private: true alone"
        if block.keys.keys is not None and not block.keys.keys:
            yield f"{identity}: keys: no key is given"
        if block.keys.keys is not None and has_private_half(block.keys.keys):
            yield f"{identity}: keys: the private half of a key is there; it must stay with the EHR"


def _known(what: str, names: Any, among: Any) -> None:
    unknown = sorted(set(names) - set(among))
    if unknown:
        raise ValueError(f"no such {what}: {', '.join(unknown)}; there are {', '.join(among)}")
