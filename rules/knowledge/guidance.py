"""What cards offer and print beside the judgement: suggestions, contacts, override reasons and guideline figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.knowledge.figure import Figure


class Situation(StrEnum):
    """What a card may be about. Answers and referrals state for which of these they fit, or do not.

    ``ANY``: every card. ``THIS_PATIENT`` and ``ANOTHER_PATIENT``: the patient of the chart, or one whom a draft names
    by mistake. ``NEW_START``: an order of it begins something. ``ESTABLISHED_USE``: it is about a benzodiazepine or
    Z-drug in established use: ordered again, not in a higher dose, ended, or, without orders, on record.
    ``ON_RECORD``: a depressant is taken, or may be. ``OFFER_IN_USE``: something is offered to a patient who takes one.
    ``TAPERING``: a taper is under way. ``LONGER_INDICATION``: guidelines recognise a condition on record, or what an
    order is for, as a reason for longer use; ``NO_THERAPY``: one that cognitive behavioural therapy does not treat.
    """

    ANY = "any"
    THIS_PATIENT = "this-patient"
    ANOTHER_PATIENT = "another-patient"
    NEW_START = "new-start"
    ESTABLISHED_USE = "established-use"
    ON_RECORD = "on-record"
    OFFER_IN_USE = "offer-in-use"
    TAPERING = "taper-under-way"
    LONGER_INDICATION = "longer-indication"
    NO_THERAPY = "therapy-does-not-fit"


@dataclass(frozen=True, slots=True)
class SuggestedCode:
    """A coding of a resource that a suggestion creates; ``system`` is its URI, ``display`` may be empty."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class SuggestedMedication:
    """A product that is offered as a draft order: its label, its codings, and the draft's dosage text, which this
    program reads in full, and its instruction to the patient.

    ``id`` is the name by which a site maps it to a code of its own.
    """

    id: str
    label: str
    codings: tuple[SuggestedCode, ...]
    dosage_text: str
    patient_instruction: str
    source: str


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral that is offered: its label, the text of what is asked for, and its codings, where verified.

    It is offered in none of the situations ``unless``. A site that has no code for it files it by that of ``filed_as``.
    """

    id: str
    label: str
    text: str
    codings: tuple[SuggestedCode, ...]
    source: str
    unless: frozenset[Situation] = frozenset()
    filed_as: str = ""


class OverrideEffect(StrEnum):
    """What an answer to a card brings about."""

    SNOOZE = "snooze"
    DATA_QUALITY = "data-quality"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class OverrideReason:
    """An answer that a card offers; ``standard`` is HL7's code of the same or a wider meaning, if there is one.

    It is offered where one of the situations ``fits``, and where the card is about an agent of one of the ``classes``,
    if there are any.
    """

    code: str
    display: str
    effect: OverrideEffect
    standard: SuggestedCode | None
    source: str
    fits: frozenset[Situation]
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contact:
    """Where help is found: a label, how to reach it, and its web address, if any.

    ``country`` is where it helps, by its two letters of ISO 3166.
    """

    id: str
    label: str
    reach: str
    url: str | None
    source: str
    country: str


@dataclass(frozen=True, slots=True)
class GuidelineLink:
    """The guideline that cards of one topic name as their source."""

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

    @property
    def offers(self) -> Mapping[str, SuggestedMedication | Referral]:
        """All that cards offer as orders, by id."""
        return {self.overdose_reversal.id: self.overdose_reversal, **self.referrals}


@dataclass(frozen=True, slots=True)
class BandExample:
    """The guideline's example of a band: mg a day of an agent above ``above`` and up to ``up_to`` (None: no bound)."""

    agent: str
    band: str
    above: Figure | None
    up_to: Figure | None


@dataclass(frozen=True, slots=True)
class WithdrawalCourse:
    """A figure on how withdrawal runs: what it is of, and how long the agent acts (``short``, ``long`` or ``any``)."""

    what: str
    acting: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class WithdrawalRisk:
    """A row of the guideline's table of withdrawal risk: a duration, a frequency, a dose and the risk, in its words."""

    duration: str
    frequency: str
    dose: str
    risk: str
    source: str
    where: str
