"""Health of the service, for orchestrators, load balancers and monitoring."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from cds_service.config.server_variables import DRAINING_FILE
from cds_service.policy.watch import PolicyWatch
from cds_service.records.call_store import CallStore, StoreStatus
from cds_service.trust.gate import Gate, TenantGate
from cds_service.trust.operator import is_operator
from cds_service.version import program_version
from cds_service.web.replies import json_response


def serve_health(
    app: Flask, policy: PolicyWatch, gate: Gate, call_store: CallStore, secret_file: Path | None = None
) -> None:
    """Answer ``/health/live`` and ``/health/ready``.

    Args:
        app: the application.
        policy: the policy in force.
        gate: whether callers are authenticated.
        call_store: where calls are recorded.
        secret_file: the file with the operators' secret; None for this machine only. Operators are told why changed
            files of the policy are refused.
    """

    @app.get("/health/live")
    def live() -> Response:
        return json_response({"status": "live"})

    @app.get("/health/ready")
    def ready() -> Response:
        state = _state(policy, gate, call_store, for_operator=is_operator(request, secret_file))
        if _is_draining():
            return json_response({"status": "draining"} | state, 503)
        return json_response({"status": "degraded" if _is_degraded(state) else "ready"} | state)


def _state(policy: PolicyWatch, gate: Gate, call_store: CallStore, *, for_operator: bool) -> dict[str, Any]:
    """The versions, and the state of the store, the policy and the tenants with their keys: without names, since
    anybody may read it."""
    configuration = policy.current()
    knowledge, in_force = configuration.knowledge, configuration.tenants
    state: dict[str, Any] = {
        "version": program_version(),
        "knowledge": {"version": knowledge.version, "table": knowledge.default_table},
        "policy": _policy(policy, for_operator=for_operator),
        "store": str(call_store.status()),
        "unsaved": call_store.unsaved(),
    }
    if not isinstance(gate, TenantGate):
        return state | {"callers": "not authenticated"}
    state["callers"] = "authenticated"
    state["tenants"] = {"in_force": len(in_force)}
    state["replay"] = "shared" if gate.replay.shared else "each process for itself"
    ages = [age for age in (tenant.keys.age() for tenant in in_force) if age is not None]
    never = sum(tenant.jwks_url is not None and tenant.keys.age() is None for tenant in in_force)
    state["keys"] = {"oldest_seconds": round(max(ages)) if ages else None, "not_fetched_yet": never}
    return state


def _policy(policy: PolicyWatch, *, for_operator: bool) -> dict[str, Any]:
    """The files of the policy that are in force, and the changed ones that are refused."""
    state = policy.state()
    told: dict[str, Any] = {"digest": state.files.digest, "since": state.since, "refused": None}
    if state.refused is not None:
        refused = state.refused
        told["refused"] = {"digest": refused.files.digest, "since": refused.since, "problems": len(refused.problems)}
        if for_operator:
            told["refused"] |= {"because": list(refused.problems), "quieted": list(policy.quieted())}
    return told


def _is_degraded(state: dict[str, Any]) -> bool:
    return state["store"] == StoreStatus.DOWN or state["policy"]["refused"] is not None


def _is_draining() -> bool:
    file = os.environ.get(DRAINING_FILE)
    return file is not None and Path(file).exists()
