"""Is what was ordered found wherever a sender puts it: in the concept, contained, beside the order, or not at all?"""

from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from cds_service.fhir.bundle import BundleEntry
from cds_service.fhir.datatypes import system_of
from cds_service.fhir.reader import read_patient
from rules.model import CodeSystem, Coding, IngredientEntry, Medication, Quantity, Regimen

ZONE = ZoneInfo("Europe/London")
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CODE = {"coding": [{"system": RXNORM, "code": "1", "display": "drug 1 MG Oral Tablet"}]}
CODED = Medication((Coding(CodeSystem.RXNORM, "1", "drug 1 MG Oral Tablet"),))


def read(order: dict[str, object], *others: object) -> Regimen:
    (regimen,) = read_patient(
        [{"resourceType": "MedicationRequest", "id": "m", **order}, *others], patient_id="p", zone=ZONE
    ).regimens
    return regimen


@pytest.mark.parametrize(
    "order",
    [
        {"medicationCodeableConcept": CODE},
        {"medicationCodeableConcept": [CODE]},
        {"medication": {"concept": CODE}},
        {"medication": CODE},
    ],
)
def test_a_concept_is_read_in_every_version(order: dict[str, object]) -> None:
    assert read(order).medication == CODED


@pytest.mark.parametrize(
    ("system", "known"),
    [
        (RXNORM, CodeSystem.RXNORM),
        ("https://www.nlm.nih.gov/research/umls/rxnorm/", CodeSystem.RXNORM),
        ("urn:oid:2.16.840.1.113883.6.88", CodeSystem.RXNORM),
        ("2.16.840.1.113883.6.88", CodeSystem.RXNORM),
        (RXNORM + "|20240304", CodeSystem.RXNORM),
        ("http://snomed.info/sct", CodeSystem.SNOMED),
        ("http://snomed.info/sct/731000124108/version/20240301", CodeSystem.SNOMED),
        ("2.16.840.1.113883.6.96", CodeSystem.SNOMED),
        ("https://dmd.nhs.uk", CodeSystem.SNOMED),
        ("http://www.whocc.no/atc", CodeSystem.ATC),
        ("http://hl7.org/fhir/sid/ndc", CodeSystem.NDC),
        ("http://hl7.org/fhir/sid/icd-10-cm", CodeSystem.ICD10CM),
        ("urn:oid:1.2.840.114350.1.13", None),
        ("2.16.840.1.113883.6.880", None),
        ("http://snomed.info/scta", None),
        ("RxNorm", None),
        (None, None),
        (5, None),
    ],
)
def test_only_a_known_system_makes_a_code_one_of_that_system(system: object, known: CodeSystem | None) -> None:
    order = {"medicationCodeableConcept": {"coding": [{"system": system, "code": "1"}]}}
    assert read(order).medication == Medication((Coding(known, "1"),))


def test_a_concept_and_a_medication_of_other_names_are_both_kept() -> None:
    contained = {"resourceType": "Medication", "id": "a", "code": {"text": "second 5 mg"}}
    order = {
        "contained": [contained],
        "medicationReference": {"reference": "#a"},
        "medicationCodeableConcept": {**CODE, "text": "first 1 mg"},
    }
    assert read(order).medication == Medication((*CODED.codings, Coding(None, None, "second 5 mg")), "first 1 mg")


def test_the_reason_for_missing_data_is_no_name_of_a_drug() -> None:
    system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    absent = {"system": system, "code": "unknown", "display": "Unknown"}
    order = {"medicationCodeableConcept": {"coding": [absent], "text": "drug 1 mg"}}
    assert read(order).medication == Medication(text="drug 1 mg")


@pytest.mark.parametrize(
    "reference",
    ["Medication/a", "https://ehr.example/fhir/Medication/a", "Medication/a/_history/3", "urn:uuid:11AA"],
)
def test_a_medication_sent_beside_the_order_is_found(reference: str) -> None:
    beside = BundleEntry({"resourceType": "Medication", "id": "a", "code": CODE}, "urn:uuid:11aa")
    assert read({"medicationReference": {"reference": reference, "display": "D"}}, beside).medication == Medication(
        CODED.codings, "D"
    )


@pytest.mark.parametrize("reference", ["urn:uuid:0A", "0A"])
def test_a_medication_sent_without_a_url_is_found_by_its_id_alone(reference: str) -> None:
    beside = {"resourceType": "Medication", "id": "0A", "code": CODE}
    assert read({"medicationReference": {"reference": reference}}, beside).medication == CODED


