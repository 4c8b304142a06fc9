"""Is the file of tenants checked to the last key, and does a changed file take effect whole or not at all?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from caller import BASE, ES256, ES384, ISSUER, OTHER_ES384, policy_read_at_every_call, public, tenants_file, token
from ehr import DAY, bundle, logged, lorazepam
from flask.testing import FlaskClient

from cds_service.__main__ import main
from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.trust.tenant import Mode
from cds_service.trust.tenant_file import TenantFileError, read_tenants
from cds_service.trust.tenants import TenantReader, merged_policy
from rules import load_knowledge

SIGN = "/cds-services/benzo-order-sign"


def call(client: FlaskClient, **changed: Any) -> Any:
    context = {"patientId": "p1", "draftOrders": bundle(lorazepam())}
    body = {"hook": "order-sign", "hookInstance": "1", "context": context, "prefetch": {"medicationRequests": None}}
    return client.post(SIGN, json=body, headers={"Authorization": token(**changed)})


def problems(folder: Path, block: dict[str, Any], *, development: bool = False) -> list[str]:
    path = tenants_file(folder, general=block)
    with pytest.raises(TenantFileError) as refused:
        read_tenants(path.read_text(encoding="utf-8"), folder, development=development)
    return refused.value.problems


MISTAKES = [
    ({"isuer": "x"}, "general: isuer: no such key; did you mean issuer?"),
    (
        {"fhir_servers": [{"base": "https://x", "privat": 1}]},
        "general: fhir_servers.0.privat: no such key; did you mean p",
    ),
    ({"fhir_servers": ["https://x"]}, "general: fhir_servers.0: must be a block of keys and values"),
    ({"audiences": "https://x"}, "general: audiences: must be a list, also where it holds one thing"),
    ({"issuer": ""}, "general: issuer: String should have at least 1 character"),
    ({"audiences": []}, "general: audiences: List should have at least 1 item after validation, not 0"),
    ({"algorithms": ["HS256"]}, "general: algorithms.0: Input should be 'ES384', 'RS384', 'ES256' or 'RS256'"),
    ({"algorithms": ["none"]}, "general: algorithms.0: Input should be 'ES384', 'RS384', 'ES256' or 'RS256'"),
    ({"keys": {}}, "general: keys: give exactly one of jwks_url, jwks_file and keys"),
    ({"keys": {"keys": []}}, "general: keys: no key is given"),
    (
        {"keys": {"jwks_url": "http://ehr.example/jwks"}},
        "general: keys: jwks_url must begin with https:// (http:// only on this machine)",
    ),
    (
        {"keys": {"jwks_url": "http://127.0.0.1/jwks"}},
        "general: http://127.0.0.1/jwks: an address of this machine is for development (BENZO_CDS_DEVELOPMENT)",
    ),
    (
        {"keys": {"keys": [ES384.as_dict(private=True)]}},
        "general: keys: the private half of a key is there; it must stay with the EHR",
    ),
    (
        {"keys": {"jwks_url": "https://ehr.example/jwks", "jku": "https://ehr.example/jwks"}},
        "general: keys: jku is for jwks_file or keys; with jwks_url a token's jku must be that address",
    ),
    ({"keys": public(ES384) | {"jku": []}}, "general: keys.jku: List should have at least 1 item"),
    ({"keys": public(ES384) | {"jku": "ehr.example"}}, "general: keys.jku: must be the address as it stands in the"),
    ({"keys": public(ES384) | {"jwku": "https://x"}}, "general: keys.jwku: no such key; did you mean j"),
    ({"keys": {"jku": "https://x"}}, "general: keys: give exactly one of jwks_url, jwks_file and keys"),
    ({"keys": {"jwks_file": "nowhere.json", "jku": "https://x"}}, "general: keys.jwks_file: No such file or directory"),
    ({"keys": {"jwks_file": "nowhere.json"}}, "general: keys.jwks_file: No such file or directory"),
    (
        {"fhir_servers": [{"base": "http://ehr.example/fhir"}]},
        "general: fhir_servers.0.base: must begin with https:// (http:// only on this machine)",
    ),
    (
        {"fhir_servers": [{"base": "https://user:secret@ehr.example/fhir"}]},
        "general: fhir_servers.0.base: must be an address without a user, a query or a fragment",
    ),
    (
        {"fhir_servers": [{"base": "https://10.0.0.1/fhir"}]},
        "general: https://10.0.0.1/fhir: an address inside a private network is read with private: true alone",
    ),
    ({"mode": "quiet"}, "general: mode: Input should be 'on', 'shadow' or 'off'"),
    ({"timezone": "Mars/Olympus"}, "general: timezone: not a time zone of the IANA database, such as America/New_York"),
    (
        {"orders": {"taper-clinic": {"system": "urn:site", "code": "1"}}},
        "general: orders: no such order: taper-clinic; there are like, medication, referral, removal, end, naloxone,",
    ),
    ({"orders": {"stop": True}}, "general: orders: no such order: stop; there are like, medication"),
    ({"orders": "Cerner"}, "general: orders.like: no such system: Cerner; there are fhir, epic, cds-hooks-sandbox"),
    ({"orders": {"cbt": {"system": "local", "code": "1"}}}, "general: orders.cbt.0.system: must be a URI"),
    ({"orders": {"cbt": {"code": "1"}}}, "general: orders.cbt.0.system: is missing"),
    (
        {"orders": {"cbt": [{"system": "urn:site", "code": "1"}, {"system": "urn:x"}]}},
        "general: orders.cbt.1.code: is missing",
    ),
    ({"orders": {"cbt": {"system": "urn:site", "code": " "}}}, "general: orders.cbt.0.code: must be a code"),
    ({"orders": {"cbt": []}}, "general: orders.cbt: must be a code (system, code, display)"),
    ({"orders": {"cbt": True}}, "general: orders.cbt: must be a code (system, code, display), a list"),
    ({"orders": {"cbt": {"system": "urn:site", "code": "1", "name": "x"}}}, "general: orders.cbt.0.name: no such key"),
    ({"orders": {"end": "perhaps"}}, "general: orders.end: Input should be a valid boolean"),
    (
        {"orders": {"like": "epic", "cbt": {"system": "http://snomed.info/sct", "code": "228557008"}}},
        "general: orders: cbt: Epic files a referral by urn:com.epic.cdshooks.action.code.system.preference-list-item",
    ),
    ({"country": "usa"}, "general: country: String should match pattern '^[A-Z]{2}$'"),
    ({"prefetch_aliases": {"meds": "medications"}}, "general: prefetch_aliases: no such prefetch key: medications"),
    ({"services": {"benzo-order-sing": "off"}}, "general: services: no such service: benzo-order-sing"),
    ({"findings": {"total-lode": "off"}}, "general: findings: no such finding: total-lode"),
    ({"snooze_days": 400}, "general: snooze_days: Input should be less than or equal to 366"),
]


@pytest.mark.parametrize(("block", "line"), MISTAKES, ids=[line for _, line in MISTAKES])
def test_a_mistake_is_named_with_its_place(tmp_path: Path, block: dict[str, Any], line: str) -> None:
    assert [found[: len(line)] for found in problems(tmp_path, block)] == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-----BEGIN PUBLIC KEY-----", "is not JSON; it must hold a set of keys"),
        (json.dumps(public(ES384)["keys"][0]), "must hold a set of keys"),
        ('{"keys": {}}', "must hold a set of keys"),
    ],
)
def test_a_file_that_is_no_set_of_keys_is_named(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "keys.json").write_text(text, encoding="utf-8")
    (found,) = problems(tmp_path, {"keys": {"jwks_file": "keys.json"}})
    assert found.startswith(f"general: keys.jwks_file: {line}")


def test_a_server_of_this_machine_needs_private_in_development_too(tmp_path: Path) -> None:
    block = {"fhir_servers": [{"base": "http://127.0.0.1:8077/fhir"}]}
    (found,) = problems(tmp_path, block, development=True)
    assert found.endswith("is read with private: true alone")


def test_keys_that_fit_none_of_the_algorithms_are_refused(tmp_path: Path) -> None:
    path = tenants_file(tmp_path, general={"keys": public(ES256)})
    with pytest.raises(TenantFileError, match="general: keys: none of them fits the algorithms ES384, RS384"):
        TenantReader(Settings()).tenants(path)


def test_every_mistake_is_told_at_once_and_no_secret_is_repeated(tmp_path: Path) -> None:
    found = problems(tmp_path, {"mode": "quiet", "keys": {"keys": "the-secret"}, "snooze_days": -1})
    assert len(found) == 3
    assert "the-secret" not in " ".join(found)


def test_two_tenants_that_no_token_could_tell_apart_are_refused(tmp_path: Path) -> None:
    path = tenants_file(tmp_path, north={}, south={})
    with pytest.raises(TenantFileError, match="south: the same issuer and tenant_claim as north"):
        read_tenants(path.read_text(encoding="utf-8"), tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "tenants:", "tenants: {}", "tenants: {a: 1}\nmore: 1", "\t", "a: [", "a: 1\na: 2"]
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TenantFileError):
        read_tenants(text, tmp_path)


def test_what_is_written_is_in_force(tmp_path: Path) -> None:
    block = {
        "timezone": "America/New_York",
        "mode": "shadow",
        "services": {"benzo-patient-view": "off"},
        "findings": {"older-adult": "shadow", "pregnancy": "off"},
        "prefetch_aliases": {"meds": "medicationRequests"},
        "cards": {"text": "plain", "tables": True},
        "fhir_servers": [{"base": "https://ehr.example/fhir/", "open": True}],
        "snooze_days": 30,
        "policy": {"findings": {"total-load": {"parameters": {"site_threshold": "40"}}}},
    }
    (trusted,) = TenantReader(Settings()).tenants(tenants_file(tmp_path, general=block))
    tenant = trusted.tenant
    assert (tenant.id, str(tenant.zone), tenant.snooze_days) == ("general", "America/New_York", 30)
    assert tenant.mode_of("benzo-order-sign") is Mode.SHADOW
    assert tenant.mode_of("benzo-patient-view") is Mode.OFF
    assert tenant.findings_in_mode(Mode.SHADOW) == {"older-adult"}
    assert tenant.findings_in_mode(Mode.OFF) == {"pregnancy"}
    assert dict(tenant.aliases) == {"meds": "medicationRequests"}
    assert (tenant.dialect.text, tenant.dialect.tables) == ("plain", True)
    assert [(server.base, server.open, server.private) for server in tenant.fhir_servers] == [
        ("https://ehr.example/fhir", True, False)
    ]
    assert tenant.knowledge.findings["total-load"].parameters["site_threshold"].value == 40


@pytest.mark.parametrize(
    ("block", "settings", "country"),
    [
        ({}, {}, "US"),
        ({"timezone": "America/New_York"}, {}, "US"),
        ({"timezone": "Pacific/Honolulu"}, {}, "US"),
        ({"timezone": "Europe/London"}, {}, ""),
        ({"timezone": "Pacific/Auckland"}, {}, ""),
        ({"timezone": "Japan"}, {}, ""),
        ({}, {"timezone": "Europe/Paris"}, ""),
        ({"timezone": "America/Chicago"}, {"timezone": "Europe/Paris"}, "US"),
        ({"timezone": "Asia/Tokyo"}, {"country": "US"}, "US"),
        ({"country": "FR"}, {"country": "US"}, "FR"),
        ({"country": "US", "timezone": "Europe/London"}, {}, "US"),
    ],
)
def test_the_country_of_a_tenant_is_its_own_the_sites_or_that_of_the_zone(
    tmp_path: Path, block: dict[str, Any], settings: dict[str, Any], country: str
) -> None:
    (trusted,) = TenantReader(Settings(**settings)).tenants(tenants_file(tmp_path, general=block))
    assert trusted.tenant.country == country


def test_fetched_keys_stay_while_a_tenant_uses_them(tmp_path: Path) -> None:
    reader = TenantReader(Settings(development=True))

    def keys_of(*names: str) -> list[object]:
        blocks = {
            name: {"issuer": f"https://{name}.example", "keys": {"jwks_url": f"https://{name}.example/jwks"}}
            for name in names
        }
        return [trusted.keys for trusted in reader.tenants(tenants_file(tmp_path, **blocks))]

    one, other = keys_of("one", "other")
    (same,) = keys_of("one")
    assert same is one
    with pytest.raises(TenantFileError):
        reader.tenants(tenants_file(tmp_path, one={"mode": "loud"}))
    again, another = keys_of("one", "other")
    assert again is one
    assert another is not other


def test_a_tenants_policy_lies_over_the_sites() -> None:
    site = "default_table: va-dod-2021\npolicy: {concurrency: {recency_days: 180, grace_days: 20}}\n"
    own = {"policy": {"concurrency": {"recency_days": "90"}}}
    knowledge = load_knowledge(merged_policy(site, own))
    concurrency = knowledge.policy.concurrency
    assert knowledge.default_table == "va-dod-2021"
    assert (concurrency.recency_days.value, concurrency.grace_days.value) == (90, 20)


def test_a_policy_out_of_bounds_is_refused_with_the_tenants_name(tmp_path: Path) -> None:
    path = tenants_file(tmp_path, general={"policy": {"concurrency": {}}})
    with pytest.raises(TenantFileError, match="general: policy: site"):
        TenantReader(Settings()).tenants(path)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A service that looks at its file at every call."""
    policy_read_at_every_call(monkeypatch)
    return create_app(Settings(tenants=tenants_file(tmp_path)), clock=lambda: DAY).test_client()


