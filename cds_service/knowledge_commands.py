"""What ``benzo-cds knowledge`` does: check, show and compare the knowledge base."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cds_service.app import today
from cds_service.commands import CommandError
from cds_service.config import Settings
from cds_service.figures import exactly
from rules import Knowledge, load_knowledge
from rules.knowledge import parse_yaml, read_trees, shipped
from rules.knowledge.base import CONDITION_CODES, PRODUCTS, Tree
from rules.knowledge.check import check
from rules.knowledge.entries import Figure
from rules.knowledge.reading import suggestion
from rules.knowledge.site import SITE, apply_site

_LISTS = (PRODUCTS, CONDITION_CODES)


def check_knowledge(chosen: Namespace, settings: Settings) -> int:
    """Print what is wrong with the knowledge base, the site's policy included; 1 if something fails."""
    knowledge = load_knowledge(settings.site_text())
    directory = shipped()
    trees = read_trees(directory)
    problems = check(trees, lambda name: _text(directory, name), dict(_modules()), chosen.on or today(settings.zone))
    for problem in problems:
        print(f"{'error' if problem.fails else 'note'}: {problem.kind}: {problem.where}: {problem.what}")
    failures = sum(problem.fails for problem in problems)
    size = f"{len(knowledge.agents)} agents, {len(knowledge.products)} products, {len(knowledge.findings)} findings"
    print(f"knowledge {knowledge.version}: {size}; {failures or 'nothing'} to correct")
    return 1 if failures else 0


def show_knowledge(chosen: Namespace, settings: Settings) -> int:
    """Print an entry, or without a name what entries there are."""
    knowledge = load_knowledge(settings.site_text())
    lines = _overview(knowledge) if chosen.name is None else _entry(chosen.name, knowledge)
    print("\n".join(lines))
    return 0


def diff_knowledge(chosen: Namespace, settings: Settings) -> int:
    """Print what a site's policy file or another edition's folder changes; 1 if anything."""
    other = chosen.other or settings.site_policy
    if other is None:
        raise CommandError("nothing to compare with: name a policy file or a folder, or set BENZO_CDS_SITE_POLICY")
    directory = shipped()
    ours = read_trees(directory)
    try:
        if other.is_dir():
            changes = [*_changes(ours, read_trees(other)), *_list_changes(directory, other)]
        else:
            changes = list(_changes(ours, apply_site(ours, parse_yaml(other.read_text(encoding="utf-8"), SITE))))
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{other}: cannot be read") from None
    print("\n".join(changes) or "no difference")
    return 1 if changes else 0


def _modules() -> Iterator[tuple[str, str]]:
    """The texts of the modules that read the knowledge, by path."""
    for package in ("rules", "cds_service"):
        yield from _python_below(files(package), package)


def _python_below(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        if item.is_dir():
            yield from _python_below(item, name)
        elif item.name.endswith(".py"):
            yield name, item.read_text(encoding="utf-8")


def _text(directory: Traversable, name: str) -> str:
    return directory.joinpath(name).read_text(encoding="utf-8")


def _overview(knowledge: Knowledge) -> Iterator[str]:
    yield f"knowledge {knowledge.version}, reviewed {knowledge.reviewed}, table {knowledge.default_table}"
    for title, names in _kinds(knowledge).items():
        yield f"\n{title}: {', '.join(sorted(names))}"


def _kinds(knowledge: Knowledge) -> Mapping[str, Mapping[str, object]]:
    return {
        "drugs": knowledge.agents,
        "findings": knowledge.findings,
        "tables": knowledge.tables,
        "conditions": knowledge.concepts,
        "sources": knowledge.sources,
    }


def _entry(name: str, knowledge: Knowledge) -> Iterator[str]:
    wanted = " ".join(name.lower().split())
    found = [
        entry
        for entries in _kinds(knowledge).values()
        for key in (wanted, *knowledge.agent_by_name.get(wanted, ()))
        if (entry := entries.get(key)) is not None
    ]
    if not found:
        known = (*knowledge.agent_by_name, *(key for entries in _kinds(knowledge).values() for key in entries))
        close = suggestion(wanted, known)
        raise CommandError(f"nothing is known of that name{close if 'did you mean' in close else ''}")
    for entry in dict.fromkeys(map(id, found)):
        yield from _told(next(item for item in found if id(item) == entry), "")


def _told(value: object, indent: str) -> Iterator[str]:
    """An entry, key by key, a figure with its citation on one line."""
    assert is_dataclass(value)
    for field in fields(value):
        item = getattr(value, field.name)
        if item in (None, "", (), frozenset()) or item == {}:
            continue
        yield from _line(field.name, item, indent)


def _line(name: str, item: object, indent: str) -> Iterator[str]:
    if isinstance(item, Figure):
        span = exactly(item.low) if item.low == item.high else f"{exactly(item.low)} to {exactly(item.high)}"
        where = f", {item.where}" if item.where else ""
        cited = f"{item.source}{where}, {item.verification}, reviewed {item.reviewed}"
        yield f"{indent}{name}: {span} {item.unit} ({cited})"
    elif is_dataclass(item):
        yield f"{indent}{name}:"
        yield from _told(item, indent + "  ")
    elif isinstance(item, Mapping):
        yield f"{indent}{name}:"
        for key, inner in item.items():
            yield from _line(str(key), inner, indent + "  ")
    elif isinstance(item, tuple | frozenset) and any(is_dataclass(inner) for inner in item):
        yield f"{indent}{name}:"
        for inner in item:
            yield f"{indent}  - {', '.join(part.strip() for part in _told(inner, ''))}"
    elif isinstance(item, tuple | frozenset):
        yield f"{indent}{name}: {', '.join(sorted(map(_word, item)))}"
    else:
        yield f"{indent}{name}: {_word(item)}"


def _word(item: object) -> str:
    if isinstance(item, Fraction):
        return exactly(item)
    return " ".join(map(str, item)) if isinstance(item, tuple) else str(item)


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{index}]")
    else:
        yield path, str(value)


def _changes(ours: Mapping[str, Tree], theirs: Mapping[str, Tree]) -> Iterator[str]:
    before, after = dict(_flat(ours, "")), dict(_flat(theirs, ""))
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            yield f"- {path}: {before[path]}"
        elif path not in before:
            yield f"+ {path}: {after[path]}"
        elif before[path] != after[path]:
            yield f"~ {path}: {before[path]} -> {after[path]}"


def _list_changes(ours: Traversable, theirs: Path) -> Iterator[str]:
    for name in _LISTS:
        before, after = set(_text(ours, name).splitlines()), set(_text(theirs, name).splitlines())
        yield from (f"- {name}: {row}" for row in sorted(before - after))
        yield from (f"+ {name}: {row}" for row in sorted(after - before))
