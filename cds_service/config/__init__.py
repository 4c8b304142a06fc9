"""The configuration: settings from the environment, operational limits, the place of the site, and what the
server tells its workers."""

from cds_service.config.settings import PREFIX, Settings

__all__ = ["PREFIX", "Settings", "limits", "place", "policy_file", "server_variables", "settings"]
