"""Does the fast reader of YAML give what the careful one gives, and refuse what it refuses in the same words?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.knowledge import KnowledgeError, parse_yaml
from rules.knowledge.readers.yaml_text import value_or_refusal

SCALARS = st.sampled_from(["a", "b", "c", "1", "no", "null", '"x: y"', "", "*x", "&x a", "&x b", "!!int 3"])
NODES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(SCALARS, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)
DOCUMENTS = st.lists(st.tuples(SCALARS, NODES), max_size=4).map(
    lambda pairs: "\n".join(f"{key}: {value}" for key, value in pairs)
)


def careful(text: str) -> object:
    try:
        value = value_or_refusal(text, "site")
    except KnowledgeError as refused:
        return str(refused)
    if value is None:
        return {}
    return value if isinstance(value, dict) else "site: must be a mapping"


@given(st.lists(DOCUMENTS, min_size=1, max_size=2).map("\n---\n".join))
def test_the_fast_reader_agrees_with_the_careful_one(text: str) -> None:
    try:
        value: object = parse_yaml(text, "site")
    except KnowledgeError as refused:
        value = str(refused)
    assert value == careful(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2", "line 2: the key 'a' stands twice"),
        ("a: {b: 1, b: 2}", "line 1: the key 'b' stands twice"),
        ("a: &x [1]\nb: *x", "line 1: an anchor used again"),
        ("? [a]\n: b", "line 1: a key must be a text"),
        ("a: 1\n---\nb: 2", "not readable as YAML: expected a single document"),
        ("a: *x", "not readable as YAML: found undefined alias"),
        ("a: [1,", "not readable as YAML"),
        ("- a", "must be a mapping"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(KnowledgeError, match=r"^site: ") as refused:
        parse_yaml(text, "site")
    assert problem in str(refused.value)


@pytest.mark.parametrize(("text", "value"), [("", {}), ("# none\n", {}), ("a: &x 1\nb: *x", {"a": "1", "b": "1"})])
def test_what_is_unusual_and_plain_in_its_meaning_is_read(text: str, value: object) -> None:
    assert parse_yaml(text, "site") == value
