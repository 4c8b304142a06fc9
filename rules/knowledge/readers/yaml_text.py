"""Reads YAML in which every scalar is text, no key stands twice, and nothing is referred to from another place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import yaml

from rules.knowledge.problem import KnowledgeError
from rules.knowledge.readers.section import Tree
from rules.limits import DIGEST_CHARACTERS

# The C reader takes a tenth of the time; both give every scalar as text.
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _NotPlainError(Exception):
    """The text holds an anchor, a key that stands twice, a key that is no text, or a second document."""


def parse_yaml(text: str, name: str) -> Tree:
    """A YAML text whose top is a mapping, every scalar of it as text; an empty document is an empty mapping.

    Args:
        text: YAML 1.1.
        name: the file's name, for messages.

    Raises:
        KnowledgeError: not YAML, no mapping, a duplicate key, or an anchor used again.
    """
    try:
        # By events in half of the time of a tree of nodes; what is not plain is read again, to say where and why.
        value = _plain_value(text)
    except (_NotPlainError, yaml.YAMLError):
        value = value_or_refusal(text, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise KnowledgeError(name, "must be a mapping")
    return value


def digest_of(tree: Tree) -> str:
    """A digest of what a file says: the same however it is laid out, whatever its comments, in any order of keys."""
    content = json.dumps(tree, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS]


def _plain_value(text: str) -> object:
    """The value of a document without anything to refuse; None for an empty one."""
    event = _Loader(text).get_event
    event()
    if type(event()) is yaml.StreamEndEvent:
        return None
    value = _value_of(event(), event)
    event()
    if type(event()) is not yaml.StreamEndEvent:
        raise _NotPlainError
    return value


def _value_of(first: Any, event: Callable[[], Any]) -> object:
    """The value that begins with an event, taken from the events that follow."""
    kind = type(first)
    if kind is yaml.AliasEvent or first.anchor is not None:
        raise _NotPlainError
    if kind is yaml.ScalarEvent:
        return first.value
    if kind is yaml.SequenceStartEvent:
        items: list[object] = []
        while type(following := event()) is not yaml.SequenceEndEvent:
            items.append(_value_of(following, event))
        return items
    found: dict[str, object] = {}
    while type(key := event()) is not yaml.MappingEndEvent:
        if type(key) is not yaml.ScalarEvent or key.anchor is not None or key.value in found:
            raise _NotPlainError
        found[key.value] = _value_of(event(), event)
    return found


def value_or_refusal(text: str, name: str) -> object:
    """The value of any document, read by its tree of nodes; None for an empty one.

    Raises:
        KnowledgeError: not YAML, a key that stands twice or is no text, or an anchor used again.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        raise KnowledgeError(name, f"not readable as YAML: {' '.join(str(problem).split())}") from None
    return None if node is None else _value_of_node(node, name, set())


def _value_of_node(node: yaml.Node, name: str, seen: set[int]) -> object:
    where = f"{name}: line {node.start_mark.line + 1}"
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if id(node) in seen:
        raise KnowledgeError(where, "an anchor used again; write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value_of_node(item, name, seen) for item in node.value]
    found: dict[str, object] = {}
    for key, value in node.value:
        line = f"{name}: line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise KnowledgeError(line, "a key must be a text")
        if key.value in found:
            raise KnowledgeError(line, f"the key {key.value!r} stands twice")
        found[key.value] = _value_of_node(value, name, seen)
    return found
