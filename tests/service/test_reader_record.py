"""Does the record hold each resource once, of the right patient, whatever the order, the copies and the references?"""

import itertools
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from cds_service.fhir.bundle import BundleEntry
from cds_service.fhir.reader import read_patient
from cds_service.fhir.references import normalised, patient_key, read_reference, references_match
from rules.model import CodeSystem, Coding, ConditionEntry, Patient, Unread

ZONE = ZoneInfo("America/New_York")


def order(identity: str | None = "m", **members: object) -> dict[str, object]:
    resource: dict[str, object] = {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": "x"}}
    return {**resource, **({"id": identity} if identity else {}), **members}


def read(*resources: object, patient_id: str | None = "p", **more: object) -> Patient:
    return read_patient(resources, patient_id=patient_id, zone=ZONE, **more)  # type: ignore[arg-type]


def sources(patient: Patient) -> list[str]:
    return [regimen.source for regimen in patient.regimens]


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ("Patient/1", "Patient/1", True),
        ("1", "Patient/1", True),
        ("https://ehr.example/fhir/R4/Patient/1", "Patient/1", True),
        ("https://a.example/Patient/1", "https://b.example/Patient/1/_history/4", True),
        ("Patient/1/_history/2", "1", True),
        ("/Patient/1", "Patient/1", True),
        ("urn:uuid:0A", "urn:uuid:0a", True),
        ("urn:uuid:0A", "Patient/0a", True),
        ("Patient/1", "Patient/2", False),
        ("Patient/1", "Practitioner/1", False),
        ("Patient/A", "Patient/a", False),
        ("Patient/11", "1", False),
        ("", "", False),
        (None, "Patient/1", False),
    ],
)
def test_two_references_mean_one_resource(one: str | None, other: str | None, match: bool) -> None:
    assert references_match(one, other) is match
    assert references_match(other, one) is match


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ("patient/p1", "Patient/p1", True),
        ("PATIENT/P1", "p1", True),
        ("Patient/p%31", "Patient/p1", True),
        ("Patient%2Fp1", "p1", True),
        ("Patient/p1/", "p1", True),
        ("Patient//p1", "p1", True),
        ("/patient/p1", "p1", True),
        ("patient/p1/_history/3", "Patient/P1", True),
        ("https://EHR.example/fhir/patient/p1/", "p1", True),
        ("https://ehr.example/fhir/Patient/p1?_format=json", "p1", True),
        ("https://ehr.example/fhir/Patient/p1#name", "p1", True),
        ("urn:uuid:P1", "Patient/p1", True),
        ("Patient/a%7Cb", "Patient/a|b", True),
        ("Patient/p11", "p1", False),
        ("Patient/p", "Patient/p1", False),
        ("Group/p1", "Patient/p1", False),
        ("group/p1", "patient/p1", False),
        ("Practitioner/p1", "p1", False),
        ("Patient/%2531", "Patient/1", False),
    ],
)
def test_a_patient_is_known_in_every_spelling_of_a_reference(one: str, other: str, match: bool) -> None:
    assert (patient_key(one) == patient_key(other)) is match


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://a.example/fhir/MedicationRequest/1", "a.example/fhir"),
        ("HTTP://A.Example/fhir/MedicationRequest/1/_history/2", "a.example/fhir"),
        ("https://a.example/medicationrequest/1/", "a.example"),
        ("https://a.example/fhir/MedicationRequest?identifier=1", ""),
        ("https://a.example/1", ""),
        ("MedicationRequest/1", ""),
        ("urn:uuid:0a", ""),
        ("", ""),
    ],
)
def test_the_server_of_an_address_is_what_stands_before_type_and_id(url: str, base: str) -> None:
    assert read_reference(url).server == base


def test_long_ids_with_dots_and_dashes_are_ids() -> None:
    identity = "e" + "Ab-1.x" * 40 + "3"
    assert normalised(f"https://ehr.example/api/FHIR/R4/Medication/{identity}") == f"Medication/{identity}"


