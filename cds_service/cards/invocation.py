"""One call of a service, as the cards see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call as the cards see it.

    ``drafts`` are the sources (``Type/id``) of the orders being written; ``selected`` those that the hook says were
    just selected, or all of them. ``orders`` are the orders on record that may be ended, as they were sent, by source:
    only while cards are made, and only for an EHR that takes them back.
    """

    service_id: str
    hook: str
    hook_instance: str
    patient_reference: str
    requester: str | None
    encounter_id: str | None
    drafts: tuple[str, ...]
    selected: frozenset[str]
    orders: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
