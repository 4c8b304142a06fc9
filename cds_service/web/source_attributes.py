"""The source attributes of the decision support, finding by finding, generated from the knowledge in force.

Certified EHRs in the United States show such attributes of evidence-based decision support interventions (45 CFR
170.315(b)(11)(iv)(A)): a site copies them from here into the inventory of its EHR. A finding is one intervention.
"""

from __future__ import annotations

from typing import Any

from cds_service.version import program_version
from cds_service.working.numbers import shown
from rules import Knowledge
from rules.knowledge import SITE, FindingPolicy, Source, Verification

REGULATION = {
    "citation": "45 CFR 170.315(b)(11)(iv)(A)",
    "read": "second-hand",
    "note": (
        "The thirteen attributes were read as another open program (OpenEMR) quotes them by paragraph, not in the "
        "regulation itself. The names here are ours, in the order of the paragraphs. A rule proposed on 29 December "
        "2025 (HTI-5) would change the criterion; that is known second-hand too, and whether it became final was not "
        "found out."
    ),
}
_UNDATED = "undated"
_OWN = {"benzo-cds-policy": "this project's own choice", SITE: "the site's own choice"}
_READ = {
    Verification.READ: "read in the copy named",
    Verification.SECONDARY: "seen in somebody else's copy only",
    Verification.UNVERIFIED: "not seen",
}


def source_attributes(knowledge: Knowledge) -> dict[str, Any]:
    """The attributes of every finding in force or not, what holds for all of them, and every source."""
    told = knowledge.intervention
    return {
        "name": told.name,
        "version": program_version(),
        "released": str(told.released),
        "knowledge": {"version": knowledge.version, "reviewed": str(knowledge.reviewed)},
        "kind": told.kind,
        "regulation": REGULATION,
        "developer": told.developer,
        "funding": told.funding,
        "intended_use": dict(told.use),
        "known_limits": list(told.known_limits),
        "evidence": dict(told.evidence),
        "patient_data": {
            name: {"used": use.used, "how": use.how, "findings": dict(use.findings)}
            for name, use in told.patient_data.items()
        },
        "ages": {
            name: {
                "value": shown(figure.value),
                "unit": figure.unit,
                "citation": _citation(knowledge.sources[figure.source]),
                "where": figure.where,
            }
            for name, figure in (("adult", knowledge.policy.age.adult), ("older_adult", knowledge.policy.age.older))
        },
        "findings": [_finding(finding, knowledge) for finding in knowledge.findings.values()],
        "tables": [
            {
                "id": table.id,
                "name": table.name,
                "default": table.id == knowledge.default_table,
                "own_figures": [_citation(knowledge.sources[name]) for name in table.own],
                "then": [_citation(knowledge.sources[name]) for name in table.fallback],
            }
            for table in knowledge.tables.values()
        ],
        "sources": [_source(source) for source in knowledge.sources.values()],
    }


def _finding(finding: FindingPolicy, knowledge: Knowledge) -> dict[str, Any]:
    """One finding with the thirteen attributes, in the order of the regulation's paragraphs."""
    told = knowledge.intervention
    return {
        "id": finding.id,
        "title": finding.title,
        "summary": finding.page["summary"],
        "in_force": finding.on,
        "raises_a_card": finding.raises,
        "at_most": str(finding.severity),
        "thresholds": [
            {
                "name": name,
                "value": shown(figure.value),
                "unit": figure.unit,
                "citation": _citation(knowledge.sources[figure.source]),
                "where": figure.where,
                "how_far_read": _OWN.get(figure.source, _READ[figure.verification]),
                "reviewed": str(figure.reviewed),
            }
            for name, figure in finding.parameters.items()
        ],
        "attributes": {
            "bibliographic_citation": [_source(knowledge.sources[name]) for name in finding.references],
            "developer": told.developer,
            "funding_source": told.funding,
            "release_and_revision_dates": _dates(finding, knowledge),
            **{name: _use(finding, name, knowledge) for name in told.patient_data},
        },
    }


def _dates(finding: FindingPolicy, knowledge: Knowledge) -> dict[str, Any]:
    reviewed = sorted(figure.reviewed for figure in finding.parameters.values())
    return {
        "released": str(knowledge.intervention.released),
        "knowledge_version": knowledge.version,
        "knowledge_reviewed": str(knowledge.reviewed),
        "thresholds_reviewed": [str(day) for day in dict.fromkeys((reviewed[0], reviewed[-1]))] if reviewed else [],
        "references": {
            knowledge.sources[name].short: knowledge.sources[name].year or _UNDATED for name in finding.references
        },
    }


def _use(finding: FindingPolicy, name: str, knowledge: Knowledge) -> dict[str, Any]:
    """How a finding uses a kind of patient data: what holds for all findings, then what is its own."""
    use = knowledge.intervention.patient_data[name]
    own = use.findings.get(finding.id)
    return {"used": use.used, "how": f"{use.how} {own}" if own else use.how}


def _source(source: Source) -> dict[str, str]:
    return {
        "id": source.id,
        "citation": _citation(source),
        "published": source.year or _UNDATED,
        "copy_read": source.read_at,
        "how_far_read": _OWN.get(source.id, _READ[source.verification]),
    }


def _citation(source: Source) -> str:
    return f"{source.title}. {source.publisher}, {source.year or _UNDATED}.{f' {source.url}' if source.url else ''}"
