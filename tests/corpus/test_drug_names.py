"""Do the drug names of a hospital, and every code of one of our agents at hand, read as the right agents?"""

from __future__ import annotations

import csv
import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

from rules.knowledge import Knowledge, load_knowledge
from rules.model import CodeSystem, Coding, Medication
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.resolve import read_name, resolve

SHARED = Path(os.environ.get("BENZO_CDS_SHARED") or Path(__file__).parents[3] / "shared")
CLINICAL = SHARED / "reference" / "clinical"
NAMES = SHARED / "corpus" / "hospital_cns_drug_names.txt"
pytestmark = pytest.mark.skipif(not NAMES.is_file(), reason="the shared reference material is not at hand")

# The agents by the words that hospitals write, apart from the knowledge under test.
WRITTEN = {
    "alprazolam": "alprazolam xanax", "amitriptyline": "amitriptyline amitripline", "amobarbital": "amobarbital",
    "buprenorphine": "buprenorphine butrans belbuca suboxone", "naloxone": "naloxone suboxone",
    "butalbital": "butalbital fioricet", "butorphanol": "butorphanol", "carisoprodol": "carisoprodol",
    "chlordiazepoxide": "chlordiazepoxide", "chlorpheniramine": "chlorpheniramine", "clobazam": "clobazam onfi",
    "clonazepam": "clonazepam klonopin", "clorazepate": "clorazepate tranxene", "codeine": "codeine",
    "diazepam": "diazepam valium", "estazolam": "estazolam", "eszopiclone": "eszopiclone lunesta",
    "fentanyl": "fentanyl actiq", "flurazepam": "flurazepam", "gabapentin": "gabapentin neurontin",
    "hydrocodone": "hydrocodone norco vicodin", "ketamine": "ketamine", "clonidine": "clonidine",
    "hydromorphone": "hydromorphone dilaudid", "levorphanol": "levorphanol",
    "lorazepam": "lorazepam ativan", "meperidine": "meperidine", "meprobamate": "meprobamate",
    "methadone": "methadone", "midazolam": "midazolam", "morphine": "morphine", "nalbuphine": "nalbuphine",
    "opium": "opium", "oxazepam": "oxazepam", "oxycodone": "oxycodone oxycontin oxcontin percocet endocet",
    "oxymorphone": "oxymorphone opana", "pentobarbital": "pentobarbital", "phenobarbital": "phenobarbital",
    "pregabalin": "pregabalin lyrica", "primidone": "primidone", "propoxyphene": "propoxyphene",
    "tapentadol": "tapentadol nucynta", "temazepam": "temazepam", "tramadol": "tramadol ultram",
    "triazolam": "triazolam halcion", "zaleplon": "zaleplon", "zolpidem": "zolpidem ambien",
}  # fmt: skip
NOT_OURS = {"Griseofulvin Ultramicrosize": "an antifungal that stands in the list by its letters alone"}
MISSPELT = {"ketamine 5%- gabapentin 10%-lidocaine 6%-amitripline 2%"}
READ_SINCE = {
    "carfentanil", "etonitazene", "isotonitazene", "metonitazene", "protonitazene", "medetomidine",
}  # fmt: skip
OTHER_SUBSTANCES = {
    "N05CC03": "a compound of chloral hydrate with a substance of its own",
    "N06AA03": "imipramine oxide, a drug beside imipramine",
}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def table(name: str) -> list[dict[str, str]]:
    with (CLINICAL / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def agents(found: Product | UnknownProduct | NotRelevant) -> set[str]:
    return {entry.agent for entry in found.ingredients} if isinstance(found, Product) else set()


def test_every_name_of_the_hospital_reads_as_the_agents_that_stand_in_it(knowledge: Knowledge) -> None:
    read_as: dict[str, list[str]] = defaultdict(list)
    wrong, misspelt = [], set()
    for name in filter(None, map(str.strip, NAMES.read_text(encoding="utf-8").splitlines())):
        words = set(re.findall(r"[a-z]+", name.lower()))
        expected = {agent for agent, written in WRITTEN.items() if words & set(written.split())}
        found = read_name(name, knowledge)
        read_as[" + ".join(sorted(agents(found))) or type(found).__name__].append(name)
        if isinstance(found, Product) and "name-read-as-misspelt" in found.assumptions:
            misspelt.add(name)
        if agents(found) != expected or (not expected and name not in NOT_OURS):
            wrong.append((name, agents(found)))
    print()
    for agent, names in sorted(read_as.items()):
        print(f"{agent:32} {len(names):3}  {' | '.join(names)}")
    assert wrong == []
    assert misspelt == MISSPELT
    assert sum(map(len, read_as.values())) == 393


# Of the research set's further agents, the classes that are covered here.
COVERED = (
    "benzodiazepine",
    "opioid (nitazene",
    "opioid (illicit",
    "opioid (veterinary",
    "opioid-like",
    "oxybate",
    "barbiturate",
)


def test_no_unlicensed_depressant_is_passed_over(knowledge: Knowledge) -> None:
    counts = {Product: 0, UnknownProduct: 0, NotRelevant: 0}
    for row in table("new_agents.csv"):
        if row["class"].startswith(COVERED):
            found = read_name(f"{row['name']} 1 mg", knowledge)
            counts[type(found)] += 1
            # What could not be verified is no agent, but for what was read in other places since.
            verified = "NOT VERIFIED" not in row["verification"] or agents(found) <= READ_SINCE
            assert not isinstance(found, Product) or verified, row["name"]
    print(f"\nunlicensed depressants: {counts[Product]} known, {counts[UnknownProduct]} refused")
    assert counts[NotRelevant] == 0
    assert counts[Product] > 40


def test_every_atc_code_of_an_agent_resolves_to_it(knowledge: Knowledge) -> None:
    """A code of a combination may leave out an antagonist that its name holds; it never names another drug."""
    wrong, count = [], 0
    for row in table("atc_codes.csv"):
        code = row["atc_code"]
        named = agents(read_name(row["atc_name"], knowledge))
        coded = agents(resolve(Medication((Coding(CodeSystem.ATC, code),)), knowledge))
        if coded:
            count += 1
        rest = {agent for agent in named - coded if not knowledge.agents[agent].agent_class.reversal}
        if code not in OTHER_SUBSTANCES and (not coded <= named or (rest and coded) or (rest and len(code) == 7)):
            wrong.append((code, row["atc_name"], coded, named))
    print(f"\nATC: {count} rows resolve")
    assert wrong == []
    assert count > 200


def test_every_snomed_code_of_an_agent_resolves_to_it_alone_or_with_its_name(knowledge: Knowledge) -> None:
    alone = with_name = 0
    for row in table("snomed_drug_codes.csv"):
        named = agents(read_name(row["name"], knowledge))
        coded = agents(resolve(Medication((Coding(CodeSystem.SNOMED, row["snomed_ct"]),)), knowledge))
        both = agents(resolve(Medication((Coding(CodeSystem.SNOMED, row["snomed_ct"], row["name"]),)), knowledge))
        # A code that was found in one public program only stands for its agent where the name agrees.
        assert coded in (named, set()), row["name"]
        assert both == named, row["name"]
        assert coded == named or "low" in row["confidence"], row["name"]
        alone += coded == named != set()
        with_name += both == named != set()
    print(f"\nSNOMED CT: {alone} resolve alone, {with_name} with their names")
    assert (alone, with_name) == (18, 21)
