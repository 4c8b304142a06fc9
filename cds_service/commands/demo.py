"""``benzo-cds demo``: the demonstration, served on this machine until it is stopped."""

from __future__ import annotations

from argparse import Namespace

from cds_service.config import Settings
from cds_service.errors import CommandError
from cds_service.sandbox import demonstration
from cds_service.sandbox.fhir_server.faults import Fault, FaultKind, Faults
from cds_service.sandbox.fhir_server.server import MAX_PER_PAGE, Behaviour
from cds_service.sandbox.smart.access import Access


def demo(chosen: Namespace) -> int:
    """Serve the demonstration until it is stopped."""
    Settings()  # an invalid configuration is reported before anything is served
    if set(chosen.fault) - set(FaultKind):
        raise CommandError(f"there is no such fault; there are {', '.join(FaultKind)}")
    size = MAX_PER_PAGE if chosen.page_size is None else chosen.page_size
    if size < 1:
        raise CommandError("a page holds one resource at least")
    faults = Faults(Fault(kind=FaultKind(kind)) for kind in chosen.fault)
    behaviour = Behaviour(Access(demanded=chosen.demand_token), size, faults)
    port = demonstration.DEFAULT_PORT if chosen.port is None else chosen.port
    try:
        demonstration.run(port=port, behaviour=behaviour)
    except (OSError, OverflowError) as error:
        raise CommandError(f"the port cannot be used: {getattr(error, 'strerror', None) or error}") from None
    return 0
