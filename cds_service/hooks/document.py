"""The body of a request: a JSON object within the limits of the configuration. No error quotes anything of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cds_service.config.limits import RequestLimits
from cds_service.errors import MalformedRequestError, NotJsonError, TooLargeError, WrongContentTypeError
from cds_service.json_document import (
    DoubledObject,
    JsonSyntaxError,
    NotUtf8Error,
    Outline,
    parse,
    refuse_duplicate_members,
    with_doubled_objects,
)
from cds_service.services import PREFETCH

_UNCOMPRESSED = ("", "identity")
_KNOWN_NAMES = frozenset(
    {"context", "draftOrders", "medications", "selections", "prefetch", "feedback", "entry", "resource", *PREFETCH}
)


def require_json(content_type: str, encoding: str) -> None:
    """Refuse a body that is not declared as uncompressed JSON.

    Args:
        content_type: the media type, without parameters, in lower case.
        encoding: the Content-Encoding, empty if none.

    Raises:
        WrongContentTypeError: another media type, or a compressed body.
    """
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise WrongContentTypeError("The request must be JSON (Content-Type: application/json).")
    if encoding.strip().lower() not in _UNCOMPRESSED:
        raise WrongContentTypeError("The request must not be compressed (no Content-Encoding).")


def read_object(data: bytes, limits: RequestLimits) -> dict[str, Any]:
    """The JSON object of a body, checked by :func:`require_well_formed`.

    Raises:
        TooLargeError, NotJsonError, MalformedRequestError: as :func:`parse_object` and :func:`require_well_formed`.
    """
    value = parse_object(data, limits)
    require_well_formed(data, value, limits)
    return value


def parse_object(data: bytes, limits: RequestLimits) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        TooLargeError: more bytes than the limits allow.
        NotJsonError: not UTF-8, or not JSON (the message has line and column).
        MalformedRequestError: a JSON value that is no object.
    """
    if len(data) > limits.bytes:
        raise too_many_bytes(limits.bytes)
    try:
        value = parse(data)
    except NotUtf8Error:
        raise NotJsonError("The request is not text in UTF-8.") from None
    except JsonSyntaxError as error:
        raise NotJsonError(f"The request is not valid JSON at line {error.line}, column {error.column}.") from None
    if not isinstance(value, dict):
        raise MalformedRequestError([("request", "must be a JSON object")])
    return value


def require_well_formed(data: bytes, value: dict[str, Any], limits: RequestLimits) -> None:
    """Refuse a parsed body that is nested too deeply, has too long a list, or has a member twice.

    Args:
        data: the body.
        value: the object that was parsed of it.
        limits: the limits of the configuration.

    Raises:
        TooLargeError: deeper nesting or longer lists than the limits allow.
        NotJsonError: an object has the same member twice.
    """
    outline = Outline.of(data)
    if outline.is_deeper(limits.depth) or outline.longest_list > limits.entries:
        _require_within(value, limits)
    try:
        refuse_duplicate_members(data, value, outline)
    except JsonSyntaxError:
        doubled = _places(with_doubled_objects(data), lambda _, holder: isinstance(holder, DoubledObject))
        raise NotJsonError("The request holds an object with the same member twice.", *doubled) from None


def too_many_bytes(max_bytes: int) -> TooLargeError:
    """The error of a body that is larger than ``max_bytes``."""
    return TooLargeError(f"The request is larger than {max_bytes} bytes, the most this service takes.")


def _require_within(value: object, limits: RequestLimits) -> None:
    """Refuse too deep a nesting, and a list of more members than a request may have resources."""
    level: list[Any] = [value]
    for _ in range(limits.depth):
        if any(isinstance(holder, list) and len(holder) > limits.entries for holder in level):
            place = _places(value, lambda _, holder: isinstance(holder, list) and len(holder) > limits.entries)
            raise TooLargeError(f"The request holds a list of more than {limits.entries} members.", *place)
        level = [
            item
            for holder in level
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    place = _places(value, lambda depth, _: depth == limits.depth)
    text = f"The request is nested deeper than {limits.depth} levels, the most this service takes."
    raise TooLargeError(text, *place)


def _places(value: object, is_at_fault: Callable[[int, object], bool]) -> tuple[str, ...]:
    """The place of the first object or list at fault, such as ``prefetch.conditions.entry[3].resource``.

    Only names that every request has are told: where another one comes, the place ends before it; there may be none.

    Args:
        value: the value of a document.
        is_at_fault: of a depth, 0 for the value itself, and an object or list there.
    """
    level: list[tuple[str, bool, object]] = [("", True, value)]
    depth = 0
    while level:
        for place, _, holder in level:
            if is_at_fault(depth, holder):
                return (place,) if place else ()
        level = [
            (*_place_below(place, is_whole, name), item)
            for place, is_whole, holder in level
            for name, item in _members(holder)
            if isinstance(item, dict | list)
        ]
        depth += 1
    return ()


def _members(holder: object) -> Iterable[tuple[str | int, object]]:
    if isinstance(holder, dict):
        return holder.items()
    return enumerate(holder) if isinstance(holder, list) else ()


def _place_below(place: str, is_whole: bool, name: str | int) -> tuple[str, bool]:
    """The place of a member, and whether all names on the way to it are known."""
    if not is_whole or (isinstance(name, str) and name not in _KNOWN_NAMES):
        return place, False
    if isinstance(name, int):
        return (place, False) if place.endswith("]") else (f"{place}[{name}]", True)
    return f"{place}.{name}" if place else name, True
