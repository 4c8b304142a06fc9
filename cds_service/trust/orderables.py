"""What an EHR files of the orders that cards offer, and by which codes.

``order_systems.yaml`` says it of documented systems. A tenant names one and maps each thing that cards offer to its own
codes; what it cannot file is offered in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from rules.knowledge import Referral, SuggestedCode, SuggestedMedication, load_knowledge, parse_yaml

Offer = SuggestedMedication | Referral
# As FHIR has a URI and a code.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,300}")
_CODE = re.compile(r"[!-~]{1,200}(?: [!-~]{1,200})*")


class Filing(StrEnum):
    """What an EHR may be asked to file by a suggestion."""

    MEDICATION = "medication"  # a drafted order of a medicine
    REFERRAL = "referral"  # a drafted referral
    REMOVAL = "removal"  # a draft that is left out
    END = "end"  # an order on record, sent back whole with the status stopped


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OrderSystem(_Block):
    """How one system files orders; the fields are those of ``order_systems.yaml``."""

    title: str
    files: dict[Filing, bool]
    intent: Literal["order", "proposal"]
    systems: dict[str, str] = {}
    codes: dict[Filing, tuple[str, ...]] = {}

    def takes(self, filing: Filing, system: str) -> bool:
        """Whether it files an order by a code of a system."""
        return filing not in self.codes or system in self.codes[filing]


@cache
def order_systems() -> Mapping[str, OrderSystem]:
    """The documented systems, by the names that tenants use."""
    text = files("cds_service.trust").joinpath("order_systems.yaml").read_text(encoding="utf-8")
    return {name: OrderSystem.model_validate(block) for name, block in parse_yaml(text, "order_systems").items()}


def filing_of(offer: Offer) -> Filing:
    """What filing an offer is."""
    return Filing.MEDICATION if isinstance(offer, SuggestedMedication) else Filing.REFERRAL


@dataclass(frozen=True, slots=True)
class Orderables:
    """What one EHR files. ``own``: its codes for what cards offer, by offer; none for what it does not file."""

    system: OrderSystem
    files: frozenset[Filing]
    own: Mapping[str, tuple[SuggestedCode, ...]] = field(default_factory=dict)

    def codes_of(self, offer: Offer) -> tuple[SuggestedCode, ...] | None:
        """The codes that an offer is filed by; None where it cannot be filed. Plain FHIR needs no code."""
        filing = filing_of(offer)
        if filing not in self.files:
            return None
        own = self.own.get(offer.id, self.own.get(offer.filed_as) if isinstance(offer, Referral) else None)
        if own is not None:
            return own or None
        named = [
            SuggestedCode(self.system.systems.get(code.system, code.system), code.code, code.display)
            for code in offer.codings
        ]
        codes = tuple(code for code in named if self.system.takes(filing, code.system))
        return codes if codes or filing not in self.system.codes else None


@cache
def plain_fhir() -> Orderables:
    """What is filed where a tenant says nothing."""
    return OrdersBlock().orderables()


class OrderCode(_Block):
    """A code of the site for something that cards offer."""

    system: str
    code: str
    display: str | None = None

    @field_validator("system")
    @classmethod
    def _uri(cls, system: str) -> str:
        if not _URI.fullmatch(system):
            raise ValueError("must be a URI, such as urn:oid:2.16.840.1.113883.6.88")
        return system

    @field_validator("code")
    @classmethod
    def _code(cls, code: str) -> str:
        if not _CODE.fullmatch(code):
            raise ValueError("must be a code: letters, digits and signs, without spaces around it")
        return code

    @field_validator("display")
    @classmethod
    def _one_line(cls, display: str | None) -> str | None:
        if display is not None and not (display.strip() and display.isprintable()):
            raise ValueError("must be one line of text")
        return display


def _codes(value: object) -> object:
    """The codes of one thing as a list, which is empty where the tenant says false."""
    if value in (False, "false"):
        return []
    codes = [value] if isinstance(value, dict) else value
    if not isinstance(codes, list) or not codes:
        raise ValueError("must be a code (system, code, display), a list of codes, or false")
    return codes


class OrdersBlock(_Block):
    """The ``orders`` of a tenant: the name of a documented system, or what differs from it.

    Every other key is the name of something that cards offer, with a code of the site, a list of codes, or false where
    it is offered in words.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Annotated[list[OrderCode], BeforeValidator(_codes)]] = Field(init=False)

    like: str = "fhir"
    medication: bool | None = None
    referral: bool | None = None
    removal: bool | None = None
    end: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, value: Any) -> Any:
        block = {"like": value} if isinstance(value, str) else value
        known = (*cls.model_fields, *load_knowledge().suggestions.offers)
        unknown = sorted(set(map(str, block)) - set(known)) if isinstance(block, dict) else ()
        if unknown:
            raise ValueError(f"no such order: {', '.join(unknown)}; there are {', '.join(known)}")
        return block

    @field_validator("like")
    @classmethod
    def _known_system(cls, like: str) -> str:
        if like not in order_systems():
            raise ValueError(f"no such system: {like}; there are {', '.join(order_systems())}")
        return like

    @model_validator(mode="after")
    def _as_the_system_files(self) -> OrdersBlock:
        offers, system = load_knowledge().suggestions.offers, order_systems()[self.like]
        for name, codes in self.__pydantic_extra__.items():
            filing = filing_of(offers[name])
            if not all(system.takes(filing, code.system) for code in codes):
                raise ValueError(f"{name}: {system.title} files a {filing} by {', '.join(system.codes[filing])} alone")
        return self

    def orderables(self) -> Orderables:
        """What the EHR files by this block."""
        system = order_systems()[self.like]
        said = {filing: getattr(self, filing.value) for filing in Filing}
        filed = (filing for filing, own in said.items() if (system.files[filing] if own is None else own))
        own = {
            name: tuple(SuggestedCode(code.system, code.code, code.display or "") for code in codes)
            for name, codes in self.__pydantic_extra__.items()
        }
        return Orderables(system, frozenset(filed), own)
