"""Does a changed policy take effect whole, settled and everywhere, and a refused one only where it shows less?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from caller import ES384, OTHER_ES384, policy_read_at_every_call, public, tenants_file, token
from ehr import DAY, assessment, client, logged, lorazepam, sign
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.policy.configuration import PolicyError
from cds_service.policy.modes import written_modes
from cds_service.policy.watch import PolicyWatch
from cds_service.services import SERVICES
from cds_service.trust import tenant_file
from cds_service.trust.tenant import Mode, Tenant
from rules import load_knowledge
from rules.knowledge import parse_yaml

SIGN = "/cds-services/benzo-order-sign"
ASHTON, VA = "default_table: ashton-2002\n", "default_table: va-dod-2021\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site's policy; a service in this process looks at it at every call."""
    policy_read_at_every_call(monkeypatch)
    return written(tmp_path / "site.yaml", ASHTON)


def call(http: FlaskClient, *, key: Any = ES384) -> list[dict[str, Any]]:
    """The cards of a call of a tenant for an order of lorazepam, 2 mg a day."""
    answer = http.post(SIGN, json=sign(lorazepam()), headers={"Authorization": token(key=key)})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    cards: list[dict[str, Any]] = answer.get_json()["cards"]
    return cards


def load(cards: list[dict[str, Any]]) -> tuple[float, str]:
    """The load that a card tells, and the policy that it names."""
    (card,) = cards
    told = assessment(card)
    return told["load"]["with_order"]["used"], told["knowledge"]["version"]


# -- a change takes effect


def test_a_changed_site_policy_takes_effect_and_is_named(site: Path) -> None:
    """2 mg of lorazepam are 20 mg of diazepam by Ashton and 10 by the table of VA and DoD."""
    http = client(site_policy=site, store="none")

    def cards() -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = http.post(SIGN, json=sign(lorazepam())).json["cards"]
        return answer

    used, version = load(cards())
    assert used == 20
    written(site, VA)
    with logged() as lines:
        (card,) = cards()
    assert load([card])[0] == 10
    assert load([card])[1] != version
    assert load([card])[1] in card["detail"]
    assert [json.loads(line)["event"] for line in lines if "policy read" in line] == ["policy read"]
    assert http.get("/about", headers={"Accept": "application/json"}).json["knowledge"]["version"] == load([card])[1]


def test_layout_and_comments_are_no_other_policy_for_the_report_but_another_file(site: Path) -> None:
    http = client(site_policy=site)
    before = http.get("/health/ready").json
    written(site, "# for the pharmacy\n\ndefault_table:   'ashton-2002'\n")
    after = http.get("/health/ready").json
    assert after["knowledge"] == before["knowledge"]
    assert after["policy"]["digest"] != before["policy"]["digest"]


def test_own_words_take_effect_and_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy_read_at_every_call(monkeypatch)
    text = "language: en\nreviewed: 2026-11-29\nmessages: {options.lower_dose: a smaller amount}\n"
    words = written(tmp_path / "words.yaml", text)
    http = client(card_wording=words, store="none")
    (card,) = http.post(SIGN, json=sign(lorazepam())).json["cards"]
    written(words, text.replace("smaller", "lesser"))
    (other,) = http.post(SIGN, json=sign(lorazepam())).json["cards"]
    assert card["detail"].rpartition("+words.")[2] != other["detail"].rpartition("+words.")[2]


