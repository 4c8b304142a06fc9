"""Which options a card names beside those of its suggestions, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cds_service.cards.occasion import OF_DECREASE
from cds_service.cards.situation import CallSituation
from cds_service.cards.wording.facts import FOR_ANOTHER_PATIENT, number
from cds_service.cards.wording.options import end_of_order, option, options_line, shown
from cds_service.cards.wording.wording import Wording
from rules.assessment import Met
from rules.assessment_facts import AbruptChange

# A card with so many options of its own needs no general one.
_ENOUGH = 3
_MAX_OFFERED = 5
_INCOMPLETE = "incomplete-picture"
_SMALLER_STEP = frozenset({AbruptChange.STOPS, AbruptChange.CUT})
_OUT_OF_SUPPLY = frozenset({AbruptChange.OUT_OF_SUPPLY, AbruptChange.STOPPED})
_MULTIPLE = "multiple-sedative-hypnotics"


@dataclass(frozen=True, slots=True)
class Offered:
    """What the suggestions of a card offer, as options: ``removals`` of drafts, and ``others``.

    ``buttons`` are those of them that the EHR shows to be chosen; ``left_out``: how many further drafts could be left
    out.
    """

    others: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    left_out: int = 0


def options(
    findings: Sequence[Met], offered: Offered, situation: CallSituation, wording: Wording, *, beside: bool
) -> str:
    """The line of options, at least two.

    Args:
        findings: those the card speaks of.
        offered: the options of the card's suggestions.
        situation: that of the call.
        wording: the words.
        beside: whether another card is shown before it, which has the options about the orders.
    """
    choices: list[str] = []
    do_not_stop = False
    misplaced = any(finding.facts.get(FOR_ANOTHER_PATIENT) for finding in findings)
    if misplaced:
        choices += (option(name, wording) for name in ("check_patient", "other_chart"))
    if situation.ordered or not misplaced:
        choices += _of_patient(findings, offered, situation, wording, beside=beside)
        do_not_stop = situation.is_taken(findings)
    return options_line(choices, wording, do_not_stop=do_not_stop)


def _of_patient(
    findings: Sequence[Met], offered: Offered, situation: CallSituation, wording: Wording, *, beside: bool
) -> list[str]:
    """The options for the patient of the chart: a removal after a lower dose, and the order as it is last."""
    offers, removals = shown(offered.others), shown(offered.removals)
    choices: list[str] = []
    if not beside:
        choices += (option(name, wording) for name in _about_record(findings, situation))
        ends = shown(end_of_order(line, wording, is_draft=situation.has_orders).option for line in situation.earlier)
        choices += (end for end in ends if end not in offers)
    choices += offers[:_MAX_OFFERED]
    fits = bool(removals) or (_fits_lower_dose(findings, situation) and (situation.begins or len(choices) < _ENOUGH))
    if fits and not beside:
        choices.append(option("lower_dose", wording, {"begins": situation.begins}))
    room = max(_MAX_OFFERED - len(offers), 0)
    choices += removals[:room]
    hidden = [*offers[_MAX_OFFERED:], *removals[room:]]
    if hidden:
        below = bool(set(hidden) & set(shown(offered.buttons)))
        choices.append(option("more", wording, {"count": len(hidden), "below": below}))
    if offered.left_out and not beside:
        choices.append(option("more_drafts", wording, {"count": offered.left_out}))
    return [*choices, option("continue", wording, _continued(findings, situation, beside=beside))]


def _about_record(findings: Sequence[Met], situation: CallSituation) -> Iterator[str]:
    """The options about what is on record, by the names of their messages."""
    ids = {finding.id for finding in findings}
    changes = {finding.facts.get("kind") for finding in findings if finding.id in OF_DECREASE}
    if changes & _SMALLER_STEP:
        yield "smaller_step"
    if changes & _OUT_OF_SUPPLY:
        yield "bridge"
    if any(finding.id == _INCOMPLETE and finding.raises for finding in findings):
        yield "ask"
    several = _MULTIPLE in ids or situation.two_prescribers or situation.adds_to_what_is_taken
    if several and not (situation.earlier or situation.ends_orders):
        yield "review_orders"


def _fits_lower_dose(findings: Iterable[Met], situation: CallSituation) -> bool:
    """Whether a lower dose is an option where nothing is offered for removal: of what the orders begin, or raise.

    Not of what begins and is never left out, such as treatment of alcohol withdrawal or of opioid use disorder. Never
    on a card about a stop or a cut.
    """
    findings = tuple(findings)
    if situation.assessment.treats_alcohol_withdrawal or any(finding.id in OF_DECREASE for finding in findings):
        return False
    if situation.begins:
        return True
    treatment = any(finding.facts.get("treatment_of_opioid_use_disorder") for finding in findings)
    return situation.assessment.increases and situation.changes_what_is_taken and not treatment


def _continued(findings: Iterable[Met], situation: CallSituation, *, beside: bool) -> dict[str, object]:
    """Whether an order stands as it was written, or use goes on, and how often the guideline reviews long-term use.

    ``medicine``: what goes on is a home medicine that the orders leave out.
    """
    ordered = situation.has_orders and not situation.renews_alone and not beside
    values: dict[str, object] = {"as_written": ordered, "medicine": False, "reviews": None}
    for finding in findings:
        if finding.facts.get("kind") == AbruptChange.MISSING_AT_DISCHARGE:
            values |= {"as_written": False, "medicine": True}
        if finding.id == "long-term-use":
            values["reviews"] = number(finding.facts, "review_months")
    return values
