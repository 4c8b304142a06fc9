"""Reads YAML in which every scalar is text and no key stands twice."""

from __future__ import annotations

import yaml

from rules.knowledge.readers.section import KnowledgeError, Tree

# The C reader takes a tenth of the time; both give every scalar as text.
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


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