def test_the_report_tells_the_calls_before_a_change_from_those_after(
    tmp_path: Path, site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cds_service.__main__ import main

    store = str(tmp_path / "records.sqlite3")
    http = client(site_policy=site, store=store)
    named = set()
    for text in (ASHTON, VA):
        written(site, text)
        named.add(load(http.post(SIGN, json=sign(lorazepam(), hookInstance=str(uuid4()))).json["cards"])[1])
    monkeypatch.setenv("BENZO_CDS_STORE", store)
    assert main(["report", "--json"]) == 0
    rows = orjson.loads(capsys.readouterr().out)
    assert {row["knowledge"] for row in rows if row["finding"] == "total-load"} == named
    assert len(named) == 2


# -- settled, as a whole, or not at all


def watching(clock: Clock, **files: Path) -> PolicyWatch:
    return PolicyWatch(Settings(**files), clock)


def test_files_that_are_being_written_are_not_taken(tmp_path: Path) -> None:
    site, clock = written(tmp_path / "site.yaml", ASHTON), Clock()
    policy = watching(clock, site_policy=site)
    for text in ("", "default_table: ", "default_table: va-dod", VA):
        written(site, text)
        clock.now += 1
        with logged() as lines:
            assert policy.current().knowledge.default_table == "ashton-2002"
        assert lines == []
    clock.now += 1
    assert policy.current().knowledge.default_table == "va-dod-2021"


def test_a_change_by_a_symbolic_link_is_taken_with_all_of_its_files(tmp_path: Path) -> None:
    """As Kubernetes changes a ConfigMap: one link that leads to the folder of all files."""
    for name, text, mode in (("..before", ASHTON, "on"), ("..after", VA, "shadow")):
        (tmp_path / name).mkdir()
        written(tmp_path / name / "site.yaml", text)
        tenants_file(tmp_path / name, general={"mode": mode})
    now = tmp_path / "..data"
    now.symlink_to("..before")
    clock = Clock()
    policy = watching(clock, site_policy=now / "site.yaml", tenants=now / "tenants.yaml")
    swapped = tmp_path / "..data_tmp"
    swapped.symlink_to("..after")
    swapped.replace(now)
    for _ in range(2):
        clock.now += 1
        policy.current()
    (tenant,) = policy.tenants()
    assert (policy.current().knowledge.default_table, tenant.tenant.mode) == ("va-dod-2021", "shadow")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("default_table: nowhere", "BENZO_CDS_SITE_POLICY: site.yaml: site: default_table: 'nowhere' is not known"),
        ("{", "BENZO_CDS_SITE_POLICY: site.yaml: site: not readable as YAML"),
        # Nested too deep, in words that depend on the version of the parser.
        ("[" * 5_000, "BENZO_CDS_SITE_POLICY: site.yaml: "),
        (None, "BENZO_CDS_SITE_POLICY: site.yaml: No such file or directory"),
    ],
)
def test_a_broken_site_policy_keeps_all_files_as_they_were(tmp_path: Path, site: Path, broken: str, why: str) -> None:
    http = create_app(Settings(site_policy=site, tenants=tenants_file(tmp_path)), clock=lambda: DAY).test_client()
    before = load(call(http))
    tenants_file(tmp_path, general={"mode": "on", "keys": public(OTHER_ES384)})
    site.unlink() if broken is None else written(site, broken)
    with logged() as lines:
        assert load(call(http)) == before
        assert load(call(http)) == before
    (refused,) = [json.loads(line) for line in lines if "policy refused" in line]
    assert refused["problems"][0].startswith(why)
    ready = http.get("/health/ready").json
    assert (ready["status"], ready["policy"]["refused"]["because"]) == ("degraded", refused["problems"])
    written(site, VA)
    assert load(call(http, key=OTHER_ES384))[0] == 10
    assert http.get("/health/ready").json["policy"]["refused"] is None


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: os.mkfifo(path), "is no file"),
        (lambda path: path.mkdir(), "is no file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.write_bytes(b"#" * 2_000_001), "File too large"),
    ],
)
def test_what_is_no_file_to_read_keeps_nobody_waiting(tmp_path: Path, make: Callable[[Path], Any], why: str) -> None:
    site, clock = written(tmp_path / "site.yaml", ASHTON), Clock()
    policy = watching(clock, site_policy=site)
    site.unlink()
    make(site)
    for _ in range(2):
        clock.now += 1
        policy.current()
    refused = policy.state().refused
    assert refused is not None
    assert refused.problems == (f"BENZO_CDS_SITE_POLICY: site.yaml: {why}",)


