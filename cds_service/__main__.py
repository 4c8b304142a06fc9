"""The command ``benzo-cds``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from cds_service.commands import knowledge as knowledge_command
from cds_service.commands import records as records_command
from cds_service.commands import service as commands
from cds_service.config import MAX_RETENTION_DAYS, Settings, explain
from cds_service.records.configured_store import StoreSettingError
from cds_service.trust.tenant import OPEN
from cds_service.trust.tenant_file import TenantFileError
from rules.knowledge import KnowledgeError

CANNOT = 2
"""Exit status where a file, the configuration or the knowledge cannot be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 something was found, 2 it could not be done."""
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.run(chosen, Settings()) if chosen.settings else chosen.run(chosen)
    except ValidationError as error:
        return _cannot(*explain(error), "`benzo-cds config check` lists every setting.")
    except TenantFileError as error:
        return _cannot(*error.problems, "`benzo-cds config check` explains the configuration.")
    except (KnowledgeError, StoreSettingError, commands.CommandError) as error:
        return _cannot(str(error))
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0
    return status


def _cannot(*lines: str) -> int:
    for line in lines:
        print(f"benzo-cds: {line}", file=sys.stderr)
    return CANNOT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benzo-cds",
        description="Clinical decision support for sedative safety: the total diazepam-equivalent load.",
    )
    parser.set_defaults(settings=True)
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    _demo(parts.add_parser("demo", help="the service, a FHIR sandbox and an order-entry page, on this machine only"))
    _serve(parts.add_parser("serve", help="the service"))
    _assess(parts.add_parser("assess", help="the working for one file: a FHIR Bundle or a hook request"))
    _knowledge(parts.add_parser("knowledge", help="check, show or compare the knowledge base"))
    _config(parts.add_parser("config", help="check the configuration"))
    _report(parts.add_parser("report", help="how each finding does: shown, accepted, overridden, snoozed"))
    _audit(parts.add_parser("audit", help="verify or export the record of calls"))
    _store(parts.add_parser("store", help="bring the store up to date, purge it, list doubted records"))
    return parser


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port on this machine (default: one of its own; 0: any free one)")
    parser.add_argument("--demand-token", action="store_true", help="let nobody read the sandbox without its token")
    parser.add_argument(
        "--page-size", type=int, metavar="N", help="most resources in a page of a search (default: 200)"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FAULT",
        help="what the sandbox does wrong from the start, such as throttled, slow or cut-page; can be repeated",
    )
    parser.set_defaults(run=commands.demo)


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default: BENZO_CDS_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default: BENZO_CDS_PORT, 8088)")
    parser.add_argument("--workers", type=int, help="processes that answer (default: BENZO_CDS_WORKERS, 2)")
    parser.add_argument(
        "--insecure-demo",
        action="store_true",
        help="listen beyond this machine although callers are not authenticated: for demonstrations without real data",
    )
    parser.set_defaults(run=commands.serve)


def _assess(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="a FHIR Bundle or a CDS Hooks request, JSON; - for input"
    )
    parser.add_argument("--on", type=_day, metavar="DATE", help="the day to judge, YYYY-MM-DD (default: today)")
    parser.add_argument("--json", action="store_true", help="the assessment as JSON instead of the page of working")
    parser.add_argument("--explain", action="store_true", help="also which words of each instruction gave what")
    parser.set_defaults(run=commands.assess_file)


def _knowledge(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    check = parts.add_parser("check", help="fail on what is uncited, stale, out of range, unresolvable or unused")
    check.add_argument("--on", type=_day, metavar="DATE", help="the day on which it must be fresh (default: today)")
    check.set_defaults(run=knowledge_command.check_knowledge)
    show = parts.add_parser("show", help="an entry with its figures and citations")
    show.add_argument("name", nargs="?", metavar="NAME", help="a drug, a finding, a table, a condition or a source")
    show.set_defaults(run=knowledge_command.show_knowledge)
    diff = parts.add_parser("diff", help="what a site's policy, or another edition, changes")
    diff.add_argument(
        "other", nargs="?", type=Path, metavar="OTHER", help="a policy file or a folder (default: the site's)"
    )
    diff.set_defaults(run=knowledge_command.diff_knowledge)


def _config(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    check = parts.add_parser("check", help="explain the configuration and what is wrong with it")
    check.set_defaults(run=commands.check_configuration, settings=False)


def _report(parser: argparse.ArgumentParser) -> None:
    _period(parser)
    parser.add_argument("--tenant", help="of this tenant alone")
    parser.add_argument("--json", action="store_true", help="as JSON instead of a table")
    parser.set_defaults(run=records_command.report)


def _audit(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    verify = parts.add_parser("verify", help="follow the chain of each tenant's record, and name where it is broken")
    verify.add_argument("--tenant", help="of this tenant alone")
    verify.add_argument(
        "--expect", action="append", metavar="HEAD", help="a head printed earlier, which must still stand in the record"
    )
    verify.set_defaults(run=records_command.audit_verify)
    export = parts.add_parser("export", help="the record as FHIR AuditEvents, one a line")
    _period(export)
    export.add_argument("--tenant", help="of this tenant alone")
    export.add_argument("--rows", action="store_true", help="the rows as they are kept instead")
    export.set_defaults(run=records_command.audit_export)


def _store(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    upgrade = parts.add_parser("upgrade", help="make the tables, or bring them up to date")
    upgrade.set_defaults(run=records_command.store_upgrade)
    purging = parts.add_parser("purge", help="remove what is older than the site keeps")
    purging.add_argument(
        "--older-than", type=_number_of_days, metavar="DAYS", help="instead of BENZO_CDS_RETENTION_DAYS (six years)"
    )
    purging.set_defaults(run=records_command.store_purge)
    doubted = parts.add_parser("doubts", help="cards answered with: not taking it, or the dose on record is wrong")
    _period(doubted)
    doubted.set_defaults(run=records_command.doubts)
    named = parts.add_parser("names", help="what stands in the store for the patients that standard input holds")
    named.add_argument("--tenant", default=OPEN, help="of this tenant; without tenants it is `open`")
    named.set_defaults(run=records_command.store_names)


def _period(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=_day, metavar="DATE", help="the first day (default: 30 days before the last)")
    parser.add_argument("--until", type=_day, metavar="DATE", help="the last day (default: today)")


def _number_of_days(text: str) -> int:
    """Never fewer than one: a slip would empty the record."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MAX_RETENTION_DAYS:
        raise argparse.ArgumentTypeError(f"must be a number of days, 1 to {MAX_RETENTION_DAYS}")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a date, YYYY-MM-DD") from None


if __name__ == "__main__":
    sys.exit(main())
