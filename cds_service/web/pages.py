"""The pages that say what the service is, for people and as JSON: ``/about`` and ``/source-attributes``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request

from cds_service.web.about import SOURCE_ATTRIBUTES, about
from cds_service.web.replies import json_response
from cds_service.web.source_attributes import source_attributes
from rules import Knowledge

PAGE_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of a page: nothing is loaded but a style of the service, and nothing may frame it."""

_HTML, _JSON = "text/html", "application/json"


def serve_pages(app: Flask, knowledge: Callable[[], Knowledge]) -> None:
    """Answer ``/about`` and ``/source-attributes``: a page, or JSON where the caller prefers it.

    Args:
        app: the application.
        knowledge: gives the knowledge in force.
    """
    pages = Blueprint("pages", __name__, template_folder="templates")

    @pages.get("/about")
    def show_about() -> Response:
        return _page_or_json("about.html", about(knowledge()))

    @pages.get(SOURCE_ATTRIBUTES)
    def show_source_attributes() -> Response:
        return _page_or_json("source_attributes.html", source_attributes(knowledge()))

    @pages.get(f"{SOURCE_ATTRIBUTES}.json")
    def download_source_attributes() -> Response:
        return json_response(source_attributes(knowledge()))

    @pages.get("/about/style.css")
    def style() -> Response:
        return Response(render_template("page.css"), content_type="text/css; charset=utf-8")

    app.register_blueprint(pages)


def _page_or_json(template: str, told: Mapping[str, Any]) -> Response:
    if request.accept_mimetypes.best_match([_JSON, _HTML]) == _HTML:
        response = Response(render_template(template, **told), content_type=f"{_HTML}; charset=utf-8")
        response.headers["Content-Security-Policy"] = PAGE_POLICY
    else:
        response = json_response(told)
    response.vary.add("Accept")
    return response
