"""The words of the page of working: codes and facts in plain English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction

from cds_service.figures import exactly, shown
from rules.assessment import Band
from rules.quantity import Amount

BANDS: Mapping[Band, str] = {Band.LOW: "low", Band.MODERATE: "moderate", Band.HIGH: "high"}

_WORDS = {
    "z-drug": "Z-drug",
    "prn-counted-at-permitted-maximum": "taken as needed, counted at the most that is permitted",
    "range-counted-at-maximum": "a range, counted at its upper end",
    "from-quantity-and-supply": "the daily dose comes from the quantity and the days' supply",
    "code-and-name-disagree": "code and name disagree, the larger reading is used",
    "strength-from-name": "the strength is from the name",
    "ingredient-level-code": "the code names the ingredient only",
    "limited-by-written-maximum": "limited by the written maximum",
    "text-and-structure-differ": "the text and the structured dose differ, the larger is used",
    "implausible-period": "the period is not plausible, it was read both ways",
    "bare-number-read-as-units": "a number without a unit, read as tablets or other units",
    "step-in-force": "one step of several, the one in force today",
    "averaged-over-period": "not taken daily, averaged over its period",
    "in-grace": "past the end of its supply, still within the days of grace",
    "no-date": "no date, counted as current",
    "no-length-known": "no length known, counted for the recency period",
    "naive-datetime": "a time without a zone, read in the zone of the service",
    "two-prescribers": "two prescribers, long overlap: once in the low reading, both in the load",
    "may-be-replaced-by-newer-order": "a newer order may replace it: then only the newer counts, as in the low reading",
    "may-replace-earlier-order": "it may replace an earlier order that is still active",
    "may-be-stopped-by-order": "the order being written may stop it",
    "possible-switch": "possibly a switch from one agent to another: both are counted, the low reading has one",
    "stated-not-taken": "the patient is said not to take it; it is counted all the same",
    "status-unknown": "no status is given, counted as active",
    "one-administration": "a record of one administration",
    "combination-dose-by-one-ingredient": "the dose of a combination, read by one ingredient",
    "steps-without-length-largest-counted": "steps without a length: the largest is counted",
    "strength-ambiguous": "the name gives several strengths",
    "several-versions": "sent in several versions, the newest is used",
    "patch-dose-read-as-hourly": "the patch's dose is read as micrograms an hour",
    "unit-does-not-fit-form": "the unit does not fit the form",
    "renewed-by-order": "the order being written renews it",
    "replaced-by-order": "the order being written replaces it",
    "no-published-equivalence": "no equivalence is published",
    "substitution-only": "it has figures for withdrawal substitution only",
    "route-without-equivalence": "equivalents are for oral use, and this route has none",
    "rescue-product": "a rescue product",
}


def in_words(code: str) -> str:
    """A code of ours (``not-yet-started``) in words; a code without words of its own is its words."""
    return _WORDS.get(code, code.replace("-", " ").replace("_", " "))


def fact_lines(facts: Mapping[str, object]) -> Iterator[str]:
    """The facts of a finding, one a line, what is empty left out."""
    for key, value in facts.items():
        told = _told(value)
        if told:
            yield f"{in_words(key)}: {told}"


def _told(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return shown(value)
    if isinstance(value, Amount):
        return f"{exactly(value.used)} {value.unit}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "; ".join(f"{in_words(str(key))} {_told(item)}" for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(filter(None, map(_told, value)))
    return str(value)