def test_a_conditional_reference_is_not_followed_and_said() -> None:
    beside = {"resourceType": "Medication", "id": "a", "code": CODE}
    regimen = read({"medicationReference": {"reference": "Medication?code=1", "display": "D"}}, beside)
    assert (regimen.medication, regimen.notes) == (Medication(text="D"), ("medication-not-sent",))


def test_a_substance_contained_in_the_medication_beside_the_order_is_found() -> None:
    beside = {
        "resourceType": "Medication",
        "id": "a",
        "contained": [{"resourceType": "Substance", "id": "s", "code": {"text": "drug"}}],
        "ingredient": [{"itemReference": {"reference": "#s"}}],
    }
    regimen = read({"medicationReference": {"reference": "Medication/a"}}, beside)
    assert regimen.medication.ingredients == (IngredientEntry((), "drug"),)


def test_the_product_of_dstu2_has_its_ingredients() -> None:
    amount = {"numerator": {"value": 5, "unit": "mg"}, "denominator": {"value": 1, "unit": "tablet"}}
    product = {
        "form": {"text": "tablet"},
        "ingredient": [{"item": {"display": "one"}, "amount": amount}, {"item": {"text": "two"}}],
    }
    beside = {"resourceType": "Medication", "id": "a", "product": product}
    regimen = read({"medicationReference": {"reference": "Medication/a"}}, beside)
    assert regimen.medication == Medication(
        form="tablet",
        ingredients=(
            IngredientEntry((), "one", Quantity(Fraction(5), "mg"), Quantity(Fraction(1), "tablet")),
            IngredientEntry((), "two"),
        ),
    )


def test_the_medications_own_words_come_before_the_references() -> None:
    beside = {"resourceType": "Medication", "id": "a", "code": {"text": "own words"}}
    order = {"medicationReference": {"reference": "Medication/a", "display": "the reference's words"}}
    assert read(order, beside).medication == Medication(text="own words")


def test_a_sibling_without_an_id_is_found_by_its_full_url() -> None:
    beside = BundleEntry({"resourceType": "Medication", "code": CODE}, "urn:uuid:11aa")
    assert read({"medicationReference": {"reference": "urn:uuid:11aa"}}, beside).medication == CODED


def test_a_sibling_among_the_drafts_without_a_full_url_is_found() -> None:
    referring = {"resourceType": "MedicationRequest", "id": "m", "medicationReference": {"reference": "Medication/a"}}
    drafts = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": referring},
            {"resource": {"resourceType": "Medication", "id": "a", "code": CODE}},
        ],
    }
    (regimen,) = read_patient([], patient_id="p", drafts=[drafts], zone=ZONE).regimens
    assert (regimen.medication, regimen.draft) == (CODED, True)


@pytest.mark.parametrize("identity", ["a", "#a"])
def test_a_contained_medication_is_found(identity: str) -> None:
    contained = {"resourceType": "Medication", "id": identity, "code": CODE, "form": {"text": "tablet"}}
    order = {"contained": [contained], "medicationReference": {"reference": "#a"}}
    assert read(order).medication == Medication(CODED.codings, None, (), "tablet")


def test_a_medication_that_was_not_sent_has_the_references_words_alone() -> None:
    regimen = read({"medicationReference": {"reference": "Medication/far", "display": "drug 1 MG tablet"}})
    assert regimen.medication == Medication(text="drug 1 MG tablet")
    assert regimen.notes == ("medication-not-sent",)


def test_the_reference_of_r5_is_followed() -> None:
    beside = {"resourceType": "Medication", "id": "a", "code": CODE}
    assert read({"medication": {"reference": {"reference": "Medication/a"}}}, beside).medication == CODED


def test_ingredients_keep_their_strengths() -> None:
    strength = {"numerator": {"value": 2, "code": "mg"}, "denominator": {"value": 1, "unit": "mL"}}
    medication = {
        "resourceType": "Medication",
        "id": "a",
        "ingredient": [
            {"itemCodeableConcept": {"text": "one"}, "strength": strength},
            {"item": {"concept": {"text": "two"}}, "strengthQuantity": {"value": 5, "unit": "mg"}},
            {"itemReference": {"reference": "Substance/s"}, "isActive": True},
            {"itemReference": {"reference": "Substance/far", "display": "four"}},
            {"itemCodeableConcept": {"text": "water"}, "isActive": False},
        ],
    }
    substance = {"resourceType": "Substance", "id": "s", "code": {"text": "three"}}
    regimen = read({"medicationReference": {"reference": "Medication/a"}}, medication, substance)
    assert regimen.medication.ingredients == (
        IngredientEntry((), "one", Quantity(Fraction(2), None, "mg"), Quantity(Fraction(1), "mL")),
        IngredientEntry((), "two", Quantity(Fraction(5), "mg")),
        IngredientEntry((), "three"),
        IngredientEntry((), "four"),
    )


