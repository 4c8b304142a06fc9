"""Are absent, empty, in error, incomplete and complete kept apart, in every form a value is sent in?"""

import pytest

from cds_service.fhir.bundle import ABSENT, DataStatus, Gap, SuppliedData, drafts_of, read_value

ORDER = {"resourceType": "MedicationRequest", "id": "m"}
PATIENT = {"resourceType": "Patient", "id": "p"}


def outcome(severity: str) -> dict[str, object]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "processing"}]}


def bundle(*resources: object, **members: object) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources], **members}


@pytest.mark.parametrize(
    ("value", "resources"),
    [
        (ORDER, [ORDER]),
        (bundle(ORDER, PATIENT), [ORDER, PATIENT]),
        (bundle(ORDER, total=1), [ORDER]),
        ([ORDER, PATIENT], [ORDER, PATIENT]),
        ([{"fullUrl": "urn:uuid:1", "resource": ORDER}], [ORDER]),
        ({"entry": [{"resource": ORDER}]}, [ORDER]),
        ({"resourceType": "Bundle", "entry": [ORDER]}, [ORDER]),
        ({"resourceType": "Bundle", "entry": {"resource": ORDER}}, [ORDER]),
        ({"response": {"status": "200 OK"}, "resource": ORDER}, [ORDER]),
        ({"response": {"status": "200 OK"}, "resource": bundle(ORDER)}, [ORDER]),
        (bundle(bundle(ORDER), bundle(PATIENT)), [ORDER, PATIENT]),
        (bundle(ORDER, outcome("information")), [ORDER]),
        (bundle(7, ORDER), [7, ORDER]),
        ({"resourceType": "Parameters", "parameter": [{"name": "return", "resource": bundle(ORDER)}]}, [ORDER]),
        ({"resourceType": "Parameters", "parameter": {"part": [{"resource": ORDER}, {"name": "x"}]}}, [ORDER]),
        (bundle({"resourceType": "Parameters", "parameter": [{"resource": ORDER}]}, PATIENT), [ORDER, PATIENT]),
    ],
)
def test_data_is_found_in_every_wrapping(value: object, resources: list[object]) -> None:
    found = read_value(value)
    assert (found.status, found.resources, found.complete) == (DataStatus.DATA, resources, True)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"resourceType": "Bundle", "total": 0},
        {"resourceType": "Bundle", "entry": []},
        bundle(outcome("warning"), total=0),
        outcome("warning"),
        {"response": {"status": "200 OK"}, "resource": None},
        [],
    ],
)
def test_null_an_empty_search_and_a_warning_are_no_data_and_complete(value: object) -> None:
    assert read_value(value) == SuppliedData(DataStatus.NO_DATA)


def test_absent_is_neither_null_nor_complete() -> None:
    found = read_value(ABSENT)
    assert (found.status, found.complete) == (DataStatus.ABSENT, False)
    assert read_value().status is DataStatus.ABSENT


@pytest.mark.parametrize(
    "value",
    [
        outcome("error"),
        outcome("fatal"),
        {"resourceType": "OperationOutcome"},
        {"response": {"status": "404 Not Found"}},
        {"response": {"status": "500"}, "resource": outcome("warning")},
        bundle(outcome("error")),
        "unavailable",
        7,
        {},
    ],
)
def test_an_error_is_an_error(value: object) -> None:
    found = read_value(value)
    assert (found.status, found.entries, found.complete) == (DataStatus.ERROR, (), False)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (bundle(ORDER, link=[{"relation": "next", "url": "https://x.example/2"}]), "more pages were not sent"),
        (bundle(ORDER, total=2), "fewer entries were sent than the total says"),
        (bundle(ORDER, outcome("error")), "a part of it is an error"),
        ([{"resource": ORDER}, {"response": {"status": "403"}}], "a part of it is an error"),
        (bundle(ORDER, {"resource": None, "response": {"status": "403"}}), "a part of it is an error"),
    ],
)
def test_data_in_part_says_why(value: object, why: str) -> None:
    found = read_value(value)
    assert (found.status, found.resources, found.incomplete) == (DataStatus.DATA, [ORDER], (why,))


@pytest.mark.parametrize("empty", [None, {}, {"resource": None}, {"fullUrl": "urn:uuid:1", "resource": {}}])
def test_an_entry_that_holds_nothing_is_said(empty: object) -> None:
    for entries in ([empty, {"resource": ORDER}], [{"resource": ORDER}, empty]):
        found = read_value({"resourceType": "Bundle", "entry": entries})
        assert (found.resources, found.incomplete) == ([ORDER], ("an entry holds no resource",))
    assert not read_value({"resourceType": "Bundle", "total": 1, "entry": [empty]}).complete


