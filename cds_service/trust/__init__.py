"""Who may call, and what each caller has chosen: tenants with their keys and settings, and the check of their tokens.

:mod:`gate` admits a call or refuses it; it names the :mod:`tenant` that calls. :mod:`tenants` reads the tenants from
their file. :mod:`operator` admits those who run the service.
"""

__all__ = [
    "addresses",
    "gate",
    "keys",
    "operator",
    "orderables",
    "replay",
    "tenant",
    "tenant_file",
    "tenants",
    "token",
]
