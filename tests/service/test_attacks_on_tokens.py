"""A second round of attacks on tokens, each by its name, beside those of ``test_trust.py``.

Each states the reason that the log has, or None where the token is good and nothing is gained by it.
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from caller import (
    BASE,
    ES256,
    ES384,
    ISSUER,
    OTHER_ES384,
    RS384,
    claims,
    public,
    signed,
    signed_bytes,
    tenants_file,
    token,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from ehr import DAY, logged, lorazepam, sign
from flask.testing import FlaskClient
from joserfc import jws

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.config.limits import MAX_TOKEN_LENGTH
from cds_service.trust import replay

SIGN = "/cds-services/benzo-order-sign"
BODY = sign(lorazepam())
HEADER = {"alg": "ES384", "typ": "JWT", "kid": "es384"}
RSA_HEADER = {"alg": "RS384", "typ": "JWT", "kid": "rs384"}
NOT_OURS = "the algorithm is not one of the tenant's"
NO_FIT = "the signature does not fit"
UNKNOWN = "the header asks for what is not known"
UNREAD = "the token cannot be read"
AUDIENCE = "meant for another audience"
P384_ORDER = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    other = {"issuer": "https://other.example", "keys": public(OTHER_ES384) | {"jku": "https://other.example/keys"}}
    path = tenants_file(tmp_path_factory.mktemp("tenants"), general={"keys": public(ES384, RS384, ES256)}, other=other)
    return create_app(Settings(tenants=path), clock=lambda: DAY).test_client()


def part(value: Any) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def with_signature(signature: bytes, header: dict[str, Any] | None = None) -> str:
    return f"Bearer {part(header or HEADER)}.{part(claims())}.{part(signature)}"


def raw(header: bytes | None = None, payload: bytes | None = None, key: Any = ES384, algorithm: str = "ES384") -> str:
    """A good signature over these bytes."""
    return signed_bytes(header or json.dumps(HEADER).encode(), payload or json.dumps(claims()).encode(), key, algorithm)


def with_header(**members: Any) -> str:
    """A good signature, with further members in the header."""
    return raw(header=json.dumps(HEADER | members).encode())


def with_expiry(written: str) -> str:
    """A good signature, with ``exp`` written so."""
    return raw(payload=json.dumps(claims(exp=12345678)).replace("12345678", written).encode())


def doubled(first: str, value: Any) -> str:
    """Good claims with one of them written before as well, with another value."""
    text = json.dumps(claims())
    return raw(payload=f'{{"{first}": {json.dumps(value)}, {text[1:]}'.encode())


def mirrored() -> str:
    """Another valid signature of a used token: of the two numbers (r, s), s is replaced by n - s."""
    text = token().removeprefix("Bearer ")
    head, _, signature = text.rpartition(".")
    numbers = base64.urlsafe_b64decode(signature)
    s = P384_ORDER - int.from_bytes(numbers[48:])
    return f"Bearer {head}.{part(numbers[:48] + s.to_bytes(48))}"


def hmac_with(secret: bytes, name: str) -> str:
    """Signed with a public key, which anybody may have, as the secret."""
    text = f"{part({'alg': f'HS{name}', 'typ': 'JWT', 'kid': 'rs384'})}.{part(claims())}"
    return f"Bearer {text}.{part(hmac.digest(secret, text.encode(), f'sha{name}'))}"


def now() -> int:
    return int(time.time())


def look_alike(text: str) -> str:
    """The same to the eye: with a Cyrillic e."""
    return text.replace("e", "\u0435", 1)


ATTACKS: dict[str, tuple[Callable[[], str], str | None]] = {
    # algorithms
    "alg in small letters": (lambda: with_signature(b"x" * 96, HEADER | {"alg": "es384"}), NOT_OURS),
    "alg none in mixed letters": (lambda: with_signature(b"", HEADER | {"alg": "nOnE"}), NOT_OURS),
    "alg with a space": (lambda: with_signature(b"x", HEADER | {"alg": "ES384 "}), NOT_OURS),
    "alg empty": (lambda: with_signature(b"x", HEADER | {"alg": ""}), NOT_OURS),
    "alg left out": (lambda: with_signature(b"x", {"typ": "JWT", "kid": "es384"}), NOT_OURS),
    "alg null": (lambda: with_signature(b"x", HEADER | {"alg": None}), NOT_OURS),
    "alg an object": (lambda: with_signature(b"x", HEADER | {"alg": {"a": "ES384"}}), NOT_OURS),
    "the public RSA key as a secret": (lambda: hmac_with(RS384.as_pem(private=False), "384"), NOT_OURS),
    "the key set as a secret": (lambda: hmac_with(json.dumps(public(RS384)).encode(), "512"), NOT_OURS),
    "PS384 with the RSA key": (lambda: signed(HEADER | {"alg": "PS384", "kid": "rs384"}, claims(), RS384), NOT_OURS),
    "RS512 with the RSA key": (lambda: signed(HEADER | {"alg": "RS512", "kid": "rs384"}, claims(), RS384), NOT_OURS),
    "ES384 signed on the other curve": (lambda: raw(key=ES256, algorithm="ES256"), NO_FIT),
    "alg twice": (lambda: raw(header=b'{"alg": "none", "alg": "ES384", "typ": "JWT", "kid": "es384"}'), UNREAD),
    # signatures
    "a signature of zeros": (lambda: with_signature(bytes(96)), NO_FIT),
    "a signature of r and s equal to the order": (lambda: with_signature(P384_ORDER.to_bytes(48) * 2), NO_FIT),
    "a signature in DER": (lambda: in_der(), NO_FIT),
    "a signature cut short": (lambda: token()[:-10], NO_FIT),
    "a signature with more behind": (lambda: token() + "AAAA", NO_FIT),
    "an empty RSA signature": (lambda: with_signature(b"", RSA_HEADER), NO_FIT),
    "an RSA signature of zeros": (lambda: with_signature(bytes(256), RSA_HEADER), NO_FIT),
    "an RSA signature of one": (lambda: with_signature(bytes(255) + b"\1", RSA_HEADER), NO_FIT),
    "a mark in the header that some base64 ignores": (lambda: token().replace(".", "!!!!.", 1), NO_FIT),
    # kid
    "kid a path": (lambda: token(header={"kid": "../../../../dev/null"}), "no key of that name"),
    "kid a query of a database": (lambda: token(header={"kid": "es384' OR '1'='1"}), "no key of that name"),
    "kid with a NUL behind": (lambda: token(header={"kid": "es384\0"}), "no key of that name"),
    "kid in capitals": (lambda: token(header={"kid": "ES384"}), "no key of that name"),
    "kid with a space": (lambda: token(header={"kid": " es384"}), "no key of that name"),
    "kid of another letter alike": (lambda: token(header={"kid": "\u0435s384"}), "no key of that name"),
    "kid too long": (lambda: token(header={"kid": "k" * 600}), "names no key"),
    "kid a list": (lambda: with_signature(b"x", HEADER | {"kid": ["es384"]}), "names no key"),
    "kid null": (lambda: with_signature(b"x", HEADER | {"kid": None}), "names no key"),
    "kid of another tenant's key": (lambda: token(key=OTHER_ES384, iss=ISSUER), NO_FIT),
    # other members of the header
    "b64 in crit": (lambda: with_header(b64=False, crit=["b64"]), UNKNOWN),
    "crit empty": (lambda: with_header(crit=[]), UNKNOWN),
    "crit null": (lambda: with_header(crit=None), UNKNOWN),
    "b64 without crit, over the bare claims": (lambda: over_bare_claims(), NO_FIT),
    "a certificate in the header": (lambda: token(key=OTHER_ES384, header={"x5c": ["MIIB"]}), NO_FIT),
    "the address of a certificate in the header": (
        lambda: token(key=OTHER_ES384, header={"x5u": "https://foreign.example/"}),
        NO_FIT,
    ),
    "jku of another tenant": (
        lambda: token(header={"jku": "https://other.example/keys"}),
        "names another address of keys",
    ),
    "typ of an access token": (lambda: token(header={"typ": "at+jwt"}), "not declared to be a JWT"),
    "typ a list": (lambda: with_signature(b"x", HEADER | {"typ": ["JWT"]}), "not declared to be a JWT"),
    # form
    "a token within a token": (lambda: raw(payload=token().removeprefix("Bearer ").encode()), UNREAD),
    "an encrypted token": (lambda: "Bearer a.b.c.d.e", "not a signed token"),
    "a token as JSON": (lambda: f"Bearer {json.dumps({'payload': part(claims())})}", "not a signed token"),
    "claims nested beyond reading": (lambda: raw(payload=b'{"iss": ' + b"[" * 3_000 + b"]" * 3_000 + b"}"), UNREAD),
    "a header nested beyond reading": (lambda: raw(header=b'{"alg": ' + b"[" * 3_000 + b"]" * 3_000 + b"}"), UNREAD),
    "a token one letter too long": (lambda: "Bearer " + "a" * (MAX_TOKEN_LENGTH + 1), "the token is too long"),
    "claims in UTF-16": (lambda: raw(payload=json.dumps(claims()).encode("utf-16")), UNREAD),
    "claims with a lone surrogate": (lambda: raw(payload=json.dumps(claims(jti="\ud800")).encode()), UNREAD),
    "claims with NaN": (lambda: raw(payload=json.dumps(claims(exp=float("nan"))).encode()), UNREAD),
    "two tokens in one header": (lambda: f"{token()}, {token()}", "not a signed token"),
    "a token behind another scheme": (lambda: token().replace("Bearer", "Bearer Bearer"), UNREAD),
    "DPoP in place of Bearer": (lambda: token().replace("Bearer", "DPoP"), "not a bearer token"),
    # claims twice
    "iss twice": (lambda: doubled("iss", "https://other.example"), UNREAD),
    "aud twice": (lambda: doubled("aud", "https://foreign.example"), UNREAD),
    "exp twice": (lambda: doubled("exp", 1), UNREAD),
    "jti twice": (lambda: doubled("jti", "another"), UNREAD),
    "jti twice by an escape": (
        lambda: raw(payload=json.dumps(claims()).replace('"jti"', '"j\\u0074i": 1, "jti"').encode()),
        UNREAD,
    ),
    # times
    "exp a fraction": (lambda: token(exp=now() + 300.5), None),
    "exp beyond all numbers": (lambda: with_expiry("1e999"), UNREAD),
    "exp of 400 digits": (lambda: with_expiry("1" + "0" * 300), "lives too long"),
    "exp at the end of 64 bits": (lambda: token(exp=2**63 - 1), "lives too long"),
    "exp negative": (lambda: token(exp=-1, iat=-100), "expired"),
    "exp in milliseconds": (lambda: token(exp=(now() + 300) * 1000), "lives too long"),
    "iat in milliseconds": (lambda: token(iat=now() * 1000, exp=now() * 1000 + 300), "issued in the future"),
    "exp a list": (lambda: token(exp=[now() + 300]), "exp is missing, or no time"),
    "iat false": (lambda: token(iat=False), "iat is missing, or no time"),
    "iat a text": (lambda: token(iat=str(now())), "iat is missing, or no time"),
    "iat within the tolerance, from the future": (lambda: token(iat=now() + 30), None),
    "nbf a text": (lambda: token(nbf=str(now())), "nbf is missing, or no time"),
    "nbf null": (lambda: signed(HEADER, claims() | {"nbf": None}, ES384), "nbf is missing, or no time"),
    "an hour and a second": (lambda: token(exp=now() + 3_601), "lives too long"),
    "just expired beyond the tolerance": (lambda: token(iat=now() - 400, exp=now() - 61), "expired"),
    # audiences
    "aud among a thousand": (lambda: token(aud=[*map(str, range(999)), BASE + "/benzo-order-sign"]), None),
    "aud an empty list": (lambda: token(aud=[]), AUDIENCE),
    "aud a list of lists": (lambda: token(aud=[[BASE + "/benzo-order-sign"]]), AUDIENCE),
    "aud an object": (lambda: token(aud={BASE + "/benzo-order-sign": True}), AUDIENCE),
    "aud with a slash behind": (lambda: token(aud=BASE + "/benzo-order-sign/"), AUDIENCE),
    "aud in capitals": (lambda: token(aud=(BASE + "/benzo-order-sign").upper()), AUDIENCE),
    "aud with a fragment": (lambda: token(aud=BASE + "/benzo-order-sign#"), AUDIENCE),
    "aud with a query": (lambda: token(aud=BASE + "/benzo-order-sign?"), AUDIENCE),
    "aud percent-encoded": (lambda: token(aud=BASE + "/benzo%2Dorder-sign"), AUDIENCE),
    "aud of another path to the service": (lambda: token(aud=BASE + "/x/../benzo-order-sign"), AUDIENCE),
    "aud of the feedback": (lambda: token("/benzo-order-sign/feedback"), AUDIENCE),
    "aud of a prefix of the service": (lambda: token("/benzo-order"), AUDIENCE),
    "aud of a host alike": (lambda: token(aud=look_alike(BASE) + "/benzo-order-sign"), AUDIENCE),
    # issuers
    "iss with a space": (lambda: token(iss=ISSUER + " "), "another issuer"),
    "iss in capitals": (lambda: token(iss=ISSUER.upper()), "another issuer"),
    "iss with a NUL behind": (lambda: token(iss=ISSUER + "\0"), "another issuer"),
    "iss of a letter alike": (lambda: token(iss=look_alike(ISSUER)), "another issuer"),
    "iss in decomposed letters": (lambda: token(iss=ISSUER + "\u0301"), "another issuer"),
    "iss a list": (lambda: token(iss=[ISSUER]), "another issuer"),
    "iss an object": (lambda: token(iss={"iss": ISSUER}), "another issuer"),
    "iss of another tenant": (lambda: token(iss="https://other.example"), NO_FIT),
    "sub that nobody asks for": (lambda: token(sub={"admin": True}), None),
    "tenant that nobody asks for": (lambda: token(tenant="other"), None),
    # ids
    "jti of spaces": (lambda: token(jti=" "), None),
    "jti too long": (lambda: token(jti="j" * 513), "has no id of its own"),
    "jti a list": (lambda: token(jti=["a"]), "has no id of its own"),
    "jti null": (lambda: signed(HEADER, claims() | {"jti": None}, ES384), "has no id of its own"),
}


def in_der() -> str:
    text = token().removeprefix("Bearer ")
    head, _, signature = text.rpartition(".")
    numbers = base64.urlsafe_b64decode(signature)
    return f"Bearer {head}.{part(encode_dss_signature(int.from_bytes(numbers[:48]), int.from_bytes(numbers[48:])))}"


def over_bare_claims() -> str:
    """As RFC 7797 signs: over the claims as they are, not over their base64."""
    header, payload = part(HEADER | {"b64": False}), json.dumps(claims()).encode()
    algorithm = jws.JWSRegistry(algorithms=["ES384"]).get_alg("ES384")
    signature = algorithm.sign(header.encode() + b"." + payload, ES384)
    return f"Bearer {header}.{part(payload)}.{part(signature)}"


def call(http: FlaskClient, authorization: str | list[str] | None, path: str = SIGN, **more: Any) -> Any:
    listed = [authorization] if isinstance(authorization, str) else authorization or []
    return http.post(path, json=BODY, headers=[("Authorization", each) for each in listed], **more)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_a_token(http: FlaskClient, attack: str) -> None:
    make, reason = ATTACKS[attack]
    with logged() as lines:
        answer = call(http, make())
    refusals = [json.loads(line)["reason"] for line in lines if "not admitted" in line]
    assert (answer.status_code, refusals) == ((200, []) if reason is None else (401, [reason]))
    if reason is not None:
        assert reason not in answer.text


def test_a_mirrored_signature_is_no_new_token(http: FlaskClient) -> None:
    once = mirrored()
    assert call(http, once).status_code == 200
    assert call(http, once).status_code == 401


@pytest.mark.parametrize("place", ["query", "body", "cookie", "form", "another header", "proxy"])
def test_a_token_elsewhere_than_in_its_header_is_none(http: FlaskClient, place: str) -> None:
    text = token().removeprefix("Bearer ")
    with logged() as lines:
        if place == "query":
            answer = http.post(f"{SIGN}?access_token={text}&Authorization=Bearer%20{text}", json=BODY)
        elif place == "body":
            answer = http.post(SIGN, json=BODY | {"access_token": text, "Authorization": f"Bearer {text}"})
        elif place == "cookie":
            answer = http.post(SIGN, json=BODY, headers={"Cookie": f"Authorization=Bearer {text}; token={text}"})
        elif place == "form":
            answer = http.post(SIGN, data={"access_token": text})
        elif place == "another header":
            answer = http.post(SIGN, json=BODY, headers={"X-Authorization": f"Bearer {text}", "X-Access-Token": text})
        else:
            answer = http.post(SIGN, json=BODY, headers={"Proxy-Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert text not in "".join(lines)


def test_two_headers_of_authorization_are_none(http: FlaskClient) -> None:
    assert call(http, [token(), token()]).status_code == 401
    assert call(http, ["Basic eDp5", token()]).status_code == 401


@pytest.mark.parametrize("path", [SIGN, f"{SIGN}/feedback", "/cds-services"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "PUT"])
def test_no_method_of_an_address_is_answered_without_a_token(http: FlaskClient, path: str, method: str) -> None:
    """OPTIONS says which methods there are, and nothing else."""
    answer = http.open(path, method=method, json={})
    assert answer.status_code in ((401, 405) if method != "OPTIONS" else (200, 405))
    assert "services" not in answer.text.replace("cds-services", "")


def test_a_token_is_good_once_among_calls_at_the_same_time(tmp_path: Path) -> None:
    settings = Settings(tenants=tenants_file(tmp_path), store=str(tmp_path / "records.sqlite3"), call_seconds=30)
    app = create_app(settings, clock=lambda: DAY)
    once, found, begin = token(""), [], threading.Barrier(8)

    def discover() -> None:
        begin.wait()
        found.append(app.test_client().get("/cds-services", headers={"Authorization": once}).status_code)

    threads = [threading.Thread(target=discover) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] + [401] * 7


def test_a_token_is_good_once_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(tenants=tenants_file(tmp_path), store=str(tmp_path / "records.sqlite3"))
    once = token()
    assert call(create_app(settings, clock=lambda: DAY).test_client(), once).status_code == 200
    assert call(create_app(settings, clock=lambda: DAY).test_client(), once).status_code == 401


def test_a_tenant_that_uses_too_many_tokens_shuts_no_other_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MAX_REMEMBERED_TOKENS", 3)
    other = {"issuer": "https://other.example", "keys": public(OTHER_ES384)}
    app = create_app(Settings(tenants=tenants_file(tmp_path, general={}, other=other)), clock=lambda: DAY)
    http = app.test_client()
    with logged() as lines:
        assert [call(http, token()).status_code for _ in range(4)] == [200, 200, 200, 401]
    assert '"reason":"too many tokens in use"' in "".join(lines)
    assert call(http, token(key=OTHER_ES384, iss="https://other.example")).status_code == 200


def test_an_id_that_one_tenant_used_is_not_used_up_for_another(http: FlaskClient) -> None:
    assert call(http, token(jti="the-same-id")).status_code == 200
    assert call(http, token(jti="the-same-id", key=OTHER_ES384, iss="https://other.example")).status_code == 200
    assert call(http, token(jti="the-same-id")).status_code == 401
