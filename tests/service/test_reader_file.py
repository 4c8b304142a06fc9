"""Does a file tell what it holds, a record or a request, and what is wrong with it without quoting it?"""

import json

import pytest

from cds_service.commands.input_file import UnreadableFileError, read_file

ORDER = {"resourceType": "MedicationRequest", "id": "m"}
BUNDLE = {"resourceType": "Bundle", "entry": [{"resource": ORDER}]}
REQUEST = {
    "hook": "order-select",
    "context": {"patientId": "Patient/p", "draftOrders": BUNDLE, "selections": ["MedicationRequest/m", 5, None]},
    "prefetch": {
        "medicationRequests": {"resourceType": "Bundle", "entry": [], "link": [{"relation": "next", "url": "u"}]},
        "conditions": None,
        "note": "words",
    },
}


@pytest.mark.parametrize("value", [BUNDLE, ORDER, [ORDER], {**BUNDLE, "hook": "not a request"}])
def test_a_record_is_no_request(value: object) -> None:
    content = read_file(json.dumps(value).encode())
    assert (content.hook, [entry.resource for entry in content.record], content.missing) == (None, [ORDER], ())


def test_a_byte_order_mark_is_no_error() -> None:
    assert len(read_file(b"\xef\xbb\xbf" + json.dumps(BUNDLE).encode()).record) == 1


def test_a_request_gives_the_hook_the_patient_the_drafts_and_what_is_missing() -> None:
    content = read_file(json.dumps(REQUEST).encode())
    assert (content.hook, content.patient_id) == ("order-select", "Patient/p")
    assert [entry.resource for entry in content.drafts] == [ORDER]
    assert content.record == ()
    assert content.missing == (
        ("medicationRequests", "more pages were not sent"),
        ("note", "not a FHIR resource"),
    )
    assert content.prefetch is not None
    assert set(content.prefetch) == set(REQUEST["prefetch"])
    assert {key for key, value in content.prefetch.items() if value.complete} == {"conditions"}


def test_a_request_without_prefetch_says_so() -> None:
    content = read_file(json.dumps({"hook": "patient-view", "context": {"patientId": "p"}}).encode())
    assert content.missing == (("prefetch", "not sent"),)


def test_prefetch_inside_the_context_is_found() -> None:
    content = read_file(json.dumps({"hook": "x", "context": {"prefetch": {"a": ORDER}}}).encode())
    assert [entry.resource for entry in content.record] == [ORDER]


def test_a_member_twice_is_refused_in_a_file_as_it_is_in_a_request() -> None:
    with pytest.raises(UnreadableFileError, match="the same member twice"):
        read_file(b'{"resourceType": "MedicationRequest", "dosageInstruction": [], "dosageInstruction": [{}]}')


def test_a_brace_too_many_is_placed() -> None:
    with pytest.raises(UnreadableFileError, match="line 2, column 1"):
        read_file(json.dumps(BUNDLE).encode() + b"\n}")


def test_what_is_no_json_names_line_and_column_and_quotes_nothing() -> None:
    with pytest.raises(UnreadableFileError, match="line 2, column") as raised:
        read_file(b'{"name": "Secret",\n "name": Secret}')
    assert (raised.value.line, raised.value.column) == (2, 10)
    assert "Secret" not in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"NaN", b'{"a": Infinity}', b"\xff\xfe", b"7", b'"text"', b"null", b"[" * 5000])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        read_file(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"resourceType": "Bundle", "entry": [], "entry": []}',
        b'[{"resourceType": "MedicationRequest", "dosageInstruction": [{"text": "a", "text": "b"}]}]',
    ],
)
def test_an_object_with_a_member_twice_is_refused_for_either_may_be_meant(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="the same member twice"):
        read_file(data)
