"""A search request: its criteria, inclusions and page size, and what of it the sandbox does not support."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from cds_service.sandbox.fhir_server.inclusion import NAMES, Inclusion, read_inclusion
from cds_service.sandbox.fhir_server.paging import whole_number
from cds_service.sandbox.fhir_server.search import Parameters, unknown_parameters
from cds_service.sandbox.fhir_store.refusal import RefusedError, outcome
from cds_service.sandbox.fhir_store.store import Resource

COUNT = "_count"
PAGE = "_page"
_JSON_FORMATS = ("json", "text/json", "application/json", "application/fhir+json")


@dataclass(frozen=True, slots=True)
class Query:
    """A search as understood.

    ``text`` is its query string without the unsupported parts, ``outcomes`` an OperationOutcome for each of those, and
    ``count`` the requested page size.
    """

    text: str
    criteria: tuple[tuple[str, str], ...]
    inclusions: tuple[Inclusion, ...]
    count: int | None
    outcomes: tuple[Resource, ...]


def page_token(parameters: Parameters) -> str | None:
    """The token of the page that a query asks for; None for a new search.

    Raises:
        RefusedError: ``_page`` stands with other parameters, or ``_format`` is not JSON.
    """
    if any(name == "_format" and text not in _JSON_FORMATS for name, text in parameters):
        raise RefusedError(406, "not-supported", "The sandbox answers in JSON.")
    asked = [pair for pair in parameters if pair[0] != "_format"]
    tokens = [text for name, text in asked if name == PAGE]
    if tokens and len(asked) > 1:
        raise RefusedError(400, "invalid", f"{PAGE} names a whole page and stands alone.")
    return tokens[0] if tokens else None


def read_query(resource_type: str, parameters: Parameters, *, lenient: bool) -> Query:
    """The query that these parameters ask for.

    An unsupported parameter is refused, because ignoring it can widen the result. Where the client asked for
    ``lenient`` handling it is ignored with a warning.

    Raises:
        RefusedError: a parameter is not supported, or its value is not valid.
    """
    asked = [pair for pair in parameters if pair[0] != "_format"]
    counts = [whole_number(text) for name, text in asked if name == COUNT]
    if None in counts or len(counts) > 1:
        raise RefusedError(400, "invalid", f"{COUNT} is a whole number, given once.")
    inclusions = {pair: read_inclusion(*pair) for pair in asked if pair[0] in NAMES}
    criteria = [pair for pair in asked if pair[0] not in (*NAMES, COUNT)]
    unknown = unknown_parameters(resource_type, criteria)
    problems = [*unknown, *(f"{name}={text}" for (name, text), known in inclusions.items() if known is None)]
    if problems and not lenient:
        raise RefusedError(
            400, "not-supported", f"The sandbox cannot search {resource_type} by: {', '.join(problems)}."
        )
    return Query(
        urlencode([pair for pair in asked if pair[0] not in unknown and inclusions.get(pair, True)]),
        tuple(pair for pair in criteria if pair[0] not in unknown),
        tuple(known for known in inclusions.values() if known is not None),
        counts[0] if counts else None,
        tuple(outcome("warning", "not-supported", f"Left out, since not known: {problem}.") for problem in problems),
    )
