"""Has every code words, and does every sentence of a card keep to what a prescriber may be told?"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cds_service.app import create_app
from cds_service.cards.wording.facts import Subject, duration
from cds_service.cards.wording.language import load_language
from cds_service.cards.wording.loads import load_figure, load_span
from cds_service.cards.wording.reasons import reason_of, summary_of
from cds_service.cards.wording.wording import wording_of
from cds_service.working.words import WORDS, fact_lines, in_words
from fhir_fixtures import Story, stories
from rules import load_knowledge
from rules.assessment import Band, Load, Met, Severity, Substitution, TableTotal
from rules.assessment_facts import ConditionOnRecord, CountedBy, Prescribed
from rules.assessment_lines import NotCountedReason, NotInLoadReason
from rules.findings import JUDGES
from rules.reading.product.product import UnknownReason

WORDING = wording_of(load_knowledge())
ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[a-z]+(-[a-z]+)+")
LONGEST_SUMMARY, LONGEST_DETAIL = 139, 1200
# Codes of FHIR that are read and never shown, by the module that reads them.
READ_ONLY = {
    "admin-amount", "data-absent-reason", "entered-in-error", "not-done", "not-taken", "not-taking", "film-coated",
    "ordered-dose", "original-order", "instance-order", "filler-order", "problem-list-item", "encounter-diagnosis",
    "visit-diagnosis", "admission-diagnosis", "discharge-diagnosis", "billing-diagnosis", "medical-history",
    "past-medical-history", "lock-error", "no-store", "too-costly", "too-long",
}  # fmt: skip
# Names of kinds within a module, which no assessment carries.
INTERNAL = {
    "begins-soon", "by-weight", "may-continue", "missing-at-discharge", "no-data", "not-judged", "not-met",
    "out-of-supply", "no-condition", "remark-too-long", "text-too-long", "version-unsure",
}  # fmt: skip
# Why an opioid adds no MME: shown by its text, not by its code.
SHOWN_BY_TEXT = {"no-factor", "no-factor-for-route", "opioid-use-disorder-treatment", "partial-agonist"}
# Why a product is unknown: shown by its sentence.
SHOWN_BY_TEXT |= set(UnknownReason)


def _constants(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def _known_otherwise() -> set[str]:
    """Ids of the knowledge base: findings, conditions, traits and classes have names of their own."""
    knowledge = load_knowledge()
    traits = {trait for agent in knowledge.agents.values() for trait in agent.traits}
    traits |= {trait for agent_class in knowledge.classes.values() for trait in agent_class.traits}
    return {*knowledge.findings, *knowledge.concepts, *knowledge.classes, *traits}


@pytest.mark.parametrize("folder", ["rules", "cds_service/fhir"])
def test_every_code_that_a_page_may_carry_has_words(folder: str) -> None:
    # The codes of the knowledge base's files are not those of an assessment.
    paths = sorted(path for path in (ROOT / folder).rglob("*.py") if "knowledge" not in path.parts)
    codes = {code for path in paths for code in _constants(path)}
    assert len(codes) > 15, "the scan finds no codes"
    wordless = codes - set(WORDS) - _known_otherwise() - READ_ONLY - INTERNAL - SHOWN_BY_TEXT
    assert not wordless, f"no words in cds_service/working/words.py: {sorted(wordless)}"


@pytest.mark.parametrize("codes", [NotCountedReason, NotInLoadReason])
def test_every_reason_has_words(codes: type[StrEnum]) -> None:
    assert not {str(code) for code in codes} - set(WORDS)


def test_words_are_plain_phrases() -> None:
    for code, words in WORDS.items():
        assert in_words(code) == words
        assert "_" not in words
        assert not words.endswith(".")
        assert "additive" not in words


def test_every_finding_that_raises_or_sharpens_a_card_has_its_sentence() -> None:
    assert {finding for finding in JUDGES if f"findings.{finding}.reason" in load_language().messages} == set(JUDGES)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"days": 1}, "1 day"),
        ({"days": 33}, "33 days"),
        ({"days": 33, "at_least": True}, "at least 33 days"),
        # 257 days are 8.4 months of 30.4 days; 2,000 days are 5.5 years.
        ({"days": 257}, "more than 8 months"),
        ({"days": 257, "at_least": True}, "at least 8 months"),
        ({"days": 2000}, "more than 5 years"),
    ],
)
def test_a_length_of_use_is_given_in_the_usual_unit(facts: dict[str, object], expected: str) -> None:
    assert duration(facts, WORDING) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c", "d"], "a, b and 2 more")],
)
def test_a_list_reads_as_prose(words: list[str], expected: str) -> None:
    assert WORDING.listed(words) == expected


def _load(used: str | None, low: str, *, complete: bool = True, if_replaced: str | None = None) -> Load:
    known = Fraction(used) if used is not None else None
    return Load(
        used=known,
        low=Fraction(low),
        high=known if complete else None,
        complete=complete,
        band=None if known is None else Band.LOW,
        components={},
        substitution=Substitution(Fraction(0), ()),
        by_table={"ashton-2002": TableTotal(known, None)},
        if_replaced=Fraction(if_replaced) if if_replaced is not None else known or Fraction(0),
    )


UNIT = "mg/day diazepam-eq"
ALCOHOL_IN_REMISSION = ConditionOnRecord("alcohol use disorder", in_remission=True)
TWO = (Prescribed("zolpidem", "Practitioner/a"), Prescribed("zolpidem", "Practitioner/b"))


@pytest.mark.parametrize(
    ("load", "summary", "line"),
    [
        (_load("10", "10"), f"10 {UNIT}", f"10 {UNIT}"),
        (_load("10", "0"), f"up to 10 {UNIT}", f"0 to 10 {UNIT}"),
        (_load("10", "0", complete=False), f"at least 10 {UNIT}", f"at least 10 {UNIT}"),
        (_load(None, "0", complete=False), "sedative load not known", "sedative load not known"),
        (_load("0", "0", complete=False), "sedative load not known", "sedative load not known"),
        (_load("0", "0"), "no benzodiazepine or Z-drug order in force", "no benzodiazepine or Z-drug order in force"),
        (_load("38", "18", if_replaced="18"), f"38 {UNIT}, 18 if only the newest order counts", f"38 {UNIT}"),
    ],
)
def test_a_load_says_what_is_uncertain_about_it(load: Load, summary: str, line: str) -> None:
    assert load_figure(load, WORDING) == summary
    assert load_span(load, WORDING) == line


def _met(finding: str, **facts: object) -> Met:
    return Met(finding, Severity.INFO, True, "title", facts)


def _said(finding: Met) -> str:
    return " ".join(filter(None, reason_of(finding, Subject(), WORDING)))


@pytest.mark.parametrize(
    ("finding", "agents", "expected"),
    [
        (_met("total-load", band=Band.HIGH, complete=True), ["lorazepam"],
         "Sedative load with lorazepam: FIGURES; ASAM's high dose band for withdrawal risk"),
        (_met("total-load", band=Band.MODERATE, complete=False), ["lorazepam", "zolpidem"],
         "Sedative load with lorazepam and zolpidem: FIGURES; at least ASAM's moderate dose band"),
        (_met("total-load", band=Band.HIGH, complete=True, band_depends_on_table=True), ["lorazepam"],
         "Sedative load with lorazepam: FIGURES; ASAM's high dose band, not by every table"),
        (_met("high-potency", new=("clonazepam", "lorazepam"), agents=("clonazepam", "lorazepam")), [],
         "New clonazepam and lorazepam, high potency: physical dependence can develop within weeks"),
        (_met("concurrent-opioid", sedatives=("diazepam",), opioids=("oxycodone",), mme=Fraction(30),
              mme_complete=False), [], "Diazepam with oxycodone can slow or stop breathing"),
        (_met("abrupt-change", kind="out-of-supply", out_of_supply_days=1, days=60, agents=("diazepam",)), "",
         "Diazepam ran out 1 day ago after 60 days of use. Still taken? Stopping suddenly can cause seizures"),
        (_met("substance-use", new=("clonazepam",), conditions=(ALCOHOL_IN_REMISSION,),
              alcohol_use_disorder=ALCOHOL_IN_REMISSION), ["clonazepam", "oxycodone"],
         "New clonazepam with alcohol use disorder (in remission) on record: together an overdose can be fatal"),
        (_met("older-adult", age=84, agents=("temazepam",), new=("temazepam",), **{"with": ("falls", "dementia")}), [],
         "New temazepam at age 84 with falls and dementia on record: falls and fractures are known risks"),
        (_met("older-adult", age=70, agents=("temazepam",)), [], "Temazepam at age 70: a known risk for falls"),
        (_met("additive-sedative", new=("carisoprodol",), others=("carisoprodol",), sedatives=("alprazolam",)), [],
         "New carisoprodol with alprazolam: sedation can add up, and carisoprodol is not in the total"),
        (_met("additive-sedative", new=("temazepam",), others=("phenobarbital",), sedatives=("temazepam",)), [],
         "New temazepam with phenobarbital: sedation can add up, and phenobarbital is not in the total"),
        (_met("gabapentinoid-breathing", agents=("gabapentin",), new=("gabapentin",), opioids=("oxycodone",),
              sedatives=("diazepam",), conditions=(ConditionOnRecord("sleep apnoea"),)), [],
         "New gabapentin with oxycodone and diazepam and sleep apnoea: breathing can slow"),
        (_met("gabapentinoid-breathing", agents=("gabapentin",), raised=("gabapentin",), opioids=("oxycodone",),
              conditions=(), age=70), [], "Gabapentin raised with oxycodone at age 70: breathing can slow"),
        (_met("concurrent-depressants", new=("gabapentin",), cns_active=("gabapentin", "lorazepam", "sertraline"),
              counted=("sertraline",), counted_by=CountedBy.BEERS_2023, count=3, threshold=3), [],
         "Gabapentin makes 3 CNS-active drugs together, a risk for falls: gabapentin, lorazepam and sertraline"),
        (_met("multiple-sedative-hypnotics", agents=("zolpidem",), two_prescribers=("zolpidem",),
              only_if_both_continue=True, prescribed_by=TWO), ["zolpidem"],
         "Zolpidem ordered by 2 prescribers: if all is taken, dose and sedation add up"),
    ],
)  # fmt: skip
def test_a_summary_is_grammatical_for_one_and_for_many(finding: Met, agents: list[str], expected: str) -> None:
    assert summary_of(finding, Subject.of(agents), WORDING, "FIGURES") == expected


def test_a_use_disorder_in_remission_says_so_once() -> None:
    facts = {"alcohol_use_disorder": ALCOHOL_IN_REMISSION, "conditions": (ALCOHOL_IN_REMISSION,)}
    sentence = _said(_met("substance-use", **facts))
    assert (
        sentence == "Alcohol use disorder (in remission) on record: with alcohol an overdose can be fatal (FDA 2020)."
    )
    # On the page of working, a list of facts, as well.
    assert list(fact_lines({"conditions": (ALCOHOL_IN_REMISSION,)})) == [
        "conditions: alcohol use disorder, in remission"
    ]


def test_an_earlier_overdose_in_remission_says_so() -> None:
    earlier = ConditionOnRecord("earlier opioid overdose")
    facts = {"concepts": ("opioid-overdose",), "conditions": (earlier,), "in_remission": (earlier.name,)}
    sentence = _said(_met("past-overdose", **facts))
    assert sentence.startswith("Earlier opioid overdose (in remission) on record: ")


@pytest.mark.parametrize(("above", "expected"), [(True, "yes"), (False, "no"), (None, "not known")])
def test_whether_mme_call_for_caution_is_not_known_where_they_are_not(above: bool | None, expected: str) -> None:
    assert list(fact_lines({"mme": None, "above_caution": above})) == [
        f"at or above the MME that calls for caution: {expected}"
    ]


def test_treatment_of_opioid_use_disorder_is_protected_in_the_first_sentence() -> None:
    finding = _met(
        "concurrent-opioid",
        sedatives=("lorazepam",),
        opioids=("methadone",),
        treatment_of_opioid_use_disorder=("methadone",),
        mme_complete=True,
    )
    assert "best kept going (ASAM 2025)" in reason_of(finding, Subject(), WORDING)[0]


def test_guidelines_on_benzodiazepines_are_not_cited_for_a_z_drug_alone() -> None:
    facts = {"days": 200, "since": date(2026, 1, 1), "beyond_days": Fraction(90), "review_months": Fraction(3)}
    assert "dependence is possible" in _said(_met("long-term-use", agents=("zolpidem",), **facts))
    assert "dependence is likely" in _said(_met("long-term-use", agents=("diazepam",), **facts))
    assert "ASAM" not in _said(_met("older-adult", agents=("zolpidem",), age=70))
    assert "ASAM 2025" in _said(_met("older-adult", agents=("diazepam",), age=70, established=True))


def test_two_kinds_of_sedative_begun_together_stand_beside_each_other() -> None:
    facts = {"new": ("carisoprodol", "zolpidem"), "others": ("carisoprodol",), "sedatives": ("zolpidem",)}
    assert _said(_met("additive-sedative", **facts)).startswith("Carisoprodol with zolpidem: ")


def test_a_new_short_course_at_an_older_age_is_no_taper() -> None:
    new = _met("older-adult", agents=("diazepam",), new=("diazepam",), age=70, established=False, course_days=7)
    assert _said(new) == (
        "Age 70: diazepam can cause falls and fractures (AGS Beers 2023, copy). 7 days are ordered. "
        "A safer choice, the lowest dose and an agreed end are options."
    )


def test_dependence_on_record_is_told_in_the_words_of_the_record_and_as_no_use_disorder() -> None:
    words = "Benzodiazepine dependence (iatrogenic)"
    found = ConditionOnRecord("sedative dependence", is_dependence=True, may_be_prescribed=True, words=words)
    facts = {"sedative_use_disorder": found, "conditions": (found,)}
    assert _said(_met("substance-use", **facts)) == (
        f'Sedative dependence on record ("{words}"): dependence on a medicine taken as prescribed is expected and is '
        "not a use disorder (ASAM 2025)."
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"mme": Fraction(30), "mme_complete": True}, "; opioids 30 MME/day."),
        ({"mme": Fraction(30), "mme_complete": True, "mme_permits": True}, "; opioids up to 30 MME/day."),
        ({"mme": Fraction(30), "mme_complete": False}, "; opioids at least 30 MME/day."),
        ({"mme": Fraction(80), "mme_complete": True, "mme_before": Fraction(120)}, "; opioids 80 MME/day, 120 before."),
        ({"mme": Fraction(30), "mme_complete": True, "mme_before": Fraction(30)}, "; opioids 30 MME/day."),
        ({"mme": Fraction(80), "mme_complete": True, "above_caution": True, "caution": Fraction(50)},
         "; opioids 80 MME/day (from 50 on CDC 2022 advises more caution)."),
        ({"mme": None, "mme_complete": False, "without_factor": ("dihydrocodeine",)},
         "; dihydrocodeine has no CDC 2022 factor, and older tables differ."),
        ({"mme": None, "mme_complete": False, "dose_unknown": ("morphine",)}, "; the dose of morphine is not known."),
        ({"mme": None, "mme_complete": True}, "(FDA 2016)."),
    ],
)  # fmt: skip
def test_the_opioid_dose_is_told_as_far_as_it_is_known(facts: dict[str, object], expected: str) -> None:
    finding = _met("concurrent-opioid", sedatives=("diazepam",), opioids=("oxycodone",), **facts)
    assert reason_of(finding, Subject(), WORDING)[0].endswith(expected)


@pytest.mark.parametrize(
    ("prescribed_by", "expected"),
    [
        ((Prescribed("diazepam", "Dr Abara", True), Prescribed("oxycodone", "Dr _Bello_", True)),
         "Ordered by 2 prescribers: diazepam by Dr Abara and oxycodone by Dr \\_Bello\\_."),
        ((Prescribed("diazepam", "Dr Abara", True), Prescribed("oxycodone", "Practitioner/b")),
         "Ordered by 2 prescribers."),
        ((), "(FDA 2016)."),
    ],
)  # fmt: skip
def test_prescribers_are_named_where_several_are(prescribed_by: tuple[Prescribed, ...], expected: str) -> None:
    facts = {"mme": None, "mme_complete": True, "prescribed_by": prescribed_by}
    finding = _met("concurrent-opioid", sedatives=("diazepam",), opioids=("oxycodone",), **facts)
    assert reason_of(finding, Subject(), WORDING)[0].endswith(expected)


def test_what_each_condition_of_the_mind_means_is_said() -> None:
    ptsd, depression = ConditionOnRecord("post-traumatic stress disorder"), ConditionOnRecord("depression")
    said = _said(_met("mental-health", conditions=(depression, ptsd), ptsd=ptsd, depression=depression))
    assert "recommends against benzodiazepines" in said
    assert "an association, not a cause" in said
    assert "988" not in said


# -- every card of every story ------------------------------------------------------------------------------------

ASKED = [story for story in stories() if story.request is not None]
LOWEST = re.compile(r"\blow(?:er|est)? (?:dose |withdrawal-risk )?(?:band|risk)\b|\bno risk\b|\brisk is low\b", re.I)
JARGON = re.compile(r"additive|replacement reading|[A-Z][a-zA-Z]+/[A-Za-z0-9-]{2,}", re.I)
# The button of a combination product names its ingredients.
PLAIN_SLASHES = re.compile(r"mg/day|MME/day|VA/DoD|micrograms/hour|MG/ML|MG/HR| / |remove [a-z]+(?:/[a-z ]+)+;", re.I)


def _cards(story: Story) -> list[dict[str, Any]]:
    client = create_app(clock=lambda: story.on).test_client()
    response = client.post(f"/cds-services/benzo-{story.hook}", json=copy.deepcopy(story.request))
    assert response.status_code == 200
    return list(response.get_json()["cards"])


@pytest.mark.parametrize("story", ASKED, ids=[story.slug for story in ASKED])
def test_every_card_has_all_sections_within_the_length_limits(story: Story) -> None:
    for position, card in enumerate(_cards(story)):
        summary, detail = card["summary"], card["detail"]
        assert len(summary) <= LONGEST_SUMMARY
        assert len(detail) <= LONGEST_DETAIL
        assert not summary.endswith("…")
        # A second card does not repeat the sections of the first.
        own = ("**Load**", "**Not known or not counted**", "Not seen here: other pharmacies, the PDMP")
        sections = (
            (
                "**Load: ",
                "see the other card.**",
            )
            if position
            else own
        )
        for part in ("**Why this appeared**", *sections, "**Options:**", "Sources:"):
            assert part in detail
        options = detail.partition("**Options:** ")[2].partition("\n")[0].split("; ")
        assert len(options) >= 2
        assert options[-1].startswith(("continue", "order as written"))
        text = f"{summary}\n{detail}"
        assert not JARGON.search(PLAIN_SLASHES.sub(" ", text)), text
        assert "about about" not in text
        assert "\\(" not in text
        if "at least" in summary or "not known" in summary:
            assert not LOWEST.search(text), text


def _card(slug: str, topic: str | None = None) -> dict[str, Any]:
    (story,) = [story for story in ASKED if story.slug == slug]
    (card,) = [card for card in _cards(story) if topic in (None, card["source"]["topic"]["code"])]
    return card


@pytest.mark.parametrize(
    ("slug", "topic", "said"),
    [
        (
            "two-prescribers-same-lorazepam",
            None,
            "Two prescribers order lorazepam side by side (2 mg/day and",
        ),
        ("two-prescribers-same-lorazepam", None, "40 mg/day if all is taken, 20 if one order is"),
        ("refill-a-week-early", None, "early, 7 days of its supply remain"),
        ("dose-missing-lorazepam-with-zolpidem", "sedativeLoad", "lorazepam 1 MG Oral Tablet: no dose is given"),
        ("dose-missing-lorazepam-with-zolpidem", "sedativeLoad", "Total: at least 2.5 mg/day"),
        ("pregnancy-lorazepam-as-needed", None, "0 to 1 mg/day ≈ up to 10 mg diazepam"),
        ("pregnancy-lorazepam-as-needed", None, "Total: 0 to 10 mg/day diazepam-eq by Ashton 2002"),
        ("substance-use-clonazepam-alcohol", None, "the band depends on the conversion table"),
        (
            "long-term-lorazepam-renewal",
            "longTermUse",
            "by Ashton 2002 (high band; unchanged); 10 by VA/DoD 2021 (low band)",
        ),
        ("long-term-lorazepam-renewal", "longTermUse", "ASAM's own printed example for lorazepam 2 mg/day: low band"),
        ("long-term-lorazepam-renewal", "longTermUse", "withdrawal can occur between doses"),
        ("abrupt-change-clonazepam-halved", "longTermUse", "A supervised taper may be worth discussing"),
        ("methadone-for-opioid-use-disorder", None, "best kept going (ASAM 2025)"),
        ("opioid-hydrocodone-on-alprazolam", None, "Not checked: CYP3A4 inhibitors (alprazolam)"),
        ("incomplete-picture-unknown-tablet", None, "the problem list not supplied"),
    ],
)
def test_the_card_of_a_story_says_what_the_story_is_about(slug: str, topic: str | None, said: str) -> None:
    assert said in _card(slug, topic)["detail"]


def test_no_lower_dose_is_offered_of_treatment_for_opioid_use_disorder() -> None:
    assert "lower dose" not in _card("buprenorphine-for-opioid-use-disorder")["detail"]
