"""From what was sent to what is taken: a medication to its product, a written sig to dosage lines, these to a daily
dose.

The rooms are ``product`` (code or name to agents, strength, form), ``sig`` (text to dosage lines) and ``dosage`` (lines
to milligrams a day); ``wording`` holds the words in which they give a reading back.
"""

from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.reading.dosage.reconcile import read_daily_dose
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.resolve import resolve
from rules.reading.sig.read import read_sig

__all__ = [
    "DailyDose",
    "NoDailyDose",
    "NotRelevant",
    "Product",
    "UnknownProduct",
    "read_daily_dose",
    "read_sig",
    "resolve",
]
