"""What cards offer and print beside the judgement: suggestions, contacts, override reasons, and guideline figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rules.knowledge.entries import Figure
from rules.knowledge.section import Section, read_figure


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


def read_figures(section: Section, reviewed: date) -> Mapping[str, Figure]:
    """The figures that wording needs, by name."""
    return {name: read_figure(entry, reviewed) for name, entry in section.sections()}


def read_suggestions(section: Section) -> Suggestions:
    """The ``suggestions:`` section of ``guidance.yaml``."""
    section.only(("overdose_reversal", "referrals", "override_reasons", "contacts", "guidelines"))
    reversal = section.section("overdose_reversal")
    reversal.only(("label", "coding", "dosage_text", "source"), ("note",))
    return Suggestions(
        overdose_reversal=SuggestedMedication(
            label=reversal.text("label"),
            coding=_coding(reversal.section("coding")),
            dosage_text=reversal.text("dosage_text"),
            source=reversal.text("source"),
        ),
        referrals={name: _referral(name, entry) for name, entry in section.section("referrals").sections()},
        override_reasons=tuple(_reason(entry) for entry in section.items("override_reasons")),
        contacts={name: _contact(name, entry) for name, entry in section.section("contacts").sections()},
        guidelines={name: _guideline(entry) for name, entry in section.section("guidelines").sections()},
    )


def _coding(entry: Section) -> SuggestedCode:
    entry.only(("system", "code", "display"))
    return SuggestedCode(entry.text("system"), entry.text("code"), entry.text("display"))


def _referral(name: str, entry: Section) -> Referral:
    entry.only(("label", "text", "source"), ("codings", "note"))
    codings = tuple(_coding(item) for item in entry.items("codings"))
    return Referral(name, entry.text("label"), entry.text("text"), codings, entry.text("source"))


def _reason(entry: Section) -> OverrideReason:
    entry.only(("code", "display", "leads_to", "source", "standard"), ("note",))
    return OverrideReason(
        code=entry.text("code"),
        display=entry.text("display"),
        leads_to=entry.choice("leads_to", LeadsTo),
        standard=_coding(entry.section("standard")),
        source=entry.text("source"),
    )


def _contact(name: str, entry: Section) -> Contact:
    entry.only(("label", "reach", "source"), ("url", "note"))
    url = entry.text("url") if entry.has("url") else None
    return Contact(name, entry.text("label"), entry.text("reach"), url, entry.text("source"))


def _guideline(entry: Section) -> GuidelineLink:
    entry.only(("label", "url", "source"), ("note",))
    return GuidelineLink(entry.text("label"), entry.text("url"), entry.text("source"))


def read_band_examples(items: tuple[Section, ...], reviewed: date) -> tuple[BandExample, ...]:
    """The examples that the guideline prints for its bands."""
    examples: list[BandExample] = []
    for item in items:
        item.only(("agent", "band"), ("above", "up_to"))
        above, up_to = (
            read_figure(item.section(key), reviewed) if item.has(key) else None for key in ("above", "up_to")
        )
        examples.append(BandExample(item.text("agent"), item.text("band"), above, up_to))
    return tuple(examples)


def read_withdrawal_risk(items: tuple[Section, ...]) -> tuple[WithdrawalRisk, ...]:
    """The rows of the guideline's table of withdrawal risk."""
    rows: list[WithdrawalRisk] = []
    for item in items:
        item.only(("duration", "frequency", "dose", "risk", "source"), ("where",))
        rows.append(
            WithdrawalRisk(
                duration=item.text("duration"),
                frequency=item.text("frequency"),
                dose=item.text("dose"),
                risk=item.text("risk"),
                source=item.text("source"),
                where=item.text_or("where", ""),
            )
        )
    return tuple(rows)
