"""The embedded FHIR R4 sandbox: read, search and create over the invented patients, in memory."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

import orjson
from fhir.resources.R4B import get_fhir_model_class
from flask import Blueprint, Response, request, url_for
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from cds_service.sandbox.store import SEARCH_PARAMETERS, SERVED_TYPES, Resource, Store, UnsupportedSearchError

MEDIA_TYPE = "application/fhir+json"
NOTICE = "Sandbox of the Benzo-CDS demonstration. Every patient in it is invented; nothing in it may be used for care."
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def sandbox(store: Store, on: date) -> Blueprint:
    """The blueprint to register under ``/fhir``; ``on`` is the demonstration's date."""
    blueprint = Blueprint("fhir", __name__)

    @blueprint.get("/metadata")
    def metadata() -> Response:
        return _answer(_capability(on))

    @blueprint.get("/<kind>/<id_>")
    def read(kind: str, id_: str) -> Response:
        found = store.read(kind, id_)
        return _answer(found) if found else _outcome(404, "not-found", f"There is no such {_served(kind)} here.")

    @blueprint.get("/<kind>")
    def search(kind: str) -> Response:
        return _search(store, kind, request.args.to_dict())

    @blueprint.post("/<kind>/_search")
    def search_by_post(kind: str) -> Response:
        return _search(store, kind, request.args.to_dict() | request.form.to_dict())

    @blueprint.post("/<kind>")
    def create(kind: str) -> Response:
        resource, problem = _read_body(kind)
        if problem is not None:
            return problem
        kept = store.create(resource)
        answer = _answer(kept, 201)
        answer.headers["Location"] = _address(kind, kept["id"]) + "/_history/1"
        answer.headers["ETag"] = 'W/"1"'
        return answer

    @blueprint.route("/", methods=EVERY_METHOD)
    @blueprint.route("/<path:rest>", methods=EVERY_METHOD)
    def unsupported(rest: str = "") -> Response:  # noqa: ARG001 - Flask passes it by name
        return _outcome(405, "not-supported", f"The sandbox reads, searches and creates, and nothing else. {NOTICE}")

    @blueprint.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return _outcome(error.code or 500, "processing", error.description or error.name)

    return blueprint


def _search(store: Store, kind: str, parameters: dict[str, str]) -> Response:
    if kind not in SERVED_TYPES:
        return _outcome(404, "not-supported", "The sandbox does not keep this type of resource.")
    own_address = _address(kind)
    asked = urlencode(parameters)
    parameters.pop("_format", None)
    page = [parameters.pop("_count", ""), parameters.pop("_offset", "")]
    if not all(value.isdecimal() for value in page if value):
        return _outcome(400, "invalid", "_count and _offset are whole numbers.")
    count, start = (int(value) if value else None for value in page)
    try:
        found = store.search(kind, parameters)
    except UnsupportedSearchError as unsupported:
        return _outcome(400, "not-supported", f"The sandbox cannot search by: {unsupported}.")
    start = start or 0
    end = len(found) if count is None else start + count
    links = [{"relation": "self", "url": f"{own_address}?{asked}" if asked else own_address}]
    if count and end < len(found):
        following = urlencode(parameters | {"_count": count, "_offset": end})
        links.append({"relation": "next", "url": f"{own_address}?{following}"})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links}
    entries = [
        {"fullUrl": _address(kind, resource["id"]), "resource": resource, "search": {"mode": "match"}}
        for resource in found[start:end]
    ]
    # FHIR forbids empty arrays.
    return _answer(bundle | ({"entry": entries} if entries else {}))


def _read_body(kind: str) -> tuple[Resource, Response | None]:
    """The resource that the request carries, or the answer that says why it cannot be kept."""
    if kind not in SERVED_TYPES:
        return {}, _outcome(404, "not-supported", "The sandbox does not keep this type of resource.")
    try:
        resource = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        return {}, _outcome(400, "structure", "The body is not JSON.")
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        return {}, _outcome(400, "structure", f"The body is not a {kind}.")
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as invalid:
        places = sorted({".".join(str(step) for step in error["loc"]) for error in invalid.errors()})
        return {}, _outcome(422, "invalid", f"Not a valid R4 {kind}; see: {', '.join(places)}.")
    except RecursionError:
        return {}, _outcome(422, "invalid", "The body is nested too deeply.")
    return resource, None


def _served(kind: str) -> str:
    return kind if kind in SERVED_TYPES else "resource"


def _address(*steps: str) -> str:
    return "/".join([url_for("fhir.unsupported", _external=True).rstrip("/"), *steps])


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    answer = Response(orjson.dumps(body), status, content_type=f"{MEDIA_TYPE}; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _outcome(status: int, code: str, text: str) -> Response:
    issue = {"severity": "error", "code": code, "diagnostics": text}
    return _answer({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def _capability(on: date) -> dict[str, Any]:
    interactions = [{"code": code} for code in ("read", "search-type", "create")]
    parameters = [{"name": name, "type": kind} for name, kind in SEARCH_PARAMETERS.items()]
    return {
        "resourceType": "CapabilityStatement",
        "name": "BenzoCDSSandbox",
        "title": "Benzo-CDS sandbox with invented patients",
        "status": "active",
        "experimental": True,
        "date": on.isoformat(),
        "description": NOTICE,
        "kind": "instance",
        "implementation": {"description": NOTICE, "url": _address()},
        "fhirVersion": "4.0.1",
        "format": ["json", MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "documentation": NOTICE,
                "resource": [
                    {"type": kind, "interaction": interactions, "searchParam": _parameters_of(kind, parameters)}
                    for kind in SERVED_TYPES
                ],
            }
        ],
    }


def _parameters_of(kind: str, parameters: list[dict[str, str]]) -> list[dict[str, str]]:
    about_patient = {"patient", "subject", "status"}
    left_out = about_patient if kind == "Patient" else {"name"}
    return [parameter for parameter in parameters if parameter["name"] not in left_out]
