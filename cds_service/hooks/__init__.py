"""CDS Hooks: requests with their prefetch, the judgement of a call, its responses, feedback and errors.

:mod:`judge` takes the body of a request to an :mod:`evaluation`, whose cards are then shown or not. What the client did
not send is fetched from its FHIR server (:mod:`prefetch_fetch`).
"""

__all__ = [
    "discovery",
    "document",
    "evaluation",
    "feedback",
    "judge",
    "outcome",
    "prefetch",
    "prefetch_completion",
    "prefetch_fetch",
    "request",
    "response_cache",
    "timed_judgement",
]
