"""The record of calls: what is stored, under pseudonyms, of every call and every answer to a card.

The service uses it through :mod:`call_store`; :mod:`store` is the one in a database, SQLite or PostgreSQL. Evaluations
are rows of a hash chain (:mod:`chain`), so that a later change can be seen. The report, the audit export and the
suppression of answered cards read these tables; the purge removes what is too old.
"""

__all__ = [
    "audit_event",
    "call_store",
    "chain",
    "configured_store",
    "database",
    "feedback_rows",
    "pseudonyms",
    "report",
    "retention",
    "schema",
    "store",
    "store_keys",
    "timestamps",
    "waiting_records",
]
