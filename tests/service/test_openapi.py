"""Is every address in the published document, and is every answer to anything that can be sent one that it lists?

``make attack`` sends 2,000 examples to each address, ``make test`` a tenth of them.
"""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
import schemathesis
from ehr import DAY
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks.outcome import STATUS
from cds_service.services import SERVICES

EXAMPLES = int(os.environ.get("BENZO_CDS_TEST_EXAMPLES", "20"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
app = create_app(Settings(), clock=lambda: DAY)
schema = schemathesis.openapi.from_wsgi("/openapi.json", app)


def document() -> dict[str, Any]:
    return app.test_client().get("/openapi.json").get_json()


def test_every_address_of_the_service_is_in_the_document_and_no_other() -> None:
    # The style of a page is named by the page.
    rules = {rule.rule for rule in app.url_map.iter_rules() if "/static/" not in rule.rule}
    expected = {
        rule.replace("<identity>", identity) for rule in rules for identity in (SERVICES if "<" in rule else [""])
    }
    assert set(document()["paths"]) == expected


def test_every_refusal_that_the_service_makes_is_listed_for_a_call() -> None:
    listed = set(document()["paths"]["/cds-services/benzo-order-sign"]["post"]["responses"])
    assert {str(status) for status in STATUS.values()} <= listed


def test_the_request_of_a_call_is_that_of_its_hook() -> None:
    for identity, service in SERVICES.items():
        body = document()["paths"][f"/cds-services/{identity}"]["post"]["requestBody"]
        properties = body["content"]["application/json"]["schema"]["properties"]
        assert properties["hook"] == {"const": service.hook}
        assert service.drafts is None or service.drafts in properties["context"]["required"]


def test_the_schemas_of_the_document_are_schemas() -> None:
    for part in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(part)
        assert not re.search(r"\$ref", str(part))


@pytest.mark.filterwarnings("ignore")
@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_the_document_says(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)
