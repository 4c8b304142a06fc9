"""``/about``: what the service is, for whom and for what. The statements are those of the knowledge."""

from __future__ import annotations

from typing import Any

from cds_service.services import SERVICES
from cds_service.version import program_version
from rules import Knowledge

SOURCE_ATTRIBUTES = "/source-attributes"


def about(knowledge: Knowledge) -> dict[str, Any]:
    """The statements, by name; where the source attributes are."""
    told = knowledge.intervention
    return {
        "name": told.name,
        "version": program_version(),
        "knowledge": {
            "version": knowledge.version,
            "reviewed": str(knowledge.reviewed),
            "conversion_table": knowledge.tables[knowledge.default_table].name,
        },
        "developer": told.developer,
        "funding": told.funding,
        "kind": told.kind,
        **told.use,
        "known_limits": list(told.known_limits),
        **told.evidence,
        "services": [{"id": service.id, "hook": service.hook, "title": service.title} for service in SERVICES.values()],
        "source_attributes": SOURCE_ATTRIBUTES,
    }
