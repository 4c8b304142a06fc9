"""The sandbox's CapabilityStatement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from cds_service.sandbox.fhir_server.parameters import PARAMETERS, includes_of
from cds_service.sandbox.fhir_store.bodies import MEDIA_TYPE
from cds_service.sandbox.fhir_store.store import SERVED_TYPES, Resource

NOTICE = "Sandbox of the Benzo-CDS demonstration. Every patient in it is invented; nothing in it may be used for care."

_INTERACTIONS = ("read", "vread", "update", "delete", "create", "search-type")
_LIMITS = (
    "A search that asks by a parameter or _include that is not listed is refused, or answered without it and with a "
    "warning under Prefer: handling=lenient. _include:iterate is followed. The pages of a search show what was found "
    "when it was asked. Deleting does not look for references. Transactions follow references by urn:uuid and by "
    "condition; updates and deletions by condition are not carried out."
)
_SMART = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def capability_statement(on: date, absolute_url: Callable[..., str], *, demands_token: bool) -> Resource:
    """The statement, dated ``on``; ``absolute_url`` makes a URL of the steps of a path below the base."""
    return {
        "resourceType": "CapabilityStatement",
        "name": "BenzoCDSSandbox",
        "title": "Benzo-CDS sandbox with invented patients",
        "status": "active",
        "experimental": True,
        "date": on.isoformat(),
        "description": NOTICE,
        "kind": "instance",
        "implementation": {"description": NOTICE, "url": absolute_url()},
        "fhirVersion": "4.0.1",
        "format": ["json", MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "documentation": f"{NOTICE} {_LIMITS}",
                "security": _security(absolute_url, demands_token),
                "resource": [_of_type(resource_type) for resource_type in SERVED_TYPES],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _of_type(resource_type: str) -> dict[str, Any]:
    parameters = [{"name": name, "type": parameter.type} for name, parameter in PARAMETERS[resource_type].items()]
    entry: dict[str, Any] = {
        "type": resource_type,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal"],
        "searchParam": parameters,
    }
    includes = includes_of(resource_type)
    return entry | ({"searchInclude": includes} if includes else {})


def _security(absolute_url: Callable[..., str], demands_token: bool) -> dict[str, Any]:
    demand = "A token is demanded." if demands_token else "No token is demanded; one that is sent is not looked at."
    return {
        "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}], "text": "SMART on FHIR"}],
        "description": f"{demand} Apps and backend services register and get one; see .well-known/smart-configuration.",
        "extension": [
            {
                "url": _SMART,
                "extension": [
                    {"url": "authorize", "valueUri": absolute_url("auth", "authorize")},
                    {"url": "token", "valueUri": absolute_url("auth", "token")},
                    {"url": "register", "valueUri": absolute_url("auth", "register")},
                ],
            }
        ],
    }