def test_a_name_that_no_file_can_have_is_refused_and_ends_nothing(tmp_path: Path) -> None:
    policy = watching(Clock(), tenants=tenants_file(tmp_path))
    tenants_file(tmp_path, general={"keys": {"jwks_file": "keys\0.json"}, "mode": "off"})
    policy.check(at_once=True)
    refused = policy.state().refused
    assert refused is not None
    assert refused.problems == ("BENZO_CDS_TENANTS: general: keys.jwks_file: no file can have this name",)
    assert policy.quieted() == ("general",)


def test_others_are_told_once_that_is_possible_again(tmp_path: Path) -> None:
    """The process that decides and one that follows it, both in this one; nothing can be written at first."""
    site, clock, folder = written(tmp_path / "site.yaml", ASHTON), Clock(), written(tmp_path / "shared", "")
    decides, follows = watching(clock, site_policy=site), watching(clock, site_policy=site)
    for each in (decides, follows):
        each.decide_for_others(folder / "policy.json")
    follows._decider = -1
    written(site, VA)
    with logged() as lines:
        decides.check(at_once=True)
    assert [json.loads(line)["event"] for line in lines] == ["policy read", "failed"]
    assert follows.current().knowledge.default_table == "ashton-2002"
    folder.unlink()
    clock.now += 1
    decides.check()
    assert follows.current().knowledge.default_table == "va-dod-2021"
    assert follows.state() == decides.state()


def test_a_folder_that_was_removed_meanwhile_is_made_anew(tmp_path: Path) -> None:
    """As by a program that clears temporary folders."""
    file, folder = tenants_file(tmp_path), tmp_path / "shared"
    decides, follows = (watching(Clock(), tenants=file) for _ in range(2))
    for each in (decides, follows):
        each.decide_for_others(folder / "policy.json")
    follows._decider = -1
    tenants_file(tmp_path, general={"mode": "off"})
    decides.check(at_once=True)
    assert [each.tenant.mode for each in follows.tenants()] == [Mode.OFF]


def test_a_process_that_cannot_read_what_was_decided_tries_again(tmp_path: Path) -> None:
    file, shared = tenants_file(tmp_path), tmp_path / "policy.json"
    decides, follows = (watching(Clock(), tenants=file) for _ in range(2))
    for each in (decides, follows):
        each.decide_for_others(shared)
    follows._decider = -1
    tenants_file(tmp_path, general={"mode": "off"})
    decides.check(at_once=True)
    aside = shared.rename(tmp_path / "aside")
    shared.mkdir()  # what cannot be read as a file
    with logged() as lines:
        assert [each.tenant.mode for each in follows.tenants()] == [Mode.ON]
        follows.tenants()
    assert [json.loads(line)["event"] for line in lines] == ["failed"]
    shared.rmdir()
    aside.rename(shared)
    assert [each.tenant.mode for each in follows.tenants()] == [Mode.OFF]


