"""Is an app launched as SMART App Launch 2 has it, and does none get more than a person at the screen let it have?

Two clients that are not ours work the whole flow: SMART's own ``fhirclient`` and Authlib's ``OAuth2Session``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from ehr import order, patient
from fhirclient import client as fhirclient
from fhirclient.models.condition import Condition
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from sandbox_server import Clock, asked, matches, outcome, served_sandbox

from cds_service.sandbox.fhir_server.server import Behaviour
from cds_service.sandbox.smart.access import Access

BASE = "http://localhost/fhir"
CALLBACK = "http://localhost:9000/callback"
VERIFIER = "v" * 43
CHALLENGE = create_s256_code_challenge(VERIFIER)
PUBLIC = {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"]}
SCOPES = "launch/patient openid fhirUser patient/*.rs"
RECORD = [
    patient() | {"name": [{"text": "Ann Example"}]},
    patient() | {"id": "p2", "name": [{"text": "<b>Bob</b> Other"}]},
    {"resourceType": "Practitioner", "id": "sandbox-prescriber"},
    {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}, "code": {"text": "Insomnia"}},
    {"resourceType": "Condition", "id": "c2", "subject": {"reference": "Patient/p2"}, "code": {"text": "Panic"}},
    order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet"),
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fhir(clock: Clock) -> FlaskClient:
    return asked(RECORD, Behaviour(Access(demanded=True, clock=clock)))


@dataclass
class App:
    """An app of the tests, registered at a sandbox that is asked in this process."""

    fhir: FlaskClient
    metadata: dict[str, Any] = field(default_factory=lambda: dict(PUBLIC))
    client: str = ""
    secret: str | None = None

    def __post_init__(self) -> None:
        body = {"redirect_uris": [CALLBACK], "client_name": "Test <app>"} | self.metadata
        answer = self.fhir.post("/fhir/auth/register", json=body)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        self.client, self.secret = answer.get_json()["client_id"], answer.get_json().get("client_secret")

    def query(self, **changed: str | None) -> str:
        asks = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": CALLBACK,
            "scope": SCOPES,
            "state": "s1",
            "aud": BASE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changed
        return urlencode({name: value for name, value in asks.items() if value is not None})

    def authorize(self, *, choose: str | None = "p1", answer: str = "allow", **changed: str | None) -> dict[str, str]:
        """What the app is told at its redirect URI after the person's answer."""
        query = self.query(**changed)
        shown = self.fhir.get(f"/fhir/auth/authorize?{query}")
        if shown.status_code == 302:
            return told(shown)
        assert shown.status_code == 200, shown.get_data(as_text=True)
        form = {"consent": hidden(shown.text, "consent"), "answer": answer} | ({"patient": choose} if choose else {})
        return told(self.fhir.post(f"/fhir/auth/authorize?{query}", data=form))

    def exchange(self, given: str, **changed: str | None) -> Any:
        form = {
            "grant_type": "authorization_code",
            "code": given,
            "redirect_uri": CALLBACK,
            "client_id": self.client,
            "client_secret": self.secret,
            "code_verifier": VERIFIER,
        } | changed
        return self.fhir.post("/fhir/auth/token", data={name: value for name, value in form.items() if value})

    def token(self, scope: str = SCOPES, choose: str | None = "p1") -> dict[str, Any]:
        answer = self.exchange(self.authorize(scope=scope, choose=choose)["code"])
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return dict(answer.get_json())


@pytest.fixture
def app(fhir: FlaskClient) -> App:
    return App(fhir)


def told(answer: Any) -> dict[str, str]:
    """The query that a redirect brings the app."""
    assert answer.status_code == 302, answer.get_data(as_text=True)
    target = answer.headers["Location"]
    assert target.startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def hidden(page: str, name: str) -> str:
    (value,) = re.findall(rf'name="{name}" value="([^"]+)"', page)
    return unescape(value)


def bearer(token: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['access_token']}"}


