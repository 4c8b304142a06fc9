"""The service under gunicorn, started from the program itself."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from cds_service import logs
from cds_service.app import create_app
from cds_service.config import Settings


class Server(BaseApplication):  # type: ignore[misc]
    """The service on one address. The application is built before the processes part, so that a mistake stops all."""

    def __init__(self, settings: Settings, host: str, port: int, workers: int) -> None:
        """Take the configuration; ``host`` may be an IPv6 address.

        Raises:
            KnowledgeError: the site's policy cannot be used.
        """
        logs.configure(settings.log_level)
        bare = host.strip("[]")
        self._chosen: dict[str, Any] = {
            "bind": f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}",
            "workers": workers,
            "timeout": settings.timeout_seconds,
            "proc_name": "benzo-cds",
            # Our own log has what is needed; an access log would hold addresses.
            "accesslog": None,
            "errorlog": "-",
            # Later versions of gunicorn open a socket to be steered by; nothing here uses it.
            "control_socket_disable": True,
        }
        self._application = create_app(settings)
        super().__init__()

    def load_config(self) -> None:
        """Hand the configuration to gunicorn."""
        for name, value in self._chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application."""
        return self._application
