"""Cards: what an assessment gives the prescriber to read and to choose, for one call of a hook.

``cards`` decides which cards appear and puts them together, ``dialect`` writes them as a tenant's EHR can show them;
every sentence of a card stands in ``wording``.
"""

__all__ = ["cards", "dialect", "occasion"]
