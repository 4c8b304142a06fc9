"""Print the direct dependencies of pyproject.toml, with those of the extras named as arguments, one a line.

So that a virtual environment can be filled before the wheel exists, from the one place that names them.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
wanted = list(project["dependencies"])
for extra in sys.argv[1:]:
    wanted += project["optional-dependencies"][extra]
print("\n".join(wanted))
