"""Is every line of dosing instructions read as it was sent, in each shape that EHRs send it?"""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from cds_service.fhir.reader import read_patient
from rules.model import Dosage, DoseEntry, MaximumDose, Period, Quantity, Regimen, Timing

ZONE = ZoneInfo("America/New_York")
TABLET = Quantity(Fraction(1), "tablet")


def read(dosage: object, kind: str = "MedicationRequest", **more: object) -> Regimen:
    member = "dosage" if kind == "MedicationStatement" else "dosageInstruction"
    resource = {"resourceType": kind, "id": "m", "medicationCodeableConcept": {"text": "x"}, member: dosage, **more}
    (regimen,) = read_patient([resource], patient_id="p", zone=ZONE).regimens
    return regimen


def line(dosage: object) -> Dosage:
    (only,) = read([dosage]).dosages
    return only


def one_dose(quantity: Quantity, kind: str | None = None) -> DoseEntry:
    return DoseEntry(kind, quantity, quantity)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}, id="R4"),
        pytest.param({"doseAndRate": {"doseQuantity": {"value": 1, "unit": "tablet"}}}, id="doseAndRate as an object"),
        pytest.param({"doseQuantity": {"value": 1, "unit": "tablet"}}, id="STU3 and DSTU2"),
        pytest.param({"doseSimpleQuantity": {"value": 1.0, "unit": "tablet"}}, id="STU3 by its long name"),
        pytest.param({"quantityQuantity": {"value": 1.0, "unit": "tablet"}}, id="DSTU2 statement"),
        pytest.param({"quantity": {"value": 1, "unit": "tablet"}}, id="DSTU2 administration"),
        pytest.param({"doseAndRate": [{"doseQuantity": {"value": "1", "unit": "tablet"}}]}, id="number sent as text"),
        pytest.param({"doseAndRate": [], "doseQuantity": {"value": 1, "unit": "tablet"}}, id="R4 empty, STU3 filled"),
    ],
)
def test_one_tablet_is_read_from_every_shape(shape: dict[str, object]) -> None:
    assert line(shape).doses == (one_dose(TABLET),)


def test_the_three_doses_of_epic_keep_their_kinds() -> None:
    system = "http://epic.com/CodeSystem/dose-rate-type"

    def entry(code: str, value: int, unit: str) -> dict[str, object]:
        return {"type": {"coding": [{"system": system, "code": code}]}, "doseQuantity": {"value": value, "unit": unit}}

    rows = [entry("calculated", 30, "mg"), entry("admin-amount", 1, "tablet"), entry("Ordered", 30, "mg")]
    milligrams = Quantity(Fraction(30), "mg")
    assert line({"doseAndRate": rows}).doses == (
        one_dose(milligrams, "calculated"),
        one_dose(TABLET, "admin-amount"),
        one_dose(milligrams, "ordered"),
    )


def test_a_range_of_doses_keeps_both_ends() -> None:
    low, high = {"value": 1, "unit": "tablet"}, {"value": 2, "unit": "tablet"}
    expected = (DoseEntry(None, TABLET, Quantity(Fraction(2), "tablet")),)
    assert line({"doseAndRate": [{"doseRange": {"low": low, "high": high}}]}).doses == expected
    assert line({"doseRange": {"low": low, "high": high}}).doses == expected
    assert line({"doseRange": {"low": high, "high": low}}).doses == expected
    assert line({"doseRange": {"high": high}}).doses == (DoseEntry(None, None, Quantity(Fraction(2), "tablet")),)


def test_at_most_is_a_range_without_a_low_end() -> None:
    dose = {"value": 2, "unit": "mg", "comparator": "<="}
    assert line({"doseQuantity": dose}).doses == (DoseEntry(None, None, Quantity(Fraction(2), "mg")),)


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [
        ({"rateQuantity": {"value": 5, "unit": "mg/h"}}, Quantity(Fraction(5), "mg/h"), Quantity(Fraction(5), "mg/h")),
        (
            {"rateRatio": {"numerator": {"value": 10, "unit": "mg"}, "denominator": {"value": 2, "unit": "h"}}},
            Quantity(Fraction(5), "mg/h"),
            Quantity(Fraction(5), "mg/h"),
        ),
        (
            {"rateRange": {"low": {"value": 2, "unit": "min"}, "high": {"value": 5, "unit": "min"}}},
            Quantity(Fraction(2), "min"),
            Quantity(Fraction(5), "min"),
        ),
    ],
)
def test_a_rate_is_a_rate_and_no_dose(rate: dict[str, object], low: Quantity, high: Quantity) -> None:
    assert line({"doseAndRate": [rate]}).doses == (DoseEntry(None, low, high, is_rate=True),)
    assert line(rate).doses == (DoseEntry(None, low, high, is_rate=True),)


