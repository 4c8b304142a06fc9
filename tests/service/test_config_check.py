"""Does `config check` name every mistake, the modes in force, and, with --fetch, what cannot be reached?"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, KeyServer, key_server, public, tenants_file
from ehr import logged
from fhir_server import FhirServer, Reply, fhir_server

from cds_service.__main__ import main
from cds_service.commands import serve as serve_command
from cds_service.commands.configuration import servers
from cds_service.commands.configuration.servers import servers_tried
from cds_service.commands.configuration.settings import StoreAsServed
from cds_service.config import PREFIX, Settings
from cds_service.config.server_variables import for_workers
from cds_service.policy.configuration import PolicyConfiguration, PolicyReader
from cds_service.policy.files import read_files
from cds_service.trust.tenant import FhirServer as ListedServer

Check = Callable[..., tuple[int, str, list[str]]]
WORDS = "language: en\nreviewed: 2026-11-29\nmessages:\n"


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Check:
    """Run a command with some settings: its status, what it prints, and what it complains of."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in [name for name in os.environ if name.startswith("BENZO_CDS_")]:
        monkeypatch.delenv(name)

    def command(*arguments: str, **variables: str) -> tuple[int, str, list[str]]:
        with monkeypatch.context() as context:
            for name, value in variables.items():
                context.setenv(f"BENZO_CDS_{name.upper()}", value)
            status = main(arguments)
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return status, told.out, [line.removeprefix("benzo-cds: ") for line in told.err.splitlines()]

    return command


@pytest.fixture
def check(run: Check) -> Check:
    return lambda *options, **variables: run("config", "check", *options, **variables)


# -- settings


@pytest.mark.parametrize("command", [["assess", "x"], ["config", "check"], ["report"]])
def test_a_setting_that_is_no_json_is_named(run: Check, command: list[str]) -> None:
    status, _, told = run(*command, cors_origins="https://a", prefetch_aliases="{", timezone="Mars/Base")
    assert status == (1 if command[0] == "config" else 2)
    assert [line.partition(" (")[0] for line in told if not line.startswith("`")] == [
        "BENZO_CDS_TIMEZONE: not a time zone of the IANA database, such as America/New_York",
        "BENZO_CDS_PREFETCH_ALIASES: must be an object in JSON",
        "BENZO_CDS_CORS_ORIGINS: must be a list in JSON",
    ]


