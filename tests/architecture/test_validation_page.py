"""Is a number of the validation page that was typed by hand noticed?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import rules

ROOT = Path(__file__).parents[2]


def test_a_page_that_is_not_as_counted_is_refused(tmp_path: Path) -> None:
    written = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    (tmp_path / "validation.md").write_text(written.replace("There are ", "There are 9", 1), encoding="utf-8")
    command = [sys.executable, str(ROOT / "tests" / "validation"), "--check", "--docs", str(tmp_path)]
    # Of the program that is tested: the checkout, or the wheel.
    environment = os.environ | {"PYTHONPATH": str(Path(rules.__file__).parents[1])}
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (1, "not current, run `make docs`: validation.md\n")
