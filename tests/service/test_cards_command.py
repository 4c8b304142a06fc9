"""Does ``benzo-cds cards`` print what the service would answer, and say what it would refuse?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from ehr import ABSENT, bundle, client, lorazepam, metformin, order, patient, post, prefetch, sign

from cds_service.__main__ import main
from cds_service.app import create_app
from cds_service.services import SERVICES
from fhir_fixtures import Story, stories

OPIOID = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)
ON = ("--on", "2026-11-22")

Written = Callable[..., list[str]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes each value to a file; returns the paths."""

    def write(*values: Any) -> list[str]:
        paths = [tmp_path / f"request-{number}.json" for number, _ in enumerate(values, 1)]
        for path, value in zip(paths, values, strict=True):
            path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        return list(map(str, paths))

    return write


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["cards", *arguments])
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.mark.parametrize("story", [story for story in stories() if story.request][::6], ids=lambda story: story.slug)
def test_the_cards_of_a_story_are_those_that_the_service_answers(
    story: Story, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    http = create_app(clock=lambda: story.on).test_client()
    status, out, _ = printed(capsys, *written(story.request), "--on", str(story.on))
    assert status == 0
    assert json.loads(out) == post(http, dict(story.request or {})).json


def test_one_file_is_indented(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = printed(capsys, *written(sign(lorazepam(), prefetch=prefetch(OPIOID))), *ON)
    assert out.startswith('{\n  "cards": [\n')
    assert len(json.loads(out)["cards"]) >= 1


def test_several_files_are_one_object_a_line_with_the_name_of_the_file(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    files = written(sign(lorazepam(), prefetch=prefetch(OPIOID)), sign(metformin()))
    status, out, err = printed(capsys, *files, *ON)
    assert (status, err) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    assert [each["file"] for each in told] == files
    assert [bool(each["cards"]) for each in told] == [True, False]
    assert [*told[0]] == ["file", "cards"]


def test_a_request_may_come_by_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(json.dumps(sign(lorazepam())).encode())))
    status, out, _ = printed(capsys, "-", *ON)
    assert status == 0
    assert json.loads(out)["cards"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bundle(patient()), "not a CDS Hooks request"),
        ([], "not a CDS Hooks request"),
        (b'{"hook": ', "not JSON"),
        (sign(lorazepam()) | {"hook": "order-dispense"}, "of a hook that no service answers"),
        (sign(lorazepam()) | {"hook": None}, "of a hook that no service answers"),
    ],
)
def test_a_file_that_is_no_hook_request_is_refused_and_the_others_are_answered(
    content: Any, said: str, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    files = written(content, sign(lorazepam()))
    status, out, err = printed(capsys, files[0], *ON)
    assert (status, out) == (2, "")
    assert err.startswith(f"benzo-cds: {files[0]}: ")
    assert said in err
    assert err.count("\n") == 1
    status, out, _ = printed(capsys, *files, *ON)
    assert status == 2
    assert [json.loads(line)["file"] for line in out.splitlines()] == [files[1]]


def test_every_hook_that_is_answered_is_named_to_who_asks_for_another(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, err = printed(capsys, *written({"hook": "order-dispense"}), *ON)
    assert all(service.hook in err for service in SERVICES.values())


@pytest.mark.parametrize(
    ("body", "status"), [(sign(lorazepam(), prefetch=ABSENT), 412), ({"hook": "order-sign", "context": {}}, 400)]
)
def test_what_the_service_would_refuse_is_said_as_it_would_say_it(
    body: Any, status: int, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = post(client(), body)
    assert refused.status_code == status
    files = written(body, sign(lorazepam()))
    ended, out, err = printed(capsys, files[0], *ON)
    assert (ended, out) == (2, "")
    assert json.loads(err) == json.loads(refused.text)
    ended, out, err = printed(capsys, *files, *ON)
    assert (ended, len(out.splitlines())) == (2, 1)
    assert json.loads(err) == {"file": files[0], "status": status, "outcome": json.loads(refused.text)}


def test_nothing_is_recorded(
    written: Written, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = tmp_path / "store" / "records.sqlite3"
    monkeypatch.setenv("BENZO_CDS_STORE", str(store))
    assert printed(capsys, *written(sign(lorazepam())), *ON)[0] == 0
    assert not store.parent.exists()


def test_the_settings_of_a_service_without_tenants_are_in_force(
    written: Written, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy = tmp_path / "site.yaml"
    policy.write_text("default_table: va-dod-2021\n")
    monkeypatch.setenv("BENZO_CDS_SITE_POLICY", str(policy))
    monkeypatch.setenv("BENZO_CDS_PREFETCH_ALIASES", '{"theirs": "medicationRequests"}')
    values = prefetch(OPIOID)
    values["theirs"] = values.pop("medicationRequests")
    _, out, _ = printed(capsys, *written(sign(lorazepam(), prefetch=values)), *ON)
    (card, *_) = json.loads(out)["cards"]
    assert "VA/DoD" in card["detail"]
    assert "oxycodone" in card["detail"]
