"""Does the outline of a document agree with a walk over it: on duplicate members, depth, and long lists?"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cds_service.json_document import DuplicateMemberError, Outline, parse, refuse_duplicate_members

TEXTS = st.text('ab{}[]:,"\\/ é\n', max_size=6)
BLANKS = st.sampled_from(["", "", " ", "\n\t"])


@st.composite
def member(draw: Any, values: Any) -> str:
    name = json.dumps(draw(TEXTS), ensure_ascii=draw(st.booleans()))
    return f"{draw(BLANKS)}{name}{draw(BLANKS)}:{draw(BLANKS)}{draw(values)}"


DOCUMENTS = st.recursive(
    st.sampled_from(["1", "1.50", "null", "true"]) | TEXTS.map(json.dumps),
    lambda values: (
        st.lists(values, max_size=4).map(lambda items: "[" + " ,".join(items) + "]")
        | st.lists(member(values), max_size=4).map(lambda items: "{" + ",".join(items) + "}")
    ),
    max_leaves=20,
)


def walked(text: str) -> tuple[bool, int, int]:
    """Whether a member is duplicated, the depth, and the length of the longest list, as written."""
    has_duplicates = False

    def pairs(items: list[tuple[str, Any]]) -> list[Any]:
        nonlocal has_duplicates
        has_duplicates = has_duplicates or len(dict(items)) < len(items)
        return ["object", *(value for _, value in items)]

    def measured(value: Any) -> tuple[int, int]:
        if not isinstance(value, list):
            return 0, 0
        is_object = value[:1] == ["object"]
        inner = [measured(item) for item in (value[1:] if is_object else value)]
        longest = max([0 if is_object else len(value), *(length for _, length in inner)])
        return 1 + max((depth for depth, _ in inner), default=0), longest

    depth, longest = measured(json.loads(text, object_pairs_hook=pairs))
    return has_duplicates, depth, longest


@given(text=DOCUMENTS)
def test_the_outline_agrees_with_a_walk(text: str) -> None:
    data = text.encode()
    outline, value = Outline.of(data), parse(data)
    has_duplicates, depth, longest = walked(text)
    try:
        refuse_duplicate_members(data, value, outline)
        is_refused = False
    except DuplicateMemberError:
        is_refused = True
    assert is_refused is has_duplicates
    assert not outline.is_deeper(depth)
    assert depth == 0 or outline.is_deeper(depth - 1)
    assert outline.longest_list >= longest
