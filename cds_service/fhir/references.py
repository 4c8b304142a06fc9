"""References between resources: relative, absolute, ``urn:uuid``, bare ids, with or without a version.

Two references are held to mean the same resource if their ids agree and their types do not contradict; the server is
not compared, since one EHR writes the same reference with and without it.
"""

from __future__ import annotations

from cds_service.fhir.elements import members, text_of

_URN = "urn:"
_HISTORY = "/_history/"
_PATIENT = "Patient"


def normalised(reference: str) -> str:
    """The reference as ``Type/id`` where it names one; a urn in lower case; anything else as it stands."""
    text = reference.strip()
    if text[: len(_URN)].lower() == _URN:
        return text.lower()
    if "?" in text or text.startswith("#"):
        return text
    if "#" in text or _HISTORY in text:
        text = text.partition(_HISTORY)[0].partition("#")[0]
    place, slash, identity = text.rstrip("/").rpartition("/")
    if not slash:
        return identity
    text = f"{place}/{identity}"
    kind = place.rpartition("/")[2]
    return f"{kind}/{identity}" if _is_type(kind) and identity else text


def type_and_id(reference: str) -> tuple[str | None, str]:
    """The type (None where the reference has none) and the id of what is referenced."""
    return _parts(normalised(reference))


def _parts(text: str) -> tuple[str | None, str]:
    if text.startswith(_URN):
        return None, text.rpartition(":")[2]
    kind, slash, identity = text.rpartition("/")
    return (kind, identity) if slash and _is_type(kind) else (None, text)


def references_match(one: str | None, other: str | None) -> bool:
    """Whether two references can mean the same resource; what is absent or empty matches nothing."""
    if not one or not other:
        return False
    first_type, first_id = type_and_id(one)
    second_type, second_id = type_and_id(other)
    if first_type and second_type:
        return first_type == second_type and first_id == second_id
    # A urn is lower case after normalisation; ids are otherwise case-sensitive.
    if first_id == second_id:
        return bool(first_id)
    is_urn = normalised(one).startswith(_URN) or normalised(other).startswith(_URN)
    return is_urn and first_id.lower() == second_id.lower()


def reference_of(value: object) -> str | None:
    """The normalised ``reference`` of a Reference element, of one given as a bare string, or of a list's first."""
    for item in members(value):
        text = text_of(item.get("reference") if isinstance(item, dict) else item)
        if text and not isinstance(item, int):
            return normalised(text)
    return None


def party_of(value: object) -> str | None:
    """Whoever a Reference names: the reference, else its identifier (``system|value``), else its display.

    A patient is no more than "Patient": outputs name who ordered, and must not name the patient.
    """
    for item in members(value):
        if not isinstance(item, dict):
            if isinstance(item, str) and item.strip():
                return _unless_patient(normalised(item))
            continue
        if item.get("type") == _PATIENT:
            return _PATIENT
        text = text_of(item.get("reference"))
        if text:
            return _unless_patient(normalised(text))
        identifier = item.get("identifier")
        if isinstance(identifier, dict) and text_of(identifier.get("value")):
            return f"{text_of(identifier.get('system')) or ''}|{text_of(identifier.get('value'))}"
        display = text_of(item.get("display"))
        if display:
            return display
        inner = item.get("agent")  # STU3: requester.agent
        if inner is not None and not (isinstance(inner, dict) and "agent" in inner):
            return party_of(inner)
    return None


def _unless_patient(reference: str) -> str:
    return _PATIENT if _parts(reference)[0] == _PATIENT else reference


def _is_type(word: str) -> bool:
    return word[:1].isupper() and word.isascii() and word.isalpha()


_REQUESTERS = frozenset({"Practitioner", "PractitionerRole"})


def requester_of(user_id: str | None) -> str | None:
    """The user as a requester of orders; None where the user is no practitioner."""
    if user_id is None:
        return None
    return normalised(user_id) if type_and_id(user_id)[0] in _REQUESTERS else None
