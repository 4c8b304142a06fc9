"""``benzo-cds serve``: the service, until it is stopped."""

from __future__ import annotations

from argparse import Namespace

from cds_service import logs
from cds_service.commands.configuration.settings import unknown_variables, unusable
from cds_service.commands.server import AddressInUseError, Server
from cds_service.config import PREFIX, Settings
from cds_service.errors import CommandError
from cds_service.records.configured_store import with_default_store
from cds_service.trust.addresses import is_loopback_host


def serve(chosen: Namespace) -> int:
    """Serve until stopped; without tenants on this machine only, unless ``--insecure-demo`` is given."""
    settings = Settings()
    logs.configure(settings.log_level)
    host = chosen.host or settings.host
    if settings.tenants is None and not is_loopback_host(host):
        if not chosen.insecure_demo:
            raise CommandError(
                f"refusing to listen on {host}: callers are not authenticated without a file of tenants "
                f"({PREFIX}TENANTS), so anybody who reaches this address could send patient data and read the "
                "answers. Name the tenants, listen on 127.0.0.1, or give --insecure-demo for a demonstration without "
                "real patients."
            )
        settings = settings.model_copy(update={"insecure_demo": True})
        logs.insecure_demo()
    for problem in (*unknown_variables(), *unusable(settings.model_copy(update={"host": host}))):
        logs.doubtful_setting(problem)
    port = chosen.port or settings.port
    settings = with_default_store(settings)
    try:
        server = Server(settings, host, port, chosen.workers or settings.workers)
    except AddressInUseError as error:
        raise CommandError(
            f"cannot listen on {host}, port {port}: {error.strerror}. --port or {PREFIX}PORT names another."
        ) from None
    server.run()
    return 0
