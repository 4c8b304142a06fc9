"""Is a medication's name or code read as the right agents, strengths, form, route and release?"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.knowledge import Knowledge, KnowledgeError, load_knowledge
from rules.knowledge.readers.products import read_products
from rules.model import CodeSystem, Coding, IngredientEntry, Medication, Quantity
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.resolve import read_name, resolve

TABLES = yaml.load(Path(__file__).with_name("products.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
AS_SENT = yaml.load(Path(__file__).with_name("names_as_sent.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
REFUSALS = {"not-relevant": NotRelevant, "unknown": UnknownProduct}


def rows(chapter: Mapping[str, Any]) -> list[Any]:
    return [
        pytest.param(row, id=f"{section}: {ascii(row['name']) if 'name' in row else number}")
        for section, table in chapter.items()
        for number, row in enumerate(table)
    ]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def shown(product: Product) -> dict[str, str]:
    return {
        entry.agent: f"{float(entry.strength.milligrams):g}/{entry.strength.per}" if entry.strength else "?"
        for entry in product.ingredients
    }


def check(row: dict[str, Any], found: Product | UnknownProduct | NotRelevant) -> None:
    if "is" not in row:
        assert type(found) is REFUSALS[row["result"]]
        assert not isinstance(found, UnknownProduct) or row.get("why", "") in found.why
        return
    assert isinstance(found, Product)
    assert shown(found) == row["is"]
    for key in ("route", "release", "code"):
        if key in row:
            assert getattr(found, key) == row[key]
    if "package" in row:
        assert found.package_millilitres == Fraction(row["package"])
    assert list(found.also_holds) == row.get("also_holds", [])
    assert set(row.get("assumptions", ())) <= set(found.assumptions)
    if "code-and-name-disagree" not in row.get("assumptions", ()):
        assert "code-and-name-disagree" not in found.assumptions


@pytest.mark.parametrize("row", rows(TABLES["names"] | AS_SENT))
def test_a_name_is_read_as(row: dict[str, Any], knowledge: Knowledge) -> None:
    check(row, read_name(row["name"], knowledge))


@pytest.mark.parametrize("row", rows(TABLES["codes"]))
def test_a_medication_is_resolved_to(row: dict[str, Any], knowledge: Knowledge) -> None:
    check(row, resolve(medication(row), knowledge))


def medication(row: dict[str, Any]) -> Medication:
    return Medication(
        codings=tuple(coding(entry) for entry in row["codings"]),
        text=row.get("text"),
        ingredients=tuple(ingredient(entry) for entry in row.get("ingredients", ())),
    )


def coding(entry: dict[str, str]) -> Coding:
    name = next(key for key in entry if key != "display")
    system = None if name == "other" else CodeSystem(name)
    return Coding(system, entry[name], entry.get("display"))


def ingredient(entry: dict[str, str]) -> IngredientEntry:
    per = None
    if "per" in entry:
        number, unit = entry["per"].split(" ", 1)
        per = Quantity(Fraction(number), unit)
    return IngredientEntry((), entry["name"], Quantity(Fraction(entry["mg"]), "mg"), per)


def test_the_name_printed_is_the_one_sent_and_else_the_code_lists(knowledge: Knowledge) -> None:
    sent = Medication((Coding(CodeSystem.RXNORM, "308047", "ALPRAZolam 0.25 mg tab"),))
    bare = Medication((Coding(CodeSystem.RXNORM, "308047"),))
    assert resolve(sent, knowledge).name == "ALPRAZolam 0.25 mg tab"
    assert resolve(bare, knowledge).name == "alprazolam 0.25 MG Oral Tablet"


def test_the_form_sent_fills_a_form_that_the_name_leaves_open(knowledge: Knowledge) -> None:
    found = resolve(Medication(text="Diazepam 5 mg", form="Tablet dose form (qualifier value)"), knowledge)
    assert isinstance(found, Product)
    assert (found.form, found.route) == ("tablet", "oral")


def test_a_number_that_no_dose_has_is_no_strength(knowledge: Knowledge) -> None:
    found = read_name("diazepam " + "9" * 200 + " mg", knowledge)
    assert isinstance(found, Product)
    assert shown(found) == {"diazepam": "?"}


@pytest.mark.parametrize("name", ["(" * 3000, "[" * 3000 + "x", "111,111," * 3000, "diazepam " * 3000, "5-" * 3000])
def test_a_hostile_name_is_read_without_harm(name: str, knowledge: Knowledge) -> None:
    assert read_name(name, knowledge) is not None


def test_high_potency_is_the_four_agents_of_the_guidance(knowledge: Knowledge) -> None:
    named = {agent.id for agent in knowledge.agents.values() if agent.has("high-potency")}
    assert named == {"alprazolam", "clonazepam", "lorazepam", "triazolam"}


def test_only_naloxone_and_nalmefene_reverse_an_overdose(knowledge: Knowledge) -> None:
    named = {agent.id for agent in knowledge.agents.values() if agent.has("overdose-reversal")}
    assert named == {"naloxone", "nalmefene"}


def test_the_morphine_factors_are_those_of_2022(knowledge: Knowledge) -> None:
    factors = {
        (agent.id, entry.route): entry.factor.value
        for agent in knowledge.agents.values()
        for entry in agent.morphine_factors
    }
    assert factors == {
        ("codeine", "oral"): Fraction("0.15"),
        ("fentanyl", "transdermal"): Fraction("2.4"),
        ("hydrocodone", "oral"): 1,
        ("hydromorphone", "oral"): 5,
        ("methadone", "oral"): Fraction("4.7"),
        ("morphine", "oral"): 1,
        ("oxycodone", "oral"): Fraction("1.5"),
        ("oxymorphone", "oral"): 3,
        ("tapentadol", "oral"): Fraction("0.4"),
        ("tramadol", "oral"): Fraction("0.2"),
    }


@pytest.mark.parametrize(
    ("agent", "ashton", "va_dod"),
    [
        ("alprazolam", ("0.5", "0.5"), ("1", "1")),
        ("clonazepam", ("0.5", "0.5"), ("1", "1")),
        ("lorazepam", ("1", "1"), ("2", "2")),
        ("oxazepam", ("20", "20"), ("30", "30")),
        ("temazepam", ("20", "20"), ("15", "15")),
        ("triazolam", ("0.5", "0.5"), ("0.25", "0.25")),
        ("quazepam", ("20", "20"), ("10", "10")),
        ("estazolam", ("1", "2"), ("1", "1")),
        ("flurazepam", ("15", "30"), ("15", "15")),
        ("chlordiazepoxide", ("25", "25"), ("25", "25")),
        ("clorazepate", ("15", "15"), ("15", "15")),
        ("diazepam", ("10", "10"), ("10", "10")),
    ],
)
def test_the_two_columns_of_asam_2025_table_7(
    agent: str, ashton: tuple[str, str], va_dod: tuple[str, str], knowledge: Knowledge
) -> None:
    figures = knowledge.agents[agent].equivalents
    for source, (low, high) in (("asam-2025-ashton", ashton), ("asam-2025-vadod", va_dod)):
        assert (figures[source].low, figures[source].high) == (Fraction(low), Fraction(high))
        assert figures[source].verification == "read"


LISTED = "rxcui,term_type,ingredients,form,route,release,package_ml,name\n"
DIAZEPAM = "1,SCD,diazepam=5/unit,Oral Tablet,oral,immediate,,diazepam 5 MG Oral Tablet\n"


def test_a_product_of_the_list_is_read_when_it_is_asked_for() -> None:
    wrong = DIAZEPAM.replace("1,SCD", "2,SCD").replace("=5/", "=five/")
    products = read_products(LISTED + DIAZEPAM + wrong, load_knowledge().agents, "products.csv")
    assert list(products) == ["1", "2"]
    assert products["1"].ingredients[0].agent == "diazepam"
    assert products.codes_by_agent == {"diazepam": ["1", "2"]}
    with pytest.raises(KnowledgeError, match=r"^products.csv: line 3: 'five' is not a decimal number"):
        products["2"]
    with pytest.raises(KeyError):
        products["3"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rxcui,name\n", "products.csv: the columns must be"),
        (LISTED + DIAZEPAM + DIAZEPAM, "products.csv: line 3: code 1 is listed twice"),
        (LISTED + "1,SCD\n", "products.csv: line 2: not one value for each column"),
    ],
)
def test_a_list_of_products_that_cannot_be_used_is_refused_at_once(text: str, problem: str) -> None:
    with pytest.raises(KnowledgeError, match=problem):
        read_products(text, load_knowledge().agents, "products.csv")
