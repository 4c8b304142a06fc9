"""Do the settings that the guide gives for Epic, the public sandbox and Inferno admit their tokens, word for word?

The tokens have the members that each of these clients sends. They are signed with keys of the test, which take the
place of theirs.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import responses
import yaml
from caller import public, signed
from ehr import DAY, logged, lorazepam, sign
from joserfc.jwk import ECKey, RSAKey

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.policy.configuration import PolicyError
from cds_service.trust import keys as key_rings

PAGE = (Path(__file__).parents[2] / "docs" / "tenants.md").read_text(encoding="utf-8")
KEYS = PAGE.partition("\n## Keys\n")[2].partition("\n## ")[0]
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", KEYS, re.M | re.S)]
SERVICE = "/benzo-order-sign"
EPIC_KID = base64.b64encode(bytes.fromhex("fbefbe" + "3e" * 29)).decode()


@dataclass(frozen=True)
class Client:
    """A known client: its key, and the tokens that it signs for an address."""

    key: ECKey | RSAKey
    algorithm: str
    published: bool

    def token(self, block: dict[str, Any], address: str, **changed: Any) -> str:
        now = int(time.time())
        header = {"alg": self.algorithm, "typ": "JWT", "kid": self.key.kid, "jku": address_of_keys(block)}
        claims = {"iss": block["issuer"], "aud": address, "iat": now, "exp": now + 300, "jti": self.identity()}
        return signed(header | changed, claims | self.further(block, now), self.key)

    def identity(self) -> str:
        return str(uuid4())

    def further(self, _block: dict[str, Any], _now: int) -> dict[str, Any]:
        return {}


class Epic(Client):
    def further(self, block: dict[str, Any], now: int) -> dict[str, Any]:
        return {"nbf": now - 300, "exp": now + 900, "sub": block["subject"]}


class Inferno(Client):
    def identity(self) -> str:
        return secrets.token_hex(32)


CLIENTS = {
    "general-hospital": Epic(RSAKey.generate_key(2048, {"kid": EPIC_KID, "use": "sig"}), "RS384", published=False),
    "public-sandbox": Client(
        ECKey.generate_key("P-384", {"kid": "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f", "use": "sig", "alg": "ES384"}),
        "ES384",
        published=True,
    ),
    "inferno": Inferno(
        ECKey.generate_key("P-384", {"kid": "4b49a739d1eb115b3225f4cf9beb6d1b", "use": "sig", "alg": "ES384"}),
        "ES384",
        published=True,
    ),
}


def address_of_keys(block: dict[str, Any]) -> str:
    return str(block["keys"].get("jku") or block["keys"]["jwks_url"])


def one(example: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ((name, block),) = example["tenants"].items()
    return name, block


def called_as_the_guide_says(
    folder: Path, example: dict[str, Any], *, development: bool
) -> tuple[list[int], list[str | None]]:
    """The status of discovery, of a call, and of two calls with another ``jku``; and the addresses that were asked."""
    name, block = one(example)
    known = CLIENTS[name]
    listed = public(known.key)
    written = json.loads(json.dumps(example))
    if "keys" in block["keys"]:
        # The key that stands in the guide is theirs.
        assert [key["kid"] for key in block["keys"]["keys"]] == [known.key.kid]
        written["tenants"][name]["keys"]["keys"] = listed["keys"]
    if "jwks_file" in block["keys"]:
        (folder / block["keys"]["jwks_file"]).write_text(json.dumps(listed), encoding="utf-8")
    path = folder / "tenants.yaml"
    path.write_text(yaml.safe_dump(written), encoding="utf-8")
    http = create_app(Settings(tenants=path, development=development), clock=lambda: DAY).test_client()
    (base,) = block["audiences"]

    def call(**header: Any) -> int:
        token = known.token(block, base + SERVICE, **header)
        return http.post(
            f"/cds-services{SERVICE}", json=sign(lorazepam()), headers={"Authorization": token}
        ).status_code

    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        if "jwks_url" in block["keys"]:
            web.get(block["keys"]["jwks_url"], json=listed)
        discovery = http.get("/cds-services", headers={"Authorization": known.token(block, base)}).status_code
        found = [discovery, call(), call(jku="https://foreign.example/keys"), call(jku=address_of_keys(block) + "/")]
        asked = [each.request.url for each in web.calls]
    return found, asked


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: f"{one(example)[0]}-{sorted(one(example)[1]['keys'])[-1]}"
)
def test_a_token_as_it_is_sent_is_admitted_and_its_address_is_compared(
    example: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, block = one(example)
    if CLIENTS[name].published:
        monkeypatch.setattr(key_rings, "COMPROMISED_KEYS", {CLIENTS[name].key.thumbprint(): name})
    found, asked = called_as_the_guide_says(tmp_path, example, development=CLIENTS[name].published)
    assert found == [200, 200, 401, 401]
    assert asked == ([block["keys"]["jwks_url"]] if "jwks_url" in block["keys"] else [])


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: f"{one(example)[0]}-{sorted(one(example)[1]['keys'])[-1]}"
)
def test_a_published_key_admits_nobody_outside_development(
    example: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, block = one(example)
    monkeypatch.setattr(key_rings, "COMPROMISED_KEYS", {CLIENTS[name].key.thumbprint(): name})
    if "jwks_url" in block["keys"]:
        assert called_as_the_guide_says(tmp_path, example, development=False)[0] == [401] * 4
    else:
        with pytest.raises(PolicyError, match="anybody can sign with this key"):
            called_as_the_guide_says(tmp_path, example, development=False)


def test_the_guide_names_the_published_key_of_the_sandbox() -> None:
    (block,) = [one(example)[1] for example in EXAMPLES if one(example)[0] == "public-sandbox"]
    assert key_rings.compromised_key_owners(block["keys"]["keys"]) == ["the public CDS Hooks sandbox"]


def test_every_known_client_has_its_settings_in_the_guide() -> None:
    assert {one(example)[0] for example in EXAMPLES} == set(CLIENTS)
    assert set("+=") <= set(EPIC_KID)


def test_one_token_for_several_bodies_is_good_once(tmp_path: Path) -> None:
    """As Inferno sends the bodies of one test; the guide says so."""
    example = next(each for each in EXAMPLES if one(each)[0] == "inferno" and "jwks_file" in one(each)[1]["keys"])
    _, block = one(example)
    (tmp_path / "inferno.jwks.json").write_text(json.dumps(public(CLIENTS["inferno"].key)), encoding="utf-8")
    path = tmp_path / "tenants.yaml"
    path.write_text(yaml.safe_dump(example), encoding="utf-8")
    http = create_app(Settings(tenants=path, development=True), clock=lambda: DAY).test_client()
    token = CLIENTS["inferno"].token(block, block["audiences"][0] + SERVICE)
    with logged() as lines:
        found = [
            http.post(
                f"/cds-services{SERVICE}", json=sign(lorazepam(name)), headers={"Authorization": token}
            ).status_code
            for name in ("first", "second")
        ]
    assert found == [200, 401]
    assert '"reason":"used before"' in "".join(lines)
