"""What is served beside the services: health, metrics, what the service is (``/about``), OpenAPI, and CORS for all."""

__all__ = ["about", "cors", "health", "metrics", "openapi", "replies"]
