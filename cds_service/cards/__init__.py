"""Cards: what an assessment gives the prescriber to read and to choose, for one call of a hook.

``cards`` decides which cards appear and puts them together; ``occasion`` which findings a call gives reason to speak
of; ``situation`` what is taken, ordered and begun, and so which answers and referrals fit; ``suggestions`` and
``options`` what a card offers, ``offers`` what an EHR files of it. Every sentence of a card stands in ``wording``.
"""

__all__ = ["cards", "invocation", "occasion", "offers"]
