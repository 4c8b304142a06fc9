"""The sandbox's FHIR R4 server over HTTP, with the access control and the faults of real servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email.utils import format_datetime
from typing import Any

import orjson
from flask import Blueprint, Response, g, request, url_for
from werkzeug.exceptions import HTTPException

from cds_service.sandbox.fhir_server.capability import NOTICE, capability_statement
from cds_service.sandbox.fhir_server.faults import HEADER, Faults, corrupted
from cds_service.sandbox.fhir_server.interactions import InteractionResult, Interactions, etag
from cds_service.sandbox.fhir_server.paging import Paging, ResultPage
from cds_service.sandbox.fhir_server.patient_view import PatientView
from cds_service.sandbox.fhir_server.search import Parameters
from cds_service.sandbox.fhir_server.transaction import Processor
from cds_service.sandbox.fhir_store.bodies import FORM, MEDIA_TYPE, read_json
from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import Resource, Store
from cds_service.sandbox.smart.access import Access, require_permission
from cds_service.sandbox.smart.scopes import Grant
from cds_service.sandbox.smart.token_endpoint import serve_smart
from cds_service.trust.addresses import is_loopback, is_loopback_host

MAX_PER_PAGE = 200
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]

# The endpoints that need no token and that no fault affects.
_ALWAYS_OPEN = frozenset(
    {"metadata", "smart_configuration", "openid_configuration", "jwks", "register", "token", "faults"}
    | {"authorize", "answer", "style", "launch"}
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What varies between FHIR servers: access control, page size and faults."""

    access: Access = field(default_factory=Access)
    most_per_page: int = MAX_PER_PAGE
    faults: Faults = field(default_factory=Faults)


def sandbox(store: Store, on: date, behaviour: Behaviour | None = None) -> Blueprint:
    """The blueprint to register under ``/fhir``; ``on`` is the date of its CapabilityStatement."""
    active = behaviour or Behaviour()
    blueprint = Blueprint("fhir", __name__, template_folder="../smart/templates")
    serve_smart(blueprint, active.access, store, _absolute_url)
    _serve_faults(blueprint, active.faults)
    _serve_resources(blueprint, Interactions(store, Paging(), active.most_per_page), active.faults)

    @blueprint.get("/metadata")
    def metadata() -> Response:
        return _json_response(capability_statement(on, _absolute_url, demands_token=active.access.demanded))

    @blueprint.route("/", methods=EVERY_METHOD)
    @blueprint.route("/<path:rest>", methods=EVERY_METHOD)
    def unsupported(rest: str = "") -> Response:  # noqa: ARG001 - Flask passes it by name
        raise RefusedError(405, "not-supported", f"The sandbox does not do this; /metadata says what it does. {NOTICE}")

    @blueprint.before_request
    def admit() -> None:
        # A browser asks whether it may call before it does, and then without a token.
        if request.method == "OPTIONS" or (request.endpoint or "").rpartition(".")[2] in _ALWAYS_OPEN:
            return
        g.fault = active.faults.apply((request.view_args or {}).get("resource_type"))
        g.grant = active.access.admit(request.headers.get("Authorization"))

    @blueprint.after_request
    def name_the_fault(response: Response) -> Response:
        if g.get("fault"):
            response.headers[HEADER] = g.fault
        return response

    @blueprint.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        response = _json_response(error.outcome, error.status)
        response.headers.update(error.headers)
        return response

    @blueprint.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> Response:
        return refused(RefusedError(error.code or 500, "processing", error.description or error.name))

    return blueprint


