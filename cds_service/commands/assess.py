"""``benzo-cds assess``: the assessment of each file with its working, as a text page or as JSON."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import orjson

from cds_service.clock import today
from cds_service.commands.input_file import for_each_file, patient_in, printable_name, read_file
from cds_service.config import Settings
from cds_service.working.assessment_json import assessment_json
from cds_service.working.text_page import working
from rules import assess
from rules.knowledge import load_knowledge

_DISCHARGE = "encounter-discharge"


def assess_files(chosen: Namespace) -> int:
    """Print the assessment of each file. Of several files each page stands under the name of its file, each JSON object
    on one line.
    """
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
