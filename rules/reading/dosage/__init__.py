"""The daily dose of a product, from the lines of a dosage, their texts and the quantity dispensed.

A dosage line as sent (:class:`rules.model.Dosage`) becomes a line as read, and the lines in force a :class:`DailyDose`,
or a :class:`NoDailyDose` that says why there is none.
"""

from rules.reading.dosage.daily_dose import FROM_SUPPLY, Administration, DailyDose, NoDailyDose, texts_of
from rules.reading.dosage.dispensed import dispensed_portions, is_of_each
from rules.reading.dosage.reconcile import REDUCED, evidence_of, read_daily_dose, remembered_daily_dose
from rules.reading.dosage.route import administration_of, reaches_brain
from rules.reading.dosage.text import in_turn, steps_of_texts, words_of

__all__ = [
    "FROM_SUPPLY",
    "REDUCED",
    "Administration",
    "DailyDose",
    "NoDailyDose",
    "administration_of",
    "dispensed_portions",
    "evidence_of",
    "in_turn",
    "is_of_each",
    "reaches_brain",
    "read_daily_dose",
    "remembered_daily_dose",
    "steps_of_texts",
    "texts_of",
    "words_of",
]
