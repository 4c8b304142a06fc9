"""The body of a call: bytes to JSON, within the limits of the configuration."""

from __future__ import annotations

from typing import Any

from cds_service.config import RequestLimits
from cds_service.errors import MalformedRequestError, NotJsonError, TooLargeError, WrongContentTypeError
from cds_service.hooks.document import NotADocumentError, Outline, parse, refuse_doubles

_PLAIN = ("", "identity")


def require_json(content_type: str, encoding: str) -> None:
    """Refuse a body that is not declared to be plain JSON.

    Args:
        content_type: the media type, without parameters, in lower case.
        encoding: the Content-Encoding, empty if none.

    Raises:
        WrongContentTypeError: another media type, or a compressed body.
    """
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise WrongContentTypeError("The request must be JSON (Content-Type: application/json).")
    if encoding.strip().lower() not in _PLAIN:
        raise WrongContentTypeError("The request must not be compressed (no Content-Encoding).")


def sound_object(data: bytes, limits: RequestLimits) -> dict[str, Any]:
    """The JSON object that a body holds, looked at whole.

    Raises:
        TooLargeError, NotJsonError, MalformedRequestError: as :func:`parse_object` and :func:`require_sound`.
    """
    value = parse_object(data, limits)
    require_sound(data, value, limits)
    return value


def parse_object(data: bytes, limits: RequestLimits) -> dict[str, Any]:
    """The JSON object that a body holds, before it is looked at what sort of one.

    Raises:
        TooLargeError: more bytes than the limits allow.
        NotJsonError: not UTF-8, or not JSON (the message has line and column).
        MalformedRequestError: JSON, but no object.
    """
    if len(data) > limits.bytes:
        raise too_many_bytes(limits.bytes)
    try:
        value = parse(data)
    except NotADocumentError as error:
        if "UTF-8" in error.reason:
            raise NotJsonError("The request is not text in UTF-8.") from None
        raise NotJsonError(f"The request is not valid JSON at line {error.line}, column {error.column}.") from None
    if not isinstance(value, dict):
        raise MalformedRequestError([("request", "must be a JSON object")])
    return value


def require_sound(data: bytes, value: dict[str, Any], limits: RequestLimits) -> None:
    """Refuse an object that is not to be read: ``value`` is what was parsed of ``data``.

    Raises:
        TooLargeError: deeper nesting or longer lists than the limits allow.
        NotJsonError: an object in it has a member twice: which of the two was meant, nobody can tell.
    """
    outline = Outline.of(data)
    if outline.is_deeper(limits.depth) or outline.longest_list > limits.entries:
        _require_within(value, limits)
    try:
        refuse_doubles(data, value, outline)
    except NotADocumentError:
        raise NotJsonError("The request holds an object with the same member twice.") from None


def too_many_bytes(most: int) -> TooLargeError:
    """The error of a body of more bytes than are taken."""
    return TooLargeError(f"The request is larger than {most} bytes, the most this service takes.")


def _require_within(value: object, limits: RequestLimits) -> None:
    """Refuse too deep a nesting, and a list of more members than there may be resources, whatever they are."""
    level: list[Any] = [value]
    for _ in range(limits.depth):
        if any(isinstance(holder, list) and len(holder) > limits.entries for holder in level):
            raise TooLargeError(f"The request holds a list of more than {limits.entries} members.")
        level = [
            item
            for holder in level
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise TooLargeError(f"The request is nested deeper than {limits.depth} levels, the most this service takes.")