@pytest.mark.parametrize("setting", ["site_policy", "card_wording"])
def test_a_file_that_is_no_text_is_named(run: Check, setting: str, tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_bytes(b"reviewed: \xff")
    problem = f"BENZO_CDS_{setting.upper()}: file.yaml: is not text in UTF-8"
    assert run("config", "check", **{setting: str(file)})[::2] == (1, [problem])
    status, _, told = run("cards", "nowhere.json", **{setting: str(file)})
    assert (status, told) == (2, [problem])
    status, _, told = run("serve", **{setting: str(file)})
    assert (status, problem in "".join(told)) == (2, True)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("STORE=none STORE_KEY_FILE=/nowhere", "STORE_KEY_FILE: is not used, since BENZO_CDS_STORE is none"),
        ("STORE={0}/store STORE_PASSWORD_FILE={0}/file", "STORE_PASSWORD_FILE: is not used, since the store is a file"),
        ("STORE={0}/file/x", "STORE: {0}/file/x cannot be made: {0}/file: Not a directory"),
        ("STORE_KEY_FILE=/nowhere", "STORE_KEY_FILE: cannot be read: No such file or directory"),
        ('TENANTS={0}/tenants.yaml FHIR_SERVERS=["https://a/b"]', "FHIR_SERVERS: is not used beside BENZO_CDS_TENANTS"),
        ('TENANTS={0}/tenants.yaml ALLOWED_HOSTS=["a"]', "ALLOWED_HOSTS: is not used beside BENZO_CDS_TENANTS"),
        ("TENANTS={0}/tenants.yaml INSECURE_DEMO=true", "INSECURE_DEMO: every response would say that callers"),
        ("HOST=0.0.0.0", "HOST: the service does not start on 0.0.0.0 without BENZO_CDS_TENANTS"),
        ("HOST=198.51.100.7 TENANTS={0}/tenants.yaml", "HOST: cannot be listened on: Cannot assign requested address"),
        (
            "HOST=0.0.0.0 TENANTS={0}/tenants.yaml DEVELOPMENT=1",
            "DEVELOPMENT: tokens that anybody can sign are accepted",
        ),
        ("TIMEOUT_SECONDS=7", "TIMEOUT_SECONDS: a call may take 7 seconds until it is given up; after 7 its process"),
        ("METRICS_SECRET_FILE={0}/empty", "METRICS_SECRET_FILE: empty: is empty, so that nobody may read /metrics"),
        ('FHIR_SERVERS=["nonsense"]', "FHIR_SERVERS: each must be the address of a FHIR server"),
        ("TIMEZOEN=UTC", "TIMEZOEN: no such setting; did you mean BENZO_CDS_TIMEZONE?"),
    ],
)
def test_what_is_not_used_or_cannot_work_is_told(check: Check, tmp_path: Path, settings: str, problem: str) -> None:
    (tmp_path / "file").write_text("secret", encoding="utf-8")
    (tmp_path / "empty").touch()
    tenants_file(tmp_path)
    named = dict(setting.split("=", 1) for setting in settings.replace("{0}", str(tmp_path)).split())
    status, _, told = check(**named)
    assert status == 1
    assert [line.startswith("BENZO_CDS_" + problem.replace("{0}", str(tmp_path))) for line in told] == [True], told


def test_what_the_server_sets_itself_is_no_mistake(check: Check, tmp_path: Path) -> None:
    """As in a shell of one of its processes; what was misspelt is told with a setting of the site."""
    server = {name.removeprefix(PREFIX): value for name, value in for_workers(tmp_path).items()}
    assert {"DRAINING_FILE", "UNSAVED_FOLDER"} <= set(server)
    assert check(**server)[::2] == (0, [])
    _, _, told = check(DRAINING_FIEL="x")
    assert [line.startswith("BENZO_CDS_DRAINING_FIEL: no such setting") for line in told] == [True]
    assert "DRAINING_FILE" not in told[0]


def test_a_configuration_without_mistakes_is_told_and_nothing_is_made(check: Check, tmp_path: Path) -> None:
    status, told, wrong = check()
    assert (status, wrong) == (0, [])
    assert f"BENZO_CDS_STORE = {tmp_path}/state/benzo-cds/records.sqlite3 (not there yet; made at the start)" in told
    assert not (tmp_path / "state").exists()


def test_serve_tells_of_misspelt_and_unused_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class StartedError(Exception):
        pass

    def server(*_: Any) -> None:
        raise StartedError

    monkeypatch.setattr(serve_command, "Server", server)
    monkeypatch.setattr(serve_command.logs, "configure", lambda _level: None)
    for name, value in (("TIMEZOEN", "UTC"), ("STORE", "none"), ("STORE_KEY_FILE", str(tmp_path / "key"))):
        monkeypatch.setenv(f"BENZO_CDS_{name}", value)
    with logged() as lines, pytest.raises(StartedError):
        main(["serve"])
    told = "\n".join(line for line in lines if '"event":"doubtful setting"' in line)
    assert "BENZO_CDS_TIMEZOEN: no such setting; did you mean BENZO_CDS_TIMEZONE?" in told
    assert "BENZO_CDS_STORE_KEY_FILE: is not used" in told


# -- own words


