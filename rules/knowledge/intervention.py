"""What the decision support says of itself: its intended use, its developer, and which data of a patient it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class PatientDataUse:
    """Whether a kind of patient data is used, and how. ``findings``: by id, how the answer of a finding depends on it
    beyond what holds for all."""

    used: bool
    how: str
    findings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intervention:
    """A decision support intervention, as a regulator and a buyer ask for it.

    ``reviewed`` is when these texts were last reviewed, ``released`` when this version of the program was released.
    ``use`` holds the statements of intended use by name, ``evidence`` those of how it was made and tested.
    ``patient_data`` is in the order of 45 CFR 170.315(b)(11)(iv)(A).
    """

    reviewed: date
    released: date
    name: str
    developer: str
    funding: str
    kind: str
    use: Mapping[str, str]
    known_limits: tuple[str, ...]
    evidence: Mapping[str, str]
    patient_data: Mapping[str, PatientDataUse]
