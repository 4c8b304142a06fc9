"""The policy that one process puts in force for the others: a file that they share while the service runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from cds_service.config.policy_file import FileContent
from cds_service.policy.files import PolicyFiles
from cds_service.policy.modes import WrittenModes

# Every byte is one character of it, so that any file fits into JSON.
_ENCODING = "latin-1"
_MODES = TypeAdapter(WrittenModes)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Changed files that are refused: ``since`` when, and every problem of theirs.

    ``modes``: those that tenants have shown no more than since the first files were refused. They hold until files are
    accepted, whatever becomes of the refused ones meanwhile.
    """

    files: PolicyFiles
    problems: tuple[str, ...]
    since: str
    modes: WrittenModes


@dataclass(frozen=True, slots=True)
class PolicyState:
    """The files in force, ``since`` when (UTC, ISO 8601), and the changed ones that are refused."""

    files: PolicyFiles
    since: str
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class SharedPolicy:
    """The shared file. It is replaced as a whole, so that no process reads a part of it."""

    path: Path

    def stamp(self) -> tuple[int, int] | None:
        """What changes when the file is replaced; None where there is none yet."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def write(self, state: PolicyState) -> None:
        """Replace the file. Its folder is made anew if something has removed it."""
        refused = state.refused
        told = {
            "files": _written(state.files),
            "since": state.since,
            "refused": None
            if refused is None
            else {
                "files": _written(refused.files),
                "problems": refused.problems,
                "since": refused.since,
                "modes": refused.modes,
            },
        }
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_bytes(orjson.dumps(told))
        os.replace(draft, self.path)

    def read(self) -> PolicyState:
        """What the file says."""
        told = orjson.loads(self.path.read_bytes())
        refused = told["refused"]
        return PolicyState(
            files=_read(told["files"]),
            since=told["since"],
            refused=None
            if refused is None
            else Refusal(
                _read(refused["files"]),
                tuple(refused["problems"]),
                refused["since"],
                _MODES.validate_python(refused["modes"]),
            ),
        )


def _written(files: PolicyFiles) -> dict[str, tuple[str, str | None]]:
    return {path: (content.read.decode(_ENCODING), content.problem) for path, content in files.contents.items()}


def _read(told: dict[str, Any]) -> PolicyFiles:
    return PolicyFiles({path: FileContent(text.encode(_ENCODING), problem) for path, (text, problem) in told.items()})
