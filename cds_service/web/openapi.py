"""The addresses of the service as an OpenAPI document, to generate clients, proxies or tests from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from flask import Flask, Response

from cds_service.hooks.outcome import CONTENT_TYPE
from cds_service.services import SERVICES
from cds_service.version import program_version
from cds_service.web.replies import json_response

_JSON = "application/json"
_SCHEMAS = {
    "Discovery": "cds-hooks-discovery",
    "HookResponse": "cds-hooks-response",
    "Feedback": "cds-hooks-feedback",
}
_REFUSALS = {
    "400": "Not JSON, a member missing or of the wrong kind, or of another hook",
    "401": "The caller is not who it must be",
    "404": "There is nothing at this address",
    "405": "The address does not answer to this method",
    "408": "The request was not sent in time",
    "412": "What the judgement cannot do without was not sent and could not be fetched",
    "413": "Larger, deeper or of more resources than the limits",
    "415": "Not JSON, or compressed",
    "421": "Without tenants: addressed to another host than this machine",
    "429": "The client makes more calls than the service answers for it in a minute",
    "500": "A defect of the service: no judgement was made",
    "503": "Given up in its time, or being stopped: no judgement was made",
}
_ALWAYS = ("401", "404", "421", "500")
_WITH_BODY = ("400", "401", "404", "408", "413", "415", "421", "429", "500", "503")


@cache
def openapi() -> Mapping[str, Any]:
    """The document."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Benzo-CDS",
            "version": program_version(),
            "summary": "Decision support for sedative safety, over CDS Hooks",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/cds-services": {"get": _read("The list of services", "Discovery", called_by_ehr=True)},
            **{f"/cds-services/{identity}": {"post": _call(identity)} for identity in SERVICES},
            **{f"/cds-services/{identity}/feedback": {"post": _feedback(identity)} for identity in SERVICES},
            "/health/live": {"get": _read("Whether the process answers", "Health")},
            "/health/ready": {"get": _ready()},
            "/metrics": {"get": _metrics()},
            "/review/performance": {"get": _performance()},
            "/review/style.css": {"get": _page("Its style", "text/css")},
            "/about": {"get": _page_or_json("What the service is, for whom and for what")},
            "/about/style.css": {"get": _style()},
            "/source-attributes": {"get": _page_or_json("Source attributes of every finding (45 CFR 170.315(b)(11))")},
            "/source-attributes.json": {
                "get": _read("The source attributes as JSON, whatever is accepted", "Document")
            },
            "/openapi.json": {"get": _read("This document", "Document")},
        },
        "components": {
            "securitySchemes": {
                "ehr": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "CDS Hooks token"},
                "metrics": {"type": "http", "scheme": "bearer", "description": "The secret of the metrics"},
                "operator": {"type": "http", "scheme": "basic", "description": "The same secret, as the password"},
            },
            "schemas": {
                **{name: _schema(file) for name, file in _SCHEMAS.items()},
                "OperationOutcome": _OUTCOME,
                "Health": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
                "Received": {
                    "type": "object",
                    "required": ["received"],
                    "properties": {"received": {"type": "integer", "minimum": 0}},
                },
                "Document": {"type": "object"},
            },
        },
    }


def serve_openapi(app: Flask) -> None:
    """Answer ``/openapi.json``."""

    @app.get("/openapi.json")
    def document() -> Response:
        return json_response(openapi())


_OUTCOME = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code", "details"],
                "properties": {"severity": {"const": "error"}, "code": {"type": "string"}},
            },
        },
    },
}


def _schema(file: str) -> Any:
    """A JSON Schema of this package as a part of the document: without ``$id`` and ``$schema``."""
    text = files("cds_service.web").joinpath(f"schemas/{file}.schema.json").read_text(encoding="utf-8")
    return {name: value for name, value in orjson.loads(text).items() if name not in ("$id", "$schema")}


def _request_of(hook: str) -> dict[str, Any]:
    """The schema of the request of one hook, with the context of that hook."""
    schema = _schema("cds-hooks-request")
    properties = schema["properties"]
    for case in schema.pop("allOf"):
        if case["if"]["properties"]["hook"]["const"] == hook:
            properties["context"] |= case["then"]["properties"]["context"]
    properties["hook"] = {"const": hook}
    return dict(schema)


def _content(name: str, media: str = _JSON) -> dict[str, Any]:
    return {media: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _responses(success: Mapping[str, Any], *refusals: str) -> dict[str, Any]:
    refused = {
        code: {"description": _REFUSALS[code], "content": _content("OperationOutcome", CONTENT_TYPE)}
        for code in refusals
    }
    return {"200": success, **refused}


def _read(summary: str, schema: str, *, called_by_ehr: bool = False) -> dict[str, Any]:
    success = {"description": summary, "content": _content(schema)}
    operation = {"summary": summary, "responses": _responses(success, *_ALWAYS)}
    return operation | ({"security": [{"ehr": []}, {}]} if called_by_ehr else {})


def _ready() -> dict[str, Any]:
    operation = _read("With what the service would answer", "Health")
    draining = {"description": "The service is being stopped", "content": _content("Health")}
    return operation | {"responses": operation["responses"] | {"503": draining}}


def _metrics() -> dict[str, Any]:
    success = {"description": "Counts for Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {"summary": "Counts", "security": [{"metrics": []}, {}], "responses": _responses(success, *_ALWAYS)}


def _page(summary: str, kind: str) -> dict[str, Any]:
    success = {"description": summary, "content": {kind: {"schema": {"type": "string"}}}}
    responses = _responses(success, *_ALWAYS) | {"401": {"description": "The secret is asked for"}}
    return {"summary": summary, "security": [{"metrics": []}, {"operator": []}, {}], "responses": responses}


def _performance() -> dict[str, Any]:
    days = [
        {"name": name, "in": "query", "schema": {"type": "string", "format": "date"}} for name in ("since", "until")
    ]
    return _page("How the findings do, between two days", "text/html") | {"parameters": days}


def _page_or_json(summary: str) -> dict[str, Any]:
    """A page where the caller's ``Accept`` prefers HTML, else JSON."""
    content = {"text/html": {"schema": {"type": "string"}}} | _content("Document")
    success = {"description": "A page, or JSON where the caller does not prefer HTML", "content": content}
    return {"summary": summary, "responses": _responses(success, *_ALWAYS)}


def _style() -> dict[str, Any]:
    success = {"description": "The style of the pages", "content": {"text/css": {"schema": {"type": "string"}}}}
    return {"summary": "The style of the pages", "responses": _responses(success, *_ALWAYS)}


def _call(identity: str) -> dict[str, Any]:
    service = SERVICES[identity]
    success = {"description": "Cards, or none", "content": _content("HookResponse")}
    return {
        "summary": service.title,
        "description": f"{service.description} The `hook` of the request must be `{service.hook}`.",
        "security": [{"ehr": []}, {}],
        "requestBody": {"required": True, "content": {_JSON: {"schema": _request_of(service.hook)}}},
        "responses": _responses(success, "412", *_WITH_BODY),
    }


def _feedback(identity: str) -> dict[str, Any]:
    success = {"description": "How many were taken", "content": _content("Received")}
    return {
        "summary": f"What became of cards of {identity}",
        "security": [{"ehr": []}, {}],
        "requestBody": {"required": True, "content": _content("Feedback")},
        "responses": _responses(success, *_WITH_BODY),
    }
