"""The pages for those who review the service: how often its findings fire, and how they are answered."""

__all__ = ["performance"]
