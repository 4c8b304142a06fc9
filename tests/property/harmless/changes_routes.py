"""How the route is sent."""

from __future__ import annotations

from typing import Any

from harmless import harmless
from harmless.dosage import lines_of
from harmless.sent import Sent

_SNOMED = "http://snomed.info/sct"
_ORAL = {"system": _SNOMED, "code": "26643006", "display": "Oral route"}
_SWALLOWED = ("Oral Tablet", "Oral Capsule")


def _lines(sent: Sent, *, swallowed: bool = False) -> list[dict[str, Any]]:
    """The lines of the picked orders that hold a structure or a text."""
    return [
        line
        for order in sent.orders()
        if not swallowed or (sent.name(order) or "").endswith(_SWALLOWED)
        for line in lines_of(order)
        if line
    ]


@harmless()
def route_topical(sent: Sent) -> None:
    """A route "Topical" that a patch or an oral tablet contradicts is a wrong entry: the product counts."""
    topical = {"coding": [{"system": _SNOMED, "code": "6064005", "display": "Topical route"}], "text": "Topical"}
    for order in sent.orders():
        if sent.product(order) is not None:
            lines = lines_of(order) or [{}]
            for line in lines:
                line["route"] = sent.picked(
                    topical, {"text": "Topical"}, {"coding": topical["coding"]}, {"text": "TOP"}
                )
            order["dosageInstruction"] = lines


@harmless()
def route_in_words(sent: Sent) -> None:
    """ "By mouth" is oral."""
    for line in _lines(sent, swallowed=True):
        line["route"] = {"text": sent.picked("by mouth", "PO", "Oral", "oral", "per os", "Oral use", "p.o.")}


@harmless()
def route_by_code(sent: Sent) -> None:
    """The code for oral without its name."""
    for line in _lines(sent, swallowed=True):
        line["route"] = {"coding": [{"system": _SNOMED, "code": _ORAL["code"]}]}


@harmless()
def route_left_out(sent: Sent) -> None:
    """Without a route the product tells it."""
    for line in _lines(sent):
        line.pop("route", None)


@harmless()
def route_of_the_ehr(sent: Sent) -> None:
    """A code of the EHR's own for the route says nothing else than the product."""
    for line in _lines(sent, swallowed=True):
        line["route"] = {"coding": [{"system": "urn:oid:1.2.840.114350.1.13.0.1.7.4.698288.7025", "code": "15"}]}


@harmless()
def method_added(sent: Sent) -> None:
    """How a tablet is taken changes nothing."""
    for line in _lines(sent, swallowed=True):
        line["method"] = {"coding": [{"system": _SNOMED, "code": "421521009", "display": "Swallow"}]}
