"""The source attributes of the decision support, for those who decide whether to rely on it.

They are the attributes that certified EHRs in the United States show of an intervention (45 CFR 170.315(b)(11)).
Sources and findings are read from the knowledge. What has not been assessed is stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from flask import Flask, Response, request

from cds_service.services import SERVICES
from cds_service.version import program_version
from cds_service.web.replies import json_response
from rules import Knowledge


def about(knowledge: Knowledge) -> dict[str, Any]:
    """The attributes, by name."""
    return {
        "name": "Benzo-CDS",
        "version": program_version(),
        "knowledge": {
            "version": knowledge.version,
            "reviewed": str(knowledge.reviewed),
            "conversion_table": knowledge.tables[knowledge.default_table].name,
        },
        "developer": "The Benzo-CDS project, open source under the Apache License 2.0.",
        "funding": "None is declared.",
        "kind": "Evidence-based decision support by fixed rules. No machine learning, no prediction, no training data.",
        "purpose": (
            "To show a prescriber the total diazepam-equivalent load of a patient's sedatives, what is dangerous "
            "beside it, and the options, while an order can still be changed."
        ),
        "intended_users": "Prescribers and pharmacists, who review each card and decide for themselves.",
        "intended_population": "Adults in the United States with a sedative or an opioid on record or being ordered.",
        "not_for": (
            "Patients themselves, children, emergencies, sedation monitoring, infusions; hospice, palliative and "
            "end-of-life care, where it is silent."
        ),
        "cautions": (
            "Equivalents are approximate, and published tables differ. No card means only that nothing was found in "
            "the data supplied. It never advises to stop a benzodiazepine abruptly."
        ),
        "inputs": (
            "Birth date and sex, medication requests, statements and dispenses, conditions, and the orders being "
            "written. Age decides which findings are judged. Race, ethnicity, language, income, insurance and address "
            "are not read."
        ),
        "outputs": "Up to two cards with their whole working, at least two options, and nothing selected beforehand.",
        "development": (
            "Written from the publications below; every figure has a citation and a date of review. The answers for "
            "invented patients were worked out by hand and are tested."
        ),
        "validation": (
            "Tested on invented patients, published examples and generated records. Not yet compared with the "
            "judgement of clinicians on real patients; no outcome has been measured."
        ),
        "fairness": (
            "Not assessed. No difference between groups of patients has been measured, and none was looked for. Age is "
            "used where the cited guidance does. Records that are less complete give less complete answers, and say so."
        ),
        "known_limits": [
            "Other pharmacies, prescription monitoring and opioid treatment programmes are not seen.",
            "Interactions that change how a drug is broken down are not checked.",
            "A dose in words that are not all understood is unknown, and the load is given as at least so much.",
            "Children are not judged.",
        ],
        "update_schedule": (
            "By need, without fixed dates. An automated check fails once the review of the knowledge is too old; "
            "changes are listed in CHANGELOG.md with their clinical effect."
        ),
        "feedback": (
            "By the card itself (accepted, overridden and why), which the service takes at its feedback address; by an "
            "issue in the project's repository, without patient data."
        ),
        "services": [{"id": service.id, "hook": service.hook, "title": service.title} for service in SERVICES.values()],
        "findings": [
            {
                "id": finding.id,
                "title": finding.title,
                "in_force": finding.on,
                "references": [knowledge.sources[name].short for name in finding.references],
            }
            for finding in knowledge.findings.values()
        ],
        "sources": [
            {
                "title": source.title,
                "publisher": source.publisher,
                "year": source.year,
                "verification": str(source.verification),
                **({"url": source.url} if source.url else {}),
            }
            for source in knowledge.sources.values()
        ],
    }


def serve_about(app: Flask, knowledge: Knowledge) -> None:
    """Answer ``/about``: a page, or JSON where the caller prefers it."""
    attributes = about(knowledge)

    @app.get("/about")
    def page_or_json() -> Response:
        preferred = request.accept_mimetypes.best_match(["application/json", "text/html"])
        if preferred == "text/html":
            response = Response(_page(attributes), content_type="text/html; charset=utf-8")
        else:
            response = json_response(attributes)
        response.vary.add("Accept")
        return response


def _page(attributes: Mapping[str, Any]) -> str:
    rows = "\n".join(f"<dt>{_label(name)}</dt><dd>{_html(value)}</dd>" for name, value in attributes.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>About Benzo-CDS</title></head>\n'
        f"<body><h1>About Benzo-CDS</h1>\n<dl>\n{rows}\n</dl></body></html>\n"
    )


def _label(name: str) -> str:
    return escape(name.replace("_", " ").capitalize())


def _html(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_label(str(name))}: {_html(item)}" for name, item in value.items())
    if isinstance(value, list):
        items = "".join(f"<li>{_html(item)}</li>" for item in value)
        return f"<ul>{items}</ul>"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(str(value))
