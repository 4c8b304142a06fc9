"""Does a misspelling of any drug's name, ours or another's, ever read as a drug that it is not?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from string import ascii_lowercase

import pytest
from counted_calls import calls_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.knowledge import Knowledge, load_knowledge
from rules.model import CodeSystem, Coding, Medication
from rules.reading.product.product import Product, UnknownProduct
from rules.reading.product.resolve import read_name, resolve
from rules.reading.product.words.edits import edits_between

# The twelve benzodiazepines of the guideline's table.
CORE = (
    "alprazolam", "chlordiazepoxide", "clonazepam", "clorazepate", "diazepam", "estazolam", "flurazepam", "lorazepam",
    "oxazepam", "quazepam", "temazepam", "triazolam",
)  # fmt: skip
LOOKING_ALIKE = (
    "clonidine", "clozapine", "loratadine", "hydralazine", "hydrocortisone", "metformin", "methyldopa", "bupropion",
    "buspirone", "diltiazem", "chlorpropamide", "zolmitriptan", "gemfibrozil", "prednisone", "tiagabine", "clomiphene",
    "oxybutynin", "ropinirole", "sumatriptan", "lamivudine", "zidovudine", "ziprasidone", "paroxetine", "fluoxetine",
)  # fmt: skip
FIRST, SECOND = 6, 9  # letters from which one edit, and two, of a name are read: name_words.yaml
# It takes 0.6 million; comparing each word with every name would take a hundred times as many.
MOST_CALLS = 2_000_000


def corruptions(name: str) -> Iterator[str]:
    """Every word that is one letter left out, exchanged with its neighbour, replaced or added away from a name."""
    for place in range(len(name)):
        yield name[:place] + name[place + 1 :]
        yield name[:place] + name[place + 1 : place + 2] + name[place] + name[place + 2 :]
        yield from (name[:place] + letter + name[place + 1 :] for letter in ascii_lowercase)
        yield from (name[:place] + letter + name[place:] for letter in ascii_lowercase)
    yield from (name + letter for letter in ascii_lowercase)


@cache
def known() -> dict[str, frozenset[str]]:
    """Every known name of one word with its agents: none for a drug that is not ours."""
    knowledge = load_knowledge()
    ours = {name: frozenset(agents) for name, agents in knowledge.agent_by_name.items() if name.isalpha()}
    words = {word for name in knowledge.agent_by_name for word in name.split()}
    others = dict.fromkeys((knowledge.name_words.others | knowledge.name_words.substances) - words, frozenset[str]())
    return others | ours


def outcome(word: str, meant: frozenset[str], knowledge: Knowledge) -> str:
    found = read_name(word, knowledge)
    if isinstance(found, UnknownProduct):
        return "refused"
    if not isinstance(found, Product):
        return "right" if not meant else "silent"
    return "right" if {entry.agent for entry in found.ingredients} == meant else "crossed"


def counted(names: dict[str, frozenset[str]], knowledge: Knowledge) -> tuple[Counter[str], list[tuple[str, str]]]:
    """How every one-letter corruption of the names reads; what is another known name, or a plain word, is left out."""
    count, crossed = Counter[str](), []
    plain = knowledge.name_words.plain
    for name, meant in names.items():
        for word in dict.fromkeys(corruptions(name)):
            if word in known() or word in plain:
                continue
            result = outcome(word, meant, knowledge)
            count[result] += 1
            if result == "crossed":
                crossed.append((name, word))
    return count, crossed


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def test_no_letter_wrong_in_a_benzodiazepine_makes_it_another_drug(knowledge: Knowledge) -> None:
    count, crossed = counted({name: known()[name] for name in CORE}, knowledge)
    print(f"\nthe {len(CORE)} benzodiazepines, one letter wrong: {dict(count)}")
    assert crossed == []
    assert count["right"] > count.total() * 3 / 4
    # What is silent is nearer to, or as it stands, another drug's name; a word that could be ours is refused.
    assert count["silent"] == 0


def test_no_letter_wrong_in_a_name_that_looks_like_ours_makes_it_ours(knowledge: Knowledge) -> None:
    names = {name: known()[name] for name in LOOKING_ALIKE}
    count, crossed = counted(names, knowledge)
    print(f"\n{len(names)} names that look alike, one letter wrong: {dict(count)}")
    assert crossed == []


def test_nor_in_a_sample_of_all_other_names_within_reach(knowledge: Knowledge) -> None:
    targets = [name for name, agents in known().items() if agents and len(name) >= FIRST]
    others = sorted(name for name, agents in known().items() if not agents and len(name) > FIRST)
    near = (
        name
        for name in others
        if any(
            abs(len(name) - len(target)) <= 1 + 1 and edits_between(name, target, 1 + 1) <= 1 + 1 for target in targets
        )
    )
    names = {name: known()[name] for name in islice(near, 6)}
    count, crossed = counted(names, knowledge)
    print(f"\n{len(names)} other names within two letters of ours, one letter wrong: {dict(count)}")
    assert len(names) == 6
    assert crossed == []


@st.composite
def misspelt(draw: st.DrawFn) -> tuple[str, frozenset[str], str]:
    """A known name, its agents, and a misspelling of it within the bound."""
    name = draw(st.sampled_from(sorted(known())))
    edits = (len(name) >= FIRST) + (len(name) >= SECOND and name not in load_knowledge().name_words.substances)
    word = name
    for _ in range(draw(st.integers(1, max(edits, 1)))):
        place = draw(st.integers(0, len(word) - 1))
        letter = draw(st.sampled_from(ascii_lowercase))
        word = draw(
            st.sampled_from(
                (
                    word[:place] + word[place + 1 :],
                    word[:place] + letter + word[place:],
                    word[:place] + letter + word[place + 1 :],
                    word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
                )
            )
        )
    assume(word not in known() and edits_between(word, name, edits) <= edits)
    return name, known()[name], word


@settings(max_examples=400)
@given(misspelt())
def test_no_misspelling_within_the_bound_reads_as_another_drug(case: tuple[str, frozenset[str], str]) -> None:
    name, meant, word = case
    assert outcome(word, meant, load_knowledge()) != "crossed", f"{word} of {name}"


@settings(max_examples=200)
@given(st.data())
def test_no_beginning_of_a_name_reads_as_another_drug(data: st.DataObject) -> None:
    names = sorted(name for name in known() if len(name) > FIRST and name not in load_knowledge().name_words.substances)
    name = data.draw(st.sampled_from(names))
    word = name[: data.draw(st.integers(FIRST, len(name) - 1))]
    assume(word not in known())
    assert outcome(word, known()[name], load_knowledge()) != "crossed", f"{word} of {name}"


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(1, 3))
def test_the_edits_between_two_words_are_those_of_optimal_string_alignment(one: str, other: str, at_most: int) -> None:
    table = [[row + column for column in range(len(other) + 1)] for row in range(len(one) + 1)]
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            table[row][column] = min(
                table[row - 1][column] + 1,
                table[row][column - 1] + 1,
                table[row - 1][column - 1] + (one[row - 1] != other[column - 1]),
            )
            if row > 1 and column > 1 and one[row - 2 : row] == other[column - 2 : column][::-1]:
                table[row][column] = min(table[row][column], table[row - 2][column - 2] + 1)
    assert edits_between(one, other, at_most) == min(table[-1][-1], at_most + 1)


def test_a_hostile_name_of_ten_thousand_words_costs_no_more_than_a_few_words(knowledge: Knowledge) -> None:
    words = [f"lorazep{first}{second}" for first in ascii_lowercase for second in ascii_lowercase]
    name = " ".join(words[number % len(words)] for number in range(10_000))
    assert calls_of(lambda: read_name(name, knowledge)) < MOST_CALLS


SENT = (
    ("rxnorm", "3322", "Diazepam"),
    ("rxnorm", "197591", "diazepam 5 MG Oral Tablet"),
    ("rxnorm", "197590", "diazepam 2 MG Oral Tablet"),
    ("snomed", "387264003", "Diazepam"),
    ("atc", "N05BA01", "diazepam"),
    (None, "x1", "VALIUM TAB 5 MG"),
    (None, "x2", "diazpam 5mg"),
    (None, "x3", "lorazepam 1 mg"),
)


@given(st.data())
def test_the_order_in_which_codes_and_names_are_sent_changes_nothing(data: st.DataObject) -> None:
    knowledge = load_knowledge()
    chosen = data.draw(st.lists(st.sampled_from(SENT), min_size=2, max_size=6, unique=True))
    codings = [Coding(system and CodeSystem(system), code, display) for system, code, display in chosen]
    shuffled = data.draw(st.permutations(codings))
    one, other = (resolve(Medication(tuple(each)), knowledge) for each in (codings, shuffled))
    assert isinstance(one, Product)
    assert isinstance(other, Product)
    assert set(one.ingredients) == set(other.ingredients)
    assert (one.form, one.route, one.release, one.code) == (other.form, other.route, other.release, other.code)


def _coded(agent: str) -> list[Coding]:
    """A code of an agent that was read, one a system."""
    codes = load_knowledge().agents[agent].codes
    return [
        Coding(code.system, code.code) for code in codes if code.verification != "unverified" and not code.combination
    ]


@cache
def _with_codes() -> tuple[str, ...]:
    agents = load_knowledge().agents.values()
    return tuple(sorted(each.id for each in agents if not each.agent_class.counts_only and _coded(each.id)))


def _axes(agents: set[str]) -> set[str]:
    """The axes of agents: the load, the opioids, and each depressant that is on neither."""
    found = [(agent, load_knowledge().agents[agent].agent_class) for agent in agents]
    return {"load" if each.in_load else "opioid" if each.opioid else agent for agent, each in found if each.depressant}


@settings(max_examples=400)
@given(st.data(), st.sampled_from(("", " 5 mg", " 1 mg tablet", " 10 mg/ml injection")), st.booleans())
def test_neither_code_nor_name_takes_the_other_off_an_axis(data: st.DataObject, after: str, swapped: bool) -> None:
    knowledge = load_knowledge()
    coded, named = (data.draw(st.sampled_from(_with_codes())) for _ in range(2))
    code = data.draw(st.sampled_from(_coded(coded)))
    name = knowledge.agents[named].name + after
    by_name = read_name(name, knowledge)
    assert isinstance(by_name, Product)
    by_code = resolve(Medication((code,)), knowledge)
    assert isinstance(by_code, Product)
    other = Coding(None, "1", name)
    sent = Medication((other, code) if swapped else (code,), None if swapped else name)
    both = resolve(sent, knowledge)
    assert isinstance(both, Product)
    expected = [{entry.agent for entry in product.ingredients} for product in (by_name, by_code)]
    found = {entry.agent for entry in both.ingredients}
    assert _axes(found) == _axes(expected[0]) | _axes(expected[1])
    if found != expected[0] or found != expected[1]:
        assert {"code-and-name-disagree", "codes-disagree"} & set(both.assumptions) or expected[0] & expected[1]
