"""Codes and facts in plain English, for the page of text and the explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction

from cds_service.working.numbers import exactly, shown
from rules.assessment import Band
from rules.numbers.quantity import Amount

BANDS: Mapping[Band, str] = {Band.LOW: "low", Band.MODERATE: "moderate", Band.HIGH: "high"}

NEVER_SEEN = (
    "Never seen here: other pharmacies, the prescription monitoring programme, opioid treatment programmes, "
    "over-the-counter use, alcohol that nobody wrote down."
)
NOT_CHECKED = (
    "Not checked: CYP3A4 inhibitors and other interactions of metabolism; an opioid begun beside a "
    "gabapentinoid alone; laboratory results."
)

WORDS: Mapping[str, str] = {
    # -- what was assumed of a product
    "code-and-name-disagree": "code and name disagree, the larger reading is used, or both drugs are",
    "code-not-known": "the code that was sent is not known here, the name is read",
    "codes-disagree": "the codes are of products that differ, the larger is used, or both are",
    "names-disagree": "the names disagree, the larger is used, or both are",
    "name-read-as-misspelt": "the name is misspelt or in another language, and read as the known name that it is near",
    "name-read-as-shortened": "the name is cut short, and read as the one known name that begins so",
    "part-of-name-not-read": "part of the name may be another medicine, and could not be read",
    "strength-from-name": "the strength is from the name",
    "strength-from-ingredients": "the strength is from the ingredients that were sent",
    "strength-without-unit": "the strength has no unit, read as milligrams",
    "strength-from-percentage": "the strength is from the percentage in the name",
    "patch-strength-read-as-hourly": "the patch's strength is read as micrograms an hour",
    "strength-ambiguous": "the name gives several strengths",
    "ingredient-level-code": "the code names the ingredient only",
    "ingredient-not-readable": "an ingredient that was sent could not be read",
    "name-too-long": "a name that is longer than what is read was left out, its code is read",
    "no-medication": "no medication is named",
    "medication-not-readable": "the medication could not be read",
    "medication-not-sent": "the medication it refers to was not sent",
    # -- of a dose
    "prn-counted-at-permitted-maximum": "taken as needed, counted at the most that is permitted",
    "range-counted-at-maximum": "a range, counted at its upper end",
    "from-quantity-and-supply": "the daily dose comes from the quantity and the days' supply",
    "limited-by-written-maximum": "limited by the written maximum",
    "limited-at-a-time": "limited by the most that is written for one administration",
    "maximum-at-a-time-not-read": "the most for one administration could not be read, it limits nothing",
    "written-maximum-not-read": "a written maximum could not be read, or allows less than one dose: it limits nothing",
    "dose-without-upper-end": "only the least dose is stated, so there may be more",
    "implausibly-small-dose": "too small a part of one tablet or patch to be the dose, so there may be more",
    "implausibly-rare-dose": "too rare for a medicine that is taken daily, so there may be more",
    "route-contradicts-form": "a route that its form is not given by was stated, the route of its form counts",
    "several-routes-larger-load-counted": "several routes are named, the one with the larger load counts",
    "stated-lengths-differ": "its lengths (in words, by dates, by supply) differ, the longer counts",
    "length-of-supply-not-believed": (
        "its days' supply or repeats are more than is believed, or its quantity too little: no length by them"
    ),
    "dosage-text-not-sent": "its instructions in words were not sent",
    "maximum-not-readable": "a maximum dose was sent that could not be read",
    "read-from-text": "the dose, or how often, is read from the text",
    "quantity-and-supply-differ": "less was dispensed than the text says, the low reading has what was dispensed",
    "as-directed": "as directed",
    "not-stated": "how often is not stated",
    "text-and-structure-differ": "the text and the structured dose differ, the larger is used",
    "doses-differ": "the dose was sent several times and differs, the largest is used",
    "timing-parts-differ": "parts of the timing differ, the most frequent is used",
    "implausible-period": "the period is not plausible, it was read both ways",
    "implausible-quantity": "the amount is not plausible, it is counted all the same",
    "labelled-maximum": "held against the labelled maximum",
    "defined-daily-dose": "held against WHO's defined daily dose",
    "frequency-read-as-per-day": "a frequency without a period, read as a day's",
    "period-read-as-days": "a period without a unit, read as days",
    "days-assumed": "a length of time without a unit, read as days",
    "bare-number-read-as-units": "a number without a unit, read as tablets or other units",
    "unit-and-code-differ": "the dose's unit and its code differ, the larger reading is used",
    "unit-does-not-fit-form": "the unit does not fit the form",
    "combination-dose-by-one-ingredient": "the dose of a combination, read by one ingredient",
    "patch-dose-read-as-hourly": "the patch's dose is read as micrograms an hour",
    "part-of-dosage-not-read": "part of the dosage could not be read, so there may be more",
    "not-daily-part-left-out": "a part that is no daily use is left out",
    "dosage-not-readable": "part of the dosage that was sent could not be read",
    "step-in-force": "one step of several, the one in force on the day",
    "steps-without-length-largest-counted": "steps without a length: the largest is counted",
    "steps-at-different-times-counted-together": "steps without a length at different times: they may be parts of one "
    "day and are counted together, the smallest of them is the low reading",
    "averaged-over-period": "not taken daily, averaged over its period",
    # -- of an order
    "in-grace": "past the end of its supply, still within the days of grace",
    "no-date": "no date, counted as current",
    "no-length-known": "no length known, counted for the recency period",
    "naive-datetime": "a time without a zone, taken by the day as written",
    "partial-date": "a date known in part",
    "date-not-readable": "a date could not be read",
    "date-not-believed": "a date that stands for none, such as 9999-12-31, is not used",
    "time-not-readable": "a time of day could not be read, the day is used",
    "supply-not-readable": "part of the supply (quantity, days, repeats) could not be read",
    "status-not-readable": "the status could not be read",
    "dates-contradict": "its dates contradict each other or lie after today, and were not believed",
    "completed-supply-lasts": "completed, but its supply still lasts and nothing later was ordered",
    "status-unknown": "no status is given, counted as active",
    "do-not-perform-not-readable": "whether it says not to give the medication could not be read",
    "modifier-extension": "it carries a modifier that is not known here and may change its meaning",
    "one-administration": "a record of one administration",
    "several-versions": "sent in several versions, the newest is used",
    "same-id": "another record has the same id, and both count",
    # -- of orders beside each other
    "two-prescribers": "two prescribers, long overlap: once in the low reading, both in the load",
    "may-be-replaced-by-newer-order": "a newer order may replace it: then only the newer counts, as in the low reading",
    "may-replace-earlier-order": "it may replace an earlier order that is still active",
    "may-be-stopped-by-order": "the order being written may stop it",
    "possible-switch": "possibly a switch from one agent to another: both are counted, the low reading has one",
    "counts-with-order": "not counted today: it begins before the orders being written, and counts with them",
    "reduced-since-start": "the reductions that the text states are taken to be followed",
    "renewed-by-order": "the order being written renews it",
    "replaced-by-order": "the order being written replaces it",
    "superseded-during-stay": "during the stay the inpatient order takes its place; it goes on afterwards",
    "inpatient-dose-not-known": "no dose of the inpatient order is known, so that this one still counts",
    "named-order-is-another-drug": "the order it names is of another drug, so both are counted",
    "more-than-ordered": "more was dispensed or stated than ordered, which is counted; the low reading has the order",
    "stated-not-taken": "the patient is said not to take it; it is counted all the same",
    # -- why something is not in the load, or not counted
    "no-published-equivalence": "no equivalence is published",
    "substitution-only": "it has figures for withdrawal substitution only",
    "route-without-equivalence": "equivalents are for oral use, and this route has none",
    "rescue-product": "a rescue product, no daily use",
    "dose-unknown": "daily dose not known",
    "product-unknown": "product not known",
    "lapsed": "lapsed",
    "not-yet-started": "not yet started",
    "not-active": "not active",
    "on-hold": "on hold",
    "do-not-perform": "an instruction not to give it",
    "duplicate": "duplicate",
    "renewal": "renewal",
    "replaced": "replaced",
    "plan-not-reported": "planned, not reported as taken",
    "not-a-daily-regimen": "no daily use",
    "wrong-patient": "another patient's",
    "unreadable": "not readable",
    # -- what a finding is exempt by
    "under-18": "under the age that this service judges",
    "hospice": "hospice care",
    "palliative-care": "palliative or end-of-life care",
    "anti-seizure-treatment": "taken against seizures",
    "single-dose": "a single or procedural dose",
    "acute-alcohol-withdrawal": "treatment of acute alcohol withdrawal",
    "monitored-setting": "given by vein or infusion where the patient is watched",
    "taper-under-way": "a taper that is under way",
    "longer-indication": "a recognised reason for longer use",
    # -- the facts of findings
    "z-drug": "Z-drug",
    "mme": "MME a day",
    "mme_complete": "MME complete",
    "mme_before": "MME a day before",
    "mme_if_replaced": "MME a day if newer orders replace the earlier ones",
    "mme_before_complete": "MME before complete",
    "mme_permits": "a part is the most that is permitted",
    "caution": "MME a day that calls for caution",
    "without_factor": "without a CDC 2022 factor",
    "without_factor_for_route": "without a CDC 2022 factor for its route",
    "dose_unknown": "dose not known",
    "stopped": "stopped or replaced by the orders",
    "prescribed_by": "ordered",
    "two_prescribers": "ordered by two prescribers",
    "above_caution": "at or above the MME that calls for caution",
    "cns_active": "CNS-active medicines",
    "benzo-cds-policy": "the classes of this service",
    "counted": "counted only, no sedatives",
    "counted_by": "counted by",
    "labelled": "whose label warns of sedation or of other depressants",
    "evidence": "told by",
    "observed": "watched after a dose",
    "observed_hours": "hours of being watched",
    "for_sleep": "benzodiazepines taken to sleep",
    "longer_indications": "recognised reasons for longer use",
    "therapy_fits": "cognitive behavioural therapy fits",
    "step": "the order being written",
    "stated": "the steps that an order states",
    "orders": "the orders of the last weeks",
    "before": "load before, in mg/d diazepam-equivalent",
    "after": "load after, in mg/d diazepam-equivalent",
    "anti_seizure": "taken against seizures",
    "acting": "acts for a time that is",
    "doses": "taken until then",
    "on": "on",
    "used": "load in mg/d",
    "since": "since",
    "with": "also on record",
    "in_remission": "in remission",
    "softened_by": "information only, because of",
    "raised": "daily dose raised",
    "established": "in established use",
    "course_days": "length of the new order, in days",
    "severe": "in need of special care with a benzodiazepine",
    "benzodiazepines": "benzodiazepines",
    "reversal_on_record": "overdose reversal medicine on record",
    "lacks_reversal": "an opioid taken outside a stay, and no overdose reversal medicine on record",
    "possibly_withdrawal": "on record, possibly withdrawal",
    "only_if_both_continue": "only if both continue",
    "beyond_days": "threshold passed, in days",
    "review_months": "review at least every so many months",
    "unread": "records not read",
    "unnamed": "products not known",
    "on_record": "depressants on record",
    "ordered": "depressants ordered",
    "out_of_time": "not worked out in time",
    "no_history": "no order on record was supplied",
    "draft_not_read": "the medication of an order being written could not be read this time",
    "not_read": "a list of medications could not be read this time",
}


# Facts that are yes or no, and null where the data do not tell which.
_NULL_IF_NOT_KNOWN = frozenset({"above_caution"})
_NOT_KNOWN = "not known"


def in_words(code: str) -> str:
    """A code such as ``not-yet-started`` in words; one that has no entry is written with spaces."""
    return WORDS.get(code, code.replace("-", " ").replace("_", " "))


def fact_lines(facts: Mapping[str, object]) -> Iterator[str]:
    """The facts of a finding, one a line; empty ones are left out."""
    for key, value in facts.items():
        text = _NOT_KNOWN if value is None and key in _NULL_IF_NOT_KNOWN else _fact_text(value)
        if text:
            yield f"{in_words(key)}: {text}"


def _fact_text(value: object) -> str:
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
        return "; ".join(f"{in_words(str(key))} {_fact_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(filter(None, map(_fact_text, value)))
    return str(value)
