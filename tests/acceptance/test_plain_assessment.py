"""Is an assessment a plain value: small, equal after a round trip through pickle, and without the knowledge?"""

from __future__ import annotations

import copy
import pickle
import pickletools
from zoneinfo import ZoneInfo

import pytest

from cds_service.fhir.reader import read_patient
from fhir_fixtures import Story, stories
from rules import Assessment, assess, load_knowledge

MAX_BYTES = 20_000
UTC_ZONE = ZoneInfo("UTC")
PLAIN = ("rules.assessment", "rules.numbers", "datetime", "builtins")


def _assessed(story: Story) -> Assessment:
    context = (story.request or {}).get("context", {})
    drafts = context.get("draftOrders") or context.get("medications") or {}
    patient = read_patient(
        [entry["resource"] for entry in story.patient["entry"]],
        patient_id=None,
        drafts=[entry["resource"] for entry in drafts.get("entry", [])],
        zone=UTC_ZONE,
    )
    return assess(patient, load_knowledge(), story.on, at_discharge=story.hook == "encounter-discharge")


def _modules(pickled: bytes) -> set[str]:
    """The modules whose classes a pickle names (protocol 2 writes each as one text)."""
    return {str(told).partition(" ")[0] for code, told, _ in pickletools.genops(pickled) if code.name == "GLOBAL"}


@pytest.mark.parametrize("story", stories(), ids=[story.slug for story in stories()])
def test_an_assessment_is_small_and_equal_after_a_round_trip(story: Story) -> None:
    assessment = _assessed(story)
    pickled = pickle.dumps(assessment)
    assert len(pickled) < MAX_BYTES
    assert pickle.loads(pickled) == assessment
    assert copy.deepcopy(assessment) == assessment


@pytest.mark.parametrize("story", stories(), ids=[story.slug for story in stories()])
def test_an_assessment_holds_nothing_of_the_knowledge(story: Story) -> None:
    others = {name for name in _modules(pickle.dumps(_assessed(story), protocol=2)) if not name.startswith(PLAIN)}
    assert others <= {"copy_reg", "copyreg", "__builtin__", "_codecs", "fractions"}
