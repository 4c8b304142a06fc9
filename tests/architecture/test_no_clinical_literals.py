"""No clinical figure, agent or code stands in Python: they stand in rules/knowledge, cited."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rules import load_knowledge

ROOT = Path(__file__).parents[2]
ALLOWED_NUMBERS = {-1, 0, 1, 2}
# The reference substances as parts of a unit's name: no judgement hangs on them.
UNIT_WORDS = re.compile(r"(mg( of oral)? diazepam|diazepam-equivalent|morphine milligram equivalents|morphine_factors)")
# Words that are class or concept ids, table columns or plain English as well as an agent's name or synonym.
ALSO_OTHER_WORDS = {"oxybate"}


def modules(folder: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))


# Exact arithmetic and operational limits are numbers by nature; everything else takes its figures from the knowledge.
JUDGING = [path for path in modules("rules") if path.parts[1] != "numbers" and path != Path("rules/limits.py")]


def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string constant that is not a docstring."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", JUDGING, ids=str)
def test_no_numeric_literal_in_rules(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            assert node.value in ALLOWED_NUMBERS, f"{path}:{node.lineno}: the literal {node.value}"


@pytest.mark.parametrize("path", JUDGING, ids=str)
def test_no_constant_arithmetic_in_rules(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.BinOp):
            constants = [
                isinstance(side, ast.Constant) and not isinstance(side.value, str) for side in (node.left, node.right)
            ]
            assert not all(constants), f"{path}:{node.lineno}: arithmetic on constants"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"exact", "Fraction", "Decimal"}
        ):
            literal = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            assert all(value in (0, 1) for value in literal), f"{path}:{node.lineno}: a figure in text"


@pytest.mark.parametrize("path", [*modules("rules"), *modules("cds_service")], ids=str)
def test_no_agent_name_as_a_string(path: Path) -> None:
    names = {name for name in load_knowledge().agent_by_name if len(name) > 3} - ALSO_OTHER_WORDS
    pattern = re.compile(r"[a-z][a-z-]{3,}")
    for line, text in strings(parsed(path)):
        found = set(pattern.findall(UNIT_WORDS.sub("", text.lower()))) & names
        assert not found, f"{path}:{line}: {sorted(found)} in a string"


@pytest.mark.parametrize("path", [*modules("rules"), *modules("cds_service")], ids=str)
def test_no_clinical_code_as_a_string(path: Path) -> None:
    knowledge = load_knowledge()
    codes = {code for _, code in knowledge.agents_by_code} | set(knowledge.products)
    codes |= {code for concept in knowledge.concepts.values() for _, code in concept.codes}
    prefixes = {prefix for concept in knowledge.concepts.values() for prefix in concept.prefixes}
    for line, text in strings(parsed(path)):
        assert text not in codes | prefixes, f"{path}:{line}: the clinical code {text!r}"
