"""Is a Python that is not supported refused in one line, before anything is installed?"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LEAST, MOST = 11, 15


def checked(python: str | Path) -> tuple[int, list[str]]:
    ended = subprocess.run([TOP / "scripts" / "python-version", python], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr.splitlines()


@pytest.fixture
def interpreter(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """What answers like a Python of that version."""
    file = tmp_path / "python"
    file.write_text(f"#!/bin/sh\necho {request.param}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def test_the_python_of_this_run_is_supported() -> None:
    assert checked(sys.executable) == (0, [])


def test_the_metadata_name_the_same_versions() -> None:
    assert PROJECT["requires-python"] == f">=3.{LEAST},<3.{MOST + 1}"
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert named == [f"3.{minor}" for minor in range(LEAST, MOST + 1)]


@pytest.mark.parametrize("interpreter", [f"3 {LEAST}", f"3 {MOST}"], indirect=True)
def test_the_first_and_the_last_are_supported(interpreter: Path) -> None:
    assert checked(interpreter) == (0, [])


@pytest.mark.parametrize("interpreter", ["2 7", f"3 {LEAST - 1}", f"3 {MOST + 1}", "4 12"], indirect=True)
def test_another_is_refused_in_one_line(interpreter: Path) -> None:
    status, lines = checked(interpreter)
    assert (status, len(lines)) == (1, 1)
    assert f"needs Python 3.{LEAST} to 3.{MOST}" in lines[0]


def test_one_that_is_not_there_is_told_in_one_line() -> None:
    status, lines = checked("no-python-of-this-name")
    assert (status, len(lines)) == (1, 1)
    assert "cannot be run" in lines[0]
