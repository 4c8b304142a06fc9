"""Whether the process answers, and with what it would: for the orchestrator, the balancer and whoever watches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask, Response

from cds_service.records.call_store import CallStore, StoreStatus
from cds_service.trust.gate import Gate, TenantGate
from cds_service.version import program_version
from cds_service.web.replies import json_response
from rules import Knowledge

DRAINING = "BENZO_CDS_DRAINING_FILE"
"""Set by our server for its own processes: a file that is there once the service is being stopped."""


def serve_health(app: Flask, knowledge: Knowledge, gate: Gate, memory: CallStore) -> None:
    """Answer ``/health/live`` and ``/health/ready``."""
    fixed = {
        "version": program_version(),
        "knowledge": {"version": knowledge.version, "table": knowledge.default_table},
    }

    @app.get("/health/live")
    def live() -> Response:
        return json_response({"status": "live"})

    @app.get("/health/ready")
    def ready() -> Response:
        told = fixed | _state(gate, memory)
        if _draining():
            return json_response({"status": "draining"} | told, 503)
        return json_response({"status": "degraded" if _impaired(told) else "ready"} | told)


def _state(gate: Gate, memory: CallStore) -> dict[str, Any]:
    """The store, the file of tenants and their keys; numbers only, so that it may be read by anybody."""
    told: dict[str, Any] = {"store": str(memory.status()), "unsaved": memory.unsaved()}
    if not isinstance(gate, TenantGate):
        return told | {"callers": "not authenticated"}
    in_force = gate.tenants.current()
    told["callers"] = "authenticated"
    told["tenants"] = {"in_force": len(in_force), "problems_of_refused_file": len(gate.tenants.problems)}
    told["replay"] = "shared" if gate.replay.shared else "each process for itself"
    ages = [age for age in (tenant.keys.age() for tenant in in_force) if age is not None]
    never = sum(tenant.jwks_url is not None and tenant.keys.age() is None for tenant in in_force)
    told["keys"] = {"oldest_seconds": round(max(ages)) if ages else None, "not_fetched_yet": never}
    return told


def _impaired(told: dict[str, Any]) -> bool:
    return told["store"] == StoreStatus.DOWN or bool(told.get("tenants", {}).get("problems_of_refused_file"))


def _draining() -> bool:
    named = os.environ.get(DRAINING)
    return named is not None and Path(named).exists()
