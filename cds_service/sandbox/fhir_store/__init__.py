"""What the sandbox keeps: FHIR resources in memory, the bodies that bring them, and how a request is refused."""

__all__ = ["bodies", "refusal", "store"]