def refused(answer: Any, error: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.get_json()["error"] == error


# The whole way, by clients that are not ours


@pytest.fixture
def served(clock: Clock) -> Iterator[str]:
    with served_sandbox(RECORD, Behaviour(Access(demanded=True, clock=clock))) as base:
        yield base


def consented(address: str, patient_id: str | None) -> str:
    """Where the browser ends after the person allowed it."""
    page = requests.get(address, timeout=10)
    assert page.status_code == 200, page.text
    form = {"consent": hidden(page.text, "consent"), "answer": "allow", "patient": patient_id}
    return requests.post(address, data=form, allow_redirects=False, timeout=10).headers["Location"]


def registered(base: str, **metadata: Any) -> dict[str, Any]:
    where = requests.get(f"{base}/.well-known/smart-configuration", timeout=10).json()
    body = {"redirect_uris": [CALLBACK], **metadata}
    return dict(requests.post(where["registration_endpoint"], json=body, timeout=10).json())


@pytest.mark.parametrize("from_the_ehr", [False, True])
def test_smarts_own_client_is_launched_and_reads_the_patient(served: str, from_the_ehr: bool) -> None:
    settings = {"app_id": registered(served, **PUBLIC)["client_id"], "api_base": served, "redirect_uri": CALLBACK}
    if from_the_ehr:
        launch = requests.post(f"{served}/auth/launch", json={"patient": "p1"}, timeout=10).json()
        settings |= {"launch_token": launch["launch"], "scope": "launch openid fhirUser patient/*.rs online_access"}
    else:
        settings |= {"scope": f"{SCOPES} offline_access"}
    smart = fhirclient.FHIRClient(settings=settings)
    smart.handle_callback(consented(smart.authorize_url, "p1"))
    assert smart.ready
    assert smart.patient.name[0].text == "Ann Example"
    (condition,) = Condition.where({"patient": "p1"}).perform_resources_iter(smart.server)
    assert condition.code.text == "Insomnia"
    assert smart.reauthorize()
    assert len(list(Condition.where({}).perform_resources_iter(smart.server))) == 1


def test_authlibs_client_gets_an_id_token_that_its_keys_verify(served: str) -> None:
    client = registered(served, grant_types=["authorization_code"], token_endpoint_auth_method="client_secret_basic")
    where = requests.get(f"{served}/.well-known/openid-configuration", timeout=10).json()
    session = OAuth2Session(
        client["client_id"],
        client["client_secret"],
        scope=SCOPES,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint=where["token_endpoint"],
    )
    address, state = session.create_authorization_url(
        where["authorization_endpoint"], code_verifier=VERIFIER, aud=served, nonce="n1"
    )
    token = session.fetch_token(authorization_response=consented(address, "p2"), state=state, code_verifier=VERIFIER)
    keys = KeySet.import_key_set(requests.get(where["jwks_uri"], timeout=10).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["iss"] == where["issuer"] == served
    assert (claims["aud"], claims["nonce"], claims["sub"]) == (client["client_id"], "n1", "sandbox-prescriber")
    assert claims["fhirUser"] == f"{served}/Practitioner/sandbox-prescriber"
    assert claims["exp"] > time.time()
    assert (token["patient"], token["need_patient_banner"]) == ("p2", True)
    assert session.get(f"{served}/Patient/p2").status_code == 200
    assert session.get(claims["fhirUser"]).status_code == 200


# What is discovered


def test_the_configuration_names_what_a_launch_needs(fhir: FlaskClient) -> None:
    body = fhir.get("/fhir/.well-known/smart-configuration").get_json()
    assert body["authorization_endpoint"] == f"{BASE}/auth/authorize"
    assert body["issuer"] == BASE
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-ehr", "launch-standalone", "client-public", "sso-openid-connect"} <= set(body["capabilities"])
    assert {"launch", "launch/patient", "openid", "fhirUser", "patient/*.rs"} <= set(body["scopes_supported"])
    (key,) = fhir.get("/fhir/auth/jwks").get_json()["keys"]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert not {"d", "p", "q"} & set(key)


# What the person sees


def test_the_page_says_who_asks_for_what_and_runs_nothing(app: App) -> None:
    answer = app.fhir.get(f"/fhir/auth/authorize?{app.query()}")
    page = answer.text
    assert "Open Test &lt;app&gt;?" in page
    assert "localhost:9000" in page
    assert "read and search every record of this patient" in page
    assert "&lt;b&gt;Bob&lt;/b&gt; Other" in page
    assert "<script" not in page
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://localhost:9000" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert app.fhir.get("/fhir/auth/authorize.css").status_code == 200


def test_in_a_launch_from_the_ehr_the_patient_is_given(app: App) -> None:
    launch = app.fhir.post("/fhir/auth/launch", json={"patient": "p1"}).get_json()["launch"]
    page = app.fhir.get(f"/fhir/auth/authorize?{app.query(scope='launch patient/*.rs', launch=launch)}").text
    assert "Ann Example" in page
    assert "Bob" not in page
    other = app.authorize(scope="launch patient/*.rs", launch=launch, choose="p2")
    assert other["error"] == "access_denied"


def test_a_launch_is_used_up_by_its_first_answer(app: App) -> None:
    launch = app.fhir.post("/fhir/auth/launch", json={"patient": "p1"}).get_json()["launch"]
    query: dict[str, Any] = {"scope": "launch patient/*.rs", "launch": launch}
    assert "code" in app.authorize(**query)
    assert app.authorize(**query)["error"] == "invalid_request"


@pytest.mark.parametrize("body", [{}, {"patient": "nobody"}, {"patient": 5}])
def test_a_launch_is_for_a_patient_of_the_sandbox(fhir: FlaskClient, body: dict[str, Any]) -> None:
    outcome(fhir.post("/fhir/auth/launch", json=body), 400)


def test_a_page_of_another_origin_cannot_register_a_launch_with_a_plain_form(fhir: FlaskClient) -> None:
    outcome(fhir.post("/fhir/auth/launch", data='{"patient": "p1"}', content_type="text/plain"), 415)


def test_a_person_may_refuse(app: App) -> None:
    assert app.authorize(answer="deny") == {
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request",
        "state": "s1",
    }


def test_an_answer_counts_once_and_for_the_request_that_was_shown(app: App) -> None:
    shown, wider = app.query(), app.query(scope="launch/patient user/*.cruds")
    form = {"answer": "allow", "patient": "p1"}
    for addresses in ((wider, shown), (shown, shown)):
        consent = hidden(app.fhir.get(f"/fhir/auth/authorize?{shown}").text, "consent")
        answers = [
            app.fhir.post(f"/fhir/auth/authorize?{each}", data=form | {"consent": consent}) for each in addresses
        ]
        assert [each.status_code for each in answers] == ([400, 400] if wider in addresses else [302, 400])


@pytest.mark.parametrize("form", [{"answer": "allow", "patient": "p1"}, {"answer": "allow", "consent": "guessed"}])
def test_an_answer_that_no_page_asked_for_is_refused(app: App, form: dict[str, str]) -> None:
    answer = app.fhir.post(f"/fhir/auth/authorize?{app.query()}", data=form)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_question_that_stood_too_long_is_not_answered(app: App, clock: Clock) -> None:
    consent = hidden(app.fhir.get(f"/fhir/auth/authorize?{app.query()}").text, "consent")
    clock.later = 601
    form = {"answer": "allow", "patient": "p1", "consent": consent}
    assert app.fhir.post(f"/fhir/auth/authorize?{app.query()}", data=form).status_code == 400


@pytest.mark.parametrize("choose", [None, "nobody", "", "../p1"])
def test_without_a_patient_no_code_is_given(app: App, choose: str | None) -> None:
    assert app.authorize(choose=choose)["error"] == "access_denied"


# Requests that are told to nobody: the redirect URI is not the app's own


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": None},
        {"client_id": "unknown"},
        {"redirect_uri": None},
        {"redirect_uri": "https://attacker.example/callback"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?next=https://attacker.example"},
        {"redirect_uri": f"{CALLBACK}#x"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "http://localhost:9000@attacker.example/callback"},
        {"redirect_uri": 'http://localhost:9000/"><script>'},
        {"redirect_uri": "javascript:alert(1)"},
        {"response_type": '"é\\'},
    ],
)
def test_no_browser_is_sent_where_the_app_is_not(app: App, changed: dict[str, str | None]) -> None:
    answer = app.fhir.get(f"/fhir/auth/authorize?{app.query(**changed)}")
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "attacker" not in answer.text
    assert "<script" not in answer.text
    assert answer.content_type.startswith("text/html")


@pytest.mark.parametrize("name", ["redirect_uri", "client_id", "state", "code_challenge", "scope"])
def test_a_parameter_sent_twice_is_refused(app: App, name: str) -> None:
    twice = f"{app.query()}&{urlencode({name: 'other'})}"
    assert app.fhir.get(f"/fhir/auth/authorize?{twice}").status_code == 400


def test_a_form_cannot_change_the_request(app: App) -> None:
    query = app.query()
    consent = hidden(app.fhir.get(f"/fhir/auth/authorize?{query}").text, "consent")
    form = {"consent": consent, "answer": "allow", "patient": "p1", "scope": "user/*.cruds"}
    assert app.fhir.post(f"/fhir/auth/authorize?{query}", data=form).status_code == 400


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/callback",
        "https://user@app.example/callback",
        "https://app.example/callback#x",
        "https://*.example/callback",
        "https://app.example/;script-src *",
        "https://app.example/\n",
        "javascript:alert(1)",
        "app.example/callback",
        "",
        7,
    ],
)
def test_such_a_redirect_uri_cannot_be_registered(fhir: FlaskClient, uri: object) -> None:
    refused(fhir.post("/fhir/auth/register", json=PUBLIC | {"redirect_uris": [uri]}), "invalid_redirect_uri")
    refused(fhir.post("/fhir/auth/register", json=PUBLIC | {"redirect_uris": uri}), "invalid_redirect_uri")


