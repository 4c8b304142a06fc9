"""Does a backend service get a token of the sandbox as SMART has it, and is nothing read without one if one is due?"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests
from caller import ES256, ES384, OTHER_ES384, RS384, public, signed
from ehr import DAY, logged, logged_gaps, lorazepam, order, patient
from flask.testing import FlaskClient
from sandbox_server import SIGN, Clock, asked, hook_request, matches, missing, outcome, served_sandbox

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.sandbox.fhir_server.server import Behaviour
from cds_service.sandbox.smart.access import Access
from cds_service.sandbox.smart.clients import ASSERTION_TYPE
from cds_service.sandbox.smart.scopes import Grant, grantable_scopes, launch_scopes

TOKEN = "http://localhost/fhir/auth/token"
GRANT = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
RECORD = [
    patient(),
    order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4),
    {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationReference": {"reference": "Medication/lor1"},
    },
    {"resourceType": "Medication", "id": "lor1", "code": lorazepam()["medicationCodeableConcept"]},
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fhir(clock: Clock) -> FlaskClient:
    return asked(RECORD, Behaviour(Access(demanded=True, clock=clock)))


def registered(fhir: FlaskClient, **body: Any) -> dict[str, Any]:
    answer = fhir.post("/fhir/auth/register", json=body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


def by_keys(fhir: FlaskClient, *keys: Any) -> str:
    body = registered(fhir, token_endpoint_auth_method="private_key_jwt", jwks=public(*keys))
    assert "client_secret" not in body
    return str(body["client_id"])


def assertion(client: str, *, key: Any = ES384, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """As SMART has it: without an iat, good for at most five minutes."""
    claims = {"iss": client, "sub": client, "aud": TOKEN, "exp": int(time.time()) + 240, "jti": str(uuid4())} | changed
    head = {"alg": "ES384", "typ": "JWT", "kid": key.kid} | (header or {})
    return signed(head, {name: value for name, value in claims.items() if value is not None}, key).removeprefix(
        "Bearer "
    )


def asking(text: str) -> dict[str, str]:
    return GRANT | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text}


def token_of(fhir: FlaskClient, scope: str = "system/*.cruds") -> str:
    client = registered(fhir)
    form = GRANT | {"scope": scope, "client_id": client["client_id"], "client_secret": client["client_secret"]}
    return str(fhir.post("/fhir/auth/token", data=form).get_json()["access_token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def oauth_error(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/json"
    assert set(answer.get_json()) == {"error", "error_description"}
    return str(answer.get_json()["error"])


# What it says of itself


def test_the_configuration_leads_to_a_token(fhir: FlaskClient) -> None:
    body = fhir.get("/fhir/.well-known/smart-configuration").get_json()
    assert body["token_endpoint"] == TOKEN
    assert "client_credentials" in body["grant_types_supported"]
    assert "private_key_jwt" in body["token_endpoint_auth_methods_supported"]
    assert set(body["token_endpoint_auth_signing_alg_values_supported"]) == {"ES384", "RS384"}
    assert "client-confidential-asymmetric" in body["capabilities"]
    assert [scope for scope in body["scopes_supported"] if not grantable_scopes(scope) + launch_scopes(scope)] == []


@pytest.mark.parametrize("demanded", [False, True])
def test_the_statement_says_whether_a_token_is_demanded(demanded: bool) -> None:
    security = asked([], Behaviour(Access(demanded=demanded))).get("/fhir/metadata").get_json()["rest"][0]["security"]
    assert security["description"].startswith("A token is demanded" if demanded else "No token is demanded")
    assert TOKEN in str(security)


# Tokens for those who sign


@pytest.mark.parametrize(("key", "algorithm"), [(ES384, "ES384"), (RS384, "RS384")])
def test_a_client_with_keys_gets_a_token_that_opens_the_record(fhir: FlaskClient, key: Any, algorithm: str) -> None:
    text = assertion(by_keys(fhir, ES384, RS384), key=key, header={"alg": algorithm})
    answer = fhir.post("/fhir/auth/token", data=asking(text))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 300, "system/*.cruds")
    assert fhir.get("/fhir/Patient/p1", headers=bearer(body["access_token"])).status_code == 200


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        (ES384, {"iss": "somebody"}),
        (ES384, {"sub": "somebody"}),
        (ES384, {"aud": "http://localhost/fhir"}),
        (ES384, {"aud": None}),
        (ES384, {"exp": 1}),
        (ES384, {"exp": 99_999_999_999}),
        (ES384, {"exp": None}),
        (ES384, {"exp": "soon"}),
        (ES384, {"jti": None}),
        (ES384, {"header": {"kid": "unknown"}}),
        (ES384, {"header": {"alg": "none"}}),
        (OTHER_ES384, {}),
        (ES256, {"header": {"alg": "ES256"}}),
    ],
)
def test_an_invalid_assertion_gets_no_token(fhir: FlaskClient, key: Any, changed: dict[str, Any]) -> None:
    client = by_keys(fhir, ES384, ES256)
    if changed.get("header") == {"alg": "none"}:
        text = ".".join([*assertion(client).split(".")[:2], ""])
    else:
        text = assertion(client, key=key, **changed)
    assert oauth_error(fhir.post("/fhir/auth/token", data=asking(text)), 401) == "invalid_client"


def test_an_assertion_is_accepted_once(fhir: FlaskClient) -> None:
    text = assertion(by_keys(fhir, ES384))
    assert fhir.post("/fhir/auth/token", data=asking(text)).status_code == 200
    assert oauth_error(fhir.post("/fhir/auth/token", data=asking(text)), 401) == "invalid_client"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.e30", "é"])
def test_an_assertion_that_is_no_jwt_gets_no_token(fhir: FlaskClient, text: str) -> None:
    assert oauth_error(fhir.post("/fhir/auth/token", data=asking(text)), 401) == "invalid_client"


# Tokens for those with a secret


@pytest.mark.parametrize("in_form", [False, True])
def test_a_client_with_a_secret_gets_a_token(fhir: FlaskClient, in_form: bool) -> None:
    body = registered(fhir, client_name="A test")
    pair = {name: body[name] for name in ("client_id", "client_secret")}
    basic = f"Basic {b64encode(':'.join(pair.values()).encode()).decode()}"
    answer = fhir.post(
        "/fhir/auth/token", data=GRANT | (pair if in_form else {}), headers={} if in_form else {"Authorization": basic}
    )
    assert fhir.get("/fhir/Patient/p1", headers=bearer(answer.get_json()["access_token"])).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 401, "invalid_client"),
        ({"grant_type": "refresh_token"}, 401, "invalid_client"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({}, 400, "invalid_request"),
        ({"scope": "system/*.rs"}, 400, "invalid_request"),
        (GRANT, 401, "invalid_client"),
        (GRANT | {"client_id": "x", "client_secret": "y"}, 401, "invalid_client"),
        (GRANT | {"client_assertion": "a.b.c"}, 400, "invalid_request"),
    ],
)
def test_a_refused_token_request_says_why(fhir: FlaskClient, form: dict[str, str], status: int, error: str) -> None:
    assert oauth_error(fhir.post("/fhir/auth/token", data=form), status) == error


@pytest.mark.parametrize("basic", ["Basic x", "Basic eDp5", "Bearer eDp5", "Basic /////w==", "Basic"])
def test_a_wrong_secret_in_the_header_gets_no_token(fhir: FlaskClient, basic: str) -> None:
    answer = fhir.post("/fhir/auth/token", data=GRANT, headers={"Authorization": basic})
    assert oauth_error(answer, 401) == "invalid_client"
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_client_with_keys_cannot_use_a_secret(fhir: FlaskClient) -> None:
    for secret in ("", "None"):
        form = GRANT | {"client_id": by_keys(fhir, ES384), "client_secret": secret}
        assert oauth_error(fhir.post("/fhir/auth/token", data=form), 401) == "invalid_client"


def test_a_token_request_must_be_a_form(fhir: FlaskClient) -> None:
    assert oauth_error(fhir.post("/fhir/auth/token", json=GRANT), 400) == "invalid_request"


@pytest.mark.parametrize(
    "scope", ["", "openid", "system/*.xyz", "system/Starship.rs", "patient/*.rs", "system/Patient."]
)
def test_an_unsupported_scope_gets_no_token(fhir: FlaskClient, scope: str) -> None:
    client = registered(fhir)
    form = GRANT | {"scope": scope, "client_id": client["client_id"], "client_secret": client["client_secret"]}
    assert oauth_error(fhir.post("/fhir/auth/token", data=form), 400) == "invalid_scope"


@pytest.mark.parametrize(
    "body",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "EC"}]}},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://client.example/jwks"},
        {"token_endpoint_auth_method": "none"},
        {"grant_types": ["implicit"]},
        {"grant_types": ["client_credentials", "authorization_code"]},
    ],
)
def test_an_unusable_registration_is_refused(fhir: FlaskClient, body: dict[str, Any]) -> None:
    assert oauth_error(fhir.post("/fhir/auth/register", json=body), 400) == "invalid_client_metadata"


@pytest.mark.parametrize(("data", "media_type"), [(b"{", "application/json"), (b"{}", "text/plain")])
def test_a_registration_that_is_no_json_is_refused(fhir: FlaskClient, data: bytes, media_type: str) -> None:
    answer = fhir.post("/fhir/auth/register", data=data, content_type=media_type)
    assert oauth_error(answer, 400) == "invalid_client_metadata"


# What a token opens


def test_an_open_sandbox_ignores_tokens() -> None:
    fhir = asked(RECORD)
    assert fhir.get("/fhir/Patient/p1").status_code == 200
    assert fhir.get("/fhir/Patient/p1", headers=bearer("of another server")).status_code == 200


CALLS: list[Callable[[FlaskClient, dict[str, str]], Any]] = [
    lambda fhir, headers: fhir.get("/fhir/Patient/p1", headers=headers),
    lambda fhir, headers: fhir.get("/fhir/Patient/p1/_history/1", headers=headers),
    lambda fhir, headers: fhir.get("/fhir/Patient", headers=headers),
    lambda fhir, headers: fhir.get("/fhir/Patient?_page=x-1", headers=headers),
    lambda fhir, headers: fhir.post("/fhir/Patient/_search", headers=headers),
    lambda fhir, headers: fhir.post("/fhir/Patient", json=patient(), headers=headers),
    lambda fhir, headers: fhir.put("/fhir/Patient/p1", json=patient(), headers=headers),
    lambda fhir, headers: fhir.delete("/fhir/Patient/p1", headers=headers),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "headers", [{}, bearer("unknown"), {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}]
)
def test_nothing_is_read_or_written_without_a_token(
    fhir: FlaskClient, call: Callable[[FlaskClient, dict[str, str]], Any], headers: dict[str, str]
) -> None:
    answer = call(fhir, headers)
    assert outcome(answer, 401)["code"] == "login"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    outcome(fhir.post("/fhir", json={"resourceType": "Bundle", "type": "batch"}, headers=headers), 401)
    assert fhir.get("/fhir/metadata", headers=headers).status_code == 200


@pytest.mark.parametrize("call", CALLS)
def test_a_token_allows_only_what_its_scopes_name(
    fhir: FlaskClient, call: Callable[[FlaskClient, dict[str, str]], Any]
) -> None:
    answer = call(fhir, bearer(token_of(fhir, "system/MedicationRequest.cruds user/Condition.*")))
    assert outcome(answer, 403)["code"] == "forbidden"
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_a_token_expires_after_its_lifetime(fhir: FlaskClient, clock: Clock) -> None:
    headers = bearer(token_of(fhir))
    clock.later = 299
    assert fhir.get("/fhir/Patient/p1", headers=headers).status_code == 200
    clock.later = 301
    answer = fhir.get("/fhir/Patient/p1", headers=headers)
    outcome(answer, 401)
    assert "expired" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("scope", "letters"),
    [
        ("system/Patient.read", "rs"), ("user/Patient.write", "cud"), ("system/*.*", "cruds"),
        ("system/*.cruds", "cruds"), ("system/Patient.r", "r"), ("system/Condition.rs", ""),
    ],
)  # fmt: skip
def test_a_scope_grants_these_permissions(scope: str, letters: str) -> None:
    grant = Grant("client", grantable_scopes(scope), 0)
    assert "".join(letter for letter in "cruds" if grant.allows("Patient", letter)) == "".join(
        sorted(letters, key="cruds".index)
    )


def test_each_entry_of_a_bundle_needs_its_own_scope(fhir: FlaskClient) -> None:
    headers = bearer(token_of(fhir, "system/MedicationRequest.rs"))
    entries = [
        {"request": {"method": "GET", "url": "MedicationRequest/oxy"}},
        {"request": {"method": "GET", "url": "MedicationRequest"}},
        {"request": {"method": "GET", "url": "Patient/p1"}},
        {"request": {"method": "DELETE", "url": "MedicationRequest/oxy"}},
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    body = fhir.post("/fhir", json=batch, headers=headers).get_json()["entry"]
    assert [each["response"]["status"][:3] for each in body] == ["200", "200", "403", "403"]
    refused = fhir.post("/fhir", json=batch | {"type": "transaction"}, headers=headers)
    assert outcome(refused, 403)["expression"] == ["Bundle.entry[2]"]


def test_a_type_that_may_not_be_read_is_not_included_and_a_warning_says_so(fhir: FlaskClient) -> None:
    query = "/fhir/MedicationRequest?_include=MedicationRequest:medication&_include=MedicationRequest:patient"
    found = fhir.get(query, headers=bearer(token_of(fhir, "system/MedicationRequest.rs system/Patient.rs"))).get_json()
    assert matches(found, "include") == ["p1"]
    (said,) = [entry["resource"]["issue"][0] for entry in found["entry"] if entry["search"]["mode"] == "outcome"]
    assert (said["severity"], said["code"]) == ("warning", "suppressed")
    assert "Medication " in said["diagnostics"]


# Our service with a token of the sandbox


@pytest.fixture
def served(clock: Clock) -> Iterator[str]:
    with served_sandbox(RECORD, Behaviour(Access(demanded=True, clock=clock))) as base:
        yield base


def authorization(base: str, scope: str = "system/*.rs") -> dict[str, Any]:
    """As an EHR gets itself a token and passes it on: found by the configuration, signed for, used once."""
    where = requests.get(f"{base}/.well-known/smart-configuration", timeout=10).json()
    body = {"token_endpoint_auth_method": "private_key_jwt", "jwks": public(ES384)}
    client = requests.post(where["registration_endpoint"], json=body, timeout=10).json()["client_id"]
    form = asking(assertion(client, aud=where["token_endpoint"])) | {"scope": scope}
    token = requests.post(where["token_endpoint"], data=form, timeout=10).json()
    return token | {"token_type": "Bearer", "subject": client}


def answered(base: str, **more: Any) -> Any:
    service = create_app(Settings(fhir_servers=[base], fhir_deadline_seconds=10), clock=lambda: DAY).test_client()
    return service.post(SIGN, json=hook_request(base, **more))


def test_our_service_fetches_the_record_with_the_token_that_it_was_given(served: str) -> None:
    (card,) = answered(served, fhirAuthorization=authorization(served)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "FHIR server" not in missing(card)


def test_our_service_reports_that_access_was_denied(served: str, clock: Clock) -> None:
    held = authorization(served)
    clock.later = 301
    for more in ({}, {"fhirAuthorization": held | {"access_token": "another"}}, {"fhirAuthorization": held}):
        answer = answered(served, **more)
        assert answer.status_code == 412
        assert "the FHIR server did not accept the token" in answer.get_json()["issue"][0]["diagnostics"]


def test_our_service_reports_what_its_scopes_did_not_allow(served: str) -> None:
    scope = "system/MedicationRequest.rs system/Patient.r system/MedicationDispense.rs system/MedicationStatement.rs"
    with logged() as lines:
        (card,) = answered(served, fhirAuthorization=authorization(served, scope)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "the problem list not supplied" in missing(card)
    assert "does not allow it to be read" not in card["detail"]
    assert "does not allow it to be read" in logged_gaps(lines)
