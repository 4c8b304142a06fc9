"""Does every room keep to its place: imports from later rooms to earlier ones, no circle, short chains, small folders?

A room is a folder of a wing (``rules``, ``cds_service``). The rooms of each wing stand below in the order of the data's
way. A room may import what stands before it, and from another room only what that room's face (``__init__``) names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The modules of a wing itself stand in this order too: those before the first room are below every room.
RULES = (
    "rules.limits",
    "rules.numbers",
    "rules.model",
    "rules.assessment_lines",
    "rules.assessment_facts",
    "rules.assessment",
    "rules.knowledge",
    "rules.reading.wording",
    "rules.reading.condition",
    "rules.reading.product",
    "rules.reading.sig",
    "rules.reading.dosage",
    "rules.reading",
    "rules.timeline",
    "rules.load",
    "rules.findings.case",
    "rules.findings",
    "rules.taper",
    "rules.assess",
    "rules",
)
SERVICE = (
    "cds_service.version",
    "cds_service.errors",
    "cds_service.clock",
    "cds_service.json_document",
    "cds_service.timed_connections",
    "cds_service.services",
    "cds_service.config",
    "cds_service.logs",
    "cds_service.time_limit",
    "cds_service.waiting",
    "cds_service.trust",
    "cds_service.fhir",
    "cds_service.fhir_client",
    "cds_service.working",
    "cds_service.cards.wording",
    "cds_service.cards",
    "cds_service.policy",
    "cds_service.hooks",
    "cds_service.records",
    "cds_service.web",
    "cds_service.review",
    "cds_service.screening",
    "cds_service.app",
    "cds_service.sandbox.fhir_store",
    "cds_service.sandbox.smart",
    "cds_service.sandbox.fhir_server",
    "cds_service.sandbox",
    "cds_service.serving",
    "cds_service.commands",
    "cds_service.__main__",
    "cds_service",
)
MAX_MODULES_IN_A_FOLDER = 15
# One judgement a file, by the contract: as many as there are findings.
BY_CONTRACT = {Path("rules/findings")}
MAX_CHAIN = 22


@cache
def modules() -> Mapping[str, Path]:
    found = {}
    for wing in ("rules", "cds_service"):
        for path in (ROOT / wing).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports_of(name: str) -> Iterator[tuple[str, str | None]]:
    """Each module of ours that a module imports, with the name taken from it (None: the module itself)."""
    for node in ast.walk(ast.parse(modules()[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom) and node.module in modules():
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole, None) if whole in modules() else (node.module, alias.name)


@cache
def graph() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(other for other, _ in imports_of(name)) - {name} for name in modules()}


def room_of(name: str) -> str:
    """The most precise room that a module belongs to."""
    rooms = RULES if name.partition(".")[0] == "rules" else SERVICE
    return max((room for room in rooms if name == room or name.startswith(f"{room}.")), key=len)


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_go_from_later_rooms_to_earlier_ones(name: str) -> None:
    own = room_of(name)
    for other in graph()[name]:
        if other.partition(".")[0] != name.partition(".")[0]:
            assert name.startswith("cds_service"), f"{name} imports {other}"
            continue
        order = RULES if name.startswith("rules") else SERVICE
        assert order.index(room_of(other)) <= order.index(own), f"{name} imports {other}, which stands in a later room"


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_room_uses_of_another_what_its_face_names(name: str) -> None:
    for other, taken in imports_of(name):
        room = room_of(other)
        if room in (room_of(name), *RULES[-1:], *SERVICE[-1:]) or modules()[room].name != "__init__.py":
            continue
        public = set(getattr(import_module(room), "__all__", ()))
        # A face exports names, or lists the modules that other rooms may use.
        own = {part for part in (taken, other.removeprefix(room).strip(".")) if part}
        assert other == room or own & public, f"{name} takes {taken or other} of {other}, which {room} does not name"


@pytest.mark.parametrize("name", sorted(name for name, path in modules().items() if path.name == "__init__.py"))
def test_a_folder_says_what_it_is(name: str) -> None:
    assert (ast.get_docstring(ast.parse(modules()[name].read_text("utf-8"))) or "").strip().endswith("."), name


def test_no_circle_of_imports() -> None:
    done: set[str] = set()

    def follow(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name in done:
            return
        for other in sorted(graph()[name]):
            follow(other, (*way, name))
        done.add(name)

    for name in sorted(graph()):
        follow(name, ())


def test_the_longest_chain_of_imports_of_the_rules() -> None:
    longest: dict[str, tuple[str, ...]] = {}

    def chain(name: str) -> tuple[str, ...]:
        if name not in longest:
            below = (chain(other) for other in graph()[name] if other.startswith("rules"))
            longest[name] = (name, *max(below, key=len, default=()))
        return longest[name]

    found = max((chain(name) for name in graph() if name.startswith("rules")), key=len)
    assert len(found) <= MAX_CHAIN, f"{len(found)}: " + " -> ".join(found)


@pytest.mark.parametrize("folder", sorted({path.parent.relative_to(ROOT) for path in modules().values()}), ids=str)
def test_a_folder_can_be_seen_at_once(folder: Path) -> None:
    held = [path for path in (ROOT / folder).glob("*.py") if path.name != "__init__.py"]
    assert len(held) <= MAX_MODULES_IN_A_FOLDER or folder in BY_CONTRACT, f"{folder} holds {len(held)} modules"