@pytest.mark.parametrize(
    ("subject", "another"),
    [
        ({"reference": "Patient/p"}, False),
        ({"reference": "https://ehr.example/Patient/p"}, False),
        ({"reference": "urn:uuid:p"}, False),
        ({"reference": "#inside"}, False),
        ({"identifier": {"value": "q"}}, False),
        ({"display": "Q"}, False),
        (None, False),
        (7, False),
        ({"reference": "Patient/q"}, True),
        ({"reference": "https://ehr.example/people/q"}, True),
        ({"reference": "Group/p"}, True),
        # What names nobody says nothing of another patient.
        ({"reference": "Patient/{{context.patientId}}"}, False),
        ({"reference": "Patient/undefined"}, False),
        ({"reference": "null"}, False),
        ({"reference": "N/A"}, False),
        ({"reference": "Patient/[object Object]"}, False),
        ({"reference": "Patient/q, Patient/r"}, False),
        ({"reference": "Patient: q"}, False),
        ({"reference": "Patient/q/r"}, False),
        ({"reference": "https://ehr.example/"}, False),
        ({"reference": "Patient/00000000-0000-0000-0000-000000000000"}, False),
    ],
)
def test_a_record_of_another_patient_is_marked(subject: object, another: bool) -> None:
    assert read(order(subject=subject)).regimens[0].another_patient is another
    assert read(order(patient=subject)).regimens[0].another_patient is another


def test_where_ids_have_such_signs_they_tell_patients_apart() -> None:
    record = [order(subject={"reference": f"Patient/{name}"}) for name in ("site:1", "site:2")]
    assert [read(each, patient_id="site:1").regimens[0].another_patient for each in record] == [False, True]


def test_the_patient_is_known_by_the_url_of_its_entry() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:0a", "resource": {"resourceType": "Patient", "id": "p", "gender": "female"}},
            {"fullUrl": "urn:uuid:0b", "resource": order(subject={"reference": "urn:uuid:0a"})},
        ],
    }
    for patient_id in ("p", "Patient/p", "urn:uuid:0a", None):
        patient = read(bundle, patient_id=patient_id)
        assert (patient.reference, patient.sex) == ("Patient/p", "female")
        assert not patient.regimens[0].another_patient


@pytest.mark.parametrize(
    ("sent", "born"),
    [
        ("1950-06-07", (date(1950, 6, 7), date(1950, 6, 7))),
        ("1950-06", (date(1950, 6, 1), date(1950, 6, 30))),
        ("1950", (date(1950, 1, 1), date(1950, 12, 31))),
        ("1950-06-07T00:00:00", (date(1950, 6, 7), date(1950, 6, 7))),
        ("fifty", None),
        (1950, None),
        (None, None),
    ],
)
def test_a_birth_date_spans_what_it_leaves_open(sent: object, born: tuple[date, date] | None) -> None:
    assert read({"resourceType": "Patient", "id": "p", "birthDate": sent}).born == born


def test_the_particulars_of_another_patient_are_not_used() -> None:
    patient = read({"resourceType": "Patient", "id": "q", "birthDate": "1950"})
    assert (patient.reference, patient.born) == ("Patient/p", None)
    assert patient.missing == (("patient", "the one that was sent is another patient's"),)


def test_without_an_id_the_one_patient_of_the_record_is_meant() -> None:
    one = {"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01"}
    other = {"resourceType": "Patient", "id": "q"}
    assert read(one, order(subject={"reference": "Patient/z"}), patient_id=None).regimens[0].another_patient
    assert read(one, other, order(subject={"reference": "Patient/p"}), patient_id=None).reference == "Patient/p"
    assert read(order(subject={"reference": "Patient/p"}), patient_id=None).reference == "Patient/p"


def test_several_patients_that_cannot_be_told_apart_are_said() -> None:
    records = [order(name, subject={"reference": f"Patient/{name}"}) for name in "pq"]
    for extra in ([], [{"resourceType": "Patient", "id": name} for name in "pq"]):
        patient = read(*records, *extra, patient_id=None)
        assert patient.reference is None
        assert ("patient", "the record holds more than one patient") in patient.missing


def test_the_order_of_resources_changes_nothing() -> None:
    resources = [
        {"resourceType": "Patient", "id": "p", "birthDate": "1950"},
        order("b", status="active"),
        order("a", status="stopped"),
        order("a", status="active"),
        order(None, status="active"),
        order(None, status="stopped"),
        {"resourceType": "Condition", "id": "c", "code": {"text": "y"}},
        "rubbish",
    ]
    first = read(*resources, drafts=[order(None), order("d")])
    assert len(first.regimens) == 6
    for permutation in itertools.islice(itertools.permutations(resources), 0, None, 997):
        assert read(*permutation, drafts=[order("d"), order(None)]) == first


