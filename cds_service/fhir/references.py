"""References between resources: relative, absolute, ``urn:uuid``, bare ids, with or without a version.

Two references mean the same resource if their ids agree and their types do not contradict. The server is not compared:
an EHR writes the same reference with and without it.
"""

from __future__ import annotations

from cds_service.fhir.elements import list_of, text_of

_URN = "urn:"
_HISTORY = "/_history/"
_PATIENT = "Patient"
_REQUESTERS = frozenset({"Practitioner", "PractitionerRole"})


def normalised(reference: str) -> str:
    """The reference as ``Type/id`` if it names a type and an id, a urn in lower case, anything else as sent::

    reference = urn | [base, "/"], [type, "/"], id, ["/_history/", version], ["#", fragment]
    """
    text = reference.strip()
    if text[: len(_URN)].lower() == _URN:
        return text.lower()
    if "?" in text or text.startswith("#"):
        return text
    if "#" in text or _HISTORY in text:
        text = text.partition(_HISTORY)[0].partition("#")[0]
    base, slash, identity = text.rstrip("/").rpartition("/")
    if not slash:
        return identity
    text = f"{base}/{identity}"
    resource_type = base.rpartition("/")[2]
    return f"{resource_type}/{identity}" if _is_type(resource_type) and identity else text


def type_and_id(reference: str) -> tuple[str | None, str]:
    """The type of the referenced resource (None if the reference has none) and its id."""
    return _split(normalised(reference))


def _split(text: str) -> tuple[str | None, str]:
    if text.startswith(_URN):
        return None, text.rpartition(":")[2]
    resource_type, slash, identity = text.rpartition("/")
    return (resource_type, identity) if slash and _is_type(resource_type) else (None, text)


def references_match(one: str | None, other: str | None) -> bool:
    """Whether two references can mean the same resource; an absent or empty one matches nothing."""
    if not one or not other:
        return False
    one, other = normalised(one), normalised(other)
    one_type, one_id = _split(one)
    other_type, other_id = _split(other)
    if one_type and other_type:
        return one_type == other_type and one_id == other_id
    if one_id == other_id:
        return bool(one_id)
    # Ids are case-sensitive, but a urn was put into lower case.
    return (one.startswith(_URN) or other.startswith(_URN)) and one_id.lower() == other_id.lower()


def reference_of(value: object) -> str | None:
    """The normalised ``reference`` of a Reference, of a bare string, or of the first of a list."""
    for item in list_of(value):
        text = text_of(item.get("reference") if isinstance(item, dict) else item)
        if text and not isinstance(item, int):
            return normalised(text)
    return None


def party_of(value: object) -> str | None:
    """Whom a Reference names: its reference, else its identifier (``system|value``), else its display.

    A patient is "Patient" alone: outputs name who ordered, and must not name the patient.
    """
    for item in list_of(value):
        if not isinstance(item, dict):
            if isinstance(item, str) and item.strip():
                return _without_patient_id(normalised(item))
            continue
        if item.get("type") == _PATIENT:
            return _PATIENT
        text = text_of(item.get("reference"))
        if text:
            return _without_patient_id(normalised(text))
        identifier = identifier_of(item.get("identifier"))
        if identifier is not None:
            return identifier
        display = text_of(item.get("display"))
        if display:
            return display
        agent = item.get("agent")  # STU3: requester.agent
        if agent is not None and not (isinstance(agent, dict) and "agent" in agent):
            return party_of(agent)
    return None


def identifier_of(value: object) -> str | None:
    """An Identifier as ``system|value``; None without a value."""
    if not isinstance(value, dict) or text_of(value.get("value")) is None:
        return None
    return f"{text_of(value.get('system')) or ''}|{text_of(value.get('value'))}"


def requester_of(user_id: str | None) -> str | None:
    """The user of a hook as a requester of orders; None if the user is no practitioner."""
    if user_id is None:
        return None
    return normalised(user_id) if type_and_id(user_id)[0] in _REQUESTERS else None


def _without_patient_id(reference: str) -> str:
    return _PATIENT if _split(reference)[0] == _PATIENT else reference


def _is_type(word: str) -> bool:
    return word[:1].isupper() and word.isascii() and word.isalpha()
