"""The order-entry page, and the endpoints it needs beyond FHIR and CDS Hooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from flask import Blueprint, Response, abort, render_template, request

from cds_service.sandbox.charts import START_HERE, Chart
from cds_service.sandbox.formulary import Formulary
from cds_service.working.explanation import explanation_html

# The page may load from and connect to its own origin only, and run only scripts that are files of ours.
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(
        ["default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "object-src 'none'"]
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

AssessPatient = Callable[[str, Sequence[Any]], Mapping[str, Any] | None]


def order_entry(
    charts: Sequence[Chart],
    formulary: Formulary,
    findings: Mapping[str, str],
    assess_patient: AssessPatient,
    on: date,
    *,
    demands_token: bool = False,
) -> Blueprint:
    """The blueprint to register at the root.

    Args:
        charts: the patients that the page lists.
        formulary: the products that can be ordered.
        findings: the title of each finding by its id, in the order in which the stories are grouped.
        assess_patient: the assessment of the sandbox's record of a patient's id with draft orders, None if there is no
            such patient.
        on: the demonstration's date, which the page shows and dates its orders with.
        demands_token: whether the page must get an access token for the sandbox.
    """
    blueprint = Blueprint(
        "entry", __name__, template_folder="templates", static_folder="static", static_url_path="/demo/static"
    )

    @blueprint.get("/")
    def page() -> str:
        return render_template("order_entry.html", on=on, demands_token=demands_token)

    @blueprint.get("/demo/stories")
    def list_stories() -> Response:
        body = {
            "on": on.isoformat(),
            "start": START_HERE,
            "groups": [{"id": id_, "title": title} for id_, title in findings.items()],
            "stories": [_chart_json(chart) for chart in charts],
        }
        return _json(body)

    @blueprint.get("/demo/products")
    def find_products() -> Response:
        return _json({"drugs": formulary.find(request.args.get("q", ""))})

    @blueprint.post("/demo/assessment")
    def assessment() -> Response:
        """``{"patient": id, "drafts": [order, ...]}``: the load on record, and with these orders."""
        asked = _json_body()
        patient, drafts = asked.get("patient"), asked.get("drafts", [])
        if not isinstance(drafts, list):
            abort(400)
        found = assess_patient(patient, drafts) if isinstance(patient, str) else None
        if found is None:
            abort(404)
        return _json(found)

    @blueprint.post("/demo/explanation")
    def explain() -> Response:
        return Response(explanation_html(_json_body()), content_type="text/html; charset=utf-8")

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        return response

    return blueprint


def _json_body() -> dict[str, Any]:
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        abort(400)
    if not isinstance(body, dict):
        abort(400)
    return body


def _chart_json(chart: Chart) -> dict[str, Any]:
    return {
        "slug": chart.slug,
        "title": chart.title,
        "narrative": chart.narrative,
        "hook": chart.hook,
        "shows": chart.shows,
        "patient": chart.patient,
        "drafts": chart.drafts,
    }


def _json(body: Mapping[str, Any]) -> Response:
    response = Response(orjson.dumps(body), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
