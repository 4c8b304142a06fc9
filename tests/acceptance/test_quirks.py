"""Is what hospitals really send read as it was worked out by hand, from a file and over HTTP?"""

from __future__ import annotations

import expected_assessment
import expected_cards
import pytest

from cds_service.app import create_app
from cds_service.commands.input_file import UnreadableFileError, patient_in, read_file
from cds_service.config import Settings
from fhir_fixtures import Quirk, quirks
from rules import assess, load_knowledge

QUIRKS = quirks()
ASKED = tuple(quirk for quirk in QUIRKS if quirk.is_request)
SERVICE_OF_HOOK = "benzo-{hook}"
ANSWERED = "200"


def _by_slug(sent: tuple[Quirk, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("quirk", sent, ids=[quirk.slug for quirk in sent])


def _told(quirk: Quirk, lines: list[str]) -> str:
    return "\n".join([f"{quirk.number}: {quirk.title}", *lines, f"worked out by hand: {quirk.hand_working}"])


@_by_slug(QUIRKS)
def test_what_is_sent_is_judged_as_worked_out_by_hand(quirk: Quirk) -> None:
    """As `benzo-cds assess` reads a file and judges it."""
    if "unreadable" in quirk.expect:
        with pytest.raises(UnreadableFileError) as refused:
            read_file(quirk.sent)
        assert quirk.expect["unreadable"] in str(refused.value)
        return
    content = read_file(quirk.sent)
    patient = patient_in(content, Settings())
    found = assess(patient, load_knowledge(), quirk.on, at_discharge=content.hook == "encounter-discharge")
    lines = expected_assessment.differences(quirk.expect, found)
    lines += expected_assessment.reading_differences(quirk.expect, patient)
    assert not lines, _told(quirk, lines)


@_by_slug(ASKED)
def test_the_service_answers_what_is_sent(quirk: Quirk) -> None:
    client = create_app(clock=lambda: quirk.on).test_client()
    address = f"/cds-services/{SERVICE_OF_HOOK.format(hook=quirk.hook)}"
    response = client.post(address, data=quirk.sent, content_type="application/json")
    wanted = quirk.expect.get("response", {})
    text = response.get_data(as_text=True)
    assert str(response.status_code) == wanted.get("status", ANSWERED), _told(quirk, [text])
    lines = [f"the outcome does not say {words!r}: {text}" for words in wanted.get("outcome", []) if words not in text]
    if response.status_code == int(ANSWERED):
        lines += expected_cards.differences(quirk.expect["cards"], response.get_json()["cards"])
    assert not lines, _told(quirk, lines)


@_by_slug(QUIRKS)
def test_a_quirk_states_what_it_must(quirk: Quirk) -> None:
    assert quirk.slug.startswith(f"{quirk.number}-")
    assert quirk.expect
    assert set(quirk.expect.get("response", {})) <= {"status", "outcome"}
    assert len(quirk.hand_working.split()) >= 8
    assert "\n" not in quirk.title.strip()
