"""The embedded FHIR R4 sandbox over HTTP: the invented patients, in memory, with what real servers do and get wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import format_datetime
from typing import Any

import orjson
from flask import Blueprint, Response, g, request, url_for
from werkzeug.exceptions import HTTPException

from cds_service.sandbox.fhir_server.bodies import FORM, MEDIA_TYPE, read_json
from cds_service.sandbox.fhir_server.capability import NOTICE, capability_statement
from cds_service.sandbox.fhir_server.faults import HEADER, Faults, broken
from cds_service.sandbox.fhir_server.interactions import Done, Interactions, etag
from cds_service.sandbox.fhir_server.paging import Paging, ResultPage
from cds_service.sandbox.fhir_server.refusal import RefusedError
from cds_service.sandbox.fhir_server.search import Parameters
from cds_service.sandbox.fhir_server.store import Resource, Store
from cds_service.sandbox.fhir_server.transaction import Processor
from cds_service.sandbox.smart.access import Access, require
from cds_service.sandbox.smart.token_endpoint import serve_smart
from cds_service.trust.addresses import is_loopback, is_loopback_host

MAX_PER_PAGE = 200
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]

# What must be reached without a token, and whatever fault is set.
_ALWAYS_OPEN = frozenset({"metadata", "smart_configuration", "register", "token", "faults"})


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the sandbox behaves where FHIR leaves it to the server: who may read, how long a page is, what goes wrong."""

    access: Access = field(default_factory=Access)
    most_per_page: int = MAX_PER_PAGE
    faults: Faults = field(default_factory=Faults)


def sandbox(store: Store, on: date, behaviour: Behaviour | None = None) -> Blueprint:
    """The blueprint to register under ``/fhir``; ``on`` is the demonstration's date."""
    chosen = behaviour or Behaviour()
    blueprint = Blueprint("fhir", __name__)
    serve_smart(blueprint, chosen.access, _address)
    _serve_faults(blueprint, chosen.faults)
    _serve_resources(blueprint, Interactions(store, Paging(), chosen.most_per_page), chosen.faults)

    @blueprint.get("/metadata")
    def metadata() -> Response:
        return _answer(capability_statement(on, _address, demands_token=chosen.access.demanded))

    @blueprint.route("/", methods=EVERY_METHOD)
    @blueprint.route("/<path:rest>", methods=EVERY_METHOD)
    def unsupported(rest: str = "") -> Response:  # noqa: ARG001 - Flask passes it by name
        raise RefusedError(405, "not-supported", f"The sandbox does not do this; /metadata says what it does. {NOTICE}")

    @blueprint.before_request
    def admit() -> None:
        if (request.endpoint or "").rpartition(".")[2] in _ALWAYS_OPEN:
            return
        g.fault = chosen.faults.meet((request.view_args or {}).get("kind"))
        g.grant = chosen.access.admit(request.headers.get("Authorization"))

    @blueprint.after_request
    def name_the_fault(response: Response) -> Response:
        if g.get("fault"):
            response.headers[HEADER] = g.fault
        return response

    @blueprint.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        answer = _answer(error.outcome, error.status)
        answer.headers.update(error.headers)
        return answer

    @blueprint.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> Response:
        return refused(RefusedError(error.code or 500, "processing", error.description or error.name))

    return blueprint


