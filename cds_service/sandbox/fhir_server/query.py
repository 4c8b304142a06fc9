"""A search as it was asked: by what, with what along, how much in a page; and what of it the sandbox does not know."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from cds_service.sandbox.fhir_server.inclusion import NAMES, Inclusion, inclusion
from cds_service.sandbox.fhir_server.paging import whole_number
from cds_service.sandbox.fhir_server.refusal import RefusedError, outcome
from cds_service.sandbox.fhir_server.search import Parameters, unknown_parameters
from cds_service.sandbox.fhir_server.store import Resource

COUNT = "_count"
PAGE = "_page"
_JSON_FORMATS = ("json", "text/json", "application/json", "application/fhir+json")


@dataclass(frozen=True, slots=True)
class Query:
    """``text`` is the query as it was understood, ``outcomes`` are warnings of what was not and is left out."""

    text: str
    criteria: tuple[tuple[str, str], ...]
    inclusions: tuple[Inclusion, ...]
    count: int | None
    outcomes: tuple[Resource, ...]


def page_asked(parameters: Parameters) -> str | None:
    """The page that a query names instead of a search.

    Raises:
        RefusedError: it asks for something else as well, or for another format than JSON.
    """
    if any(name == "_format" and text not in _JSON_FORMATS for name, text in parameters):
        raise RefusedError(406, "not-supported", "The sandbox answers in JSON.")
    asked = [pair for pair in parameters if pair[0] != "_format"]
    tokens = [text for name, text in asked if name == PAGE]
    if tokens and len(asked) > 1:
        raise RefusedError(400, "invalid", f"{PAGE} names a whole page and stands alone.")
    return tokens[0] if tokens else None


def read_query(kind: str, parameters: Parameters, *, lenient: bool) -> Query:
    """The query that these parameters are for a type.

    What is not known is refused, since to leave it out can widen the answer; a ``lenient`` client is told instead.

    Raises:
        RefusedError: a parameter is not known, or has no such value.
    """
    asked = [pair for pair in parameters if pair[0] != "_format"]
    sizes = [whole_number(text) for name, text in asked if name == COUNT]
    if None in sizes or len(sizes) > 1:
        raise RefusedError(400, "invalid", f"{COUNT} is a whole number, given once.")
    inclusions = {pair: inclusion(*pair) for pair in asked if pair[0] in NAMES}
    criteria = [pair for pair in asked if pair[0] not in (*NAMES, COUNT)]
    strange = unknown_parameters(kind, criteria)
    problems = [*strange, *(f"{name}={text}" for (name, text), found in inclusions.items() if found is None)]
    if problems and not lenient:
        raise RefusedError(400, "not-supported", f"The sandbox cannot search {kind} by: {', '.join(problems)}.")
    return Query(
        urlencode([pair for pair in asked if pair[0] not in strange and inclusions.get(pair, True)]),
        tuple(pair for pair in criteria if pair[0] not in strange),
        tuple(found for found in inclusions.values() if found is not None),
        sizes[0] if sizes else None,
        tuple(outcome("warning", "not-supported", f"Left out, since not known: {problem}.") for problem in problems),
    )
