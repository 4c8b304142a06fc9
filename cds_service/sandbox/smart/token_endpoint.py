"""The endpoints of SMART Backend Services: discovery, client registration and tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, request

from cds_service.sandbox.fhir_store.bodies import FORM, read_json
from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.smart.access import Access
from cds_service.sandbox.smart.clients import ALGORITHMS, BY_KEY, BY_SECRET, GRANT, OAuthError
from cds_service.sandbox.smart.scopes import OFFERED


def serve_smart(blueprint: Blueprint, access: Access, absolute_url: Callable[..., str]) -> None:
    """Add the endpoints to a FHIR server's blueprint; ``absolute_url`` makes a path below its base an absolute URL."""

    @blueprint.get("/.well-known/smart-configuration")
    def smart_configuration() -> Response:
        return _json(
            {
                "token_endpoint": absolute_url("auth", "token"),
                "registration_endpoint": absolute_url("auth", "register"),
                "grant_types_supported": [GRANT],
                "token_endpoint_auth_methods_supported": [BY_KEY, *BY_SECRET],
                "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
                "scopes_supported": list(OFFERED),
                # SMART requires the member even where there is no login.
                "code_challenge_methods_supported": ["S256"],
                "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
            }
        )

    @blueprint.post("/auth/register")
    def register() -> Response:
        try:
            metadata = read_json(request.get_data(), request.mimetype)
        except RefusedError as error:
            raise OAuthError(400, "invalid_client_metadata", error.text) from None
        return _json(access.clients.register(metadata), 201)

    @blueprint.post("/auth/token")
    def token() -> Response:
        if request.mimetype != FORM:
            raise OAuthError(400, "invalid_request", f"The body must be declared as {FORM}.")
        basic = request.headers.get("Authorization")
        return _json(access.issue(request.form.to_dict(), basic, absolute_url("auth", "token")))

    @blueprint.errorhandler(OAuthError)
    def refused(error: OAuthError) -> Response:
        answer = _json({"error": error.error, "error_description": error.description}, error.status)
        if error.status == 401:
            answer.headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
        return answer


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    answer = Response(orjson.dumps(body), status, content_type="application/json")
    answer.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return answer