def test_a_file_of_tenants_is_parsed_once_for_each_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is no YAML, which is looked at for another change again and again."""
    file, clock, parsed = tenants_file(tmp_path), Clock(), []
    policy = watching(clock, tenants=file)
    monkeypatch.setattr(tenant_file, "parse_yaml", lambda text, name: parsed.append(text) or parse_yaml(text, name))
    for change in (lambda: tenants_file(tmp_path, general={"mode": "shadow"}), lambda: written(file, "{")):
        change()
        for _ in range(5):
            clock.now += 1
            policy.current()
        assert parsed == [file.read_text(encoding="utf-8")]
        parsed.clear()
    assert policy.state().refused is not None


def test_a_site_policy_that_is_no_text_is_named(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_bytes(b"reviewed: \xff\xfe")
    with pytest.raises(PolicyError, match=r"BENZO_CDS_SITE_POLICY: site\.yaml: is not text in UTF-8"):
        watching(Clock(), site_policy=site)


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    site = written(
        tmp_path / "site.yaml",
        "findings: {high-potency: {on: maybe, severity: loud}, nothing: {on: true}}\n"
        "policy: {concurrency: {recency_days: 1000000, recency_dais: 3}, bands: [1]}\nunknown: 1\n",
    )
    tenants = tenants_file(
        tmp_path, general={"mode": "quiet", "policy": {"default_table": "none"}}, other={"issuer": ""}
    )
    words = written(
        tmp_path / "words.yaml", "language: en\nreviewed: 2026-11-29\nmessages: {a: b, options.lower_dose: 28 days}\n"
    )
    with pytest.raises(PolicyError) as refused:
        watching(Clock(), site_policy=site, tenants=tenants, card_wording=words)
    told = "\n".join(refused.value.problems)
    for part in ("site: unknown: unknown key", "high-potency.on", "high-potency.severity", "findings.nothing",
                 "recency_days: ", "'recency_dais' is not known", "policy.bands: must be a mapping",
                 "own words: messages.a: is no message", "options.lower_dose: holds a figure",
                 "general: mode", "other: issuer"):  # fmt: skip
        assert part in told, part


# -- the kill switch


def tenant(**more: Any) -> Tenant:
    return Tenant("general", load_knowledge(), Settings().zone, **more)


QUIET = dict.fromkeys(SERVICES, Mode.OFF)


@pytest.mark.parametrize(
    "text",
    [
        "tenants:\n  general:\n    mode: off\n    nonsense: 1\n",
        "tenants:\n  general:\n    mode: off\n  other: {\n",
        "mode: off\ntenants:\n\t- no YAML from here\n",
        "mode: off\n\x00\x07",
        "mode: off\ntenants: [1, {mode: on}]\n",
        "mode: on\nmode: off\n",
        "tenants: {general: {mode: on, keys: {keys: [{kty: EC, mode: on}]}, audiences: [a, [b]], mode: off}}",
        '{"tenants": {"general": {"issuer": 5, "mode": "off"}}}',
        "tenants: &all\n  general: &one {mode: off}\n  other: *one\n",
        "tenants:\n  one: &one {mode: on}\n  other: *one\n  general: {mode: off}\n",
        "tenants:\n  general: {audiences: [[a], {mode: on}], mode: off}\n  other: {mode: on}\n\t",
        "tenants: {general: {services: {" + ", ".join(f"{name}: off" for name in SERVICES) + "}}}",
        "mode: OFF\n{",
        "mode: Off\n{",
        '{"mode": false, [',
        "tenants: {general: {mode: 'Off '}}",
    ],
)
def test_what_is_written_off_is_off_whatever_else_is_wrong(text: str) -> None:
    quieted = written_modes(text.encode()).over(tenant(services={"benzo-order-sign": Mode.ON}))
    assert {name: quieted.mode_of(name) for name in SERVICES} == QUIET


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_switch_is_read_as_editors_of_windows_save_it(encoding: str) -> None:
    assert written_modes("mode: off\r\n{".encode(encoding)).mode is Mode.OFF


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "tenants:\n  general:\n    mode: on\n",
        "tenants: {other: {mode: off}}",
        "tenants: {general: {mode: [off]}}",
        "tenants: {general: {mode: {mode: off}}}",
        "tenants: {general: {mode: offline}}",
        "tenants: [{general: {mode: off}}]",
        "general: {mode: off}",
        "tenants: {general: {findings: {no-such-finding: off}, services: {no-such-service: off}}}",
    ],
)
def test_what_is_not_written_off_stays_as_it_is(text: str) -> None:
    before = tenant(mode=Mode.SHADOW, services={"benzo-order-sign": Mode.ON})
    assert written_modes(text.encode()).over(before) is before


def test_a_mode_of_a_refused_file_makes_nothing_louder() -> None:
    before = tenant(mode=Mode.SHADOW, services={"benzo-patient-view": Mode.OFF}, findings={"older-adult": Mode.OFF})
    findings = "{older-adult: on, pregnancy: off}"
    text = f"tenants: {{general: {{mode: on, services: {{benzo-patient-view: on}}, findings: {findings}}}}}"
    after = written_modes(text.encode()).over(before)
    assert {name: after.mode_of(name) for name in SERVICES} == {name: before.mode_of(name) for name in SERVICES}
    assert after.findings_in_mode(Mode.OFF) == {"older-adult", "pregnancy"}


def test_a_tenant_is_switched_off_while_the_site_policy_is_broken(tmp_path: Path, site: Path) -> None:
    file = tenants_file(tmp_path, general={}, other={"issuer": "https://other.example"})
    http = create_app(Settings(site_policy=site, tenants=file, remember_seconds=60), clock=lambda: DAY).test_client()
    assert call(http)
    written(site, "{")
    assert call(http)
    tenants_file(tmp_path, general={"mode": "off"}, other={"issuer": "https://other.example"})
    assert call(http) == []
    assert http.get("/health/ready").json["policy"]["refused"]["quieted"] == ["general"]
    written(site, ASHTON)
    assert call(http) == []
    tenants_file(tmp_path, general={}, other={"issuer": "https://other.example"})
    assert call(http)


@pytest.mark.parametrize(
    ("mode", "in_force"), [("OFF", "off"), ("Off", "off"), ("'oFF '", "off"), ("false", "off"), ("False", "off"),
                           ("Shadow", "shadow"), ("ON", "on"), ("true", "on")]
)  # fmt: skip
def test_a_mode_is_read_as_people_and_programs_write_it(tmp_path: Path, mode: str, in_force: str) -> None:
    """YAML itself takes a bare off for false, so that a program that writes the file anew writes false."""
    file = tenants_file(tmp_path)
    good = file.read_text(encoding="utf-8").strip()
    for text in (
        f"mode: {mode}\n{good[1:-1]}",
        good.replace('"issuer"', f'"mode": {mode}, "issuer"', 1),
        good.replace('"issuer"', f'"services": {{"benzo-order-sign": {mode}}}, "issuer"', 1),
    ):
        written(file, text)
        (tenant,) = watching(Clock(), tenants=file).tenants()
        assert tenant.tenant.mode_of("benzo-order-sign") == in_force, text


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_file_that_is_too_large_is_read_for_its_switch(tmp_path: Path, end: str) -> None:
    file = tenants_file(tmp_path)
    good = json.loads(file.read_text(encoding="utf-8"))
    http = create_app(Settings(tenants=file), clock=lambda: DAY).test_client()
    assert call(http)
    written(file, f"mode: off\n# {'x' * 2_000_000}{end}")
    assert call(http) == []
    refused = http.get("/health/ready").json["policy"]["refused"]
    assert (refused["because"], refused["quieted"]) == (
        ["BENZO_CDS_TENANTS: tenants.yaml: File too large"],
        ["general"],
    )
    written(file, json.dumps(good))
    assert call(http)
    written(file, json.dumps({"mode": "off"} | good | {"more": ["x" * 99] * 30_000}))
    assert call(http) == []


def refused_in_turn(file: Path) -> Iterator[str]:
    """The file of tenants as operators leave it, refused each time, and first with the switch off."""
    yield written(file, "mode: off\n{").name
    file.unlink()
    yield "gone"
    yield written(file, "{").name
    yield written(file, "mode: on\n{").name
    file.unlink()
    file.mkdir()
    yield "a folder"
    file.rmdir()
    yield written(file, "tenants: {general: {mode: on, services: {benzo-order-sign: on}}}").name


def test_what_is_off_stays_off_until_the_files_are_right(tmp_path: Path, site: Path) -> None:
    file = tenants_file(tmp_path)
    good = file.read_text(encoding="utf-8")
    http = create_app(Settings(site_policy=site, tenants=file), clock=lambda: DAY).test_client()
    assert call(http)
    for state in refused_in_turn(file):
        assert call(http) == [], state
        assert http.get("/health/ready").json["policy"]["refused"]["quieted"] == ["general"], state
    written(site, VA)
    assert call(http) == []
    written(file, good)
    assert load(call(http))[0] == 10
    written(file, "{")
    assert call(http), "a switch of files before good ones is no switch any more"


def test_modes_of_several_refused_files_add_up(tmp_path: Path) -> None:
    """Neither undoes what the other has made quieter, of a service either."""
    file, clock = tenants_file(tmp_path), Clock()
    policy = watching(clock, tenants=file)
    sign, view = "benzo-order-sign", "benzo-patient-view"
    for text in (
        "tenants: {general: {mode: shadow, findings: {pregnancy: off}}}",
        f"tenants: {{general: {{mode: shadow, services: {{{sign}: on, {view}: off}}}}}}",
        "tenants: {general: {findings: {older-adult: shadow}}}",
    ):
        written(file, text)
        policy.check(at_once=True)
    (now,) = (each.tenant for each in policy.tenants())
    assert (now.mode_of(sign), now.mode_of(view)) == (Mode.SHADOW, Mode.OFF)
    assert (now.findings_in_mode(Mode.OFF), now.findings_in_mode(Mode.SHADOW)) == ({"pregnancy"}, {"older-adult"})


def test_processes_that_follow_show_no_more_whichever_changes_they_saw(tmp_path: Path) -> None:
    """The one that decides, one that follows every change, and one that looks first at the end, as a new one does."""
    file, clock = tenants_file(tmp_path), Clock()
    good = file.read_text(encoding="utf-8")
    decides, follows, looks_last = (watching(clock, tenants=file) for _ in range(3))
    for each in (decides, follows, looks_last):
        each.decide_for_others(tmp_path / "policy.json")
    follows._decider = looks_last._decider = -1

    def modes(policy: PolicyWatch) -> list[Mode]:
        return [each.tenant.mode for each in policy.tenants()]

    for _ in refused_in_turn(file):
        decides.check(at_once=True)
        assert modes(decides) == modes(follows) == [Mode.OFF]
    assert modes(looks_last) == [Mode.OFF]
    assert decides.state() == follows.state() == looks_last.state()
    written(file, good)
    decides.check(at_once=True)
    assert modes(decides) == modes(follows) == modes(looks_last) == [Mode.ON]


@pytest.mark.usefixtures("site")
def test_the_first_line_silences_everything_and_is_a_mode_of_a_good_file_too(tmp_path: Path) -> None:
    file = tenants_file(tmp_path, general={"services": {"benzo-order-sign": "on"}})
    http = create_app(Settings(tenants=file), clock=lambda: DAY).test_client()
    good = file.read_text(encoding="utf-8")
    written(file, f"mode: off\n\t{good}")
    assert call(http) == []
    written(file, json.dumps({"mode": "shadow"} | json.loads(good)))
    assert http.get("/health/ready").json["policy"]["refused"] is None
    assert call(http) == []
    written(file, good)
    assert call(http)


@pytest.mark.parametrize(
    ("mode", "own", "in_force"),
    [("on", None, "on"), ("shadow", None, "shadow"), ("shadow", "on", "on"), ("on", "shadow", "shadow"),
     ("shadow", "off", "off"), ("off", "on", "off"), ("off", "shadow", "off"), ("on", "off", "off")],
)  # fmt: skip
def test_the_mode_of_a_service_is_its_own_unless_the_tenant_is_off(mode: str, own: str | None, in_force: str) -> None:
    services = {"benzo-order-sign": Mode(own)} if own else {}
    assert tenant(mode=Mode(mode), services=services).mode_of("benzo-order-sign") == in_force


@pytest.mark.usefixtures("site")
def test_services_are_turned_on_one_by_one_as_the_guide_says(tmp_path: Path) -> None:
    http = create_app(
        Settings(tenants=tenants_file(tmp_path, general={"mode": "shadow"})), clock=lambda: DAY
    ).test_client()
    assert call(http) == []
    tenants_file(tmp_path, general={"mode": "shadow", "services": {"benzo-patient-view": "on"}})
    assert call(http) == []
    tenants_file(tmp_path, general={"mode": "shadow", "services": {"benzo-order-sign": "on"}})
    assert call(http)
