"""Health of the service, for orchestrators, load balancers and monitoring."""

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
"""Environment variable that the server sets for its workers: the path of a file that exists once it is stopping."""


def serve_health(app: Flask, knowledge: Knowledge, gate: Gate, call_store: CallStore) -> None:
    """Answer ``/health/live`` and ``/health/ready``."""
    versions = {
        "version": program_version(),
        "knowledge": {"version": knowledge.version, "table": knowledge.default_table},
    }

    @app.get("/health/live")
    def live() -> Response:
        return json_response({"status": "live"})

    @app.get("/health/ready")
    def ready() -> Response:
        state = versions | _state(gate, call_store)
        if _is_draining():
            return json_response({"status": "draining"} | state, 503)
        return json_response({"status": "degraded" if _is_degraded(state) else "ready"} | state)


def _state(gate: Gate, call_store: CallStore) -> dict[str, Any]:
    """The state of the store, the file of tenants and their keys: without names, since anybody may read it."""
    state: dict[str, Any] = {"store": str(call_store.status()), "unsaved": call_store.unsaved()}
    if not isinstance(gate, TenantGate):
        return state | {"callers": "not authenticated"}
    in_force = gate.tenants.current()
    state["callers"] = "authenticated"
    state["tenants"] = {"in_force": len(in_force), "problems_of_refused_file": len(gate.tenants.problems)}
    state["replay"] = "shared" if gate.replay.shared else "each process for itself"
    ages = [age for age in (tenant.keys.age() for tenant in in_force) if age is not None]
    never = sum(tenant.jwks_url is not None and tenant.keys.age() is None for tenant in in_force)
    state["keys"] = {"oldest_seconds": round(max(ages)) if ages else None, "not_fetched_yet": never}
    return state


def _is_degraded(state: dict[str, Any]) -> bool:
    return state["store"] == StoreStatus.DOWN or bool(state.get("tenants", {}).get("problems_of_refused_file"))


def _is_draining() -> bool:
    file = os.environ.get(DRAINING)
    return file is not None and Path(file).exists()
