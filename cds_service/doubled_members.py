"""Objects that hold a member twice: the JSON reader keeps the last, and a dosage that is there twice would lose one."""

from __future__ import annotations

import json
from collections.abc import Sequence


def has_member_twice(data: bytes) -> bool:
    """Whether an object of a JSON text, which has been found valid, holds two members of one name.

    Raises:
        RecursionError: it is nested too deeply to tell.
    """
    try:
        json.loads(data, object_pairs_hook=_once, parse_int=len, parse_float=len)
    except _DoubledError:
        return True
    return False


class _DoubledError(ValueError):
    pass


def _once(pairs: Sequence[tuple[str, object]]) -> bool:
    if len(dict(pairs)) != len(pairs):
        raise _DoubledError
    return True
