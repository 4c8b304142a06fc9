"""Is a name of ours still known, or refused, however it is sent: with marks, unseen characters, cut, glued?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from unicodedata import category

import pytest
from counted_calls import calls_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.knowledge import load_knowledge
from rules.reading.product.product import NotRelevant, Product
from rules.reading.product.resolve import read_name
from rules.reading.product.words.characters import legible, visible

UNSEEN = (
    "\u00ad", "\u034f", "\u061c", "\u115f", "\u17b4", "\u180b", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e",
    "\u2060", "\u2066", "\u3164", "\ufe0f", "\ufeff", "\uffa0", "\U000e0001", "\U000e0101", "\x00", "\x07", "\x1b",
)  # fmt: skip
MARKS = ("™", "®", "℠", "©", "(R)", "(TM)", "(r)", "(SM)", "ᵀᴹ", "&reg;", "&trade;", "&#8482;", "â„¢", "Â®")
SEPARATORS = (" ", "  ", "\t", "\n", "\u00a0", "\u2003", " - ", "/", ", ", " | ", "_", ":", " (", "; ")
LOOK_ALIKE = {"a": "а", "c": "с", "e": "е", "o": "о", "p": "р", "x": "х", "i": "і", "n": "п", "m": "м", "t": "т"}
# Combinations that are sold, each partner as it is written out and in short.
COMBINED = [
    (agent, partner)
    for agent, partners in {
        "hydrocodone": ("APAP", "acetaminophen", "ACETAMIN", "IBU", "ibuprofen"),
        "oxycodone": ("APAP", "acetaminophen", "ACETAMIN", "ASA", "aspirin", "IBU"),
        "codeine": ("APAP", "acetaminophen", "ACETAMIN", "TYLENOL", "GUAIF"),
        "tramadol": ("APAP", "acetaminophen", "ACETAMIN"),
        "butalbital": ("APAP", "acetaminophen", "ASA", "aspirin", "CAFF"),
        "propoxyphene": ("APAP", "acetaminophen"),
    }.items()
    for partner in partners
]
# Per thousand tokens, of processor time: reading is linear, and no hostile name costs more than a plain one by far.


@cache
def ours() -> dict[str, frozenset[str]]:
    """Every name of ours of one word with its agents; those that only count in older adults are known as written."""
    named = ((name, depressants(agents)) for name, agents in load_knowledge().agent_by_name.items() if name.isalpha())
    return {name: agents for name, agents in named if agents}


def depressants(agents: Iterable[str]) -> frozenset[str]:
    """The agents but those that only count."""
    return frozenset(agent for agent in agents if not load_knowledge().agents[agent].agent_class.counts_only)


def is_unlicensed(meant: frozenset[str]) -> bool:
    return all(load_knowledge().agents[agent].source for agent in meant)


def classes(meant: frozenset[str]) -> set[str]:
    return {load_knowledge().agents[agent].agent_class.id for agent in meant}


@cache
def known() -> frozenset[str]:
    """Every word that is a name of another drug, or of none; words of names of ours of several words among them."""
    knowledge = load_knowledge()
    words = knowledge.name_words
    parts = {part for name in knowledge.agent_by_name for part in re.findall(r"[a-z]+", name)} - ours().keys()
    return parts | words.others | words.substances | words.plain | words.empty | words.beside_drug.remarks


names = st.sampled_from(sorted(ours()))
long_names = st.sampled_from(sorted(name for name in ours() if len(name) > 4))


def agents(written: str) -> frozenset[str] | None:
    """The agents that a name is read as: none where it is not relevant, None where it is refused."""
    found = read_name(written, load_knowledge())
    if isinstance(found, Product):
        return depressants(entry.agent for entry in found.ingredients)
    return frozenset() if isinstance(found, NotRelevant) else None


@settings(max_examples=400)
@given(names, st.lists(st.tuples(st.integers(0, 30), st.sampled_from(UNSEEN)), min_size=1, max_size=8))
def test_characters_that_are_not_seen_change_nothing(name: str, put: list[tuple[int, str]]) -> None:
    written = f"{name} 1 mg tablet"
    for place, character in put:
        at = place % (len(name) + 1)
        written = written[:at] + character + written[at:]
    assert agents(written) == agents(f"{name} 1 mg tablet")


@settings(max_examples=300)
@given(names, st.sampled_from(MARKS), st.sampled_from(("", " ")), st.sampled_from((str.upper, str.title, str.lower)))
def test_a_mark_after_a_name_and_its_case_change_nothing(
    name: str, mark: str, space: str, case: Callable[[str], str]
) -> None:
    written = case(name)
    assert agents(f"{written}{space}{mark} 1 mg") == agents(f"{name} 1 mg")


@settings(max_examples=300)
@given(
    names,
    st.sampled_from(SEPARATORS),
    st.sampled_from(("1", "0.5", "10", "2.5")),
    st.sampled_from(("MG", "mg TAB", "")),
)
def test_a_name_before_another_word_or_a_figure_is_the_same(name: str, separator: str, number: str, after: str) -> None:
    assert agents(f"{name}{separator}{number}{after}") == ours()[name]
    assert agents(f"{name}{number}{after}") == ours()[name]


@settings(max_examples=300)
@given(long_names, st.sampled_from(("tab", "hcl", "er", "tablet", "sulfate", "apap")), st.booleans())
def test_a_name_written_together_with_the_next_word_is_never_another_drug(
    name: str, after: str, capitals: bool
) -> None:
    word = name + after
    assume(word not in known() and word not in ours())
    assert agents(word.upper() if capitals else word) != frozenset()


@settings(max_examples=400)
@given(names, st.data())
def test_a_letter_of_another_script_never_makes_a_name_of_ours_another_drug(name: str, data: st.DataObject) -> None:
    places = [place for place, letter in enumerate(name) if letter in LOOK_ALIKE]
    assume(places)
    chosen = data.draw(st.sets(st.sampled_from(places), min_size=1))
    written = "".join(LOOK_ALIKE[letter] if place in chosen else letter for place, letter in enumerate(name))
    assert agents(f"{written} 1 mg tablet") is None


@settings(max_examples=500)
@given(names, st.integers(4, 20))
def test_a_cut_name_is_the_same_drug_or_refused(name: str, length: int) -> None:
    cut = name[:length]
    assume(len(cut) >= 4 and cut not in known() and cut not in ours())
    read = agents(f"{cut.upper()} 1 MG")
    # A licensed medicine goes before a substance of its class that is in no list of medicines: "CLONAZ" is clonazepam.
    assert read in (ours()[name], None) or (
        read and is_unlicensed(ours()[name]) and classes(read) == classes(ours()[name])
    )


@settings(max_examples=400)
@given(
    st.sampled_from(COMBINED),
    st.integers(3, 12),
    st.sampled_from(("/", "-", " ", "/ ", " & ")),
    st.booleans(),
)
def test_a_cut_name_beside_its_partner_is_the_same_drug_or_refused(
    combined: tuple[str, str], length: int, separator: str, first: bool
) -> None:
    name, partner = combined
    cut = name[:length].upper()
    written = f"{cut}{separator}{partner}" if first else f"{partner}{separator}{cut}"
    assert agents(f"{written} 5-325 MG") in (frozenset({name}), None)


# How languages write the sounds of international names, and how they end them.
SPELT = (("ph", "f"), ("th", "t"), ("ch", "c"), ("y", "i"), ("c", "k"), ("x", "ss"), ("hy", "i"), ("qu", "kw"))
ENDINGS = ("", "a", "e", "o", "um")


@cache
def generic() -> tuple[str, ...]:
    """The generic names of one word, of which more than four letters are left without an ending: not "opium"."""
    agents = depressants(load_knowledge().agents)
    return tuple(sorted(name for name in agents if name.isalpha() and len(re.sub("(?:um|[aeio])$", "", name)) > 4))


@settings(max_examples=500)
@given(st.sampled_from(generic()), st.sets(st.sampled_from(SPELT)), st.sampled_from(ENDINGS))
def test_a_generic_name_in_another_language_is_the_same_drug_or_refused(
    name: str, spelt: set[tuple[str, str]], ending: str
) -> None:
    written = re.sub("(?:um|[aeio])$", "", name)
    for sound, letters in sorted(spelt):
        written = written.replace(sound, letters)
    written += ending
    assume(written not in known() and written not in ours())
    assert agents(f"{written} 5 mg") in (frozenset({name}), None)


@settings(max_examples=300)
@given(st.sampled_from(sorted(known())), st.sampled_from(("", " 1 mg", "™ 10 mg tablet", " 5%")))
def test_no_name_of_another_drug_becomes_ours(name: str, after: str) -> None:
    assert not agents(name + after)


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_any_text_is_read_and_shown_without_what_is_not_seen(text: str) -> None:
    read_name(text, load_knowledge())
    assert legible(legible(text)) == legible(text)
    assert not any(category(character) in ("Cc", "Cf") for character in visible(text))


@pytest.mark.parametrize(
    "piece",
    [
        "a ", "cod ", "oxycod/apap ", "l0", "1a", "(R)", "&reg;", "\u200b", "™", "â„¢", "½", "7½ ", "a-",
        "lorazepamtab", "tab", "hydro morphone ", "zolam ", "D5W ", "ms ", "а", "mg", "[", "{(", "xanax", "co",
        "\ufffd", "ÂÂ",
    ],
)  # fmt: skip
def test_a_name_is_read_in_steps_that_are_linear_in_its_length(piece: str) -> None:
    def steps(length: int) -> int:
        text = piece * (length // len(piece))
        return calls_of(lambda: read_name(text, load_knowledge()))

    steps(1_000)  # what is worked out once, when it is first asked for
    assert steps(40_000) < 15 * steps(4_000)
