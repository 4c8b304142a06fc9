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
class Abbreviations:
    """The short names that pharmacy systems write.

    ``partners``: by ingredient, the short names of what stands beside our agents in combination products.
    ``beside_partner``: by agent, its short names that are read beside a partner only. ``unclear``: by short name, word
    by word, what it may mean; at least one of them is an agent.
    """

    partners: Mapping[str, tuple[str, ...]]
    beside_partner: Mapping[str, tuple[str, ...]]
    unclear: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FluidsAndSupplies:
    """Names of what is ordered beside drugs, and ``short_names`` of other drugs, of one or two letters."""

    fluids: tuple[str, ...]
    containers: tuple[str, ...]
    short_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of medication names, and the bounds within which a misspelt or shortened name is read.

    ``letters_for_edits``: the letters that a name must have for its first edit, and for each further one, to be read.
    ``beginning_at_least``: the letters that stand for the whole name where no other known name begins with them;
    ``first_word_at_least``: those of the first word, of generic names; ``refused_beginning_at_least``: those of a first
    word that is refused where a name of ours begins with it; ``beside_partner_at_least``: those beside the partner of a
    combination product; ``written_together_at_least``: those of a name written together with other words, or in parts;
    ``name_within_at_least``: those of a generic name within a longer word. ``compared_at_most``: the words of one name
    that are compared. ``stems``: by class, the endings that make an unknown word one that may be of the class.

    ``others`` are words of names of medicines that are no agents here, ``substances`` of drugs that are in no list of
    medicines, ``plain`` words that are no drugs' names but near one of ours. A name of ``empty`` words and of those
    ``beside_drug`` names no medication. ``class_names`` are further names of classes, by class.
    """

    letters_for_edits: tuple[int, ...]
    beginning_at_least: int
    first_word_at_least: int
    refused_beginning_at_least: int
    beside_partner_at_least: int
    written_together_at_least: int
    name_within_at_least: int
    compared_at_most: int
    others: frozenset[str]
    substances: frozenset[str]
    plain: frozenset[str]
    empty: frozenset[str]
    beside_drug: BesideDrug
    class_names: Mapping[str, tuple[str, ...]]
    stems: Mapping[str, tuple[str, ...]]
    abbreviations: Abbreviations
    fluids_and_supplies: FluidsAndSupplies
