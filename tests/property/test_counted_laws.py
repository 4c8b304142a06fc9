"""Does a drug that only counts in older adults (an SSRI, an antiepileptic) change what else is read or judged?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import KNOWLEDGE, ON, worlds

from rules import Patient, Regimen, assess
from rules.model import CodeSystem, Coding, Medication
from rules.reading.product.product import NotRelevant, Product, Resolved
from rules.reading.product.resolve import read_name, resolve

COUNTED = sorted(agent.id for agent in KNOWLEDGE.agents.values() if agent.agent_class.counts_only)
OURS = sorted(
    name for name, agents in KNOWLEDGE.agent_by_name.items() if not set(agents) & set(COUNTED) and name.isascii()
)
# Drugs that are none of ours, of one word and of two.
OTHER = ("warfarin", "folic acid")
UNKNOWN_CODE = {CodeSystem.RXNORM: "999999999", CodeSystem.ATC: "X99ZZ99", CodeSystem.SNOMED: "999999999"}
counted_agents = st.sampled_from(COUNTED)
# Names of ours, cut and misspelt ones, names of classes, and what nobody can tell.
written = st.sampled_from(OURS) | st.sampled_from(
    ("benzodiazepine", "xyzazepam", "lorazapam", "hydrocod", "OXY", "MS", "tablet", "диазепам", "sleeping pill")
)


def without_counted(found: Resolved) -> Resolved:
    """A resolved medication as it is without the agents that only count: they leave a drug that is not ours."""
    if not isinstance(found, Product):
        return found
    left = tuple(entry for entry in found.ingredients if entry.agent not in COUNTED)
    return replace(found, ingredients=left, also_holds=()) if left else NotRelevant(found.name)


def told(found: Resolved) -> object:
    """What a medication is told to be, whatever its name."""
    if isinstance(found, Product):
        return found.ingredients, found.route, found.release, found.assumptions
    return type(found)


@settings(max_examples=400)
@given(written, counted_agents, st.sampled_from((" / ", ", ", " ", "-")), st.sampled_from(("", " 1 mg", " 5-50 mg")))
def test_beside_a_name_it_reads_as_any_other_drug_does(ours: str, agent: str, between: str, after: str) -> None:
    name = KNOWLEDGE.agents[agent].name
    other = OTHER[" " in name]
    with_it, with_other = (read_name(f"{ours}{between}{drug}{after}", KNOWLEDGE) for drug in (name, other))
    assert told(without_counted(with_it)) == told(with_other)


@settings(max_examples=400)
@given(written, st.data())
def test_beside_a_name_its_code_reads_as_one_that_is_not_known(ours: str, data: st.DataObject) -> None:
    agent = KNOWLEDGE.agents[data.draw(counted_agents)]
    code = data.draw(st.sampled_from(agent.codes))
    with_it, with_other = (
        resolve(Medication((Coding(code.system, number),), ours), KNOWLEDGE)
        for number in (code.code, UNKNOWN_CODE[code.system])
    )
    told_alone = isinstance(with_it, Product) and with_it.ingredients[0].agent == agent.id
    if told_alone:
        # Only a medication that nothing else tells is what the code says.
        assert not isinstance(with_other, Product)
    else:
        assert told(without_counted(with_it)) == told(with_other)


@settings(max_examples=150)
@given(worlds(), counted_agents, st.sampled_from(("active", "completed", "stopped", "on-hold", "unknown")))
def test_on_record_it_changes_nothing_below_the_age_at_which_it_counts(
    patient: Patient, agent: str, status: str
) -> None:
    order = Medication(text=f"{KNOWLEDGE.agents[agent].name} 50 MG Oral Tablet")
    extra = Regimen("MedicationRequest/y", order, status=status, authored_on=date(2021, 1, 1))
    more, less = (
        assess(replace(patient, regimens=regimens), KNOWLEDGE, ON)
        for regimens in ((*patient.regimens, extra), patient.regimens)
    )
    assert replace(more, not_relevant=more.not_relevant - 1) == less
