"""Does the knowledge say what its sources print, and is a site's override taken or refused as it should be?"""

from __future__ import annotations

from fractions import Fraction

import pytest
from compact_patient import DAY_JUDGED, patient_of

from rules import assess
from rules.assessment import Severity
from rules.knowledge import (
    Knowledge,
    KnowledgeError,
    Verification,
    load_knowledge,
    parse_yaml,
    read_directory,
)
from rules.knowledge import (
    shipped as shipped_files,
)
from rules.load.equivalence import equivalence


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


# ASAM 2025 pocket guide, Table 7: mg equal to 10 mg of oral diazepam, VA/DoD column and Ashton column.
ASAM_TABLE_7 = {
    "alprazolam": ("1", "0.5", "0.5"),
    "chlordiazepoxide": ("25", "25", "25"),
    "clonazepam": ("1", "0.5", "0.5"),
    "clorazepate": ("15", "15", "15"),
    "diazepam": ("10", "10", "10"),
    "estazolam": ("1", "1", "2"),
    "flurazepam": ("15", "15", "30"),
    "lorazepam": ("2", "1", "1"),
    "oxazepam": ("30", "20", "20"),
    "quazepam": ("10", "20", "20"),
    "temazepam": ("15", "20", "20"),
    "triazolam": ("0.25", "0.5", "0.5"),
}


@pytest.mark.parametrize("agent", ASAM_TABLE_7)
def test_the_tables_print_what_asam_prints(agent: str, knowledge: Knowledge) -> None:
    va_dod, low, high = (Fraction(text) for text in ASAM_TABLE_7[agent])
    by_va_dod = equivalence(knowledge.agents[agent], knowledge.tables["va-dod-2021"])
    by_ashton = equivalence(knowledge.agents[agent], knowledge.tables["ashton-2002"])
    assert by_va_dod is not None
    assert by_ashton is not None
    assert (by_va_dod.figure.low, by_va_dod.figure.high, by_va_dod.by_fallback) == (va_dod, va_dod, False)
    assert (by_ashton.figure.low, by_ashton.figure.high, by_ashton.by_fallback) == (low, high, False)


@pytest.mark.parametrize(
    ("agent", "milligrams", "source"),
    [
        ("zolpidem", "20", "scotland-2024"),
        ("zopiclone", "15", "scotland-2024"),
        ("clobazam", "20", "scotland-2024"),
        ("zaleplon", "20", "ashton-full"),
        ("eszopiclone", "3", "ashton-full"),
        ("midazolam", "5", "who-2009"),
        ("etizolam", "3", "inada-2015"),
    ],
)
def test_what_asam_does_not_print_is_taken_by_fallback_in_both_tables(
    agent: str, milligrams: str, source: str, knowledge: Knowledge
) -> None:
    for table in ("ashton-2002", "va-dod-2021"):
        found = equivalence(knowledge.agents[agent], knowledge.tables[table])
        assert found is not None
        assert (found.figure.low, found.figure.source, found.by_fallback) == (Fraction(milligrams), source, True)


def test_the_fallback_is_the_declared_chain(knowledge: Knowledge) -> None:
    chain = ("scotland-2024", "ashton-full", "who-2009", "dme-research", "inada-2015")
    assert knowledge.default_table == "ashton-2002"
    assert {table.id: (table.own, table.fallback) for table in knowledge.tables.values()} == {
        "ashton-2002": (("asam-2025-ashton",), chain),
        "va-dod-2021": (("asam-2025-vadod",), chain),
    }


@pytest.mark.parametrize(
    ("group", "key", "value", "unit"),
    [
        ("concurrency", "recency_days", 365, "d"),
        ("concurrency", "grace_days", 30, "d"),
        ("concurrency", "out_of_supply_days", 3, "d"),
        ("concurrency", "lapsed_mention_days", 90, "d"),
        ("concurrency", "renewal_overlap_days", 10, "d"),
        ("concurrency", "switch_percent", 25, "%"),
        ("concurrency", "table_rise_percent", 50, "%"),
        ("exposure", "bridge_days", 30, "d"),
        ("exposure", "coverage_percent", 50, "%"),
        ("exposure", "sparse_days_per_week", 3, "d/wk"),
        ("bands", "low_up_to", 10, "mg/d"),
        ("bands", "moderate_up_to", 15, "mg/d"),
        ("age", "adult", 18, "a"),
        ("age", "older", 65, "a"),
    ],
)
def test_the_policy_is_the_design_s(group: str, key: str, value: int, unit: str, knowledge: Knowledge) -> None:
    figure = getattr(getattr(knowledge.policy, group), key)
    assert (figure.value, figure.unit) == (value, unit)


