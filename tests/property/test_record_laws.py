"""Is a record judged alike, however it is addressed, spelt, split and mixed, and does doubt never silence?"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.bundle import read_value
from cds_service.fhir.reader import read_patient
from rules import assess, load_knowledge
from rules.assessment import Assessment
from rules.model import CodeSystem, Coding, ConditionEntry, Dosage, Medication, Patient, Regimen

ON = date(2026, 11, 22)
ZONE = ZoneInfo("America/New_York")
KNOWLEDGE = load_knowledge()
A, B = "https://a.example/fhir", "https://b.example/r4"
SPELLINGS = (
    "Patient/p1",
    "patient/p1",
    "PATIENT/P1",
    "p1",
    "Patient/p%31",
    "Patient/p1/",
    "/Patient/p1",
    "Patient/p1/_history/7",
    f"{A}/Patient/p1",
    f"{B}/patient/P1",
    "urn:uuid:p1",
    "Patient/old",
)
DRUGS = (
    ("alprazolam 1 MG Oral Tablet", "one tablet three times a day"),
    ("oxycodone hydrochloride 5 MG Oral Tablet", "one tablet four times a day"),
    ("zolpidem tartrate 10 MG Oral Tablet", "one tablet at bedtime"),
    ("gabapentin 300 MG Oral Capsule", "one capsule twice a day"),
    ("atorvastatin 20 MG Oral Tablet", "one tablet daily"),
)
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "birthDate": "1970-01-01",
    "link": [{"other": {"reference": "Patient/old"}, "type": "replaces"}],
}


def order(number: int, identity: str) -> dict[str, Any]:
    drug, sig = DRUGS[number]
    return {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"text": drug},
        "authoredOn": "2026-11-15",
        "dosageInstruction": [{"text": sig}],
    }


def outline(found: Assessment) -> Any:
    """The judgement without the names of its records."""
    return (
        [(met.id, met.severity, met.raises) for met in found.findings],
        found.load,
        found.with_order,
        sorted((line.agent, line.standing) for line in found.lines),
        found.not_relevant,
        sorted(found.considered, key=lambda item: item.id),
    )


def judged(record: list[Any], drafts: list[Any], server: str | None = None) -> Assessment:
    return assess(read_patient(record, patient_id="p1", drafts=drafts, server=server, zone=ZONE, on=ON), KNOWLEDGE, ON)


PLAIN = outline(judged([PATIENT, order(0, "m0"), order(2, "m2"), order(4, "m4")], [order(1, "d1"), order(3, "d3")]))


def bundle(entries: list[Any]) -> Any:
    return read_value({"resourceType": "Bundle", "type": "searchset", "entry": entries})


@st.composite
def sent(draw: st.DrawFn, numbers: tuple[int, ...], prefix: str, base: str | None) -> list[Any]:
    """Orders in two Bundles: mixed, some sent twice, in any order and spelling; with the address ``base`` or none."""
    entries = []
    for number in numbers:
        resource = order(number, f"{prefix}{number}")
        resource["subject"] = {"reference": draw(st.sampled_from(SPELLINGS))}
        name = f"MedicationRequest/{prefix}{number}"
        url = {"fullUrl": f"{base}/{name}{draw(st.sampled_from(['', '/', '/_history/2']))}"} if base else {}
        by_reference = draw(st.booleans())
        if by_reference:
            resource["medicationReference"] = {"reference": f"Medication/{prefix}{number}"}
            concept = resource.pop("medicationCodeableConcept")
            product = {"resourceType": "Medication", "id": f"{prefix}{number}", "code": concept}
            where = {"fullUrl": f"{base}/Medication/{prefix}{number}"} if base else {}
            entries.append({**where, "resource": product})
        times = 1 if prefix == "d" else draw(st.integers(1, 2))
        entries.extend({**url, "resource": copy.deepcopy(resource)} for _ in range(times))
    entries = draw(st.permutations(entries))
    cut = draw(st.integers(0, len(entries)))
    return [bundle(entries[:cut]), bundle(entries[cut:])]


@settings(max_examples=300)
@given(st.data(), st.sampled_from([None, A, B]), st.sampled_from([None, A]), st.sampled_from([None, A, f"{A}/", B]))
def test_how_a_record_is_addressed_spelt_and_split_changes_nothing(
    data: st.DataObject, base: str | None, draft_base: str | None, server: str | None
) -> None:
    record = data.draw(sent((0, 2, 4), "m", base))
    drafts = data.draw(sent((1, 3), "d", draft_base))
    assert outline(judged([PATIENT, *record], drafts, server)) == PLAIN


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(["1", "2", "new"]), min_size=5, max_size=5),
    st.lists(st.sampled_from([None, A, B]), min_size=5, max_size=5),
    st.sampled_from([None, A]),
)
def test_whatever_ids_and_servers_orders_of_different_drugs_share_none_is_lost(
    ids: list[str], bases: list[str | None], server: str | None
) -> None:
    def entry(number: int) -> dict[str, Any]:
        base = bases[number]
        url = {"fullUrl": f"{base}/MedicationRequest/{ids[number]}"} if base else {}
        return {**url, "resource": order(number, ids[number])}

    record, drafts = bundle([entry(number) for number in (0, 2, 4)]), bundle([entry(number) for number in (1, 3)])
    found = judged([PATIENT, record], [drafts], server)
    assert outline(found) == PLAIN
    patient = read_patient([PATIENT, record], patient_id="p1", drafts=[drafts], server=server, zone=ZONE)
    names = [(regimen.source, regimen.draft) for regimen in patient.regimens]
    assert len(names) == len(set(names)) == 5


WORDING = KNOWLEDGE.condition_wording
DOUBTS = (*WORDING.doubts, *WORDING.uncertain, *WORDING.others)
CODES = (
    Coding(CodeSystem.ICD10CM, "Z51.5"),
    Coding(CodeSystem.SNOMED, "385763009"),
    Coding(CodeSystem.SNOMED, "103735009"),
)
ORDERS = (
    Regimen("MedicationRequest/a", Medication(text=DRUGS[0][0]), status="active", authored_on=date(2026, 11, 15)),
    Regimen("MedicationRequest/d", Medication(text=DRUGS[1][0]), draft=True, authored_on=ON),
)


def silenced(*entries: ConditionEntry) -> bool:
    patient = Patient(born=(date(1970, 1, 1),) * 2, regimens=ORDERS, conditions=entries)
    return not assess(patient, KNOWLEDGE, ON).findings


@settings(max_examples=400)
@given(
    st.sampled_from(CODES),
    st.sampled_from(DOUBTS),
    st.sampled_from(["hospice care", "palliative care", "Hospice", "end of life care"]),
    st.sampled_from(
        [
            "{doubt} {name}",
            "{name} {doubt}",
            "{name}: {doubt}",
            "{name} - {doubt}.",
            "{doubt}/{name}",
            "{doubt}{name}",
            "{name}{doubt}",
        ]
    ),
    st.sampled_from(["text", "display", "remark"]),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_doubt_beside_a_code_that_silences_never_silences(
    code: Coding, doubt: str, name: str, form: str, where: str, letters: Any
) -> None:
    sure = ConditionEntry("Condition/c", (code,), recorded=date(2026, 11, 1), verification_status="confirmed")
    assert silenced(sure)
    words = letters(form.format(doubt=doubt, name=name))
    if where == "display":
        doubted = ConditionEntry(sure.source, (Coding(code.system, code.code, words),), recorded=sure.recorded)
    elif where == "text":
        doubted = ConditionEntry(sure.source, (code,), words, recorded=sure.recorded)
    else:
        doubted = ConditionEntry(sure.source, (code,), recorded=sure.recorded, remarks=(words,))
    assert not silenced(doubted)


@settings(max_examples=200)
@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["hospice", "palliative care", "hospice care"]))
def test_a_name_silences_only_where_it_is_all_that_is_said(before: str, after: str, name: str) -> None:
    text = before + name + after
    allowed = {*KNOWLEDGE.condition_wording.beside, *KNOWLEDGE.concepts["hospice"].names}
    allowed |= set(KNOWLEDGE.concepts["palliative-care"].names)
    if silenced(ConditionEntry("Condition/c", text=text)):
        said = "".join(character if character.isalnum() else " " for character in text.lower()).split()
        known = {word for phrase in allowed for word in phrase.replace("/", " ").replace("-", " ").split()}
        assert set(said) <= known


DOUBTED: tuple[dict[str, Any], ...] = (
    {"verification_status": "unconfirmed"},
    {"verification_status": "provisional"},
    {"verification_status": "differential"},
    {"verification_status": "refuted"},
    {"abated": True},
    {"abated": True, "abatement": ON},
    {"in_doubt": True},
    {"recorded": date(2027, 3, 1)},
    {"another_patient": True},
)
SOFTENING = ("G89.3", "D57.1", "G40.909", "F10.230", "F11.20", "Z51.5")
TAKEN = (
    ("alprazolam 1 MG Oral Tablet", "one tablet three times a day"),
    ("clonazepam 1 MG Oral Tablet", "one tablet twice a day"),
    ("methadone hydrochloride 10 MG Oral Tablet", "one tablet twice a day"),
    ("oxycodone hydrochloride 5 MG Oral Tablet", "one tablet four times a day"),
)


@settings(max_examples=300)
@given(st.data())
def test_a_condition_in_doubt_neither_exempts_nor_softens(data: st.DataObject) -> None:
    def regimen(name: str) -> Regimen:
        drug, sig = data.draw(st.sampled_from(TAKEN))
        is_draft = data.draw(st.booleans())
        written = ON if is_draft else date(2026, data.draw(st.integers(2, 11)), 1)
        lines = (Dosage(text=sig),)
        return Regimen(name, Medication(text=drug), draft=is_draft, status="active", authored_on=written, dosages=lines)

    regimens = tuple(regimen(f"MedicationRequest/{number}") for number in range(data.draw(st.integers(1, 4))))
    condition = ConditionEntry(
        "Condition/c", (Coding(CodeSystem.ICD10CM, data.draw(st.sampled_from(SOFTENING))),), recorded=date(2026, 11, 20)
    )
    doubted = replace(condition, **data.draw(st.sampled_from(DOUBTED)))
    patient = Patient(born=(date(1970, 1, 1),) * 2, regimens=regimens)
    without = assess(patient, KNOWLEDGE, ON)
    beside = {met.id: met for met in assess(replace(patient, conditions=(doubted,)), KNOWLEDGE, ON).findings}
    for met in without.findings:
        assert met.id in beside
        assert beside[met.id].severity >= met.severity
        assert beside[met.id].raises >= met.raises


@given(
    st.lists(st.tuples(st.sampled_from(["/", "", " ", "Patient/", "//"]), st.sampled_from((*SPELLINGS, "Patient/p2")))),
)
def test_a_subject_that_names_nobody_says_nothing_of_another_record(sent: list[tuple[str, str]]) -> None:
    orders = [
        {**order(0, f"m{number}"), "subject": {"reference": subject}, "patient": {"reference": own}}
        for number, (subject, own) in enumerate(sent)
    ]
    together = {item.source: item.another_patient for item in read([PATIENT, *orders]).regimens}
    for one in orders:
        (alone,) = read([PATIENT, one]).regimens
        assert together[alone.source] is alone.another_patient


def read(record: list[Any]) -> Patient:
    return read_patient(record, patient_id="p1", zone=ZONE, on=ON)
