"""A hook request, read tolerantly.

Clients differ: ids come with and without their type, draft orders as a Bundle or a list, members are null. Only what
every answer needs is required.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from cds_service.errors import MalformedRequestError, MissingDataError, WrongHookError
from cds_service.fhir.bundle import DataStatus, SuppliedData, drafts_of
from cds_service.fhir.elements import list_of, text_of
from cds_service.fhir.references import normalised, type_and_id
from cds_service.hooks.prefetch import read_prefetch
from cds_service.services import Service

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_LAY_USERS = ("Patient", "RelatedPerson")
_PROBLEM_TEXTS = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "list_type": "must be a list",
    "literal_error": "is not one of the values allowed",
}
STRIPPED_HINT = (
    "Some EHRs send the hook without its data where the registered address does not match exactly, or where access to "
    "unsigned orders is not granted: check the registration of this service in the EHR."
)


@dataclass(frozen=True, slots=True)
class FhirAccess:
    """The caller's FHIR server, as the request names it and unchecked, and the token for it.

    ``token`` is used during this call alone: it is not stored, logged or printed, and is sent to no server but those
    that the tenant lists. ``read_at``: when the request was read, by the clock of this process; the deadline for
    fetching counts from there.
    """

    server: str | None = None
    token: str | None = field(default=None, repr=False)
    read_at: float = field(default_factory=monotonic)


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A hook request as it was sent."""

    hook_instance: str
    patient_id: str
    user_id: str | None
    encounter_id: str | None
    drafts: SuppliedData
    selections: tuple[str, ...]
    prefetch: Mapping[str, SuppliedData]
    access: FhirAccess = field(default_factory=FhirAccess)

    @property
    def of_patient(self) -> bool:
        """Whether its user is a patient or a relative: cards are for health care professionals."""
        return self.user_id is not None and type_and_id(self.user_id)[0] in _LAY_USERS

    @property
    def entries(self) -> int:
        """The number of resources that were sent, draft orders included."""
        return len(self.drafts.entries) + sum(len(value.entries) for value in self.prefetch.values())


class _Context(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    patientId: _Text  # noqa: N815 - as the specification spells it


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    hook: _Text
    hookInstance: _Text  # noqa: N815 - as the specification spells it
    context: _Context
    prefetch: dict[str, Any] | None = None


def read_request(value: dict[str, Any], service: Service) -> HookRequest:
    """The request of a parsed body.

    Raises:
        WrongHookError: it is of another hook than the service answers.
        MalformedRequestError: a required member is missing or of the wrong type.
        MissingDataError: the draft orders that the hook is about cannot be read.
    """
    if isinstance(value.get("hook"), str) and value["hook"].strip() not in ("", service.hook):
        raise WrongHookError(service.hook)
    try:
        envelope = _Envelope.model_validate(value)
    except ValidationError as error:
        raise MalformedRequestError(problems_of(error)) from None
    context: dict[str, Any] = value["context"]
    return HookRequest(
        hook_instance=envelope.hookInstance,
        patient_id=envelope.context.patientId,
        user_id=text_of(context.get("userId")),
        encounter_id=text_of(context.get("encounterId")),
        drafts=_drafts(context, service),
        selections=tuple(text for text in map(text_of, list_of(context.get("selections"))) if text),
        prefetch=read_prefetch(value),
        access=access_of(value),
    )


def access_of(value: dict[str, Any]) -> FhirAccess:
    """The caller's FHIR server and the token for it, of a parsed body."""
    authorization = value.get("fhirAuthorization")
    token = authorization.get("access_token") if isinstance(authorization, dict) else None
    return FhirAccess(text_of(value.get("fhirServer")), token if isinstance(token, str) and token else None)


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """What is wrong, as pairs of a path and a problem, without the values that were sent."""
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    return [(path_of(item["loc"]), _PROBLEM_TEXTS.get(item["type"], "must be an object")) for item in errors]


def path_of(location: tuple[int | str, ...]) -> str:
    """The path of a member: ``feedback[0].card``."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return path.lstrip(".")


def patient_reference(patient_id: str) -> str:
    """The patient's reference, ``Patient/x``, of an id that was sent with its type or without."""
    resource_type, identity = type_and_id(patient_id)
    return normalised(patient_id) if resource_type is not None else f"Patient/{identity}"


def _drafts(context: dict[str, Any], service: Service) -> SuppliedData:
    if service.drafts is None:
        return SuppliedData(DataStatus.NO_DATA)
    path = f"context.{service.drafts}"
    sent = drafts_of(context)
    if sent.status is DataStatus.ABSENT:
        raise MalformedRequestError([(path, "is required")], hint=STRIPPED_HINT)
    if sent.status is DataStatus.ERROR:
        raise MissingDataError(f"{path} holds no orders that can be read.", path, hint=STRIPPED_HINT)
    return sent
