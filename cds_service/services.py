"""The six CDS services: the hook that each answers, and the prefetch that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cds_service.errors import UnknownServiceError

SPECIFICATION = "2.0.1"
"""The version of CDS Hooks that the services keep to."""
MEDICATION_REQUESTS = "medicationRequests"
PREFETCH: Mapping[str, str] = {
    "patient": "Patient/{{context.patientId}}",
    MEDICATION_REQUESTS: "MedicationRequest?patient={{context.patientId}}",
    "medicationStatements": "MedicationStatement?patient={{context.patientId}}",
    "medicationDispenses": "MedicationDispense?patient={{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
}
"""The prefetch templates by key. They filter by no status: past orders show how long a drug has been taken."""

REQUIRED = (MEDICATION_REQUESTS,)
"""The keys without which nothing is judged. Where another is absent, the picture is incomplete."""

_REQUIREMENTS = (
    "Prefetch medicationRequests is required: where it is not sent and the hook concerns a sedative or opioid, the "
    "answer is 412. The other keys are optional; without them the picture is incomplete, and cards say so. "
    "Decision support for clinicians to review (a user who is a Patient or RelatedPerson gets no card); no card means "
    "only that nothing was found in the data supplied."
)


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service.

    ``drafts`` is the member of the context that holds the draft orders; None: the hook has none. ``hook_version``: that
    of the hook's definition in HL7's library of hooks.
    """

    id: str
    hook: str
    title: str
    description: str
    drafts: str | None = None
    hook_version: str = "1.0"

    @property
    def at_discharge(self) -> bool:
        """Whether the medications that go home are judged."""
        return self.hook == "encounter-discharge"

    @property
    def has_selections(self) -> bool:
        """Whether the context names the drafts that were just selected."""
        return self.hook == "order-select"

    def entry(self, *, versions: bool = False) -> dict[str, object]:
        """The service's entry in the discovery document; with ``versions`` those of the specification and of the hook,
        which 3.0 proposes."""
        stated = {"version": SPECIFICATION, "hookVersion": self.hook_version} if versions else {}
        return {
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "id": self.id,
            "prefetch": dict(PREFETCH),
            "usageRequirements": _REQUIREMENTS,
            **stated,
        }


SERVICES: Mapping[str, Service] = {
    service.id: service
    for service in (
        Service(
            "benzo-patient-view",
            "patient-view",
            "Sedative review on opening the chart",
            "Names long-term or high-risk use of benzodiazepines and Z-drugs that is worth a conversation today, with "
            "the total diazepam-equivalent load and its working. At most one card, for information.",
        ),
        Service(
            "benzo-encounter-start",
            "encounter-start",
            "Sedative review at the start of an encounter",
            "Names long-term or high-risk use of benzodiazepines and Z-drugs that is worth a conversation in this "
            "encounter. At most one card, for information.",
        ),
        Service(
            "benzo-order-select",
            "order-select",
            "Sedative load while ordering",
            "When a sedative or opioid is selected: the total diazepam-equivalent load with it, what it is combined "
            "with, and options. Silent for every other order.",
            drafts="draftOrders",
        ),
        Service(
            "benzo-order-sign",
            "order-sign",
            "Sedative load before signing",
            "Before a sedative or opioid is signed: the total diazepam-equivalent load with it, what it is combined "
            "with, abrupt changes, and options. Silent for every other order.",
            drafts="draftOrders",
        ),
        Service(
            "benzo-encounter-discharge",
            "encounter-discharge",
            "Sedatives going home",
            "At discharge: an opioid together with a benzodiazepine going home, a new benzodiazepine continuing, a "
            "home benzodiazepine missing. At most two cards.",
        ),
        Service(
            "benzo-medication-refill",
            "medication-refill",
            "Sedatives being refilled",
            "When a sedative or opioid is refilled: the total diazepam-equivalent load, how long it has been taken, an "
            "early refill. For information.",
            drafts="medications",
            hook_version="0.1.0",
        ),
    )
}


def service_of(identity: str) -> Service:
    """The service with an id.

    Raises:
        UnknownServiceError: there is no such service.
    """
    if identity not in SERVICES:
        raise UnknownServiceError
    return SERVICES[identity]


def service_for_hook(hook: str) -> Service | None:
    """The service that answers a hook; None where none does."""
    return next((service for service in SERVICES.values() if service.hook == hook), None)
