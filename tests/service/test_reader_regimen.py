"""Is each record of a medication read with its status, its dates, its supply, and whose and by whom it is?"""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from cds_service.fhir.reader import read_patient
from rules.model import CodeSystem, Coding, Period, Quantity, Reason, RecordKind, Regimen, Setting, Supply

ZONE = ZoneInfo("America/New_York")
TABLETS = Quantity(Fraction(60), "TAB")


def read(kind: str = "MedicationRequest", **members: object) -> Regimen:
    resource = {"resourceType": kind, "id": "m", "medicationCodeableConcept": {"text": "x"}, **members}
    (regimen,) = read_patient([resource], patient_id="p", zone=ZONE).regimens
    return regimen


@pytest.mark.parametrize(
    ("sent", "day", "notes"),
    [
        ("2026-03-01", date(2026, 3, 1), ()),
        ("2026-03-01T02:00:00Z", date(2026, 2, 28), ()),
        ("2026-03-01T02:00:00.123+00:00", date(2026, 2, 28), ()),
        ("2026-03-01T02:00:00-05:00", date(2026, 3, 1), ()),
        ("2026-03-01T02:00:00", date(2026, 3, 1), ("naive-datetime",)),
        ("2026-03", date(2026, 3, 1), ("partial-date",)),
        ("2026", date(2026, 1, 1), ("partial-date",)),
        ("2026-03-01T25:00:00Z", date(2026, 3, 1), ("time-not-readable",)),
        ("0001-01-01T00:00:00Z", None, ("date-not-believed", "time-not-readable")),
        ("1900-01-01", None, ("date-not-believed",)),
        ("1900", None, ("date-not-believed", "partial-date")),
        ("1901-01-01", date(1901, 1, 1), ()),
        ("2098-12-31", date(2098, 12, 31), ()),
        ("2099-12-31", None, ("date-not-believed",)),
        ("9999-12-31", None, ("date-not-believed",)),
        ("9999-12-31T23:59:59-05:00", None, ("date-not-believed", "time-not-readable")),
        ("last week", None, ("date-not-readable",)),
        ("2026-13", None, ("date-not-readable",)),
        (20260301, None, ("date-not-readable",)),
        ("", None, ("date-not-readable",)),
    ],
)
def test_an_instant_is_the_day_in_the_zone_of_the_site(sent: object, day: date | None, notes: tuple[str, ...]) -> None:
    regimen = read(authoredOn=sent)
    assert (regimen.authored_on, regimen.notes) == (day, notes)


