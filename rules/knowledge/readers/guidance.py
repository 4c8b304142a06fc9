"""Reads ``guidance.yaml``: what cards offer and print beside the judgement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from rules.knowledge.figure import Figure
from rules.knowledge.guidance import (
    BandExample,
    Contact,
    GuidelineLink,
    OverrideEffect,
    OverrideReason,
    Referral,
    Situation,
    SuggestedCode,
    SuggestedMedication,
    Suggestions,
    WithdrawalCourse,
    WithdrawalRisk,
)
from rules.knowledge.problem import KnowledgeError, require_known
from rules.knowledge.readers.section import Section, read_figure

# Every card offers a choice of answers.
_LEAST_ANSWERS = 2


def read_figures(section: Section, reviewed: date) -> Mapping[str, Figure]:
    """The figures that cards print, by name."""
    return {name: read_figure(entry, reviewed) for name, entry in section.sections()}


def read_suggestions(section: Section) -> Suggestions:
    """The ``suggestions:`` section of ``guidance.yaml``."""
    section.only(("overdose_reversal", "referrals", "override_reasons", "contacts", "guidelines"))
    reasons = tuple(_reason(entry) for entry in section.items("override_reasons"))
    if sum(Situation.ANY in reason.fits for reason in reasons) < _LEAST_ANSWERS:
        raise KnowledgeError(section.at("override_reasons"), "fewer than two of them fit any card")
    referrals = {name: _referral(name, entry) for name, entry in section.section("referrals").sections()}
    for name, referral in referrals.items():
        if referral.filed_as and (referral.filed_as == name or referral.filed_as not in referrals):
            raise KnowledgeError(section.at(f"referrals.{name}.filed_as"), "names no other referral")
    reversal = section.section("overdose_reversal")
    reversal.only(("id", "label", "coding", "dosage_text", "patient_instruction", "source"), ("note",))
    return Suggestions(
        overdose_reversal=SuggestedMedication(
            id=reversal.text("id"),
            label=reversal.text("label"),
            codings=(_coding(reversal.section("coding")),),
            dosage_text=reversal.text("dosage_text"),
            patient_instruction=reversal.text("patient_instruction"),
            source=reversal.text("source"),
        ),
        referrals=referrals,
        override_reasons=reasons,
        contacts={name: _contact(name, entry) for name, entry in section.section("contacts").sections()},
        guidelines={name: _guideline(entry) for name, entry in section.section("guidelines").sections()},
    )


def _coding(entry: Section) -> SuggestedCode:
    entry.only(("system", "code", "display"))
    return SuggestedCode(entry.text("system"), entry.text("code"), entry.text("display"))


def _referral(name: str, entry: Section) -> Referral:
    entry.only(("label", "text", "source"), ("codings", "unless", "filed_as", "note"))
    codings = tuple(_coding(item) for item in entry.items("codings"))
    unless = _situations(entry, "unless")
    filed_as = entry.text("filed_as") if entry.has("filed_as") else ""
    return Referral(name, entry.text("label"), entry.text("text"), codings, entry.text("source"), unless, filed_as)


def _reason(entry: Section) -> OverrideReason:
    entry.only(("code", "display", "leads_to", "source", "fits"), ("standard", "classes", "note"))
    fits = _situations(entry, "fits")
    if not fits:
        raise KnowledgeError(entry.at("fits"), "is empty: the answer would never be offered")
    return OverrideReason(
        code=entry.text("code"),
        display=entry.text("display"),
        effect=entry.choice("leads_to", OverrideEffect),
        standard=_coding(entry.section("standard")) if entry.has("standard") else None,
        source=entry.text("source"),
        fits=fits,
        classes=frozenset(entry.texts("classes")),
    )


def _situations(entry: Section, key: str) -> frozenset[Situation]:
    known = tuple(Situation)
    return frozenset(Situation(require_known(name, known, entry.at(key), "situation")) for name in entry.texts(key))


def _contact(name: str, entry: Section) -> Contact:
    entry.only(("label", "reach", "source", "country"), ("url", "note"))
    url = entry.text("url") if entry.has("url") else None
    return Contact(name, entry.text("label"), entry.text("reach"), url, entry.text("source"), entry.text("country"))


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


def read_withdrawal_course(items: tuple[Section, ...], reviewed: date) -> tuple[WithdrawalCourse, ...]:
    """The figures on how withdrawal runs."""
    return tuple(
        WithdrawalCourse(item.text("what"), item.text("acting"), read_figure(item, reviewed, extra=("what", "acting")))
        for item in items
    )


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
