"""Dates: their precision and zone, which are there, and which contradict."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from harmless import Keeps, harmless
from harmless.dosage import lines_of
from harmless.sent import Sent


def _dated(sent: Sent, *, record_only: bool = False) -> list[tuple[dict[str, Any], date]]:
    """The picked orders with the day on which they were written, a placeholder being none.

    Of a completed order the dates decide whether it is over, as settings do at discharge.
    """
    orders = sent.record() if record_only else sent.orders()
    found = []
    for order in orders if not sent.at_discharge else []:
        written = order.get("authoredOn", "")
        is_day = len(written) == 10 and written[:4].isdigit() and "1971" < written <= sent.days_ago(0)
        if is_day and order.get("status") != "completed":
            found.append((order, date.fromisoformat(written)))
    return found


def _bound(order: dict[str, Any], period: dict[str, str]) -> None:
    """Give every line of an order a period."""
    for line in lines_of(order):
        line.setdefault("timing", {}).setdefault("repeat", {})["boundsPeriod"] = dict(period)


@harmless()
def written_at_a_time(sent: Sent) -> None:
    """A time of the day beside the date."""
    for order, day in _dated(sent):
        time = sent.picked("T09:30:00Z", "T12:00:00-05:00", "T14:15:16.123+02:00", "T12:00:00", "T12:00", " 12:00:00")
        order["authoredOn"] = f"{day}{time}"


@harmless(Keeps.PRESENCE)
def written_in_a_month(sent: Sent) -> None:
    """Of a date known in part the day is unknown, not whether the order stands."""
    for order, day in _dated(sent):
        order["authoredOn"] = f"{day:%Y-%m}"


@harmless(Keeps.PRESENCE)
def written_in_a_year(sent: Sent) -> None:
    """Of a date known in part the day is unknown, not whether the order stands."""
    for order, day in _dated(sent):
        order["authoredOn"] = f"{day:%Y}"


@harmless(Keeps.PRESENCE)
def written_tomorrow(sent: Sent) -> None:
    """East of here it is tomorrow already."""
    for order, _ in _dated(sent):
        tomorrow = sent.on + timedelta(days=1)
        order["authoredOn"] = f"{tomorrow}{sent.picked('', 'T01:00:00+13:00', 'T23:30:00Z')}"


@harmless(Keeps.PRESENCE)
def written_on_no_date(sent: Sent) -> None:
    """An active order without any date stands."""
    for order, _ in _dated(sent):
        order.pop("authoredOn", None)
        if sent.option % 2:
            order["_authoredOn"] = {
                "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason"}]
            }


@harmless(Keeps.PRESENCE)
def date_not_readable(sent: Sent) -> None:
    """A date in another notation says nothing against the order."""
    for order, day in _dated(sent):
        order["authoredOn"] = sent.picked(f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y}", "0000-00-00", "", f"{day:%Y%m%d}")


@harmless(Keeps.PRESENCE)
def written_long_ago(sent: Sent) -> None:
    """A placeholder for the date says nothing of when it was written."""
    for order, day in _dated(sent, record_only=True):
        if order.get("dosageInstruction"):
            order["authoredOn"] = sent.picked("1900-01-01", "0001-01-01", "1753-01-01", "1970-01-01")
            _bound(order, {"start": day.isoformat()})


@harmless(Keeps.PRESENCE)
def bounds_of_long_ago(sent: Sent) -> None:
    """A placeholder for the start contradicts the day on which it was written."""
    for order, _ in _dated(sent, record_only=True):
        _bound(order, {"start": sent.picked("1900-01-01", "0001-01-01", "1970-01-01")})


@harmless()
def bounds_as_written(sent: Sent) -> None:
    """The start that the date gives anyway."""
    for order, day in _dated(sent):
        _bound(order, {"start": sent.picked(day.isoformat(), f"{day}T08:00:00Z")})


@harmless(Keeps.PRESENCE)
def bounds_without_end(sent: Sent) -> None:
    """An end of the year 9999 is none."""
    for order, day in _dated(sent):
        end = sent.picked("9999-12-31", "2999-12-31", "9999-12-31T23:59:59Z", "2099-01-01")
        _bound(order, {"start": day.isoformat(), "end": end})


@harmless(Keeps.PRESENCE)
def bounds_end_before_start(sent: Sent) -> None:
    """An end before the start is not to be believed."""
    for order, day in _dated(sent, record_only=True):
        end = day - timedelta(days=sent.picked(1, 30, 365))
        _bound(order, {"start": day.isoformat(), "end": end.isoformat()})


@harmless()
def validity_open(sent: Sent) -> None:
    """How long an order may be dispensed, without an end, limits nothing."""
    for order, day in _dated(sent):
        order.setdefault("dispenseRequest", {})["validityPeriod"] = {"start": day.isoformat()}


@harmless()
def validity_of_a_year(sent: Sent) -> None:
    """That an order may be dispensed for a year says nothing of how it is taken."""
    for order, day in _dated(sent):
        end = (day + timedelta(days=365)).isoformat()
        order.setdefault("dispenseRequest", {})["validityPeriod"] = {"start": day.isoformat(), "end": end}


@harmless(Keeps.TOLD)
def begins_in_days(sent: Sent) -> None:
    """An active order that begins in days may be taken already."""
    for order, _ in _dated(sent, record_only=True):
        _bound(order, {"start": (sent.on + timedelta(days=sent.picked(1, 5, 20))).isoformat()})


@harmless()
def draft_of_no_date(sent: Sent) -> None:
    """What is being written has no date yet."""
    for draft in sent.drafts():
        draft.pop("authoredOn", None)


@harmless()
def draft_begins_in_days(sent: Sent) -> None:
    """A draft that begins in days is judged at its start."""
    for draft in sent.drafts():
        _bound(draft, {"start": (sent.on + timedelta(days=sent.picked(1, 3))).isoformat()})


@harmless()
def stored_at_a_time(sent: Sent) -> None:
    """When a resource was stored says nothing of the order."""
    for order in sent.orders():
        order["meta"] = {"versionId": sent.picked("1", "12"), "lastUpdated": f"{sent.days_ago(1)}T10:00:00Z"}
