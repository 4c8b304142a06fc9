"""Measure on this machine. Printed, or written into a page between its marks; no time passes or fails."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from compared import WORKERS, compared
from in_process import table
from sigs import table as sigs
from waiting import table as waiting

_MARKS = re.compile(r"(<!-- measured -->\n).*(<!-- end -->)", re.DOTALL)
_PARTS = ("flask", "gunicorn", "orjson")


def machine() -> str:
    """The machine, and what runs on it."""
    told = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", told.read_text("utf-8")) if told.exists() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = ", ".join(f"{name} {version(name)}" for name in _PARTS)
    return (
        f"{datetime.now(UTC).date()}: {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs "
        f"({model[1] if model else 'not known'}), {memory:.0f} GB; Python {platform.python_version()}, {parts}; "
        f"{WORKERS} workers each."
    )


def lines(calls: int) -> Iterator[str]:
    """The whole of it."""
    yield from ("", machine(), "")
    yield from chain(compared(calls), [""], waiting(), [""], table(), [""], sigs(), [""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500, help="calls of each kind")
    parser.add_argument("--write", type=Path, help="page that takes the tables between its marks")
    chosen = parser.parse_args()
    measured = []
    for line in lines(chosen.calls):
        print(line, flush=True)
        measured.append(line)
    if chosen.write:
        page, found = _MARKS.subn(
            lambda marks: marks[1] + "\n".join(measured) + "\n" + marks[2], chosen.write.read_text("utf-8")
        )
        if not found:
            parser.error(f"{chosen.write} has no marks to write between")
        chosen.write.write_text(page, "utf-8")