# Requests whose app is told


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://other.example/fhir"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "system/*.cruds"}, "invalid_scope"),
        ({"scope": "launch patient/*.rs"}, "invalid_request"),
        ({"launch": "x"}, "invalid_request"),
        ({"scope": "launch patient/*.rs", "launch": "guessed"}, "invalid_request"),
        ({"prompt": "none"}, "consent_required"),
    ],
)
def test_the_app_is_told_what_is_wrong(app: App, changed: dict[str, str | None], error: str) -> None:
    said = app.authorize(**changed)
    assert said["error"] == error
    assert said.get("state") == ("s1" if changed.get("state", "s1") else None)


def test_scopes_that_cannot_be_granted_are_left_out_and_said(app: App) -> None:
    token = app.token("launch/patient patient/Condition.rs system/*.cruds patient/Starship.rs admin")
    assert token["scope"] == "launch/patient patient/Condition.rs"
    assert "id_token" not in token
    assert "refresh_token" not in token


# Codes


def test_a_code_is_good_once_and_its_second_use_ends_what_came_of_it(app: App) -> None:
    code = app.authorize()["code"]
    token = app.exchange(code).get_json()
    assert app.fhir.get("/fhir/Patient/p1", headers=bearer(token)).status_code == 200
    refused(app.exchange(code), "invalid_grant")
    answer = app.fhir.get("/fhir/Patient/p1", headers=bearer(token))
    outcome(answer, 401)
    assert "revoked" in answer.headers["WWW-Authenticate"]