def test_copies_are_one() -> None:
    patient = read(order(), order(), order(meta={"versionId": "2"}), order(None), order(None))
    assert sources(patient) == ["MedicationRequest/m", "MedicationRequest[1]"]
    assert [regimen.notes for regimen in patient.regimens] == [(), ()]
    assert patient.unread == ()


def test_the_newest_of_several_versions_counts() -> None:
    old = order(status="active", meta={"lastUpdated": "2026-01-01T23:00:00-05:00", "versionId": "9"})
    new = order(status="stopped", meta={"lastUpdated": "2026-01-02T03:00:00Z", "versionId": "1"})
    # 23:00 at -05:00 is 04:00 the next day in UTC: the "old" one is an hour newer
    for pair in ((old, new), (new, old)):
        (regimen,) = read(*pair).regimens
        assert (regimen.status, regimen.notes) == ("active", ("several-versions",))


def test_versions_that_nothing_orders_are_reported() -> None:
    patient = read(order(status="active"), order(status="stopped"))
    assert sources(patient) == ["MedicationRequest/m"]
    assert patient.unread == (
        Unread("MedicationRequest/m", "sent in versions that differ, and nothing says which is the newer"),
    )


def test_of_versions_that_nothing_orders_the_one_that_stands_counts() -> None:
    for over in ("stopped", "completed", "cancelled", "entered-in-error"):
        for pair in ((order(status="active"), order(status=over)), (order(status=over), order(status="active"))):
            assert [regimen.status for regimen in read(*pair).regimens] == ["active"]


def test_versions_are_ordered_by_what_all_of_them_have() -> None:
    update, number = {"lastUpdated": "2026-11-01T00:00:00Z"}, {"versionId": "2"}
    for stopped, active in (
        (number, {}),
        (update, {}),
        (update, number),
        (number, {"versionId": "W/1"}),
        (update, update),
    ):
        assert [
            regimen.status
            for regimen in read(order(status="stopped", meta=stopped), order(status="active", meta=active)).regimens
        ] == ["active"]
        assert len(read(order(status="stopped", meta=stopped), order(status="active", meta=active)).unread) == 1
    newer = {"lastUpdated": "2026-11-01T00:00:00Z", "versionId": "2"}
    for older in ({"versionId": "1"}, {"lastUpdated": "2026-10-31T00:00:00Z"}):
        (regimen,) = read(order(status="stopped", meta=newer), order(status="active", meta=older)).regimens
        assert regimen.status == "stopped"


def test_of_a_condition_both_versions_that_nothing_orders_are_read_and_doubted() -> None:
    active, resolved = (
        {
            "resourceType": "Condition",
            "id": "c",
            "clinicalStatus": {"coding": [{"code": code}]},
            "code": {"text": "COPD"},
        }
        for code in ("active", "resolved")
    )
    for pair in ((active, resolved), (resolved, active)):
        patient = read(*pair)
        found = sorted((entry.clinical_status, entry.in_doubt) for entry in patient.conditions)
        assert found == [("active", True), ("resolved", True)]
        assert [(line.source, line.medication, line.condition) for line in patient.unread] == [
            ("Condition/c", False, False)
        ]
    (newest,) = read(active | {"meta": {"versionId": "1"}}, resolved | {"meta": {"versionId": "2"}}).conditions
    assert (newest.clinical_status, newest.in_doubt) == ("resolved", False)


