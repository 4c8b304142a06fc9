"""The page on the performance of findings: judged, shown, accepted, overridden and why, by knowledge version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby
from pathlib import Path

from flask import Blueprint, Flask, Response, render_template, request

from cds_service.config.limits import REPORT_SECONDS
from cds_service.errors import UnknownAddressError
from cds_service.records.call_store import CallStore
from cds_service.records.database import StoreDownError
from cds_service.records.feedback_rows import reason_codes_leading_to
from cds_service.records.report import NO_REASON_GIVEN, Performance, doubted_records, performance
from cds_service.records.store import DatabaseCallStore
from cds_service.records.timestamps import day_bounds, month_before
from cds_service.trust.operator import is_operator
from cds_service.waiting import off_processor
from cds_service.web.pages import PAGE_POLICY
from rules import Knowledge
from rules.knowledge import OverrideEffect

_PERCENT = 100
_FEW = 5
"""With fewer answers no percentage is shown, because it would mean nothing."""


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one tenant under one knowledge version.

    ``fired`` are those that fired, the most overridden first; ``never`` are the ids of the others.
    """

    tenant: str
    knowledge: str
    evaluated: int
    fired: tuple[Performance, ...]
    never: tuple[str, ...]


def serve_performance(
    app: Flask, knowledge: Callable[[], Knowledge], store: CallStore, secret_file: Path | None, zone: tzinfo
) -> None:
    """Add ``/review/performance`` to an application, for operators.

    Args:
        app: the application.
        knowledge: the knowledge in force, with the titles of findings and the reasons to override.
        store: where calls are recorded; only a database has a report.
        secret_file: the file with the operators' secret; None admits this machine only.
        zone: the time zone in which days begin.
    """
    pages = Blueprint("review", __name__, url_prefix="/review", template_folder="templates")

    @pages.before_request
    def admit() -> Response | None:
        if is_operator(request, secret_file):
            return None
        if secret_file is None:
            raise UnknownAddressError
        # The browser asks for the secret.
        return Response(status=401, headers={"WWW-Authenticate": 'Basic realm="benzo-cds", charset="UTF-8"'})

    @pages.after_request
    def restrict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    @pages.get("/performance")
    def show() -> str:
        last = _day(request.args.get("until")) or datetime.now(zone).date()
        first = _day(request.args.get("since")) or month_before(last)
        begin, end = day_bounds(first, last, zone)
        now = knowledge()
        titles = {name: policy.title for name, policy in now.findings.items()}
        reasons = {reason.code: reason.display for reason in now.suggestions.override_reasons}
        reasons[NO_REASON_GIVEN] = "No reason given"
        doubts = reason_codes_leading_to(OverrideEffect.DATA_QUALITY, now)
        context: dict[str, object] = {"since": first, "until": last, "titles": titles, "reasons": reasons, "few": _FEW}
        if not isinstance(store, DatabaseCallStore):
            return render_template("performance.html", **context, problem="none")
        try:
            found, checked = off_processor(
                lambda: store.database.long_read(
                    lambda c: (performance(c, titles, begin, end), doubted_records(c, doubts, begin, end)),
                    REPORT_SECONDS,
                )
            )
        except StoreDownError:
            return render_template("performance.html", **context, problem="down")
        return render_template("performance.html", **context, groups=list(_grouped(found)), doubts=len(checked))

    @pages.get("/style.css")
    def style() -> Response:
        return Response(render_template("page.css"), content_type="text/css; charset=utf-8")

    @app.template_filter("share")
    def share(part: int, whole: int) -> str:
        return f"{round(_PERCENT * part / whole)} %"

    app.register_blueprint(pages)


def _grouped(found: Iterable[Performance]) -> Iterator[FindingGroup]:
    for (tenant, knowledge), members in groupby(found, key=lambda row: (row.tenant, row.knowledge)):
        rows = tuple(members)
        fired = sorted((row for row in rows if row.would_fire), key=_attention)
        never = tuple(row.finding for row in rows if not row.would_fire)
        yield FindingGroup(tenant, knowledge, rows[0].evaluated, tuple(fired), never)


def _attention(row: Performance) -> tuple[int, str]:
    return (-sum(row.overridden.values()), row.finding)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