@pytest.mark.parametrize(
    "entry", [{"response": {"status": "204"}}, {"request": {"method": "DELETE", "url": "MedicationRequest/m"}}]
)
def test_an_entry_that_answers_or_asks_needs_no_resource(entry: object) -> None:
    assert read_value({"resourceType": "Bundle", "entry": [entry, {"resource": ORDER}]}).complete


def test_a_total_sent_as_text_is_a_total() -> None:
    assert not read_value(bundle(ORDER, total="2")).complete
    assert read_value(bundle(ORDER, total="1")).complete
    assert read_value(bundle(ORDER, total="9" * 5000)).complete


def test_what_an_operation_answers_with_is_opened() -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "a", "resource": bundle(ORDER)}, {"name": "b", "part": [{"resource": PATIENT}]}, 7],
    }
    assert read_value(parameters).resources == [ORDER, PATIENT]
    nested: object = ORDER
    for _ in range(300):
        nested = {"resourceType": "Parameters", "parameter": {"part": {"part": {"resource": nested}}}}
    assert not read_value(nested).complete


def test_the_next_page_is_kept_and_a_self_link_is_none() -> None:
    page = "https://x.example/2"
    assert read_value(bundle(ORDER, link=[{"relation": "next", "url": page}])).next_url == page
    assert read_value(bundle(ORDER, link=[{"relation": "self", "url": page}])).complete


def test_included_resources_do_not_make_up_the_total() -> None:
    included = {"resource": PATIENT, "search": {"mode": "include"}}
    matched = {"resource": ORDER, "search": {"mode": "match"}}
    value = {"resourceType": "Bundle", "total": 2, "entry": [matched, included]}
    assert not read_value(value).complete


def test_bundles_within_bundles_end() -> None:
    value: object = ORDER
    for _ in range(300):
        value = bundle(value)
    found = read_value(value)
    assert (found.entries, found.complete) == ((), False)


def test_parameters_within_parameters_end() -> None:
    parts: object = {"resource": ORDER}
    for _ in range(300):
        parts = {"part": [parts]}
    found = read_value({"resourceType": "Parameters", "parameter": [parts]})
    assert (found.entries, found.complete) == ((), False)


@pytest.mark.parametrize(
    "context",
    [
        {"draftOrders": bundle(ORDER)},
        {"draftOrders": [ORDER]},
        {"draftOrders": ORDER},
        {"draftOrders": {"entry": [{"resource": ORDER}]}},
        {"medications": bundle(ORDER)},
        {"medications": [ORDER]},
        {"orders": [ORDER]},
    ],
)
def test_drafts_are_found_under_their_names_in_any_form(context: dict[str, object]) -> None:
    assert drafts_of(context).resources == [ORDER]


def test_a_context_without_drafts_says_so() -> None:
    assert drafts_of({"patientId": "p"}).status is DataStatus.ABSENT
    assert drafts_of(None).status is DataStatus.ABSENT
    assert drafts_of({"draftOrders": bundle()}).status is DataStatus.NO_DATA


def issue(code: str, severity: str = "warning") -> dict[str, object]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


@pytest.mark.parametrize("severity", ["warning", "information", "WARNING"])
@pytest.mark.parametrize(
    ("code", "complete"),
    [
        ("incomplete", False),
        ("timeout", False),
        ("suppressed", False),
        ("throttled", False),
        ("too-costly", False),
        ("too-long", False),
        ("forbidden", False),
        ("Incomplete", False),
        ("not-found", True),
        ("processing", True),
        ("informational", True),
        ("code-invalid", True),
    ],
)
def test_a_warning_that_results_are_lacking_makes_them_incomplete(code: str, complete: bool, severity: str) -> None:
    told = issue(code, severity)
    entry = {"resource": told, "search": {"mode": "outcome"}}
    order = {"resource": {"resourceType": "MedicationRequest", "id": "1"}}
    for value in (told, bundle(told), {"resourceType": "Bundle", "type": "searchset", "entry": [entry, order]}, [told]):
        read = read_value(value)
        assert (read.complete, read.incomplete) == (complete, () if complete else (Gap.WARNED,))
    assert read_value({"resourceType": "Bundle", "entry": [entry, order]}).status is DataStatus.DATA


def test_one_of_several_issues_that_warns_of_lacking_results_is_enough() -> None:
    several = {"resourceType": "OperationOutcome", "issue": [*issue("processing")["issue"], *issue("timeout")["issue"]]}
    assert not read_value(several).complete
