"""The results that a finding has where it does not hold: not met, exempt, or not judged and why."""

from __future__ import annotations

from rules.assessment import Considered, Exposure, Result

# What exempts from a finding, beside the conditions that do, which are named by their ids.
BY_ANTI_SEIZURE = "anti-seizure-treatment"
BY_RESCUE = "rescue-product"
BY_SINGLE_DOSE = "single-dose"
UNDER_AGE = "under-18"

# What was not read where a judgement did not end in time.
DOSES = "doses"

# Why a finding is not judged.
UNIDENTIFIED = "a medication on record could not be identified"
UNREADABLE = "a record of a medication could not be read"
ORDERS_NOT_SUPPLIED = "the patient's orders were not supplied in full"
SUPPLIED_EARLY = "refilled early, so what is in hand is not known"
CONDITIONS_NOT_SUPPLIED = "the patient's conditions were not supplied"
CONDITION_NOT_READ = "a condition on record could not be read"
OUT_OF_TIME = "could not be worked out in time"
NO_BIRTH_DATE = "no birth date"
BIRTH_DATE_TO_COME = "the birth date is in the future and is not believed"
BIRTH_DATE_IN_PART = "the birth date is known in part"
TURNED_OFF = "turned off by the site"


def not_met(finding: str) -> Considered:
    """The finding was judged and does not hold."""
    return Considered(finding, Result.NOT_MET)


def not_judged(finding: str, why: str) -> Considered:
    """The finding could not be judged; ``why`` says why."""
    return Considered(finding, Result.NOT_JUDGED, why=why)


def exempt(finding: str, by: str) -> Considered:
    """The finding does not apply; ``by`` is what exempts from it."""
    return Considered(finding, Result.EXEMPT, by=by)


def not_used_long_enough(finding: str, use: Exposure) -> Considered:
    """The use on record is too short for the finding: not judged where the record begins with it, else not met."""
    return not_judged(finding, f"on record for at least {use.days} days") if use.at_least else not_met(finding)
