"""The file of tenants: one block for each organisation whose EHR calls. Unknown keys are refused.

The file is YAML (or JSON, which is YAML). Its scalars are read as text, then as the type of their key::

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

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from re import fullmatch
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from cds_service.config.limits import MAX_CALLS_PER_MINUTE
from cds_service.config.place import time_zone
from cds_service.errors import ConfigurationError
from cds_service.services import PREFETCH, SERVICES
from cds_service.trust.addresses import is_loopback, is_private, is_secure
from cds_service.trust.keys import has_private_half
from cds_service.trust.orderables import OrderCode, OrdersBlock
from cds_service.trust.tenant import CardText, Mode, written_mode
from rules.knowledge import KnowledgeError, load_knowledge, parse_yaml

_TENANTS, _MODE = "tenants", "mode"
_FILE, _JKU = "jwks_file", "jku"
_ID = r"^[a-z0-9][a-z0-9-]{0,62}$"
_SET = 'must hold a set of keys, {"keys": [...]}'
_PROBLEM_TEXTS = {
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
    """The source of a tenant's public keys: an address, a file beside the tenants' file, or the keys themselves.

    ``jku``: beside a file or the keys themselves, the addresses that tokens may name in their header; they are
    compared and never fetched.
    """

    jwks_url: Text | None = None
    jwks_file: Path | None = None
    keys: list[dict[str, Any]] | None = None
    jku: Annotated[list[Text], Field(min_length=1)] | None = None

    @field_validator("jku", mode="before")
    @classmethod
    def _one_or_several(cls, addresses: object) -> object:
        return [addresses] if isinstance(addresses, str) else addresses

    @field_validator("jku")
    @classmethod
    def _web_addresses(cls, addresses: list[str] | None) -> list[str] | None:
        if not all(address.startswith(("https://", "http://")) for address in addresses or ()):
            raise ValueError("must be the address as it stands in the header of the tokens, https://...")
        return addresses

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.jwks_url, self.jwks_file, self.keys)) != 1:
            raise ValueError("give exactly one of jwks_url, jwks_file and keys")
        if self.jwks_url is not None and not is_secure(self.jwks_url):
            raise ValueError("jwks_url must begin with https:// (http:// only on this machine)")
        if self.jwks_url is not None and self.jku is not None:
            raise ValueError("jku is for jwks_file or keys; with jwks_url a token's jku must be that address")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The values that a token's ``jku`` may have."""
        return tuple(self.jku or ()) if self.jwks_url is None else (self.jwks_url,)


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
    """What the EHR can show of a card."""

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
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    mode: Mode = Mode.ON
    services: dict[str, Mode] = {}
    findings: dict[str, Mode] = {}
    policy: dict[str, Any] | None = None
    cards: CardsBlock = CardsBlock()
    orders: OrdersBlock = OrdersBlock()
    override_reasons: dict[str, str] = {}
    snooze_days: Annotated[int, Field(ge=0, le=366)] | None = None
    calls_per_minute: Annotated[int, Field(ge=1, le=MAX_CALLS_PER_MINUTE)] | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            time_zone(name)
        return name

    @field_validator("services")
    @classmethod
    def _known_services(cls, modes: dict[str, Mode]) -> dict[str, Mode]:
        _require_known("service", modes, SERVICES)
        return modes

    @field_validator("findings")
    @classmethod
    def _known_findings(cls, modes: dict[str, Mode]) -> dict[str, Mode]:
        _require_known("finding", modes, load_knowledge().findings)
        return modes

    @field_validator("override_reasons")
    @classmethod
    def _known_reasons(cls, codes: dict[str, str]) -> dict[str, str]:
        ours = [reason.code for reason in load_knowledge().suggestions.override_reasons]
        _require_known("override reason", codes.values(), ours)
        if len({name.strip().casefold() for name in codes}) < len(codes):
            raise ValueError("two names differ in nothing but capitals or spaces")
        return codes

    @field_validator("prefetch_aliases")
    @classmethod
    def _known_keys(cls, aliases: dict[str, str]) -> dict[str, str]:
        _require_known("prefetch key", aliases.values(), PREFETCH)
        if len(set(aliases.values())) < len(aliases):
            raise ValueError("two aliases stand for the same key")
        return aliases


@dataclass(frozen=True, slots=True)
class TenantFile:
    """What a file of tenants says: ``tenants`` by id, and the ``mode`` of all, which show no more than that."""

    tenants: Mapping[str, TenantBlock]
    mode: Mode


class _KeyFileError(ValueError):
    """A key file holds no set of keys."""


