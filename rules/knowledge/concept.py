"""Conditions that findings ask for, and how entries without a code are read."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.figure import Figure
from rules.model import CodeSystem

TOGETHER = " + "


@dataclass(frozen=True, slots=True)
class Concept:
    """A condition the findings ask for: its codes, names for entries that carry no code, and when it expires.

    ``prefixes`` are ICD-10-CM categories, without the dot, that every longer code belongs to. ``expires`` is the number
    of days after which an entry no longer counts (None: never). ``despite_remission``: it counts in remission, said so;
    ``remission_prefixes`` are the codes that say so themselves. ``except_names`` are longer names that hold one of
    ``names`` and mean something else; a name with `` + `` is said where each of its parts is. ``needs_date``: an entry
    without a date does not count. ``not_with``: an entry of one of these concepts is none of this one.
    """

    id: str
    name: str
    prefixes: tuple[str, ...]
    excluded_prefixes: tuple[str, ...]
    codes: frozenset[tuple[CodeSystem, str]]
    names: tuple[str, ...]
    expires: Figure | None
    despite_remission: bool
    unverified: frozenset[tuple[CodeSystem, str]] = frozenset()
    remission_prefixes: tuple[str, ...] = ()
    except_names: tuple[str, ...] = ()
    source: str = ""
    names_verified: bool = True
    needs_date: bool = False
    not_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionWording:
    """How entries without a code are read: what denies a condition that follows, what denies one before it, and what
    says that it is over."""

    denials_before: tuple[str, ...]
    denials_after: tuple[str, ...]
    remission: tuple[str, ...]