def test_a_code_ends_after_a_minute(app: App, clock: Clock) -> None:
    code = app.authorize()["code"]
    clock.later = 61
    refused(app.exchange(code), "invalid_grant")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": "http://localhost:9000/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
    ],
)
def test_a_code_is_not_exchanged_by_who_does_not_know_the_rest(
    app: App, changed: dict[str, str | None], error: str
) -> None:
    code = app.authorize()["code"]
    refused(app.exchange(code, **changed), error)


def test_a_code_of_another_app_opens_nothing_and_stays_good_for_its_own(app: App) -> None:
    code = app.authorize()["code"]
    refused(App(app.fhir).exchange(code), "invalid_grant")
    assert app.exchange(code).status_code == 200


def test_a_wrong_verifier_is_not_tried_twice(app: App) -> None:
    code = app.authorize()["code"]
    refused(app.exchange(code, code_verifier="w" * 43), "invalid_grant")
    refused(app.exchange(code), "invalid_grant")


def test_an_app_with_a_secret_must_use_it(fhir: FlaskClient) -> None:
    app = App(fhir, {"grant_types": ["authorization_code"], "token_endpoint_auth_method": "client_secret_post"})
    code = app.authorize()["code"]
    for wrong in (None, "guessed"):
        refused(app.exchange(code, client_secret=wrong), "invalid_client", 401)
    assert app.exchange(code).status_code == 200


