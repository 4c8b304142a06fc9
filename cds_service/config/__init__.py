"""The configuration: settings from the environment, operational limits, and the place of the site."""

from cds_service.config.settings import PREFIX, Settings

__all__ = ["PREFIX", "Settings", "limits", "place", "settings"]
