"""Does the program keep to its intended use, criterion by criterion (docs/intended-use.md)?"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Never

import pytest
from ehr import DAY, bundle, cards, client, logged, lorazepam, order, post, prefetch, request, select, sign

from cds_service.app import create_app, parts_of
from cds_service.cards.wording.language import load_language
from cds_service.config import Settings
from cds_service.fhir.reader import READ_TYPES
from cds_service.hooks.prefetch_completion import NoPrefetchCompletion
from cds_service.services import PREFETCH
from fhir_fixtures import Story, stories
from rules import load_knowledge
from rules.assessment import Severity

ROOT = Path(__file__).parents[2]
ASKED = tuple(story for story in stories() if story.request is not None)
OXYCODONE = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4)


def answered(story: Story) -> list[dict[str, Any]]:
    http = create_app(clock=lambda: story.on).test_client()
    response = http.post(f"/cds-services/benzo-{story.hook}", json=copy.deepcopy(dict(story.request or {})))
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json["cards"]
    return found


# 1. No image, signal or pattern


def test_only_medications_conditions_and_the_patient_are_asked_for_and_read() -> None:
    assert {query.partition("?")[0].partition("/")[0] for query in PREFETCH.values()} == {
        *("Patient", "MedicationRequest", "MedicationStatement", "MedicationDispense", "Condition"),
    }
    read = set(READ_TYPES)
    assert {"Observation", "Media", "DocumentReference", "DiagnosticReport", "Device", "ImagingStudy"} & read == set()


# 2. Medical information of well-recognised sources


def test_every_finding_and_every_figure_names_a_source_that_exists() -> None:
    knowledge = load_knowledge()
    for finding in knowledge.findings.values():
        assert finding.references, finding.id
        for figure in finding.parameters.values():
            assert figure.source in knowledge.sources
            assert figure.reviewed <= load_knowledge().intervention.reviewed


def test_every_card_names_its_sources_and_links_to_one() -> None:
    shown = [card for story in ASKED for card in answered(story)]
    assert len(shown) > 30
    for card in shown:
        assert card["source"]["label"]
        assert "Sources: " in card["detail"], card["summary"]
        for url in (card["source"]["url"], *(link["url"] for link in card["links"])):
            assert url.startswith("https://"), card["summary"]


# 3. Options for a health care professional, no directive


LAY_USERS = ("Patient/p1", "RelatedPerson/r1", "patient/p1", "https://ehr.example/fhir/Patient/p1", "RelatedPerson/r1/")


@pytest.mark.parametrize("user", LAY_USERS)
def test_a_patient_or_a_relative_is_shown_no_card(user: str) -> None:
    http = client()
    held = prefetch(lorazepam("home"), OXYCODONE)
    bodies = [
        sign(lorazepam(), OXYCODONE),
        select(lorazepam(), OXYCODONE, selections=["MedicationRequest/oxy"]),
        request("encounter-discharge", prefetch=held),
    ]
    for body in bodies:
        assert cards(http, body), body["hook"]
        body["context"]["userId"] = user
        assert cards(http, body) == []


def test_that_a_patient_called_is_logged_without_the_patient() -> None:
    with logged() as lines:
        assert post(client(), sign(lorazepam(), OXYCODONE, context={"userId": "Patient/p-secret"})).json["cards"] == []
    assert json.loads(lines[0])["event"] == "not for patients"
    assert "p-secret" not in "".join(lines)


class Unasked(NoPrefetchCompletion):
    """A completion that must not be asked for anything."""

    def with_drafts(self, *_: object) -> Never:
        raise AssertionError("medications of drafts were asked for")

    def with_record(self, *_: object) -> Never:
        raise AssertionError("the record was asked for")


def test_a_patient_needs_no_record_and_causes_no_fetch() -> None:
    """Not even the 412 that asks for data: a portal must not be told to send it."""
    settings = Settings()
    parts = parts_of(settings)
    parts = replace(parts, judge=replace(parts.judge, completion=Unasked()))
    http = create_app(settings, clock=lambda: DAY, parts=parts).test_client()
    draft = lorazepam()
    del draft["medicationCodeableConcept"]
    draft["medicationReference"] = {"reference": "Medication/m1"}
    for body in (request("patient-view", prefetch={}), sign(draft, prefetch={})):
        assert post(http, body).status_code == 500, "the test shows nothing: nobody is asked for a professional either"
        body["context"]["userId"] = "Patient/p1"
        assert post(http, body).json == {"cards": []}


@pytest.mark.parametrize("story", ASKED, ids=[story.slug for story in ASKED])
def test_a_card_offers_options_selects_none_and_takes_every_answer(story: Story) -> None:
    for card in answered(story):
        options = card["detail"].partition("**Options:**")[2].partition("\n")[0].split("; ")
        assert len(options) >= 2
        assert any("if the benefits outweigh the risks" in option for option in options), options
        assert len(card["overrideReasons"]) >= 2
        assert card["indicator"] != "critical"
        for suggestion in card.get("suggestions", []):
            assert not suggestion.get("isRecommended")
            for action in suggestion["actions"]:
                # A draft is filed, which somebody has to sign, or one that is being written is removed.
                assert action["type"] == "delete" or action["resource"]["status"] == "draft"


# Verbs that direct a treatment when a sentence begins with them, or a clause after a colon.
DIRECTIVES = frozenset(
    (
        *("stop", "discontinue", "prescribe", "reduce", "lower", "decrease", "increase", "start", "begin", "give"),
        *("switch", "change", "taper", "wean", "order", "refer", "avoid", "withhold", "cancel", "remove", "treat"),
        *("monitor", "administer", "ensure", "use", "replace", "limit", "hold", "titrate", "dispense", "deprescribe"),
    )
)
ALWAYS = re.compile(r"\b(?:must|shall|you should|is required|are required|do not prescribe|do not give)\b", re.I)
# Labels of buttons, which the user presses ("Remove lorazepam" says what the button does), and of the table of orders.
LABELS = ("suggestions.remove", "suggestions.end", "suggestions.add", "sections.table")


# The head of the table of orders, and the name of a finding that was not judged.
NOUNS = ("order", "taper under way")


def sentences_of(text: str) -> list[str]:
    """The sentences of a text of Jinja, with every value as an X."""
    plain = re.sub(r"\{%-?.*?-?%\}", ". ", re.sub(r"\{\{.*?\}\}", "X", text))
    return [part.strip(" -*\"'") for part in re.split(r"[.:;!?]\s", plain) if part.strip(" -*\"'")]


def test_no_sentence_of_a_card_directs_a_treatment() -> None:
    messages = load_language().messages
    assert len(messages) > 100
    directing = [
        f"{message.id}: {sentence}"
        for message in messages.values()
        if not message.id.startswith(LABELS)
        for sentence in sentences_of(message.text)
        if sentence.split()[0].lower() in DIRECTIVES or ALWAYS.search(sentence)
    ]
    assert directing == []


@pytest.mark.parametrize("story", ASKED, ids=[story.slug for story in ASKED])
def test_no_card_of_a_story_directs_a_treatment(story: Story) -> None:
    """What stands on a card beside its messages too: texts of the guidance, of conditions and of findings."""
    for card in answered(story):
        before, _, after = card["detail"].partition("**Options:**")
        told = "\n".join([card["summary"], before, after.partition(". ")[2]])
        sentences = [part.strip(" -*") for part in re.split(r"[.:;!?]\s|\n|\|", told)]
        directing = [
            part
            for part in filter(None, sentences)
            if not part.startswith(NOUNS) and (part.split()[0].lower() in DIRECTIVES or ALWAYS.search(part))
        ]
        assert directing == []


# 4. Time and basis for a review


def test_nothing_is_critical_as_shipped() -> None:
    knowledge = load_knowledge()
    assert knowledge.policy.critical == frozenset()
    assert {finding.severity for finding in knowledge.findings.values()} <= {Severity.INFO, Severity.WARNING}


def test_a_card_shows_its_basis_and_what_is_not_known() -> None:
    for story in ASKED:
        for card in answered(story):
            assert "**Why this appeared" in card["detail"]
            # A second card does not repeat the first.
            assert re.search(r"\*\*Not known or not counted|what is not known: see the other card", card["detail"])
            assert card["extension"]["org.benzo-cds.assessment"]["findings"]


def test_hospice_and_palliative_care_are_met_with_silence() -> None:
    hospice = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p1"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Z51.5"}]},
    }
    http = client()
    assert cards(http, sign(OXYCODONE, prefetch=prefetch(lorazepam("home"), conditions=bundle(hospice)))) == []
    assert cards(http, sign(OXYCODONE, prefetch=prefetch(lorazepam("home"))))


# The page


def test_the_page_states_the_intended_use_as_the_program_does() -> None:
    page = " ".join((ROOT / "docs" / "intended-use.md").read_text(encoding="utf-8").split())
    told = load_knowledge().intervention
    for name, text in told.use.items():
        assert text in page, f"docs/intended-use.md does not quote `{name}`"
    for limit in told.known_limits:
        assert limit in page
    assert told.evidence["validation"] in page


def test_the_tests_that_the_page_names_are_there() -> None:
    page = (ROOT / "docs" / "intended-use.md").read_text(encoding="utf-8")
    names = re.findall(r"`([\w/]+\.py)::(test_\w+)`", page)
    assert len(names) > 15
    missing = [f"{file}::{name}" for file, name in names if f"def {name}(" not in (ROOT / "tests" / file).read_text()]
    assert missing == []