def read_tenants(
    text: str, folder: Path, *, development: bool = False, read: Callable[[Path], bytes] = Path.read_bytes
) -> TenantFile:
    """What a file says. Key files that it names are relative to ``folder``; ``read`` reads them.

    Raises:
        TenantFileError: with every mistake of the file.
    """
    tree = _tree(text)
    blocks = tree.get(_TENANTS)
    if set(tree) - {_MODE} != {_TENANTS} or not isinstance(blocks, dict) or not blocks:
        raise TenantFileError([f"the file must hold {_TENANTS}, with a block for each tenant, and may hold {_MODE}"])
    tenants: dict[str, TenantBlock] = {}
    problems: list[str] = []
    mode = written_mode(str(tree.get(_MODE, Mode.ON)))
    if mode is None:
        problems.append(f"{_MODE}: must be {', '.join(Mode)}")
    for identity, block in blocks.items():
        if not fullmatch(_ID, str(identity)):
            problems.append(f"{identity}: an id is of small letters, digits and hyphens, 63 at most")
        try:
            tenants[identity] = TenantBlock.model_validate(_with_keys(block, folder, read))
        except ValidationError as error:
            problems += [f"{identity}: {problem}" for problem in _problems_of(error)]
        except OSError as error:
            problems.append(f"{identity}: keys.jwks_file: {error.strerror or 'cannot be read'}")
        except _KeyFileError as error:
            problems.append(f"{identity}: keys.jwks_file: {error}")
    problems += _problems_across(tenants, development)
    if problems or mode is None:
        raise TenantFileError(problems)
    return TenantFile(tenants, mode)


def _tree(text: str) -> Mapping[str, object]:
    tree = _tree_or_problem(text)
    if isinstance(tree, str):
        raise TenantFileError([tree])
    return tree


@lru_cache(maxsize=1)
def _tree_or_problem(text: str) -> Mapping[str, object] | str:
    """The file as YAML, or why it is none: parsed once, though it is looked at again and again for changes."""
    try:
        return parse_yaml(text, _TENANTS)
    except KnowledgeError as error:
        return str(error)
    except RecursionError:
        return "the file is nested too deep"


def key_files(text: str, folder: Path) -> tuple[Path, ...]:
    """The key files that a file of tenants names.

    Raises:
        TenantFileError: it is not YAML.
    """
    blocks = _tree(text).get(_TENANTS)
    files = (_key_file(block, folder) for block in (blocks.values() if isinstance(blocks, dict) else ()))
    return tuple(file for file in files if file is not None)


def _key_file(block: object, folder: Path) -> Path | None:
    keys = block.get("keys") if isinstance(block, dict) else None
    return folder / str(keys["jwks_file"]) if isinstance(keys, dict) and set(keys) - {_JKU} == {_FILE} else None


def _with_keys(block: object, folder: Path, read: Callable[[Path], bytes]) -> object:
    """The block with the keys of the key file that it names."""
    file = _key_file(block, folder)
    if file is None or not isinstance(block, dict):
        return block
    try:
        value = orjson.loads(read(file))
    except orjson.JSONDecodeError:
        raise _KeyFileError(f"is not JSON; it {_SET}") from None
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise _KeyFileError(_SET)
    source = {"keys": listed} | {name: value for name, value in block["keys"].items() if name != _FILE}
    return block | {"keys": source}


def _problems_of(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_input=False, include_url=False):
        problem = _PROBLEM_TEXTS.get(item["type"], item["msg"].removeprefix("Value error, "))
        if item["type"] == "extra_forbidden":
            problem = _unknown_key(tuple(map(str, item["loc"])))
        yield f"{'.'.join(map(str, item['loc'])) or 'block'}: {problem}"


def _unknown_key(place: tuple[str, ...]) -> str:
    """The problem of an unknown key, with the key that may have been meant."""
    blocks: dict[str, type[BaseModel]] = {
        "keys": KeySource,
        "fhir_servers": FhirServerBlock,
        "cards": CardsBlock,
        "orders": OrderCode,
    }
    known = blocks[place[0]] if len(place) > 1 and place[0] in blocks else TenantBlock
    close = get_close_matches(place[-1], known.model_fields, 1)
    return "no such key" + (f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known.model_fields)}")


def _problems_across(tenants: dict[str, TenantBlock], development: bool) -> Iterator[str]:
    """The problems that show between blocks, or depend on whether this is development."""
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
            if not server.private and is_private(server.base) and (development or not is_loopback(server.base)):
                yield f"{identity}: {server.base}: an address inside a private network is read with private: true alone"
        if block.keys.keys is not None and not block.keys.keys:
            yield f"{identity}: keys: no key is given"
        if block.keys.keys is not None and has_private_half(block.keys.keys):
            yield f"{identity}: keys: the private half of a key is there; it must stay with the EHR"


def _require_known(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"no such {kind}: {', '.join(unknown)}; there are {', '.join(known)}")
