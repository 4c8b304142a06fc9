"""Does the command line judge a file, say what it cannot do, and keep to its exit statuses?"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from ehr import ABSENT, bundle, lorazepam, metformin, order, patient, prefetch, sign
from jsonschema import Draft202012Validator

from cds_service.__main__ import main
from cds_service.commands.parser import build_parser, command_of
from cds_service.config import PREFIX, Settings
from cds_service.config.limits import MAX_EVIDENCE
from cds_service.version import program_version
from cds_service.working.assessment_json import assessment_schema
from cds_service.working.numbers import exactly, plain, shown
from rules import load_knowledge
from rules.numbers.quantity import exact

DAY = "2026-11-22"


@pytest.fixture
def assess(tmp_path, capsys):
    """Runs ``benzo-cds assess`` on a value written to a file; returns status and output."""

    def run(value, *options):
        file = tmp_path / "file.json"
        file.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        status = main(["assess", str(file), "--on", DAY, *options])
        told = capsys.readouterr()
        return status, told.out if status == 0 else told.err

    return run


def record(*resources, **person):
    return bundle(patient(**person), *resources)


def assert_valid(document):
    validator = Draft202012Validator(assessment_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []


def test_the_schema_is_one():
    Draft202012Validator.check_schema(assessment_schema())


def test_every_member_of_the_schema_is_documented():
    def undocumented(schema, path=""):
        for name, member in schema.get("properties", {}).items():
            if not ({"description", "const", "enum", "$ref", "format"} & member.keys()):
                yield f"{path}/{name}"
            yield from undocumented(member, f"{path}/{name}")
            yield from undocumented(member.get("items", {}), f"{path}/{name}[]")

    assert list(undocumented(assessment_schema())) == []


def test_a_bundle_as_json_is_as_the_design_has_it(assess):
    # 2 mg a day: 20 by Ashton (1 mg), 10 by VA/DoD (2 mg). High is above 15, low up to 10. Born 1980-05-02.
    status, out = assess(record(lorazepam(requester={"reference": "Practitioner/9"}), metformin()), "--json")
    assert status == 0
    told = json.loads(out)
    assert_valid(told)
    assert told["schema"] == "1"
    assert told["on"] == DAY
    assert told["patient"] == {"reference": "Patient/p1", "age": 46}
    assert told["load"] == {
        "unit": "mg/d diazepam-equivalent",
        "current": {
            "used": 20.0,
            "low": 20.0,
            "high": 20.0,
            "complete": True,
            "band": "high",
            "band_is_minimum": False,
            "components": {"benzodiazepine": 20.0, "z-drug": 0.0},
            "substitution": {"used": 0.0, "agents": []},
            "by_table": {
                "ashton-2002": {"used": 20.0, "band": "high", "fallback": [], "missing": []},
                "va-dod-2021": {"used": 10.0, "band": "low", "fallback": [], "missing": []},
            },
        },
        "with_order": None,
    }
    (line,) = told["contributions"]
    assert line["source"] == "MedicationRequest/lorazepam-1"
    assert line["requester"] == "Practitioner/9"
    assert line["standing"] == "current"
    assert (line["agent"], line["class"]) == ("lorazepam", "benzodiazepine")
    assert line["daily_dose"] == {"used": 2.0, "low": 2.0, "high": 2.0, "unit": "mg"}
    assert line["equivalent"] == {"used": 20.0, "low": 20.0, "high": 20.0, "reference": "asam-2025-ashton"}
    assert told["exposure"]["z-drug"] is None
    assert told["not_relevant"] == 1
    assert (told["not_in_load"], told["not_counted"]) == ([], [])


def test_an_opioid_stands_on_its_own_axis_as_json(assess):
    # Two 5 mg tablets of oxycodone a day: 10 mg, factor 1.5 (CDC 2022).
    draft = order("oxycodone-1", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=2)
    told = json.loads(assess(record(draft), "--json")[1])
    assert_valid(told)
    assert told["load"]["current"]["used"] == 0.0
    assert told["opioid"]["mme"] == {"used": 15.0, "low": 15.0, "high": 15.0, "complete": True}
    assert told["opioid"]["contributions"] == [
        {
            "source": "MedicationRequest/oxycodone-1",
            "agent": "oxycodone",
            "daily_dose": {"used": 10.0, "unit": "mg"},
            "factor": "1.5",
            "mme": 15.0,
            "reference": "cdc-2022",
        }
    ]
    assert told["not_in_load"] == [
        {
            "source": "MedicationRequest/oxycodone-1",
            "agent": "oxycodone",
            "class": "opioid",
            "present": True,
            "reason": "no-published-equivalence",
            "standing": "current",
            "product": "oxycodone hydrochloride 5 MG Oral Tablet",
            "sig": "one 5 mg tablet twice a day",
            "read_as": "one 5 mg tablet twice a day: 10 mg a day",
            "assumptions": ["no-length-known"],
            "read_from": [],
        }
    ]


def test_a_load_of_nothing_readable_is_null_and_never_called_low(assess):
    unreadable = lorazepam(dosageInstruction=[{"text": "as directed"}])
    told = json.loads(assess(record(unreadable), "--json")[1])
    assert_valid(told)
    current = told["load"]["current"]
    assert (current["used"], current["high"], current["band"], current["complete"]) == (None, None, None, False)
    assert told["not_counted"][0]["reason"] == "dose-unknown"
    _, page = assess(record(unreadable))
    assert "not known - nothing that was sent could be converted" in page
    assert "low band" not in page


def test_an_incomplete_load_is_at_least_and_never_called_low(assess):
    known = order("zolpidem-1", "zolpidem tartrate 10 MG Oral Tablet")
    _, page = assess(record(known, lorazepam(dosageInstruction=[{"text": "as directed"}])))
    # 10 mg of zolpidem: 20 mg equals 10 mg of diazepam, 5 mg/d.
    assert "at least 5 mg/d" in page
    assert "band not known" in page
    assert "low band" not in page


def test_the_page_shows_each_conversion_with_its_table_and_source(assess):
    status, page = assess(record(lorazepam()))
    assert status == 0
    assert "ashton-2002: 2 mg / 1 mg x 10 = 20 mg/d (1 mg = 10 mg diazepam, asam-2025-ashton)" in page
    assert "va-dod-2021: 2 mg / 2 mg x 10 = 10 mg/d (2 mg = 10 mg diazepam, asam-2025-vadod)" in page
    assert "The band depends on the table." in page
    for heading in ("TOTAL LOAD", "ORDERS THAT ADD TO THE LOAD", "NOT COUNTED", "USE OVER TIME", "FINDINGS MET",
                    "NOT MET", "MISSING", "SOURCES"):  # fmt: skip
        assert f"\n{heading}" in page


def test_the_page_names_every_finding_once(assess):
    told = json.loads(assess(record(lorazepam()), "--json")[1])
    _, page = assess(record(lorazepam()))
    for item in (*told["findings"], *told["considered"]):
        assert item["id"] in page


def test_a_hook_request_is_judged_with_its_drafts_and_what_it_lacks_is_said(assess):
    body = sign(lorazepam(), prefetch=prefetch(metformin(), conditions=ABSENT))
    told = json.loads(assess(body, "--json")[1])
    assert_valid(told)
    assert told["load"]["with_order"]["used"] == 20.0
    assert told["contributions"][0]["standing"] == "ordered"
    _, page = assess(body)
    assert "conditions: not sent" in page


def test_a_hook_request_without_its_history_is_read_but_not_complete(assess):
    told = json.loads(assess(sign(lorazepam(), prefetch=ABSENT), "--json")[1])
    assert told["load"]["with_order"]["complete"] is False


def test_text_from_the_file_cannot_steer_the_terminal(assess):
    _, page = assess(record(lorazepam(dosageInstruction=[{"text": "one\x1b[2J at\nnight\x07"}])))
    assert "\x1b" not in page
    assert "\x07" not in page
    assert "one [2J at night" in page


@pytest.mark.parametrize(
    ("content", "said"),
    [(b'{"resourceType": "Bundle",', "line 1"), (b"", "not JSON"), (b"7", "neither"), (b"\xff\xfe", "not JSON")],
)
def test_an_unreadable_file_is_status_2_with_a_reason(assess, content, said):
    status, error = assess(content)
    assert status == 2
    assert said in error
    assert error.count("\n") == 1


def test_a_file_that_is_not_there_is_status_2(capsys, tmp_path):
    assert main(["assess", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main(["assess", str(tmp_path)]) == 2


def test_a_file_may_come_by_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(json.dumps(record(lorazepam())).encode())))
    assert main(["assess", "-", "--on", DAY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["load"]["current"]["used"] == 20.0


def test_a_date_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        main(["assess", "x.json", "--on", "22.11.2026"])
    assert refused.value.code == 2
    assert "YYYY-MM-DD" in capsys.readouterr().err


def test_it_runs_as_a_program(tmp_path):
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(record(lorazepam())))
    command = [sys.executable, "-m", "cds_service", "assess", str(file), "--on", DAY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("BENZO-CDS ASSESSMENT of Patient/p1, age 46\n")


# -- figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "limits", "text"),
    [
        ("20", (), "20"),
        ("12.5", (), "12.5"),
        ("0.25", (), "0.25"),
        ("41.666666", (), "about 42"),
        ("6.666666", (), "about 6.7"),
        ("10.3333", (), "about 10"),
        ("10.3333", ("10",), "about 10.3"),
        ("10.01", ("10",), "10.01"),
        ("9.96", ("10",), "9.96"),
        ("14.9999", ("15",), "14.9999"),
        ("0.0001", (), "0.0001"),
        ("0", (), "0"),
    ],
)
def test_a_shown_figure_stays_on_its_side_of_a_threshold(value, limits, text):
    assert shown(exact(value), tuple(map(exact, limits))) == text
    assert plain(exact(value), tuple(map(exact, limits))) == text.removeprefix("about ")


def test_a_dose_is_never_rounded():
    assert exactly(exact("0.125")) == "0.125"
    assert exactly(exact("100")) == "100"


# -- the other commands -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "cds.example"])
def test_the_service_refuses_to_listen_beyond_this_machine(host, capsys):
    assert main(["serve", "--host", host]) == 2
    assert "not authenticated" in capsys.readouterr().err


def test_the_configuration_is_explained(monkeypatch, capsys):
    assert main(["config", "check"]) == 0
    assert "BENZO_CDS_TIMEZONE = UTC" in capsys.readouterr().out
    monkeypatch.setenv("BENZO_CDS_TIMEZONE", "Mars/Olympus")
    monkeypatch.setenv("BENZO_CDS_PORT", "eighty")
    monkeypatch.setenv("BENZO_CDS_TIMEZON", "UTC")
    assert main(["config", "check"]) == 1
    error = capsys.readouterr().err
    assert "BENZO_CDS_TIMEZONE: not a time zone" in error
    assert "BENZO_CDS_PORT: " in error
    assert "BENZO_CDS_TIMEZON: no such setting; did you mean BENZO_CDS_TIMEZONE?" in error
    assert "eighty" not in error


def test_a_wrong_configuration_stops_every_command(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("BENZO_CDS_SITE_POLICY", str(tmp_path / "none.yaml"))
    assert main(["assess", "x.json"]) == 2
    assert "BENZO_CDS_SITE_POLICY: there is no such file" in capsys.readouterr().err


def test_a_sites_policy_is_in_force_and_a_wrong_one_is_named(monkeypatch, capsys, tmp_path, assess):
    policy = tmp_path / "site.yaml"
    policy.write_text("default_table: va-dod-2021\n")
    monkeypatch.setenv("BENZO_CDS_SITE_POLICY", str(policy))
    told = json.loads(assess(record(lorazepam()), "--json")[1])
    assert (told["knowledge"]["table"], told["load"]["current"]["used"]) == ("va-dod-2021", 10.0)
    assert main(["knowledge", "diff"]) == 1
    assert "~ tables.yaml: default: ashton-2002 -> va-dod-2021" in capsys.readouterr().out
    policy.write_text("default_tabel: va-dod-2021\n")
    assert main(["config", "check"]) == 1
    assert "did you mean default_table?" in capsys.readouterr().err


def test_knowledge_is_shown_with_its_citations(capsys):
    assert main(["knowledge", "show", "Ativan"]) == 0
    out = capsys.readouterr().out
    assert "equal to 10 mg of oral diazepam: 1 mg (ASAM 2025 joint guideline" in out
    assert main(["knowledge", "show"]) == 0
    assert main(["knowledge", "show", "ativam"]) == 2
    assert "did you mean ativan?" in capsys.readouterr().err


def test_the_documented_settings_are_the_settings():
    page = (Path(__file__).parents[2] / "docs" / "services.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(BENZO_CDS_[A-Z_]+)`", page)) == {PREFIX + name.upper() for name in Settings.model_fields}
    for field in Settings.model_fields.values():
        default = field.get_default(call_default_factory=True)
        written = str(default).lower() if isinstance(default, bool) else default
        assert default is None or f"`{written}`" in page


def in_words(identity, text, sig):
    return order(identity, text, dosageInstruction=[{"text": sig}])


def test_the_page_gives_an_order_back_in_one_sentence_and_its_words_when_asked(assess):
    record_of = record(in_words("a", "lorazepam 0.5 MG Oral Tablet", "1/2-1 tab po bid prn for anxiety mdd= 2 tabs"))
    plain_page, explained = (" ".join(assess(record_of, *options)[1].split()) for options in ((), ("--explain",)))
    sentence = "half to one 0.5 mg tablet, up to twice a day as needed, not over 2 tablets: 0 to 1 mg a day"
    assert f"read as: {sentence}" in plain_page
    assert "word by word" not in plain_page
    assert 'word by word: "1/2-1 tab" = half to 1 tablet; "po" = route: oral; "bid" = twice a day' in explained


def test_the_words_that_stopped_a_reading_are_on_the_page_and_in_the_json(assess):
    record_of = record(in_words("a", "lorazepam 1 MG Oral Tablet", "1 tab bid flurb"))
    assert 'word by word: "flurb" = not understood' in assess(record_of, "--explain")[1]
    told = json.loads(assess(record_of, "--json")[1])
    assert_valid(told)
    (line,) = told["not_counted"]
    assert (line["sig"], line["product"]) == ("1 tab bid flurb", "lorazepam 1 MG Oral Tablet")
    assert line["read_from"] == [{"words": "flurb", "start": 10, "gave": "not understood"}]


def test_the_words_that_are_told_are_bounded(assess):
    # Every pair is a dose and its time; long before the end the row of pieces is cut.
    sig = " and ".join(f"1 tab at {hour}:{minute}" for hour in range(10, 20) for minute in (15, 45))
    told = json.loads(assess(record(in_words("a", "lorazepam 1 MG Oral Tablet", sig)), "--json")[1])
    assert_valid(told)
    lines = [*told["contributions"], *told["not_counted"]]
    assert max(len(line["read_from"]) for line in lines) == MAX_EVIDENCE


# -- several files ------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """Two records and between them a file that cannot be read; their paths."""
    contents = {"first.json": record(lorazepam()), "broken.json": None, "second.json": record(metformin())}
    for name, value in contents.items():
        (tmp_path / name).write_text('{"resourceType":' if value is None else json.dumps(value))
    return [str(tmp_path / name) for name in contents]


def test_several_files_as_json_are_one_object_a_line(files, capsys):
    assert main(["assess", files[0], files[2], "--on", DAY, "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    loads = [json.loads(line)["load"]["current"]["used"] for line in lines]
    assert loads == [20.0, 0.0]
    for line in lines:
        assert_valid(json.loads(line))
    assert main(["assess", files[0], "--on", DAY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(lines[0])


def test_several_pages_each_stand_under_the_name_of_their_file(files, capsys):
    pages = []
    for file in (files[0], files[2]):
        assert main(["assess", file, "--on", DAY]) == 0
        pages.append(capsys.readouterr().out)
    assert main(["assess", files[0], files[2], "--on", DAY]) == 0
    first, second = (f"==> {file} <==\n{page}" for file, page in zip((files[0], files[2]), pages, strict=True))
    assert capsys.readouterr().out == f"{first}\n{second}"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_one_unreadable_file_is_named_and_the_others_are_done(files, capsys, options):
    missing = f"{files[0]}.none"
    assert main(["assess", files[0], missing, *files[1:], "--on", DAY, *options]) == 2
    several = capsys.readouterr()
    assert main(["assess", files[0], files[2], "--on", DAY, *options]) == 0
    assert several.out == capsys.readouterr().out
    complaints = several.err.splitlines()
    assert complaints[0] == f"benzo-cds: {missing}: No such file or directory"
    assert complaints[1].startswith(f"benzo-cds: {files[1]}: not JSON")
    assert len(complaints) == 2


@pytest.mark.parametrize("command", [("assess",), ("assess", "--json"), ("cards",)])
def test_a_name_that_is_not_utf_8_is_printed_all_the_same(tmp_path, capsys, command):
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json"))
    file.write_text(json.dumps(sign(lorazepam())))
    assert main([*command, str(file), str(file), "--on", DAY]) == 0
    assert ("\ufffd.json" in capsys.readouterr().out) == ("--json" not in command)
    assert main([*command, f"{file}.none", "--on", DAY]) == 2
    assert "\ufffd.json.none: No such file" in capsys.readouterr().err


# -- what a command imports ---------------------------------------------------------------------------------------

IMPORTED = """
import json, sys
from cds_service.__main__ import main
status = main(sys.argv[1:])
sys.stderr.write(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules} | set(sys.modules))]))
"""


def imported_by(*arguments):
    """The modules that are imported once a command is done, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, timeout=60)
    status, modules = json.loads(done.stderr)
    assert status == 0
    return set(modules)


