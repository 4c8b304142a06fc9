"""The page that asks a person whether an app may do something, and for which patient; and the EHR's launches."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, render_template, request

from cds_service.sandbox.fhir_store.bodies import read_json
from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import Resource, Store
from cds_service.sandbox.smart.authorization_server import LaunchGrant, SandboxServer, is_sayable
from cds_service.sandbox.smart.scopes import in_words, needs_patient


def serve_authorization(blueprint: Blueprint, server: SandboxServer, store: Store) -> None:
    """Add the authorization endpoint, its page, and the endpoint where the EHR registers a launch."""
    access = server.access

    @blueprint.get("/auth/authorize")
    def authorize() -> Response:
        try:
            grant = _request(server)
        except OAuth2Error as error:
            return _refused(server, error)
        consent = access.consents.put(request.query_string.decode("latin-1"), access.clock())
        return _page(grant, store, consent, _launched(server))

    @blueprint.post("/auth/authorize")
    def answer() -> Response:
        # What the person saw is what is granted: the answer belongs to one page, once, and to its very request.
        asked = access.consents.take(request.form.get("consent", ""), access.clock())
        if asked != request.query_string.decode("latin-1"):
            return _message("This page was answered before, or is too old. Start again from the app.", 400)
        try:
            grant = _request(server)
            allowed = request.form.get("answer") == "allow"
            if allowed:
                _check_patient(grant, store, _launched(server))
        except OAuth2Error as error:
            return _refused(server, error)
        response = _protected(server.authorization_response(grant, allowed=allowed))
        access.launches.take(request.args.get("launch", ""), access.clock())
        return response

    @blueprint.post("/auth/launch")
    def launch() -> Response:
        """As an EHR does when a user opens an app from a chart. JSON, which no page of another origin can send."""
        body = read_json(request.get_data(), request.mimetype)
        patient = body.get("patient")
        if not isinstance(patient, str) or store.read("Patient", patient) is None:
            raise RefusedError(400, "value", "The patient is none of the sandbox.")
        created = {"launch": access.launches.put(patient, access.clock()), "iss": server.absolute_url()}
        return Response(
            orjson.dumps(created), 201, content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    @blueprint.get("/auth/authorize.css")
    def style() -> Response:
        return Response(render_template("authorize.css"), content_type="text/css; charset=utf-8")


def _request(server: SandboxServer) -> LaunchGrant:
    """The authorization request, which stands in the query.

    Raises:
        OAuth2Error: it is not valid; with a redirect URI if the app can be told.
    """
    response_type = request.args.get("response_type", "")
    repeated = any(len(values) > 1 for _, values in request.args.lists())
    if repeated or not is_sayable(response_type) or set(request.form) & set(request.args):
        raise OAuth2Error(error="invalid_request", description="Each parameter stands in the query, once.")
    return server.authorization_request()


def _launched(server: SandboxServer) -> str | None:
    """The patient of the EHR launch that the request is part of."""
    launch = request.args.get("launch")
    return None if launch is None else server.access.launches.read(launch, server.access.clock())


def _check_patient(grant: LaunchGrant, store: Store, opened: str | None) -> None:
    """Check that the answer is about the patient of the launch, if there is one, or about one who was chosen.

    Raises:
        OAuth2Error: it is not; the app is told.
    """
    chosen = request.form.get("patient", "")
    if not needs_patient(tuple(grant.request.scope.split())):
        return
    if chosen != (opened or chosen) or store.read("Patient", chosen) is None:
        raise OAuth2Error(
            error="access_denied",
            description="No patient of the sandbox was chosen.",
            redirect_uri=grant.redirect_uri,
            state=request.args["state"],
        )


def _page(grant: LaunchGrant, store: Store, consent: str, opened: str | None) -> Response:
    scopes = tuple(grant.request.scope.split())
    patients = sorted(((_name(each), each["id"]) for each in store.current("Patient")), key=lambda pair: pair[0])
    if opened is not None:
        patients = [pair for pair in patients if pair[1] == opened]
    client: Any = grant.request.client
    target = urlsplit(str(grant.redirect_uri))
    page = render_template(
        "authorize.html",
        app=client.name or "An app without a name",
        host=target.netloc,
        abilities=in_words(scopes),
        patients=patients if needs_patient(scopes) else [],
        opened=opened,
        consent=consent,
    )
    return _protected(Response(page, content_type="text/html; charset=utf-8"), f"{target.scheme}://{target.netloc}")


def _refused(server: SandboxServer, error: OAuth2Error) -> Response:
    """To the app where its redirect URI is known to be its own, else to the person at the screen."""
    if error.redirect_uri:
        return _protected(server.error_response(error))
    return _message(f"The app cannot be opened. {error.get_error_description()}", 400)


def _message(text: str, status: int) -> Response:
    page = render_template("authorize.html", message=text)
    return _protected(Response(page, status, content_type="text/html; charset=utf-8"))


def _protected(response: Response, form_target: str = "") -> Response:
    """The response for this person alone. Browsers apply form-action also to the redirect that follows an answer."""
    closed = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    policy = f"{closed}; form-action 'self' {form_target}"
    response.headers.update(
        {
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy.rstrip(),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response


def _name(patient: Resource) -> str:
    names = patient.get("name") or [{}]
    name = names[0]
    return str(name.get("text") or " ".join([*name.get("given", []), name.get("family", "")]).strip() or patient["id"])
