"""Are the bounds of reading misspelt names what the policy says, and is a list that cannot be used refused?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.knowledge import Knowledge, KnowledgeError, load_knowledge, read_trees, shipped
from rules.knowledge.readers.agents import read_brand_names
from rules.knowledge.readers.name_words import read_name_words
from rules.reading.product.words.languages import international

LISTED = "name,source\nibuprofen,atc-who\n"


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def read(doctor: Callable[[dict[str, Any]], object] = lambda tree: tree, names: str = LISTED) -> object:
    tree: Any = read_trees(shipped())["name_words.yaml"]
    doctor(tree)
    knowledge = load_knowledge()
    return read_name_words(tree, names, "other_names.csv", tuple(knowledge.classes), tuple(knowledge.agents))


def test_the_bounds_are_those_of_the_documentation(knowledge: Knowledge) -> None:
    words = knowledge.name_words
    assert words.letters_for_edits == (6, 9)
    assert (words.beginning_at_least, words.compared_at_most) == (6, 20)


def test_the_lists_of_other_names_are_large_and_hold_none_of_ours(knowledge: Knowledge) -> None:
    words = knowledge.name_words
    assert len(words.others) > 12_000
    assert len(words.substances) > 4_000
    assert not (words.others | words.substances | words.plain) & knowledge.agent_by_name.keys()
    assert {"bupropion", "zantac", "metformin", "loratadine", "hydralazine"} <= words.others


def test_no_other_drug_is_spelt_like_one_of_ours_in_another_language(knowledge: Knowledge) -> None:
    words = knowledge.name_words
    ours = {international(name) for name in knowledge.agents if name.isalpha() and len(name) > 4}
    assert not ours & {international(name) for name in words.others | words.substances | words.plain}


def test_the_brands_of_other_countries_are_no_other_drugs(knowledge: Knowledge) -> None:
    words = knowledge.name_words
    assert len(knowledge.brand_names) > 200
    assert not (words.others | words.substances | words.plain) & knowledge.brand_names.keys()
    assert not knowledge.brand_names.keys() & knowledge.agent_by_name.keys()


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("name,agent\n", "the columns must be name, agents, source"),
        ("name,agents,source\nTavor,lorazepam\n", "'' is no source of names"),
        ("name,agents,source\nTavor,lorazepan,bdpm\n", "'lorazepan' is no agent"),
        ("name,agents,source\nTavor,lorazepam,bdpm\nTAVOR,lorazepam,bdpm\n", "'TAVOR' stands twice"),
    ],
)
def test_a_list_of_brands_that_cannot_be_used_is_refused(names: str, problem: str, knowledge: Knowledge) -> None:
    with pytest.raises(KnowledgeError, match=problem):
        read_brand_names(names, knowledge.agents, ("bdpm",), "brand_names.csv")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("drug,source\n", "the columns must be name, source"),
        ("name,source\nibuprofen\n", "'' is no source of names"),
        ("name,source\nibuprofen,nowhere\n", "'nowhere' is no source of names"),
        (LISTED + "ibuprofen,medlineplus\n", "'ibuprofen' stands twice"),
    ],
)
def test_a_list_of_names_that_cannot_be_used_is_refused(names: str, problem: str) -> None:
    with pytest.raises(KnowledgeError, match=problem):
        read(names=names)


@pytest.mark.parametrize(
    ("doctor", "problem"),
    [
        (lambda tree: tree["misspelt"]["first_edit_letters"].update(value="6.5"), "must be a whole number"),
        (lambda tree: tree["misspelt"]["compared_at_most"].update(value="500"), "500 is outside 10 to 50"),
        (lambda tree: tree["class_names"].update(tranquillizer=["tranquillizer"]), "'tranquillizer' is no class"),
        (lambda tree: tree.update(nicknames=[]), "unknown key"),
    ],
)
def test_bounds_that_cannot_be_used_are_refused(doctor: Callable[[dict[str, Any]], object], problem: str) -> None:
    with pytest.raises(KnowledgeError, match=problem):
        read(doctor)
