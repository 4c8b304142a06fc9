"""The addresses beside the CDS services (health, metrics, source attributes, OpenAPI), JSON responses and CORS."""

__all__ = [
    "about",
    "cors",
    "ended_processes",
    "health",
    "hosts",
    "metrics",
    "openapi",
    "pages",
    "replies",
    "source_attributes",
]