def _serve_resources(blueprint: Blueprint, all_interactions: Interactions, faults: Faults) -> None:
    def interactions() -> Interactions:
        """What the holder of the request's token can do: all of it, or what concerns one patient."""
        grant: Grant | None = g.grant
        if grant is None or not any(scope.startswith("patient/") for scope in grant.scopes):
            return all_interactions
        return replace(all_interactions, store=PatientView(all_interactions.store, grant))

    @blueprint.get("/<resource_type>/<id_>")
    def read(resource_type: str, id_: str) -> Response:
        require_permission(g.grant, resource_type, "r")
        return _resource_response(
            interactions().read(resource_type, id_, if_none_match=request.headers.get("If-None-Match"))
        )

    @blueprint.get("/<resource_type>/<id_>/_history/<version>")
    def read_version(resource_type: str, id_: str, version: str) -> Response:
        require_permission(g.grant, resource_type, "r")
        return _resource_response(interactions().read_version(resource_type, id_, version))

    @blueprint.get("/<resource_type>")
    def search(resource_type: str) -> Response:
        return search_response(resource_type, list(request.args.items(multi=True)))

    @blueprint.post("/<resource_type>/_search")
    def search_by_post(resource_type: str) -> Response:
        if request.mimetype != FORM and request.get_data():
            raise RefusedError(415, "not-supported", f"The body must be declared as {FORM}.")
        return search_response(resource_type, [*request.args.items(multi=True), *request.form.items(multi=True)])

    @blueprint.post("/<resource_type>")
    def create(resource_type: str) -> Response:
        require_permission(g.grant, resource_type, "c")
        condition = request.headers.get("If-None-Exist")
        if condition is not None:
            require_permission(g.grant, resource_type, "s")
        return _resource_response(interactions().create(_body(), resource_type, if_none_exist=condition))

    @blueprint.put("/<resource_type>/<id_>")
    def update(resource_type: str, id_: str) -> Response:
        require_permission(g.grant, resource_type, "u")
        return _resource_response(
            interactions().update(_body(), resource_type, id_, if_match=request.headers.get("If-Match"))
        )

    @blueprint.delete("/<resource_type>/<id_>")
    def delete(resource_type: str, id_: str) -> Response:
        require_permission(g.grant, resource_type, "d")
        return _resource_response(interactions().delete(resource_type, id_, if_match=request.headers.get("If-Match")))

    @blueprint.post("/", strict_slashes=False)
    def process() -> Response:
        grant = g.grant
        processor = Processor(
            interactions(),
            _absolute_url(),
            lambda resource_type, permission: require_permission(grant, resource_type, permission),
            _may_read(grant),
            returns_resource=not _prefers("return=minimal"),
        )
        return _json_response(processor.process(_body()))

    def search_response(resource_type: str, parameters: Parameters) -> Response:
        require_permission(g.grant, resource_type, "s")
        lenient = _prefers("handling=lenient")
        page = interactions().search(
            resource_type, parameters, lenient=lenient, max_size=faults.page_size(resource_type)
        )
        return _page(page, interactions().searchset(page, _absolute_url(), _may_read(g.grant)), faults)


def _serve_faults(blueprint: Blueprint, faults: Faults) -> None:
    @blueprint.route("/faults", methods=["GET", "PUT", "DELETE"], endpoint="faults")
    def control() -> Response:
        # The Host header is checked too: a foreign page can make its own host name resolve to this machine.
        if not (is_loopback_host(request.remote_addr or "") and is_loopback(request.host_url)):
            raise RefusedError(403, "forbidden", "Faults are set from this machine alone.")
        if request.method == "PUT":
            faults.set(read_json(request.get_data(), request.mimetype))
        if request.method == "DELETE":
            faults.set({"faults": []})
        return _json_response(faults.as_json(), media_type="application/json")


def _page(page: ResultPage, bundle: Resource, faults: Faults) -> Response:
    fault = faults.page_fault(page.result.resource_type, page.number, is_last=page.number == page.result.pages)
    if fault is None:
        return _json_response(bundle)
    g.fault = fault
    return _json_response(corrupted(fault, bundle))


def _body() -> Resource:
    return read_json(request.get_data(), request.mimetype)


def _prefers(preference: str) -> bool:
    return preference in [part.strip() for part in request.headers.get("Prefer", "").replace(";", ",").split(",")]


def _may_read(grant: Grant | None) -> Callable[[str], bool]:
    return lambda resource_type: grant is None or grant.allows(resource_type, "r")


def _absolute_url(*steps: str) -> str:
    return "/".join([url_for("fhir.unsupported", _external=True).rstrip("/"), *steps])


def _resource_response(result: InteractionResult) -> Response:
    """The response to an interaction with one resource, with its version in the headers."""
    resource = result.resource
    if resource is None:
        return Response(status=result.status)
    shown = result.status != 304 and not (result.written and _prefers("return=minimal"))
    response = _json_response(resource if shown else b"", result.status)
    response.headers["ETag"] = etag(resource)
    changed = datetime.fromisoformat(resource["meta"]["lastUpdated"])
    response.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    if result.written:
        resource_type, version = resource["resourceType"], resource["meta"]["versionId"]
        response.headers["Location"] = _absolute_url(resource_type, resource["id"], "_history", version)
    return response


def _json_response(body: dict[str, Any] | bytes, status: int = 200, media_type: str = MEDIA_TYPE) -> Response:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    response = Response(data, status, content_type=f"{media_type}; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response
