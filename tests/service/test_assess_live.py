"""Does `benzo-cds assess --fhir` read a patient as the service does, and say what it cannot, without the patient?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ehr import bundle, conditions, lorazepam, order, patient
from fhir_server import EMPTY, FhirServer, Reply, fhir_server
from sandbox_server import served_sandbox

from cds_service.__main__ import main
from cds_service.sandbox.fhir_server.server import Behaviour

DAY = "2026-11-22"
# 2 mg of lorazepam a day: 20 mg of diazepam by Ashton's table.
LOAD = 20.0
MEDICATION = {"resourceType": "Medication", "id": "lor1", "code": {"text": "lorazepam 1 MG Oral Tablet"}}
SECRET = "the-secret-token"
Assess = Callable[..., tuple[int, str, str]]


@pytest.fixture
def server() -> Iterator[FhirServer]:
    """A server with one patient, who takes lorazepam."""
    with fhir_server() as running:
        running.answers["Patient/p1"] = Reply(patient())
        running.answers["MedicationRequest"] = Reply(running.page(lorazepam()))
        yield running


@pytest.fixture
def assess(capsys: pytest.CaptureFixture[str]) -> Assess:
    """Runs the command; returns the status and what it printed, on standard output and error."""

    def run(base: str, *options: str, named: str = "p1") -> tuple[int, str, str]:
        try:
            status = main(["assess", "--fhir", base, "--patient", named, "--on", DAY, *options])
        except SystemExit as ended:
            status = int(str(ended.code))
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    return str(file)


def load_in(out: str) -> dict[str, Any]:
    return dict(json.loads(out)["load"]["current"])


def test_the_working_is_that_of_the_same_record_as_a_file(
    server: FhirServer, assess: Assess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = assess(server.base, "--json")
    file = tmp_path / "record.json"
    file.write_text(json.dumps(bundle(patient(), lorazepam())))
    assert main(["assess", str(file), "--on", DAY, "--json"]) == 0
    assert (status, err) == (0, "")
    assert json.loads(out) == json.loads(capsys.readouterr().out)
    assert (load_in(out)["used"], load_in(out)["complete"]) == (LOAD, True)
    page = assess(server.base)[1]
    assert "BENZO-CDS ASSESSMENT of Patient/p1, age 46" in page
    assert "20 mg/d" in page


def test_every_page_and_every_medication_that_is_referred_to_is_read(assess: Assess) -> None:
    by_reference = order("m1", "", medicationReference={"reference": "Medication/lor1"}, a_day=2)
    del by_reference["medicationCodeableConcept"]
    others = [order(f"x{number}", "metformin hydrochloride 500 MG Oral Tablet") for number in range(5)]
    behaviour = Behaviour(most_per_page=2)
    with served_sandbox([patient(), MEDICATION, *others, by_reference], behaviour) as base:
        status, out, _ = assess(base, "--json")
    assert status == 0
    assert (load_in(out)["used"], load_in(out)["complete"]) == (LOAD, True)
    assert json.loads(out)["not_relevant"] == 5


def test_a_medication_that_could_not_be_read_is_not_counted_as_none(server: FhirServer, assess: Assess) -> None:
    by_reference = order("m1", "", medicationReference={"reference": "Medication/lor1"}, a_day=2)
    del by_reference["medicationCodeableConcept"]
    server.answers["MedicationRequest"] = Reply(server.page(lorazepam(), by_reference))
    server.answers["Medication/lor1"] = Reply({}, 403)
    status, out, _ = assess(server.base)
    assert status == 0
    assert "at least 20 mg/d" in out
    assert "MedicationRequest/m1" in out.partition("NOT COUNTED")[2]


def test_the_token_is_sent_and_stands_nowhere_else(server: FhirServer, assess: Assess, token_file: str) -> None:
    server.answers["Condition"] = Reply({"resourceType": "OperationOutcome"}, 403)
    status, out, err = assess(server.base, "--token-file", token_file)
    assert status == 0
    assert set(server.tokens) == {f"Bearer {SECRET}"}
    assert SECRET not in out + err


def test_what_could_not_be_read_is_said_in_the_working(server: FhirServer, assess: Assess) -> None:
    server.answers["MedicationStatement"] = Reply({"resourceType": "OperationOutcome"}, 403)
    server.answers["Condition"] = Reply(
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    )
    status, out, err = assess(server.base)
    assert (status, err) == (0, "")
    assert "the FHIR server does not allow it to be read" in out
    assert "the FHIR server answered with an error" in out


def test_a_patient_that_is_not_there_is_no_empty_working(server: FhirServer, assess: Assess) -> None:
    status, out, err = assess(server.base, named="p2")
    assert (status, out) == (2, "")
    assert err == "benzo-cds: --patient: the FHIR server has no such patient\n"
    with served_sandbox([patient()]) as base:
        assert assess(base, named="Patient/unknown")[::2] == (2, err)


def test_an_address_that_is_no_base_is_told_from_a_patient_that_is_not_there(
    server: FhirServer, assess: Assess
) -> None:
    for path in ("Patient/p1", "MedicationRequest", "MedicationStatement", "MedicationDispense", "Condition"):
        server.answers[path] = Reply(b"<html>", 404)
    status, out, err = assess(server.base)
    assert (status, out) == (2, "")
    assert "no such patient; is this the base of the FHIR server?" in err


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(EMPTY, 401), "did not accept the token; is the token of --token-file for this server"),
        (Reply(EMPTY, 403), "does not allow it to be read; do the scopes of the token include it?"),
        (Reply(EMPTY, 500), "the FHIR server failed"),
        (Reply(b"<html>p1</html>"), "something other than FHIR; is this the base of the FHIR server?"),
        (Reply(b"", 302, {"Location": "/p1"}), "pointed elsewhere; is this the base"),
        (Reply({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "p1"}]}),
         "answered with an error"),
    ],
)  # fmt: skip
def test_without_medication_orders_nothing_is_judged(
    server: FhirServer, assess: Assess, reply: Reply, said: str
) -> None:
    server.answers["MedicationRequest"] = reply
    status, out, err = assess(server.base)
    assert (status, out) == (2, "")
    assert err.startswith("benzo-cds: MedicationRequest: the FHIR server")
    assert said in err
    assert "p1" not in err


def test_a_patient_that_may_not_be_read_is_not_taken_to_be_there(server: FhirServer, assess: Assess) -> None:
    server.answers["Patient/p1"] = Reply(EMPTY, 403)
    assert "the FHIR server does not allow it to be read" in assess(server.base)[1]
    server.answers["MedicationRequest"] = Reply(EMPTY)
    status, out, err = assess(server.base)
    assert (status, out) == (2, "")
    assert err.startswith("benzo-cds: Patient: the FHIR server does not allow it to be read")


@pytest.mark.parametrize("other", [patient(id="p9"), {"resourceType": "Practitioner", "id": "p1"}, conditions()])
def test_another_patient_than_was_asked_for_is_refused(
    server: FhirServer, assess: Assess, other: dict[str, Any]
) -> None:
    server.answers["Patient/p1"] = Reply(other)
    status, out, err = assess(server.base)
    assert (status, out) == (2, "")
    assert "Patient: the FHIR server answered with something other than this patient" in err


def test_a_server_that_is_not_there_is_told_in_one_line(assess: Assess) -> None:
    status, out, err = assess("http://127.0.0.1:1/fhir", "--deadline", "5")
    assert (status, out) == (2, "")
    assert "Patient, MedicationRequest: the FHIR server could not be reached; is its address right" in err
    assert "BENZO_CDS_CA_FILE" in err
    assert len(err.splitlines()) == 1


def test_the_deadline_is_that_of_the_command(server: FhirServer, assess: Assess) -> None:
    server.answers["MedicationRequest"] = Reply(server.page(lorazepam()), delay=20)
    status, _, err = assess(server.base, "--deadline", "0.5")
    assert status == 2
    assert "MedicationRequest: the FHIR server did not answer in time; --deadline gives it more time." in err


@pytest.mark.parametrize(
    ("base", "options", "said"),
    [
        ("http://ehr.example/fhir", (), "could be read on the way"),
        ("http://10.0.0.7/fhir", (), "could be read on the way"),
        ("ehr.example/fhir", (), "not the base of a FHIR server"),
        ("ftp://ehr.example/fhir", (), "not the base of a FHIR server"),
        ("https://user:the-secret@ehr.example/fhir", (), "not the base of a FHIR server"),
        ("https://ehr.example/fhir?x=the-secret", (), "not the base of a FHIR server"),
        ("https://[ehr.example/fhir", (), "not the base of a FHIR server"),
        ("http://127.0.0.1:1/fhir", ("--token-file", "/nowhere/token"), "--token-file: No such file"),
        ("http://127.0.0.1:1/fhir", ("--deadline", "0"), "must be a number of seconds"),
        ("http://127.0.0.1:1/fhir", ("--deadline", "nan"), "must be a number of seconds"),
        ("http://127.0.0.1:1/fhir", ("file.json",), "--fhir needs --patient ID, and no FILE"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    assess: Assess, base: str, options: tuple[str, ...], said: str
) -> None:
    status, out, err = assess(base, *options)
    assert (status, out) == (2, "")
    assert said in err
    assert "the-secret" not in err


def test_http_beyond_this_machine_is_read_where_that_is_said(assess: Assess, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing answers there: what counts is that it is asked.
    told = assess("http://0.0.0.0:1/fhir", "--allow-http", "--deadline", "2")
    assert "could not be reached" in told[2]
    monkeypatch.setenv("BENZO_CDS_DEVELOPMENT", "true")
    assert "could not be reached" in assess("http://0.0.0.0:1/fhir", "--deadline", "2")[2]
    assert "could be read on the way" in assess("http://ehr.example/fhir")[2]


@pytest.mark.parametrize("text", ["", "  \n", "two tokens", "one\ntwo", "tök", "x" * 20_000])
def test_a_file_that_holds_no_token_is_refused(assess: Assess, tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    status, _, err = assess("http://127.0.0.1:1/fhir", "--token-file", str(file))
    assert status == 2
    assert err.startswith("benzo-cds: --token-file: does not hold one token")
    assert text.strip() == "" or text.strip() not in err


@pytest.mark.parametrize("named", ["Group/p1", "", " ", "Patient/"])
def test_what_names_no_patient_is_refused(server: FhirServer, assess: Assess, named: str) -> None:
    status, _, err = assess(server.base, named=named)
    assert (status, err) == (2, "benzo-cds: --patient: not the id of a Patient\n")
    assert server.asked == []


def test_an_id_cannot_change_what_is_asked(server: FhirServer, assess: Assess) -> None:
    assess(server.base, named="p1&_include=*")
    assess(server.base, named="../metadata")
    assert not [path for path in server.asked if "_include=" in path or ".." in path or "metadata" in path]


@pytest.mark.parametrize("arguments", [[], ["--patient", "p1"], ["--fhir", "http://127.0.0.1:1/fhir"]])
def test_half_of_what_is_needed_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", *arguments]) == 2
    assert "--fhir" in capsys.readouterr().err


# -- a file that holds nothing that is read


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]},
            "OperationOutcome",
        ),
        (EMPTY, "holds no resource of a type that is read"),
        ([], "holds no resource of a type that is read"),
        ({}, "no record: an OperationOutcome with an error, or nothing"),
        (None, "neither a FHIR resource"),
        (bundle({"resourceType": "Observation", "id": "o1"}), "holds no resource of a type that is read"),
        ({"resourceType": "CapabilityStatement"}, "MedicationRequest"),
    ],
)
def test_a_file_without_a_record_is_refused(
    value: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.json"
    file.write_text(json.dumps(value))
    assert main(["assess", str(file), "--on", DAY]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err


def test_a_patient_alone_is_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file.json"
    file.write_text(json.dumps(patient()))
    assert main(["assess", str(file), "--on", DAY]) == 0
    assert "Patient/p1" in capsys.readouterr().out
