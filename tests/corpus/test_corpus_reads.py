"""Does every real record and request at hand go through the reader, and is every medication in it accounted for?"""

import os
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from cds_service.commands.input_file import read_file
from cds_service.fhir.reader import read_patient
from cds_service.fhir.regimen import KINDS
from rules.model import Patient

ZONE = ZoneInfo("America/New_York")
SHARED = Path(os.environ.get("BENZO_CDS_SHARED", Path(__file__).parents[3] / "shared"))


def files(folder: str) -> list[Path]:
    found = sorted(SHARED.glob(f"corpus/{folder}/*.json"))
    if not found:
        pytest.skip(f"the corpus is not at hand ({folder})")
    return found


def read(file: Path) -> Patient:
    content = read_file(file.read_bytes())
    return read_patient(
        content.record, patient_id=content.patient_id, drafts=content.drafts, missing=content.missing, zone=ZONE
    )


def count(patients: list[Patient]) -> Counter[str]:
    counted: Counter[str] = Counter(files=len(patients))
    for patient in patients:
        counted.update(regimen.kind.value for regimen in patient.regimens)
        counted.update(note for regimen in patient.regimens for note in regimen.notes)
        counted["drafts"] += sum(regimen.draft for regimen in patient.regimens)
        counted["with a dose"] += sum(any(line.doses for line in regimen.dosages) for regimen in patient.regimens)
        counted["of another patient"] += sum(regimen.another_patient for regimen in patient.regimens)
        counted["conditions"] += len(patient.conditions)
        counted["unread"] += len(patient.unread)
        counted["no birth date"] += patient.born is None
    return counted


def names(bundle: dict[str, Any]) -> set[str]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    return {f"{one['resourceType']}/{one['id']}" for one in resources if one["resourceType"] in KINDS and "id" in one}


def test_every_patient_is_read_and_no_medication_is_lost() -> None:
    patients = []
    for file in files("patients"):
        patient = read(file)
        told = {regimen.source for regimen in patient.regimens} | {line.source for line in patient.unread}
        assert names(orjson.loads(file.read_bytes())) <= told, file.name
        patients.append(patient)
    print(dict(count(patients)))


def test_every_request_is_read() -> None:
    patients = [read(file) for file in files("requests")]
    counted = count(patients)
    print(dict(counted))
    assert counted["drafts"]
