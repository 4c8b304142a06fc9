"""The words of medication names: what stands beside a drug, names of classes, and how far a misspelt name is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BesideDrug:
    """Words that stand in a medication's name beside the drug; none of them is the name of a drug.

    ``extended_release``: a name that holds one is of an extended-release product. ``injection``: one that holds one and
    no dose form is of an injection. ``route_if_in_capitals``: words of routes that are routes only where they alone are
    in capitals. ``remarks``: anything else.
    """

    salts: frozenset[str]
    extended_release: frozenset[str]
    injection: frozenset[str]
    route_if_in_capitals: frozenset[str]
    remarks: frozenset[str]


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of medication names, and the bounds within which a misspelt or shortened name is read.

    ``letters_for_edits``: the letters that a name must have for its first edit, and for each further one, to be read.
    ``beginning_at_least``: the letters that stand for the whole name where no other known name begins with them.
    ``compared_at_most``: the words of one name that are compared.

    ``others`` are words of names of medicines that are no agents here, ``substances`` of drugs that are in no list of
    medicines, ``plain`` words that are no drugs' names but near one of ours. A name of ``empty`` words and of those
    ``beside_drug`` names no medication. ``class_names`` are further names of classes, by class.
    """

    letters_for_edits: tuple[int, ...]
    beginning_at_least: int
    compared_at_most: int
    others: frozenset[str]
    substances: frozenset[str]
    plain: frozenset[str]
    empty: frozenset[str]
    beside_drug: BesideDrug
    class_names: Mapping[str, tuple[str, ...]]