# DESIGN section 7: the findings that raise a card on their own, and how loud each may be.
RAISE_INFO = {
    "high-potency", "long-term-use", "concurrent-depressants", "incomplete-picture", "additive-sedative",
    "gabapentinoid-breathing",
}  # fmt: skip
RAISE_WARNING = {
    "total-load", "multiple-sedative-hypnotics", "dose-escalation", "concurrent-opioid", "oxybate",
    "respiratory-disease", "substance-use", "past-overdose", "pregnancy", "abrupt-change", "older-adult",
}  # fmt: skip


def test_the_findings_raise_what_the_design_lets_them(knowledge: Knowledge) -> None:
    raising = {finding.id: finding.severity for finding in knowledge.findings.values() if finding.raises}
    assert {name for name, severity in raising.items() if severity is Severity.INFO} == RAISE_INFO
    assert {name for name, severity in raising.items() if severity is Severity.WARNING} == RAISE_WARNING
    assert all(finding.on for finding in knowledge.findings.values())


def test_nothing_is_critical_as_shipped(knowledge: Knowledge) -> None:
    assert knowledge.policy.critical == frozenset()
    assert Severity.CRITICAL not in {finding.severity for finding in knowledge.findings.values()}


def test_a_threshold_left_to_the_site_is_absent(knowledge: Knowledge) -> None:
    assert "site_threshold" not in knowledge.findings["total-load"].parameters


def test_a_source_that_was_not_read_vouches_for_no_figure_as_read(knowledge: Knowledge) -> None:
    unread = {name for name, source in knowledge.sources.items() if source.verification is Verification.UNVERIFIED}
    claimed = [
        f"{agent.id} by {figure.source}"
        for agent in knowledge.agents.values()
        for figure in agent.equivalents.values()
        if figure.source in unread and figure.verification is not Verification.UNVERIFIED
    ]
    assert unread
    assert claimed == []


def test_the_eight_answers_to_a_card(knowledge: Knowledge) -> None:
    codes = [reason.code for reason in knowledge.suggestions.override_reasons]
    assert len(codes) == len(set(codes)) == 8


def test_the_offered_reversal_product_is_a_single_4_mg_spray(knowledge: Knowledge) -> None:
    (coding,) = knowledge.suggestions.overdose_reversal.codings
    product = knowledge.products[coding.code]
    (ingredient,) = product.ingredients
    assert (ingredient.agent, product.route) == ("naloxone", "nasal")
    assert product.name == coding.display


def test_asam_s_own_examples_meet_without_a_gap(knowledge: Knowledge) -> None:
    for agent in ("lorazepam", "clonazepam", "alprazolam"):
        low, moderate, high = (example for example in knowledge.band_examples if example.agent == agent)
        assert [low.band, moderate.band, high.band] == ["low", "moderate", "high"]
        assert low.up_to is not None
        assert moderate.above is not None
        assert moderate.up_to is not None
        assert high.above is not None
        assert (low.up_to.value, moderate.up_to.value) == (moderate.above.value, high.above.value)


# -- the files -------------------------------------------------------------------------------------------------------


def test_every_scalar_is_text() -> None:
    assert parse_yaml("a: 1.50\nb: no\nc: 2026-11-22\nd: ~\ne:", "x.yaml") == {
        "a": "1.50", "b": "no", "c": "2026-11-22", "d": "~", "e": "",
    }  # fmt: skip


def test_the_shipped_knowledge_is_read_once() -> None:
    assert load_knowledge() is load_knowledge()


# -- a site's override -----------------------------------------------------------------------------------------------


def test_an_empty_override_changes_nothing_but_the_version(knowledge: Knowledge) -> None:
    site = load_knowledge("")
    assert site.version.startswith(f"{knowledge.version}+site.")
    assert site.policy == knowledge.policy
    assert site.findings == knowledge.findings