def _serve_resources(blueprint: Blueprint, own: Interactions, faults: Faults) -> None:
    @blueprint.get("/<kind>/<id_>")
    def read(kind: str, id_: str) -> Response:
        require(g.grant, kind, "r")
        return _told(own.read(kind, id_, unless=request.headers.get("If-None-Match")))

    @blueprint.get("/<kind>/<id_>/_history/<version>")
    def read_version(kind: str, id_: str, version: str) -> Response:
        require(g.grant, kind, "r")
        return _told(own.read_version(kind, id_, version))

    @blueprint.get("/<kind>")
    def search(kind: str) -> Response:
        return found(kind, list(request.args.items(multi=True)))

    @blueprint.post("/<kind>/_search")
    def search_by_post(kind: str) -> Response:
        if request.mimetype != FORM and request.get_data():
            raise RefusedError(415, "not-supported", f"The body must be declared as {FORM}.")
        return found(kind, [*request.args.items(multi=True), *request.form.items(multi=True)])

    @blueprint.post("/<kind>")
    def create(kind: str) -> Response:
        require(g.grant, kind, "c")
        condition = request.headers.get("If-None-Exist")
        if condition is not None:
            require(g.grant, kind, "s")
        return _told(own.create(_sent(), kind, if_none_exist=condition))

    @blueprint.put("/<kind>/<id_>")
    def update(kind: str, id_: str) -> Response:
        require(g.grant, kind, "u")
        return _told(own.update(_sent(), kind, id_, if_match=request.headers.get("If-Match")))

    @blueprint.delete("/<kind>/<id_>")
    def delete(kind: str, id_: str) -> Response:
        require(g.grant, kind, "d")
        return _told(own.delete(kind, id_, if_match=request.headers.get("If-Match")))

    @blueprint.post("/", strict_slashes=False)
    def process() -> Response:
        grant = g.grant
        processor = Processor(
            own,
            _address(),
            lambda kind, letter: require(grant, kind, letter),
            _may_read(grant),
            shows=not _prefers("return=minimal"),
        )
        return _answer(processor.process(_sent()))

    def found(kind: str, parameters: Parameters) -> Response:
        require(g.grant, kind, "s")
        lenient = _prefers("handling=lenient")
        page = own.search(kind, parameters, lenient=lenient, most=faults.page_size(kind))
        return _page(page, own.searchset(page, _address(), _may_read(g.grant)), faults)


def _serve_faults(blueprint: Blueprint, faults: Faults) -> None:
    @blueprint.route("/faults", methods=["GET", "PUT", "DELETE"], endpoint="faults")
    def control() -> Response:
        # By the name it is called by as well: a page elsewhere may have its own name lead here.
        if not (is_loopback_host(request.remote_addr or "") and is_loopback(request.host_url)):
            raise RefusedError(403, "forbidden", "Faults are set from this machine alone.")
        if request.method == "PUT":
            faults.set(read_json(request.get_data(), request.mimetype))
        if request.method == "DELETE":
            faults.set({"faults": []})
        return _answer(faults.told(), media_type="application/json")


def _page(page: ResultPage, bundle: Resource, faults: Faults) -> Response:
    fault = faults.broken_page(page.finding.kind, page.number, is_last=page.number == page.finding.pages)
    if fault is None:
        return _answer(bundle)
    g.fault = fault
    return _answer(broken(fault, bundle))


def _sent() -> Resource:
    return read_json(request.get_data(), request.mimetype)


def _prefers(what: str) -> bool:
    return what in [part.strip() for part in request.headers.get("Prefer", "").replace(";", ",").split(",")]


def _may_read(grant: Any) -> Callable[[str], bool]:
    return lambda kind: grant is None or grant.allows(kind, "r")


def _address(*steps: str) -> str:
    return "/".join([url_for("fhir.unsupported", _external=True).rstrip("/"), *steps])


def _told(done: Done) -> Response:
    """The answer to an interaction with one resource, with its version in the headers."""
    resource = done.resource
    if resource is None:
        return Response(status=done.status)
    shown = done.status != 304 and not (done.written and _prefers("return=minimal"))
    answer = _answer(resource if shown else b"", done.status)
    answer.headers["ETag"] = etag(resource)
    changed = datetime.fromisoformat(resource["meta"]["lastUpdated"])
    answer.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    if done.written:
        kind, version = resource["resourceType"], resource["meta"]["versionId"]
        answer.headers["Location"] = _address(kind, resource["id"], "_history", version)
    return answer


def _answer(body: dict[str, Any] | bytes, status: int = 200, media_type: str = MEDIA_TYPE) -> Response:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    answer = Response(data, status, content_type=f"{media_type}; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer
