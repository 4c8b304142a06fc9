"""Who may call? Each attack on a token by its name, and what the caller learns from being refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
import responses
from caller import (
    BASE,
    ES256,
    ES384,
    ISSUER,
    OTHER_ES384,
    RS384,
    SMALL_RSA,
    claims,
    key_server,
    public,
    signed,
    tenants_file,
    token,
)
from ehr import DAY, bundle, logged, lorazepam
from flask.testing import FlaskClient
from joserfc.jwk import OctKey

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.trust import keys as key_rings
from cds_service.trust.keys import COMPROMISED_KEYS

SIGN = "/cds-services/benzo-order-sign"
NO_CARDS = {"hook": "order-sign", "hookInstance": "1", "context": {"patientId": "p1", "draftOrders": {}}}


def site(folder: Path, *, development: bool = True, **blocks: dict[str, Any]) -> FlaskClient:
    settings = Settings(tenants=tenants_file(folder, **blocks), development=development)
    return create_app(settings, clock=lambda: DAY).test_client()


def body() -> dict[str, Any]:
    context = {"patientId": "p1", "draftOrders": bundle(lorazepam())}
    return {"hook": "order-sign", "hookInstance": "1", "context": context, "prefetch": {"medicationRequests": None}}


def call(client: FlaskClient, authorization: str | None, path: str = SIGN, sent: Any = None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.post(path, json=sent or body(), headers=headers)


@pytest.fixture
def general(tmp_path: Path) -> FlaskClient:
    return site(tmp_path, general={"keys": public(ES384, RS384, ES256)})


def refused(answer: Any, reason: str, lines: list[str]) -> None:
    """Refused for that reason, which the log has and the answer has not."""
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    outcome = answer.get_json()
    assert outcome == {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "login", "details": {"text": "The call is not authorised."}}],
    }
    assert [json.loads(line).get("reason") for line in lines if "not admitted" in line] == [reason]


def test_a_tenant_with_a_token_is_answered(general: FlaskClient) -> None:
    answer = call(general, token())
    assert answer.status_code == 200
    assert len(answer.get_json()["cards"]) == 1


def test_the_log_names_the_tenant_that_called_and_the_one_that_is_said_to(general: FlaskClient) -> None:
    with logged() as lines:
        call(general, token())
        call(general, token(exp=1, iat=0))
        call(general, token(iss="https://marker.example"))
    logged_events = [json.loads(line) for line in lines]
    assert [each.get("tenant") for each in logged_events if each["event"] == "answered"] == ["general", None, None]
    assert [each.get("issuer_of") for each in logged_events if each["event"] == "not admitted"] == ["general", None]
    assert "marker" not in "".join(lines)


def test_rs384_is_taken(general: FlaskClient) -> None:
    assert call(general, token(key=RS384, header={"alg": "RS384"})).status_code == 200


def test_an_audience_in_a_list_is_taken(general: FlaskClient) -> None:
    assert call(general, token(aud=["https://another.example", BASE + "/benzo-order-sign"])).status_code == 200


def test_discovery_asks_for_a_token_of_its_own(general: FlaskClient) -> None:
    assert general.get("/cds-services").status_code == 401
    assert general.get("/cds-services", headers={"Authorization": token("/benzo-order-sign")}).status_code == 401
    assert general.get("/cds-services", headers={"Authorization": token("")}).status_code == 200


@pytest.mark.parametrize("audience", ["/benzo-order-sign", "/benzo-order-sign/feedback"])
def test_feedback_may_be_meant_for_either_address(general: FlaskClient, audience: str) -> None:
    assert call(general, token(audience), SIGN + "/feedback", {"feedback": []}).status_code == 200


def unsigned(header: dict[str, Any], payload: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, payload)]
    return f"Bearer {parts[0]}.{parts[1]}."


def alg_none() -> str:
    return unsigned({"alg": "none", "typ": "JWT", "kid": "es384"}, claims())


def alg_hs256() -> str:
    key = OctKey.import_key("0123456789abcdef0123456789abcdef")
    return signed({"alg": "HS256", "typ": "JWT", "kid": "es384"}, claims(), key)


def key_confusion() -> str:
    """The public key, which anybody may have, as the secret of a symmetric signature."""
    header = {"alg": "HS256", "typ": "JWT", "kid": "es384"}
    text = unsigned(header, claims()).removeprefix("Bearer ").rstrip(".")
    signature = hmac.new(ES384.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"Bearer {text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def bit_changed() -> str:
    text = token()
    place = text.rindex(".") + 5
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def claims_changed() -> str:
    header, _, signature = token().removeprefix("Bearer ").split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=").decode()
    return f"Bearer {header}.{payload}.{signature}"


def now() -> int:
    """Asked when a token is made: the tests before it may have taken longer than a token lives."""
    return int(time.time())


HEADER = {"alg": "ES384", "typ": "JWT", "kid": "es384"}
NOT_OURS = "the algorithm is not one of the tenant's"
ATTACKS = {
    "no-token": (lambda: None, "no authorization"),
    "basic": (lambda: "Basic dXNlcjpwYXNz", "not a bearer token"),
    "no-jwt": (lambda: "Bearer abc", "not a signed token"),
    "no-json": (lambda: "Bearer a.b.c", "the token cannot be read"),
    "a-list": (lambda: "Bearer W10.W10.W10", "the token cannot be read"),
    "too-long": (lambda: "Bearer " + "a" * 20_000, "the token is too long"),
    "alg-none": (alg_none, NOT_OURS),
    "alg-hs256": (alg_hs256, NOT_OURS),
    "key-confusion": (key_confusion, NOT_OURS),
    "alg-not-opted-in": (lambda: token(key=ES256, header={"alg": "ES256"}), NOT_OURS),
    "alg-a-list": (lambda: unsigned(HEADER | {"alg": ["ES384"]}, claims()), NOT_OURS),
    "alg-of-another-key": (
        lambda: token(key=RS384, header={"alg": "RS384", "kid": "es384"}),
        "the algorithm does not fit the key",
    ),
    "curve-of-another-key": (
        lambda: unsigned(HEADER | {"kid": "es256"}, claims()) + "AAAA",
        "the algorithm does not fit the key",
    ),
    "another-key": (lambda: token(key=OTHER_ES384), "the signature does not fit"),
    "bit-changed": (bit_changed, "the signature does not fit"),
    "claims-changed": (claims_changed, "the signature does not fit"),
    "no-signature": (lambda: unsigned(HEADER, claims()), "the signature does not fit"),
    "no-kid": (lambda: token(header={"kid": None}), "names no key"),
    "kid-a-number": (lambda: unsigned(HEADER | {"kid": 1}, claims()), "names no key"),
    "unknown-kid": (lambda: token(header={"kid": "elsewhere"}), "no key of that name"),
    "no-typ": (lambda: token(header={"typ": None}), "not declared to be a JWT"),
    "crit": (lambda: unsigned(HEADER | {"crit": ["x"]}, claims()), "the header asks for what is not known"),
    "jku-elsewhere": (lambda: token(header={"jku": "https://evil.example/jwks"}), "names another address of keys"),
    "own-key-in-header": (
        lambda: token(key=OTHER_ES384, header={"jwk": OTHER_ES384.as_dict(private=False)}),
        "the signature does not fit",
    ),
    "another-issuer": (lambda: token(iss="https://evil.example"), "another issuer"),
    "no-issuer": (lambda: token(iss=None), "another issuer"),
    "another-audience": (lambda: token(aud="https://another.example" + SIGN), "meant for another audience"),
    "another-service": (lambda: token("/benzo-order-select"), "meant for another audience"),
    "the-base-alone": (lambda: token(""), "meant for another audience"),
    "no-audience": (lambda: token(aud=None), "meant for another audience"),
    "audience-a-number": (lambda: token(aud=1), "meant for another audience"),
    "expired": (lambda: token(iat=now() - 900, exp=now() - 300), "expired"),
    "no-exp": (lambda: token(exp=None), "exp is missing, or no time"),
    "exp-a-text": (lambda: token(exp=str(now() + 300)), "exp is missing, or no time"),
    "exp-true": (lambda: token(exp=True), "exp is missing, or no time"),
    "no-iat": (lambda: token(iat=None), "iat is missing, or no time"),
    "from-the-future": (lambda: token(iat=now() + 600, exp=now() + 900), "issued in the future"),
    "not-valid-yet": (lambda: token(nbf=now() + 600), "not valid yet"),
    "lives-too-long": (lambda: token(exp=now() + 90_000), "lives too long"),
    "ends-before-it-begins": (lambda: token(iat=now() + 30, exp=now() + 20), "lives too long"),
    "no-jti": (lambda: token(jti=None), "has no id of its own"),
    "empty-jti": (lambda: token(jti=""), "has no id of its own"),
    "jti-a-number": (lambda: token(jti=7), "has no id of its own"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_and_learns_nothing(general: FlaskClient, attack: str) -> None:
    make, reason = ATTACKS[attack]
    with logged() as lines:
        answer = call(general, make())
    refused(answer, reason, lines)


def test_a_token_is_good_once(general: FlaskClient) -> None:
    once = token()
    assert call(general, once).status_code == 200
    with logged() as lines:
        again = call(general, once)
    refused(again, "used before", lines)


def test_a_refused_token_does_not_use_up_its_id(general: FlaskClient) -> None:
    """Else anybody who guesses an id could shut a caller out."""
    identity = "11111111-2222-3333-4444-555555555555"
    assert call(general, token(key=OTHER_ES384, jti=identity)).status_code == 401
    assert call(general, token(jti=identity)).status_code == 200


def test_es256_and_rs256_are_taken_where_the_tenant_asks_for_them(tmp_path: Path) -> None:
    client = site(tmp_path, general={"keys": public(ES256), "algorithms": ["ES256"]})
    assert call(client, token(key=ES256, header={"alg": "ES256"})).status_code == 200
    assert call(client, token(key=ES384)).status_code == 401


def test_two_tenants_of_one_issuer_are_told_apart_by_their_claim(tmp_path: Path) -> None:
    north = {"keys": public(ES384), "tenant_claim": "north", "mode": "off"}
    south = {"keys": public(OTHER_ES384), "tenant_claim": "south"}
    client = site(tmp_path, north=north, south=south)
    assert call(client, token(key=OTHER_ES384, tenant="south")).get_json()["cards"]
    assert call(client, token(tenant="north")).get_json() == {"cards": []}
    assert call(client, token(tenant="south")).status_code == 401
    assert call(client, token(tenant="west")).status_code == 401
    assert call(client, token()).status_code == 401


def test_the_subject_is_compared_where_it_is_set(tmp_path: Path) -> None:
    client = site(tmp_path, general={"subject": "client-7"})
    assert call(client, token(sub="client-7")).status_code == 200
    assert call(client, token(sub="client-8")).status_code == 401


def test_an_audience_as_the_customer_typed_it_is_taken(tmp_path: Path) -> None:
    client = site(tmp_path, general={"audiences": ["benzo-cds-production"]})
    assert call(client, token(aud="benzo-cds-production")).status_code == 200
    assert call(client, token()).status_code == 401


def test_the_host_header_does_not_make_an_audience(general: FlaskClient) -> None:
    answer = general.post(
        SIGN,
        json=body(),
        headers={"Authorization": token(aud="https://evil.example" + SIGN), "Host": "evil.example"},
    )
    assert answer.status_code == 401


JKU = "https://ehr.example/keys?of=530013"


@pytest.mark.parametrize(
    ("listed", "sent", "status"),
    [
        (JKU, JKU, 200),
        ([JKU, "https://ehr.example/other"], "https://ehr.example/other", 200),
        (JKU, None, 200),  # left out: an EHR may begin to send it later
        (JKU, JKU + "/", 401),
        (JKU, JKU.upper(), 401),
        (JKU, JKU.replace("530013", "%35%33%30%30%31%33"), 401),
        (JKU, "https://ehr.example:443/keys?of=530013", 401),
        (JKU, "", 401),
        (JKU, [JKU], 401),
        (JKU, {"url": JKU}, 401),
        (JKU, 1, 401),
        (None, JKU, 401),
    ],
)
def test_the_address_of_keys_of_a_token_is_compared_and_never_fetched(
    tmp_path: Path, listed: Any, sent: Any, status: int
) -> None:
    keys = public(ES384) | ({} if listed is None else {"jku": listed})
    with responses.RequestsMock() as web:
        client = site(tmp_path, general={"keys": keys})
        assert call(client, token(header={"jku": sent})).status_code == status
        assert len(web.calls) == 0


def test_keys_come_from_the_tenants_address_and_are_kept(tmp_path: Path) -> None:
    with key_server(public(ES384)) as server:
        client = site(tmp_path, general={"keys": {"jwks_url": server.url}})
        assert [call(client, token()).status_code for _ in range(5)] == [200] * 5
        assert call(client, token(header={"jku": server.url})).status_code == 200
        assert server.asked == 1


def test_an_unknown_kid_storm_asks_the_address_once(tmp_path: Path) -> None:
    with key_server(public(ES384)) as server:
        client = site(tmp_path, general={"keys": {"jwks_url": server.url}})
        answers = [call(client, token(header={"kid": f"made-up-{n}"})).status_code for n in range(50)]
        assert answers == [401] * 50
        assert server.asked == 1


def test_a_new_key_is_fetched_once_the_pause_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with key_server(public(RS384)) as server:
        client = site(tmp_path, general={"keys": {"jwks_url": server.url}})
        assert call(client, token(key=RS384, header={"alg": "RS384"})).status_code == 200
        server.keys = public(RS384, ES384)
        assert call(client, token()).status_code == 401
        monkeypatch.setattr(key_rings, "KEYS_REFETCH_SECONDS", 0.0)
        assert call(client, token()).status_code == 200


@pytest.mark.parametrize("broken", ["status", "redirect", "html", "too-large", "no-keys"])
def test_an_address_of_keys_that_does_not_answer_admits_nobody(tmp_path: Path, broken: str) -> None:
    with key_server(public(ES384)) as server, key_server(public(ES384)) as elsewhere:
        if broken == "status":
            server.status = 503
        elif broken == "redirect":
            server.status, server.headers = 302, {"Location": elsewhere.url}
        elif broken == "html":
            server.keys = b"<html>"
        elif broken == "too-large":
            server.keys = json.dumps(public(ES384)).encode() + b" " * 300_000
        else:
            server.keys = {}
        client = site(tmp_path, general={"keys": {"jwks_url": server.url}})
        assert call(client, token()).status_code == 401
        assert elsewhere.asked == 0


def test_keys_fetched_before_stay_in_use_while_the_address_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with key_server(public(ES384)) as server:
        client = site(tmp_path, general={"keys": {"jwks_url": server.url}})
        assert call(client, token()).status_code == 200
        server.status = 500
        monkeypatch.setattr(key_rings, "KEYS_MAX_AGE_SECONDS", 0.0)
        monkeypatch.setattr(key_rings, "KEYS_REFETCH_SECONDS", 0.0)
        assert call(client, token()).status_code == 200
        assert server.asked == 2


@pytest.mark.parametrize(
    ("unusable", "why"),
    [
        (SMALL_RSA.as_dict(private=False), "a small RSA key"),
        (ES384.as_dict(private=False) | {"use": "enc"}, "a key of another use"),
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "es384"}, "a symmetric key"),
        ({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "es384"}, "no point of the curve"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_an_unusable_key_is_not_used(unusable: dict[str, Any], why: str) -> None:
    assert key_rings.trusted_keys([unusable]) == {}, why


def test_keys_that_anybody_can_sign_with_are_refused_outside_development(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = public(ES384)["keys"]
    assert set(key_rings.trusted_keys(listed)) == {"es384"}
    monkeypatch.setattr(key_rings, "COMPROMISED_KEYS", {ES384.thumbprint(): "a test"})
    assert key_rings.trusted_keys(listed) == {}
    assert key_rings.compromised_key_owners(listed) == ["a test"]
    assert set(key_rings.trusted_keys(listed, development=True)) == {"es384"}


def test_the_published_key_of_the_public_sandbox_is_known() -> None:
    """The public half as the sandbox publishes it; the private half stands beside it in its repository."""
    sandbox = {
        "kty": "EC",
        "crv": "P-384",
        "x": "dw_JGR8nB2I6XveNxUOl2qk699ZPLM2nYI5STSdiEl9avAkrm3CkfYMbrrjr8laB",
        "y": "Sm3mLE-n1zYNla_aiE3cb3nZsL51RbC7ysw3q8aJLxGm-hx79RPMYpITDjp7kgzy",
        "kid": "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f",
    }
    owner = COMPROMISED_KEYS["s9fOe-KDYD1myZ8YCzleUqJQgrYZL49kVijBxhnZvZc"]
    assert key_rings.compromised_key_owners([sandbox]) == [owner]
    assert key_rings.trusted_keys([sandbox]) == {}


def test_every_issue_of_a_token_leaves_no_trace_of_it_in_the_log(general: FlaskClient) -> None:
    secret = token(jti="marker-of-the-token")
    with logged() as lines:
        call(general, secret)
        call(general, secret)
        call(general, token(iss="https://marker.example", jti="marker-of-the-token"))
    assert not [line for line in lines if "marker" in line or secret.split(".")[2] in line]


def test_without_tenants_everybody_on_this_machine_is_answered() -> None:
    client = create_app(Settings(), clock=lambda: DAY).test_client()
    assert call(client, None).status_code == 200


def test_an_insecure_demonstration_says_so_in_every_response() -> None:
    client = create_app(Settings(insecure_demo=True), clock=lambda: DAY).test_client()
    for answer in (call(client, None), client.get("/health/live"), client.get("/nothing"), client.get("/cds-services")):
        assert answer.headers["Benzo-CDS-Insecure-Demo"] == "callers are not authenticated; no real patients"
    other = create_app(Settings(), clock=lambda: DAY).test_client()
    assert "Benzo-CDS-Insecure-Demo" not in other.get("/health/live").headers


def test_an_issuer_is_not_found_by_its_beginning(general: FlaskClient) -> None:
    assert call(general, token(iss=ISSUER + "/")).status_code == 401
