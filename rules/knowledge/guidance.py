"""What cards offer and print beside the judgement: suggestions, contacts, override reasons, and guideline figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.knowledge.figure import Figure


@dataclass(frozen=True, slots=True)
class SuggestedCode:
    """A coding for a created resource, its system as an address."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class SuggestedMedication:
    """A product to offer as a draft order: its coding, the short name, and the dosage text of the draft."""

    label: str
    coding: SuggestedCode
    dosage_text: str
    source: str


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral to offer: its label, the text of what is asked for, and codings where one could be verified."""

    id: str
    label: str
    text: str
    codings: tuple[SuggestedCode, ...]
    source: str


class LeadsTo(StrEnum):
    """What an answer to a card brings about."""

    SNOOZE = "snooze"
    DATA_QUALITY = "data-quality"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class OverrideReason:
    """A fixed answer to a card; ``standard`` is HL7's code for the wider reason."""

    code: str
    display: str
    leads_to: LeadsTo
    standard: SuggestedCode
    source: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Where help is found: what it is for, how to reach it, its address if any."""

    id: str
    label: str
    reach: str
    url: str | None
    source: str


@dataclass(frozen=True, slots=True)
class GuidelineLink:
    """The label and the address of the guideline that a card of one topic names as its source."""

    label: str
    url: str
    source: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Everything a card may offer or link to."""

    overdose_reversal: SuggestedMedication
    referrals: Mapping[str, Referral]
    override_reasons: tuple[OverrideReason, ...]
    contacts: Mapping[str, Contact]
    guidelines: Mapping[str, GuidelineLink]


@dataclass(frozen=True, slots=True)
class BandExample:
    """An example that the guideline prints for a band: mg a day of one agent above ``above`` (None: from nothing) and
    up to ``up_to`` (None: without end)."""

    agent: str
    band: str
    above: Figure | None
    up_to: Figure | None


@dataclass(frozen=True, slots=True)
class WithdrawalRisk:
    """A row of the guideline's table: the risk of withdrawal for a duration, a frequency and a dose, in its words."""

    duration: str
    frequency: str
    dose: str
    risk: str
    source: str
    where: str