def test_assess_imports_only_what_it_needs(files):
    unneeded = {"flask", "werkzeug", "jinja2", "sqlalchemy", "alembic", "gunicorn", "fhir", "requests", "joserfc",
                "structlog", "prometheus_client", "cds_service.app", "cds_service.records",
                "cds_service.cards"}  # fmt: skip
    assert imported_by("assess", files[0], "--on", DAY) & unneeded == set()
    assert imported_by("assess", files[0], "--on", DAY, "--json") & unneeded == set()


def test_cards_import_no_web_framework_and_no_store(tmp_path):
    file = tmp_path / "request.json"
    file.write_text(json.dumps(sign(lorazepam())))
    unneeded = {"flask", "werkzeug", "sqlalchemy", "alembic", "gunicorn", "joserfc", "prometheus_client",
                "cds_service.app", "cds_service.records"}  # fmt: skip
    assert imported_by("cards", str(file), "--on", DAY) & unneeded == set()


def test_every_command_can_be_imported():
    def commands(parser):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for part in action.choices.values():
                    yield from commands(part)
                return
        yield parser

    found = [command_of(argparse.Namespace(run=parser.get_default("run"))) for parser in commands(build_parser())]
    assert len(found) > 10
    assert all(callable(command) for command in found)


# -- the versions -------------------------------------------------------------------------------------------------


def test_the_versions_of_the_program_and_of_its_knowledge_are_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told == f"benzo-cds {program_version()}, knowledge {load_knowledge().version}\n"
