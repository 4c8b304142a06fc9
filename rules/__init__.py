"""What is clinically true of sedatives, and what follows for one patient. Pure: no FHIR, no HTTP, no clock.

:func:`assess` judges a :class:`Patient` on a day by a :class:`Knowledge` (:func:`load_knowledge` reads it) and returns
an :class:`Assessment`. Where that did not end in time, :func:`assess_by_name` tells what is there by name.
"""

from rules.assess import assess, assess_by_name
from rules.assessment import Assessment
from rules.knowledge.edition import load_knowledge
from rules.knowledge.knowledge import Knowledge
from rules.model import Patient, Regimen

__all__ = ["Assessment", "Knowledge", "Patient", "Regimen", "assess", "assess_by_name", "load_knowledge"]
