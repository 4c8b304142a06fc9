"""Is a misspelt or shortened name read as the drug that is meant, or refused, and said?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.knowledge import Knowledge, load_knowledge
from rules.model import CodeSystem, Coding, Medication
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.resolve import read_name, resolve

HERE = Path(__file__)
TABLE = yaml.load(HERE.with_name("misspelt_names.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
PAIRS = yaml.load(HERE.with_name("look_alike_names.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
REFUSALS = {"not-relevant": NotRelevant, "unknown": UnknownProduct}
GUESSED = {"name-read-as-misspelt", "name-read-as-shortened"}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def shown(product: Product) -> dict[str, str]:
    return {
        entry.agent: f"{float(entry.strength.milligrams):g}/{entry.strength.per}" if entry.strength else "?"
        for entry in product.ingredients
    }


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{part}: {row['name']}") for part, rows in TABLE.items() for row in rows]
)
def test_a_misspelt_name_is_read_as(row: dict[str, Any], knowledge: Knowledge) -> None:
    found = read_name(row["name"], knowledge)
    if "is" not in row:
        assert type(found) is REFUSALS[row["result"]]
        return
    assert isinstance(found, Product)
    assert shown(found) == row["is"]
    if "note" in row:
        assert row["note"] in found.assumptions


def agents_of(name: str, knowledge: Knowledge) -> set[str]:
    found = read_name(name, knowledge)
    return {entry.agent for entry in found.ingredients} if isinstance(found, Product) else set()


@pytest.mark.parametrize("pair", PAIRS["pairs"], ids=lambda pair: " / ".join(pair))
def test_neither_of_two_names_that_look_alike_is_read_as_the_other(pair: dict[str, str], knowledge: Knowledge) -> None:
    for name, expected in pair.items():
        found = read_name(name, knowledge)
        assert not isinstance(found, UnknownProduct)
        assert agents_of(name, knowledge) == ({expected} - {"other"})
        assert not isinstance(found, Product) or not GUESSED & set(found.assumptions)


def test_the_look_alike_pairs_are_several_dozens() -> None:
    assert len(PAIRS["pairs"]) >= 60


def test_what_a_misspelt_name_was_read_as_is_printed_before_it(knowledge: Knowledge) -> None:
    found = read_name("lorazapam 1 mg", knowledge)
    assert isinstance(found, Product)
    assert found.name == "lorazepam, read from “lorazapam 1 mg”"


def test_a_refused_name_says_which_drugs_it_may_be(knowledge: Knowledge) -> None:
    found = read_name("xycodone 5 mg", knowledge)
    assert isinstance(found, UnknownProduct)
    assert found.why == "“xycodone” may be oxycodone, and is not read"
    strength = read_name("clonazpam 25 mg", knowledge)
    assert isinstance(strength, UnknownProduct)
    assert strength.why == "“clonazpam” may be clonazepam, which is not known in the strength written"


@pytest.mark.parametrize("displays", [("lorazapam", "Lorazepam 1 mg"), ("Lorazepam 1 mg", "lorazapam")])
def test_a_name_written_out_goes_before_a_misspelt_one(displays: tuple[str, str], knowledge: Knowledge) -> None:
    found = resolve(Medication((Coding(None, None, displays[0]),), text=displays[1]), knowledge)
    assert isinstance(found, Product)
    assert shown(found) == {"lorazepam": "1/unit"}
    assert not GUESSED & set(found.assumptions)


def test_a_code_goes_before_a_misspelt_name(knowledge: Knowledge) -> None:
    # 308047 is alprazolam 0.25 mg; the misspelt name alone would be lorazepam 2 mg, the larger of the two.
    coded = Medication((Coding(CodeSystem.RXNORM, "308047", "lorazapam 2 mg"),))
    found = resolve(coded, knowledge)
    assert isinstance(found, Product)
    assert shown(found) == {"alprazolam": "0.25/unit"}
    assert "code-and-name-disagree" in found.assumptions


def test_a_code_of_the_agent_settles_a_misspelt_name(knowledge: Knowledge) -> None:
    coded = Medication((Coding(CodeSystem.RXNORM, "3322", "diazpam 5 mg tablet"),))
    found = resolve(coded, knowledge)
    assert isinstance(found, Product)
    assert shown(found) == {"diazepam": "5/unit"}
    assert found.name == "diazpam 5 mg tablet"
    assert not GUESSED & set(found.assumptions)


def test_a_part_that_could_not_be_read_beside_one_that_could_is_said(knowledge: Knowledge) -> None:
    found = read_name("naloxone / xycodone", knowledge)
    assert isinstance(found, Product)
    assert shown(found) == {"naloxone": "?"}
    assert "part-of-name-not-read" in found.assumptions
