"""What SMART App Launch adds to OAuth: PKCE for every app, its own parameters, who the user is and who it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authlib.oauth2.rfc6749 import BaseGrant, InvalidRequestError, InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from authlib.oidc.core.errors import ConsentRequiredError
from flask import request as http_request
from joserfc.jwk import RSAKey

from cds_service.sandbox.smart.access import Access
from cds_service.sandbox.smart.authorizations import Authorization
from cds_service.sandbox.smart.clients import Client


class OnlyS256(CodeChallenge):
    """PKCE for every app, by S256: ``plain`` would show the verifier to whoever sees the request."""

    def __init__(self) -> None:
        super().__init__(required=True)
        self.DEFAULT_CODE_CHALLENGE_METHOD = "S256"
        self.SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: BaseGrant, redirect_uri: str) -> None:
        """Check that the request has a challenge, by S256."""
        sent = http_request.args
        if not sent.get("code_challenge") or sent.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A code_challenge by S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class LaunchParameters:
    """Checks of what SMART demands of an authorization request beyond OAuth: ``aud``, ``state`` and ``launch``."""

    def __init__(self, access: Access, absolute_url: Callable[..., str]) -> None:
        self.access = access
        self.absolute_url = absolute_url

    def __call__(self, grant: BaseGrant) -> None:
        """Add the checks to a grant."""
        grant.register_hook("after_validate_authorization_request_payload", self._check)

    def _check(self, grant: BaseGrant, _result: None) -> None:
        sent = http_request.args
        if sent.get("aud", "").rstrip("/") != self.absolute_url():
            raise InvalidRequestError("aud must be the base URL of this FHIR server.")
        if not grant.request.scope:
            raise InvalidScopeError()
        if not sent.get("state"):
            raise InvalidRequestError("A state is required.")
        if sent.get("prompt") == "none":
            raise ConsentRequiredError()
        launch = sent.get("launch")
        if ("launch" in grant.request.scope.split()) != (launch is not None):
            raise InvalidRequestError("The scope launch and the parameter launch belong together.")
        if launch is not None and self.access.launches.read(launch, self.access.clock()) is None:
            raise InvalidRequestError("The launch is not known here, was used, or is too old.")


def name_the_patient(grant: BaseGrant) -> None:
    """Adds the patient in context to the token response."""
    grant.register_hook("after_create_token_response", _name_the_patient)


def _name_the_patient(grant: BaseGrant, response: tuple[int, dict[str, Any], Any]) -> None:
    authorization: Authorization | None = grant.request.authorization_code
    if authorization is not None and authorization.patient is not None:
        response[1].update({"patient": authorization.patient, "need_patient_banner": True})


class IdToken(OpenIDCode):
    """The id token: who is at the screen, signed by RS256."""

    def __init__(self, absolute_url: Callable[..., str], signing_key: Callable[[], RSAKey]) -> None:
        super().__init__()
        self.absolute_url = absolute_url
        self.signing_key = signing_key

    def exists_nonce(self, _nonce: str, _request: OAuth2Request) -> bool:
        """False: a code is good once and bound to its verifier, so a nonce sent twice opens nothing."""
        return False

    def resolve_client_private_key(self, _client: Client) -> RSAKey:
        """The key of the sandbox."""
        return self.signing_key()

    def get_encode_header(self, _client: Client) -> dict[str, Any]:
        """The header of the token."""
        return {"alg": "RS256", "typ": "JWT", "kid": self.signing_key().kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        """The issuer and the audience."""
        return {"iss": self.absolute_url(), "aud": client.id_}

    def generate_user_info(self, user: str, scope: str) -> UserInfo:
        """The user: a subject, and the resource where the app may know it."""
        known = {"fhirUser", "profile"}.intersection(scope.split())
        return UserInfo(sub=user.rpartition("/")[2], **({"fhirUser": self.absolute_url(user)} if known else {}))
