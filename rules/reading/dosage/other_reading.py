"""What else a stated quantity may mean: a number of units that may be milligrams, milligrams that may be micrograms."""

from __future__ import annotations

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind
from rules.knowledge.listed_product import Per
from rules.model import Quantity
from rules.numbers.quantity import MICROGRAMS_PER_MILLIGRAM, MILLIGRAMS_PER, ONE
from rules.numbers.text import figure
from rules.reading.dosage.portion import Portion
from rules.reading.product.product import Product

MILLIGRAM = "mg"


def other_reading(
    quantity: Quantity, portion: Portion, product: Product, vocabulary: DosingVocabulary
) -> Portion | None:
    """The other way to read a quantity whose first reading is ``portion``; None where there is none.

    So many tablets, mL or patches may be so many milligrams (of a patch: micrograms an hour), so many milligrams may be
    micrograms. Whether anything is wrong with the first reading is not asked here. A reading that comes to less than
    anybody takes of a unit is none; the smallest part of a patch or tablet says what that is.
    """
    first, *others = product.ingredients
    unit = vocabulary.unit(quantity.code) or vocabulary.unit(quantity.unit)
    if others or first.strength is None or not portion.units or (unit is not None and unit.kind is UnitKind.RATE):
        return None
    by_mass = unit is not None and unit.kind is UnitKind.MASS
    if by_mass and unit is not None and unit.size != MILLIGRAMS_PER[MILLIGRAM]:
        return None
    amount = portion.by_agent[first.agent]
    read = quantity.value / (MICROGRAMS_PER_MILLIGRAM if by_mass and not portion.hourly else ONE)
    units = read * portion.units / amount
    in_parts = first.strength.per is not Per.MILLILITRE
    if read == amount or (in_parts and units < vocabulary.plausible.smallest_part.value):
        return None
    words = "micrograms" if by_mass else MILLIGRAM
    if portion.hourly:
        words = "micrograms an hour"
    return Portion({first.agent: read}, units, f"{figure(quantity.value)} {words}", portion.hourly)
