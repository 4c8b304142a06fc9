"""References between resources: relative, absolute, ``urn:uuid``, bare ids, with or without a version.

Two references to a patient, a user or an encounter mean the same one if their ids agree and their types do not
contradict. The server is not compared: an EHR writes the same reference with and without it.
"""

from __future__ import annotations

from unicodedata import category
from urllib.parse import unquote

from cds_service.fhir.elements import list_of, text_of

_URN = "urn:"
_HISTORY = "/_history/"
_PATIENT = "Patient"
_REQUESTERS = frozenset({"Practitioner", "PractitionerRole"})
# Types that are known in any spelling; of others a word with a capital letter is a type.
_SPELLINGS = {
    name.lower(): name
    for name in (
        "Patient",
        "Group",
        "Practitioner",
        "PractitionerRole",
        "RelatedPerson",
        "Encounter",
        "CarePlan",
        "Condition",
        "Medication",
        "Substance",
        "MedicationRequest",
        "MedicationOrder",
        "MedicationPrescription",
        "MedicationStatement",
        "MedicationUsage",
        "MedicationAdministration",
        "MedicationDispense",
    )
}
_SCHEMES = ("http://", "https://")
# The categories of characters that are not seen: control and format characters, and others without a glyph.
_NOT_SEEN = "C"


def normalised(reference: str) -> str:
    """The reference as ``Type/id`` if it names a type and an id, a urn in lower case, anything else as sent::

    reference = urn | [base, "/"], [type, "/"], id, ["/_history/", version], ["?", query], ["#", fragment]
    """
    text = reference.strip()
    if text[: len(_URN)].lower() == _URN:
        return text.lower()
    if text.startswith("#"):
        return text
    if "?" in text:
        before = text.partition("?")[0].rstrip("/")
        if _type_of(before.rpartition("/")[2]) or not _type_of(before.rpartition("/")[0].rpartition("/")[2]):
            return text  # conditional: a search, not an id
        text = before
    if "#" in text or _HISTORY in text:
        text = text.partition(_HISTORY)[0].partition("#")[0]
    base, slash, identity = text.rstrip("/").rpartition("/")
    if not slash:
        return identity
    text = f"{base}/{identity}"
    resource_type = _type_of(base.rstrip("/").rpartition("/")[2])
    return f"{resource_type}/{identity}" if resource_type and identity else text


def base_of(reference: str) -> str:
    """The address of the server that an absolute reference names, without its scheme; empty for any other::

    reference = ("http://" | "https://"), base, "/", type, "/", id, ["/_history/", version], ["#", fragment]
    """
    text = reference.strip()
    scheme = next((scheme for scheme in _SCHEMES if text[: len(scheme)].lower() == scheme), None)
    name = normalised(text)
    if scheme is None or _split(name)[0] is None or "/" not in name:
        return ""
    path = text[len(scheme) :].partition("?")[0].partition(_HISTORY)[0].partition("#")[0].rstrip("/")
    return address_of(path.rpartition("/")[0].rpartition("/")[0])


def address_of(server: str) -> str:
    """The address of a server for comparison: without its scheme and a slash at its end, its host in lower case."""
    text = server.strip()
    text = next((text[len(scheme) :] for scheme in _SCHEMES if text[: len(scheme)].lower() == scheme), text)
    host, slash, path = text.rstrip("/").partition("/")
    return f"{host.lower()}{slash}{path}"


def patient_key(reference: str) -> str:
    """The id of a patient for comparison: without regard to case, the encoding of characters, in which systems differ,
    and characters that are not seen. The whole reference where it names another type; empty where it names a type and
    no id."""
    if not reference.isprintable():
        reference = "".join(character for character in reference if not category(character).startswith(_NOT_SEEN))
    resource_type, identity = type_and_id(reference)
    if resource_type is None and "%" in identity:
        resource_type, identity = type_and_id(unquote(identity))
    identity = unquote(identity).strip().lower()
    if resource_type is None and identity in _SPELLINGS:
        return ""
    return identity if resource_type in (None, _PATIENT) else f"{resource_type}/{identity}"


def type_and_id(reference: str) -> tuple[str | None, str]:
    """The type of the referenced resource (None if the reference has none) and its id."""
    return _split(normalised(reference))


def _split(text: str) -> tuple[str | None, str]:
    if text.startswith(_URN):
        return None, text.rpartition(":")[2]
    resource_type, slash, identity = text.rpartition("/")
    spelt = _type_of(resource_type) if slash else None
    return (spelt, identity) if spelt else (None, text)


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
    text = raw_reference_of(value)
    return None if text is None else normalised(text)


def raw_reference_of(value: object) -> str | None:
    """As :func:`reference_of`, as it was sent, with the server that it may name."""
    for item in list_of(value):
        text = text_of(item.get("reference") if isinstance(item, dict) else item)
        if text and not isinstance(item, int):
            return text
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


def name_of(value: object) -> str | None:
    """The display of a Reference to a person or an organisation, None without one; never a patient's."""
    for item in list_of(value):
        if isinstance(item, dict):
            if _PATIENT in (item.get("type"), party_of(item)):
                return None
            display = text_of(item.get("display"))
            agent = item.get("agent")  # STU3: requester.agent
            if display is None and isinstance(agent, dict) and "agent" not in agent:
                display = name_of(agent)
            if display is not None:
                return display
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


def _type_of(word: str) -> str | None:
    """The type of resource that a word names; None if it is none."""
    known = _SPELLINGS.get(word.lower())
    if known is not None:
        return known
    return word if word[:1].isupper() and word.isascii() and word.isalpha() else None
