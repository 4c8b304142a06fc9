"""Reads ``intervention.yaml``: what the decision support says of itself.

::

    intervention = "reviewed:" date , "released:" date , "name:" text , "developer:" text , "funding:" text ,
                   "kind:" text , "use:" { statement ":" text } , "known_limits:" list ,
                   "evidence:" { statement ":" text } , "patient_data:" { kind ":" use } ;
    use          = "used:" truth , "how:" text , [ "findings:" { finding ":" text } ] ;
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rules.knowledge.intervention import Intervention, PatientDataUse
from rules.knowledge.problem import require_known
from rules.knowledge.readers.section import Section

USE = (
    *("purpose", "intended_users", "intended_population", "setting", "not_for", "inputs", "outputs", "cautions"),
    "regulation",
)
EVIDENCE = ("development", "validation", "fairness", "update_schedule", "feedback")
PATIENT_DATA = (
    *("race", "ethnicity", "language", "sexual_orientation", "gender_identity", "sex", "date_of_birth"),
    *("social_determinants_of_health", "health_status_assessments"),
)
KEYS = (
    *("reviewed", "released", "name", "developer", "funding", "kind", "use", "known_limits", "evidence"),
    "patient_data",
)


def read_intervention(section: Section, findings: Collection[str]) -> Intervention:
    """The intervention.

    Args:
        section: the whole file.
        findings: the ids of all findings.

    Raises:
        KnowledgeError: a key is unknown or missing, or a finding that is named does not exist.
    """
    section.only(KEYS)
    data = section.section("patient_data")
    data.only(PATIENT_DATA)
    return Intervention(
        reviewed=section.day("reviewed"),
        released=section.day("released"),
        name=section.text("name"),
        developer=section.text("developer"),
        funding=section.text("funding"),
        kind=section.text("kind"),
        use=_statements(section.section("use"), USE),
        known_limits=section.texts("known_limits"),
        evidence=_statements(section.section("evidence"), EVIDENCE),
        patient_data={name: _use(data.section(name), findings) for name in PATIENT_DATA},
    )


def _statements(section: Section, names: tuple[str, ...]) -> Mapping[str, str]:
    section.only(names)
    return {name: section.text(name) for name in names}


def _use(section: Section, findings: Collection[str]) -> PatientDataUse:
    section.only(("used", "how"), ("findings",))
    named = section.section("findings")
    return PatientDataUse(
        used=section.truth("used"),
        how=section.text("how"),
        findings={
            require_known(name, tuple(findings), named.at(name), "finding"): named.text(name) for name in named.data
        },
    )
