"""Does every clinical story come out as it was worked out by hand, in the core and over HTTP?"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import expected_assessment
import expected_cards
import jsonschema
import pytest

from cds_service.commands.input_file import read_file
from cds_service.fhir.reader import read_patient
from fhir_fixtures import Story, stories
from rules import assess, load_knowledge
from rules.assessment import Assessment

STORIES = stories()
ASKED = tuple(story for story in STORIES if story.request is not None)
SERVICE_OF_HOOK = "benzo-{hook}"
UTC_ZONE = ZoneInfo("UTC")


def _by_slug(told: tuple[Story, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("story", told, ids=[story.slug for story in told])


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


@pytest.fixture(scope="module")
def answer() -> Callable[[Story], Any]:
    """Post a story's request to the service, its clock set to the story's day."""
    from cds_service.app import create_app

    def post(story: Story) -> Any:
        client = create_app(clock=lambda: story.on).test_client()
        body = copy.deepcopy(story.request)
        return client.post(f"/cds-services/{SERVICE_OF_HOOK.format(hook=story.hook)}", json=body)

    return post


@_by_slug(STORIES)
def test_the_core_judges_as_worked_out_by_hand(story: Story) -> None:
    lines = expected_assessment.differences(story.expect, _assessed(story))
    assert not lines, "\n".join([story.title, *lines, f"worked out by hand: {story.hand_working}"])


@_by_slug(ASKED)
def test_the_request_in_its_senders_shape_is_judged_the_same(story: Story) -> None:
    sent = read_file(json.dumps(story.request).encode())
    patient = read_patient(
        sent.record, patient_id=sent.patient_id, drafts=sent.drafts, missing=sent.missing, zone=UTC_ZONE
    )
    found = assess(patient, load_knowledge(), story.on, at_discharge=story.hook == "encounter-discharge")
    lines = expected_assessment.differences(story.expect, found)
    assert not lines, "\n".join([story.title, *lines, f"worked out by hand: {story.hand_working}"])


@_by_slug(ASKED)
def test_the_service_answers_with_the_expected_cards(story: Story, answer: Callable[[Story], Any]) -> None:
    response = answer(story)
    assert response.status_code == 200, response.get_data(as_text=True)
    lines = expected_cards.differences(story.expect.get("cards", []), response.get_json()["cards"])
    assert not lines, "\n".join([story.title, *lines, f"worked out by hand: {story.hand_working}"])


@_by_slug(ASKED)
def test_every_card_keeps_the_rules_of_cards(story: Story, answer: Callable[[Story], Any]) -> None:
    response = answer(story)
    assert response.status_code == 200
    body = response.get_json()
    schema = json.loads(files("cds_service.web").joinpath("schemas/cds-hooks-response.schema.json").read_text("utf-8"))
    invalid = [f"{e.json_path}: {e.message}" for e in jsonschema.Draft202012Validator(schema).iter_errors(body)]
    assert not invalid, "\n".join([story.title, *invalid])
    assessed = _assessed(story)
    load = assessed.with_order or assessed.load
    broken = [
        f"{card['source']['topic']['code']}: {line}"
        for card in body["cards"]
        for line in expected_cards.broken_rules(card, complete=load.complete)
    ]
    assert not broken, "\n".join([story.title, *broken])
    assert len(body["cards"]) <= 2
    if story.hook in ("patient-view", "encounter-start"):
        assert len(body["cards"]) <= 1
    assert "systemActions" not in body


@_by_slug(ASKED)
def test_the_same_request_has_the_same_answer(story: Story, answer: Callable[[Story], Any]) -> None:
    first, second = answer(story), answer(story)
    assert first.status_code == second.status_code == 200
    assert first.get_data() == second.get_data()


@_by_slug(STORIES)
def test_a_story_states_what_it_must(story: Story) -> None:
    expect = story.expect
    assert "load" in expect or "findings_include" in expect
    assert "findings" in expect or "findings_include" in expect
    assert story.request is None or "cards" in expect
    met = {**expect.get("findings", {}), **expect.get("findings_include", {})}
    assert story.shows in met or (story.shows == "none" and not met)
    assert len(story.narrative.split()) >= 12
    assert len(story.hand_working.split()) >= 12
