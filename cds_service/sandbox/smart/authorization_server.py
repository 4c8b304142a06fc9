"""The sandbox's OAuth 2 and SMART App Launch server: Authlib's, with what SMART adds to it.

An app is launched with the authorization code grant and PKCE (S256 alone); it may refresh its token if it was granted
that. A backend service gets tokens for itself. Codes and refresh tokens can be used once; a second use revokes
everything that came of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from secrets import token_urlsafe
from typing import Any, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.base import invalid_error_characters
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    ClientMixin,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    RefreshTokenGrant,
    TokenMixin,
)
from flask import Response
from flask import request as http_request
from joserfc.jwk import RSAKey

from cds_service.sandbox.smart.access import Access
from cds_service.sandbox.smart.authorizations import Authorization, taken_once
from cds_service.sandbox.smart.clients import BACKEND_GRANT, PUBLIC, REFRESH_GRANT, Client
from cds_service.sandbox.smart.launch_extensions import IdToken, LaunchParameters, OnlyS256, name_the_patient
from cds_service.sandbox.smart.scopes import Grant, may_renew, needs_patient

USER = "Practitioner/sandbox-prescriber"
"""Who is at the screen: nobody logs in to the sandbox."""

_TOKEN_BYTES = 32


class SandboxServer(AuthorizationServer):
    """The authorization server of one sandbox.

    Args:
        access: where clients, codes and tokens are kept.
        absolute_url: makes a path below the FHIR base an absolute URL.
        signing_key: gives the key of id tokens.
    """

    def __init__(self, access: Access, absolute_url: Callable[..., str], signing_key: Callable[[], RSAKey]) -> None:
        super().__init__(query_client=access.clients.find, save_token=self._save_token)
        self.access = access
        self.absolute_url = absolute_url
        self._token_generators = {"default": self._new_token}
        self._error_uris = None
        self.register_grant(ClientCredentialsGrant)
        self.register_grant(RenewalGrant)
        self.register_grant(
            LaunchGrant,
            [
                OnlyS256(),
                LaunchParameters(access, absolute_url),
                IdToken(absolute_url, signing_key),
                name_the_patient,
            ],
        )

    def authenticate_client(
        self, request: OAuth2Request, _methods: Collection[str], _endpoint: str = "token"
    ) -> Client:
        """The client of a token request, by what it registered with.

        Raises:
            OAuthError: it could not be authenticated.
        """
        form, basic = http_request.form.to_dict(), http_request.headers.get("Authorization")
        client = None if basic or "client_assertion" in form else self._unnamed_client(form)
        if client is None:
            endpoint = self.absolute_url("auth", "token")
            client = self.access.clients.authenticated(form, basic, endpoint, self.access.clock())
        request.auth_method = client.method
        return client

    def _unnamed_client(self, form: Mapping[str, str]) -> Client | None:
        """The client of a renewal that names none, as SMART permits to apps without a secret: that of the token."""
        if form.get("grant_type") != REFRESH_GRANT or "client_id" in form:
            return None
        authorization = self.access.refreshes.known(form.get("refresh_token", ""))
        client = authorization and self.access.clients.find(authorization.client)
        return client if client and client.method == PUBLIC else None

    def authorization_request(self) -> LaunchGrant:
        """The authorization request of the current HTTP request, after checking it.

        Raises:
            OAuth2Error: it is not valid; with a redirect URI if the app can be told.
        """
        request = self.create_oauth2_request(None)
        request.user = USER
        try:
            grant = cast(LaunchGrant, self.get_authorization_grant(request))
            grant.validate_consent_request()
        except OAuth2Error as error:
            error.state = http_request.args.get("state")
            raise
        return grant

    def token_response(self) -> Response:
        """The response to the current HTTP request as a token request."""
        return cast(Response, self.create_token_response())

    def authorization_response(self, grant: LaunchGrant, *, allowed: bool) -> Response:
        """The redirect to the app, with a code or with the refusal."""
        user = USER if allowed else None
        return cast(Response, self.create_authorization_response(grant.request, grant_user=user, grant=grant))

    def error_response(self, error: OAuth2Error) -> Response:
        """The redirect to the app with an error."""
        return cast(Response, self.handle_error_response(self.create_oauth2_request(None), error))

    def _new_token(self, *, grant_type: str, client: Client, scope: str | None, **more: Any) -> dict[str, str | int]:
        granted = client.get_allowed_scope(scope or "")
        if not granted:
            raise InvalidScopeError()
        token: dict[str, str | int] = {
            "access_token": token_urlsafe(_TOKEN_BYTES),
            # As SMART writes it: "bearer" for backend services, "Bearer" for apps.
            "token_type": "bearer" if grant_type == BACKEND_GRANT else "Bearer",
            "expires_in": self.access.seconds,
            "scope": granted,
        }
        return token | ({"refresh_token": token_urlsafe(_TOKEN_BYTES)} if more["include_refresh_token"] else {})

    def _save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        now = self.access.clock()
        authorization: Authorization | None = request.authorization_code or request.refresh_token
        client, scopes = request.client, tuple(token["scope"].split())
        patient = None if authorization is None else authorization.patient
        grant = Grant(client.get_client_id() if client else "", scopes, now + self.access.seconds, patient)
        self.access.remember(token["access_token"], grant, authorization)
        if authorization is not None and "refresh_token" in token:
            self.access.refreshes.put_as(token["refresh_token"], authorization, now)


class LaunchGrant(AuthorizationCodeGrant):
    """An app gets a code by a person's consent, and a token for the code."""

    server: SandboxServer

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuth2Request, client: ClientMixin) -> str:
        """The redirect URI, which must be one that the client registered."""
        uri = request.payload.redirect_uri if request.payload else ""
        if not uri or not client.check_redirect_uri(uri):
            raise InvalidRequestError("The redirect_uri is not one that the app registered.")
        return uri

    def generate_authorization_code(self) -> str:
        """A new code."""
        return token_urlsafe(_TOKEN_BYTES)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Keep what was consented to until the code is exchanged."""
        sent = http_request.args
        authorization = Authorization(
            client=sent["client_id"],
            redirect_uri=sent["redirect_uri"],
            scopes=tuple(request.scope.split()),
            code_challenge=sent["code_challenge"],
            patient=http_request.form.get("patient") if needs_patient(tuple(request.scope.split())) else None,
            nonce=sent.get("nonce"),
        )
        self.server.access.codes.put_as(code, authorization, self.server.access.clock())

    def query_authorization_code(self, code: str, client: ClientMixin) -> Authorization | None:
        """What the code stands for, if this client presents it for the first time and in time."""
        access = self.server.access
        return taken_once(access.codes, code, client.get_client_id(), access.clock())

    def delete_authorization_code(self, _authorization: Authorization) -> None:
        """Nothing more: it was taken."""

    def authenticate_user(self, _authorization: Authorization) -> str:
        """Who consented."""
        return USER

    def generate_token(
        self,
        user: str | None = None,
        scope: str | None = None,
        grant_type: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, str | int]:
        """A token, with a refresh token if the app may have one and was granted a scope for it."""
        renews = include_refresh_token and may_renew(tuple((scope or "").split()))
        return super().generate_token(user, scope, grant_type, expires_in, renews)


class RenewalGrant(RefreshTokenGrant):
    """An app gets a new token, and a new refresh token, for its refresh token."""

    INCLUDE_NEW_REFRESH_TOKEN = True
    server: SandboxServer

    def authenticate_refresh_token(self, refresh_token: str) -> Authorization:
        """What the refresh token stands for, if this client presents it for the first time and in time.

        Raises:
            InvalidScopeError: more was asked for than was granted, which does not use the token up.
            InvalidGrantError: there is no such token for this client.
        """
        access, client = self.server.access, self.request.client
        held = access.refreshes.read(refresh_token, access.clock())
        asked = set((self.request.payload.scope or "" if self.request.payload else "").split())
        if held is not None and not asked <= set(held.scopes):
            raise InvalidScopeError()
        id_ = client.get_client_id() if client else ""
        authorization = taken_once(access.refreshes, refresh_token, id_, access.clock())
        if authorization is None:
            raise InvalidGrantError()
        return authorization

    def authenticate_user(self, _authorization: Authorization) -> str:
        """Who consented."""
        return USER

    def revoke_old_credential(self, _authorization: TokenMixin) -> None:
        """Nothing more: it was taken."""


def is_sayable(text: str) -> bool:
    """Whether OAuth lets an error repeat the text."""
    return not invalid_error_characters(text)
