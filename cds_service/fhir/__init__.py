"""The tolerant reader: FHIR resources, as parsed JSON of any shape, become the values of :mod:`rules.model`.

:mod:`bundle` reads what was supplied in one place, :mod:`record` sorts the resources of one patient's record, and
:mod:`reader` reads them. Nothing here raises for what was sent, and nothing clinical is decided. :mod:`elements` and
:mod:`references` are also for others who read FHIR.
"""

__all__ = ["bundle", "datatypes", "elements", "medication", "reader", "record", "references", "regimen"]