def test_a_dose_on_the_line_stands_beside_a_rate_in_the_list() -> None:
    rate = Quantity(Fraction(5), "mg/h")
    dosage = {
        "doseAndRate": [{"rateQuantity": {"value": 5, "unit": "mg/h"}}],
        "doseQuantity": {"value": 1, "unit": "tablet"},
    }
    assert line(dosage).doses == (one_dose(TABLET), DoseEntry(None, rate, rate, is_rate=True))


def test_every_field_of_the_timing_is_read() -> None:
    repeat = {
        "boundsPeriod": {"start": "2026-01-01", "end": "2026-02"},
        "count": 10,
        "countMax": 12,
        "duration": 2,
        "durationUnit": "h",
        "frequency": 1,
        "frequencyMax": 2,
        "period": 4.5,
        "periodMax": 6,
        "periodUnit": "h",
        "dayOfWeek": ["mon", "Thu"],
        "timeOfDay": ["08:00:00"],
        "when": ["HS", "ACM"],
    }
    system = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
    code = {"coding": [{"system": system, "code": "BID"}], "text": "2x"}
    assert line({"timing": {"event": ["2026-01-03"], "repeat": repeat, "code": code}}).timing == Timing(
        frequency=Fraction(1),
        frequency_max=Fraction(2),
        period=Fraction(9, 2),
        period_max=Fraction(6),
        period_unit="h",
        when=("HS", "ACM"),
        time_of_day=("08:00:00",),
        day_of_week=("mon", "thu"),
        count=Fraction(10),
        count_max=Fraction(12),
        duration=Fraction(2),
        duration_unit="h",
        bounds=Period(date(2026, 1, 1), date(2026, 2, 28)),
        events=(date(2026, 1, 3),),
        code="BID",
        code_text="2x",
    )


@pytest.mark.parametrize("member", ["periodUnit", "periodUnits", "unit"])
@pytest.mark.parametrize("word", ["d", "day", "Days"])
def test_the_unit_of_the_period_is_read_under_its_older_names(member: str, word: str) -> None:
    timing = line({"timing": {"repeat": {"frequency": 6, "period": 1, member: word}}}).timing
    assert timing is not None
    assert timing.period_unit == "d"


def test_the_period_of_dstu1_is_its_duration() -> None:
    timing = line({"scheduledTiming": {"repeat": {"frequency": 2, "duration": 1, "units": "d"}}}).timing
    assert timing is not None
    assert (timing.frequency, timing.period, timing.period_unit, timing.duration) == (2, 1, "d", None)


def test_the_words_that_stand_in_an_extension_only_are_said_to_be_missing() -> None:
    extension = {"extension": [{"url": "http://example.org/sig", "valueString": "two at night"}]}
    regimen = read([{"text": None, "_text": extension}])
    assert (regimen.dosages, regimen.notes) == ((Dosage(),), ("dosage-text-not-sent",))
    assert read([{"text": "one", "_text": extension}]).notes == ()


def test_a_unit_that_is_no_time_is_kept_for_the_rules_to_refuse() -> None:
    timing = line({"timing": {"repeat": {"frequency": 6, "period": 1, "periodUnit": "fortnight"}}}).timing
    assert timing is not None
    assert timing.period_unit == "fortnight"


@pytest.mark.parametrize(
    ("bounds", "shortest", "longest"),
    [
        ({"boundsDuration": {"value": 2, "unit": "weeks"}}, 14, None),
        ({"boundsDuration": {"value": 48, "code": "h"}}, 2, None),
        ({"boundsQuantity": {"value": 10, "code": "d", "unit": "days"}}, 10, None),
        ({"boundsRange": {"low": {"value": 5, "code": "d"}, "high": {"value": 1, "code": "wk"}}}, 5, 7),
    ],
)
def test_bounds_of_a_length_are_days(bounds: dict[str, object], shortest: int, longest: int | None) -> None:
    timing = line({"timing": {"repeat": bounds}}).timing
    assert timing is not None
    assert (timing.bounds_days, timing.bounds_days_max) == (shortest, longest)


