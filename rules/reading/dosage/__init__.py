"""What is taken of a product in a day: the lines of a dosage, their texts and what was dispensed, read as one.

A dosage arrives as it was sent (:class:`rules.model.Dosage`), is read line by line, and comes to a :class:`DailyDose`
with the evidence that it rests on, or to a :class:`NoDailyDose` that says why there is none.
"""

from rules.reading.dosage.daily_dose import FROM_SUPPLY, Administration, DailyDose, NoDailyDose, texts_of
from rules.reading.dosage.reconcile import evidence_of, read_daily_dose, remembered_daily_dose
from rules.reading.dosage.route import administration_of

__all__ = [
    "FROM_SUPPLY",
    "Administration",
    "DailyDose",
    "NoDailyDose",
    "administration_of",
    "evidence_of",
    "read_daily_dose",
    "remembered_daily_dose",
    "texts_of",
]
