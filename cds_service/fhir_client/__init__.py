"""Requests to the FHIR servers of tenants: one resource or the pages of a search, bounded in time and size.

The reads of a tenant run in threads of its own, for a bounded number of calls, and not while its server keeps failing
(:mod:`tenant_server`). Where a tenant does not allow private networks, connections go to public addresses only
(:mod:`public_addresses`).
"""

__all__ = ["client", "failures", "pages", "public_addresses", "tenant_server"]
