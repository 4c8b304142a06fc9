"""The version of the program, as the installed package states it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """The version of the installed program; ``unknown`` where it runs from its sources alone."""
    try:
        return version("benzo-cds")
    except PackageNotFoundError:
        return "unknown"
