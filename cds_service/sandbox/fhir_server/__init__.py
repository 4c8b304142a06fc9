"""The sandbox's FHIR R4 server: read, write, search, transactions, and the faults that real servers have."""

__all__ = ["faults", "search", "server"]
