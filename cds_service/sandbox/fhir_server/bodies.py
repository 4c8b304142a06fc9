"""What is sent to the sandbox: JSON of FHIR, and valid by R4 before it is kept."""

from __future__ import annotations

import re

import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from cds_service.sandbox.fhir_server.refusal import RefusedError
from cds_service.sandbox.fhir_server.store import SERVED_TYPES, Resource

MEDIA_TYPE = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"

_JSON = (MEDIA_TYPE, "application/json")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


def read_json(data: bytes, media_type: str) -> Resource:
    """The JSON object that a request carries.

    Raises:
        RefusedError: it is declared as something else, or is something else.
    """
    if media_type not in _JSON:
        raise RefusedError(415, "not-supported", f"The body must be declared as {MEDIA_TYPE}.")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise RefusedError(400, "structure", "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise RefusedError(400, "structure", "The body is not a resource.")
    return value


def check_kind(kind: str) -> None:
    """Refuse a type that the sandbox does not keep.

    Raises:
        RefusedError: it is one.
    """
    if kind not in SERVED_TYPES:
        raise RefusedError(404, "not-supported", "The sandbox does not keep this type of resource.")


def check_resource(resource: object, kind: str, id_: str | None = None) -> Resource:
    """The resource, once it is known to be a valid one of this type, with this id where one is given.

    Raises:
        RefusedError: it is not; where it is wrong is said, what stands there is not.
    """
    check_kind(kind)
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        raise RefusedError(400, "structure", f"The body is not a {kind}.")
    if id_ is not None and not _ID.fullmatch(id_):
        raise RefusedError(400, "value", "The id may have up to 64 letters, digits, dots and hyphens.")
    if id_ is not None and resource.get("id") != id_:
        raise RefusedError(400, "value", "The id of the body is not that of the address.")
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as invalid:
        places = sorted({".".join(str(step) for step in error["loc"]) for error in invalid.errors()})
        raise RefusedError(422, "invalid", f"Not a valid R4 {kind}; see: {', '.join(places)}.") from None
    except RecursionError:
        raise RefusedError(422, "invalid", "The body is nested too deeply.") from None
    return resource
