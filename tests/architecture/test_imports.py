"""Import direction: cds_service -> rules -> rules/knowledge, and rules import nothing but the standard library."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPURE = {
    "time",
    "random",
    "socket",
    "os",
    "subprocess",
    "urllib",
    "http",
    "threading",
    "asyncio",
    "logging",
    "secrets",
}
READERS = {Path("rules/knowledge/readers/yaml_text.py")}


def modules(folder: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it leads"
            yield node.module or ""


@pytest.mark.parametrize("path", modules("rules"), ids=str)
def test_rules_import_the_standard_library_and_rules_alone(path: Path) -> None:
    for name in imported(path):
        top = name.partition(".")[0]
        if top == "yaml":
            assert path in READERS, f"{path} reads YAML; only the knowledge reader may"
        else:
            assert top == "rules" or top in sys.stdlib_module_names, f"{path} imports {name}"
            assert top not in IMPURE, f"{path} imports {name}: rules have no clock, no chance and no outside"


@pytest.mark.parametrize("path", modules("rules/knowledge"), ids=str)
def test_knowledge_knows_nothing_of_the_judgement(path: Path) -> None:
    allowed = ("rules.knowledge", "rules.model", "rules.assessment", "rules.numbers", "rules.limits")
    for name in imported(path):
        assert not name.startswith("rules") or name.startswith(allowed), f"{path} imports {name}"


@pytest.mark.parametrize("path", [*modules("rules"), *modules("cds_service"), *modules("fhir_fixtures")], ids=str)
def test_nothing_imports_the_tests(path: Path) -> None:
    assert not any(name.partition(".")[0] == "tests" for name in imported(path))


@pytest.mark.parametrize("path", modules("rules"), ids=str)
def test_rules_ask_no_clock(path: Path) -> None:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"today", "now", "utcnow"} or not _is_clock(node), f"{path}: a clock"


def _is_clock(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in {"date", "datetime"}
