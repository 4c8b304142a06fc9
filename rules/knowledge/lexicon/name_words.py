"""How far a misspelt medication name may be read, and the names that it must not be taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameWords:
    """The bounds of reading a misspelt or shortened name.

    ``letters_for_edits``: the letters that a name must have for its first edit, and for each further one, to be read.
    ``beginning_at_least``: the letters that stand for the whole name where no other known name begins with them.
    ``compared_at_most``: the words of one name that are compared. ``others`` are words of names of medicines that are
    no agents here, ``substances`` of drugs that are in no list of medicines, ``plain`` words that are no drugs' names.
    ``class_names`` are further names of classes.
    """

    letters_for_edits: tuple[int, ...]
    beginning_at_least: int
    compared_at_most: int
    others: frozenset[str]
    substances: frozenset[str]
    plain: frozenset[str]
    class_names: Mapping[str, tuple[str, ...]]