@pytest.mark.parametrize(
    ("message", "text", "works"),
    [
        ("options.lower_dose", "a smaller amount", True),
        ("phrases.sedatives", "{% if false %}never{% endif %}", False),
        ("findings.total-load.summary", "{{ subject|exactly }} is too much", False),
        ("findings.total-load.summary", "{{ subject }} is too much", True),
        ("options.more", "{{ count }} further options", True),
        ("options.more", "{% if count is several and not count %}never{% endif %}", False),
        ("findings.liver-disease.reason", "In {{ conditions }} {{ active_metabolites|listed }} builds up", True),
        ("findings.liver-disease.reason", "{{ conditions|load }}", False),
    ],
)
def test_a_text_that_is_never_shown_is_told(check: Check, tmp_path: Path, message: str, text: str, works: bool) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(f'{WORDS}  {message}: "{text}"\n', encoding="utf-8")
    status, _, told = check(card_wording=str(file))
    assert status == (0 if works else 1), told
    assert all(f"BENZO_CDS_CARD_WORDING: own words: messages.{message}: fails" in line for line in told)


def test_the_file_of_own_words_is_named_where_it_names_what_is_none(check: Check, tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(WORDS + "  options.lower_dose: \"{{ cite('bnf') }}\"\n", encoding="utf-8")
    (told,) = check(card_wording=str(file))[2]
    assert (
        told == "BENZO_CDS_CARD_WORDING: words.yaml: own words: options.lower_dose: 'bnf' is none that a text may name"
    )


# -- the modes in force


def test_the_modes_in_force_are_told_by_tenant_service_and_finding(check: Check, tmp_path: Path) -> None:
    block = {
        "mode": "shadow",
        "services": {"benzo-order-sign": "on", "benzo-patient-view": "off"},
        "findings": {"older-adult": "shadow"},
        "policy": {"findings": {"high-potency": {"on": False}}},
    }
    file = tenants_file(tmp_path, general=block, other={"issuer": "https://other.example", "mode": "off"})
    status, told, wrong = check(tenants=str(file))
    assert (status, wrong) == (0, [])
    general, _, other = told.partition("tenant other: ")
    for line in (
        "service benzo-order-sign: on (the tenant is shadow, this service on)",
        "service benzo-patient-view: off (the tenant is shadow, this service off)",
        "service benzo-order-select: shadow\n",
        "finding older-adult: shadow (in every service)",
        "finding high-potency: off (by the policy)",
    ):
        assert f"  {line}" in general
    assert general.count("policy 2026.11.3+site.") == 1
    assert other.count(": off") == 6


# -- the servers


def configuration(settings: Settings) -> PolicyConfiguration:
    return PolicyReader(settings).configuration(read_files(settings))


def test_what_works_is_told_with_what_was_found(check: Check, tmp_path: Path) -> None:
    with key_server(public(ES384)) as keys, fhir_server() as fhir:
        fhir.answers["metadata"] = Reply({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
        block = {"keys": {"jwks_url": keys.url}, "fhir_servers": [{"base": fhir.base, "private": True}]}
        file = tenants_file(tmp_path, general=block)
        store = str(tmp_path / "records.sqlite3")
        status, told, wrong = check("--fetch", tenants=str(file), development="true", store=store)
    assert (status, wrong) == (0, [])
    assert f"keys of tenant general, {keys.url}: ok, 1 of 1 keys can be used: es384" in told
    assert f"FHIR server of general, {fhir.base}: ok, FHIR 4.0.1" in told
    assert f"store: ok, {store} (not there yet; made at the start)" in told
    assert "time: ok, 127.0.0.1" in told
    assert fhir.asked == ["/fhir/metadata"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda keys: setattr(keys, "status", 404), "answered with status 404"),
        (lambda keys: setattr(keys, "keys", b"<html>"), "answered with something other than JSON"),
        (lambda keys: setattr(keys, "keys", {"key": 1}), "answered with something other than a set of keys"),
        (
            lambda keys: setattr(keys, "keys", {"keys": [{"kty": "EC"}]}),
            "none of its 1 keys can be used with ES384, RS384",
        ),
        (lambda keys: keys.stop(), "cannot be reached: Connection refused"),
        (
            lambda keys: (setattr(keys, "status", 302), keys.headers.update(Location="/")),
            "leads elsewhere (status 302)",
        ),
    ],
)
def test_keys_that_cannot_be_had_are_told(
    check: Check, tmp_path: Path, spoil: Callable[[KeyServer], object], why: str
) -> None:
    with key_server(public(ES384)) as keys:
        file = tenants_file(tmp_path, general={"keys": {"jwks_url": keys.url}})
        spoil(keys)
        status, told, wrong = check("--fetch", tenants=str(file), development="true", store="none")
    assert status == 1
    assert [line for line in wrong if why in line and line.startswith("keys of tenant general")] == wrong
    assert wrong[0] in told


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Reply({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}), "is of FHIR 5.0.0; R4 is read"),
        (Reply({"resourceType": "Patient"}), "something other than a CapabilityStatement"),
        (Reply(b"<html>"), "answered with something other than JSON"),
        (Reply({}, 500), "/metadata answered with status 500"),
    ],
)
def test_a_fhir_server_that_is_none_is_told(check: Check, reply: Reply, result: str) -> None:
    with fhir_server() as fhir:
        fhir.answers["metadata"] = reply
        status, _, wrong = check("--fetch", fhir_servers=f'["{fhir.base}"]', store="none")
    assert status == 1
    assert len(wrong) == 1
    assert result in wrong[0]


