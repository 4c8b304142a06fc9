"""Does every RxNorm product that holds one of our agents resolve, by code alone and by name alone, to what it is?

The expectation is worked out from the RxNorm name with RxNorm's own grammar ("ingredient strength unit / ... form"),
apart from the reader under test and from the shipped code list.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from rules.knowledge import Ingredient, Knowledge, load_knowledge
from rules.model import CodeSystem, Coding, Medication
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.resolve import read_name, resolve

SHARED = Path(os.environ.get("BENZO_CDS_SHARED") or Path(__file__).parents[3] / "shared")
CLINICAL = SHARED / "reference" / "clinical"
pytestmark = pytest.mark.skipif(not CLINICAL.is_dir(), reason="the shared reference material is not at hand")

# The classes of the file that are ours in whole; where a row of one does not resolve, it is listed below with why.
OUR_CLASSES = {
    "opioid",
    "opioid_antagonist",
    "sedating_antihistamine",
    "antipsychotic",
    "benzodiazepine",
    "barbiturate",
    "sedating_antidepressant",
    "gabapentinoid",
    "z_drug",
    "muscle_relaxant_other",
    "other_hypnotic",
    "oxybate",
    "orexin_antagonist",
    "cannabinoid",
    "carbamate_meprobamate",
    "carisoprodol",
}
NOT_OURS = {
    "buspirone": "an anxiolytic that depresses nothing to speak of; the file files it under other hypnotics",
    "lamotrigine": "packs whose brand says 'not taking phenobarbital'; the file files them under barbiturates",
}
FILED_ASTRAY = ("belladonna", "butabarbital")
# fmt: off
SALTS = {
    "hydrochloride", "tartrate", "maleate", "sodium", "phosphate", "sulfate", "bitartrate", "polistirex",
    "tannate", "succinate", "citrate", "fumarate", "pamoate", "decanoate", "hydrobromide", "dipotassium",
    "terephthalate", "palmitate", "lauroxil", "liposomal", "napsylate", "tincture",
}
# fmt: on
BASES = {"MG": "unit", "MG/ML": "mL", "MG/HR": "h", "MG/ACTUAT": "actuation", "MG/MG": "g"}
BEFORE = re.compile(
    r"^(?:(?:Abuse-Deterrent|Matrix Delivery|Once-Daily|Sprinkle|Sensor|[\d.]+ (?:HR|ML|ACTUAT|UNT)) )+"
)
COMPONENT = re.compile(r"^(?P<ingredient>.+?) (?P<value>[\d.]+) (?P<unit>[A-Z]+(?:/[A-Z]+)?)(?: |$)")
Strengths = dict[str, tuple[Fraction, str] | None]


def table(name: str) -> list[dict[str, str]]:
    with (CLINICAL / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.fixture(scope="module")
def generics(knowledge: Knowledge) -> dict[str, str]:
    return {
        name: agent.id
        for agent in knowledge.agents.values()
        for name in (agent.id, *agent.names)
        if name == name.lower() and not agent.agent_class.counts_only
    }


def agent_of(ingredient: str, generics: dict[str, str]) -> str | None:
    words = ingredient.lower().split()
    while words and " ".join(words) not in generics and words[-1] in SALTS:
        words.pop()
    return generics.get(" ".join(words))


def components(name: str) -> Iterator[tuple[str, Fraction, str]]:
    plain = re.sub(r"\[[^\[\]]*\]", "", name).strip()
    parts = re.findall(r"\(([^()]*)\)", plain) if plain.startswith("{") else [plain]
    for part in parts:
        if re.fullmatch(r"[\d.]+ ML", part):
            continue
        for piece in BEFORE.sub("", part).split(" / "):
            match = COMPONENT.match(piece)
            assert match, f"not RxNorm's grammar: {name}"
            yield match["ingredient"], Fraction(Decimal(match["value"])), match["unit"]


def expected(name: str, generics: dict[str, str]) -> Strengths:
    """Agents with strengths; a pack of different strengths has none, two salts of one agent in one product add."""
    found: dict[str, list[tuple[Fraction, str]]] = {}
    for ingredient, value, unit in components(name):
        agent = agent_of(ingredient, generics)
        if agent is not None:
            base = BASES[unit]
            found.setdefault(agent, []).append((value * 1000 if base == "g" else value, base))
    result: Strengths = {}
    for agent, strengths in found.items():
        if name.startswith("{"):
            result[agent] = strengths[0] if len(set(strengths)) == 1 else None
        else:
            result[agent] = (sum((value for value, _ in strengths), Fraction(0)), strengths[0][1])
    return result


def told(ingredients: tuple[Ingredient, ...]) -> Strengths:
    return {
        entry.agent: (entry.strength.milligrams, str(entry.strength.per)) if entry.strength else None
        for entry in ingredients
    }


def is_ours(found: Product | UnknownProduct | NotRelevant, knowledge: Knowledge) -> bool:
    """Whether a product holds an agent of ours that does more than count in older adults."""
    return isinstance(found, Product) and any(
        not knowledge.agents[entry.agent].agent_class.counts_only for entry in found.ingredients
    )


def by_code(code: str, knowledge: Knowledge) -> Product | UnknownProduct | NotRelevant:
    return resolve(Medication((Coding(CodeSystem.RXNORM, code),)), knowledge)


def test_every_row_that_holds_an_agent_resolves_by_code_alone_and_by_name_alone(
    knowledge: Knowledge, generics: dict[str, str]
) -> None:
    wrong = []
    figures: dict[str, Counter[str]] = {}
    for row in table("rxnorm_codes.csv"):
        expectation = expected(row["name"], generics)
        count = figures.setdefault(row["drug_class"], Counter())
        count["rows"] += 1
        coded, named = by_code(row["rxcui"], knowledge), read_name(row["name"], knowledge)
        if not expectation:
            count["not ours"] += 1
            if is_ours(coded, knowledge) or is_ours(named, knowledge):
                wrong.append((row["rxcui"], row["name"], "resolves to one of ours"))
            continue
        for how, found in (("by code", coded), ("by name", named)):
            right = isinstance(found, Product) and told(found.ingredients) == expectation
            count[how] += right
            if not right:
                wrong.append((row["rxcui"], row["name"], how))
    print()
    for drug_class, count in sorted(figures.items()):
        print(f"{drug_class:42} rows {count['rows']:5}  ours {count['rows'] - count['not ours']:5}", end="")
        print(f"  by code {count['by code']:5}  by name {count['by name']:5}")
    assert wrong == []


def test_what_does_not_resolve_in_our_classes_is_listed_with_why(knowledge: Knowledge) -> None:
    unresolved: Counter[str] = Counter()
    for row in table("rxnorm_codes.csv"):
        if OUR_CLASSES & set(row["drug_class"].split("+")) and not isinstance(
            by_code(row["rxcui"], knowledge), Product
        ):
            unresolved[next((drug for drug in NOT_OURS if drug in row["name"].lower()), row["name"])] += 1
    assert unresolved == {"buspirone": 8, "lamotrigine": 6}


def test_no_drug_of_another_class_resolves_to_one_of_ours(knowledge: Knowledge) -> None:
    others = [row for row in table("rxnorm_codes.csv") if not OUR_CLASSES & set(row["drug_class"].split("+"))]
    assert {row["drug_class"] for row in others} == {"antiepileptic_other", "melatonin_agonist"}
    for row in others:
        assert not is_ours(read_name(row["name"], knowledge), knowledge), row["name"]
        assert isinstance(by_code(row["rxcui"], knowledge), UnknownProduct), row["name"]


def test_opioid_strengths_agree_with_a_second_list(knowledge: Knowledge) -> None:
    """The second list differs where it splits two salts, and where it states a spray by mL and a system by unit."""
    differing = Counter[str]()
    for row in table("opioid_drug_ingredient_strength.csv"):
        found = by_code(row["rxcui"], knowledge)
        assert isinstance(found, Product), row["name"]
        listed = (Fraction(Decimal(row["strength_value"])), BASES[row["strength_unit"]])
        if told(found.ingredients).get(row["ingredient"].lower()) != listed:
            differing[row["rxcui"]] += 1
    assert differing == {"637540": 2, "724614": 2, "886634": 1, "1666831": 1, "1666837": 1}


def test_names_of_hospitals_are_read_as_depressants(knowledge: Knowledge) -> None:
    path = SHARED / "corpus" / "hospital_cns_drug_names.txt"
    names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    others = {name for name in names if not isinstance(read_name(name, knowledge), Product)}
    assert others == {"Griseofulvin Ultramicrosize"}
    assert len(names) > 300


def test_the_known_bad_codes_are_what_they_truly_are_or_unknown(knowledge: Knowledge) -> None:
    truly = {"308047": {"alprazolam"}, "311700": {"midazolam"}}
    for row in table("known_bad_public_codes.csv"):
        if row["system"] == "RxNorm":
            found = by_code(row["code_or_table"], knowledge)
            agents = {entry.agent for entry in found.ingredients} if isinstance(found, Product) else set()
            assert agents == truly.get(row["code_or_table"], set()), row["code_or_table"]


def test_each_row_resolves_to_the_classes_that_it_is_filed_under(knowledge: Knowledge) -> None:
    """But for belladonna, which is not opium, and a barbiturate that the file files under other hypnotics as well."""
    ours_of = {
        "z_drug": "z-drug",
        "carbamate_meprobamate": "carbamate",
        "muscle_relaxant_other": "muscle-relaxant",
        "carisoprodol": "muscle-relaxant",
    }
    missing: Counter[tuple[str, str]] = Counter()
    for row in table("rxnorm_codes.csv"):
        found = by_code(row["rxcui"], knowledge)
        if not isinstance(found, Product):
            continue
        held = {knowledge.agents[entry.agent].agent_class.id for entry in found.ingredients}
        for filed in OUR_CLASSES & set(row["drug_class"].split("+")):
            if ours_of.get(filed, filed.replace("_", "-")) not in held:
                missing[filed, next((drug for drug in FILED_ASTRAY if drug in row["name"]), row["name"])] += 1
    assert missing == {("opioid", "belladonna"): 4, ("other_hypnotic", "butabarbital"): 7}
