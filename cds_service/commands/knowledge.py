"""``benzo-cds knowledge check | show | diff``: what is wrong in the knowledge base, what it says, and what changed."""

from __future__ import annotations

import csv
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cds_service.cards.wording.language import ENGLISH, load_language, named_in
from cds_service.cards.wording.wording import wording_of
from cds_service.clock import today
from cds_service.commands.documentation.knowledge_text import entry_lines, overview
from cds_service.config import Settings
from cds_service.errors import CommandError
from rules.knowledge import (
    CONDITION_CODES,
    PRODUCTS,
    SITE,
    Knowledge,
    KnowledgeError,
    ProblemKind,
    Tree,
    apply_site,
    load_knowledge,
    parse_yaml,
    read_trees,
    shipped,
)
from rules.knowledge.check import Problem, check, stale

PACKAGES = ("rules", "cds_service")
ROW_KEYS = {PRODUCTS: ("rxcui",), CONDITION_CODES: ("concept", "kind", "system", "code")}
# The keys that identify an item of a list, so that a new item does not change the paths of the others.
LABELS = (
    "id",
    "source",
    "system",
    "code",
    "codes",
    "agents",
    "routes",
    "release",
    "route",
    "agent",
    "band",
    "duration",
    "frequency",
    "dose",
)


def check_knowledge(chosen: Namespace) -> int:
    """Print what is wrong with the knowledge base, the site's policy included; 1 if something fails."""
    settings = Settings()
    knowledge = load_knowledge(settings.site_policy_text())
    on = chosen.on or today(settings.zone)
    problems = (*problems_of(shipped(), on), *_wording_problems(knowledge, settings.card_wording_text(), on))
    for problem in problems:
        print(f"{'error' if problem.fails else 'note'}: {problem.kind}: {problem.where}: {problem.what}")
    failures = sum(problem.fails for problem in problems)
    size = f"{len(knowledge.agents)} agents, {len(knowledge.products)} products, {len(knowledge.findings)} findings"
    print(f"knowledge {knowledge.version}: {size}; {failures or 'nothing'} to correct")
    return 1 if failures else 0


def show_knowledge(chosen: Namespace) -> int:
    """Print an entry with its figures and citations; without a name, list the entries."""
    settings = Settings()
    knowledge = load_knowledge(settings.site_policy_text())
    try:
        for line in overview(knowledge) if chosen.name is None else entry_lines(knowledge, chosen.name):
            print(line)
    except LookupError as error:
        raise CommandError(str(error)) from None
    return 0


def diff_knowledge(chosen: Namespace) -> int:
    """Print what a site's policy file or another edition's folder changes; 1 if anything."""
    settings = Settings()
    other: Path | None = chosen.other or settings.site_policy
    if other is None:
        raise CommandError("nothing to compare with: name a policy file or a folder, or set BENZO_CDS_SITE_POLICY")
    try:
        if other.is_dir():
            lines = list(differences(dict(values_of(other)), dict(values_of(shipped()))))
        else:
            ours = read_trees(shipped())
            theirs = apply_site(ours, parse_yaml(other.read_text(encoding="utf-8"), SITE))
            lines = list(differences(dict(_tree_values(ours)), dict(_tree_values(theirs))))
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{other}: cannot be read") from None
    print("\n".join(lines) or "no difference")
    return 1 if lines else 0


def problems_of(directory: Traversable, on: date) -> tuple[Problem, ...]:
    """What is wrong with a folder of data files on a day. Every value must be read by a module of this program."""
    try:
        trees = read_trees(directory)
    except KnowledgeError as error:
        return (Problem(ProblemKind.UNREADABLE, error.where, error.problem),)
    return check(trees, lambda name: _text(directory, name), dict(program_modules()), on)


def _wording_problems(knowledge: Knowledge, own_words: str | None, on: date) -> Iterator[Problem]:
    """What is wrong with the sentences of cards, the site's own among them, on a day."""
    try:
        wording_of(knowledge, ENGLISH, own_words).check()
    except KnowledgeError as error:
        yield Problem(ProblemKind.UNREADABLE, error.where, error.problem)
    reviewed = {f"{ENGLISH}.yaml": {"reviewed": load_language().reviewed.isoformat()}}
    yield from stale(reviewed, read_trees(shipped())["policy.yaml"], on)


def program_modules() -> Iterator[tuple[str, str]]:
    """The path and the source of every Python module of this program."""
    for package in PACKAGES:
        yield from _modules(files(package), package)
    # The sentences of cards name figures of the guidance too.
    yield "cds_service/cards/wording", repr(tuple(name for _, _, name in named_in(load_language())))


def _modules(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        inner = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _modules(entry, inner)
        elif entry.name.endswith(".py"):
            yield inner, entry.read_text(encoding="utf-8")


def _text(directory: Traversable, name: str) -> str:
    try:
        return directory.joinpath(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KnowledgeError(name, "is missing") from None


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """A line for every value that was added (+), removed (-) or changed (~)."""
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            yield f"- {path}: {old[path]}"
        elif path not in old:
            yield f"+ {path}: {new[path]}"
        elif old[path] != new[path]:
            yield f"~ {path}: {old[path]} -> {new[path]}"


def values_of(directory: Traversable) -> Iterator[tuple[str, str]]:
    """Every value of a folder of data files with its path; a row of a code list with its key."""
    yield from _tree_values(read_trees(directory))
    for name, keys in ROW_KEYS.items():
        for row in csv.DictReader(_text(directory, name).splitlines()):
            yield f"{name}: {_joined(row[key] for key in keys)}", _joined(row[key] for key in row if key not in keys)


def _tree_values(trees: Mapping[str, Tree]) -> Iterator[tuple[str, str]]:
    for name, tree in trees.items():
        yield from _leaves(tree, f"{name}:")


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path} {key}")
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        counts: dict[str, int] = {}
        for item in value:
            label = _joined(_label(item.get(key)) for key in LABELS)
            counts[label] = counts.get(label, 0) + 1
            number = f" {counts[label]}" if counts[label] > 1 else ""
            yield from _leaves(item, f"{path} [{label}{number}]")
    elif isinstance(value, list):
        yield path, _joined(value)
    else:
        yield path, str(value)


def _label(value: object) -> str:
    if isinstance(value, list):
        return " ".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _joined(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values if value)