def test_a_fhir_server_that_asks_for_a_token_is_reached(check: Check) -> None:
    with fhir_server() as fhir:
        fhir.answers["metadata"] = Reply({}, 401)
        status, told, _ = check("--fetch", fhir_servers=f'["{fhir.base}"]', store="none")
    assert status == 0
    assert "ok, reached; /metadata asks for a token (401), so its version is not known" in told


def test_an_address_inside_a_private_network_is_told_as_the_service_would_refuse_it(fhir: FhirServer) -> None:
    settings = Settings(fhir_servers=[fhir.base], store="none")
    made = configuration(settings)
    listed = replace(made.open_tenant, fhir_servers=(ListedServer(fhir.base, open=True),))
    tried = list(servers_tried(settings, replace(made, open_tenant=listed), StoreAsServed("none")))
    assert (tried[0].works, "private: true" in tried[0].result) == (False, True)


@pytest.fixture
def fhir() -> Any:
    with fhir_server() as running:
        yield running


@pytest.mark.parametrize(
    ("ahead", "works", "words"),
    [(0, True, "is 0 s"), (50, True, "is 50 s ahead of this machine"), (90, False, "is 90 s ahead of this machine"),
     (-300, False, "is 300 s behind this machine"), (None, None, "not compared")],
)  # fmt: skip
def test_a_clock_that_tokens_would_be_refused_by_is_told(ahead: float | None, works: bool | None, words: str) -> None:
    clocks, now = servers._Clocks(), 1_790_000_000.5
    clocks.note("ehr.example", None if ahead is None else formatdate(now + ahead, usegmt=True), now, now)
    (tried,) = clocks.tried()
    assert (tried.works, words in tried.result, "beyond 60 s" in tried.result) == (works, True, True)


def test_a_store_that_is_down_is_a_failure_where_it_is_tried(check: Check, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef" * 2, encoding="utf-8")
    settings = {"store": "postgresql://x@127.0.0.1:1/y", "store_key_file": str(key)}
    assert check(**settings)[0] == 0
    status, _, wrong = check("--fetch", **settings)
    assert status == 1
    assert wrong[0].startswith("store: down: connection failed")


def test_reporting_on_a_tenant_without_calls_is_a_mistake(run: Check, tmp_path: Path) -> None:
    store = {"store": str(tmp_path / "records.sqlite3")}
    assert run("store", "upgrade", **store)[0] == 0
    for command in (("report",), ("audit", "verify"), ("audit", "export")):
        status, _, told = run(*command, "--tenant", "nonsuch", **store)
        assert (status, told) == (2, ["no call of a tenant 'nonsuch' is on record; on record: none"])