@pytest.mark.parametrize(
    ("text", "is_shared"),
    [
        ("", True),
        ("{default_table: va-dod-2021, critical: [concurrent-opioid], reviewed: 2026-12-01}", True),
        ("{policy: {bands: {low_up_to: 9}}, findings: {total-load: {parameters: {site_threshold: 40}}}}", True),
        ("tables: {ours: {name: Ours, figures: {lorazepam: 1}}}", False),
    ],
)
def test_an_override_shares_with_the_shipped_knowledge_what_it_does_not_change(
    knowledge: Knowledge, text: str, is_shared: bool
) -> None:
    site, anew = load_knowledge(text), read_directory(shipped_files(), text)
    changed = ("version", "reviewed", "sources", "tables", "default_table", "policy", "findings", "intervention")
    assert [getattr(site, name) == getattr(anew, name) for name in changed] == [True] * len(changed)
    assert repr(site.agents) == repr(anew.agents)  # some parts are compared by identity
    assert (site.agents is knowledge.agents, site.products is knowledge.products) == (is_shared, is_shared)


def test_the_digest_is_that_of_what_an_override_says() -> None:
    one = load_knowledge("{default_table: va-dod-2021, policy: {bands: {low_up_to: 9}}}").version
    same = load_knowledge("# ours\npolicy:\n  bands: {low_up_to: '9'}\ndefault_table: va-dod-2021\n").version
    other = load_knowledge("{default_table: va-dod-2021, policy: {bands: {low_up_to: 8}}}").version
    assert one == same != other


def test_all_mistakes_of_an_override_are_told_at_once() -> None:
    with pytest.raises(KnowledgeError) as refused:
        load_knowledge(
            "{unknown: 1, findings: {total-load: {on: perhaps, severity: loud}}, policy: {bands: {high: 1}}}"
        )
    assert [each.where for each in refused.value.each] == [
        "site: unknown",
        "site: policy.bands.high",
        "site: findings.total-load.on",
        "site: findings.total-load.severity",
    ]


def test_a_site_overrides_key_by_key(knowledge: Knowledge) -> None:
    site = load_knowledge(
        """
        reviewed: 2026-12-01
        default_table: va-dod-2021
        include_substitution: true
        critical: [concurrent-opioid]
        policy: {concurrency: {recency_days: 180}}
        findings:
          high-potency: {on: false}
          dose-escalation: {severity: info, raises: false}
          total-load: {parameters: {site_threshold: 40}}
        """
    )
    assert site.default_table == "va-dod-2021"
    assert site.policy.include_substitution
    assert site.policy.concurrency.recency_days.value == 180
    assert site.policy.concurrency.recency_days.source == "site"
    assert site.policy.concurrency.recency_days.reviewed.isoformat() == "2026-12-01"
    assert site.policy.concurrency.grace_days == knowledge.policy.concurrency.grace_days
    assert not site.findings["high-potency"].on
    assert site.findings["dose-escalation"].severity is Severity.INFO
    assert not site.findings["dose-escalation"].raises
    assert site.findings["total-load"].parameters["site_threshold"].value == 40
    assert site.findings["concurrent-opioid"].severity is Severity.CRITICAL
    assert site.findings["oxybate"] == knowledge.findings["oxybate"]


def test_the_shipped_knowledge_is_untouched_by_a_site() -> None:
    load_knowledge("policy: {concurrency: {recency_days: 200}}")
    assert load_knowledge().policy.concurrency.recency_days.value == 365


def test_a_site_adds_a_table_of_its_own_that_falls_back_to_ours() -> None:
    site = load_knowledge("default_table: ours\ntables: {ours: {name: Our table, figures: {lorazepam: ['1.5', '2']}}}")
    own = equivalence(site.agents["lorazepam"], site.tables["ours"])
    fallen = equivalence(site.agents["temazepam"], site.tables["ours"])
    assert own is not None
    assert fallen is not None
    assert (own.figure.low, own.figure.high, own.by_fallback) == (Fraction("1.5"), Fraction(2), False)
    assert (fallen.figure.low, fallen.figure.source, fallen.by_fallback) == (Fraction(20), "asam-2025-ashton", True)
    shipped = equivalence(site.agents["lorazepam"], site.tables["ashton-2002"])
    assert shipped is not None
    assert shipped.figure.low == 1


def test_a_table_without_a_figure_of_the_only_agent_has_no_total() -> None:
    site = load_knowledge("tables: {ours: {name: Ours, figures: {lorazepam: 1}, fallback: [bnf]}}")
    row = {
        "medications": [{"drug": "alprazolam 0.5 MG Oral Tablet", "units": "1", "per_day": "2", "from": "2026-06-01"}]
    }
    by_table = assess(patient_of(row), site, DAY_JUDGED).load.by_table
    assert by_table["ashton-2002"].used == 20
    assert (by_table["ours"].used, by_table["ours"].band, by_table["ours"].missing) == (None, None, ("alprazolam",))


