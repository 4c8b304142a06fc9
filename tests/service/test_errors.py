"""Is every refusal an OperationOutcome that names the place and never the data?"""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from ehr import ABSENT, assert_outcome, client, logged, lorazepam, post, request, sign

from cds_service.hooks import judge as answer

ADDRESS = "/cds-services/benzo-order-sign"


@pytest.fixture(scope="module")
def http():
    return client()


def send(http, data, content_type="application/json", **more):
    return http.post(ADDRESS, data=data, content_type=content_type, **more)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "line 1, column 1"),
        (b'{"hook": "order-sign",\n "context": }', "line 2, column 13"),
        (b'{"hook": "order-sign",}', "line 1, column 22"),
        (b'{"hook": NaN}', "line 1, column 10"),
        (b'{"hook": "Marigold', "line 1, column"),
        (b'{"hook": "\xff"}', "not text in UTF-8"),
    ],
)
def test_malformed_json_is_refused_with_its_position(http, body, place):
    response = send(http, body)
    told = assert_outcome(response, 400, "structure")
    assert place in told["details"]["text"]
    assert "Marigold" not in response.get_data(as_text=True)


@pytest.mark.parametrize("body", ["[]", "null", '"order-sign"', "1"])
def test_json_that_is_no_object_is_refused(http, body):
    assert_outcome(send(http, body), 400, "structure")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"hook": ABSENT}, "hook"),
        ({"hook": None}, "hook"),
        ({"hookInstance": ABSENT}, "hookInstance"),
        ({"hookInstance": " "}, "hookInstance"),
        ({"context": None}, "context"),
        ({"prefetch": ["Marigold"]}, "prefetch"),
    ],
)
def test_a_missing_or_wrong_member_is_named(http, changed, place):
    body = sign(lorazepam())
    body.update(changed)
    body = {key: value for key, value in body.items() if value is not ABSENT}
    response = post(http, body, "benzo-order-sign")
    assert assert_outcome(response, 400, "structure")["expression"] == [place]
    assert "Marigold" not in response.get_data(as_text=True)


def test_no_context_at_all_is_named(http):
    body = sign(lorazepam())
    del body["context"]
    assert assert_outcome(post(http, body), 400, "structure")["expression"] == ["context"]


@pytest.mark.parametrize("value", [ABSENT, None, "", {"id": "p1"}])
def test_a_context_without_the_patient_is_named(http, value):
    body = sign(lorazepam())
    body["context"]["patientId"] = value
    if value is ABSENT:
        del body["context"]["patientId"]
    assert assert_outcome(post(http, body), 400, "structure")["expression"] == ["context.patientId"]


@pytest.mark.parametrize(
    ("hook", "member"),
    [("order-sign", "draftOrders"), ("order-select", "draftOrders"), ("medication-refill", "medications")],
)
@pytest.mark.parametrize("value", [ABSENT, None])
def test_a_hook_stripped_of_its_orders_is_refused_with_a_hint_for_the_site(http, hook, member, value):
    context = {} if value is ABSENT else {member: value}
    told = assert_outcome(post(http, request(hook, context=context)), 400, "structure")
    assert told["expression"] == [f"context.{member}"]
    assert "registration" in told["diagnostics"]


@pytest.mark.parametrize("value", ["text", 7, {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}])
def test_orders_that_could_not_be_supplied_are_not_taken_for_none(http, value):
    told = assert_outcome(post(http, request("order-sign", context={"draftOrders": value})), 412, "incomplete")
    assert told["expression"] == ["context.draftOrders"]


def test_another_hook_is_refused(http):
    body = sign(lorazepam()) | {"hook": "patient-view"}
    told = assert_outcome(post(http, body, "benzo-order-sign"), 400, "value")
    assert told["expression"] == ["hook"]
    assert "order-sign" in told["details"]["text"]


def test_an_unknown_service_is_not_found_and_not_repeated(http):
    response = http.post("/cds-services/Marigold", json={})
    assert_outcome(response, 404, "not-found")
    assert "Marigold" not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/cds-services/benzo-order-sign/Marigold"])
def test_an_address_of_nothing_is_not_found(http, path):
    response = http.get(path)
    assert_outcome(response, 404, "not-found")
    assert "Marigold" not in response.get_data(as_text=True)


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_a_service_answers_to_post_alone(http, method):
    response = getattr(http, method)(ADDRESS)
    assert_outcome(response, 405, "not-supported")
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_another_content_type_is_refused(http, content_type):
    assert_outcome(send(http, json.dumps(sign(lorazepam())), content_type), 415, "not-supported")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/fhir+json"])
def test_json_by_its_other_names_is_taken(http, content_type):
    assert send(http, json.dumps(sign(lorazepam())), content_type).status_code == 200


def test_a_byte_order_mark_is_no_part_of_the_json(http):
    assert send(http, b"\xef\xbb\xbf" + json.dumps(sign(lorazepam())).encode()).status_code == 200


def test_a_compressed_body_is_refused(http):
    assert_outcome(send(http, b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), 415, "not-supported")


