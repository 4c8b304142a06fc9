"""A JSON document: bytes to a value, or the place where it stops being JSON. Nothing of it is ever quoted."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_BRACES = bytes.maketrans(b"[]", b"{}")
_BETWEEN = bytes(byte for byte in range(256) if byte not in b'[]{}:,"')


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


@dataclass(frozen=True, slots=True)
class Outline:
    """What stands around the texts and numbers of a document: its braces, brackets, colons and commas.

    To look at these marks takes a tenth of the time that walking over the parsed value takes.
    """

    marks: bytes

    @classmethod
    def of(cls, data: bytes) -> Outline:
        """The outline of a document; it must be one."""
        # Backslashes stand in texts only; without what they escape, every quotation mark begins or ends a text.
        plain = _ESCAPE.sub(b"", data) if b"\\" in data else data
        return cls(b"".join(plain.translate(None, _BETWEEN).split(b'"')[::2]))

    @property
    def members(self) -> int:
        """How many members all its objects have together, as written."""
        return self.marks.count(b":")

    @property
    def longest_list(self) -> int:
        """How many members the longest list can have, if all commas that are not between members of objects are its."""
        return self.marks.count(b",") - self.members + self.marks.count(b"{") + 1

    def is_deeper(self, levels: int) -> bool:
        """Whether its objects and lists are nested deeper. Each turn takes away those that hold no other."""
        braces = self.marks.translate(_BRACES, b":,")
        for _ in range(levels):
            if not braces:
                return False
            braces = braces.replace(b"{}", b"")
        return bool(braces)


def refuse_doubles(data: bytes, value: object, outline: Outline) -> None:
    """The JSON reader keeps the last of two members of one name; a dosage that is there twice would lose one.

    The document has then more members than what was read of it.

    Raises:
        DoubledMemberError: an object has a member twice.
    """
    try:
        again = orjson.dumps(value)
    except orjson.JSONEncodeError:  # nested deeper than can be written
        _refuse_one_by_one(data)
        return
    if again != data and Outline.of(again).members != outline.members:
        raise DoubledMemberError


def _refuse_one_by_one(data: bytes) -> None:
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