def test_a_changed_file_takes_effect_without_a_restart(watched: FlaskClient, tmp_path: Path) -> None:
    assert call(watched).get_json()["cards"]
    tenants_file(tmp_path, general={"mode": "shadow"})
    assert call(watched).get_json() == {"cards": []}
    tenants_file(tmp_path, general={"keys": public(OTHER_ES384)})
    assert call(watched).status_code == 401
    assert call(watched, key=OTHER_ES384).get_json()["cards"]


@pytest.mark.parametrize("broken", ["tenants: {general: {}}", "{", "", "gone"])
def test_a_broken_file_leaves_the_last_good_one_in_force(watched: FlaskClient, tmp_path: Path, broken: str) -> None:
    path = tmp_path / "tenants.yaml"
    with logged() as lines:
        if broken == "gone":
            path.unlink()
        else:
            path.write_text(broken, encoding="utf-8")
        assert [call(watched).status_code for _ in range(3)] == [200] * 3
    assert len([line for line in lines if "policy refused" in line]) == 1
    tenants_file(tmp_path, general={"mode": "off"})
    assert call(watched).get_json() == {"cards": []}


def test_a_finding_in_shadow_raises_no_card(watched: FlaskClient, tmp_path: Path) -> None:
    """2 mg/d of lorazepam is 20 mg/d by the Ashton column, so high in every table: total-load raises; it is also a new
    start of a high-potency agent. Without both nothing is left that raises a card."""
    (card,) = call(watched).get_json()["cards"]
    assert {item["id"] for item in card["extension"]["org.benzo-cds.assessment"]["findings"]} >= {"total-load"}
    tenants_file(tmp_path, general={"findings": {"total-load": "shadow"}})
    (other,) = call(watched).get_json()["cards"]
    assert "total-load" not in {item["id"] for item in other["extension"]["org.benzo-cds.assessment"]["findings"]}
    tenants_file(tmp_path, general={"findings": {"total-load": "shadow", "high-potency": "off"}})
    assert call(watched).get_json() == {"cards": []}


