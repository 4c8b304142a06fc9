"""``benzo-cds cards``: the cards that the service would answer to each hook request."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import orjson

from cds_service.clock import today
from cds_service.commands.input_file import UnreadableFileError, for_each_file, hook_request, printable_name, read_json
from cds_service.config import Settings
from cds_service.errors import CANNOT, CallError
from cds_service.fhir.elements import text_of
from cds_service.hooks.evaluation import shown_cards
from cds_service.hooks.judge import Judge
from cds_service.hooks.outcome import outcome_of_error
from cds_service.hooks.prefetch_fetch import FhirServerCompletion
from cds_service.hooks.timed_judgement import evaluate_within
from cds_service.services import SERVICES, Service, service_for_hook
from cds_service.trust.tenant import open_tenant
from rules.knowledge import load_knowledge


def print_cards(chosen: Namespace) -> int:
    """Print the response to each file, as a service without tenants would give it. Nothing is recorded.

    Where the service would refuse a request, its OperationOutcome goes to standard error. Of several files each
    response stands on one line, with the name of its file.
    """
    settings = Settings()
    tenant = open_tenant(settings, load_knowledge(settings.site_policy_text()), settings.card_wording_text())
    completion = FhirServerCompletion(settings.fetch_limits, settings.ca_file)
    judge = Judge(settings.request_limits, completion)
    on = chosen.on or today(settings.zone)
    several = len(chosen.files) > 1

    def respond(file: Path, data: bytes) -> int:
        service = _service_for(data)
        named = {"file": printable_name(file)} if several else {}
        try:
            evaluation = evaluate_within(settings.call_seconds, judge, tenant, service, data, lambda: on)
        except CallError as error:
            status, outcome = outcome_of_error(error)
            refusal = named | {"status": status, "outcome": outcome} if several else outcome
            sys.stderr.write(_json(refusal, indented=not several))
            return CANNOT
        response = named | {"cards": shown_cards(evaluation.with_verdicts({}))}
        sys.stdout.write(_json(response, indented=not several))
        return 0

    return for_each_file(chosen.files, respond)


def _service_for(data: bytes) -> Service:
    """The service that answers the hook of a request.

    Raises:
        UnreadableFileError: not JSON, no hook request, or one of another hook.
    """
    request = hook_request(read_json(data))
    if request is None:
        raise UnreadableFileError("not a CDS Hooks request: a JSON object with a hook")
    service = service_for_hook((text_of(request["hook"]) or "").strip())
    if service is None:
        hooks = ", ".join(service.hook for service in SERVICES.values())
        raise UnreadableFileError(f"a CDS Hooks request of a hook that no service answers; answered are {hooks}")
    return service


def _json(value: dict[str, Any], *, indented: bool) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indented else None).decode() + "\n"
