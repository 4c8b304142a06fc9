"""The dose of a line, within the most that is written for one administration.

Such a maximum says how much may be taken at a time and not how often, so it limits a day only through the rate. Where
no dose is stated, anything up to it is permitted.
"""

from __future__ import annotations

from dataclasses import replace

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.model import Dosage, DoseEntry
from rules.reading.dosage.portion import Obstacle, Unmeasured
from rules.reading.dosage.stated_dose import StatedDose, read_stated_dose, total
from rules.reading.product.product import Product

LIMITED_AT_A_TIME = "limited-at-a-time"
NOT_READ = "maximum-at-a-time-not-read"


def dose_at_a_time(line: Dosage, product: Product, vocabulary: DosingVocabulary) -> StatedDose | Unmeasured:
    """The dose of a line, cut to what may be taken at a time; or why there is none. Never raises."""
    dose = read_stated_dose(line, product, vocabulary)
    if line.single_maximum is None:
        return dose
    most = read_stated_dose(replace(line, doses=(DoseEntry(None, None, line.single_maximum),)), product, vocabulary)
    if isinstance(dose, Unmeasured):
        usable = isinstance(most, StatedDose) and dose.obstacle is Obstacle.UNKNOWN
        return most if usable else dose
    if isinstance(most, Unmeasured) or most.high.hourly != dose.high.hourly:
        return replace(dose, assumptions=(*dose.assumptions, NOT_READ))
    if total(dose.high) <= total(most.high):
        return dose
    return StatedDose(
        low=min(dose.low, most.high, key=total),
        high=most.high,
        low_factor=dose.low_factor,
        phrase=f"{dose.phrase}, at most {most.high.phrase} at a time",
        assumptions=(*dose.assumptions, LIMITED_AT_A_TIME),
    )
