"""A JSON document: its bytes as a value, and whether an object has the same member twice. No error quotes any of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_BRACKETS_AS_BRACES = bytes.maketrans(b"[]", b"{}")
_OTHER_BYTES = bytes(byte for byte in range(256) if byte not in b'[]{}:,"')


class JsonSyntaxError(ValueError):
    """The bytes are no JSON. ``reason`` says why, ``line`` and ``column`` where; None where there is no one place."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class NotUtf8Error(JsonSyntaxError):
    """The bytes are not UTF-8."""


class DuplicateMemberError(JsonSyntaxError):
    """An object has the same member twice: nobody can tell which of the two was meant."""

    def __init__(self) -> None:
        super().__init__("an object has the same member twice")


def parse(data: bytes) -> object:
    """The JSON value of the bytes. A byte order mark is allowed.

    Raises:
        NotUtf8Error: not UTF-8.
        JsonSyntaxError: not JSON.
    """
    try:
        value: object = orjson.loads(data.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        kind = JsonSyntaxError if _is_utf8(data) else NotUtf8Error
        raise kind(f"not JSON ({error.msg.partition(':')[0]})", error.lineno, error.colno) from None
    return value


@dataclass(frozen=True, slots=True)
class Outline:
    """The punctuation of a document outside of its texts: braces, brackets, colons and commas.

    Looking at these takes a tenth of the time of walking over the parsed value.
    """

    punctuation: bytes

    @classmethod
    def of(cls, data: bytes) -> Outline:
        """The outline of valid JSON."""
        # Backslashes stand in texts only. Without them and what they escape, each quotation mark begins or ends a text.
        unescaped = _ESCAPE.sub(b"", data) if b"\\" in data else data
        return cls(b"".join(unescaped.translate(None, _OTHER_BYTES).split(b'"')[::2]))

    @property
    def members(self) -> int:
        """The number of members of all objects together, as written."""
        return self.punctuation.count(b":")

    @property
    def longest_list(self) -> int:
        """An upper bound of the length of the longest list: that of one with all commas that separate no members."""
        return self.punctuation.count(b",") - self.members + self.punctuation.count(b"{") + 1

    def is_deeper(self, levels: int) -> bool:
        """Whether objects and lists are nested more than ``levels`` deep."""
        braces = self.punctuation.translate(_BRACKETS_AS_BRACES, b":,")
        for _ in range(levels):
            if not braces:
                return False
            # Removes the innermost objects and lists.
            braces = braces.replace(b"{}", b"")
        return bool(braces)


def refuse_duplicate_members(data: bytes, value: object, outline: Outline) -> None:
    """Refuse a document in which an object has the same member twice.

    The parser keeps the last of the two, so that a dosage sent twice would lose one; the document then has more members
    than the value that was parsed of it.

    Raises:
        DuplicateMemberError: an object has the same member twice.
        JsonSyntaxError: nested too deeply to tell.
    """
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:  # nested more deeply than it writes
        _refuse_in_each_object(data)
        return
    if written != data and Outline.of(written).members != outline.members:
        raise DuplicateMemberError


class DoubledObject(dict[str, object]):
    """An object that has the same member twice."""


def with_doubled_objects(data: bytes) -> object:
    """The value of valid JSON, in which objects that have the same member twice are :class:`DoubledObject`; None where
    it is nested too deeply to tell. It takes far longer than :func:`parse`."""
    try:
        value: object = json.loads(data.removeprefix(_BYTE_ORDER_MARK), object_pairs_hook=_object, parse_int=len)
    except RecursionError:
        return None
    return value


def _object(members: Sequence[tuple[str, object]]) -> dict[str, object]:
    whole = dict(members)
    return whole if len(whole) == len(members) else DoubledObject(whole)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class _DuplicateFoundError(ValueError):
    """Raised by the parser's hook, and caught around the parser."""


def _refuse_in_each_object(data: bytes) -> None:
    try:
        json.loads(data.removeprefix(_BYTE_ORDER_MARK), object_pairs_hook=_unique, parse_int=len, parse_float=len)
    except _DuplicateFoundError:
        raise DuplicateMemberError from None
    except RecursionError:
        raise JsonSyntaxError("nested too deeply") from None


def _unique(members: Sequence[tuple[str, object]]) -> bool:
    if len(dict(members)) != len(members):
        raise _DuplicateFoundError
    return True
