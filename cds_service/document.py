"""A JSON document: bytes to a value, or the place where it stops being JSON. Nothing of it is ever quoted."""

from __future__ import annotations

import json
from collections.abc import Sequence

import orjson

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotADocumentError(ValueError):
    """It is no JSON: ``reason`` says why, ``line`` and ``column`` where, None where it has no one place."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class DoubledMemberError(NotADocumentError):
    """An object has a member twice: which of the two was meant, nobody can tell."""

    def __init__(self) -> None:
        super().__init__("an object has the same member twice")


def parse(data: bytes) -> object:
    """The value that the bytes hold. A byte order mark is no error.

    Raises:
        NotADocumentError: not JSON: a brace too many, a comma too few, a number that JSON does not have.
    """
    try:
        value: object = orjson.loads(data.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        raise NotADocumentError(f"not JSON ({error.msg.partition(':')[0]})", error.lineno, error.colno) from None
    return value


def refuse_doubles(data: bytes) -> None:
    """The JSON reader keeps the last of two members of one name; a dosage that is there twice would lose one.

    Raises:
        DoubledMemberError: an object has a member twice.
    """
    try:
        json.loads(data.removeprefix(_BYTE_ORDER_MARK), object_pairs_hook=_once, parse_int=len, parse_float=len)
    except _Doubled:
        raise DoubledMemberError from None
    except RecursionError:
        raise NotADocumentError("nested too deeply") from None


class _Doubled(ValueError):  # noqa: N818 - a signal, raised by the reader's hook and caught at once
    pass


def _once(pairs: Sequence[tuple[str, object]]) -> bool:
    if len(dict(pairs)) != len(pairs):
        raise _Doubled
    return True