def test_what_a_site_adds_by_substitution_is_in_the_total_of_a_table_without_another_figure() -> None:
    # 90 mg of phenobarbital, 30 of which stand for 10 of diazepam, are 30; phenazepam has no figure in any table.
    site = load_knowledge("include_substitution: true")
    row = {
        "medications": [
            {"drug": "phenazepam 1 MG Oral Tablet", "units": "1", "per_day": "1", "from": "2026-06-01"},
            {"drug": "phenobarbital 30 MG Oral Tablet", "units": "1", "per_day": "3", "from": "2026-06-01"},
        ]
    }
    load = assess(patient_of(row), site, DAY_JUDGED).load
    assert (load.used, load.complete) == (30, False)
    assert load.by_table[site.default_table].used == 30


REFUSED = [
    ("findngs: {}", "site: findngs", "did you mean findings?"),
    ("policy: {concurrency: {recency_day: 180}}", "site: policy.concurrency.recency_day", "did you mean recency_days?"),
    ("policy: {concurrency: {recency_days: 9999}}", "site: policy.concurrency.recency_days", "outside 90 to 1095"),
    ("policy: {concurrency: {recency_days: often}}", "site: policy.concurrency.recency_days", "not a decimal number"),
    ("policy: {concurrency: {recency_days: nan}}", "site: policy.concurrency.recency_days", "not a finite number"),
    ("policy: {concurrency: 180}", "site: policy.concurrency", "must be a mapping"),
    ("policy: {equivalence_basis: {value: 5}}", "site: policy.equivalence_basis", "not for a site to set"),
    ("findings: {high-potencyy: {on: false}}", "site: findings.high-potencyy", "did you mean high-potency?"),
    ("findings: {high-potency: {on: perhaps}}", "site: findings.high-potency.on", "must be true or false"),
    ("findings: {high-potency: {enabled: false}}", "site: findings.high-potency.enabled", "unknown key"),
    ("findings: {high-potency: {severity: critical}}", "site: findings.high-potency.severity", "under `critical`"),
    ("findings: {oxybate: {parameters: {days: 1}}}", "site: findings.oxybate.parameters.days", "is not known"),
    (
        "findings: {high-potency: {parameters: {new_start_days: 1}}}",
        "site: findings.high-potency.parameters.new_start_days",
        "outside 7 to 180",
    ),
    ("critical: [concurrent-opioids]", "site: critical", "did you mean concurrent-opioid?"),
    ("default_table: ashton", "site: default_table", "did you mean ashton-2002?"),
    ("include_substitution: 1", "site: include_substitution", "must be true or false"),
    ("reviewed: yesterday", "site: reviewed", "must be a date"),
    ("tables: {ashton-2002: {name: x, figures: {}}}", "site: tables.ashton-2002", "choose another name"),
    ("tables: {t: {name: x, figures: {lorazepan: 1}}}", "site: tables.t.figures.lorazepan", "did you mean lorazepam?"),
    # 1 mg of lorazepam is 10 mg of diazepam: stated the other way round.
    ("tables: {t: {name: x, figures: {lorazepam: 10}}}", "site: tables.t.figures.lorazepam", "outside 0.5 to 8"),
    ("tables: {t: {name: x, figures: {lorazepam: 0}}}", "site: tables.t.figures.lorazepam", "outside 0.5 to 8"),
    ("tables: {t: {name: x, figures: {}, fallback: [who]}}", "site: tables.t.fallback", "is not known"),
    ("policy: {bands: {low_up_to: 20}}", "policy.bands", "must end below"),
    ("a: 1\na: 2", "site: line 2", "stands twice"),
    ("[high-potency]", "site", "must be a mapping"),
    ("findings: {high-potency", "site", "not readable as YAML"),
]


@pytest.mark.parametrize(("text", "where", "problem"), REFUSED)
def test_a_site_is_refused_with_the_path_and_the_reason(text: str, where: str, problem: str) -> None:
    with pytest.raises(KnowledgeError) as refused:
        load_knowledge(text)
    assert refused.value.where == where
    assert problem in refused.value.problem
