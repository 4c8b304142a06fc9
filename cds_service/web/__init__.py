"""The addresses beside the CDS services (health, metrics, ``/about``, OpenAPI), JSON responses and CORS."""

__all__ = ["about", "cors", "health", "hosts", "metrics", "openapi", "replies"]
