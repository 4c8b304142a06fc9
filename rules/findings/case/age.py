"""The patient's age on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rules.model import Patient


@dataclass(frozen=True, slots=True)
class Age:
    """Age in completed years, as a range where the birth date is known in part."""

    least: int
    most: int


def age_on(patient: Patient, on: date) -> Age | None:
    """The age on a day, None without a birth date."""
    if patient.born is None:
        return None
    earliest, latest = patient.born
    return Age(_years(latest, on), _years(earliest, on))


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
