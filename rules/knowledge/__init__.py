"""What is clinically known, as data that a pharmacist reads and signs, and its only reader.

:func:`load_knowledge` reads the files of this folder once into a frozen :class:`Knowledge`. Every scalar is read as
text; a duplicate key, an unknown or a missing one is refused with its path.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from rules.knowledge.base import TREES, Knowledge, Tree, build
from rules.knowledge.section import KnowledgeError
from rules.knowledge.site import SITE, apply_site

__all__ = ["Knowledge", "KnowledgeError", "load_knowledge", "parse_yaml", "read_directory", "read_trees", "shipped"]

# The C reader takes a tenth of the time; both give every scalar as text.
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def shipped() -> Traversable:
    """The folder of the files that are shipped with the program."""
    return files(__name__).joinpath("data")


@cache
def load_knowledge(site: str | None = None) -> Knowledge:
    """The shipped knowledge, with a site's override (YAML text, see :mod:`rules.knowledge.site`) in force.

    Raises:
        KnowledgeError: the override, or the shipped data, cannot be used; the message names the key.
    """
    return read_directory(shipped(), site)


def read_directory(directory: Traversable, site: str | None = None) -> Knowledge:
    """The knowledge of a folder of data files, not cached."""
    trees = read_trees(directory)
    if site is not None:
        trees = apply_site(trees, parse_yaml(site, SITE))
    return build(trees, lambda name: _text(directory, name))


def read_trees(directory: Traversable) -> dict[str, Tree]:
    """Every YAML file of a folder, parsed and otherwise unread."""
    return {name: parse_yaml(_text(directory, name), name) for name in TREES}


def parse_yaml(text: str, name: str) -> Tree:
    """A YAML text whose top is a mapping, every scalar of it as text.

    Raises:
        KnowledgeError: not YAML, no mapping, a duplicate key, or an anchor used again.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        raise KnowledgeError(name, f"not readable as YAML: {' '.join(str(problem).split())}") from None
    if node is None:
        return {}
    value = _value(node, name, set())
    if not isinstance(value, dict):
        raise KnowledgeError(name, "must be a mapping")
    return value


def _text(directory: Traversable, name: str) -> str:
    try:
        return directory.joinpath(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KnowledgeError(name, "is missing") from None


def _value(node: yaml.Node, name: str, seen: set[int]) -> object:
    where = f"{name}: line {node.start_mark.line + 1}"
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if id(node) in seen:
        raise KnowledgeError(where, "an anchor used again; write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, name, seen) for item in node.value]
    found: dict[str, object] = {}
    for key, value in node.value:
        line = f"{name}: line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise KnowledgeError(line, "a key must be a text")
        if key.value in found:
            raise KnowledgeError(line, f"the key {key.value!r} stands twice")
        found[key.value] = _value(value, name, seen)
    return found
