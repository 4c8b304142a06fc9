"""Which drugs count among the CNS-active drugs of an older adult, and are those that only count no sedatives?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.knowledge import Counted, Knowledge, KnowledgeError, Verification, load_knowledge, read_trees, shipped
from rules.knowledge.readers.agents import read_classes
from rules.knowledge.readers.section import Section

ROWS = yaml.safe_load((Path(__file__).parent / "cns_active.yaml").read_text(encoding="utf-8"))["rows"]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.mark.parametrize("row", [pytest.param(row, id=row["why"]) for row in ROWS])
def test_an_agent_counts_in_older_adults_as(row: dict[str, Any], knowledge: Knowledge) -> None:
    for name in row["agents"]:
        agent = knowledge.agents[name]
        assert agent.cns_active.counted == row["counted"], name
        assert agent.agent_class.counts_only is row["counts_only"], name


def test_every_count_is_cited_to_what_was_seen(knowledge: Knowledge) -> None:
    for agent in knowledge.agents.values():
        assert agent.cns_active.source in knowledge.sources
        # The criteria themselves were not read: no count may say so.
        assert agent.cns_active.verification is Verification.SECONDARY
        assert agent.cns_active.where


def test_an_agent_that_only_counts_does(knowledge: Knowledge) -> None:
    only = [agent for agent in knowledge.agents.values() if agent.agent_class.counts_only]
    assert only
    for agent in only:
        assert agent.cns_active.counted is Counted.YES
        assert not any((agent.traits, agent.equivalents, agent.morphine_factors, agent.substitution))


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("value", "perhaps", "'perhaps' is not a known value"),
        ("source", "", "must be a text"),
        ("where", None, "missing"),
    ],
)
def test_a_count_that_says_too_little_is_refused(key: str, value: str | None, problem: str) -> None:
    tree: Any = read_trees(shipped())["classes.yaml"]
    entry = tree["classes"]["z-drug"]["cns_active"]
    if value is None:
        del entry[key]
    else:
        entry[key] = value
    with pytest.raises(KnowledgeError, match=problem):
        read_classes(Section("classes.yaml", tree).section("classes"))
