"""What a medication was sent as in names, and what one name tells."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.listed_product import IMMEDIATE, Ingredient
from rules.model import Medication
from rules.reading.product.words.characters import visible
from rules.reading.product.words.spelling import UnclearWord


def names_sent(medication: Medication) -> list[str]:
    """Every name as sent, each once: displays first, then the text."""
    sent = [coding.display for coding in medication.codings] + [medication.text]
    shown = (visible(name).strip() for name in sent if name)
    return list(dict.fromkeys(name for name in shown if name))


@dataclass(frozen=True, slots=True)
class NameReading:
    """What one name tells. ``ingredients`` is empty where it names no agent; ``usable``: it does name something.

    ``class_named``: it names a class of agents and none of them. ``unclear``: a word of it that is near the name of an
    agent and is not read. ``misspelt``: agents that only a misspelt or shortened word names. ``container``: it names a
    container or supply alone. ``unread``: it has words in letters that are not read. ``names_other``: it names a drug
    that is known and is none of ours. ``also_holds``: the agents in it that only count in older adults, which to all
    else of the reading are other drugs, and the lesser ones of a brand.
    """

    ingredients: tuple[Ingredient, ...]
    usable: bool
    container: bool = False
    unread: bool = False
    names_other: bool = False
    class_named: str | None = None
    unclear: UnclearWord | None = None
    misspelt: frozenset[str] = frozenset()
    form: str | None = None
    route: str | None = None
    release: str = IMMEDIATE
    package_millilitres: Fraction | None = None
    assumptions: tuple[str, ...] = ()
    also_holds: tuple[Ingredient, ...] = ()