def test_an_ingredient_of_an_unusable_strength_keeps_its_name() -> None:
    medication = {
        "resourceType": "Medication",
        "id": "a",
        "ingredient": [{"itemCodeableConcept": {"text": "one"}, "strength": {"numerator": {"value": "much"}}}, 7],
    }
    regimen = read({"medicationReference": {"reference": "Medication/a"}}, medication)
    assert regimen.medication.ingredients == (IngredientEntry((), "one"),)
    assert regimen.notes == ("ingredient-not-readable",)


TOO_LONG = "x" * 2_001
RXNORM = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1"}


@pytest.mark.parametrize(
    "order",
    [
        {"medicationCodeableConcept": {"coding": [RXNORM], "text": TOO_LONG}},
        {"medicationCodeableConcept": {"coding": [{**RXNORM, "display": TOO_LONG}]}},
        {"medication": {"concept": {"coding": [RXNORM], "text": TOO_LONG}}},
        {"medicationReference": {"reference": "Medication/a", "display": TOO_LONG}},
    ],
)
def test_a_name_that_is_too_long_is_left_out_beside_a_code(order: dict[str, object]) -> None:
    beside = {"resourceType": "Medication", "id": "a", "code": {"coding": [RXNORM]}, "form": {"text": TOO_LONG}}
    regimen = read(order, beside)
    assert [coding.code for coding in regimen.medication.codings] == ["1"]
    assert (regimen.medication.text, regimen.medication.form) == (None, None)
    assert regimen.notes == ("name-too-long",)


def test_an_ingredient_whose_name_is_too_long_stays_as_one_that_cannot_be_told() -> None:
    medication = {
        "resourceType": "Medication",
        "id": "a",
        "ingredient": [{"itemCodeableConcept": {"text": "one"}}, {"itemCodeableConcept": {"text": TOO_LONG}}],
    }
    regimen = read({"medicationReference": {"reference": "Medication/a"}}, medication)
    assert regimen.medication.ingredients == (IngredientEntry((), "one"), IngredientEntry(()))
    assert regimen.notes == ("ingredient-not-readable",)


@pytest.mark.parametrize(
    ("order", "note"),
    [
        ({}, "no-medication"),
        ({"medicationCodeableConcept": {}}, "no-medication"),
        ({"medicationCodeableConcept": 7}, "medication-not-readable"),
        ({"medicationCodeableConcept": [CODE, {"text": "another"}]}, "medication-not-readable"),
        ({"medicationReference": 7}, "medication-not-readable"),
    ],
)
def test_an_order_without_a_readable_medication_stays_and_says_so(order: dict[str, object], note: str) -> None:
    regimen = read(order)
    assert regimen.medication == Medication()
    assert note in regimen.notes


@pytest.mark.parametrize(
    ("uri", "system"),
    [
        ("http://www.nlm.nih.gov/research/umls/rxnorm", CodeSystem.RXNORM),
        ("https://www.nlm.nih.gov/research/umls/rxnorm/", CodeSystem.RXNORM),
        (" HTTP://WWW.NLM.NIH.GOV/research/umls/RxNorm|20261102 ", CodeSystem.RXNORM),
        ("urn:oid:2.16.840.1.113883.6.88", CodeSystem.RXNORM),
        ("2.16.840.1.113883.6.88", CodeSystem.RXNORM),
        ("http://snomed.info/sct/731000124108/version/20260301", CodeSystem.SNOMED),
        ("http://snomed.info/sctx", None),
        ("urn:oid:2.16.840.1.113883.6.8", None),
        ("http://our.example/rxnorm", None),
        (None, None),
    ],
)
def test_a_code_system_is_known_by_its_uri_or_oid(uri: object, system: CodeSystem | None) -> None:
    assert system_of(uri) is system


def test_of_a_concept_and_a_reference_side_by_side_both_are_read() -> None:
    beside = [{"resourceType": "Medication", "id": "a", "code": {"text": "alprazolam 1 MG Oral Tablet"}}]
    order = {
        "medicationCodeableConcept": {"text": "atorvastatin 20 MG Oral Tablet"},
        "medicationReference": {"reference": "Medication/a"},
    }
    medication = read(order, beside).medication
    names = {medication.text, *(coding.display for coding in medication.codings)}
    assert names == {"atorvastatin 20 MG Oral Tablet", "alprazolam 1 MG Oral Tablet"}