def test_an_app_gets_no_token_for_itself(fhir: FlaskClient) -> None:
    app = App(fhir, {"grant_types": ["authorization_code"], "token_endpoint_auth_method": "client_secret_post"})
    form = {"client_id": app.client, "client_secret": str(app.secret), "scope": "user/*.cruds"}
    refused(fhir.post("/fhir/auth/token", data=form | {"grant_type": "client_credentials"}), "unauthorized_client")


def test_under_a_name_that_is_not_this_machines_nothing_is_given(app: App) -> None:
    code, foreign = app.authorize()["code"], "http://rebound.example:8077"
    assert app.fhir.get(f"/fhir/auth/authorize?{app.query()}", base_url=foreign).status_code == 400
    form = {"grant_type": "authorization_code", "code": code, "client_id": app.client, "code_verifier": VERIFIER}
    refused(
        app.fhir.post("/fhir/auth/token", data=form | {"redirect_uri": CALLBACK}, base_url=foreign),
        "insecure_transport",
    )


def test_a_code_does_not_stand_in_an_address(app: App) -> None:
    code = app.authorize()["code"]
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    refused(app.fhir.post(f"/fhir/auth/token?code={code}&client_id={app.client}", data=form), "invalid_request")


# Renewal

RENEWED = f"{SCOPES} offline_access"


def renewal(app: App, token: str, **more: str) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app.client} | more
    return app.fhir.post("/fhir/auth/token", data=form)


def test_a_refresh_token_is_good_once_and_its_second_use_ends_them_all(app: App) -> None:
    first = app.token(RENEWED)
    second = renewal(app, first["refresh_token"]).get_json()
    assert second["refresh_token"] != first["refresh_token"]
    assert app.fhir.get("/fhir/Patient/p2", headers=bearer(second)).status_code == 404
    assert app.fhir.get("/fhir/Patient/p1", headers=bearer(second)).status_code == 200
    refused(renewal(app, first["refresh_token"]), "invalid_grant")
    refused(renewal(app, second["refresh_token"]), "invalid_grant")
    assert app.fhir.get("/fhir/Patient/p1", headers=bearer(second)).status_code == 401


def test_a_refresh_token_is_no_use_to_another_app_or_after_a_day(app: App, clock: Clock) -> None:
    token = app.token(RENEWED)["refresh_token"]
    refused(renewal(App(app.fhir), token), "invalid_grant")
    clock.later = 86_401
    refused(renewal(app, token), "invalid_grant")


def test_an_app_without_a_secret_need_not_name_itself_to_renew(fhir: FlaskClient, app: App) -> None:
    # As SMART's client for JavaScript does.
    form = {"grant_type": "refresh_token", "refresh_token": app.token(RENEWED)["refresh_token"]}
    renewed = fhir.post("/fhir/auth/token", data=form)
    assert fhir.get("/fhir/Patient/p1", headers=bearer(renewed.get_json())).status_code == 200
    refused(fhir.post("/fhir/auth/token", data=form), "invalid_grant")
    assert fhir.get("/fhir/Patient/p1", headers=bearer(renewed.get_json())).status_code == 401
    refused(fhir.post("/fhir/auth/token", data=form | {"refresh_token": "guessed"}), "invalid_client", 401)


