"""Request bodies: read as FHIR JSON, and validated against R4 before they are stored."""

from __future__ import annotations

import re

import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import SERVED_TYPES, Resource

MEDIA_TYPE = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"

_JSON = (MEDIA_TYPE, "application/json")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


def read_json(data: bytes, media_type: str) -> Resource:
    """The JSON object that a request carries.

    Raises:
        RefusedError: the media type is not JSON, or the body is not a JSON object.
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


def check_type(resource_type: str) -> None:
    """Check that the sandbox stores this type of resource.

    Raises:
        RefusedError: it does not.
    """
    if resource_type not in SERVED_TYPES:
        raise RefusedError(404, "not-supported", "The sandbox does not keep this type of resource.")


def check_resource(resource: object, resource_type: str, id_: str | None = None) -> Resource:
    """The resource, after checking its type, its id where one is given, and its validity by R4.

    Raises:
        RefusedError: a check failed. The diagnostics name the invalid elements without their values.
    """
    check_type(resource_type)
    if not isinstance(resource, dict) or resource.get("resourceType") != resource_type:
        raise RefusedError(400, "structure", f"The body is not a {resource_type}.")
    if id_ is not None and not _ID.fullmatch(id_):
        raise RefusedError(400, "value", "The id may have up to 64 letters, digits, dots and hyphens.")
    if id_ is not None and resource.get("id") != id_:
        raise RefusedError(400, "value", "The id of the body is not that of the address.")
    try:
        get_fhir_model_class(resource_type).model_validate(resource)
    except ValidationError as invalid:
        places = sorted({".".join(str(step) for step in error["loc"]) for error in invalid.errors()})
        raise RefusedError(422, "invalid", f"Not a valid R4 {resource_type}; see: {', '.join(places)}.") from None
    except RecursionError:
        raise RefusedError(422, "invalid", "The body is nested too deeply.") from None
    return resource