@pytest.mark.parametrize(
    ("member", "as_needed", "reason"),
    [
        ({}, False, None),
        ({"asNeededBoolean": True}, True, None),
        ({"asNeededBoolean": "true"}, True, None),
        ({"asNeededBoolean": False}, False, None),
        ({"asNeededCodeableConcept": {"coding": [{"code": "1", "display": "Anxiety"}]}}, True, "Anxiety"),
        ({"asNeeded": True, "asNeededFor": [{"text": "panic"}, {"text": "sleep"}]}, True, "panic; sleep"),
        ({"asNeeded": {"text": "panic"}}, True, "panic"),
    ],
)
def test_as_needed_is_read_from_every_version(member: dict[str, object], as_needed: bool, reason: str | None) -> None:
    found = line(member)
    assert (found.as_needed, found.as_needed_for) == (as_needed, reason)


def test_the_written_maximum_is_read_as_one_or_as_several() -> None:
    ratio = {"numerator": {"value": 4, "unit": "mg"}, "denominator": {"value": 24, "unit": "hours"}}
    expected = (MaximumDose(Quantity(Fraction(4), "mg"), Fraction(1)),)
    assert line({"maxDosePerPeriod": ratio}).maximum == expected
    assert line({"maxDosePerPeriod": [ratio]}).maximum == expected


def test_the_most_for_one_administration_is_read() -> None:
    assert line({"maxDosePerAdministration": {"value": 2, "unit": "mg"}}).single_maximum == Quantity(Fraction(2), "mg")
    regimen = read([{"maxDosePerAdministration": {"value": "two"}, "text": "1 tab daily"}])
    assert regimen.dosages[0].single_maximum is None
    assert regimen.notes == ("maximum-not-readable",)


@pytest.mark.parametrize(
    "system", ["http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm", "http://hl7.org/fhir/v3/orderableDrugForm"]
)
def test_a_tablet_is_one_under_both_addresses_of_the_form_codes(system: str) -> None:
    sent = {"value": 1.0, "unit": None, "system": system, "code": "TAB"}
    assert line({"doseQuantity": sent}).doses == (one_dose(Quantity(Fraction(1), None, "TAB")),)


def test_a_number_without_anything_is_read_as_one() -> None:
    assert line({"doseQuantity": {"value": 1.0}}).doses == (one_dose(Quantity(Fraction(1))),)


def test_epics_extensions_state_the_dose_again() -> None:
    def extension(name: str, value: int, unit: str) -> dict[str, object]:
        url = f"https://open.epic.com/fhir/extensions/{name}"
        return {"url": url, "valueQuantity": {"value": value, "unit": unit}}

    both = [extension("admin-amount", 2, "tablet"), extension("ordered-dose", 400, "mg"), extension("other", 1, "kg")]
    assert line({"extension": both}).doses == (
        one_dose(Quantity(Fraction(2), "tablet"), "admin-amount"),
        one_dose(Quantity(Fraction(400), "mg"), "ordered"),
    )
    assert line({"extension": [None, "x", {"url": 3}, {"url": both[0]["url"]}]}).doses == ()


def test_a_maximum_without_a_number_is_noted() -> None:
    regimen = read([{"maxDosePerPeriod": {"numerator": {"unit": "mg"}, "denominator": {"value": 1, "unit": "d"}}}])
    assert (regimen.dosages[0].maximum, regimen.notes) == ((), ("maximum-not-readable",))


@pytest.mark.parametrize("period", [{"value": 30}, {"value": 1}, None])
def test_a_maximum_whose_period_has_no_unit_is_left_out_and_noted(period: dict[str, int] | None) -> None:
    ratio: dict[str, object] = {"numerator": {"value": 3, "unit": "mg"}}
    regimen = read([{"maxDosePerPeriod": ratio if period is None else ratio | {"denominator": period}}])
    assert (regimen.dosages[0].maximum, regimen.notes) == ((), ("maximum-not-readable",))


def test_instructions_beside_the_text_are_kept() -> None:
    found = line(
        {
            "text": "1 tab bid",
            "patientInstruction": "take with food",
            "additionalInstruction": [{"text": "no alcohol"}, {"coding": [{"display": "May cause drowsiness"}]}, {}],
        }
    )
    assert found.text == "1 tab bid"
    assert found.instructions == ("take with food", "no alcohol", "May cause drowsiness")