def test_a_service_that_is_off_is_silent(watched: FlaskClient, tmp_path: Path) -> None:
    tenants_file(tmp_path, general={"services": {"benzo-order-sign": "off"}})
    assert call(watched).get_json() == {"cards": []}


def test_the_service_refuses_to_start_open_to_the_world(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    assert "not authenticated without a file of tenants (BENZO_CDS_TENANTS)" in capsys.readouterr().err


def test_config_check_explains_every_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tenants_file(tmp_path, general={"mode": "quiet", "snooze_days": 400})
    monkeypatch.setitem(os.environ, "BENZO_CDS_TENANTS", str(path))
    assert main(["config", "check"]) == 1
    printed = capsys.readouterr().err
    assert "BENZO_CDS_TENANTS: general: mode: Input should be 'on', 'shadow' or 'off'" in printed
    assert "BENZO_CDS_TENANTS: general: snooze_days" in printed


def test_config_check_tells_whose_keys_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched = {"keys": {"jwks_url": "https://ehr.example/jwks"}, "issuer": "other", "mode": "shadow"}
    named = {"keys": public(ES384) | {"jku": "https://ehr.example/keys"}, "issuer": "third"}
    path = tenants_file(tmp_path, general={}, other=fetched, named=named)
    monkeypatch.setitem(os.environ, "BENZO_CDS_TENANTS", str(path))
    assert main(["config", "check"]) == 0
    printed = capsys.readouterr().out
    assert f"tenant general: mode on; keys es384 of the file; audiences {BASE}" in printed
    assert f"tenant other: mode shadow; keys from https://ehr.example/jwks; audiences {BASE}" in printed
    assert f"tenant named: mode on; keys es384 of the file, jku https://ehr.example/keys; audiences {BASE}" in printed


def test_the_last_good_file_put_back_as_it_was_is_no_refused_file(watched: FlaskClient, tmp_path: Path) -> None:
    path, aside = tmp_path / "tenants.yaml", tmp_path / "aside"
    path.rename(aside)
    assert watched.get("/health/ready").json["policy"]["refused"]["problems"] == 1
    aside.rename(path)
    assert watched.get("/health/ready").json["policy"]["refused"] is None


def test_a_changed_file_of_keys_takes_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy_read_at_every_call(monkeypatch)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(public(OTHER_ES384)), encoding="utf-8")
    path = tenants_file(tmp_path, general={"keys": {"jwks_file": "keys.json"}})
    client = create_app(Settings(tenants=path), clock=lambda: DAY).test_client()
    assert call(client).status_code == 401
    keys.write_text(json.dumps(public(ES384, OTHER_ES384)), encoding="utf-8")
    assert call(client).status_code == 200
    keys.unlink()
    assert call(client).status_code == 200
    assert client.get("/health/ready").json["policy"]["refused"]["problems"] == 1