def test_an_app_with_a_secret_must_use_it_to_renew(fhir: FlaskClient) -> None:
    app = App(fhir, PUBLIC | {"token_endpoint_auth_method": "client_secret_post"})
    token = app.token(RENEWED)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    refused(fhir.post("/fhir/auth/token", data=form), "invalid_client", 401)
    refused(fhir.post("/fhir/auth/token", data=form | {"client_id": app.client}), "invalid_client", 401)
    assert renewal(app, token, client_secret=str(app.secret)).status_code == 200


def test_renewing_may_narrow_and_never_widens(app: App) -> None:
    token = app.token(RENEWED)["refresh_token"]
    refused(renewal(app, token, scope="patient/*.cruds"), "invalid_scope")
    narrowed = renewal(app, token, scope="patient/*.rs").get_json()
    assert narrowed["scope"] == "patient/*.rs"
    assert matches(app.fhir.get("/fhir/Condition", headers=bearer(narrowed)).get_json()) == ["c1"]


# One patient's record


@pytest.fixture
def limited(app: App) -> dict[str, str]:
    return bearer(app.token("launch/patient patient/*.cruds"))


def test_nothing_of_another_patient_is_seen(fhir: FlaskClient, limited: dict[str, str]) -> None:
    assert matches(fhir.get("/fhir/Patient", headers=limited).get_json()) == ["p1"]
    assert matches(fhir.get("/fhir/Condition", headers=limited).get_json()) == ["c1"]
    for path in ("Patient/p2", "Condition/c2", "Condition/c2/_history/1"):
        outcome(fhir.get(f"/fhir/{path}", headers=limited), 404)
    assert "entry" not in fhir.get("/fhir/Condition?patient=p2", headers=limited).get_json()
    assert fhir.get("/fhir/Practitioner/sandbox-prescriber", headers=limited).status_code == 200
    entries = [{"request": {"method": "GET", "url": url}} for url in ("Condition/c2", "Condition/c1")]
    body = fhir.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries}, headers=limited)
    assert [each["response"]["status"][:3] for each in body.get_json()["entry"]] == ["404", "200"]


def test_nothing_of_another_patient_is_written(fhir: FlaskClient, limited: dict[str, str]) -> None:
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/p2"}}
    own = condition | {"id": "c1"}
    theirs = condition | {"id": "c2", "subject": {"reference": "Patient/p1"}}
    outcome(fhir.post("/fhir/Condition", json=condition, headers=limited), 403)
    outcome(fhir.put("/fhir/Condition/c1", json=own, headers=limited), 403)
    outcome(fhir.put("/fhir/Condition/c2", json=theirs, headers=limited), 403)
    outcome(fhir.delete("/fhir/Condition/c2", headers=limited), 403)
    outcome(fhir.put("/fhir/Practitioner/x", json={"resourceType": "Practitioner", "id": "x"}, headers=limited), 403)
    outcome(fhir.post("/fhir/Patient", json={"resourceType": "Patient"}, headers=limited), 403)
    for request in ({"method": "POST", "url": "Condition"}, {"method": "DELETE", "url": "Condition/c2"}):
        entry = {"request": request} | ({"resource": condition} if request["method"] == "POST" else {})
        transaction = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        outcome(fhir.post("/fhir", json=transaction, headers=limited), 403)
    mine = {"resourceType": "Condition", "subject": {"reference": "Patient/p1"}}
    assert fhir.post("/fhir/Condition", json=mine, headers=limited).status_code == 201


def test_a_scope_of_the_user_is_not_limited_to_the_patient(app: App) -> None:
    headers = bearer(app.token("launch/patient patient/*.rs user/Condition.rs"))
    assert matches(app.fhir.get("/fhir/Condition", headers=headers).get_json()) == ["c1", "c2"]
    outcome(app.fhir.get("/fhir/Patient/p2", headers=headers), 404)
    outcome(app.fhir.delete("/fhir/Condition/c2", headers=headers), 403)