def test_without_a_text_the_first_instruction_is_the_text() -> None:
    found = line({"patientInstruction": "1 tab bid", "additionalInstructions": {"text": "no alcohol"}})
    assert (found.text, found.instructions) == ("1 tab bid", ("no alcohol",))


def test_a_text_that_is_too_long_costs_itself_alone() -> None:
    dose = {"doseQuantity": {"value": 1, "unit": "tablet"}}
    regimen = read(
        [{"text": "x" * 2001, "additionalInstruction": [{"text": "y" * 2001}], **dose}, {"text": "1 tab bid"}]
    )
    first, second = regimen.dosages
    assert (first.text, first.text_too_long, first.instructions, len(first.doses)) == (None, True, (), 1)
    assert (second.text, second.text_too_long) == ("1 tab bid", False)
    assert regimen.notes == ("dosage-not-readable",)


def test_a_length_that_is_only_the_least_is_none() -> None:
    least = {"boundsDuration": {"value": 7, "unit": "d", "comparator": ">="}}
    low = {"boundsRange": {"low": {"value": 7, "unit": "d"}}}
    for bounds in (least, low):
        timing = line({"timing": {"repeat": bounds}}).timing
        assert timing is not None
        assert (timing.bounds_days, timing.bounds_days_max) == (None, None)


def test_a_maximum_over_an_unknown_time_is_left_out_and_noted() -> None:
    ratio = {"numerator": {"value": 4, "unit": "mg"}, "denominator": {"value": 1, "unit": "course"}}
    regimen = read([{"maxDosePerPeriod": ratio}])
    assert regimen.dosages[0].maximum == ()
    assert regimen.notes == ("maximum-not-readable",)


@pytest.mark.parametrize(
    "broken",
    [
        {"timing": {"repeat": {"frequency": "often", "period": 1, "periodUnit": "d"}}},
        {"timing": {"repeat": {"frequency": -2, "period": 1, "periodUnit": "d"}}},
        {"timing": {"repeat": {"frequency": 2, "period": 0, "periodUnit": "d"}}},
        {"timing": {"repeat": [1, 2]}},
        {"timing": 7},
        {"doseQuantity": {"value": 1e40, "unit": "mg"}},
        {"doseQuantity": {"value": True, "unit": "mg"}},
        {"doseAndRate": ["two"]},
    ],
)
def test_a_line_with_a_broken_number_keeps_its_text_and_no_half_of_its_structure(broken: dict[str, object]) -> None:
    whole: dict[str, object] = {
        "text": "two a day",
        "sequence": 2,
        "asNeededBoolean": True,
        "doseQuantity": {"value": 1, "unit": "tablet"},
        "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
    }
    regimen = read([{**whole, **broken}])
    assert regimen.dosages == (Dosage(text="two a day", sequence=2, as_needed=True),)
    assert regimen.notes == ("dosage-not-readable",)


def test_a_dosage_that_is_no_object_is_still_a_line() -> None:
    assert read([7]).dosages == (Dosage(),)
    assert read([7]).notes == ("dosage-not-readable",)
    assert read("one at night").dosages == (Dosage(text="one at night"),)


def test_the_text_comes_from_the_line_then_the_patients_then_the_rendered_one() -> None:
    assert line({"text": "a", "patientInstruction": "b"}).text == "a"
    assert line({"patientInstruction": "b"}).text == "b"
    assert read([], renderedDosageInstruction="c").dosages == (Dosage(text="c"),)
    assert read([{"text": "a"}], renderedDosageInstruction="c").dosages == (Dosage(text="a"),)


def test_the_dosage_of_a_statement_is_read_under_its_own_name() -> None:
    regimen = read([{"text": "one at night", "doseAndRate": [{"doseQuantity": {"value": 1}}]}], "MedicationStatement")
    assert regimen.dosages == (Dosage(text="one at night", doses=(one_dose(Quantity(Fraction(1))),)),)


def test_a_number_is_exact_as_it_was_written() -> None:
    assert line({"doseQuantity": {"value": 0.1, "unit": "mg"}}).doses == (one_dose(Quantity(Fraction(1, 10), "mg")),)


def test_a_modifier_extension_is_said() -> None:
    extension = [{"url": "http://example.org/x"}]
    assert read([{"text": "a", "modifierExtension": extension}]).notes == ("modifier-extension",)
    assert read([], modifierExtension=extension).notes == ("modifier-extension",)
