"""The endpoints of SMART: discovery, client registration, tokens, and the keys that id tokens are signed with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson
from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, request
from joserfc.jwk import RSAKey

from cds_service.sandbox.fhir_store.bodies import FORM, read_json
from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import Store
from cds_service.sandbox.smart.access import Access
from cds_service.sandbox.smart.authorization_server import SandboxServer
from cds_service.sandbox.smart.authorize_page import serve_authorization
from cds_service.sandbox.smart.clients import (
    ALGORITHMS,
    BACKEND_GRANT,
    BY_KEY,
    BY_SECRET,
    LAUNCH_GRANT,
    PUBLIC,
    REFRESH_GRANT,
    OAuthError,
)
from cds_service.sandbox.smart.scopes import OFFERED

GRANTS = (LAUNCH_GRANT, REFRESH_GRANT, BACKEND_GRANT)
CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-ehr-patient",
    "context-standalone-patient",
    "context-banner",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)


def serve_smart(blueprint: Blueprint, access: Access, store: Store, absolute_url: Callable[..., str]) -> None:
    """Add the endpoints to a FHIR server's blueprint.

    Args:
        blueprint: the blueprint of the server.
        access: where clients and tokens are kept.
        store: the records, whose patients a person chooses from.
        absolute_url: makes a path below the base an absolute URL.
    """
    server = SandboxServer(access, absolute_url, _signing_key)
    serve_authorization(blueprint, server, store)
    _serve_discovery(blueprint, absolute_url)

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
        if request.args or any(len(values) > 1 for _, values in request.form.lists()):
            raise OAuthError(400, "invalid_request", "Each parameter stands in the body, once.")
        if "grant_type" not in request.form:
            raise OAuthError(400, "invalid_request", "The grant_type is missing.")
        if request.form["grant_type"] not in GRANTS:
            raise OAuthError(400, "unsupported_grant_type", f"The sandbox knows {', '.join(GRANTS)}.")
        return server.token_response()

    @blueprint.errorhandler(OAuthError)
    def refused(error: OAuthError) -> Response:
        answer = _json({"error": error.error, "error_description": error.description}, error.status)
        if error.status == 401:
            answer.headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
        return answer

    @blueprint.errorhandler(OAuth2Error)
    def not_understood(error: OAuth2Error) -> Response:
        return _json({"error": error.error, "error_description": error.get_error_description()}, error.status_code)


def _serve_discovery(blueprint: Blueprint, absolute_url: Callable[..., str]) -> None:
    @blueprint.get("/.well-known/smart-configuration")
    def smart_configuration() -> Response:
        return _json(
            _endpoints(absolute_url)
            | {
                "registration_endpoint": absolute_url("auth", "register"),
                "grant_types_supported": list(GRANTS),
                "token_endpoint_auth_methods_supported": [PUBLIC, BY_KEY, *BY_SECRET],
                "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
                "scopes_supported": list(OFFERED),
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "capabilities": list(CAPABILITIES),
            }
        )

    @blueprint.get("/.well-known/openid-configuration")
    def openid_configuration() -> Response:
        return _json(
            _endpoints(absolute_url)
            | {
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "claims_supported": ["sub", "fhirUser"],
            }
        )

    @blueprint.get("/auth/jwks")
    def jwks() -> Response:
        return _json({"keys": [_signing_key().as_dict(private=False)]})


def _endpoints(absolute_url: Callable[..., str]) -> dict[str, Any]:
    return {
        "issuer": absolute_url(),
        "jwks_uri": absolute_url("auth", "jwks"),
        "authorization_endpoint": absolute_url("auth", "authorize"),
        "token_endpoint": absolute_url("auth", "token"),
    }


@cache
def _signing_key() -> RSAKey:
    """The key of id tokens, new in each process and made when it is first needed."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    answer = Response(orjson.dumps(body), status, content_type="application/json")
    answer.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return answer