@pytest.mark.parametrize(
    ("code", "codings"),
    [
        ({"text": "sleep apnea " + "x" * 2200}, 0),
        ("sleep apnea " + "x" * 2200, 0),
        ({"text": "x" * 2200, "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "G47.33"}]}, 1),
        ({"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "G47.33", "display": "x" * 2200}]}, 1),
        (None, 0),
        ({"coding": [{"system": "urn:local", "code": "17"}]}, 1),
    ],
)
def test_a_condition_that_cannot_be_told_is_said_and_its_code_counts(code: object, codings: int) -> None:
    condition = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "code": code}
    patient = read(condition)
    assert [len(entry.codings) for entry in patient.conditions] == [codings]
    assert [(line.source, line.medication, line.condition) for line in patient.unread] == [("Condition/c", False, True)]
    assert read({**condition, "subject": {"reference": "Patient/q"}}).unread == ()


@pytest.mark.parametrize(
    "members",
    [
        {"code": {"text": "x" * 2001, "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Z51.5"}]}},
        {"note": [{"text": "seen. " * 500 + "Patient declined."}]},
        {"modifierExtension": [{"url": "https://ehr.example/negated", "valueBoolean": True}]},
    ],
)
def test_a_condition_that_is_not_read_in_full_is_in_doubt(members: dict[str, object]) -> None:
    plain = {"resourceType": "Condition", "id": "c", "code": {"text": "Hospice care"}}
    assert [entry.in_doubt for entry in (*read(plain).conditions, *read(plain | members).conditions)] == [False, True]


def test_of_several_concepts_of_a_condition_all_texts_are_read() -> None:
    sent = {"resourceType": "Condition", "code": [{"text": "Asthma"}, {"text": "COPD"}, {"coding": [{"display": "x"}]}]}
    assert [(entry.text, len(entry.codings)) for entry in read(sent).conditions] == [("Asthma; COPD", 1)]


def test_a_status_is_sought_among_all_its_codings() -> None:
    status = {"coding": [{"system": "http://snomed.info/sct", "code": "413322009"}, {"code": "resolved"}]}
    (entry,) = read({"resourceType": "Condition", "clinicalStatus": status, "verificationStatus": status}).conditions
    assert (entry.clinical_status, entry.verification_status) == ("resolved", "413322009")


def test_a_draft_stays_beside_the_record_of_the_same_id() -> None:
    patient = read(order(status="active"), drafts=[order(status="draft"), order(status="draft")])
    assert [(regimen.source, regimen.draft) for regimen in patient.regimens] == [
        ("MedicationRequest/m", False),
        ("MedicationRequest/m", True),
    ]


def named(drug: str, identity: str = "m", **members: object) -> dict[str, object]:
    return order(identity, medicationCodeableConcept={"text": drug}, **members)


def drugs(patient: Patient) -> dict[str, str | None]:
    return {
        f"{'draft ' if regimen.draft else ''}{regimen.source}": regimen.medication.text for regimen in patient.regimens
    }


A, B = "https://a.example/fhir", "https://b.example/fhir"
M = "MedicationRequest/m"


@pytest.mark.parametrize(
    ("server", "sent", "expected"),
    [
        # no address, or that of the call: Type/id; another server: its address
        (None, [(A, "x"), (B, "y")], {f"{A}/{M}": "x", f"{B}/{M}": "y"}),
        (A, [(A, "x"), (B, "y")], {M: "x", f"{B}/{M}": "y"}),
        (f"{A}/", [(None, "x"), (B, "y")], {M: "x", f"{B}/{M}": "y"}),
        ("http://A.example/fhir", [(A, "x"), (B, "y")], {M: "x", f"{B}/{M}": "y"}),
        (None, [(A, "x")], {M: "x"}),
        (B, [(A, "x")], {M: "x"}),
        # one product on two servers, in different doses
        (A, [(None, "x"), (B, "x")], {M: "x", f"{B}/{M}": "x"}),
        # one content by two addresses is a copy
        (None, [(A, "same"), (B, "same")], {M: "same"}),
        (A, [(None, "same"), (B, "same"), (A, "same")], {M: "same"}),
        # one id on one server, of two products
        (None, [(A, "x"), (A, "y")], {f"{M}[1]": "x", f"{M}[2]": "y"}),
        (None, [(None, "x"), (None, "y"), (None, "x")], {f"{M}[1]": "x", f"{M}[2]": "y"}),
        (None, [(None, "x"), (A, "y")], {f"{M}[1]": "x", f"{M}[2]": "y"}),
    ],
)
def test_one_id_on_two_servers_or_of_two_products_is_two_records(
    server: str | None, sent: list[tuple[str | None, str]], expected: dict[str, str]
) -> None:
    entries = []
    for number, (base, drug) in enumerate(sent):
        more = {} if drug == "same" else {"authoredOn": f"2026-01-{number + 1:02}", "meta": {"versionId": str(number)}}
        url = f"{base}/{M}" if base else None
        entries.append(BundleEntry(named(drug, **more), url))
    for permutation in itertools.permutations(entries):
        assert drugs(read(*permutation, server=server)) == expected


def test_two_drafts_of_different_drugs_with_one_id_are_two_orders() -> None:
    patient = read(drafts=[named("x", meta={"versionId": "1"}), named("y", meta={"versionId": "2"})])
    assert drugs(patient) == {f"draft {M}[1]": "x", f"draft {M}[2]": "y"}
    assert {regimen.notes for regimen in patient.regimens} == {("same-id",)}


def test_two_contained_medications_of_one_name_are_two_products() -> None:
    def containing(drug: str) -> dict[str, object]:
        resource = order("m", contained=[{"resourceType": "Medication", "id": "1", "code": {"text": drug}}])
        del resource["medicationCodeableConcept"]
        return {**resource, "medicationReference": {"reference": "#1"}}

    assert set(drugs(read(drafts=[containing("x"), containing("y")])).values()) == {"x", "y"}


def test_a_draft_keeps_the_name_of_the_recorded_order_of_its_product() -> None:
    patient = read(named("x", status="active"), named("y"), drafts=[named("y", status="draft")])
    assert drugs(patient) == {f"{M}[1]": "x", f"{M}[2]": "y", f"draft {M}[2]": "y"}


def medication(drug: str, identity: str = "1") -> dict[str, object]:
    return {"resourceType": "Medication", "id": identity, "code": {"text": drug}}


def referring(reference: str = "Medication/1", identity: str = "m") -> dict[str, object]:
    return {"resourceType": "MedicationRequest", "id": identity, "medicationReference": {"reference": reference}}


@pytest.mark.parametrize(
    "reference", ["Medication/1", "medication/1", "1", f"{A}/Medication/1", "Medication/1/_history/2"]
)
def test_a_drafts_medication_is_sought_among_the_drafts_first(reference: str) -> None:
    beside = BundleEntry(medication("drafted"), f"{A}/Medication/1")
    patient = read(medication("recorded"), drafts=[referring(reference), beside], server=A)
    assert drugs(patient)[f"draft {M}"] == "drafted"
    assert drugs(read(medication("recorded"), drafts=[referring(reference)], server=A)) == {f"draft {M}": "recorded"}


def test_a_recorded_orders_medication_is_never_sought_among_the_drafts() -> None:
    (regimen,) = read(referring(), drafts=[medication("drafted")]).regimens
    assert (regimen.medication.text, regimen.notes) == (None, ("medication-not-sent",))


def test_a_reference_means_the_medication_of_its_own_server() -> None:
    orders = [BundleEntry(referring(), f"{base}/{M}") for base in (A, B)]
    products = [BundleEntry(medication(base), f"{base}/Medication/1") for base in (A, B)]
    for entries in itertools.permutations([*orders, *products]):
        assert drugs(read(*entries)) == {f"{base}/{M}": base for base in (A, B)}
    other = BundleEntry(referring(f"{B}/Medication/1"), f"{A}/{M}")
    assert drugs(read(other, *products)) == {M: B}
    # The Medication of another server than the one named may be another product.
    (regimen,) = read(referring(f"{B}/Medication/1"), products[0]).regimens
    assert regimen.notes == ("medication-not-sent",)


def test_a_medication_of_two_products_is_not_told() -> None:
    (regimen,) = read(referring(), medication("x"), medication("y")).regimens
    assert (regimen.medication.text, regimen.notes) == (None, ("medication-not-sent",))


@pytest.mark.parametrize(
    "reference", ["MedicationRequest/m", "m", "medicationrequest/m", f"{B}/{M}", f"{B}/{M}/_history/2"]
)
def test_a_prior_order_is_named_as_its_record_is(reference: str) -> None:
    draft = named("y", "new", priorPrescription={"reference": reference}, basedOn=[{"reference": reference}])
    patient = read(BundleEntry(named("x"), f"{A}/{M}"), BundleEntry(named("y"), f"{B}/{M}"), drafts=[draft])
    assert (patient.regimens[-1].prior, patient.regimens[-1].references) == (f"{B}/{M}", (f"{B}/{M}",))


@pytest.mark.parametrize("kind", ["replaces", "replaced-by", "refer", "seealso", "replace"])
def test_the_ids_that_a_patients_link_names_are_the_patients(kind: str) -> None:
    link = [{"other": {"reference": "Patient/old"}, "type": kind}]
    own = {"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01", "link": link}
    for sent in (own, {**own, "id": "old", "link": [{"other": {"reference": f"{A}/patient/P"}, "type": kind}]}):
        patient = read(
            sent, order(subject={"reference": "Patient/old"}), order("n", subject={"reference": "Patient/p"})
        )
        assert [regimen.another_patient for regimen in patient.regimens] == [False, False]
        assert (patient.born, patient.missing) == ((date(1950, 1, 1), date(1950, 1, 1)), ())


def test_links_of_links_and_of_persons_who_are_no_patients() -> None:
    def linked(identity: str, *others: str) -> dict[str, object]:
        links = [{"other": {"reference": other}, "type": "seealso"} for other in others]
        return {"resourceType": "Patient", "id": identity, "link": links}

    patients = [linked("p", "Patient/q"), linked("q", "RelatedPerson/z", "Patient/r"), linked("s", "Patient/t")]
    orders = [order(name, subject={"reference": f"Patient/{name}"}) for name in "pqrstz"]
    for everything in itertools.permutations(patients):
        others = [regimen.source for regimen in read(*everything, *orders).regimens if regimen.another_patient]
        assert others == [f"MedicationRequest/{name}" for name in "stz"]


def test_two_drafts_alike_without_an_id_are_two_orders() -> None:
    assert sources(read(drafts=[order(None), order(None)])) == ["MedicationRequest[1]", "MedicationRequest[2]"]


def test_an_order_without_an_id_is_named_by_its_entry() -> None:
    entry = BundleEntry(order(None), "urn:uuid:0C")
    assert sources(read(drafts=[entry])) == ["urn:uuid:0c"]


def test_a_reference_to_an_entry_is_named_by_its_resource() -> None:
    prior = BundleEntry(order("old"), "urn:uuid:0d")
    patient = read(prior, drafts=[order("new", priorPrescription={"reference": "urn:uuid:0d"})])
    assert patient.regimens[-1].prior == "MedicationRequest/old"


def test_other_resources_are_left_alone() -> None:
    patient = read({"resourceType": "Encounter"}, drafts=[{"resourceType": "ServiceRequest", "id": "s"}])
    assert (patient.regimens, patient.conditions, patient.unread) == ((), (), ())


def test_what_is_no_resource_is_a_line_for_each() -> None:
    patient = read(7, {"id": "m"}, {"resourceType": 5}, order())
    assert sources(patient) == ["MedicationRequest/m"]
    assert patient.unread == tuple(Unread(f"entry[{n}]", "not an object with a resourceType") for n in (1, 2, 3))


@pytest.mark.parametrize("kind", ["medicationrequest", "MEDICATIONREQUEST", " MedicationRequest "])
def test_a_type_in_other_letters_is_that_type(kind: str) -> None:
    assert sources(read({**order(), "resourceType": kind})) == ["MedicationRequest/m"]


def test_a_medication_of_an_unknown_type_is_said_and_a_formulary_page_is_not() -> None:
    patient = read({**order(), "resourceType": "MedicationOrderSet"}, {"resourceType": "MedicationKnowledge"})
    assert patient.regimens == ()
    assert patient.unread == (Unread("Medication...[1]", "of a type that this service does not know"),)


def test_what_is_missing_is_passed_on() -> None:
    patient = read({"resourceType": "Patient", "id": "p"}, missing=[("conditions", "not sent")])
    assert patient.missing == (("conditions", "not sent"),)


def test_a_condition_is_read_in_every_version() -> None:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "Y"}], "text": "y"}
    condition: dict[str, object] = {"resourceType": "Condition", "id": "c", "code": code}
    expected = ConditionEntry(
        source="Condition/c",
        codings=(Coding(CodeSystem.SNOMED, "1", "Y"),),
        text="y",
        clinical_status="active",
        verification_status="confirmed",
        onset=date(2020, 1, 1),
        abatement=date(2020, 2, 29),
        abated=True,
        recorded=date(2020, 3, 1),
    )
    r4 = {
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "Confirmed"}]},
        "onsetPeriod": {"start": "2020"},
        "abatementDateTime": "2020-02",
        "recordedDate": "2020-03-01",
        "subject": {"reference": "Patient/p"},
    }
    stu3 = {**r4, "clinicalStatus": "active", "assertedDate": "2020-03-01", "onsetDateTime": "2020-01-01"}
    dstu2 = {**stu3, "verificationStatus": "confirmed", "dateRecorded": "2020-03-01", "patient": r4["subject"]}
    del stu3["recordedDate"], dstu2["recordedDate"], dstu2["assertedDate"], dstu2["subject"]
    for members in (r4, stu3, dstu2):
        assert read({**condition, **members}).conditions == (expected,)


