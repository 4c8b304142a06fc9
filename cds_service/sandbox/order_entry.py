"""The order-entry page, and the endpoints it needs beyond FHIR and CDS Hooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from flask import Blueprint, Response, abort, render_template, request

from cds_service.sandbox.charts import Chart
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

AssessPatient = Callable[[str], Mapping[str, Any] | None]


def order_entry(
    charts: Sequence[Chart],
    formulary: Formulary,
    assess_patient: AssessPatient,
    on: date,
    *,
    demands_token: bool = False,
) -> Blueprint:
    """The blueprint to register at the root.

    Args:
        charts: the patients that the page lists.
        formulary: the products that can be ordered.
        assess_patient: the assessment of the sandbox's record of a patient's id, None if there is no such patient.
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
        return _json({"on": on.isoformat(), "stories": [_chart_json(chart) for chart in charts]})

    @blueprint.get("/demo/products")
    def find_products() -> Response:
        return _json({"drugs": formulary.find(request.args.get("q", ""))})

    @blueprint.get("/demo/assessment")
    def assessment() -> Response:
        found = assess_patient(request.args.get("patient", ""))
        if found is None:
            abort(404)
        return _json(found)

    @blueprint.post("/demo/explanation")
    def explain() -> Response:
        try:
            assessment = orjson.loads(request.get_data())
        except orjson.JSONDecodeError:
            abort(400)
        if not isinstance(assessment, dict):
            abort(400)
        return Response(explanation_html(assessment), content_type="text/html; charset=utf-8")

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        return response

    return blueprint


def _chart_json(chart: Chart) -> dict[str, Any]:
    return {
        "slug": chart.slug,
        "title": chart.title,
        "narrative": chart.narrative,
        "patient": chart.patient,
        "drafts": chart.drafts,
    }


def _json(body: Mapping[str, Any]) -> Response:
    response = Response(orjson.dumps(body), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
