"""The patient's age on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from rules.model import Patient


@dataclass(frozen=True, slots=True)
class Age:
    """Age in completed years, as a range where the birth date is known in part."""

    least: int
    most: int


def age_on(patient: Patient, on: date) -> Age | None:
    """The age on a day. None without a birth date, and with one to come: it is not believed.

    A birth date of tomorrow, in another time zone, is today.
    """
    if patient.born is None or not is_believed(patient, on):
        return None
    earliest, latest = patient.born
    return Age(_years(min(latest, on), on), _years(min(earliest, on), on))


def is_believed(patient: Patient, on: date) -> bool:
    """Whether the patient can be born by a day, as far as the birth date is known."""
    return patient.born is None or patient.born[0] <= on + timedelta(days=1)


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