def test_a_body_beyond_the_limit_is_too_large():
    http = client(max_body_bytes=10_000)
    assert send(http, json.dumps(sign(lorazepam()))).status_code == 200
    large = b'{"note": "' + b"x" * 10_000 + b'"}'
    assert_outcome(send(http, large), 413, "too-long")
    # Sent in chunks, without a declared length.
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    undeclared = http.post(
        ADDRESS, input_stream=BytesIO(large), content_type="application/json", environ_overrides=chunked
    )
    assert_outcome(undeclared, 413, "too-long")


def test_a_body_nested_beyond_the_limit_is_too_large(http):
    for deep in (70, 500, 5_000):
        response = send(http, b'{"a":' * deep + b"1" + b"}" * deep)
        assert response.status_code in (400, 413)
        assert response.json["resourceType"] == "OperationOutcome"
    assert_outcome(send(http, b'{"a":' * 65 + b"1" + b"}" * 65), 413, "too-long")
    assert_outcome(send(http, b'{"a":' * 64 + b"1" + b"}" * 64), 400, "structure")


def test_more_resources_than_the_limit_are_too_many():
    http = client(max_entries=100)
    # The Patient of the prefetch is one of them.
    many = [lorazepam(f"lorazepam-{number}") for number in range(101)]
    assert_outcome(post(http, sign(*many)), 413, "too-long")
    assert post(http, sign(*many[:99])).status_code == 200


def test_a_defect_of_ours_says_that_nothing_was_judged_and_tells_no_value(http, monkeypatch):
    def broken(*_arguments, **_named):
        raise ValueError("Marigold, born 1980, takes lorazepam")

    monkeypatch.setattr(answer, "assess", broken)
    with logged() as lines:
        response = post(http, sign(lorazepam()))
    told = assert_outcome(response, 500, "exception")
    assert "No judgement was made" in told["details"]["text"]
    assert '"error":"ValueError"' in "".join(lines)
    for secret in ("Marigold", "1980", "takes"):
        assert secret not in "".join(lines) + response.get_data(as_text=True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"hook": "order-sign", "hook": "order-sign", "context": {}}',
        b'{"hook": "order-sign", "context": {"draftOrders": [{"id": "p1-secret", "id": "2"}]}}',
        b'{"a": {"b": [{"c\\u0064": 1, "cd": 2}]}}',
    ],
)
def test_a_member_that_is_there_twice_is_refused(http, body):
    response = http.post("/cds-services/benzo-order-sign", data=body, content_type="application/json")
    told = assert_outcome(response, 400, "structure")
    assert "twice" in told["details"]["text"]
    assert b"secret" not in response.data


def test_numbers_of_any_length_are_no_reason_to_fail(http):
    body = b'{"hook": "order-sign", "x": [1' + b"0" * 6000 + b", 1e999, -0.0]}"
    assert http.post("/cds-services/benzo-order-sign", data=body, content_type="application/json").status_code == 400


def in_a_draft(resource: str) -> str:
    return '{"context": {"draftOrders": {"entry": [{"resource": {}}, {"resource": ' + resource + "}]}}}"


MANY = json.dumps([{}] * 101)


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("sent", "status", "place"),
    [
        (in_a_draft('{"status": "active", "status": "draft"}'), 400, "context.draftOrders.entry[1].resource"),
        (in_a_draft('{"marigold": {"a": 1, "a": 2}}'), 400, "context.draftOrders.entry[1].resource"),
        ('{"prefetch": {"conditions": {"total": 1, "total": 2}}}', 400, "prefetch.conditions"),
        ('{"prefetch": {"marigold": {"total": 1, "total": 2}}}', 400, "prefetch"),
        ('{"hook": "order-sign", "hook": "order-sign"}', 400, None),
        ('{"marigold": {"context": {"a": 1, "a": 2}}}', 400, None),
        ('{"prefetch": {"medicationRequests": {"entry": ' + MANY + "}}}", 413, "prefetch.medicationRequests.entry"),
        ('{"context": {"selections": ' + MANY + "}}", 413, "context.selections"),
        ('{"context": {"marigold": ' + MANY + "}}", 413, "context"),
        ('{"prefetch": {"conditions": {"entry": ' + deep(80) + "}}}", 413, "prefetch.conditions.entry[0]"),
        (in_a_draft('{"extension": ' + deep(80) + "}"), 413, "context.draftOrders.entry[1].resource"),
        (deep(80).join(('{"marigold": ', "}")), 413, None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_body_is_told_with_its_place(sent: str, status: int, place: str | None) -> None:
    """And the place is told in names that every request has: another name could be somebody's."""
    known = client(max_entries=100, max_depth=20)
    with logged() as lines:
        response = send(known, sent.encode())
    told = assert_outcome(response, status, "structure" if status == 400 else "too-long")
    assert told.get("expression") == (None if place is None else [place])
    at_fault = json.loads(lines[-1]).get("at_fault")
    expected = place.partition("[")[0].removesuffix(".entry") if place else None
    assert at_fault == (None if expected is None else [expected])
    assert "marigold" not in response.text + "".join(lines)
