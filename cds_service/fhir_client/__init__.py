"""Requests to the FHIR servers of tenants: one resource or the pages of a search, bounded in time and size.

Where a tenant does not allow private networks, connections go to public addresses only (:mod:`public_addresses`).
"""

__all__ = ["client", "pages"]
