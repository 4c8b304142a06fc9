"""Which resources match a search: parameters are joined by *and*, the comma-separated values of one by *or*."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cds_service.fhir.references import type_and_id
from cds_service.sandbox.fhir_server.parameters import PARAMETERS, Parameter
from cds_service.sandbox.fhir_store.store import SERVED_TYPES, Resource, Store

Parameters = Sequence[tuple[str, str]]

# A backslash before a comma makes it part of the value.
_SEPARATOR = re.compile(r"(?<!\\),")


def unknown_parameters(resource_type: str, parameters: Parameters) -> list[str]:
    """The names of parameters that the sandbox does not support for this type, sorted."""
    return sorted({name for name, _ in parameters} - set(PARAMETERS[resource_type]))


def find(store: Store, resource_type: str, parameters: Parameters) -> list[Resource]:
    """The resources of one type that match, in the order of creation.

    Raises:
        KeyError: a parameter is not one of ``PARAMETERS`` for the type; see :func:`unknown_parameters`.
    """
    criteria = [(PARAMETERS[resource_type][name], _values(text)) for name, text in parameters]
    return [
        resource
        for resource in store.current(resource_type)
        if all(_matches(resource, parameter, values) for parameter, values in criteria)
    ]


def record_of(store: Store, patient_id: str) -> list[Resource]:
    """The Patient and everything whose subject it is; empty where there is no such patient."""
    patient = store.read("Patient", patient_id)
    types = [resource_type for resource_type in SERVED_TYPES if "patient" in PARAMETERS[resource_type]]
    record = [found for resource_type in types for found in find(store, resource_type, [("patient", patient_id)])]
    return [patient, *record] if patient else []


def references_at(resource: Resource, parameter: Parameter) -> list[str]:
    """The references at the path of a search parameter."""
    found = (value.get("reference") for value in _elements(resource, parameter.path) if isinstance(value, dict))
    return [reference for reference in found if isinstance(reference, str)]


def _matches(resource: Resource, parameter: Parameter, values: list[str]) -> bool:
    if parameter.type == "reference":
        references = [type_and_id(reference) for reference in references_at(resource, parameter)]
        return any(_is_referenced(value, references, parameter.targets) for value in values)
    elements = list(_elements(resource, parameter.path))
    if parameter.type == "string":
        words = " ".join(_words(elements)).casefold()
        return any(value.casefold() in words for value in values)
    tokens = {token for element in elements for token in _tokens(element)}
    return any(_matches_token(value, tokens) for value in values)


def _values(text: str) -> list[str]:
    return [re.sub(r"\\([,|$\\])", r"\1", value) for value in _SEPARATOR.split(text)]


def _elements(value: object, path: str) -> Iterable[object]:
    """The values at a dotted path; lists are flattened."""
    if isinstance(value, list):
        for member in value:
            yield from _elements(member, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        if name in value:
            yield from _elements(value[name], rest)


def _is_referenced(value: str, references: list[tuple[str | None, str]], targets: tuple[str, ...]) -> bool:
    """Whether a value (an id, ``Type/id`` or a URL) names one of the references, and one of an allowed type."""
    resource_type, id_ = type_and_id(value)
    return any(
        id_ == target_id and target_type in targets and resource_type in (None, target_type)
        for target_type, target_id in references
    )


def _tokens(element: object) -> Iterable[tuple[str | None, str]]:
    """System and code of a code, Coding, CodeableConcept or Identifier; a bare code has the system None."""
    if isinstance(element, str):
        yield None, element
    elif isinstance(element, dict):
        codings = _elements(element, "coding") if "coding" in element else [element]
        for coding in codings:
            if not isinstance(coding, dict):
                continue
            system, code = coding.get("system"), coding.get("code", coding.get("value"))
            if isinstance(code, str):
                yield (system if isinstance(system, str) else ""), code


def _matches_token(value: str, tokens: set[tuple[str | None, str]]) -> bool:
    """Whether ``code``, ``system|code``, ``|code`` or ``system|`` matches a token."""
    system, separator, code = value.rpartition("|")
    if not code and not separator:
        return False
    return any(
        (not code or code == token_code) and (not separator or token_system in (None, system))
        for token_system, token_code in tokens
    )


def _words(names: Iterable[object]) -> Iterable[str]:
    for name in names:
        if isinstance(name, str):
            yield name
        elif isinstance(name, dict):
            parts = (part for path in ("text", "given", "family") for part in _elements(name, path))
            yield from (part for part in parts if isinstance(part, str))
