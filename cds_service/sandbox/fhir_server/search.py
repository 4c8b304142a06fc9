"""Which resources match a search: parameters are joined by *and*, the values of one, with commas between, by *or*."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cds_service.fhir.references import type_and_id
from cds_service.sandbox.fhir_server.parameters import PARAMETERS, Parameter
from cds_service.sandbox.fhir_server.store import SERVED_TYPES, Resource, Store

Parameters = Sequence[tuple[str, str]]

# A comma behind a backslash belongs to the value.
_BETWEEN_VALUES = re.compile(r"(?<!\\),")


def unknown_parameters(kind: str, parameters: Parameters) -> list[str]:
    """The parameters that the sandbox cannot search this type by."""
    return sorted({name for name, _ in parameters} - set(PARAMETERS[kind]))


def find(store: Store, kind: str, parameters: Parameters) -> list[Resource]:
    """The resources of one type that match, in the order in which they came. Every parameter must be a known one."""
    criteria = [(PARAMETERS[kind][name], _values(text)) for name, text in parameters]
    return [
        resource
        for resource in store.every(kind)
        if all(_matches(resource, parameter, values) for parameter, values in criteria)
    ]


def record_of(store: Store, patient_id: str) -> list[Resource]:
    """The Patient and everything whose subject it is; empty where there is no such patient."""
    patient = store.read("Patient", patient_id)
    kinds = [kind for kind in SERVED_TYPES if "patient" in PARAMETERS[kind]]
    record = [found for kind in kinds for found in find(store, kind, [("patient", patient_id)])]
    return [patient, *record] if patient else []


def references_at(resource: Resource, parameter: Parameter) -> list[str]:
    """The references that stand where a parameter looks."""
    found = (value.get("reference") for value in _elements(resource, parameter.path) if isinstance(value, dict))
    return [reference for reference in found if isinstance(reference, str)]


def _matches(resource: Resource, parameter: Parameter, values: list[str]) -> bool:
    if parameter.type == "reference":
        named = [type_and_id(reference) for reference in references_at(resource, parameter)]
        return any(_is_named(value, named, parameter.targets) for value in values)
    elements = list(_elements(resource, parameter.path))
    if parameter.type == "string":
        words = " ".join(_words(elements)).casefold()
        return any(value.casefold() in words for value in values)
    tokens = {token for element in elements for token in _tokens(element)}
    return any(_is_token(value, tokens) for value in values)


def _values(text: str) -> list[str]:
    return [re.sub(r"\\([,|$\\])", r"\1", value) for value in _BETWEEN_VALUES.split(text)]


def _elements(value: object, path: str) -> Iterable[object]:
    """What stands at a path, each member of a list by itself."""
    if isinstance(value, list):
        for member in value:
            yield from _elements(member, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        if name in value:
            yield from _elements(value[name], rest)


def _is_named(value: str, named: list[tuple[str | None, str]], targets: tuple[str, ...]) -> bool:
    """Whether a value (an id, ``Type/id`` or an address) is among the references; another type's id is not."""
    kind, id_ = type_and_id(value)
    return any(id_ == own and of in targets and kind in (None, of) for of, own in named)


def _tokens(element: object) -> Iterable[tuple[str | None, str]]:
    """System and code of a code, Coding, CodeableConcept or Identifier; the system of a bare code is not written."""
    if isinstance(element, str):
        yield None, element
    elif isinstance(element, dict):
        codings = _elements(element, "coding") if "coding" in element else [element]
        for coding in (each for each in codings if isinstance(each, dict)):
            system, code = coding.get("system"), coding.get("code", coding.get("value"))
            if isinstance(code, str):
                yield (system if isinstance(system, str) else ""), code


def _is_token(value: str, tokens: set[tuple[str | None, str]]) -> bool:
    system, separator, code = value.rpartition("|")
    return any(
        (not code or code == own) and (not separator or of is None or of == system)
        for of, own in tokens
        if code or separator
    )


def _words(names: Iterable[object]) -> Iterable[str]:
    for name in names:
        if isinstance(name, str):
            yield name
        elif isinstance(name, dict):
            parts = (part for path in ("text", "given", "family") for part in _elements(name, path))
            yield from (part for part in parts if isinstance(part, str))
