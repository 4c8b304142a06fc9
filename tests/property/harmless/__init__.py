"""Harmless changes: other ways in which an EHR may send the same patient and the same orders.

Each is a small function with a docstring that says why it is harmless. It alters a request in place, at the places that
the example picked; one that finds nothing to alter leaves the request as it is. What may become of a warning is written
beside each change (:class:`Keeps`), and :mod:`harmless.verdict` asks for exactly that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from importlib import import_module
from pathlib import Path

from harmless.sent import Sent


class Keeps(IntEnum):
    """What a change leaves of a warning; of two changes the lesser holds."""

    TOLD = 0  # met at whatever severity, or the card says what could not be read
    PRESENCE = 1  # what rests on what is taken still warns; what rests on how much, or since when, may only be told
    EVERYTHING = 2  # every finding that warned still warns


@dataclass(frozen=True)
class Change:
    name: str
    apply: Callable[[Sent], None]
    keeps: Keeps

    def __repr__(self) -> str:
        return self.name


CHANGES: dict[str, Change] = {}


def harmless(keeps: Keeps = Keeps.EVERYTHING) -> Callable[[Callable[[Sent], None]], Callable[[Sent], None]]:
    """Enter a change into the table."""

    def enter(apply: Callable[[Sent], None]) -> Callable[[Sent], None]:
        assert apply.__doc__, apply.__name__
        assert apply.__name__ not in CHANGES, apply.__name__
        CHANGES[apply.__name__] = Change(apply.__name__, apply, keeps)
        return apply

    return enter


# Each other module of this folder that begins with changes_ enters its own.
for _module in sorted(Path(__file__).parent.glob("changes_*.py")):
    import_module(f"{__name__}.{_module.stem}")