def test_the_end_of_a_partial_period_is_its_last_day() -> None:
    regimen = read(dispenseRequest={"validityPeriod": {"start": "2025-11", "end": "2026-02"}})
    assert regimen.validity == Period(date(2025, 11, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("start", "end", "period", "notes"),
    [
        ("2026-11-15", "2026-11-14", Period(date(2026, 11, 15), date(2026, 11, 14)), ()),  # the rules judge it
        ("2026-11-15", "1900-01-01", Period(date(2026, 11, 15)), ("date-not-believed",)),
        ("1900-01-01", "9999-12-31", Period(), ("date-not-believed",)),
        ("0001-01-01", "2026-12-01", Period(None, date(2026, 12, 1)), ("date-not-believed",)),
        ("2026-11-15", "2026-11-15", Period(date(2026, 11, 15), date(2026, 11, 15)), ()),
        ("2026-11-15", "2026-11", Period(date(2026, 11, 15), date(2026, 11, 30)), ("partial-date",)),
    ],
)
def test_a_day_that_stands_for_none_is_no_end_of_a_period(
    start: str, end: str, period: Period, notes: tuple[str, ...]
) -> None:
    sent = {"start": start, "end": end}
    regimen = read(dispenseRequest={"validityPeriod": sent})
    assert (regimen.validity, regimen.notes) == (period, notes)
    statement = read("MedicationStatement", effectivePeriod=sent)
    assert (statement.effective, statement.notes) == (period, notes)
    (line,) = read(dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": sent}}}]).dosages
    assert line.timing is not None
    assert line.timing.bounds == period


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2025", date(2025, 12, 31)),
        ("2026", date(2026, 11, 22)),
        ("2026-10", date(2026, 10, 31)),
        ("2026-11", date(2026, 11, 22)),
        ("2026-12", date(2026, 12, 1)),
        ("2026-11-03", date(2026, 11, 3)),
    ],
)
def test_a_date_known_in_part_is_the_latest_that_can_be(sent: str, day: date) -> None:
    resource = {"resourceType": "MedicationRequest", "id": "m", "medicationCodeableConcept": {"text": "x"}}
    statement = {**resource, "resourceType": "MedicationStatement", "effectivePeriod": {"start": sent}}
    for sending in (
        {**resource, "authoredOn": sent},
        {**resource, "dispenseRequest": {"validityPeriod": {"start": sent}}},
        {**resource, "dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"start": sent}}}}]},
        {**resource, "dosageInstruction": [{"timing": {"event": [], "repeat": {"boundsPeriod": {"start": sent}}}}]},
    ):
        (regimen,) = read_patient([sending], patient_id="p", zone=ZONE, on=date(2026, 11, 22)).regimens
        bounds = [line.timing.bounds.start for line in regimen.dosages if line.timing is not None]
        assert day in (regimen.authored_on, regimen.validity.start, *bounds)
    (regimen,) = read_patient([statement], patient_id="p", zone=ZONE, on=date(2026, 11, 22)).regimens
    assert regimen.effective.start == day


def test_the_words_of_the_order_are_read_in_lower_case() -> None:
    regimen = read(status="Active", intent="ORDER")
    assert (regimen.kind, regimen.status, regimen.intent) == (RecordKind.REQUEST, "active", "order")


def test_a_status_that_cannot_be_read_is_said() -> None:
    regimen = read(status=7.5)
    assert (regimen.status, regimen.notes) == ("", ("status-not-readable",))


def test_an_order_not_to_give_is_one() -> None:
    assert read(doNotPerform=True).do_not_perform
    assert read(doNotPerform="true").do_not_perform
    assert not read(doNotPerform=False).do_not_perform
    assert read(doNotPerform=[]).notes == ("do-not-perform-not-readable",)


@pytest.mark.parametrize(
    ("category", "setting"),
    [
        ([{"coding": [{"code": "outpatient"}]}], Setting.COMMUNITY),
        ({"coding": [{"code": "community"}]}, Setting.COMMUNITY),
        ([{"text": "Inpatient"}], Setting.INPATIENT),
        ([{"coding": [{"code": "inpatient"}]}, {"coding": [{"code": "discharge"}]}], Setting.DISCHARGE),
        ({"coding": [{"code": "local"}, {"code": "inpatient"}]}, Setting.INPATIENT),
        ("inpatient", Setting.INPATIENT),
        ([{"coding": [{"code": "other"}]}], None),
        (None, None),
    ],
)
def test_the_setting_is_read_from_a_list_or_an_object(category: object, setting: Setting | None) -> None:
    assert read(category=category).setting is setting


@pytest.mark.parametrize(
    ("requester", "name"),
    [
        ({"reference": "Practitioner/9"}, "Practitioner/9"),
        ({"reference": "https://ehr.example/r4/Practitioner/9/_history/2", "display": "Dr X"}, "Practitioner/9"),
        ({"display": "Dr X"}, "Dr X"),
        ({"identifier": {"system": "s", "value": "v"}, "display": "Dr X"}, "s|v"),
        ({"agent": {"reference": "Practitioner/9"}}, "Practitioner/9"),
        ({"reference": "Practitioner?identifier=s|9"}, "Practitioner?identifier=s|9"),
        ({"extension": [{"url": "x"}]}, None),
        (7, None),
    ],
)
def test_the_requester_is_named_alike_in_every_form(requester: object, name: str | None) -> None:
    assert read(requester=requester).requester == name


@pytest.mark.parametrize(
    ("requester", "name"),
    [
        ({"reference": "Practitioner/9", "display": "Dr Abara"}, "Dr Abara"),
        ({"display": "Dr Abara"}, "Dr Abara"),
        ({"agent": {"reference": "Practitioner/9", "display": "Dr Abara"}}, "Dr Abara"),
        ([{"reference": "Practitioner/9", "display": "Dr Abara"}], "Dr Abara"),
        ({"reference": "Practitioner/9"}, None),
        ({"reference": "Patient/p1", "display": "Zainab Okoro"}, None),
        ({"type": "Patient", "display": "Zainab Okoro"}, None),
        ("Practitioner/9", None),
        (None, None),
    ],
)
def test_the_requester_has_the_name_that_was_sent_and_a_patient_none(requester: object, name: str | None) -> None:
    assert read(requester=requester).requester_name == name


def test_the_prescriber_of_dstu2_is_the_requester() -> None:
    regimen = read("MedicationOrder", prescriber={"reference": "Practitioner/9"}, dateWritten="2026-01-02")
    assert (regimen.requester, regimen.authored_on, regimen.source) == (
        "Practitioner/9",
        date(2026, 1, 2),
        "MedicationOrder/m",
    )


def test_the_supply_of_an_order_is_read() -> None:
    dispense = {
        "quantity": {"value": 60, "unit": "TAB"},
        "expectedSupplyDuration": {"value": 1, "unit": "mo", "code": "mo"},
        "numberOfRepeatsAllowed": 2,
    }
    # a month of 365/12 days, as the units table has it
    assert read(dispenseRequest=dispense).supply == Supply(TABLETS, Fraction(365, 12), Fraction(2))


def test_days_of_supply_without_a_unit_are_days_and_said() -> None:
    regimen = read(dispenseRequest={"expectedSupplyDuration": {"value": 30}})
    assert (regimen.supply, regimen.notes) == (Supply(None, Fraction(30)), ("days-assumed",))


@pytest.mark.parametrize(
    "dispense",
    [{"quantity": {"value": "many"}}, {"expectedSupplyDuration": {"value": 1, "unit": "box"}}, 7],
)
def test_an_unreadable_supply_is_said(dispense: object) -> None:
    assert read(dispenseRequest=dispense).notes == ("supply-not-readable",)


def test_an_order_without_a_word_on_supply_has_none() -> None:
    assert read().supply is None
    assert read(dispenseRequest={"validityPeriod": {"start": "2026-01-01"}}).supply is None


def test_what_an_order_rests_on_is_named() -> None:
    regimen = read(
        priorPrescription={"reference": "https://ehr.example/MedicationRequest/7"},
        basedOn=[{"reference": "MedicationRequest/6"}, {"display": "nothing"}],
    )
    assert (regimen.prior, regimen.references) == ("MedicationRequest/7", ("MedicationRequest/6",))


def test_what_was_reported_is_marked() -> None:
    assert read(reportedBoolean=True).reported
    assert read(reportedReference={"reference": "Patient/p"}).reported
    assert read(reported=True).reported
    assert not read(reportedBoolean=False).reported
    assert not read().reported


@pytest.mark.parametrize(
    ("members", "taken"),
    [
        ({"status": "active"}, None),
        ({"status": "not-taken"}, False),
        ({"status": "active", "taken": "n"}, False),
        ({"status": "active", "taken": "y"}, True),
        ({"status": "active", "taken": "unk"}, None),
        ({"status": "active", "wasNotTaken": True}, False),
        ({"status": "active", "wasNotTaken": False}, True),
        ({"status": "recorded", "adherence": {"code": {"coding": [{"code": "not-taking"}]}}}, False),
    ],
)
def test_a_statement_says_whether_it_is_taken(members: dict[str, object], taken: bool | None) -> None:
    assert read("MedicationStatement", **members).taken is taken


@pytest.mark.parametrize(
    ("adherence", "status", "taken"),
    [
        ("taking", "active", None),
        ("taking-not-as-directed", "active", None),
        ("not-taking", "not-taken", False),
        ("not-taking-not-as-directed", "not-taken", False),
        ("on-hold-as-directed", "on-hold", None),
        ("stopped-not-as-directed", "stopped", None),
        ("unknown", "unknown", None),
        (None, "unknown", None),
    ],
)
def test_the_adherence_of_r5_is_the_status_of_r4(adherence: str | None, status: str, taken: bool | None) -> None:
    members = {} if adherence is None else {"adherence": {"code": {"coding": [{"code": adherence}]}}}
    regimen = read("MedicationStatement", status="recorded", **members)
    assert (regimen.status, regimen.taken) == (status, taken)


@pytest.mark.parametrize(
    ("kind", "flag"),
    [
        ("MedicationStatement", "wasNotTaken"),
        ("MedicationAdministration", "wasNotGiven"),
        ("MedicationAdministration", "notGiven"),
        ("MedicationDispense", "notDone"),
    ],
)
def test_a_flag_that_it_never_was_is_read_in_every_version(kind: str, flag: str) -> None:
    assert read(kind, status="completed", **{flag: True}).taken is False
    assert read(kind, status="completed", **{flag: False}).taken is True


@pytest.mark.parametrize(
    ("members", "ended"),
    [
        ({"dateEnded": "2026-03-05"}, date(2026, 3, 5)),
        ({"dateEnded": "2026-03"}, date(2026, 3, 31)),
        ({"status": "stopped", "statusChanged": "2026-03-05T03:00:00Z"}, date(2026, 3, 4)),
        ({"status": "on-hold", "statusChanged": "2026-03-05"}, date(2026, 3, 5)),
        ({"status": "active", "statusChanged": "2026-03-05"}, None),
        ({"status": "stopped"}, None),
    ],
)
def test_the_day_on_which_an_order_was_stopped_is_read(members: dict[str, object], ended: date | None) -> None:
    assert read(**members).ended == ended


def test_the_dates_of_an_administration_are_read_in_every_version() -> None:
    for name in ("effectivePeriod", "effectiveTimePeriod", "occurencePeriod", "occurrencePeriod"):
        period = {name: {"start": "2026-01-02", "end": "2026-01-02"}}
        assert read("MedicationAdministration", **period).effective == Period(date(2026, 1, 2), date(2026, 1, 2)), name
    for name in ("effectiveDateTime", "effectiveTimeDateTime", "occurenceDateTime", "occurrenceDateTime"):
        regimen = read("MedicationAdministration", **{name: "2026-01-02"})
        assert regimen.effective == Period(date(2026, 1, 2), date(2026, 1, 2)), name


@pytest.mark.parametrize("name", ["request", "prescription", "basedOn"])
def test_the_order_of_an_administration_is_named(name: str) -> None:
    regimen = read("MedicationAdministration", **{name: {"reference": "MedicationRequest/7"}})
    assert regimen.references == ("MedicationRequest/7",)


def test_the_dosage_is_found_under_the_name_of_another_kind() -> None:
    for kind in ("MedicationRequest", "MedicationStatement"):
        for name in ("dosage", "dosageInstruction"):
            assert [line.text for line in read(kind, **{name: [{"text": "one"}]}).dosages] == ["one"]


def test_the_day_of_a_statement_starts_the_use_and_does_not_end_it() -> None:
    regimen = read("MedicationStatement", effectiveDateTime="2026-01-02", dateAsserted="2026-01-05")
    assert (regimen.effective, regimen.authored_on) == (Period(date(2026, 1, 2)), date(2026, 1, 5))


def test_the_period_of_a_statement_is_read() -> None:
    regimen = read("MedicationStatement", effectivePeriod={"start": "2026-01-02", "end": "2026-01-09"})
    assert regimen.effective == Period(date(2026, 1, 2), date(2026, 1, 9))


def test_a_dispense_is_read() -> None:
    regimen = read(
        "MedicationDispense",
        status="completed",
        whenPrepared="2026-01-01",
        whenHandedOver="2026-01-02T12:00:00Z",
        quantity={"value": 60, "unit": "TAB"},
        daysSupply={"value": 30, "unit": "Day", "code": "d"},
        authorizingPrescription=[{"reference": "MedicationRequest/7"}],
    )
    assert regimen.kind is RecordKind.DISPENSE
    assert regimen.authored_on == date(2026, 1, 2)
    assert regimen.supply == Supply(TABLETS, Fraction(30))
    assert regimen.references == ("MedicationRequest/7",)
    assert read("MedicationDispense", whenPrepared="2026-01-01").authored_on == date(2026, 1, 1)


def test_an_administration_is_a_statement_of_one_day() -> None:
    regimen = read(
        "MedicationAdministration",
        status="completed",
        effectiveDateTime="2026-01-02",
        dosage={"text": "given", "dose": {"value": 60, "unit": "TAB"}},
    )
    assert (regimen.kind, regimen.effective) == (RecordKind.STATEMENT, Period(date(2026, 1, 2), date(2026, 1, 2)))
    assert regimen.dosages[0].doses[0].low == TABLETS
    assert regimen.notes == ("one-administration",)
    assert read("MedicationAdministration", status="not-done").taken is False


@pytest.mark.parametrize(
    ("sent", "encounter", "is_of_it"),
    [
        ({"encounter": {"reference": "Encounter/e1"}}, "e1", True),
        ({"encounter": {"reference": "Encounter/e1"}}, "https://ehr.example/fhir/Encounter/e1", True),
        ({"context": {"reference": "https://ehr.example/fhir/Encounter/e1/_history/2"}}, "Encounter/e1", True),
        ({"encounter": {"reference": "Encounter/e2"}}, "e1", False),
        ({"encounter": {"display": "ward"}}, "e1", False),
        ({"encounter": {"reference": "Encounter/e1"}}, None, False),
        ({}, "e1", False),
        ({"encounter": 7}, "e1", False),
    ],
)
def test_an_order_of_the_encounter_of_the_call_is_known(
    sent: dict[str, object], encounter: str, is_of_it: bool
) -> None:
    resource = {"resourceType": "MedicationRequest", "id": "m", "medicationCodeableConcept": {"text": "x"}, **sent}
    (regimen,) = read_patient([resource], patient_id="p", encounter=encounter, zone=ZONE).regimens
    assert regimen.of_open_encounter is is_of_it


@pytest.mark.parametrize(
    ("sent", "plan"),
    [
        ({"basedOn": [{"reference": "ServiceRequest/1"}, {"reference": "CarePlan/taper"}]}, "CarePlan/taper"),
        ({"basedOn": {"reference": "https://ehr.example/fhir/CarePlan/taper"}}, "CarePlan/taper"),
        ({"groupIdentifier": {"system": "urn:taper", "value": "3"}}, "urn:taper|3"),
        ({"groupIdentifier": {"value": "3"}, "basedOn": [{"reference": "CarePlan/c"}]}, "CarePlan/c"),
        ({"groupIdentifier": {"system": "urn:taper"}, "basedOn": [{"display": "taper"}]}, None),
        ({"groupIdentifier": "3"}, None),
        ({}, None),
    ],
)
def test_the_plan_of_an_order_is_its_care_plan_or_its_group(sent: dict[str, object], plan: str | None) -> None:
    assert read(**sent).plan == plan


def test_the_day_on_which_a_statement_was_asserted_is_kept_beside_its_period() -> None:
    statement = read("MedicationStatement", effectivePeriod={"start": "2019-02-01"}, dateAsserted="2026-11-20")
    assert (statement.asserted_on, statement.effective) == (date(2026, 11, 20), Period(date(2019, 2, 1)))
    assert read(dateAsserted="2026-11-20").asserted_on is None


ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
CODED = {"coding": [{"system": ICD10, "code": "F10.230"}], "text": "Alcohol withdrawal"}
ALCOHOL_WITHDRAWAL = Reason((Coding(CodeSystem.ICD10CM, "F10.230"),), "Alcohol withdrawal")


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("MedicationRequest", {"reasonCode": [CODED]}),
        ("MedicationRequest", {"reasonCode": CODED}),  # without its list
        ("MedicationRequest", {"reasonReference": [{"reference": "Condition/c"}]}),
        ("MedicationRequest", {"reasonReference": {"reference": "https://ehr.example/fhir/Condition/c"}}),
        ("MedicationRequest", {"reasonReference": [{"reference": "#c"}], "contained": [{"id": "c", "code": CODED}]}),
        ("MedicationOrder", {"reasonCodeableConcept": CODED}),  # DSTU2
        ("MedicationStatement", {"reasonForUseCodeableConcept": CODED}),
        ("MedicationRequest", {"reason": [{"concept": CODED}]}),  # R5
        ("MedicationRequest", {"reason": [{"reference": {"reference": "Condition/c"}}]}),
    ],
)
def test_what_an_order_is_for_is_read(kind: str, members: dict[str, object]) -> None:
    order = {"resourceType": kind, "id": "m", "medicationCodeableConcept": {"text": "x"}, **members}
    condition = {"resourceType": "Condition", "id": "c", "code": CODED}
    (regimen,) = read_patient([order, condition], patient_id="p", zone=ZONE).regimens
    assert regimen.reasons == (ALCOHOL_WITHDRAWAL,)


