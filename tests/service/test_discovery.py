"""Does a client find the six services, as CDS Hooks describes them?"""

from __future__ import annotations

import pytest
from ehr import assert_outcome, assert_valid, client

SERVICES = {
    "benzo-patient-view": "patient-view",
    "benzo-encounter-start": "encounter-start",
    "benzo-order-select": "order-select",
    "benzo-order-sign": "order-sign",
    "benzo-encounter-discharge": "encounter-discharge",
    "benzo-medication-refill": "medication-refill",
}


@pytest.fixture(scope="module")
def http():
    return client()


def test_the_document_is_valid_and_lists_the_six_services(http):
    response = http.get("/cds-services")
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert_valid("discovery", response.json)
    assert {service["id"]: service["hook"] for service in response.json["services"]} == SERVICES


def test_versions_are_given_where_they_are_asked_for(http):
    assert not any({"version", "hookVersion"} & set(service) for service in http.get("/cds-services").json["services"])
    document = client(discovery_versions=True).get("/cds-services").json
    assert_valid("discovery", document)
    versions = {service["hook"]: (service["version"], service["hookVersion"]) for service in document["services"]}
    assert versions == dict.fromkeys(SERVICES.values(), ("2.0.1", "1.0")) | {"medication-refill": ("2.0.1", "0.1.0")}


def test_each_service_has_title_description_and_requirements(http):
    for service in http.get("/cds-services").json["services"]:
        assert service["title"]
        assert service["description"]
        assert "medicationRequests" in service["usageRequirements"]


def test_prefetch_templates_use_only_context_tokens_and_plain_searches(http):
    for service in http.get("/cds-services").json["services"]:
        assert service["prefetch"] == {
            "patient": "Patient/{{context.patientId}}",
            "medicationRequests": "MedicationRequest?patient={{context.patientId}}",
            "medicationStatements": "MedicationStatement?patient={{context.patientId}}",
            "medicationDispenses": "MedicationDispense?patient={{context.patientId}}",
            "conditions": "Condition?patient={{context.patientId}}",
        }


def test_a_client_that_has_the_document_is_told_so(http):
    first = http.get("/cds-services")
    assert first.headers["Cache-Control"] == "max-age=3600"
    again = http.get("/cds-services", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_a_trailing_slash_is_no_other_address(http):
    assert http.get("/cds-services/").status_code == 200


def test_the_document_is_read_not_written(http):
    response = http.post("/cds-services", json={})
    assert_outcome(response, 405, "not-supported")
    assert "GET" in response.headers["Allow"]


def test_health_says_what_it_is_ready_with(http):
    assert http.get("/health/live").json == {"status": "live"}
    ready = http.get("/health/ready").json
    assert ready["status"] == "ready"
    assert ready["knowledge"]["table"] == "ashton-2002"
    assert ready["version"]
    assert ready["knowledge"]["version"]


def test_answers_carry_basic_security_headers(http):
    for response in (http.get("/cds-services"), http.get("/health/live"), http.get("/nothing-here")):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert http.get("/health/live").headers["Cache-Control"] == "no-store"
