"""References between resources: relative, absolute, ``urn:uuid``, bare ids, with or without a version.

Two references to a patient, a user or an encounter mean the same one if their ids agree and their types do not
contradict. The server is not compared: an EHR writes the same reference with and without it.
"""

from __future__ import annotations

from typing import NamedTuple
from unicodedata import category
from urllib.parse import unquote
from uuid import UUID

from cds_service.fhir.elements import list_of, text_of
from rules.numbers.memo import memoised

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
# What programs write in the place of an id that they do not know, and signs that no id has.
_NO_IDENTITY = frozenset(
    ("undefined", "null", "none", "nan", "nil", "unknown", "n/a", "na", "-", "false", "true", str(UUID(int=0)))
)
_NEVER_IN_AN_ID = frozenset(' \t\r\n{}[]<>";,|\\^`:')
# The categories of characters that are not seen: control and format characters, and others without a glyph.
_NOT_SEEN = "C"


class Reference(NamedTuple):
    """What a reference names, see :func:`read_reference`.

    Attributes:
        name: ``Type/id`` if it names a type and an id, a urn in lower case, anything else as sent.
        resource_type: None if it names none.
        identity: the id; all of the name where it names no type.
        server: the address of the server of an absolute reference, see :func:`address_of`; empty for any other.
    """

    name: str
    resource_type: str | None
    identity: str
    server: str = ""

    def may_be(self, other: Reference) -> bool:
        """Whether both can mean the same resource; an empty one means nothing."""
        if self.resource_type and other.resource_type:
            return self.resource_type == other.resource_type and self.identity == other.identity
        if self.identity == other.identity:
            return bool(self.identity)
        # Ids are case-sensitive, but a urn was put into lower case.
        is_urn = self.name.startswith(_URN) or other.name.startswith(_URN)
        return is_urn and self.identity.lower() == other.identity.lower()


def read_reference(reference: str) -> Reference:
    """What a reference names::

    reference = urn | [path, "/"], id, ["/_history/", version], ["?", query], ["#", fragment]
    path      = [["http://" | "https://"], base, "/"], type
    """
    text = reference.strip()
    if text[: len(_URN)].lower() == _URN:
        text = text.lower()
        return Reference(text, *_split(text))
    if text.startswith("#"):
        return Reference(text, *_split(text))
    if "?" in text:
        before = text.partition("?")[0].rstrip("/")
        if _type_of(before.rpartition("/")[2]) or not _type_of(before.rpartition("/")[0].rpartition("/")[2]):
            return Reference(text, *_split(text))  # conditional: a search, not an id
        text = before
    if "#" in text or _HISTORY in text:
        text = text.partition(_HISTORY)[0].partition("#")[0]
    text = text.rstrip("/")
    path, _, identity = text.rpartition("/")
    resource_type, server = _type_and_server(path)
    if resource_type is None:
        return Reference(text, None, text)
    return Reference(f"{resource_type}/{identity}", resource_type, identity, server)


@memoised
def _type_and_server(path: str) -> tuple[str | None, str]:
    """The type and the server of what stands before the id of a reference: nearly all of a record have the same few."""
    resource_type = _type_of(path.rstrip("/").rpartition("/")[2])
    scheme = next((scheme for scheme in _SCHEMES if path[: len(scheme)].lower() == scheme), None)
    if resource_type is None or scheme is None:
        return resource_type, ""
    return resource_type, address_of(path[len(scheme) :].rpartition("/")[0])


def normalised(reference: str) -> str:
    """The reference as ``Type/id`` if it names a type and an id, a urn in lower case, anything else as sent."""
    return read_reference(reference).name


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


def names_nobody(reference: str) -> bool:
    """Whether a reference to a patient cannot be one: a word that programs write where they know none, a template that
    was not filled in, several in one, or an address without an id. It says nothing of another patient."""
    text = unquote(reference).strip()
    resource_type, identity = type_and_id(text)
    if text.lower() in _NO_IDENTITY or identity.strip().lower() in _NO_IDENTITY:
        return True
    if resource_type not in (None, _PATIENT):
        return False
    scheme = next((scheme for scheme in _SCHEMES if identity[: len(scheme)].lower() == scheme), "")
    identity = identity[len(scheme) :]
    if any(sign in identity for sign in _NEVER_IN_AN_ID):
        return True
    # An address of a patient has a path. Without one, what has a slash would have a type before it.
    return resource_type is None and ("/" not in identity if scheme else "/" in identity)


def type_and_id(reference: str) -> tuple[str | None, str]:
    """The type of the referenced resource (None if the reference has none) and its id."""
    read = read_reference(reference)
    return read.resource_type, read.identity


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
    return read_reference(one).may_be(read_reference(other))


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
                return _without_patient_id(item)
            continue
        if item.get("type") == _PATIENT:
            return _PATIENT
        text = text_of(item.get("reference"))
        if text:
            return _without_patient_id(text)
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
    user = read_reference(user_id)
    return user.name if user.resource_type in _REQUESTERS else None


def _without_patient_id(reference: str) -> str:
    read = read_reference(reference)
    return _PATIENT if read.resource_type == _PATIENT else read.name


def _type_of(word: str) -> str | None:
    """The type of resource that a word names; None if it is none."""
    known = _SPELLINGS.get(word.lower())
    if known is not None:
        return known
    return word if word[:1].isupper() and word.isascii() and word.isalpha() else None