@pytest.mark.parametrize(
    ("members", "reasons"),
    [
        ({}, ()),
        ({"reasonCode": []}, ()),
        ({"reasonCode": [{}]}, ()),
        ({"reasonCode": ["anxiety"]}, (Reason(text="anxiety"),)),
        ({"reasonCode": [{"text": "x" * 3000}]}, ()),
        ({"reasonCode": True, "reasonReference": 7, "reason": {}}, ()),
        (
            {"reasonReference": [{"reference": "Condition/elsewhere", "display": "Epilepsy"}]},
            (Reason(text="Epilepsy"),),
        ),
        ({"reasonReference": [{"reference": "Condition/elsewhere"}]}, ()),
        ({"reasonReference": [{"reference": "Condition/refuted"}]}, ()),
        ({"reasonReference": [{"reference": "Condition/another"}]}, ()),
    ],
)
def test_a_reason_that_cannot_be_read_or_believed_is_none(members: dict[str, object], reasons: tuple[Reason]) -> None:
    order = {"resourceType": "MedicationRequest", "id": "m", "medicationCodeableConcept": {"text": "x"}, **members}
    refuted = {"coding": [{"code": "refuted"}]}
    conditions = [
        {"resourceType": "Condition", "id": "refuted", "code": CODED, "verificationStatus": refuted},
        {"resourceType": "Condition", "id": "another", "code": CODED, "subject": {"reference": "Patient/q"}},
    ]
    (regimen,) = read_patient([order, *conditions], patient_id="p", zone=ZONE).regimens
    assert regimen.reasons == reasons