def test_a_condition_of_another_patient_is_marked() -> None:
    condition = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/q"}}
    assert read(condition).conditions[0].another_patient


@pytest.mark.parametrize(
    "ended", [{"abatementBoolean": True}, {"abatementAge": {"value": 30}}, {"abatementString": "as a child"}]
)
def test_a_condition_said_to_have_ended_is_resolved(ended: dict[str, object]) -> None:
    assert read({"resourceType": "Condition", **ended}).conditions[0].clinical_status == "resolved"
    stated = read({"resourceType": "Condition", "clinicalStatus": "relapse", **ended})
    assert stated.conditions[0].clinical_status == "relapse"


@pytest.mark.parametrize(
    ("sent", "of_visit"),
    [
        ({"category": [{"coding": [{"code": "encounter-diagnosis"}]}]}, True),
        ({"category": [{"text": "Encounter Diagnosis"}]}, True),
        ({"category": [{"coding": [{"code": "7", "display": "Visit diagnosis"}]}]}, True),
        ({"category": "past medical history"}, True),
        ({"encounter": {"reference": "Encounter/1"}}, True),
        ({"category": [{"coding": [{"code": "problem-list-item"}]}], "encounter": {"reference": "Encounter/1"}}, False),
        ({"category": [{"coding": [{"code": "problem-list-item"}]}, {"text": "encounter-diagnosis"}]}, False),
        ({"category": [{"coding": [{"code": "health-concern"}]}], "encounter": {"reference": "Encounter/1"}}, None),
        ({"category": 7}, None),
        ({}, None),
    ],
)
def test_the_diagnosis_of_a_visit_is_told_from_a_problem(sent: dict[str, object], of_visit: bool | None) -> None:
    assert read({"resourceType": "Condition", "id": "c", **sent}).conditions[0].of_visit is of_visit


