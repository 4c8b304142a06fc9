"""Can a pharmacist change the sentences of cards safely: no figure, no unknown value, no broken text?"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.app import create_app
from cds_service.cards.wording import facts, finding_values, reasons
from cds_service.cards.wording.language import load_language, read_language
from cds_service.cards.wording.wording import Wording, wording_of
from cds_service.config import Settings
from cds_service.policy.configuration import PolicyError
from fhir_fixtures import stories
from rules import findings, load_knowledge
from rules.knowledge import KnowledgeError

FINDINGS = Path(str(findings.__file__)).parent
HEAD = "language: en\nreviewed: 2026-11-29\nvalues: {agents: names, count: how many}\nmessages:\n  group:\n"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{values: [agents], text: 'Taken for 28 days: {{ agents }}'}", "a figure is a value"),
        ("{values: [count], text: '{% if count > 28 %}Long{% endif %}'}", "a figure is a value"),
        ("{values: [agents], text: \"{{ '90 days' }}\"}", "a figure is a value"),
        ("{values: [agents], text: '{{ dose }}'}", "which is not declared"),
        ("{values: [dose], text: '{{ dose }}'}", "not among the values of this file"),
        ("{values: [agents], text: '{{ agents'}", "not readable"),
        ("{values: [agents], text: '{{ agents|shouted }}'}", "not readable"),
        ("{values: [agents]}\n  group: {}", "stands twice"),
        ("{values: [agents], text: '{{ agents.upper() }}'}", "has no such part"),
        ("{values: [agents], text: '{{ agents.mro }}'}", "has no such part"),
        ("{values: [agents], text: '{% for a in agents %}{% for b in agents %}x{% endfor %}{% endfor %}'}", "loops"),
        ("{values: [agents], text: '{% for a in agents|listed %}x{% endfor %}'}", "loops"),
    ],
)
def test_a_text_that_is_not_what_it_must_be_is_refused_with_its_place(entry: str, problem: str) -> None:
    with pytest.raises(KnowledgeError, match=problem) as refused:
        read_language(f"{HEAD}    entry: {entry}\n", "en.yaml")
    assert "en.yaml" in str(refused.value)


def test_a_list_may_be_cut_at_a_number_of_items() -> None:
    text = "{values: [agents], text: '{{ agents|listed(2) }}'}"
    assert "group.entry" in read_language(f"{HEAD}    entry: {text}\n", "en.yaml").messages


@pytest.mark.parametrize(
    "named", ["cite('who-1999')", "figure('no_figure').low", "message('phrases.nothing')", "cite('bnf')"]
)
def test_a_text_names_only_what_was_read_and_is_there(named: str) -> None:
    knowledge = load_knowledge()
    own = OWN.format(text=f"Note: {{{{ {named} }}}}")
    with pytest.raises(KnowledgeError, match="none that a text may name"):
        Wording(load_language(own_words=own), knowledge).check()


def test_every_shipped_text_names_only_what_was_read_and_is_there() -> None:
    wording_of(load_knowledge()).check()


def test_every_value_of_the_glossary_is_declared_by_a_message() -> None:
    language = load_language()
    declared = {value for message in language.messages.values() for value in message.values}
    assert set(language.glossary) == declared


def _words_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_value_of_a_finding_is_a_fact_of_it_or_worked_out_from_its_facts() -> None:
    # A value that nobody gives would be none on every card, and say nothing.
    shared = _words_of(FINDINGS / "case" / "hazard.py")
    shared |= _words_of(Path(str(facts.__file__))) | _words_of(Path(str(finding_values.__file__)))
    shared |= _words_of(Path(str(reasons.__file__)))
    for message in load_language().messages.values():
        group, finding, *_ = message.id.split(".")
        module = FINDINGS / f"{finding.replace('-', '_')}.py"
        if group == "findings" and finding != "other":
            assert message.values <= shared | _words_of(module), message.id


def test_a_message_takes_exactly_the_values_that_it_declares() -> None:
    wording = wording_of(load_knowledge())
    with pytest.raises(ValueError, match="differ from those declared"):
        wording.say("orders.more", {})
    with pytest.raises(ValueError, match="differ from those declared"):
        wording.say("orders.more", {"count": 2, "agents": ()})


OWN = 'language: en\nreviewed: 2026-11-29\nmessages:\n  options.lower_dose: "{text}"\n'


def test_a_site_puts_its_own_words_in_the_place_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(OWN.format(text="fewer tablets, or fewer days"), encoding="utf-8")
    (story,) = [story for story in stories() if story.slug == "opioid-hydrocodone-on-alprazolam"]
    app = create_app(Settings(card_wording=file), clock=lambda: story.on)
    response = app.test_client().post(f"/cds-services/benzo-{story.hook}", json=copy.deepcopy(story.request))
    detail = response.get_json()["cards"][0]["detail"]
    assert "fewer tablets, or fewer days" in detail
    assert re.search(r"\+words\.[0-9a-f]{8}\.$", detail)


@pytest.mark.parametrize("text", ["{{ contact('none').label }}", "{% if false %}never{% endif %}"])
def test_a_text_of_the_site_that_fails_or_says_nothing_gives_way_to_the_shipped_one(text: str) -> None:
    own = OWN.format(text=text).replace("options.lower_dose", "phrases.sedatives")
    wording = Wording(load_language(own_words=own), load_knowledge())
    assert wording.say("phrases.sedatives", {}) == "sedatives"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("options.lower_dose", "phrases.do_not_stop"),
        lambda text: text.replace("fewer", "<b>fewer</b>"),
        lambda text: text.replace("fewer", "[fewer](javascript:x)"),
        lambda text: text.replace("fewer", "fewer " * 200),
        lambda text: text.replace("fewer", "{% set a = 'b' %}"),
        lambda text: text.replace("fewer", "{% include 'a' %}"),
        lambda text: text.replace("fewer", "{% macro a() %}{% endmacro %}"),
        lambda text: text.replace("options.lower_dose", "options.higher_dose"),
        lambda text: text.replace("language: en", "language: es"),
        lambda text: text.replace("fewer", "{{ agents }}"),
        lambda text: text.replace("fewer", "28"),
        lambda text: text.replace("fewer", "{{ cite('bnf') }}"),
        lambda text: text.replace("reviewed: 2026-11-29\n", ""),
    ],
)
def test_own_words_that_are_not_what_they_must_be_refuse_the_start(
    change: Callable[[str], str], tmp_path: Path
) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(change(OWN.format(text="fewer tablets")), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"BENZO_CDS_CARD_WORDING: words\.yaml: own words"):
        create_app(Settings(card_wording=file))