@pytest.fixture
def rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FlaskClient, Path]:
    """A service with keys of a file that looks at its files at every call; OTHER_ES384 is the key before the rotation,
    ES384 the one after it. Both sets have as many bytes."""
    policy_read_at_every_call(monkeypatch)
    now = tmp_path / "..data"
    for name, key in (("..before", OTHER_ES384), ("..after", ES384)):
        (tmp_path / name).mkdir()
        members = key.as_dict(private=False)
        listed = {"keys": [{name: members[name] for name in ("kty", "crv", "x", "y", "kid")}]}
        (tmp_path / name / "keys.json").write_text(json.dumps(listed), encoding="utf-8")
        os.utime(tmp_path / name / "keys.json", (1_000_000_000, 1_000_000_000))
    now.symlink_to("..before")
    (tmp_path / "keys.json").symlink_to("..data/keys.json")
    path = tenants_file(tmp_path, general={"keys": {"jwks_file": "keys.json", "jku": "https://ehr.example/keys"}})
    client = create_app(Settings(tenants=path), clock=lambda: DAY).test_client()
    assert call(client).status_code == 401
    return client, now


def test_keys_of_a_file_change_with_a_symbolic_link(rotated: tuple[FlaskClient, Path]) -> None:
    """As Kubernetes changes a ConfigMap; here both files are of the same size and time."""
    client, now = rotated
    after = now.with_name("..data_tmp")
    after.symlink_to("..after")
    after.replace(now)
    assert call(client).status_code == 200
    assert call(client, key=OTHER_ES384).status_code == 401
    assert call(client, header={"jku": "https://ehr.example/keys"}).status_code == 200


def test_keys_of_a_file_change_where_it_is_written_over_with_its_time_kept(rotated: tuple[FlaskClient, Path]) -> None:
    client, now = rotated
    file, after = now / "keys.json", now.with_name("..after") / "keys.json"
    assert file.stat().st_size == after.stat().st_size
    file.write_bytes(after.read_bytes())
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert call(client).status_code == 200


def test_keys_in_a_file_beside_are_read(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(public(ES384)), encoding="utf-8")
    path = tenants_file(tmp_path, general={"keys": {"jwks_file": "keys.json"}})
    client = create_app(Settings(tenants=path), clock=lambda: DAY).test_client()
    assert call(client).status_code == 200


def test_the_example_of_the_documentation_can_be_read(tmp_path: Path) -> None:
    """The words of the module are what a site copies first."""
    from cds_service.trust import tenant_file

    text = (tenant_file.__doc__ or "").split("::\n\n")[1]
    (block,) = read_tenants(text, tmp_path).tenants.values()
    assert (block.mode, block.audiences) == (Mode.SHADOW, ["https://cds.general.example/cds-services"])
    assert block.issuer != ISSUER
    assert BASE not in block.audiences
