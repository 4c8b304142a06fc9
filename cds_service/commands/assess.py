"""``benzo-cds assess``: an assessment with its working, as text or JSON, of files or of a patient read live."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import orjson

from cds_service.clock import today
from cds_service.commands.input_file import for_each_file, patient_in, printable_name, read_file
from cds_service.config import Settings
from cds_service.errors import CommandError
from cds_service.working.assessment_json import assessment_json
from cds_service.working.text_page import working
from rules import assess
from rules.knowledge import load_knowledge

_DISCHARGE = "encounter-discharge"


def assess_chosen(chosen: Namespace) -> int:
    """Print the assessment of each file, or of a patient of a FHIR server.

    Raises:
        CommandError: neither was chosen, or both, or the patient cannot be read.
    """
    if chosen.fhir is None:
        if not chosen.files or chosen.patient is not None or chosen.token_file is not None:
            raise CommandError("give the FILEs to assess, or --fhir BASE and --patient ID")
        return _assess_files(chosen)
    if chosen.files or chosen.patient is None:
        raise CommandError("--fhir needs --patient ID, and no FILE")
    return _assess_live(chosen)


def _assess_live(chosen: Namespace) -> int:
    # Only here: requests take as long to import as the assessment of a file.
    from cds_service.commands.live_record import base_of, live_patient, token_in

    settings = Settings()
    knowledge = load_knowledge(settings.site_policy_text())
    on = chosen.on or today(settings.zone)
    base, token = base_of(chosen.fhir, settings, allow_http=chosen.allow_http), token_in(chosen.token_file)
    patient = live_patient(base, chosen.patient, token, chosen.deadline, settings, knowledge, on)
    assessment = assess(patient, knowledge, on)
    if chosen.json:
        sys.stdout.write(orjson.dumps(assessment_json(assessment), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(working(assessment, knowledge, patient.missing, explain=chosen.explain))
    return 0


def _assess_files(chosen: Namespace) -> int:
    """Of several files each page stands under the name of its file, each JSON object on one line."""
    settings = Settings()
    knowledge = load_knowledge(settings.site_policy_text())
    on = chosen.on or today(settings.zone)
    several = len(chosen.files) > 1
    separator = ""

    def assess_file(file: Path, data: bytes) -> int:
        nonlocal separator
        content = read_file(data)
        patient = patient_in(content, settings, on)
        assessment = assess(patient, knowledge, on, at_discharge=content.hook == _DISCHARGE)
        if chosen.json:
            text = orjson.dumps(assessment_json(assessment), option=None if several else orjson.OPT_INDENT_2)
            sys.stdout.write(text.decode() + "\n")
            return 0
        if several:
            sys.stdout.write(f"{separator}==> {printable_name(file)} <==\n")
            separator = "\n"
        sys.stdout.write(working(assessment, knowledge, patient.missing, explain=chosen.explain))
        return 0

    return for_each_file(chosen.files, assess_file)