def test_what_a_condition_says_beside_its_code_is_kept() -> None:
    sent: list[dict[str, object]] = [
        {"note": [{"text": "declined"}, {"authorString": "x"}]},
        {"note": "declined"},
        {"note": {"text": " declined "}},
        {"notes": "declined"},
    ]
    for members in sent:
        assert read({"resourceType": "Condition", "id": "c", **members}).conditions[0].remarks == ("declined",)
    (entry,) = read({"resourceType": "Condition", "clinicalStatus": "active", "abatementString": "in May"}).conditions
    assert (entry.abated, entry.clinical_status) == (True, "active")


def test_a_record_that_is_all_another_patients_is_incomplete() -> None:
    stray = order("a", subject={"reference": "Patient/q"})
    lacking = ("medicationRequests", "all that was sent is another patient's")
    assert lacking in read(stray).missing
    assert lacking in read(stray, drafts=[order("d", subject={"reference": "Patient/p"})]).missing
    assert lacking not in read(stray, order("b", subject={"reference": "patient/P"})).missing
    assert lacking not in read(drafts=[stray]).missing


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("MedicationStatement", "medicationStatements"),
        ("MedicationDispense", "medicationDispenses"),
        ("Condition", "conditions"),
    ],
)
def test_a_part_of_the_record_that_is_all_another_patients_is_incomplete(kind: str, place: str) -> None:
    stray = {**order("a", subject={"reference": "Patient/q"}), "resourceType": kind}
    own = {**order("b", subject={"reference": "Patient/p"}), "resourceType": kind}
    lacking = (place, "all that was sent is another patient's")
    assert lacking in read(stray, order("c", subject={"reference": "Patient/p"})).missing
    assert lacking not in read(stray, own).missing
