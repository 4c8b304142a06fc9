"""The demonstration: an embedded FHIR server with invented patients, and a page that orders as an EHR does.

``benzo-cds demo`` serves it with the service itself in one process, on this machine only.
"""

__all__ = ["demonstration"]
