"""One call of a service, as the cards see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call as the cards see it.

    ``drafts`` are the sources (``Type/id``) of the orders being written; ``selected`` those that the hook says were
    just selected, or all of them.
    """

    service_id: str
    hook: str
    hook_instance: str
    patient_reference: str
    requester: str | None
    encounter_id: str | None
    drafts: tuple[str, ...]
    selected: frozenset[str]
